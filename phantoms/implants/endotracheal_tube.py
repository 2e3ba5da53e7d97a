"""An endotracheal tube: through the mouth and between the vocal cords, its tip above the carina."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.implants.ways import by_height, smooth
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene, SceneError
from simdata.scene import present_ids

KIND = Kind("endotracheal tube", "26412008", "Endotracheal tube, device", IMPLANT_COLOUR)
TIP_MM, TIP_SPREAD_MM = 50.0, 12.0
"""Above the carina with the neck neutral: 5 cm, and 2 cm either way as it bends (Goodman et al. 1976, AJR 127:433);
the spread between patients is assumed."""
SIZE_MM = {"male": 8.0, "female": 7.5}
"""Inner diameters that are usual."""
WALL_MM, LINE_MM, LEAST_MM = 1.35, 0.45, 40.0
"""Thickness of its wall, radius of the line that X-rays show, and how much of it must be seen."""
LIPS_MM = 45.0


@dataclass(frozen=True, kw_only=True)
class EndotrachealTube(Growth):
    """A tube of soft PVC with a line of barium in its wall, tip_mm above the carina; its cuff is left out.

    inner_mm: bore; None takes what is usual for the sex. tip_mm: None draws. It leaves by the mouth where the field of
    view shows teeth and pharynx, and goes on to the upper end of the trachea where it does not.
    Raises SceneError if the patient has no trachea, or it is too short or too narrow.
    """

    inner_mm: Annotated[float, Ge(2), Le(10)] | None = None
    tip_mm: Annotated[float, Ge(0), Le(120)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        trachea = part_mm(scene, "trachea", "EndotrachealTube")
        sex = scene.subject.sex if scene.subject else "male"
        inner_mm = SIZE_MM[sex] if self.inner_mm is None else self.inner_mm
        tip_mm = max(10.0, float(rng.normal(TIP_MM, TIP_SPREAD_MM))) if self.tip_mm is None else self.tip_mm
        outer_mm = inner_mm + 2 * WALL_MM

        middle = by_height(trachea)
        lowest = trachea[:, 2].min() + tip_mm
        middle = middle[middle[:, 2] > lowest + 2]
        if not len(middle) or np.ptp(middle[:, 2]) < LEAST_MM:
            raise SceneError(
                f"EndotrachealTube: found less than {LEAST_MM:g} mm of trachea over a tip {tip_mm:.0f} mm above the "
                "carina; a field of view that shows more of it, or a lower tip_mm, would do"
            )
        wide_mm = _width_mm(trachea, scene.grid.voxel_mm3)
        if outer_mm > wide_mm:
            raise SceneError(
                f"EndotrachealTube: found a trachea {wide_mm:.1f} mm wide for a tube of {outer_mm:.1f} mm; a smaller "
                "inner_mm would do"
            )
        way = smooth(np.vstack([[*middle[0, :2], lowest], middle, *_mouth(scene, middle[-1])]))
        side = np.array([0.0, -1.0, 0.0]) * (inner_mm + WALL_MM) / 2
        pieces = [
            Piece(wires(scene.grid, [way], outer_mm / 2), "pvc"),
            Piece(wires(scene.grid, [way], inner_mm / 2), "air"),
            Piece(wires(scene.grid, [way + side], LINE_MM), "bone_cement"),
        ]
        text = f"endotracheal tube of {inner_mm:g} mm, tip {tip_mm:.0f} mm above the carina"
        return with_finding(scene, KIND, "trachea", pieces, text, {"bore_mm": inner_mm, "tip_above_carina_mm": tip_mm})


def _width_mm(trachea: Float[ndarray, "n 3"], voxel_mm3: float) -> float:
    """Across the middle of the trachea: that of a circle of the same area."""
    low, high = np.quantile(trachea[:, 2], [0.3, 0.7])
    between = ((trachea[:, 2] >= low) & (trachea[:, 2] <= high)).sum()
    return float(2 * np.sqrt(between * voxel_mm3 / max(high - low, 1.0) / np.pi))


def _mouth(scene: Scene, before: Float[ndarray, " 3"]) -> list[Float[ndarray, "n 3"]]:
    """Up the pharynx to the height of the teeth, and out between them; nothing where neither is seen."""
    seen = {scene.structures[id].name for id in present_ids(scene.labels) if id}
    if not {"pharynx", "teeth"} <= seen:
        return []
    teeth = part_mm(scene, "teeth", "EndotrachealTube").mean(axis=0)
    throat = by_height(part_mm(scene, "pharynx", "EndotrachealTube"))
    throat = throat[(throat[:, 2] > before[2] + 10) & (throat[:, 2] < teeth[2] - 5)]
    ahead = teeth + np.outer([0.4, 1.0], [0.0, LIPS_MM, 0.0])
    return [throat, ahead]
