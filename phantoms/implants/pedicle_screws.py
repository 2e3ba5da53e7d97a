"""Spinal fusion: screws through both pedicles of each vertebra, and a rod on either side that joins them."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, MinLen
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from phantoms.filling import solid, wires
from phantoms.implants.implant import part_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from phantoms.solids import Solid, tube
from simdata import Growth, Scene, SceneError

KIND = Kind("pedicle screws", "68183006", "Bone screw", IMPLANT_COLOUR)
CANAL = ("spinal_canal_csf", "cauda_equina", "spinal_cord", "epidural_fat")
REACH_MM = 26.0
"""The pedicles lie within that of the middle of the spinal canal."""
CONVERGING_DEG = 12.0
"""By how much a screw points to the middle: 5 to 25 degrees from L1 to L5, less in the chest (Zindrick et al. 1987,
Spine 12:160)."""
BEHIND_MM, HEAD_MM = 14.0, 12.0
"""A screw enters that far behind the middle of the pedicle; its head is as long, 7 mm thick."""
OVERHANG_MM = 6.0


@dataclass(frozen=True, kw_only=True)
class PedicleScrews(Growth):
    """Screws of screw_mm by length_mm in both pedicles of `levels`, and rods of rod_mm.

    The pedicles are found where the vertebra passes the spinal canal on either side; the screws lie along the vertebra.
    levels: such as "L4"; one or more. Raises SceneError if the patient has no such vertebra, or no spinal canal there.
    """

    levels: Annotated[tuple[str, ...], MinLen(1)] = ("L4", "L5")
    screw_mm: Annotated[float, Ge(3), Le(9)] = 6.5
    length_mm: Annotated[float, Ge(20), Le(60)] = 45.0
    rod_mm: Annotated[float, Ge(3), Le(7)] = 5.5
    tissue: Literal["titanium", "stainless_steel", "cobalt_chrome"] = "titanium"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        canal = _canal(scene)
        names = [f"vertebrae_{level}" for level in self.levels]
        screws = [self._screws(part_mm(scene, name, "PedicleScrews"), canal, name) for name in names]
        pieces = [
            Piece(solid(scene.grid, shape, ends.min(axis=0) - 9, ends.max(axis=0) + 9), self.tissue)  # pyright: ignore[reportArgumentType]
            for pair in screws
            for shape, ends in pair
        ]
        rods = [_rod(np.array([pair[side][1][2] for pair in screws])) for side in (0, 1)]
        pieces.append(Piece(wires(scene.grid, rods, self.rod_mm / 2), self.tissue))
        text = f"{2 * len(names)} pedicle screws and rods, {' and '.join(self.levels)}"
        return with_finding(scene, KIND, names[0], pieces, text)

    def _screws(
        self, bone: Float[ndarray, "n 3"], canal: Float[ndarray, "m 3"], name: str
    ) -> list[tuple[Solid, Float[ndarray, "3 3"]]]:
        """The left screw and the right one, each with its tip, its entry and the middle of its head."""
        centre = bone.mean(axis=0)
        here = canal[np.abs(canal[:, 2] - centre[2]) < 25]
        if len(here) < 10 or np.ptp(here[:, 2]) < 5:
            raise SceneError(
                f"PedicleScrews: found no spinal canal ({', '.join(CANAL)}) by '{name}'; a patient with one would do"
            )
        x, y = (np.polyfit(here[:, 2], here[:, axis], 1) for axis in (0, 1))
        along = np.array([x[0], y[0], 1.0]) / np.linalg.norm([x[0], y[0], 1.0])
        back = np.array([np.polyval(x, centre[2]), np.polyval(y, centre[2]), centre[2]])
        front = np.cross([1.0, 0.0, 0.0], along)
        front *= np.sign(front[1])
        front /= np.linalg.norm(front)

        beside = bone[np.abs((bone - back) @ front) < 3]
        across = (beside - back) @ np.array([1.0, 0.0, 0.0])
        screws = []
        for side in (-1, 1):
            wall = beside[(side * across > 4) & (side * across < REACH_MM)]
            if len(wall) < 5:
                raise SceneError(
                    f"PedicleScrews: found no pedicle of '{name}' beside the spinal canal; a vertebra that is not cut "
                    "off by the field of view would do"
                )
            heights = (wall - back) @ along
            pedicle = wall[heights > np.quantile(heights, 0.3)].mean(axis=0)
            angle = np.radians(CONVERGING_DEG)
            way = np.cos(angle) * front - side * np.sin(angle) * np.array([1.0, 0.0, 0.0])
            entry = pedicle - BEHIND_MM * way
            tip, head = entry + self.length_mm * way, entry - 0.5 * HEAD_MM * way
            radius = self.screw_mm / 2
            shaft = tube(np.stack([entry, tip - 6 * way, tip]), [radius, radius, 0.4 * radius])
            tulip = tube(np.stack([entry - HEAD_MM * way, entry]), 7.0)
            screws.append((shaft | tulip, np.stack([tip, entry, head])))
        return screws


def _canal(scene: Scene) -> Float[ndarray, "n 3"]:
    """RAS+ mm of what lies in the spinal canal."""
    known = {structure.name for structure in scene.structures.values()}
    masks = [scene.mask(name) for name in CANAL if name in known]
    return scene.grid.world_mm(np.argwhere(np.logical_or.reduce(masks)))


def _rod(heads: Float[ndarray, "n 3"]) -> Float[ndarray, "k 3"]:
    """A smooth line through the heads of the screws, from top to bottom, and a little beyond."""
    heads = heads[np.argsort(heads[:, 2])]
    up = np.array([0.0, 0.0, 1.0]) if len(heads) == 1 else heads[-1] - heads[0]
    up = OVERHANG_MM * up / np.linalg.norm(up)
    knots = np.vstack([heads[0] - up, heads, heads[-1] + up])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return PchipInterpolator(along, knots)(np.linspace(0, along[-1], max(8, int(along[-1]))))
