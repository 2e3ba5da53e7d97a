"""The layout of an eye's fundus: where disc, fovea, arcades and raphe lie, as drawn for one person.

Everything is in the eye's own frame, mm: u towards the nose (the disc), v up, w into the eye's wall; the fovea is the
origin and the inner surface of the retina is w = 0. `as_seen` turns it into the frame of a fundus picture.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import CubicSpline

from simdata.grid import Grid
from simdata.vessels import ARTERY, VEIN, Vessels, merge, vessel_tree
from vascular.angiogenesis import Tissue

Laterality = Literal["right", "left"]

EXTENT_MM = (14.0, 12.0)
"""Size of the fundus that is laid out, u and v: macula, arcades, disc and what lies around them."""
LATTICE_MM = 0.05
DISC_MM, DISC_SD_MM = (4.6, 0.6), (0.15, 0.12)
"""Centre of the disc: 4.5-4.8 mm nasal of the fovea and 0.5-0.8 mm above it (memory)."""
DISC_RADIUS_MM = 0.75
"""Half the disc's vertical diameter of 1.5-1.9 mm with its rim (memory)."""
ARCADE_MM, ARCADE_SD_MM = 2.05, 0.25
"""Height of the inner arcade over the fovea; the mean of 100 ROSSA masks has its ridges at 1.85 mm of 6 mm fields."""
COMPANION_MM, COMPANION_SD_MM, CLOSEST_MM = 0.75, 0.3, 0.25
"""Between the artery and the vein of an arcade, at its top."""
TOP_MM, TOP_SD_MM = 0.4, 0.8
"""How far nasal of the fovea an arcade is highest."""
DROOP, DROOP_SD = 0.84, 0.1
"""Height of an arcade 3 mm temporal of its top, over that of its top."""
FAZ_MM2, FAZ_SD_MM2 = 0.257, 0.104
"""Area of the superficial foveal avascular zone. Linderman 2017, PMC5469394."""
FAZ_WAVES, FAZ_ROUGHNESS = range(2, 8), 0.1
"""Waves round the zone, and the deviation of ln(radius) of the longest."""
CONVERGENCE = 0.85
"""Daughters of an arcade aim at this share of their own distance along the raphe, and at the fovea when near it."""
NEAR_MM = (0.3, 0.9)
"""Distances from the fovea within which vessels point at it, and from which on they are a comb."""
PERIPHERY = 0.35
"""Demand beyond the macula (3 mm), where the retina is thinner."""
WAVER_MM = 0.08
"""Of the longest wave of a trunk, 6 mm."""


