"""Vessels as voxels: how much of each voxel they fill, which vessel it is, how wide, where its axis runs, its flow.

Every voxel holds 4 x 4 x 4 points, one bit each. A vessel sets the bits of the points in it, so that vessels which
overlap, as those that meet in a bifurcation do, never count twice: the share of a voxel is the bits that are set, / 64.
The voxel belongs to the vessel that sets the most bits (the first of them at a tie), and takes its numbers.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, UInt8
from numba import njit, prange
from numpy import ndarray

from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.vessels import CAPILLARY, Vessels

POINTS = 4
"""Points along each edge of a voxel: 64 in all, the bits of one word."""
TILE = 32
SQUARENESS = 1e-6


@dataclass(frozen=True, eq=False)
class VesselMaps:
    """Voxels of vessels. (x, y, z) each, 0 where no vessel lies.

    share: uint8, of the voxel that vessels fill, in 1/255. kind: uint8, 1 + index into KINDS. branch: int32, 1 + number
    of the branch (links follow, one branch each). radius_mm: of the vessel at the place on its axis nearest to the
    voxel's centre. centreline: uint8, 1 if its axis runs through the voxel. flow_mm3_s: of the vessel.
    """

    grid: Grid
    share: UInt8[ndarray, "x y z"]
    kind: UInt8[ndarray, "x y z"]
    branch: Int32[ndarray, "x y z"]
    radius_mm: Float32[ndarray, "x y z"]
    centreline: UInt8[ndarray, "x y z"]
    flow_mm3_s: Float32[ndarray, "x y z"]


@dataclass(frozen=True, eq=False)
class EnFace:
    """Vessels seen along one axis of the grid. (u, v) each: the axes that are left, in their order.

    share: float32, the largest share on the line of sight. blood_mm: float32, length of the line inside vessels.
    depth_mm: float32, of the first vessel's first voxel behind the face, NaN where there is none. kind, branch,
    radius_mm and flow_mm3_s: those of the widest vessel on the line; centreline: 1 if an axis runs through it.
    """

    share: Float32[ndarray, "u v"]
    blood_mm: Float32[ndarray, "u v"]
    depth_mm: Float32[ndarray, "u v"]
    kind: UInt8[ndarray, "u v"]
    branch: Int32[ndarray, "u v"]
    radius_mm: Float32[ndarray, "u v"]
    centreline: UInt8[ndarray, "u v"]
    flow_mm3_s: Float32[ndarray, "u v"]


class Capsules(NamedTuple):
    """Tubes with round ends. start, end: (s, 3) mm along the axes of the grid from the corner of its first voxel."""

    start: Float64[ndarray, "s 3"]
    end: Float64[ndarray, "s 3"]
    start_radius: Float64[ndarray, " s"]
    end_radius: Float64[ndarray, " s"]
    kind: UInt8[ndarray, " s"]
    branch: Int32[ndarray, " s"]
    flow: Float32[ndarray, " s"]


def voxelise(vessels: Vessels, grid: Grid) -> VesselMaps:
    """The vessels on a grid. The same bytes for any number of threads.

    Raises SceneError if the axes of the grid are not at right angles.
    """
    capsules, maps = capsules_of(vessels, grid), _empty(grid)
    spacing = np.array(grid.spacing_mm)
    tiles = np.array([-(-n // TILE) for n in grid.shape])
    first, members = _binned(capsules, spacing, tiles)
    _fill(*capsules, spacing, tiles, first, members, *_arrays(maps))
    return maps


def voxelise_reference(vessels: Vessels, grid: Grid) -> VesselMaps:
    """As `voxelise`, one capsule after the other over the whole grid."""
    capsules, maps = capsules_of(vessels, grid), _empty(grid)
    spacing = np.array(grid.spacing_mm)
    corner = np.moveaxis(np.indices(grid.shape), 0, -1) * spacing
    steps = (np.moveaxis(np.indices((POINTS,) * 3).reshape(3, -1), 0, -1) + 0.5) / POINTS * spacing
    filled = np.zeros((*grid.shape, POINTS**3), bool)
    most = np.zeros(grid.shape, np.int64)
    for s in range(len(capsules.kind)):
        inside = _inside_reference((corner - capsules.start[s])[..., None, :] + steps, capsules, s)
        count = inside.sum(axis=-1)
        won, most = count > most, np.maximum(most, count)
        filled |= inside
        along = _along_reference(corner + 0.5 * spacing - capsules.start[s], capsules, s)
        radius = capsules.start_radius[s] + along * (capsules.end_radius[s] - capsules.start_radius[s])
        maps.kind[won], maps.branch[won], maps.flow_mm3_s[won] = capsules.kind[s], capsules.branch[s], capsules.flow[s]
        maps.radius_mm[won] = radius[won]
        maps.centreline[_crossed_reference(corner, spacing, capsules, s)] = 1
    maps.share[:] = (255 * filled.sum(axis=-1) + POINTS**3 // 2) // POINTS**3
    return maps


def en_face(maps: VesselMaps, axis: int = 2) -> EnFace:
    """The vessels seen along an axis of the grid, from its first voxel on."""
    share, radius = maps.share, maps.radius_mm
    widest = np.expand_dims(radius.argmax(axis=axis), axis)
    step_mm = maps.grid.spacing_mm[axis]

    def there(values: ndarray) -> ndarray:
        return np.take_along_axis(values, widest, axis).squeeze(axis)

    filled = share > 0
    depth_mm = np.where(filled.any(axis=axis), filled.argmax(axis=axis) * step_mm, np.nan)
    return EnFace(
        share=share.max(axis=axis) / np.float32(255),
        blood_mm=share.sum(axis=axis, dtype=np.uint32) * np.float32(step_mm / 255),
        depth_mm=depth_mm.astype(np.float32),
        kind=there(maps.kind),
        branch=there(maps.branch),
        radius_mm=there(radius),
        centreline=maps.centreline.max(axis=axis),
        flow_mm3_s=there(maps.flow_mm3_s),
    )


def capsules_of(vessels: Vessels, grid: Grid) -> Capsules:
    """Segments, then links. A segment tapers from its parent's radius along a branch; at a head it has its own."""
    axes = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    if not np.allclose(axes.T @ axes, np.eye(3), atol=SQUARENESS):
        raise SceneError("voxelise: the axes of the grid are not at right angles; a grid without shear would do")
    place = (grid.index(vessels.points_mm) + 0.5) * np.array(grid.spacing_mm)
    at, radius = vessels.segments, vessels.radius_mm.astype(float)
    above = vessels.parent[at]
    here, there = vessels.links.T
    links = np.arange(len(vessels.links), dtype=np.int32)
    link_radius = vessels.link_radius_mm.astype(float)
    return Capsules(
        start=np.ascontiguousarray(place[np.concatenate([above, here])]),
        end=np.ascontiguousarray(place[np.concatenate([at, there])]),
        start_radius=np.concatenate([radius[np.where(vessels.heads[at], at, above)], link_radius]),
        end_radius=np.concatenate([radius[at], link_radius]),
        kind=np.concatenate([vessels.kind[at], np.full(len(links), CAPILLARY, np.uint8)]) + np.uint8(1),
        branch=np.concatenate([vessels.branch[at], vessels.branch.max(initial=-1) + 1 + links]).astype(np.int32) + 1,
        flow=np.nan_to_num(np.concatenate([vessels.flow_mm3_s[at], np.abs(vessels.link_flow_mm3_s)])),
    )


