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
AGES_Y = (0, 1, 5, 10, 16)
YOUNG = ((0.68, 0.64, 1.08), (0.72, 0.7, 1.08), (0.87, 0.84, 1.04), (0.95, 0.93, 1.02), (1.0, 1.0, 1.0))
"""Heights of neck, jaw and vault over those of an adult with a head as long: the face of a newborn is an eighth of its
head, an adult's half of it, and its chin lies on its chest (Caffey, rounded)."""
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
"""Power of the trunk's growth, against that of the vault, in the growth of the face: a newborn's is low and narrow."""
MUSCLE_POWER, MUSCLE_SIZES = 0.35, (0.82, 1.16)
"""From the ratio of muscle volumes to the ratio of radii of the flesh (bones and organs within do not change)."""


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


def proportions(shape: Shape, subject: Subject, breast_ml: float, muscle_ml: float) -> Proportions:
    """Scale of every level of a person of that shape, with so much in one breast and in all skeletal muscles."""
    his = mean_shape(reference_adult("male"))
    mine, his = _measures(shape), _measures(his)
    mine["chest_depth"] -= BREAST_SHARE * 1000 * breast_ml / (BREAST_MM2 * (mine["shoulder"] / his["shoulder"]) ** 2)
    _, bmi = relative_size(subject)
    ratio = {name: mine[name] / his[name] * bmi ** -FLESH.get(name, 0.0) for name in mine}
    ratio["trunk"] = float(np.clip(ratio["sitting"], 0.2, 2.0))
    return _as_tall(ratio, SUPINE * shape.sitting_height_mm)


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
    places = places + _waves(x, y, z, body.dice("warp"))
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


def _waves(x, y, z, rng: Generator) -> Float[ndarray, "x y z 3"]:
    """Smooth random displacement: for each component a sum of plane waves, the product of one factor per axis."""
    total = np.zeros((*x.shape, 3), np.float32)
    for component in range(3):
        for _ in range(WAVES):
            direction = rng.normal(size=3)
            k = 2 * np.pi / rng.uniform(*WAVELENGTH_MM) * direction / np.linalg.norm(direction)
            total[..., component] += np.sin(
                (k[0] * x + k[1] * y + k[2] * z + rng.uniform(0, 2 * np.pi)).astype(np.float32)
            )
    return total * np.float32(WAVE_MM * np.sqrt(2 / WAVES))
