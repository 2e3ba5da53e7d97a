"""From one body to every body: how the places of a patient map to the reference body, whose anatomy is drawn.

Each level of the body is stretched by the ratio of the patient's breadth, depth and length there to those of the
reference man (phantoms/people/shape.py), so a newborn gets the large head, round chest and small pelvis of a newborn;
then the spine is bent to the patient's own kyphosis, lordosis and scoliosis, and smooth random waves make no two alike.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import BONE_MM
from phantoms.people.organs import reference_adult
from phantoms.people.shape import Shape, mean_shape
from phantoms.people.traits import relative_size
from phantoms.solids import Warp
from simdata import Subject

REACH_MM = (300.0, 230.0)
BOTTOM_MM, TOP_MM = -700.0, 520.0
LATTICE_MM = 10.0
WAVE_MM, WAVES, WAVELENGTH_MM = 1.2, 14, (60.0, 120.0)
# middle of the thoracic and lumbar curve, how far they reach, and how far they bulge in the reference spine, mm
KYPHOSIS = (75.0, 85.0, -20.0)
LORDOSIS = (-170.0, 70.0, 20.0)
BENDS_BEHIND_MM = 25.0
"""Over this depth the bend of the spine fades towards the front wall, which follows by less than half."""
SCOLIOSIS_REACH_MM = 150.0
FLESH = {"chest_breadth": 0.05, "chest_depth": 0.3, "pelvis": 0.1, "pelvis_depth": 0.2, "thigh": 0.1, "neck": 0.1}
"""Power of the body-mass index that a measure owes to muscle and deep fat, not to the skeleton; estimated."""
BREAST_SHARE = 0.45
"""How much of a breast's height the depth of the chest at the nipples owes to it."""
SEAT_MM, VERTEX_MM = -473.0, 484.0
"""What a person sits on, 15 mm below the ischia, and the top of the head, in the reference body."""
SUPINE = 1.02
"""Sitting height lying over sitting: the spine unloads, the buttocks are not pressed."""
NECK_SHARE = 0.88
"""The neck over the trunk along z."""
FACE_SHARE = 0.5
"""Power of the trunk's growth, against that of the vault, in the growth of the face: a newborn's is an eighth of its
head, an adult's half of it (Caffey)."""
FLAT, ROUND = 0.03, 0.12
"""How much narrower and deeper a newborn's ribs are than its skin tells: it has no muscles beside them."""
WAIST_FROM_Y = 4.0
"""Infants have no waist: their belly is as wide as their liver and bowel ask for, whatever chest and pelvis are."""
TRUNK_MM, ROUNDS = 700.0, 4
"""Length that the scale of the trunk sets; rounds of Newton until the person is as tall as asked."""


@dataclass(frozen=True, eq=False)
class Proportions:
    """heights_mm: reference heights of the levels, ascending. scale: (levels, 3) patient mm per reference mm there."""

    heights_mm: Float[ndarray, " n"]
    scale: Float[ndarray, "n 3"]

    def at(self, height_mm) -> Float[ndarray, "*n 3"]:
        """Scale along x, y and z at reference heights."""
        return PchipInterpolator(self.heights_mm, self.scale)(
            np.clip(height_mm, self.heights_mm[0], self.heights_mm[-1])
        )

    def patient_height_mm(self, height_mm) -> Float[ndarray, "*n"]:
        """Height in the patient of a reference height; 0, the middle of T9, stays where it is."""
        fine = np.arange(BOTTOM_MM - 400, TOP_MM + 401, 2.0)
        along = np.concatenate([[0], np.cumsum(2.0 * self.at(fine[:-1] + 1.0)[:, 2])])
        along -= np.interp(0.0, fine, along)
        return np.interp(height_mm, fine, along)