def _empty(grid: Grid) -> VesselMaps:
    kinds = (np.uint8, np.uint8, np.int32, np.float32, np.uint8, np.float32)
    return VesselMaps(grid, *(np.zeros(grid.shape, kind) for kind in kinds))


def _arrays(maps: VesselMaps) -> tuple[ndarray, ...]:
    return maps.share, maps.kind, maps.branch, maps.radius_mm, maps.centreline, maps.flow_mm3_s


def _along_reference(points: Float64[ndarray, "*n 3"], capsules: Capsules, s: int) -> Float64[ndarray, "*n"]:
    """How far along capsule s its axis is nearest to each point: 0 at its start, 1 at its end."""
    (px, py, pz), (bx, by, bz) = np.moveaxis(points, -1, 0), capsules.end[s] - capsules.start[s]
    square = bx * bx + by * by + bz * bz
    return np.clip((px * bx + py * by + pz * bz) * (1 / square if square > 0 else 0.0), 0.0, 1.0)


def _inside_reference(points: Float64[ndarray, "*n 3"], capsules: Capsules, s: int) -> Bool[ndarray, "*n"]:
    """Which points, from the start of capsule s, lie in it."""
    (px, py, pz), (bx, by, bz) = np.moveaxis(points, -1, 0), capsules.end[s] - capsules.start[s]
    along = _along_reference(points, capsules, s)
    radius = capsules.start_radius[s] + along * (capsules.end_radius[s] - capsules.start_radius[s])
    square = bx * bx + by * by + bz * bz
    dot, far = px * bx + py * by + pz * bz, px * px + py * py + pz * pz
    return far - along * (2 * dot - along * square) <= radius * radius


