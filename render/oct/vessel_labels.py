"""What kind of vessel a voxel or pixel shows, where vessels fill it by half."""

import numpy as np
from jaxtyping import UInt8, UInt16
from numpy import ndarray

from simdata.structures import structure

VESSELS = ("retinal_artery", "retinal_vein", "retinal_capillary")
"""What the kinds of vessel are called in labels, in their order."""
HALF = 128


def with_vessels(
    labels: UInt16[ndarray, "x y z"], share: UInt8[ndarray, "x y z"], kind: UInt8[ndarray, "x y z"], side: str
) -> UInt16[ndarray, "x y z"]:
    """`labels`, but the vessels of an eye of that side where they fill at least half. kind: 1 + index into KINDS."""
    ids = np.array([0, *(structure(f"{name}_{side}").id for name in VESSELS)], np.uint16)
    filled = share >= HALF
    return np.where(filled, ids[np.where(filled, kind, 0)], labels)