def proportions(shape: Shape, subject: Subject, breast_mm: float) -> Proportions:
    """Scale of every level of a person of that shape, whose breasts are so high."""
    mine, his = _measures(shape), _measures(mean_shape(reference_adult("male")))
    mine["chest_depth"] -= BREAST_SHARE * breast_mm
    _, bmi = relative_size(subject)
    ratio = {name: mine[name] / his[name] * bmi ** -FLESH.get(name, 0.0) for name in mine}
    for name in ("head_breadth", "head_length"):
        ratio[name] *= 1 + 2 * (BONE_MM - skull_mm(subject.age_y)) / mean_shape(reference_adult("male")).head_breadth_mm
    infant = float(np.exp(-subject.age_y / WAIST_FROM_Y))
    ratio["chest_breadth"], ratio["chest_depth"] = (
        ratio["chest_breadth"] * (1 - FLAT * infant),
        ratio["chest_depth"] * (1 + ROUND * infant),
    )
    for way, pelvis in (("breadth", ratio["pelvis"]), ("depth", ratio["pelvis_depth"])):
        between = 0.5 * (ratio[f"chest_{way}"] + pelvis)
        ratio[f"waist_{way}"] = infant * ratio[f"waist_{way}"] + (1 - infant) * between
    length_mm = SUPINE * shape.sitting_height_mm
    trunk = shape.sitting_height_mm / mean_shape(reference_adult("male")).sitting_height_mm
    for _ in range(ROUNDS):
        seat_mm, vertex_mm = _levels(ratio, trunk).patient_height_mm(np.array([SEAT_MM, VERTEX_MM]))
        trunk += (length_mm - (vertex_mm - seat_mm)) / TRUNK_MM
    return _levels(ratio, trunk)


def skull_mm(age_y: float) -> float:
    """Thickness of the vault, reference mm: 2 mm at birth, 4.5 mm at 5 years (Roche 1953, rounded)."""
    return float(np.interp(age_y, (0, 1, 5, 20), (3.2, 3.4, 4.8, BONE_MM)))


def _levels(ratio: dict[str, float], trunk: float) -> Proportions:
    """Scale of every level, given the scale of the trunk along z."""
    waist = (ratio["waist_breadth"], ratio["waist_depth"])
    vault = 0.5 * (ratio["head_breadth"] + ratio["head_length"])
    small = (trunk / vault) ** FACE_SHARE
    face = ratio["head_breadth"] * small, ratio["head_length"] * small, vault * small
    levels = {
        -700: (ratio["thigh"], ratio["thigh"], trunk),
        -480: (0.5 * (ratio["thigh"] + ratio["pelvis"]), ratio["thigh"], trunk),
        -390: (ratio["pelvis"], ratio["pelvis_depth"], trunk),
        -260: (ratio["pelvis"], ratio["pelvis_depth"], trunk),
        -140: (*waist, trunk),
        0: (ratio["chest_breadth"], ratio["chest_depth"], trunk),
        80: (ratio["chest_breadth"], ratio["chest_depth"], trunk),
        165: (ratio["shoulder"], 0.5 * (ratio["chest_depth"] + ratio["neck"]), trunk),
        205: (0.3 * ratio["neck"] + 0.7 * ratio["shoulder"], ratio["neck"], NECK_SHARE * trunk),
        250: (ratio["neck"], ratio["neck"], NECK_SHARE * trunk),
        300: face,
        360: (ratio["head_breadth"], ratio["head_length"], vault),
        520: (ratio["head_breadth"], ratio["head_length"], vault),
    }  # fmt: skip
    return Proportions(np.array(list(levels), float), np.array(list(levels.values()), float))


def _measures(shape: Shape) -> dict[str, float]:
    """The skeleton's measures, mm: breadths and depths without the fat that lies on it."""
    chest_fat = shape.fat_chest_anterior_mm + shape.fat_chest_posterior_mm
    hip_fat = 0.5 * shape.fat_abdomen_anterior_mm + shape.fat_buttock_mm
    return {
        "shoulder": shape.biacromial_breadth_mm,
        "chest_breadth": shape.chest_breadth_mm - 2 * shape.fat_chest_lateral_mm,
        "chest_depth": shape.chest_depth_mm - chest_fat,
        "waist_breadth": shape.waist_breadth_mm - 2 * shape.fat_abdomen_lateral_mm,
        "waist_depth": shape.waist_depth_mm - shape.fat_abdomen_anterior_mm - shape.fat_abdomen_posterior_mm,
        "pelvis": shape.pelvic_breadth_mm,
        "pelvis_depth": 0.5 * (shape.hip_depth_mm - hip_fat) + 0.5 * 0.75 * shape.pelvic_breadth_mm,
        "thigh": shape.thigh_circumference_mm - 2 * np.pi * shape.fat_thigh_mm,
        "neck": shape.neck_circumference_mm - 2 * np.pi * shape.fat_neck_mm,
        "head_breadth": shape.head_breadth_mm,
        "head_length": shape.head_length_mm,
    }


