"""One person as numbers: everything that is drawn once and then decides what the body looks like."""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.girths import with_ribs
from phantoms.anatomy.proportions import Proportions, proportions, skull_mm
from phantoms.people.calibres import draw_calibres, mean_calibres
from phantoms.people.lungs import gas_ml
from phantoms.people.organs import draw_organs, mean_organs, reference_adult
from phantoms.people.shape import Shape, draw_shape, mean_shape
from simdata import Streams, Subject

BREAST_MM2 = 7870.0
"""Volume of a breast over its height: pi a b / 3 for the dome of trunk.py, 103 by 73 mm."""
BREAST_IN_FAT, BREAST_LEAST = 1.1, 0.4
"""How much less it stands out for each mm of fat under the skin around it, and the least share of its height."""
# latent of the trunk: field of the shape, and at which reference height it is scaled
FAT = {
    "fat_hip_front": ("fat_abdomen_anterior_mm", -400),
    "fat_hip_side": ("fat_hip_lateral_mm", -400),
    "fat_buttock": ("fat_buttock_mm", -400),
    "fat_belly_front": ("fat_abdomen_anterior_mm", -170),
    "fat_belly_side": ("fat_abdomen_lateral_mm", -170),
    "fat_belly_behind": ("fat_abdomen_posterior_mm", -170),
    "fat_chest_front": ("fat_chest_anterior_mm", 60),
    "fat_chest_side": ("fat_chest_lateral_mm", 60),
    "fat_chest_behind": ("fat_chest_posterior_mm", 60),
    "fat_neck": ("fat_neck_mm", 225),
    "fat_thigh": ("fat_thigh_mm", -560),
    "fat_arm": ("fat_upper_arm_mm", 60),
}
BENT_BY_WARP = ("kyphosis_deg", "lordosis_deg")
"""Curves that the warp gives to the whole trunk; the regions draw the reference spine."""
MUSCLE_POWER, MUSCLE_SIZES = 0.35, (0.84, 1.16)
"""From the ratio of muscle volumes to the ratio of radii: bones and organs within do not change."""
SUPINE = 0.7
"""Gas that CT finds in a full breath, lying, over that of a total lung capacity, sitting: 4.1 of 5.9 L in 100 patients
with healthy lungs (Cressoni, Crit Care 2013;17:R93, doi 10.1186/cc12738)."""
FULL_FOLLOWS_QUIET, FULL_FOLLOWS_CHEST = 0.4, 1.0
"""Powers by which a full breath is larger in who has large quiet lungs, and in who has a chest of large section: total
capacity varies by 12 % among people of one size, quiet lungs by 20 % (GLI-2021; from memory, to be checked)."""
STEATOSIS = (0.25, 0.03, 0.10)
"""Share of people with a fatty liver, share of fat in the others and on average in them (Lee 2014: about a quarter)."""


def draw_person(
    subject: Subject, streams: Streams, breath: float, variants: frozenset[str]
) -> tuple[Body, Proportions]:
    """The person drawn for a subject; breath: share of the way from functional residual to total lung capacity."""
    shape = draw_shape(subject, streams["shape"].generator)
    organs = draw_organs(subject, streams["organs"].generator)
    calibres = draw_calibres(subject, streams["calibres"].generator)
    return person(subject, streams, shape, organs, calibres, breath, variants)


def mean_person(subject: Subject, breath: float = 0.0) -> tuple[Body, Proportions]:
    """The average person of that sex, age and size, without variants."""
    shape, organs, calibres = mean_shape(subject), mean_organs(subject), mean_calibres(subject)
    return person(subject, Streams(0), shape, organs, calibres, breath, frozenset())


