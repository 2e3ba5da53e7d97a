"""What every export has: a folder, a choice of images, and a choice of labels."""

import json
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from simdata.errors import DatasetError
from simdata.parts import Sink
from simdata.sample import Sample

VOLUMES, PICTURES = "volumes", "pictures"


@dataclass(frozen=True, kw_only=True)
class FolderSink(Sink, ABC):
    """Writes into `folder`, which is there.

    images: the names of those to write; all that suit the form if none. labels: what the labels tell apart, numbered
    1, 2, ... in this order (see pipelines.sinks.classes); the ids of the structures if none.
    """

    numbered: ClassVar[bool] = False
    """True of a form that wants its labels numbered 1, 2, ... without a gap, known before the first sample."""
    shows: ClassVar[tuple[str, ...]] = (VOLUMES,)
    """Whether it shows VOLUMES, PICTURES or both: what is labelled in the ones, and projected in the others."""
    needs: ClassVar[tuple[str, ...]] = ()
    """The packages that it imports and that not everybody has; those of ours come with the extra 'export'."""

    folder: str = "."
    images: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def put(self, name: str, content: bytes) -> None:
        """Writes a file below the folder."""
        path = Path(self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def put_json(self, name: str, tree: Any) -> None:
        """Writes a JSON file below the folder; of numpy's numbers as of Python's."""
        self.put(name, (json.dumps(tree, indent=1, default=_plain, allow_nan=False) + "\n").encode())

    @property
    def numbers(self) -> Mapping[str, int]:
        """Name to number of what labels tell apart; the background, 0, is left out."""
        return {name: number for number, name in enumerate(self.labels, 1)}


def unfit(sample: Sample, found: str, would_do: str) -> DatasetError:
    """The error of a sample that has not what the form needs."""
    return DatasetError(f"sample {sample.index}: {found}; {would_do} would do")


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"JSON has no {type(value).__name__}")
