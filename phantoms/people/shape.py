"""The outer shape of a person: breadths, depths, girths, fat thickness and the curves of the spine."""

from dataclasses import dataclass

from numpy.random import Generator

from phantoms.people.traits import draw, means
from simdata import Subject


@dataclass(frozen=True)
class Shape:
    """A body in numbers, lengths in mm and angles in degrees.

    Breadths are side to side, depths front to back, circumferences round the skin, standing, as ANSUR II measures them:
    chest at the nipples (breasts included), waist at the navel, hip and buttock at the widest. pelvic_breadth_mm:
    between the iliac crests. sitting_height_mm, trunk_length_mm, sternal_notch_height_mm: crown, C7 spine and notch
    above the seat. fat_*_mm: skin to fascia without skin. kyphosis_deg: T4-T12; lordosis_deg: L1-S1;
    cervical_lordosis_deg: C2-C7 (Cobb). rib_slope_deg: how far the sixth rib falls towards the front below the
    horizontal, at rest. infrasternal_angle_deg: between the costal margins.
    """

    biacromial_breadth_mm: float
    bideltoid_breadth_mm: float
    chest_breadth_mm: float
    chest_depth_mm: float
    chest_circumference_mm: float
    waist_breadth_mm: float
    waist_depth_mm: float
    waist_circumference_mm: float
    hip_breadth_mm: float
    hip_depth_mm: float
    hip_circumference_mm: float
    pelvic_breadth_mm: float
    sitting_height_mm: float
    trunk_length_mm: float
    sternal_notch_height_mm: float
    head_circumference_mm: float
    head_breadth_mm: float
    head_length_mm: float
    neck_circumference_mm: float
    upper_arm_circumference_mm: float
    thigh_circumference_mm: float
    fat_neck_mm: float
    fat_chest_anterior_mm: float
    fat_chest_lateral_mm: float
    fat_chest_posterior_mm: float
    fat_abdomen_anterior_mm: float
    fat_abdomen_lateral_mm: float
    fat_abdomen_posterior_mm: float
    fat_hip_lateral_mm: float
    fat_buttock_mm: float
    fat_upper_arm_mm: float
    fat_thigh_mm: float
    skin_thickness_mm: float
    kyphosis_deg: float
    lordosis_deg: float
    cervical_lordosis_deg: float
    sacral_slope_deg: float
    pelvic_incidence_deg: float
    rib_slope_deg: float
    infrasternal_angle_deg: float


def mean_shape(subject: Subject) -> Shape:
    """The average person of that sex, age and size."""
    return Shape(**means("shape", subject))


def draw_shape(subject: Subject, rng: Generator) -> Shape:
    """One person: correlated lognormal residuals around `mean_shape`."""
    return Shape(**draw("shape", subject, rng))
