"""Oxygen from blood to tissue: blood loses it on its way, tissue burns it, diffusion evens it out.

Blood: content C = c S(P) H + a P; what flows in less what flows out of a segment leaves through its wall.
Tissue: K lap P + sources = M(P), M = M0 P / (P + Pcrit). Both are solved in turns until they agree.
Units: mmHg, mm, s, and ml of oxygen at standard conditions per mm3. Popel 1989, Crit Rev Biomed Eng 17: 257.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32
from numba import njit
from numpy import ndarray
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import cg

from simdata.blood import HALF_SATURATION_MMHG, HILL, saturation
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.vessels import Vessels
from vascular.flow import tubes_of
from vascular.rheology import downstream

BOUND_ML_MM3 = 0.5e-3
"""Oxygen that fully saturated red cells hold, ml per mm3 of cells: 0.34 g of haemoglobin per ml, 1.39 ml/g, about 0.5
(memory)."""
DISSOLVED_ML_MM3_MMHG = 3.1e-8
"""Solubility in plasma, ml/mm3/mmHg: 3.1e-5 ml/ml/mmHg (memory)."""
KROGH_ML_MM_S_MMHG = 6.0e-10 / 10
"""Krogh's coefficient of tissue: 6e-10 ml/cm/s/mmHg (Secomb 2004, Ann Biomed Eng 32: 1519) (memory)."""
CRITICAL_MMHG = 1.0
"""Pressure at which tissue burns half of what it would (memory)."""
WELL = 0.2
"""A voxel's mean pressure is that at this share of its edge from a line source. Peaceman 1978, SPE J 18: 183."""
TURNS, SETTLED_MMHG, HALFWAY = 300, 0.005, 0.5


@dataclass(frozen=True, eq=False)
class Oxygen:
    """Oxygen in vessels and tissue. vessels: with oxygen_mmhg. tissue_mmhg: (x, y, z), 0 outside the tissue.

    consumed_ml_s, delivered_ml_s: by the tissue, and through the walls; equal when settled. turns: how many it took.
    """

    vessels: Vessels
    tissue_mmhg: Float32[ndarray, "x y z"]
    consumed_ml_s: float
    delivered_ml_s: float
    turns: int


