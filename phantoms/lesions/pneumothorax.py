"""Pneumothorax: gas at the highest place of a side, the thin line of the visceral pleura, a denser lung below it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.lungs import SIDES, Side, densities, lung_density, parenchyma, side_of, with_density
from phantoms.lesions.pleural import UP, Posture, cavity
from phantoms.lesions.rim import with_rim
from phantoms.lesions.soaked import soaked
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("pneumothorax", "36118008", "Pneumothorax")
MEDIAN_PERCENT, SPREAD, LEAST_PERCENT, MOST_PERCENT = 18.0, 0.6, 3.0, 70.0
"""Of the volume of a side; assumed."""
LARGE_PERCENT = 30.0
CLIMB_MM, REACH_MM = 34.0, 16.0
"""How far the lung comes off the wall all around: as if gas stood so much higher there."""
PLEURA_MM = 0.9
COLLAPSED_HU = 20.0


@dataclass(frozen=True, kw_only=True)
class Pneumothorax(Growth):
    """Gas that takes `percent` of the volume of one side, in front of or above the lung; the lung keeps its mass.

    None draws. Raises SceneError if the patient has no such lung.
    """

    side: Side | None = None
    percent: Annotated[float, Ge(1), Le(85)] | None = None
    posture: Posture = "supine"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn = SIDES[int(rng.random() < 0.55)]
        side = drawn if self.side is None else self.side
        block, inside = side_of(scene, side, "Pneumothorax")
        some = float(np.clip(MEDIAN_PERCENT * np.exp(SPREAD * rng.standard_normal()), LEAST_PERCENT, MOST_PERCENT))
        percent = round(some) if self.percent is None else self.percent
        volume_mm3 = percent / 100 * float(inside.sum()) * scene.grid.voxel_mm3

        x, y, z = UP[self.posture]
        space = cavity(scene.grid, block, inside, (-x, -y, -z), CLIMB_MM, REACH_MM)
        gas, level_mm = space.filled_to(scene.grid, volume_mm3)
        scene = _denser(scene, gas, inside)
        line = np.clip(space.below(scene.grid, level_mm + PLEURA_MM) - gas[1], 0, 1) * (gas[1] < 1)
        scene = soaked(scene, (block, line.astype(np.float32)), "connective")

        scene = with_rim(scene, gas, "air")

        size = "large" if percent >= LARGE_PERCENT else "small"
        text = f"{size} {side} pneumothorax of about {percent:.0f} % of the hemithorax"
        attributes = {"percent": float(percent), "volume_ml": round(volume_mm3 / 1000), "side": side, "size": size}
        return with_finding(scene, KIND, f"lung_upper_lobe_{side}", [Piece(gas, "air")], text, attributes)


def _denser(scene: Scene, gas: tuple, inside: np.ndarray) -> Scene:
    """The lung that is left, with the mass of the whole in it."""
    block, filled = gas
    lung, density = parenchyma(scene, block, inside), densities(scene, block)
    before = float((density * lung).sum(dtype=float))
    left = float((density * lung * (1 - filled)).sum(dtype=float))
    now = np.minimum(density * np.float32(before / max(left, 1e-6)), np.float32(lung_density(COLLAPSED_HU)))
    return with_density(scene, (block, lung.astype(np.float32)), now)