def warp(body: Body, made: Proportions) -> Warp:
    """The map from the patient to the reference body on a lattice."""
    size = made.at(np.linspace(-450, 400, 20))
    step = LATTICE_MM * float(size.min())
    low = np.array([*(-np.array(REACH_MM) * size[:, :2].max(axis=0)), made.patient_height_mm(BOTTOM_MM)])
    high = np.array([*(np.array(REACH_MM) * size[:, :2].max(axis=0)), made.patient_height_mm(TOP_MM)])
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]

    fine = np.arange(BOTTOM_MM - 300, TOP_MM + 301, 2.0)
    z = np.interp(axes[2], made.patient_height_mm(fine), fine)
    scale = made.at(z)
    x, y = axes[0][:, None, None] / scale[:, 0], axes[1][None, :, None] / scale[:, 1]
    x, y, z = np.broadcast_arrays(x, y, z[None, None])
    places = np.stack([x - _sideways(body, z), y - _forwards(body, y, z), z], axis=-1)
    places = places + _waves(x[:, 0], y[0], z[0, 0], body.dice("warp"))
    return Warp(places.astype(np.float32), tuple(low), step)  # pyright: ignore[reportArgumentType]


def _forwards(body: Body, y, z) -> Float[ndarray, "x y z"]:
    """How far the spine's own curves move a place to the front, reference mm."""
    moved = 0
    for (middle, reach, bulge), ratio in (
        (KYPHOSIS, body.latent("kyphosis_ratio", 1.0)),
        (LORDOSIS, body.latent("lordosis_ratio", 1.0)),
    ):
        moved = moved + bulge * (ratio - 1) * np.exp(-(((z - middle) / reach) ** 2))
    return moved * (0.4 + 0.6 / (1 + np.exp((y + 5) / BENDS_BEHIND_MM)))


def _sideways(body: Body, z) -> Float[ndarray, "x y z"]:
    """How far a scoliosis of that Cobb angle moves the trunk to the right, reference mm: A sin(2 pi z / wavelength).

    The end vertebrae lean by A 2 pi / wavelength each, so A = Cobb wavelength / (4 pi).
    """
    wavelength = 2 * SCOLIOSIS_REACH_MM
    bend = np.radians(body.latent("cobb_deg")) * wavelength / (4 * np.pi)
    near = np.exp(-(((z - body.latent("cobb_level_mm")) / (1.2 * SCOLIOSIS_REACH_MM)) ** 2))
    return bend * np.cos(2 * np.pi * (z - body.latent("cobb_level_mm")) / wavelength) * near


def _waves(
    x: Float[ndarray, "x z"], y: Float[ndarray, "y z"], z: Float[ndarray, " z"], rng: Generator
) -> Float[ndarray, "x y z 3"]:
    """Smooth random displacement: for each component a sum of plane waves, each the product of one factor per axis."""
    total = np.empty((len(x), len(y), len(z), 3), np.float32)
    for component in range(3):
        direction = rng.normal(size=(WAVES, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        k = 2 * np.pi / rng.uniform(*WAVELENGTH_MM, (WAVES, 1)) * direction
        phase = k[:, 2:] * z + rng.uniform(0, 2 * np.pi, (WAVES, 1))
        along_x, along_y = (np.exp(1j * k[:, n, None, None] * v).transpose(2, 1, 0) for n, v in ((0, x), (1, y)))
        both = along_x * np.exp(1j * phase).T[:, None] @ along_y.transpose(0, 2, 1)
        total[..., component] = both.imag.transpose(1, 2, 0)
    return total * np.float32(WAVE_MM * np.sqrt(2 / WAVES))
