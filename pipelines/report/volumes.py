"""What is measured on the volumes of a sample: grey values, organ volumes, and a small label map to compare by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simdata.grid import Grid
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID, Structure, totalsegmentator_id

PERCENTILES = (0, 1, 25, 50, 75, 99, 100)
KEPT = 1 << 15
"""Voxels of an image, evenly spread over it, that are kept for its histogram."""
SMALL = 40
"""Points along each edge of the lattice on which label maps are compared."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Of one sample. values: image to some of its voxels. percentiles: image to those of PERCENTILES, over all voxels.

    strange: image to its voxels that are no finite number. volumes_ml: structure to its volume. small: labels on the
    lattice. stored: array path to its bytes in memory and in the file. versions: package to version.
    """

    index: int
    values: Mapping[str, np.ndarray]
    percentiles: Mapping[str, tuple[float, ...]]
    strange: Mapping[str, int]
    volumes_ml: Mapping[str, float]
    small: np.ndarray
    stored: Mapping[str, tuple[int, int]]
    versions: Mapping[str, str]


def measure(sample: Sample, lattice: Grid, stored: Mapping[str, tuple[int, int]]) -> Measured:
    """All measures of one sample. lattice: the points at which all samples' labels are compared."""
    seen = {name: _seen(image, sample.scene) for name, image in sample.images.items()}
    finite = {name: values[np.isfinite(values)] for name, values in seen.items()}
    return Measured(
        index=sample.index,
        values={name: values[:: max(values.size // KEPT, 1)].astype(np.float32) for name, values in finite.items()},
        percentiles={name: _percentiles(values) for name, values in finite.items()},
        strange={name: values.size - finite[name].size for name, values in seen.items()},
        volumes_ml=_volumes_ml(sample.scene),
        small=_small(sample.scene, lattice),
        stored=stored,
        versions=sample.versions,
    )


def lattice_of(grid: Grid) -> Grid:
    """SMALL points an edge over the whole of a grid (fewer along an edge that has not so many)."""
    nx, ny, nz = (min(SMALL, n) for n in grid.shape)
    shape = (nx, ny, nz)
    step = np.array(grid.shape) / shape
    affine = grid.affine.copy()
    affine[:3, 3] = grid.world_mm((step - 1) / 2)
    affine[:3, :3] = grid.affine[:3, :3] * step
    return Grid(shape, affine)


def stored_bytes(group: Any) -> dict[str, tuple[int, int]]:
    """Array path to (bytes in memory, bytes in the file) of a sample's HDF5 group."""
    import h5py

    found: dict[str, tuple[int, int]] = {}

    def visit(path: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype != object:
            found[path] = (node.nbytes, node.id.get_storage_size())

    group.visititems(visit)
    return found


def classes(table: Mapping[int, Structure]) -> dict[int, int]:
    """Structure id to the id it is counted as: its TotalSegmentator class, or itself where there is none.

    A finding counts as its own kind would: as what it lies in.
    """
    return {id: _class(id, table) for id in table}


def _class(id: int, table: Mapping[int, Structure]) -> int:
    if whole := totalsegmentator_id(id, table):
        return whole
    while id >= FIRST_FINDING_ID and table[id].parent:
        id = table[id].parent
    return id


def _seen(image: Image, scene: Scene) -> np.ndarray:
    """The values inside the patient where that is known, else all."""
    labels = image.labels if image.labelled else scene.labels
    array = image.array if image.array.ndim == 4 else image.array[None]
    if labels.shape == array.shape[1:] and (labels > 0).any():
        return array[:, labels > 0].ravel()
    return array.ravel()


def _percentiles(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in np.percentile(values, PERCENTILES)) if values.size else ()


def _volumes_ml(scene: Scene) -> dict[str, float]:
    voxels = np.bincount(scene.labels.ravel())
    counted_as, found = classes(scene.structures), {}
    for id in np.flatnonzero(voxels).tolist():
        if id:
            name = scene.structures[counted_as[id]].name
            found[name] = found.get(name, 0.0) + float(voxels[id]) * scene.grid.voxel_mm3 / 1000
    return found


def _small(scene: Scene, lattice: Grid) -> np.ndarray:
    """The structure at every point of the lattice, 0 beyond the scene."""
    at = np.rint(scene.grid.index(lattice.points_mm())).astype(int)
    inside = np.all((at >= 0) & (at < scene.grid.shape), axis=-1)
    x, y, z = np.moveaxis(np.where(inside[..., None], at, 0), -1, 0)
    counted_as = np.zeros(1 << 16, np.uint16)
    for id, whole in classes(scene.structures).items():
        counted_as[id] = whole
    return np.where(inside, counted_as[scene.labels[x, y, z]], 0).astype(np.uint16)
