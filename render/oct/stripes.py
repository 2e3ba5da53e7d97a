"""Stripes inside a layer that are too thin to be layers of their own, such as the ellipsoid zone of photoreceptors."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from render.oct.units import backscatter
from render.properties import rows


@cache
def stripes() -> Mapping[str, tuple[ndarray, ndarray]]:
    """Layer to the shares of it at which its stripes end, and their echo powers at the surface."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows("retina_stripes"):
        until, power = found.setdefault(row["layer"], ([], []))
        until.append(float(row["until"]))
        power.append(backscatter(float(row["backscatter_db"])))
    return {name: (np.array(until), np.array(power)) for name, (until, power) in found.items()}


def stripe_of(inside: Bool[ndarray, "x y z"], until: ndarray) -> Int[ndarray, " n"]:
    """Of the voxels inside a layer, the number of their stripe; the last axis goes into the wall."""
    passed = np.cumsum(inside, axis=-1, dtype=np.int32)
    share = (passed - 0.5)[inside] / np.broadcast_to(passed[..., -1:], inside.shape)[inside]
    return np.searchsorted(until[:-1], share)
