"""A tube full of contrast medium that lies beside the patient: what feeds the vein during the scan."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from phantoms.filling import wires
from phantoms.implants.skin import body_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene, SceneError

KIND = Kind("contrast tube", "40388003", "Implant", IMPLANT_COLOUR)
SWAY_MM, WAVE_MM = 2.0, 180.0
STEP_MM = 2.0
BACK = 0.25
"""Share of the patient's depth below the tube."""


@dataclass(frozen=True, kw_only=True)
class ContrastTube(Growth):
    """A tube with a bore of bore_mm and walls of wall_mm, gap_mm beside the body, from end to end of the field of view.

    contrast: what fills it. 20 mm and more of bore are a syringe's. Raises SceneError if there is no room beside the
    patient, or no patient.
    """

    side: Literal["left", "right"] = "right"
    gap_mm: Annotated[float, Ge(0)] = 8.0
    bore_mm: Annotated[float, Gt(0), Le(40)] = 2.5
    wall_mm: Annotated[float, Gt(0), Le(5)] = 0.8
    contrast: Literal["iodine_contrast", "barium_contrast", "saline"] = "iodine_contrast"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        low, high = body_mm(scene, "ContrastTube")
        sign = 1.0 if self.side == "right" else -1.0
        outer = self.bore_mm / 2 + self.wall_mm
        x = (high[0] if sign > 0 else low[0]) + sign * (self.gap_mm + outer + SWAY_MM)
        corners = scene.grid.world_mm(np.array([[0, 0, 0], np.array(scene.grid.shape) - 1], float))
        room = (sign * corners[:, 0]).max() - sign * x - SWAY_MM - outer
        if room < 0:
            raise SceneError(
                f"ContrastTube: found {-room:.0f} mm too little room on the {self.side} of the patient; a wider field "
                "of view or a smaller gap_mm would do"
            )
        z = np.arange(corners[:, 2].min() - STEP_MM, corners[:, 2].max() + STEP_MM, STEP_MM)
        phase = rng.uniform(0, 2 * np.pi, 2)
        sway = SWAY_MM * np.sin(2 * np.pi * z / WAVE_MM + phase[:, None])
        way = np.column_stack([x + sway[0], low[1] + BACK * (high[1] - low[1]) + sway[1], z])
        pieces = [
            Piece(wires(scene.grid, [way], outer), "polyethylene"),
            Piece(wires(scene.grid, [way], self.bore_mm / 2), self.contrast),
        ]
        return with_finding(scene, KIND, "", pieces, f"tube of contrast medium beside the patient, {self.side}")
