"""From the request form to a body: how one patient differs from the reference man, whose anatomy is drawn elsewhere.

Every organ is drawn once, in the reference body (176 cm, 73 kg). A patient is that body seen through a deformation
(scale, spine curve, a smooth random warp) with the patient's own fat, breasts, organ volumes and vessel widths.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.torso.volumes import volumes_ml
from phantoms.torso.warp import warp
from simdata import Subject

REFERENCE_HEIGHT_CM, REFERENCE_WEIGHT_KG = 176.0, 73.0
BELLY_MM = (-22.0, 75.0)


@dataclass(frozen=True, eq=False)
class Frame:
    """What makes one patient.

    scale: (3,) patient mm per reference mm along x, y, z. fat: thickness of the belly's subcutaneous fat, mm.
    breast_mm: height of the breast over the chest wall. belly_mm: how far visceral fat pushes the belly out. muscle:
    size of the muscle outline. glandular: share of the breast that is gland. vessel: width of the great vessels.
    volumes_ml: what the organs should measure. warp: (3, nx, ny, nz) reference mm to add to a place on the lattice.
    """

    scale: Float[ndarray, "3"]
    fat: float
    breast_mm: float
    belly_mm: float
    muscle: float
    glandular: float
    vessel: float
    volumes_ml: dict[str, float]
    warp: Float32[ndarray, "3 x y z"]

    def fat_mm(self, angle, height_mm):
        """Thickness of the subcutaneous fat with the breasts, in reference mm; angle in radians."""
        lower = 1 / (1 + np.exp((height_mm + 45) / 28))
        neck = 1 / (1 + np.exp((height_mm - 165) / 14))
        fat = self.fat * (0.42 + 0.58 * lower) * (1 + 0.12 * np.cos(angle)) * (0.35 + 0.65 * neck)
        flank = 1 + 0.35 * lower * np.exp(-(((np.degrees(angle) - 130) / 28) ** 2))
        breast = self.breast_mm * np.clip(breast_dome(np.degrees(angle), height_mm), 0, None) ** 1.25
        return (fat * flank + breast) / np.sqrt(self.scale[0] * self.scale[1])


def breast_dome(angle_deg, height_mm):
    """1 at the middle of the breast, 0 at its rim, negative beyond."""
    return 1 - ((angle_deg - 41) / 23) ** 2 - ((height_mm - 38) / 46) ** 2


def frame(subject: Subject, rng: Generator) -> Frame:
    """Draw one patient: the request form gives the mean, `rng` the person.

    The powers of height and weight make the reference woman's chest 0.88 as broad and deep as the man's. The fat of the
    belly is 15 mm in the reference man and 21 mm in the reference woman; the great vessels widen by 1 mm a decade.
    """
    female = subject.sex == "female"
    tall, heavy = subject.height_cm / REFERENCE_HEIGHT_CM, subject.weight_kg / REFERENCE_WEIGHT_KG
    older = subject.age_y - 40
    scale = np.array(
        [
            tall**0.5 * heavy**0.14 * (0.94 if female else 1.0),
            tall**0.4 * heavy**0.17 * (0.93 if female else 1.0) * (1 + 0.0010 * older),
            tall * (1.01 if female else 1.0) * (1 - 0.0004 * max(older, 0)),
        ]
    ) * np.exp(rng.normal(0, [0.02, 0.02, 0.012]))
    fat = (21.0 if female else 15.0) * max(subject.bmi - 14.5, 2.0) / 9.0
    belly = (1.3 if female else 1.9) * (subject.bmi - 23) + 0.1 * older
    breast = 19 + 1.5 * (subject.bmi - 21) if female else 0.0
    vessel = (0.92 if female else 1.0) * (1 + 0.0035 * older) / scale[:2].mean()
    return Frame(
        scale=scale,
        fat=float(fat * np.exp(rng.normal(0, 0.15))),
        breast_mm=float(breast * np.exp(rng.normal(0, 0.2))),
        belly_mm=float(np.clip(belly + rng.normal(0, 3), *BELLY_MM)),
        muscle=float((0.985 if female else 1.0) * (1 - 0.0005 * older) * heavy**0.03),
        glandular=float(np.clip(0.45 - 0.005 * older + rng.normal(0, 0.1), 0.05, 0.8)),
        vessel=float(vessel * np.exp(rng.normal(0, 0.06))),
        volumes_ml=volumes_ml(subject, rng),
        warp=warp(subject.age_y, rng),
    )
