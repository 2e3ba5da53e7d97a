"""A beating heart as a motion of plain numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from phantoms.heartbeat.chambers import (
    ATRIA,
    GIVES_MM,
    HEIGHT_MM,
    LEFT,
    MUSCLE,
    OTHER,
    RADIUS_MM,
    RIGHT,
    STIFF,
    TURNS,
    Cylinder,
)
from phantoms.heartbeat.kinematics import arrived, carried, drawn_in
from phantoms.heartbeat.rhythm import Rhythm
from phantoms.heartbeat.segments import segments
from simdata import Grid
from simdata.motion import Motion, Points
from simdata.motion_block import over_block

BEFORE_BONE_MM = 1.5
SMOOTH = (5.0, 3.0)
"""Of where the motion ends: standard deviation in heights and rays."""
ATRIA_FILL = 0.55
"""Of what both ventricles throw out that the atria take up meanwhile (reservoir; from memory)."""
USUAL_EJECTION = 0.62
"""With which a heart shortens and twists as its fields say; with another in proportion."""
LEAST_LEFT, LEAST_RIGHT = 0.02, 0.2
CORRECTED = np.isin(np.arange(STIFF + 1), (LEFT, RIGHT, MUSCLE))
LEAST = np.zeros(STIFF + 1)
LEAST[[LEFT, RIGHT]] = LEAST_LEFT, LEAST_RIGHT
CORRECTIONS, CLOSE = 6, 6e-4
"""Of volumes, relative: so often at most, until all are so close."""
RESPONDS = np.ones(STIFF + 1)
RESPONDS[[LEFT, RIGHT, MUSCLE]] = 0.93, 0.78, 0.66
"""The share of a correction of each volume that arrives, as found in some hearts."""
SPARSE, NEAR_MM = 4, 0.25
"""Every fourth place, evenly in all directions, tells what has become of a volume, from so far around it. Volumes so
found differ by up to 0.4 % from those of all places; every second along each axis would err by 0.7 %."""
ROUGH = (1.2, 1.2)
"""Standard deviation, in heights and rays, with which the table is smoothed over the steps of voxels."""
ENDS_MM, OVER_MM, LEAST_RING = 3.0, 8.0, 0.08
"""Over so many mm a ray comes to rest, and the heart over its roof and apex; so much is left of any ring of a ray."""
PHASES = 64


@dataclass(frozen=True, eq=False)
class Phase:
    """One state of the heart: how far the valve plane has gone, the twist at base and apex (rays), and the table Q."""

    down_mm: float
    twist: Float64[ndarray, " 2"]
    table: Float64[ndarray, "h t r"]


@dataclass(frozen=True)
class Beat(Motion):
    """The heart beats as a closed map along the axis of its left ventricle; see `kinematics`.

    heart: fields of a `chambers.Cylinder`. onsets_s, repeats: of a `rhythm.Rhythm`. ejection_fraction: of `end_ml`, the
    volume at the end of diastole. shortening: of base to apex at the end of systole. twist_deg: of base and apex,
    counter-clockwise as seen from the apex. motion_scales: by segment 1 to 17, 1 where the wall moves as usual.
    """

    heart: tuple
    onsets_s: tuple[float, ...]
    repeats: bool
    ejection_fraction: float
    end_ml: float
    shortening: float
    twist_deg: tuple[float, float]
    motion_scales: tuple[float, ...]

    @property
    def period_s(self) -> float:
        return self.onsets_s[-1] - self.onsets_s[0] if self.repeats else 0.0

    def state(self, t_s: float) -> Mapping[str, float]:
        return {"stroke_share": self.share(t_s), "left_ventricle_ml": self.volume_ml(t_s)}

    def share(self, t_s: float) -> float:
        """Share of the stroke volume that is out."""
        return Rhythm(self.onsets_s, self.repeats).at(t_s)

    def volume_ml(self, t_s: float) -> float:
        """Volume of the left ventricle's cavity."""
        return self.end_ml * (1 - self.ejection_fraction * self.share(t_s))

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._carried(points_mm, t_s, True)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._carried(points_mm, t_s, False)

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self._carried(points_mm, t_s, True))

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self._carried(points_mm, t_s, False))

    def block(self, grid: Grid) -> tuple[slice, slice, slice]:
        return self._chest.block(grid)

    def _carried(self, points_mm: Points, t_s: float, back: bool) -> Points:
        phase = self._phase(round(self.share(t_s), 6))
        flat = np.ascontiguousarray(points_mm, np.float64).reshape(-1, 3)
        if phase is None:
            return flat.reshape(np.shape(points_mm)).copy()
        own = self._chest
        moved = carried(
            flat,
            own.origin,
            own.axes,
            own.first_mm,
            own.levels,
            phase.twist,
            phase.down_mm,
            own.outer,
            phase.table,
            back,
        )
        return moved.reshape(np.shape(points_mm))

    @cached_property
    def _chest(self) -> "Surroundings":
        return surroundings(Cylinder(*self.heart))

    def _phase(self, share: float) -> Phase | None:
        at_rest = self.end_ml == Cylinder(*self.heart).cavity_ml
        return None if at_rest and share == 0 else _phase(self._still, share)

    @cached_property
    def _still(self) -> "Beat":
        """The same heart at another time is the same: what phases are kept by."""
        return Beat(
            self.heart, (), False, self.ejection_fraction, self.end_ml, self.shortening, self.twist_deg,
            self.motion_scales,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Probes:
    """Classes of n places of a heart, how far from its axis they lie, and points on either side along x, y and z."""

    kinds: Int[ndarray, " n"]
    radii_mm: Float64[ndarray, " n"]
    points_mm: Float64[ndarray, "m 3"]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A heart unpacked, and how far around it tissue moves. outer: mm; ends: rings, both by height and ray.

    segments: AHA segment of each (height, ray), 0 over the valve plane.
    """

    classes: ndarray
    origin: Float64[ndarray, " 3"]
    axes: Float64[ndarray, "3 3"]
    first_mm: float
    levels: Float64[ndarray, " 3"]
    outer: Float64[ndarray, "h t"]
    ends: Int[ndarray, "h t"]
    segments: Int[ndarray, "h t"]

    @cached_property
    def probes(self) -> Probes:
        """Places among those whose volume is held to what is wanted."""
        h, t, k = np.nonzero(CORRECTED[self.classes])
        h, t, k = np.stack([h, t, k])[:, (h + t + 2 * k) % SPARSE == 0]
        r, turn = RADIUS_MM * (k + 0.5), 2 * np.pi / TURNS * t
        points = np.stack([r * np.cos(turn), -r * np.sin(turn), self.first_mm + HEIGHT_MM * h], axis=-1)
        points = points @ self.axes + self.origin
        beside = [points + side * step for step in NEAR_MM * np.eye(3) for side in (1, -1)]
        return Probes(self.classes[h, t, k], r, np.concatenate(beside))

    def moved(self, points_mm: Float64[ndarray, "n 3"], phase: Phase, back: bool = False) -> Float64[ndarray, "n 3"]:
        """Where points of the heart at rest lie in a phase, or from where they came."""
        place = self.origin, self.axes, self.first_mm, self.levels
        return carried(points_mm, *place, phase.twist, phase.down_mm, self.outer, phase.table, back)

    def block(self, grid: Grid) -> tuple[slice, slice, slice]:
        """The voxels among which all lies that moves."""
        height = HEIGHT_MM * (self.classes.shape[0] - 1)
        reach = RADIUS_MM * self.classes.shape[2]
        corners = np.array(
            [
                (x, y, z)
                for x in (-reach, reach)
                for y in (-reach, reach)
                for z in (self.first_mm, self.first_mm + height)
            ]
        )
        index = grid.index(corners @ self.axes + self.origin)
        low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
        high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, grid.shape)
        x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return x, y, z


@lru_cache(maxsize=2)
def surroundings(heart: Cylinder) -> Surroundings:
    """What moves with a heart: all to GIVES_MM around it, but no bone."""
    classes = heart.classes()
    stiff = classes == STIFF
    own = (classes != OTHER) & ~stiff
    radii = classes.shape[2]
    bone = np.where(stiff.any(axis=2), stiff.argmax(axis=2), radii) * RADIUS_MM - BEFORE_BONE_MM
    heart_mm = np.where(own.any(axis=2), radii - own[..., ::-1].argmax(axis=2), 0) * RADIUS_MM
    end_mm = np.clip(np.minimum(bone, heart_mm + GIVES_MM), 0, (radii - 1) * RADIUS_MM)
    smooth = _smooth(_narrowest(end_mm), SMOOTH)
    levels = np.array([heart.base_mm, heart.apex_mm, heart.roof_mm])
    ends = (end_mm / RADIUS_MM).astype(int)
    return Surroundings(
        classes,
        np.array(heart.origin_mm),
        np.array(heart.axes),
        heart.first_mm,
        levels,
        np.maximum(smooth, 1.0),
        ends,
        segments(heart),
    )


@lru_cache(maxsize=PHASES)
def _phase(still: Beat, share: float) -> Phase:
    """The heart when this share of its stroke volume is out."""
    heart = Cylinder(*still.heart)
    own = surroundings(heart)
    left = still.end_ml / heart.cavity_ml * (1 - still.ejection_fraction * share)
    out_ml = heart.cavity_ml * (1 - left)
    was_ml = [_volume_ml(own.classes == kind) for kind in range(STIFF + 1)]
    wanted = np.ones(STIFF + 1)
    wanted[LEFT] = left
    wanted[RIGHT] = max(1 - out_ml / max(was_ml[RIGHT], 1.0), LEAST_RIGHT)
    wanted[ATRIA] = 1 + 2 * ATRIA_FILL * out_ml / max(was_ml[ATRIA], 1.0)

    strength = out_ml / (USUAL_EJECTION * heart.cavity_ml)
    down = still.shortening * strength * (heart.apex_mm - heart.base_mm)
    twist = -np.array(still.twist_deg) * strength * TURNS / 360  # rays go clockwise as seen from the apex
    scales = _smooth(np.append(1.0, still.motion_scales)[own.segments], (2.0, 2.0))
    places = arrived(own.classes, own.first_mm, own.levels, twist, down, own.outer, own.ends, scales)
    gains, phase = wanted.copy(), Phase(0.0, twist, np.zeros((0, 0, 0)))
    for _ in range(CORRECTIONS):
        table = drawn_in(*places, own.ends, gains)
        phase = Phase(down, twist, _even(table, own.ends))
        off = np.where(CORRECTED, wanted - _became(own, phase), 0.0)
        if np.abs(off).max() < CLOSE:
            break
        gains = np.maximum(gains + off / RESPONDS, LEAST)
    return phase


def _became(own: Surroundings, phase: Phase) -> Float64[ndarray, " kinds"]:
    """What has become of the volume of each class: the mean of det J over its places at rest."""
    probes = own.probes
    there = own.moved(probes.points_mm, phase).reshape(3, 2, -1, 3)
    change = np.linalg.det(np.moveaxis(there[:, 0] - there[:, 1], 0, -1) / (2 * NEAR_MM))
    weights = np.bincount(probes.kinds, probes.radii_mm, STIFF + 1)
    return np.bincount(probes.kinds, probes.radii_mm * change, STIFF + 1) / np.maximum(weights, 1e-9)


def _volume_ml(places: Bool[ndarray, "h t r"]) -> float:
    """Volume of these places of a cylinder."""
    rings = 2 * np.pi / TURNS * HEIGHT_MM * RADIUS_MM**2 * (np.arange(places.shape[2]) + 0.5)
    return float((places * rings).sum()) / 1000


def _smooth(table: Float64[ndarray, "h t *r"], spread: tuple[float, float]) -> Float64[ndarray, "h t *r"]:
    """A table smoothed along heights and around, by normal curves of so many steps."""
    along = gaussian_filter1d(table, spread[0], axis=0, mode="nearest")
    return gaussian_filter1d(along, spread[1], axis=1, mode="wrap")


def _even(table: Float64[ndarray, "h t r1"], ends: Int[ndarray, "h t"]) -> Float64[ndarray, "h t r1"]:
    """The table without the steps of voxels; where a ray ends, before bone, it still ends as it began."""
    k = np.arange(table.shape[2])
    here = 0.5 * (RADIUS_MM * k) ** 2
    fades = np.clip((ends[..., None] - k) * RADIUS_MM / ENDS_MM, 0, 1)
    rings, was = np.diff(here + fades * _smooth(table - here, ROUGH), axis=2), np.diff(here)
    inside = k[:-1] < ends[..., None]
    rings = np.where(inside, np.maximum(rings, LEAST_RING * was), was)
    whole = np.take_along_axis(np.broadcast_to(here, table.shape), ends[..., None], axis=2)
    total = (rings * inside).sum(axis=2, keepdims=True)
    rings *= np.where(inside, whole / np.maximum(total, 1e-9), 1.0)
    height = np.arange(len(table))
    fades = np.clip(np.minimum(height, height[::-1]) * HEIGHT_MM / OVER_MM, 0, 1)[:, None, None]
    rings = was + fades * (rings - was)
    return np.concatenate([np.zeros((*ends.shape, 1)), np.cumsum(rings, axis=2)], axis=2)


def _narrowest(end_mm: Float64[ndarray, "h t"]) -> Float64[ndarray, "h t"]:
    """The least of the neighbours along heights and around."""
    return minimum_filter1d(minimum_filter1d(end_mm, 9, axis=0, mode="nearest"), 7, axis=1, mode="wrap")
