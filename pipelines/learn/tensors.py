"""Tensors in a file that is whole or not there, and that runs no code when it is read: safetensors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pipelines.durable import write_whole
from pipelines.learn.extra import extra
from simdata.errors import DatasetError

ABOUT = "about"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Writes tensors by name, and a plain tree about them. Raises DatasetError if the disk refuses."""
    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_whole(path, extra("safetensors.torch").save(dense, {ABOUT: json.dumps(about)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file, and the tree about them. Raises DatasetError if it is damaged or no such file."""
    safetensors = extra("safetensors")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()[ABOUT])  # noqa: SIM118
    except (OSError, KeyError, TypeError, ValueError, safetensors.SafetensorError) as reason:
        raise DatasetError(f"{path}: cannot be read: {reason}; what 'simdata learn' wrote would do") from reason


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`/, without it."""
    return {
        name.removeprefix(f"{prefix}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}/")
    }


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with `prefix`/ before their names."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}
