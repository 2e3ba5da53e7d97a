"""The anatomy that breathing moves, at a few millimetres: what each node is made of, and how each rib runs."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d

from simdata import Scene, SceneError, structure
from simdata.scene import present_ids

AIR, LUNG, RIBS, FIXED, WALL, INSIDE, ORGAN = range(7)
"""What a node can be; from ORGAN on one number for each row of the table that has a share."""
PARTS = {"lung": LUNG, "ribs": RIBS, "fixed": FIXED, "wall": WALL, "inside": INSIDE, "organ": ORGAN}
NODES_ACROSS = 48
"""Nodes across the widest lungs; never closer than FINEST_MM nor farther apart than COARSEST_MM."""
FINEST_MM, COARSEST_MM = 2.5, 6.0
ABOVE_MM, BELOW_MM, AROUND_MM, SKIN_MM = 60.0, 260.0, 130.0, 15.0
"""How far the lattice reaches over the lungs, under them and at most around them, in an adult whose lungs are 280 mm
wide; and how far over the skin."""
ADULT_MM = 280.0
TURNS = 13
"""Angles at which the height of a rib is told, from the front (0) to the back (180 degrees)."""
SIDES = ("right", "left")
FEWEST_RIBS = 6


@cache
def table() -> tuple[tuple[str, int, float], ...]:
    """Pattern of a structure's name, what its nodes are, and its share of the diaphragm's way (1 to 0, else NaN)."""
    text = (files("phantoms") / "tables" / "breathing.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return tuple((r["structure"], PARTS[r["part"]], float(r["follows"]) if r["follows"] else np.nan) for r in rows)


@cache
def shares() -> tuple[float, ...]:
    """The shares of the diaphragm's way that occur: node ORGAN + n has the n-th."""
    return tuple(sorted({follows for _, _, follows in table() if follows == follows}))


@dataclass(frozen=True, eq=False)
class Coarse:
    """A body at rest.

    nodes: (a, b, c) what lies every `step_mm` from `first_mm`. ribs: (2, 12, 3 + TURNS) right and left, first to
    twelfth: its neck, mm, and its height at angles from front to back, mm; NaN where there is none. sternum: middle of
    it, x and y, its lowest and highest z, mm. axis: x and y of the line about which angles are told, mm. crest: highest
    z of the hips, mm, or the lowest of the lattice.
    """

    nodes: UInt8[ndarray, "a b c"]
    first_mm: Float[ndarray, " 3"]
    step_mm: float
    ribs: Float[ndarray, "2 12 m"]
    sternum_mm: tuple[float, float, float, float]
    axis_mm: tuple[float, float]
    crest_mm: float

    def points_mm(self) -> Float[ndarray, "a b c 3"]:
        """RAS+ mm of every node."""
        return self.first_mm + self.step_mm * np.moveaxis(np.indices(self.nodes.shape), 0, -1)


def coarse(scene: Scene) -> Coarse:
    """The anatomy of a patient at rest. Raises SceneError where there are no lungs, no spine or too few ribs."""
    code = _codes(scene)
    lungs_mm = _places(scene, code == LUNG)
    if len(lungs_mm) == 0:
        raise SceneError("Breathing: the patient has no lungs on this grid; a field of view with the chest would do")
    low, high = lungs_mm.min(axis=0), lungs_mm.max(axis=0)
    size = (high[0] - low[0]) / ADULT_MM
    step_mm = float(np.clip((high[0] - low[0]) / NODES_ACROSS, FINEST_MM, COARSEST_MM))
    low = low - np.array([AROUND_MM, AROUND_MM, BELOW_MM]) * size
    high = high + np.array([AROUND_MM, AROUND_MM, ABOVE_MM]) * size
    body_mm = _places(scene, code != AIR, 4)
    body_mm = body_mm[((body_mm > low) & (body_mm < high)).all(axis=1)]
    sides = np.array([1, 1, 0]) * SKIN_MM
    low = np.maximum(low, np.where(sides, body_mm.min(axis=0) - sides, low))
    high = np.minimum(high, np.where(sides, body_mm.max(axis=0) + sides, high))
    shape = np.ceil((high - low) / step_mm).astype(int) + 1
    first_mm = np.round(low, 1)
    nodes = _sampled(scene, code, first_mm, step_mm, shape)
    hips_mm = _places(scene, _is(f"hip_{side}" for side in SIDES))
    crest_mm = float(np.round(hips_mm[:, 2].max() if len(hips_mm) else low[2], 1))
    middle = lungs_mm.mean(axis=0)
    axis_mm = (float(np.round(middle[0], 1)), float(np.round(middle[1], 1)))
    return Coarse(nodes, first_mm, step_mm, _ribs(scene, axis_mm), _sternum(scene), axis_mm, crest_mm)