def person(
    subject: Subject,
    streams: Streams,
    shape: Shape,
    organs_ml: Mapping[str, float],
    calibres_mm: Mapping[str, float],
    breath: float,
    variants: frozenset[str],
) -> tuple[Body, Proportions]:
    """Turn measures of a person into the latents that the regions read; all lengths of these in reference mm."""
    made = proportions(shape, subject, _breast_mm(organs_ml, shape))
    organs = dict(organs_ml) | {"lungs": lungs_ml(subject, organs_ml, breath, _chest(shape, subject))}
    latents = {f"{name.removesuffix('_ml')}_ml": volume for name, volume in organs.items()}
    latents |= {name: value for name, value in asdict(shape).items() if name not in BENT_BY_WARP}
    latents |= {f"calibre_{name}_mm": calibre for name, calibre in calibres_mm.items()}
    latents |= _spine(shape, streams, variants)
    for name, (field, height) in FAT.items():
        latents[name] = getattr(shape, field) / float(made.at(height)[:2].mean())
    reference = mean_calibres(reference_adult("male"))
    usual = np.exp(np.mean([np.log(calibres_mm[name] / reference[name]) for name in reference if name in calibres_mm]))
    latents |= {
        "breath": breath,
        "belly_mm": 0.0,
        "breast_mm": _breast_mm(organs, shape) / float(made.at(34.0)[1]),
        "muscle_size": _muscle_size(organs, made),
        "skull_mm": skull_mm(subject.age_y),
        "vessel_size": float(usual / made.at(0.0)[:2].mean()),
        "steatosis": _steatosis(streams),
        "dome_mm": 0.0,
    }
    body = Body(subject, streams, MappingProxyType(latents), variants=variants)
    return body, with_ribs(body, made)


def lungs_ml(subject: Subject, organs_ml: Mapping[str, float], breath: float, chest: float = 1.0) -> float:
    """Tissue and gas: quiet lungs at breath 0, a full breath lying down at 1.

    chest: section of the chest over the mean of people of that sex, age and size.
    """
    usual_ml, quiet_ml = mean_organs(subject)["lung_gas"], organs_ml["lung_gas"]
    full_ml = max(SUPINE * gas_ml("TLC", subject.sex, subject.age_y, subject.height_cm), usual_ml)
    full_ml *= (quiet_ml / usual_ml) ** FULL_FOLLOWS_QUIET * chest**FULL_FOLLOWS_CHEST
    return organs_ml["lung_tissue"] + quiet_ml + breath * max(full_ml - quiet_ml, 0.0)


def _chest(shape: Shape, subject: Subject) -> float:
    """Section of the chest over the mean of people of that sex, age and size."""
    mean = mean_shape(subject)
    return shape.chest_breadth_mm * shape.chest_depth_mm / (mean.chest_breadth_mm * mean.chest_depth_mm)


def _breast_mm(organs_ml: Mapping[str, float], shape: Shape) -> float:
    """How far a breast stands out over the fat under the skin, half of which it takes up where it lies, mm."""
    volume = 0.5 * (organs_ml["breast_adipose"] + organs_ml["breast_glandular"])
    size = shape.biacromial_breadth_mm / mean_shape(reference_adult("male")).biacromial_breadth_mm
    height = 1000 * volume / (BREAST_MM2 * size**2)
    return float(max(height - BREAST_IN_FAT * shape.fat_chest_anterior_mm, BREAST_LEAST * height))


def _muscle_size(organs_ml: Mapping[str, float], made: Proportions) -> float:
    """Radius of the flesh over that of the reference man, for bones and organs of the same size."""
    whole = float(np.prod(made.at(np.linspace(-400, 100, 11)), axis=1).mean())
    reference = mean_organs(reference_adult("male"))["skeletal_muscle"]
    return float(np.clip((organs_ml["skeletal_muscle"] / reference / whole) ** MUSCLE_POWER, *MUSCLE_SIZES))


def _spine(shape: Shape, streams: Streams, variants: frozenset[str]) -> dict[str, float]:
    """Curves over those of the reference spine; everybody's spine has a few degrees of scoliosis."""
    usual = mean_shape(reference_adult("male"))
    rng = streams["scoliosis"].generator
    degrees = float(rng.normal(0, 2.0))
    degrees += float(rng.uniform(15, 40) * rng.choice([-1, 1])) if "scoliosis" in variants else 0.0
    return {
        "kyphosis_ratio": shape.kyphosis_deg / usual.kyphosis_deg,
        "lordosis_ratio": shape.lordosis_deg / usual.lordosis_deg,
        "cobb_deg": degrees,
        "cobb_level_mm": float(rng.uniform(-90, 60)),
    }


def _steatosis(streams: Streams) -> float:
    """Share of fat in the liver."""
    rng = streams["steatosis"].generator
    share, usual, fatty = STEATOSIS
    ill = rng.uniform() < share
    return float(np.clip(rng.exponential(fatty) + 0.05 if ill else rng.normal(usual, 0.01), 0, 0.35))
