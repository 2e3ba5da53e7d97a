"""The light that comes back: what tissue and blood scatter, weakened on its way in and out.

P(z) = b(z) exp(-2 integral of mu from 0 to z), Beer-Lambert there and back.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray

from render.oct.stripes import stripe_of, stripes
from render.oct.units import backscatter
from render.properties import rows
from simdata.errors import SceneError
from simdata.eye_wall import layer
from simdata.scene import present_ids
from simdata.structures import Structure

BLOOD = "blood"


class Optics(NamedTuple):
    """number: (x, y, z) row of every voxel in the tables. echo: (rows,) power at the surface. per_mm: attenuation."""

    number: UInt16[ndarray, "x y z"]
    echo: Float32[ndarray, " rows"]
    per_mm: Float32[ndarray, " rows"]


def optics() -> dict[str, tuple[float, float]]:
    """Layer, or "blood", to (echo power at the surface, attenuation per mm)."""
    return {
        row["structure"]: (backscatter(float(row["backscatter_db"])), float(row["attenuation_per_mm"]))
        for row in rows("retina_optics")
    }


def optics_of(labels: UInt16[ndarray, "x y z"], structures: Mapping[int, Structure]) -> Optics:
    """Of the layers that those labels name, and of the stripes in them; the last axis goes into the wall.

    Raises SceneError if the labels hold what has no optics.
    """
    echo, per_mm = np.zeros((2, int(labels.max(initial=0)) + 1), np.float32)
    known, number = optics(), labels
    for id in present_ids(labels):
        name = layer(structures[id]) if id else "air"
        if name not in known:
            would = "the wall of an eye, phantoms.retina.Retina, would do"
            raise SceneError(f"OCT: nothing is known of the light that comes back from '{name}'; {would}")
        echo[id], per_mm[id] = known[name]
        if name in stripes():
            until, power = stripes()[name]
            inside = labels == id
            number = number.copy()
            number[inside] = len(echo) + stripe_of(inside, until)
            echo, per_mm = np.append(echo, np.float32(power)), np.append(per_mm, np.full(len(power), per_mm[id]))
    return Optics(number, echo, per_mm)


def returning(
    labels: UInt16[ndarray, "x y z"],
    blood: Float32[ndarray, "x y z"],
    step_mm: float,
    structures: Mapping[int, Structure],
) -> tuple[Float32[ndarray, "x y z"], Float32[ndarray, "x y z"]]:
    """Echo power of tissue and of blood, which fills the share `blood` of each voxel; the last axis goes into the wall.

    Raises SceneError if the labels hold what has no optics.
    """
    number, echo, loss = optics_of(labels, structures)
    blood_echo, blood_loss = optics()[BLOOD]
    per_mm = loss[number]
    per_mm += blood * (np.float32(blood_loss) - per_mm)
    light = np.exp(-2 * step_mm * (np.cumsum(per_mm, axis=-1) - per_mm / 2)).astype(np.float32)
    return echo[number] * (1 - blood) * light, np.float32(blood_echo) * blood * light