def _crossed_reference(corner: Float64[ndarray, "x y z 3"], spacing: ndarray, capsules: Capsules, s: int) -> ndarray:
    """Voxels that the axis of capsule s runs through: it enters the last pair of faces before it leaves the first."""
    start, step = capsules.start[s], capsules.end[s] - capsules.start[s]
    enter, leave = np.zeros(corner.shape[:3]), np.ones(corner.shape[:3])
    for axis in range(3):
        low, high = corner[..., axis] - start[axis], corner[..., axis] + spacing[axis] - start[axis]
        if step[axis] == 0:
            outside = (low > 0) | (high <= 0)
            enter = np.where(outside, 2.0, enter)
        else:
            a, b = low / step[axis], high / step[axis]
            enter, leave = np.maximum(enter, np.minimum(a, b)), np.minimum(leave, np.maximum(a, b))
    return enter <= leave


def _binned(capsules: Capsules, spacing: ndarray, tiles: ndarray) -> tuple[ndarray, ndarray]:
    """The capsules that reach each tile: those of tile t are members[first[t] : first[t + 1]], in ascending order."""
    reach = np.maximum(capsules.start_radius, capsules.end_radius)[:, None]
    low = np.floor((np.minimum(capsules.start, capsules.end) - reach) / spacing / TILE).astype(np.int64)
    high = np.floor((np.maximum(capsules.start, capsules.end) + reach) / spacing / TILE).astype(np.int64)
    return _bin(np.maximum(low, 0), np.minimum(high, tiles - 1), tiles)


@njit(cache=True)
def _bin(low, high, tiles):
    first = np.zeros(tiles[0] * tiles[1] * tiles[2] + 1, np.int64)
    for s in range(len(low)):
        for i in range(low[s, 0], high[s, 0] + 1):
            for j in range(low[s, 1], high[s, 1] + 1):
                for k in range(low[s, 2], high[s, 2] + 1):
                    first[(i * tiles[1] + j) * tiles[2] + k + 1] += 1
    first = np.cumsum(first)
    room = first[:-1].copy()
    members = np.empty(first[-1], np.int64)
    for s in range(len(low)):
        for i in range(low[s, 0], high[s, 0] + 1):
            for j in range(low[s, 1], high[s, 1] + 1):
                for k in range(low[s, 2], high[s, 2] + 1):
                    tile = (i * tiles[1] + j) * tiles[2] + k
                    members[room[tile]] = s
                    room[tile] += 1
    return first, members


