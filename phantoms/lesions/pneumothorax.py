"""Pneumothorax: gas at the highest place of a side, the thin line of the visceral pleura, a denser lung below it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.lungs import SIDES, Side, densities, lung_density, parenchyma, side_of, with_density
from phantoms.lesions.mediastinal_shift import with_shift
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
WITH_SHIFT, SHIFT_MM, TENSION_MM = 0.4, (3.0, 20.0), 10.0
"""Share of large ones that shift the mediastinum, and how far; of all it is a sixth, most of them without signs of
tension (Clark et al. 2003, Emerg Med 15:429; memory). From the last on a report speaks of tension; numbers assumed."""
CLIMB_MM, REACH_MM = 34.0, 16.0
"""How far the lung comes off the wall all around: as if gas stood so much higher there."""
PLEURA_MM = 0.9
COLLAPSED_HU = 20.0


@dataclass(frozen=True, kw_only=True)
class Pneumothorax(Growth):
    """Gas that takes `percent` of the volume of one side, in front of or above the lung; the lung keeps its mass.

    shift_mm: how far heart and mediastinum are pressed to the other side, while the dome is flattened, as by tension;
    less is found where there is less room. None draws. Raises SceneError if the patient has no such lung.
    """

    side: Side | None = None
    percent: Annotated[float, Ge(1), Le(85)] | None = None
    shift_mm: Annotated[float, Ge(0), Le(30)] | None = None
    posture: Posture = "supine"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn = SIDES[int(rng.random() < 0.55)]
        side = drawn if self.side is None else self.side
        side_of(scene, side, "Pneumothorax")
        some = float(np.clip(MEDIAN_PERCENT * np.exp(SPREAD * rng.standard_normal()), LEAST_PERCENT, MOST_PERCENT))
        percent = round(some) if self.percent is None else self.percent
        scene, shift_mm = with_shift(scene, side, self._shift_mm(percent, rng))
        after, gas = self._with_gas(scene, side, percent)

        size = "large" if percent >= LARGE_PERCENT else "small"
        tension = " tension" if shift_mm >= TENSION_MM else ""
        shift = f" with contralateral mediastinal shift of {shift_mm:.0f} mm" if shift_mm >= 1 else ""
        text = f"{size} {side}{tension} pneumothorax of about {percent:.0f} % of the hemithorax{shift}"
        attributes = {
            "percent": float(percent),
            "volume_ml": round(float(gas[1].sum(dtype=float)) * scene.grid.voxel_mm3 / 1000),
            "side": side,
            "size": size,
            "mediastinal_shift_mm": shift_mm,
        }
        return with_finding(after, KIND, f"lung_upper_lobe_{side}", [Piece(gas, "air")], text, attributes)

    def _shift_mm(self, percent: float, rng: Generator) -> float:
        chance, some_mm = rng.random(), float(rng.uniform(*SHIFT_MM))
        drawn = some_mm if percent >= LARGE_PERCENT and chance < WITH_SHIFT else 0.0
        return drawn if self.shift_mm is None else self.shift_mm

    def _with_gas(self, scene: Scene, side: Side, percent: float) -> tuple[Scene, Filling]:
        """The lung that has come off the wall, and the gas that is to lie there."""
        block, inside = side_of(scene, side, "Pneumothorax")
        x, y, z = UP[self.posture]
        space = cavity(scene.grid, block, inside, (-x, -y, -z), CLIMB_MM, REACH_MM)
        gas, level_mm = space.filled_to(scene.grid, percent / 100 * float(inside.sum()) * scene.grid.voxel_mm3)
        scene = _denser(scene, gas, inside)
        line = np.clip(space.below(scene.grid, level_mm + PLEURA_MM) - gas[1], 0, 1) * (gas[1] < 1)
        scene = soaked(scene, (block, line.astype(np.float32)), "connective")
        return with_rim(scene, gas, "air"), gas


def _denser(scene: Scene, gas: Filling, inside: np.ndarray) -> Scene:
    """The lung that is left, with the mass of the whole in it."""
    block, filled = gas
    lung, density = parenchyma(scene, block, inside), densities(scene, block)
    before = float((density * lung).sum(dtype=float))
    left = float((density * lung * (1 - filled)).sum(dtype=float))
    now = np.minimum(density * np.float32(before / max(left, 1e-6)), np.float32(lung_density(COLLAPSED_HU)))
    return with_density(scene, (block, lung.astype(np.float32)), now)