@dataclass(frozen=True, eq=False)
class Fundus:
    """One eye. disc_mm: (u, v) of its centre. arcades_mm: mean height of the superior and inferior arcade by u.

    faz_mm: radius of the zone without capillaries by direction, on even angles from u. raphe_mm: (amplitude, phase)
    of the waves of the horizontal raphe. trunks: large vessels from the disc, each from its root.
    """

    disc_mm: Float[ndarray, " 2"]
    faz_mm: Float[ndarray, " a"]
    raphe_mm: Float[ndarray, "w 2"]
    trunks: Vessels

    def faz_radius_mm(self, u: Float[ndarray, "*n"], v: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
        """Radius of the avascular zone in the direction of each place."""
        turn = np.mod(np.arctan2(v, u) / (2 * np.pi), 1.0) * len(self.faz_mm)
        return np.interp(turn, np.arange(len(self.faz_mm) + 1), np.append(self.faz_mm, self.faz_mm[0]))

    def raphe(self, u: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
        """Height of the line where the superior and the inferior territories meet."""
        waves = [a * np.sin(2 * np.pi * (k + 1) * u / 8 + phase) for k, (a, phase) in enumerate(self.raphe_mm)]
        return np.sum(waves, axis=0)

    def arcade(self, side: int, u: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
        """Mean height of the temporal arcade above (side 1) or below (-1) the fovea, as a positive number."""
        branch, points = self.trunks.branch, self.trunks.points_mm
        lines = [points[branch == b] for b in range(branch.max() + 1)]
        arcades = [line[::-1] for line in lines if line[-1, 0] < -1 and side * line[-1, 1] > 0]
        return np.mean([np.interp(u, line[:, 0], side * line[:, 1]) for line in arcades], axis=0)

    def tissue(self, corner_mm: tuple[float, float], size_mm: tuple[float, float]) -> Tissue:
        """The retina in a rectangle as one sheet."""
        shape = tuple(round(s / LATTICE_MM) for s in size_mm)
        middle = (corner_mm[0] + size_mm[0] / 2, corner_mm[1] + size_mm[1] / 2)
        grid = Grid.regular((shape[0], shape[1], 1), LATTICE_MM, (*middle, 0.0))
        u, v = grid.points_mm()[..., 0, 0], grid.points_mm()[..., 0, 1]
        out, raphe = np.hypot(u, v), self.raphe(u)
        upper = v > raphe
        region = np.where(upper, 1, 2)
        region[out < self.faz_radius_mm(u, v) + LATTICE_MM] = 0
        region[np.hypot(u - self.disc_mm[0], v - self.disc_mm[1]) < DISC_RADIUS_MM - LATTICE_MM] = 0
        demand = np.where(out < 3, 1.0, PERIPHERY)
        course = np.where(upper[..., None], self._course(1, u, v), self._course(-1, u, v))
        return Tissue(
            grid,
            region[..., None].astype(np.uint8),
            demand[..., None].astype(np.float32),
            np.concatenate([course, np.zeros((*shape, 1))], axis=-1)[:, :, None].astype(np.float32),
        )

    def _course(self, side: int, u: Float[ndarray, "*n"], v: Float[ndarray, "*n"]) -> Float[ndarray, "*n 2"]:
        """Inside the arcade like the teeth of a comb to raphe and fovea, outside it away to the periphery."""
        out, disc = np.hypot(u, v), np.stack([u - self.disc_mm[0], v - self.disc_mm[1]], axis=-1)
        near = np.clip((NEAR_MM[1] - out) / (NEAR_MM[1] - NEAR_MM[0]), 0, 1)[..., None]
        comb = _unit(np.stack([(CONVERGENCE - 1) * u, self.raphe(u) * np.clip((out - 0.5) / 2, 0, 1) - v], axis=-1))
        inward = _unit((1 - near) * comb - near * np.stack([u, v], axis=-1) / np.maximum(out, LATTICE_MM)[..., None])
        nasal = np.clip((u - 3.0) / 2, 0, 1)[..., None]
        outward = (1 - nasal) * np.array([-0.55, 0.8 * side]) + nasal * _unit(disc)
        inside = (side * v < self.arcade(side, u))[..., None]
        return np.where(inside, inward * (1 - 0.8 * nasal), 0.6 * outward)


def fundus(rng: Generator) -> Fundus:
    """An eye, drawn."""
    disc = np.array(DISC_MM) + rng.normal(size=2) * DISC_SD_MM
    return Fundus(disc, _zone(rng), _raphe(rng), merge([*_arcades(disc, rng), *_macular(disc, rng)]))


def as_seen(eye_mm: Float[ndarray, "n 3"], laterality: Laterality) -> Float[ndarray, "n 3"]:
    """The eye's frame (u, v, w) to that of a fundus picture: x to its right, y up, z towards who looks into the eye.

    The disc of a right eye is at the right. In RAS+ of the patient these are left, superior and anterior.
    """
    u, v, w = eye_mm.T
    return np.column_stack([u if laterality == "right" else -u, v, -w])


def retina_grid(field_mm: float, shape: tuple[int, int, int], depth_mm: float) -> Grid:
    """A grid over a square field around the fovea, in the frame of a picture; its third axis runs into the wall."""
    spacing = np.array([field_mm / shape[0], field_mm / shape[1], -depth_mm / shape[2]])
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = spacing * (0.5 - np.array([shape[0] / 2, shape[1] / 2, 0]))
    return Grid(shape, affine)


def _unit(v: Float[ndarray, "*n 2"]) -> Float[ndarray, "*n 2"]:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _zone(rng: Generator) -> Float[ndarray, " a"]:
    """Outline of the avascular zone: a log-normal area, and waves round it."""
    variance = np.log(1 + (FAZ_SD_MM2 / FAZ_MM2) ** 2)
    area = FAZ_MM2 * np.exp(np.sqrt(variance) * rng.normal() - variance / 2)
    turn = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    waves = [
        rng.normal() * FAZ_ROUGHNESS / np.sqrt(k - 1) * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in FAZ_WAVES
    ]
    radius = np.exp(np.sum(waves, axis=0))
    return radius * np.sqrt(area / np.pi / np.mean(radius**2))


def _raphe(rng: Generator) -> Float[ndarray, "w 2"]:
    return np.column_stack([rng.normal(size=5) * 0.12 / np.arange(1, 6), rng.uniform(0, 2 * np.pi, 5)])


def _arcades(disc: Float[ndarray, " 2"], rng: Generator) -> list[Vessels]:
    """Temporal arcades that bow round the macula, nasal trunks: artery and vein each, either the inner one."""
    trunks = []
    for side in (1, -1):
        height = rng.normal(ARCADE_MM, ARCADE_SD_MM)
        gap = max(CLOSEST_MM, rng.normal(COMPANION_MM, COMPANION_SD_MM))
        outer_kind = int(rng.integers(2))
        for kind in (ARTERY, VEIN):
            outer = kind == outer_kind
            top = height + gap * outer
            crest, droop = rng.normal(TOP_MM, TOP_SD_MM), rng.normal(DROOP, DROOP_SD)
            temporal = [
                disc + np.array([0.25 if outer else -0.1, side * DISC_RADIUS_MM]),
                (3.3 + 0.3 * crest, side * (0.35 + 0.72 * top)),
                (crest, side * top),
                (crest - 3, side * droop * top),
                (-EXTENT_MM[0] / 2, side * (droop - 0.4) * top),
            ]
            nasal = [
                disc + np.array([0.65, side * (0.55 - 0.2 * outer)]),
                (6.0, side * (1.3 + 0.6 * outer) + disc[1]),
                (EXTENT_MM[0] / 2, side * (1.9 + 0.9 * outer) + disc[1]),
            ]
            trunks += [_trunk(kind, temporal, rng), _trunk(kind, nasal, rng)]
    return trunks


def _macular(disc: Float[ndarray, " 2"], rng: Generator) -> list[Vessels]:
    """Small vessels straight from the disc's edge to the macula, an artery and a vein, either the upper one."""
    kinds = rng.permutation((ARTERY, VEIN))
    trunks = []
    for side, kind in zip((1, -1), kinds.tolist(), strict=True):
        height = side * rng.uniform(0.1, 0.6)
        course = [
            disc + np.array([-DISC_RADIUS_MM, 0.9 * height]),
            (3.3, 1.3 * height + 0.2 + rng.normal() * 0.06),
            (rng.uniform(1.3, 3.0), 0.9 * height + rng.normal() * 0.06),
        ]
        trunks.append(_trunk(kind, course, rng))
    return trunks


def _trunk(kind: int, course: list, rng: Generator, step_mm: float = 0.1) -> Vessels:
    """A vessel through those places, with the slight waves that all vessels have."""
    through = np.array(course, float)
    knots = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(through, axis=0), axis=1)))
    line = CubicSpline(knots, through)(np.linspace(0, knots[-1], 400))
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    at = np.linspace(0, along[-1], int(along[-1] / step_mm) + 1)
    line = np.column_stack([np.interp(at, along, line[:, axis]) for axis in range(2)])
    waves = [
        rng.normal() * WAVER_MM / k * np.sin(2 * np.pi * k * at / 6 + rng.uniform(0, 2 * np.pi)) for k in range(1, 9)
    ]
    heading = _unit(np.gradient(line, axis=0))
    line += (np.sum(waves, axis=0) * np.minimum(at, 1))[:, None] * np.column_stack([-heading[:, 1], heading[:, 0]])
    n = len(line)
    return vessel_tree(np.column_stack([line, np.zeros(n)]), np.arange(n) - 1, np.full(n, 0.02), np.full(n, kind))