@njit(cache=True, parallel=True, error_model="numpy")
def _fill(
    start,
    end,
    start_radius,
    end_radius,
    kind,
    branch,
    flow,
    spacing,
    tiles,
    first,
    members,
    share_map,
    kind_map,
    branch_map,
    radius_map,
    centreline_map,
    flow_map,
):
    sx, sy, sz = spacing
    half = 0.5 * np.sqrt(sx * sx + sy * sy + sz * sz)
    full = np.uint64(0xFFFFFFFFFFFFFFFF)
    for tile in prange(tiles[0] * tiles[1] * tiles[2]):
        if first[tile] == first[tile + 1]:
            continue
        i0 = TILE * (tile // (tiles[1] * tiles[2]))
        j0 = TILE * (tile // tiles[2] % tiles[1])
        k0 = TILE * (tile % tiles[2])
        ni, nj, nk = (
            min(TILE, share_map.shape[0] - i0),
            min(TILE, share_map.shape[1] - j0),
            min(TILE, share_map.shape[2] - k0),
        )
        bits = np.zeros((ni, nj, nk), np.uint64)
        most = np.zeros((ni, nj, nk), np.uint8)
        for member in range(first[tile], first[tile + 1]):
            s = members[member]
            ax, ay, az = start[s, 0], start[s, 1], start[s, 2]
            bx, by, bz = end[s, 0] - ax, end[s, 1] - ay, end[s, 2] - az
            square = bx * bx + by * by + bz * bz
            inverse = 1 / square if square > 0 else 0.0
            ra, dr = start_radius[s], end_radius[s] - start_radius[s]
            reach = max(ra, ra + dr)
            near = (reach + half) * (reach + half)
            ia, ib = _span(ax, bx, reach, sx, i0, ni)
            ja, jb = _span(ay, by, reach, sy, j0, nj)
            ka, kb = _span(az, bz, reach, sz, k0, nk)
            for i in range(ia, ib):
                x = (i0 + i) * sx
                for j in range(ja, jb):
                    y = (j0 + j) * sy
                    for k in range(ka, kb):
                        z = (k0 + k) * sz
                        px, py, pz = x + 0.5 * sx, y + 0.5 * sy, z + 0.5 * sz
                        t = min(max(((px - ax) * bx + (py - ay) * by + (pz - az) * bz) * inverse, 0.0), 1.0)
                        dx, dy, dz = px - ax - t * bx, py - ay - t * by, pz - az - t * bz
                        d = dx * dx + dy * dy + dz * dz
                        if d > near:
                            continue
                        radius = ra + t * dr
                        deep = radius - abs(dr) * half * np.sqrt(inverse) - half
                        if deep > 0 and d < deep * deep:
                            inside = full
                        else:
                            inside = _points_inside(
                                x - ax, y - ay, z - az, sx, sy, sz, bx, by, bz, square, inverse, ra, dr
                            )
                        if inside != 0:
                            bits[i, j, k] |= inside
                            count = _count(inside)
                            if count > most[i, j, k]:
                                most[i, j, k] = count
                                kind_map[i0 + i, j0 + j, k0 + k] = kind[s]
                                branch_map[i0 + i, j0 + j, k0 + k] = branch[s]
                                radius_map[i0 + i, j0 + j, k0 + k] = radius
                                flow_map[i0 + i, j0 + j, k0 + k] = flow[s]
                        if d <= half * half and _crossed(x, y, z, sx, sy, sz, ax, ay, az, bx, by, bz):
                            centreline_map[i0 + i, j0 + j, k0 + k] = 1
        for i in range(ni):
            for j in range(nj):
                for k in range(nk):
                    if most[i, j, k]:
                        count = _count(bits[i, j, k])
                        share_map[i0 + i, j0 + j, k0 + k] = (255 * count + POINTS**3 // 2) // POINTS**3


@njit(cache=True, inline="always")
def _span(a, b, reach, spacing, offset, count):
    """Voxels of a tile, along one axis, that a capsule can touch."""
    low = int(np.floor((min(a, a + b) - reach) / spacing)) - offset
    high = int(np.floor((max(a, a + b) + reach) / spacing)) + 1 - offset
    return max(low, 0), min(high, count)


@njit(cache=True, error_model="numpy")
def _points_inside(x, y, z, sx, sy, sz, bx, by, bz, square, inverse, ra, dr):
    """One bit for each of the voxel's points that lies in the capsule; x, y, z from its start to the voxel's corner.

    With p from the start to the point, b the axis and t how far along it the point lies, |p - t b|^2 is
    |p|^2 - t (2 p.b - t b.b).
    """
    inside = np.uint64(0)
    z0, z1, z2, z3 = z + 0.125 * sz, z + 0.375 * sz, z + 0.625 * sz, z + 0.875 * sz
    for i in range(POINTS):
        px = x + (i + 0.5) / POINTS * sx
        for j in range(POINTS):
            py = y + (j + 0.5) / POINTS * sy
            dot, far = px * bx + py * by, px * px + py * py
            row = (
                _within(dot + z0 * bz, far + z0 * z0, square, inverse, ra, dr)
                | _within(dot + z1 * bz, far + z1 * z1, square, inverse, ra, dr) << np.uint64(1)
                | _within(dot + z2 * bz, far + z2 * z2, square, inverse, ra, dr) << np.uint64(2)
                | _within(dot + z3 * bz, far + z3 * z3, square, inverse, ra, dr) << np.uint64(3)
            )
            inside |= row << np.uint64(POINTS * (POINTS * i + j))
    return inside


@njit(cache=True, inline="always")
def _within(dot, far, square, inverse, ra, dr):
    t = min(max(dot * inverse, 0.0), 1.0)
    radius = ra + t * dr
    return np.uint64(far - t * (2 * dot - t * square) <= radius * radius)


@njit(cache=True, inline="always")
def _count(word):
    """Bits that are set (Wegner's sums of pairs, nibbles, bytes)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.uint8((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True)
def _crossed(x, y, z, sx, sy, sz, ax, ay, az, bx, by, bz):
    enter, leave = 0.0, 1.0
    for low, size, a, b in ((x, sx, ax, bx), (y, sy, ay, by), (z, sz, az, bz)):
        p, q = low - a, low + size - a
        if b == 0:
            if p > 0 or q <= 0:
                return False
        else:
            p, q = p / b, q / b
            enter, leave = max(enter, min(p, q)), min(leave, max(p, q))
    return enter <= leave
