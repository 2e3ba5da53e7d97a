"""Real volumes of a folder as NIfTI, and label maps of the same names in another."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy import ndarray

from pipelines.learn.example import Example
from pipelines.learn.kinds import Source
from pipelines.learn.opened import Opened
from pipelines.learn.stems import chosen, files, pairs
from pipelines.learn.values import Values, as_numbers, by_values, check_values
from pipelines.sheet import to_ras
from simdata.errors import DatasetError, SceneError
from simdata.grid import Grid

ENDINGS = (".nii.gz", ".nii")
SAME_MM = 0.01


@dataclass(frozen=True, kw_only=True)
class Volumes(Source):
    """Volumes as examples of (channel, x, y, z), turned to RAS+; without `labels`, as images that nobody has labelled.

    ids: "001-010,case_3", all for "". values: of each class in a label map; none where it numbers the classes, or
    where all that is not 0 is one class.
    """

    images: str
    labels: str = ""
    ids: str = ""
    values: Values = ()
    unknown: tuple[int, ...] = ()

    def open(self, classes: int) -> Opened:
        check_values(self.values, classes, self.label)
        images = files(self.images, ENDINGS, "NIfTI volumes")
        if not self.labels:
            alone = list(chosen(images, self.ids, self.images).values())
            return Opened([*map(str, alone)], lambda number: _unlabelled(alone[number]))
        both = pairs(images, files(self.labels, ENDINGS, "NIfTI label maps"), self.ids, f"{self.images}, {self.labels}")
        return Opened([str(image) for image, _ in both], lambda number: self._example(*both[number], classes))

    def _example(self, image: Path, label: Path, classes: int) -> Example:
        (volume, grid), (numbers, other) = _read(image), _read(label)
        if volume.shape[-3:] == numbers.shape[-3:] and not np.allclose(grid.affine, other.affine, atol=SAME_MM):
            raise DatasetError(f"{label}: its voxels lie elsewhere than those of {image}; the same affine would do")
        array = np.rint(numbers[0]).astype(np.int64)
        if self.values:
            return Example(str(image), volume, by_values(array, self.values, self.unknown))
        return Example(str(image), volume, as_numbers(array, classes, str(label)))


def _unlabelled(path: Path) -> Example:
    return Example(str(path), _read(path)[0])


def _read(path: Path) -> tuple[ndarray, Grid]:
    """(channel, x, y, z) float32 in RAS+, and the grid of the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume = nib.load(path)  # pyright: ignore[reportPrivateImportUsage]
            array = np.asarray(volume.dataobj, np.float32)  # pyright: ignore[reportAttributeAccessIssue]
            shape = (array.shape[0], array.shape[1], array.shape[2])
            grid = Grid(shape, volume.affine)  # pyright: ignore[reportAttributeAccessIssue]
    except (ImageFileError, OSError, EOFError, ValueError, IndexError, SceneError) as reason:
        raise DatasetError(f"{path}: cannot be read: {reason}; a volume as NIfTI would do") from reason
    channels = array[None] if array.ndim == 3 else np.moveaxis(array.reshape(*shape, -1), -1, 0)
    return np.stack([np.ascontiguousarray(to_ras(channel, grid)) for channel in channels]), grid
