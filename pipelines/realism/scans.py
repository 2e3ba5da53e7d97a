"""A CT image as every scan is judged here, synthetic or real: turned alike, and the body cut out of it alike."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nibabel as nib
import numpy as np
from jaxtyping import Bool, Float, Int16
from nibabel.filebasedimages import ImageFileError
from numpy import ndarray

from pipelines.realism.voxels import filled, opened, pieces
from pipelines.sheet import to_ras, to_ras_axes
from simdata.errors import DatasetError
from simdata.grid import Grid
from simdata.image import Image

BODY_HU = -300
"""Air outside is below, skin above."""
LUNG_HU = -500
BONE_HU = 200
TABLE_MM = 4.0
"""What is thinner than twice this is no body: table, blanket, tubes."""
HU_RANGE = (-1024, 3071)
ENDINGS = (".nii", ".nii.gz")


@dataclass(frozen=True, eq=False)
class Scan:
    """name: for a reader. hu: (x, y, z) int16, to the right, front and up. spacing_mm: from voxel to voxel."""

    name: str
    hu: Int16[ndarray, "x y z"]
    spacing_mm: tuple[float, float, float]

    @classmethod
    def of(cls, name: str, image: Image) -> "Scan":
        """A CT image of a sample."""
        array = to_ras(image.array, image.grid)
        return cls(name, np.clip(array, *HU_RANGE).astype(np.int16), to_ras_axes(image.grid.spacing_mm, image.grid))

    @cached_property
    def body(self) -> Bool[ndarray, "x y z"]:
        """The patient, lungs and bowel gas included, without the table."""
        steps = max(round(TABLE_MM / min(self.spacing_mm[:2])), 1)
        parts = pieces(opened(self.hu > BODY_HU, steps))
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        return filled((parts == sizes.argmax()) & (parts > 0))

    @cached_property
    def profile(self) -> Float[ndarray, "2 z"]:
        """Shares of lung (or gas) and of bone in the body, slice by slice."""
        area = np.maximum(self.body.sum(axis=(0, 1)), 1)
        shares = [(self.body & kind).sum(axis=(0, 1)) / area for kind in (self.hu < LUNG_HU, self.hu > BONE_HU)]
        return np.stack(shares)

    @property
    def lung_share(self) -> float:
        """Share of the body that is lung or gas."""
        return float((self.hu[self.body] < LUNG_HU).mean()) if self.body.any() else 0.0

    @property
    def length_mm(self) -> float:
        """From the lowest to the highest slice."""
        return self.hu.shape[2] * self.spacing_mm[2]

    def slices(self, start: int, stop: int) -> "Scan":
        """The part between two slices."""
        part = Scan(self.name, self.hu[..., start:stop], self.spacing_mm)
        part.__dict__["body"] = self.body[..., start:stop]
        return part

    def checked(self) -> "Scan":
        """Itself. Raises DatasetError if there is no body in it."""
        if not self.body.any():
            raise DatasetError(
                f"{self.name}: no body found, nothing thicker than {2 * TABLE_MM:g} mm above {BODY_HU} HU; "
                "a CT of a patient in Hounsfield units would do"
            )
        return self

    def trimmed(self) -> "Scan":
        """Without the slices above and below that hold no body."""
        seen = np.flatnonzero(self.body.any(axis=(0, 1)))
        return self.slices(int(seen[0]), int(seen[-1]) + 1)

    def halves(self) -> tuple["Scan", "Scan"]:
        """The left and the right half of the body."""
        middle = int(np.average(np.arange(self.hu.shape[0]), weights=self.body.sum(axis=(1, 2))))
        left, right = (Scan(self.name, self.hu[side], self.spacing_mm) for side in (np.s_[:middle], np.s_[middle:]))
        left.__dict__["body"], right.__dict__["body"] = self.body[:middle], self.body[middle:]
        return left, right


def read_scans(folder: Path) -> list[Scan]:
    """Every NIfTI file of a folder as a CT scan. Raises DatasetError if it holds none that can be read."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; one with real CT scans as .nii or .nii.gz would do")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(ENDINGS))
    if not paths:
        raise DatasetError(f"{folder}: no .nii or .nii.gz found; real CT scans in Hounsfield units would do")
    return [_read(path) for path in paths]


def _read(path: Path) -> Scan:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume = nib.load(path)  # pyright: ignore[reportPrivateImportUsage]
            array = np.asarray(volume.dataobj)  # pyright: ignore[reportAttributeAccessIssue]
    except (ImageFileError, OSError, EOFError, ValueError) as reason:
        raise DatasetError(f"{path}: cannot be read: {reason}; a CT scan as NIfTI would do") from reason
    if array.ndim != 3 or not (array < LUNG_HU).any() or array.max() < BODY_HU:
        raise DatasetError(
            f"{path}: found shape {array.shape}, values {array.min()} to {array.max()}; "
            "one CT volume in Hounsfield units, with air around a body, would do"
        )
    grid = Grid((array.shape[0], array.shape[1], array.shape[2]), volume.affine)  # pyright: ignore
    name = path.name.removesuffix(".gz").removesuffix(".nii")
    return Scan.of(name, Image(np.nan_to_num(array, nan=HU_RANGE[0]), "HU", grid)).checked()
