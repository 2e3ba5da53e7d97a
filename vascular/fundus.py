"""The layout of an eye's fundus: where disc, fovea, arcades and raphe lie, as drawn for one person.

Everything is in the eye's own frame, mm: u towards the nose (the disc), v up, w into the eye's wall; the fovea is the
origin and the inner surface of the retina is w = 0. `as_seen` turns it into the frame of a fundus picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from simdata.grid import Grid
from simdata.vessels import Vessels
from vascular.angiogenesis import Tissue
from vascular.arcades import arcades

Laterality = Literal["right", "left"]

EXTENT_MM = (14.0, 14.0)
"""Size of the fundus that is laid out, u and v: macula, arcades, disc and what lies around them."""
LATTICE_MM = 0.05
DISC_MM, DISC_SD_MM = (4.6, 0.6), (0.15, 0.12)
"""Centre of the disc: 4.5-4.8 mm nasal of the fovea and 0.5-0.8 mm above it (memory)."""
DISC_RADIUS_MM = 0.75
"""Half the disc's vertical diameter of 1.5-1.9 mm with its rim (memory)."""
FAZ_MM2, FAZ_SD_MM2 = 0.257, 0.104
"""Area of the superficial foveal avascular zone. Linderman 2017, PMC5469394."""
FAZ_WAVES, FAZ_ROUGHNESS = range(2, 8), 0.1
"""Waves round the zone, and the deviation of ln(radius) of the longest."""
CONVERGENCE = 0.9
"""Daughters of an arcade aim at this share of their own distance along the raphe, and at the fovea when near it."""
NEAR_MM = (0.3, 0.9)
"""Distances from the fovea within which vessels point at it, and from which on they are a comb."""
PERIPHERY, MACULA_MM = 0.35, 2.4
"""Demand far from the fovea, where the retina is thinner, over that of the macula; how wide that is (memory)."""
PIT_MM = 0.45
"""Towards the middle of the foveal pit there is ever less inner retina: half of it is there 0.4 mm away (memory)."""


@dataclass(frozen=True, eq=False)
class Fundus:
    """One eye. disc_mm: (u, v) of its centre. arcades_mm: mean height of the superior and inferior arcade by u.

    faz_mm: radius of the zone without capillaries by direction, on even angles from u. raphe_mm: (amplitude, phase)
    of the waves of the horizontal raphe. trunks: large vessels from the disc, each from its root. extent_mm: of the
    square that is laid out.
    """

    disc_mm: Float[ndarray, " 2"]
    faz_mm: Float[ndarray, " a"]
    raphe_mm: Float[ndarray, "w 2"]
    trunks: Vessels
    extent_mm: float = EXTENT_MM[0]

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
        points, parent = self.trunks.points_mm, self.trunks.parent
        far = self.trunks.ends[points[self.trunks.ends, 0] < 0.1 - self.extent_mm / 2]
        heights = []
        for end in far[side * points[far, 1] > 0].tolist():
            line = [end]
            while points[line[-1], 0] < self.disc_mm[0] - DISC_RADIUS_MM:
                line.append(int(parent[line[-1]]))
            heights.append(np.interp(u, points[line, 0], side * points[line, 1]))
        return np.mean(heights, axis=0)

    def perfused(self, at: Float[ndarray, "n 2"], zone: float, rim_mm: float) -> Bool[ndarray, " n"]:
        """Where capillaries may lie: not in `zone` times the avascular zone but for a rim, and not in the disc."""
        in_disc = np.linalg.norm(at - self.disc_mm, axis=1) < DISC_RADIUS_MM
        return (np.linalg.norm(at, axis=1) > zone * self.faz_radius_mm(*at.T) - rim_mm) & ~in_disc

    def tissue(
        self, corner_mm: tuple[float, float], size_mm: tuple[float, float], rim_mm: float, watershed_mm: float
    ) -> Tissue:
        """The retina in a rectangle as one sheet, for vessels that stay rim_mm away from the avascular zone.

        So near to the fovea as watershed_mm they do not pass from its nasal to its temporal side either.
        """
        shape = tuple(round(s / LATTICE_MM) for s in size_mm)
        middle = (corner_mm[0] + size_mm[0] / 2, corner_mm[1] + size_mm[1] / 2)
        grid = Grid.regular((shape[0], shape[1], 1), LATTICE_MM, (*middle, 0.0))
        u, v = grid.points_mm()[..., 0, 0], grid.points_mm()[..., 0, 1]
        out, raphe = np.hypot(u, v), self.raphe(u)
        upper = v > raphe
        region = np.where(upper, 1, 2)
        region[out < self.faz_radius_mm(u, v) + rim_mm] = 0
        region[(np.abs(u) < LATTICE_MM) & (out < watershed_mm)] = 0
        region[np.hypot(u - self.disc_mm[0], v - self.disc_mm[1]) < DISC_RADIUS_MM - LATTICE_MM] = 0
        course = np.where(upper[..., None], self._course(1, u, v), self._course(-1, u, v))
        return Tissue(
            grid,
            region[..., None].astype(np.uint8),
            demand(u, v)[..., None].astype(np.float32),
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
        return np.where(inside, inward * (1 - 0.8 * nasal), 0.9 * outward)


def fundus(rng: Generator) -> Fundus:
    """An eye, drawn."""
    return fundus_around(np.array(DISC_MM) + rng.normal(size=2) * DISC_SD_MM, EXTENT_MM[0], rng)


def fundus_around(
    disc: Float[ndarray, " 2"], extent_mm: float, rng: Generator, beyond: Sequence[tuple[float, float]] = ()
) -> Fundus:
    """An eye whose disc is known, in a square around the fovea. beyond: how its arcades end (vascular.arcades)."""
    zone, raphe = _zone(rng), _raphe(rng)
    return Fundus(disc, zone, raphe, arcades(disc, DISC_RADIUS_MM, extent_mm / 2, rng, beyond), extent_mm)


def demand(u: Float[ndarray, "*n"], v: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
    """Of the tissue at each place, 0 to 1: it goes with the thickness of the inner retina."""
    square = u**2 + v**2
    macula = PERIPHERY + (1 - PERIPHERY) * np.exp(-square / MACULA_MM**2)
    return macula * (1 - np.exp(-square / PIT_MM**2))


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
