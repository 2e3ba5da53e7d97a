"""Sternal wires: what holds the breastbone together after the chest was opened."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene, SceneError

KIND = Kind("sternal wires", "40388003", "Implant", IMPLANT_COLOUR)
KNOT_MM, TURNS, STRAND_MM = 9.0, 4, 0.5
"""Length of the twisted ends, how often they turn, and how far from each other's middle."""
SLACK_MM = 1.0
CORNER = 3.0
"""Roundness of the loop: a rounded box."""


@dataclass(frozen=True, kw_only=True)
class SternalWires(Growth):
    """`count` loops of steel wire around the breastbone, each tied by a twist in front.

    wire_mm: their diameter; 0.9 mm is USP 6. Raises SceneError if the patient has no breastbone, or too short a piece
    of it for so many.
    """

    count: Annotated[int, Ge(1), Le(10)] = 6
    wire_mm: Annotated[float, Gt(0), Le(2)] = 0.9

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        sternum = part_mm(scene, "sternum", "SternalWires")
        low, high = np.quantile(sternum[:, 2], [0.03, 0.97])
        if high - low < 6 * self.count:
            raise SceneError(
                f"SternalWires: found {high - low:.0f} mm of 'sternum' for {self.count} wires; fewer, or a field of "
                "view that shows more of it, would do"
            )
        heights = low + (high - low) * (np.arange(self.count) + 0.5) / self.count
        ways = []
        for height in heights + rng.uniform(-2, 2, self.count):
            around = sternum[np.abs(sternum[:, 2] - height) < 2 * scene.grid.spacing_mm[2]]
            ways += self._tied(around, height, rng)
        pieces = [Piece(wires(scene.grid, ways, self.wire_mm / 2), "stainless_steel")]
        return with_finding(scene, KIND, "sternum", pieces, f"{self.count} sternal wires after median sternotomy")

    def _tied(self, bone: Float[ndarray, "n 3"], height: float, rng: Generator) -> list[Float[ndarray, "_ 3"]]:
        """The loop around a slice of the bone, and the two strands of its twisted ends."""
        low, high = bone[:, :2].min(axis=0), bone[:, :2].max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2 + SLACK_MM + self.wire_mm / 2
        angle = np.linspace(0, 2 * np.pi, 73)
        across, along = (np.sign(f(angle)) * np.abs(f(angle)) ** (2 / CORNER) for f in (np.sin, np.cos))
        sag = rng.uniform(-2.5, 2.5)
        loop = np.column_stack(
            [middle[0] + half[0] * across, middle[1] + half[1] * along, height + sag * across + rng.uniform(-1, 1)]
        )
        bent = rng.uniform(-1, 1, 2)
        way = np.array([bent[0], 0.5, bent[1]]) / np.linalg.norm([bent[0], 0.5, bent[1]])
        side = np.cross(way, [0.0, 0.0, 1.0]) if abs(way[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        along_mm = np.linspace(0, KNOT_MM, 60)
        turn = 2 * np.pi * TURNS * along_mm / KNOT_MM
        gap = max(STRAND_MM, self.wire_mm / 2)
        strands = [
            loop[0]
            + along_mm[:, None] * way
            + sign * gap * (np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(way, side))
            for sign in (1, -1)
        ]
        return [loop, *strands]
