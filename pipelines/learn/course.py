"""How far a training has come: all that is needed to go on as if nothing had happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.optim import AdamW, Optimizer

from pipelines.learn.recipe import Lessons, Stage
from pipelines.learn.tensors import below, read_tensors, under, write_tensors
from simdata.errors import DatasetError

CHECKPOINT = "checkpoint.safetensors"
NETWORK, OPTIMISER, BEST, LOSSES = "network", "optimiser", "best", "losses"


@dataclass(eq=False)
class Course:
    """network, optimiser: as they are after `step` steps of the whole training, in `stage`.

    best: weights with the best look of this stage, at `score`; waited: looks since then. losses: of every step so far.
    looks: validations. seconds: that it took so far.
    """

    network: Module
    optimiser: Optimizer
    stage: int = 0
    step: int = 0
    score: float | None = None
    waited: int = 0
    best: Mapping[str, Tensor] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def save(self, folder: Path, training: Lessons) -> None:
        """Writes the checkpoint. Raises DatasetError if the disk refuses."""
        tensors = {
            **below(NETWORK, self.network.state_dict()),
            **below(OPTIMISER, _flat(self.optimiser)),
            **below(BEST, self.best),
            LOSSES: torch.tensor(self.losses, dtype=torch.float64),
        }
        told = {name: getattr(self, name) for name in TOLD}
        write_tensors(folder / CHECKPOINT, tensors, {"training": training.plain(), **told})

    def resume(self, folder: Path, training: Lessons) -> None:
        """Goes on where a checkpoint was written, if there is one. Raises DatasetError for one of another recipe."""
        if not (folder / CHECKPOINT).exists():
            return
        tensors, about = read_tensors(folder / CHECKPOINT)
        check_same(about.get("training"), training, folder)
        for name in TOLD:
            setattr(self, name, about[name])
        self.network.load_state_dict(under(NETWORK, tensors))
        self.optimiser = optimiser_of(self.network, training.stages[min(self.stage, len(training.stages) - 1)])
        _fill(self.optimiser, under(OPTIMISER, tensors))
        self.best, self.losses = under(BEST, tensors), tensors[LOSSES].tolist()

    def next_stage(self, training: Lessons) -> None:
        """The best weights of the stage that ended, and an optimiser that remembers nothing of it."""
        if self.best:
            self.network.load_state_dict(self.best)
        self.stage, self.score, self.waited, self.best = self.stage + 1, None, 0, {}
        self.step = sum(stage.steps for stage in training.stages[: self.stage])
        self.optimiser = optimiser_of(self.network, training.stages[min(self.stage, len(training.stages) - 1)])


TOLD = ("stage", "step", "score", "waited", "looks", "seconds")
"""Fields that are plain numbers and words."""


def optimiser_of(network: Module, stage: Stage) -> AdamW:
    """A fresh optimiser."""
    return AdamW(network.parameters(), stage.rate, weight_decay=stage.weight_decay)


def check_same(found: Any, training: Lessons, folder: Path) -> None:
    """Raises DatasetError if a folder is of another recipe of training."""
    if found != training.plain():
        raise DatasetError(f"{folder}: holds a model of another recipe or seed; another --out would do")


def _flat(optimiser: Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{number}/{name}": value for number, values in state.items() for name, value in values.items()}


def _fill(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for path, value in tensors.items():
        number, _, name = path.partition("/")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
