"""What all diseases of vessels share: a place on a vessel, voxels around it, and the flow before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.centrelines import subdivide
from simdata.errors import SceneError, did_you_mean
from simdata.grid import Grid
from simdata.measured import measured
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID, Structure
from simdata.vessels import DUCT, KINDS, NO_HEIR, ROOT, VEIN, Vessels
from vascular.flow import Periphery, circulation

VENOUS_MMHG, CAPILLARY_MMHG, LEAST_DROP_MMHG = 5.0, 30.0, 5.0
"""Beyond the ends of arteries and of veins, and the least pressure drop from an end to there (memory)."""
NEW = -1
"""In place of the row that a new point had before."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """A piece of a vessel. points: (k,) rows from the large end on. along_mm: (k,) from its middle, negative before."""

    points: Int[ndarray, " k"]
    along_mm: Float[ndarray, " k"]


def bed_of(scene: Scene, bed: str, part: str) -> Vessels:
    """The vessels of a bed. Raises SceneError if the patient has none, or they know no flow."""
    if bed not in scene.vessels:
        raise SceneError(f"{part}.bed: found no vessels '{bed}' in this patient; {did_you_mean(bed, scene.vessels)}")
    vessels = scene.vessels[bed]
    if not np.isfinite(vessels.pressure_mmhg[vessels.roots]).all() or np.isnan(vessels.flow_mm3_s[vessels.ends]).any():
        raise SceneError(f"{part}: the vessels of '{bed}' know no flow; vascular.flow.circulation(...).onto() would do")
    return vessels


def stretch(
    vessels: Vessels, length_mm: float, radius_mm: tuple[float, float], point: int | None, part: str, rng: Generator
) -> Stretch:
    """So much of a vessel around `point`, or around a random one with a radius in that range.

    Upstream over the parents, downstream over the widest daughters. Raises SceneError if there is no such place.
    """
    heir, room_mm = vessels.heir, _room_below(vessels)
    middle = point
    if middle is None:
        least, most = radius_mm
        fits = (vessels.radius_mm >= least) & (vessels.radius_mm <= most) & (vessels.parent != ROOT)
        fits &= (room_mm >= length_mm / 2) & (_room_above(vessels) >= length_mm / 2)
        places = np.flatnonzero(fits)
        if not places.size:
            raise SceneError(
                f"{part}: found no vessel of radius {least:g} to {most:g} mm that is {length_mm:g} mm long; a shorter "
                f"length_mm or another radius would do (radii run to {vessels.radius_mm.max():.3g} mm)"
            )
        weight = vessels.length_mm[places].astype(float) + 1e-9
        middle = int(rng.choice(places, p=weight / weight.sum()))
    elif not 0 <= middle < len(vessels):
        raise SceneError(f"{part}.point: found {middle}; 0 to {len(vessels) - 1} would do")

    above, below, at = [middle], [], 0.0
    along = [0.0]
    while at < length_mm / 2 and vessels.parent[above[-1]] != ROOT:
        at += float(vessels.length_mm[above[-1]])
        above.append(int(vessels.parent[above[-1]]))
        along.append(-at)
    at, here = 0.0, middle
    while at < length_mm / 2 and heir[here] != NO_HEIR:
        here = int(heir[here])
        at += float(vessels.length_mm[here])
        below.append(here)
        along.append(at)
    rows = np.array([*above[::-1], *below])
    return Stretch(rows, np.array([*along[: len(above)][::-1], *along[len(above) :]]))


def finer(
    vessels: Vessels,
    length_mm: float,
    steps: int,
    radius_mm: tuple[float, float],
    point: int | None,
    part: str,
    rng: Generator,
) -> tuple[Vessels, int, Stretch]:
    """The vessels with so much of one in so many pieces, the row of its middle, and the piece. See `stretch`."""
    coarse = stretch(vessels, length_mm, radius_mm, point, part, rng)
    middle = int(coarse.points[np.argmin(abs(coarse.along_mm))])
    fine = subdivide(vessels, coarse.points, length_mm / steps)
    return fine, middle, stretch(fine, length_mm, radius_mm, middle, part, rng)


def after(before: Vessels, changed: Vessels, kept: Int[ndarray, " k"] | None = None) -> Vessels:
    """The changed vessels with the flow that they carry, where what lies beyond the ends stays as it was.

    kept: (k,) the row before of each point that was there, which come first; left out, all of them.
    Roots keep their pressure; beyond each end lies the resistance that let its flow pass before.
    """
    rows = np.arange(len(before)) if kept is None else kept
    origin = np.append(rows, np.full(len(changed) - len(rows), NEW))
    held = np.where(before.parent == ROOT, before.pressure_mmhg, np.nan).astype(float)
    open_end = (before.children == 0) & (before.parent != ROOT)
    open_end[before.links.ravel()] = False
    inward = np.where((before.kind == VEIN) | (before.kind == DUCT), 1, -1)
    entering = np.where(open_end, inward * before.flow_mm3_s.astype(float), 0.0)
    healthy = circulation(before, held, entering)

    leaving = entering <= 0
    low = np.minimum(VENOUS_MMHG, healthy.pressure_mmhg - LEAST_DROP_MMHG)
    high = np.maximum(CAPILLARY_MMHG, healthy.pressure_mmhg + LEAST_DROP_MMHG)
    beyond = np.where(leaving, low, high)
    conductance = np.where(open_end, -entering / (healthy.pressure_mmhg - beyond), 0.0)

    known = origin != NEW
    periphery = Periphery(np.where(known, conductance[origin], 0.0), np.where(known, beyond[origin], 0.0))
    held = np.where(known & (changed.parent == ROOT), held[origin], np.nan)
    return circulation(changed, held, periphery=periphery).onto()


def around(
    grid: Grid, line_mm: Float[ndarray, "k 3"], reach_mm: Float[ndarray, " k"]
) -> tuple[Int[ndarray, "v 3"], Float[ndarray, " v"], Int[ndarray, " v"]]:
    """Voxels nearer to a line than the reach at its nearest point: their indices, distance, and that point.

    At least the one that holds the middle of the line. Raises SceneError if that lies outside the grid.
    """
    middle = np.rint(grid.index(line_mm[len(line_mm) // 2])).astype(int)
    if (middle < 0).any() or (middle >= grid.shape).any():
        raise SceneError(f"the place {line_mm[len(line_mm) // 2].round(1).tolist()} mm lies outside the field of view")
    half = np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1) * reach_mm.max()
    index = grid.index(line_mm)
    low = np.maximum(np.floor(index.min(axis=0) - half), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + half) + 1, grid.shape).astype(int)
    voxels = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    distance, nearest = map(np.asarray, KDTree(line_mm).query(grid.world_mm(voxels)))
    inside = distance <= reach_mm[nearest]
    if not inside.any():
        return middle.reshape(1, 3), np.zeros(1), np.array([len(line_mm) // 2])
    return voxels[inside], distance[inside], nearest[inside]


def with_finding(
    scene: Scene,
    vessels: Mapping[str, Vessels],
    voxels: Int[ndarray, "v 3"],
    kind: str,
    tissue: str | None,
    meaning: tuple[str, str],
    text: str,
) -> Scene:
    """The patient with changed vessels, a structure painted where the disease is, and its entry in the findings.

    tissue: what it is made of, or None for that of its host. meaning: SNOMED-CT code and name.
    """
    mask: Bool[ndarray, "x y z"] = np.zeros(scene.grid.shape, bool)
    mask[tuple(voxels.T)] = True
    ids, counts = np.unique(scene.labels[mask], return_counts=True)
    if not ids.any():
        raise SceneError(f"{kind}: its place lies in no structure of the patient; a vessel inside the body would do")
    host = scene.structures[int(ids[np.argmax(np.where(ids > 0, counts, 0))])]
    number = len(scene.findings)
    id = FIRST_FINDING_ID + number
    made = Structure(
        id, f"{kind}_{number + 1}", host.id, tissue or host.tissue, host.laterality, *meaning, (255, 210, 0)
    )
    found = measured(voxels, scene.grid, kind, id, host.name, text)
    return replace(
        scene.paint(mask, made),
        vessels=MappingProxyType({**scene.vessels, **vessels}),
        findings=(*scene.findings, found),
    )


def share_of_flow(before: Vessels, now: Vessels, point: int) -> float:
    """Flow through a point's segment, as a share of what it was."""
    return float(abs(now.flow_mm3_s[point]) / max(abs(before.flow_mm3_s[point]), np.finfo(np.float32).tiny))


def spoken(vessels: Vessels, point: int) -> str:
    """A vessel as one names it by its calibre: "3.1 mm artery"."""
    return f"{2 * vessels.radius_mm[point]:.2g} mm {KINDS[vessels.kind[point]]}"


def _room_below(vessels: Vessels) -> Float[ndarray, " n"]:
    """(n,) mm from each point to the end over the widest daughters."""
    heir, room = vessels.heir, np.zeros(len(vessels))
    for level in reversed(vessels.levels):
        on = level[heir[level] != NO_HEIR]
        room[on] = room[heir[on]] + vessels.length_mm[heir[on]]
    return room


def _room_above(vessels: Vessels) -> Float[ndarray, " n"]:
    """(n,) mm from each point to its root."""
    room = np.zeros(len(vessels))
    for level in vessels.levels[1:]:
        room[level] = room[vessels.parent[level]] + vessels.length_mm[level]
    return room
