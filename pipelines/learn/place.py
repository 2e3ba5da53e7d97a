"""Where a network learns: on the CPU, on a GPU, or on several, each process of `torchrun` with one of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed
from torch.nn import Module
from torch.nn.parallel import DistributedDataParallel

RANKS = {"WORLD_SIZE": 1, "RANK": 0, "LOCAL_RANK": 0}
"""What torchrun says in the environment, and what holds without it."""


@dataclass(frozen=True)
class Place:
    """This process among those that learn together. rank: its number, of `ranks`."""

    device: torch.device
    rank: int = 0
    ranks: int = 1

    @property
    def writes(self) -> bool:
        """True of the one process that writes files."""
        return self.rank == 0

    def slots(self, batch: int) -> range:
        """The places of a batch whose patches this process learns from."""
        return range(self.rank, batch, self.ranks)

    def together(self, network: Module) -> Module:
        """The network, its gradients averaged over all processes."""
        if self.ranks == 1:
            return network
        return DistributedDataParallel(network, [self.device] if self.device.type == "cuda" else None)

    def agreed(self, value: float) -> float:
        """The value that the first process found."""
        if self.ranks == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return float(told)

    def half(self) -> torch.autocast:
        """Within, a GPU that can multiplies numbers of 16 bits (bfloat16)."""
        able = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=able)


@contextmanager
def here() -> Iterator[Place]:
    """The place of this process; within, torch's random numbers are its own, and a GPU adds in a fixed order."""
    ranks, rank, local = (int(os.environ.get(name, without)) for name, without in RANKS.items())
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if ranks > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        with torch.random.fork_rng([local] if device.type == "cuda" else []):
            yield Place(device, rank, ranks)
    finally:
        torch.backends.cudnn.deterministic = before
        if ranks > 1:
            distributed.destroy_process_group()


def speaks() -> bool:
    """True of the one process that tells of the training."""
    return int(os.environ.get("RANK", RANKS["RANK"])) == 0
