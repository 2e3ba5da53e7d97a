"""A stent: a tube of woven wire that keeps a vessel or a duct open."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.lesions.room import spoken_host
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene, SceneError

KIND = Kind("stent", "65818007", "Stent", IMPLANT_COLOUR)
STATIONS, STEP_MM = 9, 0.2
PLAIT_RAD = np.radians(55)
"""Between the wires and the length of the stent."""


@dataclass(frozen=True, kw_only=True)
class Stent(Growth):
    """A braid of `wires` of wire_mm, half of them to the left and half to the right, in the structure of that name.

    length_mm, diameter_mm: of the open stent; None takes the width of the structure there. It follows the middle of the
    structure around a random place. A coronary one has struts of 0.08 to 0.15 mm of cobalt-chrome, one of the bile duct
    24 wires or so of 0.17 mm on 8 to 10 mm.
    Raises SceneError if the patient has no such structure, or none of it is about as long.
    """

    structure: str = "common_bile_duct"
    length_mm: Annotated[float, Ge(4), Le(200)] = 40.0
    diameter_mm: Annotated[float, Gt(0), Le(50)] | None = None
    wires: Annotated[int, Ge(4), Le(64)] = 24
    wire_mm: Annotated[float, Gt(0), Le(1)] = 0.17
    tissue: Literal["cobalt_chrome", "stainless_steel", "nitinol"] = "cobalt_chrome"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        inside = part_mm(scene, self.structure, "Stent")
        middle, width_mm = self._course(inside, scene.grid.voxel_mm3, rng)
        diameter_mm = width_mm if self.diameter_mm is None else self.diameter_mm
        ways = self._braid(middle, diameter_mm / 2)
        pieces = [Piece(wires(scene.grid, ways, self.wire_mm / 2), self.tissue)]
        where = spoken_host(scene, self.structure)
        text = f"stent of {diameter_mm:.0f} x {self.length_mm:.0f} mm in the {where}"
        return with_finding(scene, KIND, self.structure, pieces, text)

    def _course(
        self, inside: Float[ndarray, "n 3"], voxel_mm3: float, rng: Generator
    ) -> tuple[Float[ndarray, "k 3"], float]:
        """A smooth line of length_mm along the middle of the structure, and how wide it is there, mm."""
        for place in inside[rng.permutation(len(inside))[:64]]:
            near = inside[np.linalg.norm(inside - place, axis=1) < 0.6 * self.length_mm]
            axis = np.linalg.svd(near - near.mean(axis=0), full_matrices=False)[2][0]
            along = (near - near.mean(axis=0)) @ axis
            if np.ptp(along) < 0.9 * self.length_mm:
                continue
            edges = np.linspace(along.min(), along.max(), STATIONS + 1)
            shelf = np.clip(np.digitize(along, edges) - 1, 0, STATIONS - 1)
            count = np.bincount(shelf, minlength=STATIONS)
            if count.min() == 0:
                continue
            knots = np.column_stack([np.bincount(shelf, near[:, n], STATIONS) / count for n in range(3)])
            smooth = knots.copy()
            smooth[1:-1] = (knots[:-2] + 2 * knots[1:-1] + knots[2:]) / 4
            area_mm2 = float(np.median(count)) * voxel_mm3 / (edges[1] - edges[0])
            return _even(smooth, self.length_mm), float(2 * np.sqrt(area_mm2 / np.pi))
        raise SceneError(
            f"Stent: found no piece of '{self.structure}' that is {self.length_mm:g} mm long; a shorter length_mm or "
            "another structure would do"
        )

    def _braid(self, middle: Float[ndarray, "k 3"], radius_mm: float) -> list[Float[ndarray, "k 3"]]:
        """The ways of the wires around the middle."""
        heading = np.gradient(middle, axis=0)
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        aside = np.cross(heading, np.eye(3)[np.abs(heading.sum(axis=0)).argmin()])
        aside /= np.linalg.norm(aside, axis=1, keepdims=True)
        other = np.cross(heading, aside)
        wound = np.linspace(0, self.length_mm * np.tan(PLAIT_RAD) / radius_mm, len(middle))
        ways = []
        for n in range(self.wires):
            angle = (-1) ** n * wound + 2 * np.pi * (n // 2) / (self.wires / 2)
            ways.append(middle + radius_mm * (np.cos(angle)[:, None] * aside + np.sin(angle)[:, None] * other))
        return ways


def _even(knots: Float[ndarray, "n 3"], length_mm: float) -> Float[ndarray, "k 3"]:
    """Points of a smooth curve through `knots`, STEP_MM apart, as long as wanted and no longer, around its middle."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    spare = (along[-1] - length_mm) / 2
    at = np.linspace(spare, along[-1] - spare, max(8, round(length_mm / STEP_MM)))
    return PchipInterpolator(along, knots, extrapolate=True)(at)
