"""An organ in a patient as a place to grow in: its voxels, and the vessels that enter it from outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree
from skimage.graph import MCP_Geometric

from simdata import Grid, Scene, SceneError, Vessels, vessel_tree
from simdata.scene import present_ids
from simdata.vessels import ROOT
from vascular.centreline import RIM, blocks, centreline
from vascular.domain import Domain, between, bounds, depth_mm, largest_part

THINNEST = 1.8
"""A passage of so many voxels in radius hangs together by faces."""
MARGIN_MM = 35.0
THIN, FIRST = 0.4, 3
"""Of what is drawn a tree starts from what is wider than this share of its root, and from so many first points."""
DEEP_MM, BLOCK_MM = 4.0, 3.0
DETOUR_MM = 30.0
BLOCKED = 50.0
"""A way through a blocked voxel counts as so many."""
RIM_COSTS, OUTSIDE_COSTS = 6.0, 10.0
SMOOTHED, STEP_RADII = 4, 2.5
PER_ML_MIN = 1000 / 60
"""mm3/s."""
NEAR_MM = 8.0
"""The calibre of a large vessel is measured so near to where it enters."""


@dataclass(frozen=True, eq=False)
class Gate:
    """Where a vessel enters an organ: from a voxel of the large vessel, along a straight way, into the organ.

    outer, inner: voxel indices (3,). radius_mm: half of the large vessel's width there.
    """

    outer: Int[ndarray, " 3"]
    inner: Int[ndarray, " 3"]
    radius_mm: float


def close_up(scene: Scene, names: Iterable[str], bed: str) -> Scene:
    """The labels of some organs and of what lies within centimetres of them: all that a bed looks at.

    Raises SceneError if no voxel of them is in view.
    """
    low, high = bounds(required(scene, names, bed))
    margin = np.ceil(MARGIN_MM / np.array(scene.grid.spacing_mm)).astype(int)
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, scene.grid.shape)
    first, size = (tuple(end.tolist()) for end in (low, high - low))
    labels = np.ascontiguousarray(scene.labels[between(low, high)])
    return Scene(scene.grid.crop(first, size), labels, structures=scene.structures)


def present(scene: Scene, names: Iterable[str]) -> Bool[ndarray, "x y z"]:
    """Voxels of all these structures and their parts; those that the field of view does not hold count for nothing."""
    mask = np.zeros(scene.grid.shape, bool)
    for name in names:
        mask |= scene.mask(name)
    return mask


def required(scene: Scene, names: Iterable[str], bed: str) -> Bool[ndarray, "x y z"]:
    """As `present`. Raises SceneError if there is not one voxel."""
    names = tuple(names)
    mask = present(scene, names)
    if not mask.any():
        found = sorted(scene.structures[id].name for id in present_ids(scene.labels) if id)
        raise SceneError(
            f"{bed}: found no voxel of {' or '.join(names)} in this patient; a field of view that holds it would do "
            f"(it holds {len(found)} structures, such as {', '.join(found[:6])})"
        )
    return mask


def first_of(scene: Scene, names: Sequence[str], bed: str) -> Bool[ndarray, "x y z"]:
    """The first of these structures that the patient has in view. Raises SceneError if there is none."""
    for name in names:
        mask = scene.mask(name)
        if mask.any():
            return mask
    return required(scene, names, bed)


def blood_mm3_s(volume_mm3: float, ml_min_100ml: float) -> float:
    """Flow through tissue of that volume, perfused with so many mL per minute and 100 mL."""
    return volume_mm3 / 1e5 * ml_min_100ml * PER_ML_MIN


def gate(door: Bool[ndarray, "x y z"], large: Bool[ndarray, "x y z"], grid: Grid, calibre_mm: Sequence[float]) -> Gate:
    """Where the large vessel comes nearest to the door of the organ; its radius is measured there, within limits."""
    least_mm, most_mm = calibre_mm
    inside, outside = np.argwhere(door & ~large), np.argwhere(large)
    away, which = KDTree(grid.world_mm(outside)).query(grid.world_mm(inside))
    n, which = int(np.argmin(away)), np.asarray(which)
    outer, inner = outside[which[n]], inside[n]

    reach = np.ceil(2 * NEAR_MM / np.array(grid.spacing_mm)).astype(int)
    low = np.maximum(outer - reach, 0)
    block = large[between(low, outer + reach + 1)]
    depth = depth_mm(block, grid)
    here = np.argwhere(block)
    close = np.linalg.norm(grid.world_mm(here + low) - grid.world_mm(outer), axis=1) < NEAR_MM
    radius = depth[tuple(here[close].T)].max() - RIM * min(grid.spacing_mm)
    return Gate(outer, inner, float(np.clip(radius, least_mm, most_mm)))


def tubes(start: Vessels, grid: Grid) -> Bool[ndarray, "x y z"]:
    """The voxels in the tubes of vessels, and so many around thin ones that they hang together by faces."""
    mask = np.zeros(grid.shape, bool)
    index = grid.index(start.points_mm.astype(float))
    for i in start.segments:
        radius = max(float(start.radius_mm[i]), THINNEST * max(grid.spacing_mm))
        _add_tube(mask, grid, index[start.parent[i]], index[i], radius)
    return mask


def entered(
    organ: Bool[ndarray, "x y z"],
    starts: Iterable[Vessels],
    grid: Grid,
    demand: Shaped[ndarray, "x y z"] | None = None,
) -> Domain:
    """The organ and the tubes of the vessels that enter it, which ask for no blood. Smaller pieces are left out."""
    whole = organ.copy()
    for start in starts:
        whole |= tubes(start, grid)
    wanted = np.where(organ, 1.0 if demand is None else demand, 0.0)
    return Domain.of_mask(largest_part(whole), grid, wanted)


def beside(
    drawn: Bool[ndarray, "x y z"], organ: Bool[ndarray, "x y z"], grid: Grid, near_mm: float, far_mm: float
) -> Bool[ndarray, "x y z"]:
    """Voxels of the organ well inside it, from `near_mm` to `far_mm` away from vessels that are drawn in it."""
    away = about_mm(drawn, grid)
    ring = organ & (away >= near_mm) & (away <= far_mm)
    deep = ring & (about_mm(~organ, grid) >= DEEP_MM)
    return deep if deep.any() else ring


def stem(one: Gate, blocked: Bool[ndarray, "x y z"], grid: Grid, kind: str) -> Vessels:
    """The shortest way from the large vessel into the organ round what is blocked."""
    reach = np.ceil(DETOUR_MM / np.array(grid.spacing_mm)).astype(int)
    low = np.maximum(np.minimum(one.outer, one.inner) - reach, 0)
    high = np.minimum(np.maximum(one.outer, one.inner) + reach + 1, grid.shape)
    cost = np.where(blocked[between(low, high)], BLOCKED, 1.0)
    ways = MCP_Geometric(cost, sampling=grid.spacing_mm)
    ways.find_costs([tuple(one.outer - low)], [tuple(one.inner - low)])
    way = grid.world_mm(np.array(ways.traceback(tuple(one.inner - low))) + low)
    return chain(way, one.radius_mm, kind)


def about_mm(mask: Bool[ndarray, "x y z"], grid: Grid) -> Float[ndarray, "x y z"]:
    """How far each voxel lies from a mask, mm, as blocks of about 3 mm know it."""
    k = max(1, round(BLOCK_MM / max(grid.spacing_mm)))
    coarse = blocks(np.logical_or, mask, k)
    away = np.asarray(distance_transform_edt(~coarse, sampling=[k * mm for mm in grid.spacing_mm]))
    for axis, n in enumerate(mask.shape):
        away = np.repeat(away, k, axis=axis).take(range(n), axis=axis)
    return away


def deepest_mm(
    parts: Iterable[Bool[ndarray, "x y z"]], depth: Float[ndarray, "x y z"], grid: Grid
) -> Float[ndarray, "t 3"]:
    """Of each part that has a voxel inside the organ the one deepest in it, mm."""
    found = [np.argmax(np.where(part, depth, 0)) for part in parts if (depth[part] > 0).any()]
    return grid.world_mm(np.stack(np.unravel_index(found, depth.shape), axis=-1))


def spread_mm(
    mask: Bool[ndarray, "x y z"], count: int, start_mm: Float[ndarray, " 3"], grid: Grid
) -> Float[ndarray, "t 3"]:
    """So many voxels of a mask, each as far as can be from those before it and from the start, mm."""
    places = grid.world_mm(np.argwhere(mask))
    away = np.linalg.norm(places - start_mm, axis=1)
    found = []
    for _ in range(min(count, len(places))):
        found.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(places - places[found[-1]], axis=1))
    return places[found].reshape(-1, 3)


def passable(
    depth: Float[ndarray, "x y z"], drawn: Bool[ndarray, "x y z"], blocked: Bool[ndarray, "x y z"]
) -> Float[ndarray, "x y z"]:
    """What a way costs in each voxel: little in vessels that are drawn, less deep in the organ than along its rim."""
    cost = np.where(depth > 0, 1 + RIM_COSTS / (1 + depth), OUTSIDE_COSTS)
    cost[drawn] = 0.2
    cost[blocked] = BLOCKED
    return cost


def chain(way_mm: Float[ndarray, "n 3"], radius_mm: float, kind: str) -> Vessels:
    """A line of points, the root first, as a vessel: smoothed, with a step of at least 2.5 radii."""
    for _ in range(SMOOTHED):
        way_mm[1:-1] = 0.5 * way_mm[1:-1] + 0.25 * (way_mm[:-2] + way_mm[2:])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way_mm, axis=0), axis=1))])
    count = max(int(along[-1] / (STEP_RADII * radius_mm)), 1) + 1
    points = np.stack([np.interp(np.linspace(0, along[-1], count), along, axis) for axis in way_mm.T], axis=1)
    return vessel_tree(points, np.arange(-1, count - 1), np.full(count, radius_mm), kind)


def trunk(one: Gate, drawn: Bool[ndarray, "x y z"], grid: Grid, kind: str) -> Vessels:
    """The wider vessels that the anatomy has drawn, from the gate on; none wider than at the gate."""
    way = np.zeros_like(drawn)
    _add_tube(way, grid, one.outer, one.inner, THINNEST * max(grid.spacing_mm))
    made = centreline(drawn | way, grid, one.outer, kind)
    made = made.leading_to((made.radius_mm >= THIN * one.radius_mm) | (made.depth <= FIRST))
    radius = np.minimum(made.radius_mm, one.radius_mm)
    radius[made.roots] = one.radius_mm
    return vessel_tree(made.points_mm, made.parent, radius, kind)


def ending_in(fed: Bool[ndarray, "x y z"], vessels: Vessels, grid: Grid) -> Vessels:
    """The vessels without what of cut branches leads out of what is fed, where it would feed nothing."""
    voxel = np.clip(np.rint(grid.index(vessels.points_mm)).astype(int), 0, np.array(grid.shape) - 1)
    return vessels.leading_to(fed[tuple(voxel.T)] | (vessels.parent == ROOT))


def place_mm(mask: Bool[ndarray, "x y z"], grid: Grid, towards: Float[ndarray, " 3"]) -> Float[ndarray, " 3"]:
    """The voxel of a mask that lies farthest in a direction, mm."""
    points = grid.world_mm(np.argwhere(mask))
    return points[int(np.argmax(points @ np.asarray(towards, float)))]


def _add_tube(mask: Bool[ndarray, "x y z"], grid: Grid, start: ndarray, end: ndarray, radius_mm: float) -> None:
    """Sets the voxels within a radius of the straight way between two places (indices)."""
    margin = np.ceil(radius_mm / np.array(grid.spacing_mm)) + 1
    low = np.maximum(np.floor(np.minimum(start, end) - margin), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(start, end) + margin) + 1, grid.shape).astype(int)
    if (high <= low).any():
        return
    index = np.moveaxis(np.indices(tuple((high - low).tolist())), 0, -1) + low
    a, b, points = grid.world_mm(start), grid.world_mm(end), grid.world_mm(index)
    way = b - a
    t = np.clip((points - a) @ way / max(way @ way, 1e-12), 0, 1)
    near = np.linalg.norm(points - a - t[..., None] * way, axis=-1) <= radius_mm
    mask[between(low, high)] |= near
