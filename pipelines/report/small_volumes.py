"""Volumes small enough for a page: coarser, in few grey levels, as NIfTI; labels are numbers in a short table."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from pipelines.sheet import WINDOWS
from simdata.grid import Grid
from simdata.image import Image
from simdata.sample import Sample

LEVELS = 500
"""Grey levels between the least and the most of an image that has no fixed scale."""
HU_STEP = 4.0
BLUR = 0.45
"""Standard deviation of the blur before voxels are left out, in new voxels."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A volume of a sample as the viewer has it. image, labels: NIfTI, gzipped; labels None where there are none.

    window: the values that are black and white. grid: where the small volume lies.
    """

    name: str
    unit: str
    image: bytes
    labels: bytes | None
    window: tuple[float, float]
    grid: Grid


def shown(sample: Sample, voxels: int, order: Mapping[int, int]) -> list[Shown]:
    """Every volume of a sample, of about so many voxels at most; where it has flat images alone, its labels in grey.

    order: structure id to its number in the viewer's table.
    """
    scene = sample.scene
    volumes = {name: image for name, image in sample.images.items() if min(image.grid.shape) > 1}
    if not volumes and min(scene.grid.shape) > 1:
        grey = np.where(scene.labels > 0, 90, 0).astype(np.float32)
        volumes = {"labels": Image(grey, "grey", scene.grid)}
    found = []
    for name, image in volumes.items():
        own = image.labels if image.labelled else scene.labels if image.grid == scene.grid else None
        found.append(_shown(name, image, own, voxels, order))
    return found


def _shown(name: str, image: Image, labels: np.ndarray | None, voxels: int, order: Mapping[int, int]) -> Shown:
    array = image.array[0] if image.array.ndim == 4 else image.array
    array = np.nan_to_num(array.astype(np.float32))
    share = min(1.0, (voxels / array.size) ** (1 / 3))
    shape = tuple(max(2, round(n * share)) for n in array.shape)
    grid = _coarser(image.grid, shape)
    low, high = WINDOWS.get(image.unit) or _window(array, labels)
    step = HU_STEP if image.unit == "HU" else max(float(np.ptp(array)) / LEVELS, 1e-12)
    small = _smaller(array, shape)
    packed = None if labels is None else _nifti(_numbered(_nearest(labels, shape), order), grid, 1.0, 0.0, "label")
    base = 0.0 if image.unit == "HU" else float(array.min())
    return Shown(
        name,
        image.unit,
        _nifti(np.rint((small - base) / step).astype(np.int16), grid, step, base),
        packed,
        (low, high),
        grid,
    )


def _coarser(grid: Grid, shape: tuple[int, ...]) -> Grid:
    """The grid of `shape` voxels over the same box."""
    step = np.array(grid.shape) / shape
    affine = grid.affine.copy()
    affine[:3, 3] = grid.world_mm((step - 1) / 2)
    affine[:3, :3] = grid.affine[:3, :3] * step
    return Grid((shape[0], shape[1], shape[2]), affine)


def _smaller(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    step = np.array(array.shape) / shape
    if (step == 1).all():
        return array
    blurred = gaussian_filter(array, BLUR * np.where(step > 1, step, 0))
    return np.asarray(zoom(blurred, 1 / step, order=1, grid_mode=True, mode="nearest"))


def _nearest(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The label at the middle of each new voxel."""
    at = [((np.arange(n) + 0.5) * old / n).astype(int) for n, old in zip(shape, labels.shape, strict=True)]
    return labels[np.ix_(*at)]


def _numbered(labels: np.ndarray, order: Mapping[int, int]) -> np.ndarray:
    table = np.zeros(1 << 16, np.uint16)
    for id, place in order.items():
        table[id] = place
    numbered = table[labels]
    return numbered.astype(np.uint8) if max(order.values(), default=0) < 256 else numbered


def _window(array: np.ndarray, labels: np.ndarray | None) -> tuple[float, float]:
    inside = array[labels > 0] if labels is not None and (labels > 0).any() else array
    low, high = np.percentile(array, 1), np.percentile(inside, 99.5)
    return float(low), float(max(1.1 * high, low + 1e-6))


def _nifti(array: np.ndarray, grid: Grid, slope: float, intercept: float, intent: str = "none") -> bytes:
    from nibabel.nifti1 import Nifti1Image

    image = Nifti1Image(array, grid.affine)
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(slope, intercept)
    image.header.set_intent(intent)
    return gzip.compress(image.to_bytes(), 9, mtime=0)
