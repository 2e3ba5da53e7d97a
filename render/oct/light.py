"""The light that comes back: what tissue and blood scatter, weakened on its way in and out.

P(z) = b(z) exp(-2 integral of mu from 0 to z), Beer-Lambert there and back.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray

from render.properties import rows
from simdata.errors import SceneError
from simdata.structures import Structure

BLOOD = "blood"


def backscatter(db: float) -> float:
    """Echo power relative to nerve fibres at the surface."""
    return 10 ** (db / 10)


def optics() -> dict[str, tuple[float, float]]:
    """Layer, or "blood", to (echo power at the surface, attenuation per mm)."""
    return {
        row["structure"]: (backscatter(float(row["backscatter_db"])), float(row["attenuation_per_mm"]))
        for row in rows("retina_optics")
    }


def returning(
    labels: UInt16[ndarray, "x y z"],
    blood: Float32[ndarray, "x y z"],
    step_mm: float,
    structures: Mapping[int, Structure],
) -> tuple[Float32[ndarray, "x y z"], Float32[ndarray, "x y z"]]:
    """Echo power of tissue and of blood, which fills the share `blood` of each voxel; the last axis goes into the wall.

    Raises SceneError if the labels hold what has no optics.
    """
    echo, loss = _by_label(labels, structures)
    blood_echo, blood_loss = optics()[BLOOD]
    per_mm = loss[labels]
    per_mm += blood * (np.float32(blood_loss) - per_mm)
    light = np.exp(-2 * step_mm * (np.cumsum(per_mm, axis=-1) - per_mm / 2)).astype(np.float32)
    return echo[labels] * (1 - blood) * light, np.float32(blood_echo) * blood * light


def _by_label(labels: UInt16[ndarray, "x y z"], structures: Mapping[int, Structure]) -> tuple[ndarray, ndarray]:
    """Echo and attenuation of every label id that occurs."""
    table = np.zeros((2, int(labels.max(initial=0)) + 1), np.float32)
    known = optics()
    for number in np.flatnonzero(np.bincount(labels.ravel())):
        name = layer(structures[int(number)]) if number else "air"
        if name not in known:
            would = "the wall of an eye, phantoms.retina.Retina, would do"
            raise SceneError(f"OCTA: nothing is known of the light that comes back from '{name}'; {would}")
        table[:, number] = known[name]
    return table[0], table[1]


def layer(structure: Structure) -> str:
    """The name of a structure without its side."""
    return structure.name.removesuffix(f"_{structure.laterality}") if structure.laterality else structure.name
