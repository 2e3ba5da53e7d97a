"""The curves of the spine and the heights of its vertebrae.

Cobb angles between endplates: kyphosis T4 (upper) to T12 (lower), lordosis L1 (upper) to S1 (upper), lying;
scoliosis from the line of the vertebral bodies, which the voxels blur less than single endplates.
"""

from collections.abc import Mapping

import numpy as np

from phantoms.people.traits import Trait, traits
from pipelines.realism.figures import Figure
from pipelines.realism.vertebrae import LEVELS, VertebralBody
from simdata.subject import Subject

USUAL_Z = 2.5
SCOLIOSIS_DEG = 10.0
"""From here on it is called a scoliosis (Cobb); 2 to 3 % of people have one."""
FEWEST = 4
UPRIGHT = [level for level in LEVELS if level[0] in "TL"]


def spine_figures(bodies: Mapping[str, VertebralBody], subject: Subject, voxel_mm: float) -> list[Figure]:
    """Three angles, as far as their vertebrae are in the field, and the heights of the bodies from T1 to L5."""
    found = []
    shape = {trait.name: trait for trait in traits("shape", subject.sex)}
    if {"T4", "T12"} <= bodies.keys():
        kyphosis = bodies["T12"].lower_deg[0] - bodies["T4"].upper_deg[0]
        found.append(_angle("kyphosis T4-T12", kyphosis, shape["kyphosis_deg"], subject))
    if {"L1", "S1"} <= bodies.keys():
        lordosis = bodies["L1"].upper_deg[0] - bodies["S1"].upper_deg[0]
        found.append(_angle("lordosis L1-S1", lordosis, shape["lordosis_deg"], subject))
    if (degrees := scoliosis_deg(bodies)) is not None:
        found.append(Figure("scoliosis (coronal Cobb)", degrees, "deg", 0, SCOLIOSIS_DEG, "Cobb 1948"))
    sizes = {trait.name: trait for trait in traits("vertebrae", subject.sex)}
    for level in UPRIGHT:
        if level in bodies:
            ends = [sizes[f"{level}_height_{end}_mm"] for end in ("anterior", "posterior")]
            found.append(_height(level, bodies[level].height_mm, ends, subject, voxel_mm))
    return found


def scoliosis_deg(bodies: Mapping[str, VertebralBody]) -> float | None:
    """The range of directions of the line through the vertebral bodies, from the front; None for fewer than four."""
    middles = np.array([bodies[level].centre_mm for level in UPRIGHT if level in bodies])
    if len(middles) < FEWEST:
        return None
    x, _, z = (middles[2:] - middles[:-2]).T
    return float(np.degrees(np.ptp(np.arctan(x / z))))


def _angle(what: str, value: float, trait: Trait, subject: Subject) -> Figure:
    low, high = (trait.mean(subject) * np.exp(z * trait.spread) for z in (-USUAL_Z, USUAL_Z))
    return Figure(what, value, "deg", float(low), float(high), "phantoms/people/tables/shape.csv")


def _height(level: str, value: float, ends: list[Trait], subject: Subject, voxel_mm: float) -> Figure:
    """Within the spread of people, and a voxel more: nearer than that it cannot be measured."""
    mean, spread = (float(np.mean(list)) for list in ([e.mean(subject) for e in ends], [e.spread for e in ends]))
    low, high = (mean * np.exp(z * spread) for z in (-USUAL_Z, USUAL_Z))
    about = f"{mean:.1f} mm expected"
    source = "phantoms/people/tables/vertebrae.csv"
    return Figure(f"height of {level}", value, "mm", float(low - voxel_mm), float(high + voxel_mm), source, about)
