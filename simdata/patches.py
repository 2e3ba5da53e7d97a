"""Random patches of a dataset to train on: number i is always the same patch, read in any process."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from simdata.dataset import Dataset
from simdata.errors import DatasetError
from simdata.grid import Grid
from simdata.layout import LABELS, SEEN
from simdata.store import REMAKE
from simdata.streams import Streams


@dataclass(frozen=True, eq=False)
class Patches:
    """`len(patches)`, `patches[i]`: a map-style dataset, as torch.utils.data.DataLoader takes it.

    shape: voxels along x, y, z. images: names of images that share one grid. per_sample: patches of each sample in an
    epoch; patch i is of sample i // per_sample. lesion_share: the share of patches that hold the centre of a finding,
    where the sample has one (nnU-Net takes a third; Isensee et al. 2021, Nature Methods 18:203). epoch: another one
    has other patches. Raises DatasetError for a shape or share that cannot be; a sample too small for the shape raises
    it when it is asked for.

    A patch is a dictionary: every image by name and "label" (int32, as torch counts) as (channel, x, y, z), "affine"
    (4, 4) of the patch in RAS+ mm, "start" of it in the sample, voxels, and the sample's "index" and "seed".
    """

    dataset: Dataset
    shape: tuple[int, int, int]
    images: tuple[str, ...]
    per_sample: int = 1
    lesion_share: float = 1 / 3
    seed: int = 0
    epoch: int = 0
    _about: dict[int, "_About"] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1 or self.per_sample < 1 or not 0 <= self.lesion_share <= 1:
            raise DatasetError(
                f"Patches: found shape {self.shape}, {self.per_sample} a sample and a lesion_share of "
                f"{self.lesion_share}; three numbers of voxels, at least 1 a sample and 0 to 1 would do"
            )
        if not self.images or isinstance(self.images, str):
            raise DatasetError(f"Patches: images is {self.images!r}; names of images, as ('ct',), would do")

    def __len__(self) -> int:
        return len(self.dataset) * self.per_sample

    def __getitem__(self, number: int) -> dict[str, Any]:
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} patches, so no number {number}")
        position = number // self.per_sample
        sample = self._about.get(position) or self._about.setdefault(position, self._look(position))
        start = self._start(self._rng(number), sample)
        blocks = {name: self._block(position, name, start, sample.grid) for name in self.images}
        return blocks | {
            "label": self._block(position, sample.labels, start, sample.grid).astype(np.int32),
            "affine": sample.grid.crop(start, self.shape).affine.copy(),
            "start": np.array(start),
            "index": sample.index,
            "seed": sample.seed,
        }

    def __getitems__(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """A batch at once, as torch's data loader asks for it: patches of one file are read one after the other."""
        order = sorted(range(len(numbers)), key=lambda place: numbers[place])
        found = {place: self[numbers[place]] for place in order}
        return [found[place] for place in range(len(numbers))]

    def of_epoch(self, epoch: int) -> "Patches":
        """The same samples with the patches of another epoch."""
        return replace(self, epoch=epoch)

    def _rng(self, number: int) -> Generator:
        return Streams(self.seed, number)["patch"][str(self.epoch)].generator

    def _look(self, position: int) -> "_About":
        """What patches of a sample need to know of it, read once."""
        first = self.images[0]
        shape, truth = self.dataset.stored(position, first).shape[-3:], self.dataset.truth(position)
        try:
            grid = Grid(shape, np.array(truth["images"][first]["affine"]))
            centres = [grid.index(np.array(finding["centre_mm"])) for finding in truth["findings"]]
            nearest = np.rint(np.array(centres, float).reshape(-1, 3)).astype(int)
            index, seed = int(truth["index"]), int(truth["seed"])
        except (LookupError, TypeError, ValueError) as reason:
            raise DatasetError(
                f"Patches: what is true of sample {position} cannot be read: {reason!r}; {REMAKE}"
            ) from reason
        own = f"{SEEN}/{first}/{LABELS}"
        return _About(index, seed, grid, nearest, own if self.dataset.has(position, own) else LABELS)

    def _start(self, rng: Generator, sample: "_About") -> tuple[int, int, int]:
        """The first voxel of the patch: anywhere, or so that the centre of a finding is anywhere in the patch."""
        grid = sample.grid
        room = [n - wanted for n, wanted in zip(grid.shape, self.shape, strict=True)]
        if min(room) < 0:
            raise DatasetError(f"Patches: a shape of {self.shape} in a sample of {grid.shape}; a smaller one would do")
        low, high = np.zeros(3, int), np.array(room)
        inside = [centre for centre in sample.centres if (centre >= 0).all() and (centre < grid.shape).all()]
        chosen, which = rng.random(), rng.random()
        if inside and chosen < self.lesion_share:
            centre = inside[int(which * len(inside))]
            low, high = np.maximum(low, centre - np.array(self.shape) + 1), np.minimum(high, centre)
        x, y, z = (int(value) for value in rng.integers(low, high, endpoint=True))
        return x, y, z

    def _block(self, position: int, name: str, start: tuple[int, int, int], grid: Grid) -> np.ndarray:
        if (found := self.dataset.stored(position, name).shape[-3:]) != grid.shape:
            raise DatasetError(
                f"Patches: '{name}' has {found} voxels and '{self.images[0]}' {grid.shape}; images of one grid would do"
            )
        block = self.dataset.patch(position, name, start, self.shape)
        return block if block.ndim == 4 else block[None]


@dataclass(frozen=True, eq=False)
class _About:
    """grid: of the first image. centres: voxels of the findings' centres. labels: the path of the image's labels."""

    index: int
    seed: int
    grid: Grid
    centres: np.ndarray
    labels: str