def content(mmhg: Float[ndarray, "*n"], haematocrit: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
    """Oxygen in blood, ml/mm3."""
    return BOUND_ML_MM3 * haematocrit * saturation(mmhg) + DISSOLVED_ML_MM3_MMHG * mmhg


def supply(
    vessels: Vessels,
    tissue: Bool[ndarray, "x y z"],
    grid: Grid,
    demand_ml_mm3_s: float,
    inlet_mmhg: float = 95.0,
) -> Oxygen:
    """Oxygen along vessels with known flow and haematocrit, and in the tissue on a grid of cubic voxels.

    demand_ml_mm3_s: what tissue burns where it has plenty, ml/mm3/s; 8e-7 for grey matter at 5 ml/100 ml/min.
    A segment feeds the voxel of its middle, so none may be longer than two voxels.
    Raises SceneError if the vessels know no flow, a segment is longer, or the voxels are no cubes.
    """
    _check(vessels, tissue, grid)
    tubes = _tubes(vessels, tissue, grid)
    inside = np.flatnonzero(tissue.ravel())
    number = np.full(tissue.size, -1)
    number[inside] = np.arange(len(inside))
    voxel, wall = number[tubes.voxel], tubes.wall * (number[tubes.voxel] >= 0)
    voxel = np.maximum(voxel, 0)
    spread = KROGH_ML_MM_S_MMHG * grid.spacing_mm[0] * _laplacian(number.reshape(tissue.shape), len(inside))
    most = demand_ml_mm3_s * grid.voxel_mm3

    order = downstream(tubes.first, tubes.tube, tubes.upstream, tubes.flow)
    pressure = np.full(len(inside), inlet_mmhg / 2)
    through, turns, moved = np.bincount(voxel, wall, len(inside)), 0, np.inf
    blood = _along(order, tubes, wall, pressure[voxel], inlet_mmhg)
    while moved > SETTLED_MMHG and turns < TURNS:
        burnt = most / (pressure + CRITICAL_MMHG)
        matrix = spread + diags(through + burnt)
        drive = np.bincount(voxel, wall * blood.wall_mmhg, len(inside))
        found, _ = cg(matrix, drive, pressure, rtol=1e-8, M=diags(1 / matrix.diagonal()))
        step = HALFWAY * (np.maximum(found, 0) - pressure)
        pressure = pressure + step
        blood = _along(order, tubes, wall, pressure[voxel], inlet_mmhg)
        moved, turns = float(abs(step).max()), turns + 1

    field = np.zeros(tissue.size, np.float32)
    field[inside] = pressure
    return Oxygen(
        vessels=replace(vessels, oxygen_mmhg=blood.point_mmhg.astype(np.float32)),
        tissue_mmhg=field.reshape(tissue.shape),
        consumed_ml_s=float((most * pressure / (pressure + CRITICAL_MMHG)).sum()),
        delivered_ml_s=float(blood.lost_ml_s.sum()),
        turns=turns,
    )


@dataclass(frozen=True, eq=False)
class _Tubes:
    """Segments, then links, with flow. wall: ml/s/mmHg from blood to the mean of the voxel that its middle lies in."""

    flow: ndarray
    haematocrit: ndarray
    upstream: ndarray
    downstream: ndarray
    first: ndarray
    tube: ndarray
    voxel: ndarray
    wall: ndarray


@dataclass(frozen=True, eq=False)
class _Blood:
    point_mmhg: ndarray
    wall_mmhg: ndarray
    lost_ml_s: ndarray


def _check(vessels: Vessels, tissue: ndarray, grid: Grid) -> None:
    own = vessels.segments
    for name in ("flow_mm3_s", "haematocrit"):
        unknown = np.flatnonzero(~np.isfinite(getattr(vessels, name)[own]))
        if unknown.size:
            raise SceneError(
                f"oxygen.supply: point {own[unknown[0]]} has no {name}; vascular.flow.circulation(...).onto() would do"
            )
    if not np.allclose(grid.spacing_mm, grid.spacing_mm[0], rtol=1e-3):
        raise SceneError(f"oxygen.supply: found voxels of {grid.spacing_mm} mm; cubes would do")
    longest = vessels.length_mm.max(initial=0.0)
    if longest > 2 * grid.spacing_mm[0]:
        raise SceneError(
            f"oxygen.supply: found a segment of {longest:.3g} mm on voxels of {grid.spacing_mm[0]:g} mm; "
            f"simdata.centrelines.resample(vessels, {grid.spacing_mm[0]:g}) would do"
        )
    if not tissue.any():
        raise SceneError("oxygen.supply: the tissue has no voxel; a mask with some would do")


def _tubes(vessels: Vessels, tissue: ndarray, grid: Grid) -> _Tubes:
    own, tubes = vessels.segments, tubes_of(vessels)
    tail, head = tubes.tail, tubes.head
    flow = np.concatenate([vessels.flow_mm3_s[own], vessels.link_flow_mm3_s]).astype(float)
    forward = flow > 0
    middle = (vessels.points_mm[tail] + vessels.points_mm[head]).astype(float) / 2
    index = np.rint(grid.index(middle)).astype(int)
    within = np.logical_and.reduce((index >= 0) & (index < tissue.shape), axis=1)
    voxel = np.asarray(np.ravel_multi_index(tuple(np.where(within[:, None], index, 0).T), tissue.shape))
    away = np.log(np.maximum(WELL * grid.spacing_mm[0] / tubes.radius_mm, 1.2))
    first, tube = tubes.by_point(len(vessels))
    return _Tubes(
        flow=abs(flow),
        haematocrit=np.concatenate([vessels.haematocrit[own], vessels.link_haematocrit]).astype(float),
        upstream=np.where(forward, tail, head),
        downstream=np.where(forward, head, tail),
        first=first,
        tube=tube,
        voxel=voxel,
        wall=2 * np.pi * KROGH_ML_MM_S_MMHG * tubes.length_mm / away * within,
    )


def _laplacian(number: ndarray, size: int) -> coo_matrix:
    """Minus the sum of differences to the six neighbours in the tissue; its outside is a wall."""
    pairs = []
    for axis in range(3):
        along = np.moveaxis(number, axis, 0)
        a, b = along[:-1].ravel(), along[1:].ravel()
        both = (a >= 0) & (b >= 0)
        pairs.append(np.c_[a[both], b[both]])
    joined = np.concatenate(pairs)
    ones = np.ones(len(joined))
    neighbours = coo_matrix((ones, (joined[:, 0], joined[:, 1])), shape=(size, size)).tocsr()
    neighbours = neighbours + neighbours.T
    return diags(np.asarray(neighbours.sum(axis=1)).ravel()) - neighbours


def _along(order: ndarray, tubes: _Tubes, wall: ndarray, outside_mmhg: ndarray, inlet_mmhg: float) -> _Blood:
    found = _carry(
        order, tubes.first, tubes.tube, tubes.upstream, tubes.flow, tubes.haematocrit, wall, outside_mmhg, inlet_mmhg
    )
    return _Blood(*found)


@njit(cache=True)
def _content(mmhg, haematocrit):
    ratio = (max(mmhg, 0.0) / HALF_SATURATION_MMHG) ** HILL
    return BOUND_ML_MM3 * haematocrit * ratio / (1 + ratio) + DISSOLVED_ML_MM3_MMHG * mmhg


@njit(cache=True)
def _pressure(wanted, haematocrit):
    """The pressure at which blood holds so much: halved until it is found."""
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        if _content(middle, haematocrit) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@njit(cache=True)
def _carry(order, first, tube, upstream, flow, haematocrit, wall, outside, inlet_mmhg):
    """Oxygen pressure at points and within tubes, and what each tube loses through its wall.

    At a point the contents that arrive mix; a tube's end holds what its start held less the loss, implicitly at the
    pressure of its end, so that blood never falls below the tissue that it feeds.
    """
    points, inner, lost = np.full(len(first) - 1, np.nan), np.zeros(len(flow)), np.zeros(len(flow))
    end_content = np.zeros(len(flow))
    for p in order:
        arrived, carried, cells = 0.0, 0.0, 0.0
        for k in range(first[p], first[p + 1]):
            t = tube[k]
            if flow[t] > 0 and upstream[t] != p:
                arrived += flow[t]
                carried += flow[t] * end_content[t]
                cells += flow[t] * haematocrit[t]
        if arrived > 0:
            points[p] = _pressure(carried / arrived, cells / arrived)
        else:
            points[p] = inlet_mmhg
        for k in range(first[p], first[p + 1]):
            t = tube[k]
            if upstream[t] != p:
                continue
            if flow[t] <= 0:
                inner[t] = outside[t]
                continue
            start = _content(points[p], haematocrit[t])
            low, high = min(0.0, points[p]), max(points[p], outside[t])
            for _ in range(50):
                middle = (low + high) / 2
                rest = start - _content(middle, haematocrit[t]) - wall[t] / flow[t] * (middle - outside[t])
                if rest > 0:
                    low = middle
                else:
                    high = middle
            inner[t] = (low + high) / 2
            end_content[t] = _content(inner[t], haematocrit[t])
            lost[t] = wall[t] * (inner[t] - outside[t])
    return points, inner, lost
