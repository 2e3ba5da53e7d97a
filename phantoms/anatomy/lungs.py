"""The lungs: what the chest leaves when heart, vessels, airways, gullet and spine have taken their place.

Nothing here is a free-standing ellipsoid, so costophrenic recesses, the cardiac notch and the hila arise by themselves.
"""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.solids import Layer, Plane, Sheet, Solid, common, sheet, waves

CUPOLA_MM = 186.0
"""How high the lung reaches behind the first rib."""
FISSURES_RIDE = 0.4
"""Share of the diaphragm's rise that the fissures follow."""
SEPTUM_X_MM = -3.0
"""Where the two lungs meet before the heart."""
SPAN_MM = ((-150.0, 150.0), (-140.0, 130.0))


def lungs(chest: Solid, above_diaphragm: Solid, mediastinum: Solid) -> Solid:
    """Both lungs: the cavity `chest` above the diaphragm, under the domes of the pleura, without the mediastinum."""
    return common(chest, above_diaphragm, ~_over_cupola(), ~mediastinum)


def layers(body: Body, lungs: Solid) -> list[Layer]:
    """Five lobes, parted by the oblique fissures and the horizontal one of the right lung."""
    lift = FISSURES_RIDE * body.latent("dome_mm")
    rng = body.dice("fissures")
    tilt = rng.normal(0, 4.0, 3)
    wave = waves(1.5, (60, 140), rng)
    right = lungs & Plane((SEPTUM_X_MM, 0, 0), (1, 0, 0))
    upper_right = _oblique(121 + lift + tilt[0], 1.02) + wave
    upper_left = _oblique(132 + lift + tilt[1], 1.12) + wave
    middle = common(right, upper_right, ~_horizontal(52 + lift + tilt[2]))
    left = lungs & Plane((SEPTUM_X_MM, 0, 0), (-1, 0, 0))
    return [
        Layer(middle, "lung_middle_lobe_right"),
        Layer(right & upper_right, "lung_upper_lobe_right"),
        Layer(left & upper_left, "lung_upper_lobe_left"),
        Layer(right, "lung_lower_lobe_right"),
        Layer(lungs, "lung_lower_lobe_left"),
    ]


def _over_cupola() -> Sheet:
    """All above the domes of the pleura behind the first ribs."""

    def height(x, y):
        return CUPOLA_MM - 32 * np.minimum(((np.abs(x) - 36) / 72) ** 2 + ((y + 30) / 92) ** 2, 2.5) ** 2

    return sheet(height, *SPAN_MM, step_mm=4.0)


def _oblique(behind_mm: float, slope: float) -> Sheet:
    """All above an oblique fissure, which falls from `behind_mm` at the back by `slope` towards the front."""

    def height(x, y):
        return behind_mm - slope * (y + 88) + 6 * np.sin(y / 38) - 0.0016 * (np.abs(x) - 70) ** 2

    return sheet(height, *SPAN_MM, step_mm=5.0)


def _horizontal(height_mm: float) -> Sheet:
    def height(x, y):
        return height_mm - 0.06 * (y - 40) + 0.0018 * (x - 70) ** 2

    return sheet(height, *SPAN_MM, step_mm=5.0)
