"""OME-Zarr 0.5: every volume as a pyramid of Zarr 3 arrays in chunks, its labels beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Shaped
from nibabel.orientations import inv_ornt_aff, io_orientation
from numpy import ndarray

from pipelines.sheet import to_ras
from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink, unfit
from pipelines.sinks.volumes import labels_on, volumes
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import present_ids

VERSION = "0.5"
CHUNK = 64
SMALLEST = 64
"""The pyramid ends with the first level of no more voxels along each axis."""
ASKEW_MM = 1e-4
SIDES = {"z": "inferior-to-superior", "y": "posterior-to-anterior", "x": "left-to-right"}
STRUCTURES = "structures"


@dataclass(frozen=True, kw_only=True)
class OmeZarr(FolderSink):
    """NNNNNN_IMAGE.ome.zarr: levels 0, 1, ... each half as fine, and labels/structures with names, colours and codes.

    Axes are (c,) z, y, x, turned to run to the patient's head, front and right, whose place in mm is scale times index
    plus translation; each axis says so as RFC-4 has it. "simdata" in the attributes holds the unit and the affine.
    """

    needs: ClassVar[tuple[str, ...]] = ("zarr",)

    def write(self, index: int, sample: Sample) -> None:
        for name, image in volumes(sample, self.images).items():
            import zarr

            affine = _affine(sample, image)
            root = zarr.open_group(f"{self.folder}/{index:06d}_{name}.ome.zarr", mode="w", zarr_format=3)
            scales = _pyramid(root, _turned(image.array, image), affine, name, _halved)
            root.attrs.update(
                {
                    "ome": {"version": VERSION, **scales},
                    "simdata": {"unit": image.unit, "affine_ras_mm": affine.tolist()},
                }
            )
            ids = labels_on(sample, image)
            labels = root.create_group("labels")
            labels.attrs.update({"ome": {"version": VERSION, "labels": [STRUCTURES]}})
            group = labels.create_group(STRUCTURES)
            numbers = relabel(ids, sample.scene, self.labels)
            scales = _pyramid(
                group, _turned(numbers, image), affine, STRUCTURES, lambda array: array[..., ::2, ::2, ::2]
            )
            known = self._known(sample, present_ids(ids))
            group.attrs.update({"ome": {"version": VERSION, **scales, "image-label": known}})

    def _known(self, sample: Sample, ids: Sequence[int]) -> dict[str, Any]:
        """Colours, names and codes of the labels."""
        table = sample.scene.structures
        if self.labels:
            by_name = {one.name: one for one in table.values()}
            entries = [(n, name, by_name.get(name)) for name, n in self.numbers.items()]
        else:
            entries = [(id, table[id].name, table[id]) for id in ids if id]
        return {
            "colors": [
                {"label-value": n, "rgba": [*(one.colour if one else (255, 210, 0)), 255]} for n, _, one in entries
            ],
            "properties": [
                {"label-value": n, "name": name, "snomed": one.snomed if one else ""} for n, name, one in entries
            ],
            "source": {"image": "../../"},
        }


def _turned(array: Shaped[ndarray, "*c x y z"], image: Image) -> Shaped[ndarray, "*c z y x"]:
    if array.ndim == 4:
        return np.stack([_turned(channel, image) for channel in array])
    return np.ascontiguousarray(to_ras(array, image.grid).T)


def _affine(sample: Sample, image: Image) -> Shaped[ndarray, "4 4"]:
    """Index (x, y, z) of the turned array to RAS+ mm. Raises DatasetError if its axes are not those of the patient."""
    turn = io_orientation(image.grid.affine)
    affine = image.grid.affine @ inv_ornt_aff(turn, image.grid.shape)
    if np.abs(affine[:3, :3] - np.diag(np.diag(affine[:3, :3]))).max() > ASKEW_MM:
        raise unfit(
            sample, "its voxels lie askew to the patient's axes, which OME-Zarr 0.5 cannot say", "nifti or dicom"
        )
    return affine


def _pyramid(
    group: Any, array: Shaped[ndarray, "*c z y x"], affine: ndarray, name: str, coarser: Any
) -> dict[str, Any]:
    """Writes the levels; gives the "multiscales" that describe them."""
    axes = [{"name": axis, "type": "space", "unit": "millimeter", **_orientation(side)} for axis, side in SIDES.items()]
    axes = axes if array.ndim == 3 else [{"name": "c", "type": "channel"}, *axes]
    spacing_mm, origin_mm = np.diag(affine)[2::-1], affine[2::-1, 3]
    levels = []
    for level in count():
        _store(group, str(level), array, [axis["name"] for axis in axes])
        scale = spacing_mm * 2**level
        shift = origin_mm + ((scale - spacing_mm) / 2 if coarser is _halved else 0)
        levels.append(_level(level, scale, shift, array.ndim))
        if max(array.shape[-3:]) <= SMALLEST or min(array.shape[-3:]) < 2:
            break
        array = coarser(array)
    return {"multiscales": [{"name": name, "axes": axes, "datasets": levels}]}


def _orientation(side: str) -> dict[str, Any]:
    return {"orientation": {"type": "anatomical", "value": side}}


def _level(level: int, scale_mm: ndarray, shift_mm: ndarray, axes: int) -> dict[str, Any]:
    channel = axes - 3
    return {
        "path": str(level),
        "coordinateTransformations": [
            {"type": "scale", "scale": [1.0] * channel + scale_mm.tolist()},
            {"type": "translation", "translation": [0.0] * channel + shift_mm.tolist()},
        ],
    }


def _halved(array: Shaped[ndarray, "*c z y x"]) -> Shaped[ndarray, "*c z y x"]:
    """The mean of eight voxels, an odd last one counted twice; of the same type."""
    pad = [(0, 0)] * (array.ndim - 3) + [(0, n % 2) for n in array.shape[-3:]]
    even = np.pad(array, pad, mode="edge").astype(np.float32)
    for axis in (-3, -2, -1):
        first, second = (np.take(even, np.arange(start, even.shape[axis], 2), axis) for start in (0, 1))
        even = (first + second) / 2
    return (np.rint(even) if np.issubdtype(array.dtype, np.integer) else even).astype(array.dtype)


def _store(group: Any, path: str, array: Shaped[ndarray, "*c z y x"], axes: Sequence[str]) -> None:
    chunks = tuple(1 if axis == "c" else min(n, CHUNK) for axis, n in zip(axes, array.shape, strict=True))
    group.create_array(path, data=array, chunks=chunks, dimension_names=list(axes))
