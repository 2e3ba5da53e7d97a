"""A chest tube: between two ribs at the side into the pleural space, up to the apex or back to the base."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.implants.ways import smooth
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene, SceneError

KIND = Kind("chest tube", "32712000", "Drain, device", IMPLANT_COLOUR)
"""SNOMED-CT: drains of all kinds (memory)."""
MM_PER_FRENCH = 1 / 3
WALL, LINE_MM = 0.16, 0.6
"""Thickness of its wall by its outer width, and radius of the line of barium in it; assumed."""
RIBS = (5, 6)
"""Where it goes in: the fourth or fifth intercostal space before the middle of the armpit, the "triangle of safety" of
the British Thoracic Society (Havelock et al. 2010, Thorax 65:ii61)."""
AHEAD_MM = 25.0
"""That far before the middle of the side."""
UNDER_MM, OUT_MM, SAGS_MM = 3.0, 90.0, 35.0
"""How far under the pleura its wall lies, how far it goes on outside, and by how much it sinks to the back there."""
TURNS = 9
EYE_MM, EYE_WIDE_MM = 50.0, 8.0
"""From its tip to the last hole, which interrupts the line, and how long that is; assumed."""


@dataclass(frozen=True, kw_only=True)
class ChestTube(Growth):
    """A drain of soft PVC with a line of barium, which lies along the wall of one side's pleural space.

    towards: "apex", in front, as for gas, or "base", behind, as for fluid. french: outer width. The line is interrupted
    at the last of its holes. Raises SceneError if the patient has no such lung or ribs.
    """

    side: Literal["left", "right"] = "right"
    towards: Literal["apex", "base"] = "apex"
    french: Annotated[float, Ge(8), Le(40)] = 24.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        lung = _lung_mm(scene, self.side)
        out = -1.0 if self.side == "left" else 1.0
        ribs = [part_mm(scene, f"rib_{self.side}_{n}", "ChestTube") for n in RIBS]
        radius_mm = self.french * MM_PER_FRENCH / 2
        door = _between(ribs, out) + np.array([0.0, rng.uniform(-5, 5), 0.0])
        inside = _along_wall(lung, door, self.towards, out, UNDER_MM + radius_mm, rng)
        ahead = np.array([[out * OUT_MM, -SAGS_MM, -SAGS_MM], [out * 0.4 * OUT_MM, -4.0, -8.0], [0.0, 0.0, 0.0]])
        way = smooth(np.vstack([door + ahead, inside]))

        line = way - [0.0, (0.5 - WALL / 2) * 2 * radius_mm, 0.0]
        eye, end = (len(line) - round(mm) for mm in (EYE_MM, EYE_MM - EYE_WIDE_MM))
        pieces = [
            Piece(wires(scene.grid, [way], radius_mm), "pvc"),
            Piece(wires(scene.grid, [way], (1 - 2 * WALL) * radius_mm), "air"),
            Piece(wires(scene.grid, [line[:eye], line[end:]], LINE_MM), "bone_cement"),
        ]
        text = f"{self.side} chest tube of {self.french:g} French, its tip at the {self.towards}"
        attributes = {"french": self.french, "towards": self.towards, "side": self.side}
        return with_finding(scene, KIND, f"lung_{_lobe(self.towards)}_lobe_{self.side}", pieces, text, attributes)


def _lobe(towards: str) -> str:
    return "upper" if towards == "apex" else "lower"


def _lung_mm(scene: Scene, side: str) -> Float[ndarray, "n 3"]:
    """All of one lung, with what findings have taken of it."""
    return np.concatenate([part_mm(scene, f"lung_{lobe}_lobe_{side}", "ChestTube") for lobe in ("upper", "lower")])


def _between(ribs: list[Float[ndarray, "n 3"]], out: float) -> Float[ndarray, " 3"]:
    """The middle of the gap between two ribs, before the middle of the side, on their outer face."""
    doors = []
    for rib in ribs:
        side = rib[out * rib[:, 0] > np.quantile(out * rib[:, 0], 0.7)]
        y_mm = side[:, 1].mean() + AHEAD_MM
        near = rib[np.argsort(np.abs(rib[:, 1] - y_mm) - 0.5 * out * rib[:, 0])[:12]]
        doors.append(near.mean(axis=0))
    return np.mean(doors, axis=0)


def _along_wall(
    lung: Float[ndarray, "n 3"], door: Float[ndarray, " 3"], towards: str, out: float, under_mm: float, rng: Generator
) -> Float[ndarray, "k 3"]:
    """Places just under the wall, from the door to the tip, as seen from the middle of the lung at each height."""
    low, high = np.quantile(lung[:, 2], [0.1, 0.97])
    end_mm = high - rng.uniform(4, 12) if towards == "apex" else low + rng.uniform(5, 20)
    turn_deg = rng.uniform(25, 50) if towards == "apex" else rng.uniform(-75, -55)
    found = []
    for share in np.linspace(0.12, 1, TURNS):
        z_mm = door[2] + share * (end_mm - door[2])
        slab = lung[np.abs(lung[:, 2] - z_mm) < 4]
        if len(slab) < 20:
            continue
        middle = (slab[:, :2].min(axis=0) + slab[:, :2].max(axis=0)) / 2
        start = np.arctan2(door[1] - middle[1], out * (door[0] - middle[0]))
        turn = start + share * (np.radians(turn_deg) - start)
        heading = np.array([out * np.cos(turn), np.sin(turn)])
        offset = slab[:, :2] - middle
        ahead = offset @ heading
        beside = np.abs(offset @ [-heading[1], heading[0]]) < 4
        if not (beside & (ahead > 0)).any():
            continue
        found.append([*(middle + heading * max(ahead[beside].max() - under_mm, 0.0)), z_mm])
    if len(found) < 3:
        raise SceneError("ChestTube: found too little lung for it; a field of view with the whole side would do")
    return np.array(found)
