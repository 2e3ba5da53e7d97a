"""The truth of a projection: the way of the rays through every structure, and the vessels on the detector."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray
from scipy.ndimage import find_objects

from render.isocentre import in_patient, upright
from render.kernels.running import accumulate_labels
from render.leaning import leans, upright_for
from render.orientation import orientation
from render.plane import onto, plane
from render.projection import running_sums
from render.strips import cast_in_strips
from render.views import Views
from simdata import Grid, Scene, SceneError, Shadow, Vessels
from simdata.errors import did_you_mean
from simdata.scene import present_ids
from simdata.structures import FIRST_FINDING_ID

SIDE_BY_SIDE = (1, 2, 3, 4, 8)
"""Numbers of structures that are projected in one pass: each is compiled by itself, so there are few of them."""

ALIKE = 8
"""So much smaller may the box of a structure be that goes along with the one around it."""

MOST_VOXELS = 1 << 26
"""Held side by side, which bounds the memory."""

Box = tuple[slice, ...]


def shadows(scene: Scene, view: Views, names: Sequence[str] | None = None) -> Mapping[str, Shadow]:
    """mm of way of the rays of one view through each structure of `names`, and each finding, or through all that occur.

    Parts count to their wholes: a lung is its lobes. Every voxel is all of the structure that labels it.
    Raises SceneError if there is no structure of a name.
    """
    parts = _parts(scene, names)
    labels = orientation(scene.grid).turn(scene.to("cpu").labels)
    grid = in_patient(upright(scene.grid), scene.grid)
    own = dict(_cast(labels, grid, view, sorted({id for ids in parts.values() for id in ids})))
    shape = (view.columns, view.rows, 1)
    return MappingProxyType(
        {name: _together([own[id] for id in ids if id in own], shape) for name, ids in parts.items()}
    )


def projected(vessels: Vessels, view: Views) -> Vessels:
    """`vessels` as the detector of one view sees them: points in its plane (RAS+ mm), radii magnified, the rest alike.

    Points that fall beside the detector are kept, so that no tree falls apart.
    """
    points, magnification = onto(view, vessels.points_mm)
    return replace(
        vessels,
        points_mm=points.astype(np.float32),
        radius_mm=(vessels.radius_mm * magnification).astype(np.float32),
    )


def _parts(scene: Scene, names: Sequence[str] | None) -> dict[str, list[int]]:
    """Name of each structure to the labels that belong to it."""
    parts: dict[str, list[int]] = {}
    for id, structure in scene.structures.items():
        while structure is not None:
            parts.setdefault(structure.name, []).append(id)
            structure = scene.structures.get(structure.parent)
    if names is None:
        present = present_ids(scene.labels)
        return {name: ids for name, ids in parts.items() if not set(ids).isdisjoint(present)}
    for name in names:
        if name not in parts:
            raise SceneError(f"shadows: no structure is called '{name}'; {did_you_mean(name, parts)}")
    findings = [one.name for id, one in scene.structures.items() if id >= FIRST_FINDING_ID]
    return {name: parts[name] for name in (*names, *findings)}


def _cast(
    labels: UInt16[ndarray, "x y z"], grid: Grid, view: Views, ids: Sequence[int]
) -> Iterator[tuple[int, Shadow]]:
    """Every label that occurs, with its own shadow; none that falls beside the detector."""
    boxes = dict(enumerate(find_objects(labels), start=1))
    for pack in _packs({id: boxes[id] for id in ids if boxes.get(id) is not None}):
        box = boxes[pack[0]]
        start = tuple(side.start for side in box)
        block = grid.crop(start, tuple(side.stop - side.start for side in box))
        columns, rows = _reached(block, view)
        if columns.start >= columns.stop or rows.start >= rows.stop:
            continue
        part = _part(view, columns, rows)
        lanes = next(count for count in SIDE_BY_SIDE if count >= len(pack))
        filled = np.resize(np.array(pack, labels.dtype), lanes)
        path = cast_in_strips(*_sums(labels[box], block, filled, part), part)
        for lane, id in enumerate(pack):
            yield id, _within(Shadow.of(path[..., lane : lane + 1]), columns.start, rows.start)


def _sums(
    labels: UInt16[ndarray, "x y z"], grid: Grid, ids: UInt16[ndarray, " m"], view: Views
) -> tuple[Float32[ndarray, "x y z_and_two m"], Grid]:
    """Running sums along the detector's columns of volumes that are 1 in a structure, and where they lie."""
    if leans(view, grid):
        volume, turned = upright_for(view, (labels[..., None] == ids).astype(np.float32), grid)
        return running_sums(volume), turned
    x, y, z = labels.shape
    sums = np.empty((x, y, z + 2, len(ids)), np.float32)
    accumulate_labels(np.ascontiguousarray(labels), ids, sums)
    return sums, grid


def _packs(boxes: Mapping[int, Box]) -> list[list[int]]:
    """Structures to project together: each pack's first has the others in its box."""
    left = sorted(boxes, key=lambda label: _voxels(boxes[label]), reverse=True)
    packs = []
    while left:
        first = left[0]
        most = min(SIDE_BY_SIDE[-1], max(1, MOST_VOXELS // _voxels(boxes[first])))
        inside = [id for id in left if _holds(boxes[first], boxes[id])]
        pack = [id for id in inside if _voxels(boxes[id]) * ALIKE >= _voxels(boxes[first])][:most]
        packs.append(pack)
        left = [id for id in left if id not in pack]
    return packs


def _voxels(box: Box) -> int:
    return int(np.prod([side.stop - side.start for side in box]))


def _holds(box: Box, other: Box) -> bool:
    return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(box, other, strict=True))


def _reached(block: Grid, view: Views) -> tuple[slice, slice]:
    """The columns and the rows of the detector that the box of a grid can shade."""
    corners = block.world_mm(np.indices((2, 2, 2)).reshape(3, -1).T * block.shape - 0.5)
    at = plane(view).index(onto(view, corners)[0])[:, :2]
    low = np.maximum(np.floor(at.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(at.max(axis=0)).astype(int) + 1, (view.columns, view.rows))
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def _part(view: Views, columns: slice, rows: slice) -> Views:
    """Some columns and rows of the detector."""
    up = (rows.start + rows.stop - view.rows) / 2 * view.upward[:, None]
    borders = view.borders[:, columns.start : columns.stop + 1] + up
    return Views(view.focus, borders, view.upward, rows.stop - rows.start)


def _within(shadow: Shadow, column: int, row: int) -> Shadow:
    x, y, _ = shadow.start
    return Shadow(shadow.path_mm, (x + column, y + row, 0))


def _together(parts: Sequence[Shadow], shape: tuple[int, int, int]) -> Shadow:
    """What all `parts` of a structure cast."""
    if len(parts) == 1:
        return parts[0]
    whole = np.zeros(shape, np.float32)
    for part in parts:
        whole[part.block] += part.path_mm
    return Shadow.of(whole)