def angles_deg(points_mm: Float[ndarray, "*n 3"], axis_mm: tuple[float, float]) -> Float[ndarray, "*n"]:
    """Angle about the axis: 0 in front, 180 behind, on either side."""
    return np.degrees(np.arctan2(np.abs(points_mm[..., 0] - axis_mm[0]), points_mm[..., 1] - axis_mm[1]))


def _codes(scene: Scene) -> UInt8[ndarray, " ids"]:
    """What the nodes of each label are."""
    codes = np.zeros(1 << 16, np.uint8)
    for id in present_ids(scene.labels):
        if id:
            codes[id] = _code(scene.lineage(id))
    return codes


def _code(names: list[str]) -> int:
    for pattern, part, follows in table():
        if any(fnmatchcase(name, pattern) for name in names):
            return part + shares().index(follows) if part == ORGAN else part
    raise AssertionError(names)


def _is(names: Iterable[str]) -> Bool[ndarray, " ids"]:
    """Which labels are those of these structures."""
    belongs = np.zeros(1 << 16, bool)
    belongs[[structure(name).id for name in names]] = True
    return belongs


def _places(scene: Scene, belongs: ndarray, every: int = 2) -> Float[ndarray, "n 3"]:
    """RAS+ mm of every second voxel along each axis whose label belongs."""
    labels = scene.labels[::every, ::every, ::every]
    return scene.grid.world_mm(every * np.argwhere(belongs[labels]))


def _sampled(scene: Scene, codes, first_mm, step_mm: float, shape: Int[ndarray, " 3"]) -> UInt8[ndarray, "a b c"]:
    """The code at each node; beyond the field of view as at its rim."""
    nodes_mm = first_mm + step_mm * np.moveaxis(np.indices(tuple(shape)), 0, -1)
    index = np.rint(scene.grid.index(nodes_mm)).astype(np.int64)
    index = np.clip(index, 0, np.array(scene.grid.shape) - 1)
    return codes[scene.labels[index[..., 0], index[..., 1], index[..., 2]]]


def _ribs(scene: Scene, axis_mm: tuple[float, float]) -> Float[ndarray, "2 12 m"]:
    """Neck and heights of each rib. The neck: the eighth of a rib that lies nearest to the middle, behind.

    Upper ribs whose necks lie over the grid are as far over the next ones as these over theirs.
    """
    up = int(np.argmax(np.abs(scene.grid.affine[2, :3])))
    ends = (0, scene.grid.shape[up] - 1)
    found = np.full((2, 12, 3 + TURNS), np.nan)
    turns = np.linspace(0, 180, TURNS)
    for s, side in enumerate(SIDES):
        for n in range(12):
            voxels = np.argwhere(scene.labels == structure(f"rib_{side}_{n + 1}").id)
            if len(voxels) < 20:
                continue
            points = scene.grid.world_mm(voxels)
            along = np.abs(points[:, 0] - axis_mm[0]) - 0.5 * (points[:, 1] - points[:, 1].min())
            along += np.where(points[:, 1] > axis_mm[1], 1e3, 0)
            back = along <= np.quantile(along, 0.12)
            neck = points[back].mean(axis=0)
            if neck[1] > axis_mm[1] or np.isin(voxels[back, up], ends).any():
                continue
            angle = angles_deg(points, axis_mm)
            near = np.abs(angle[:, None] - turns) < 90 / (TURNS - 1)
            heights = [points[near[:, t], 2].mean() if near[:, t].sum() > 3 else np.nan for t in range(TURNS)]
            known = np.flatnonzero(np.isfinite(heights))
            heights = np.interp(turns, turns[known], np.array(heights)[known])
            found[s, n] = np.round([*neck, *gaussian_filter1d(heights, 1.0, mode="nearest")], 1)
    counts = np.isfinite(found[..., 0]).sum(axis=1)
    if counts.min() < FEWEST_RIBS:
        raise SceneError(
            f"Breathing: found {counts[0]} ribs on the right and {counts[1]} on the left; at least {FEWEST_RIBS} on "
            "either side would do"
        )
    for side in found:
        for n in range(int(np.flatnonzero(np.isfinite(side[:, 0]))[0]) - 1, -1, -1):
            side[n] = side[n + 1]
            side[n, 2:] += side[n + 1, 2] - side[n + 2, 2]
    return found


def _sternum(scene: Scene) -> tuple[float, float, float, float]:
    points = _places(scene, _is(["sternum"]), 1)
    if len(points) == 0:
        raise SceneError("Breathing: the patient has no sternum on this grid; a field of view with it would do")
    x, y = points[:, :2].mean(axis=0).round(1).tolist()
    low, high = float(points[:, 2].min().round(1)), float(points[:, 2].max().round(1))
    return x, y, low, high
