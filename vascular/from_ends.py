"""Widths, flows and pressures of trees whose ends all take their share: what the ends say, added up to the roots."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from simdata import Vessels, vessel_tree
from simdata.vessels import ROOT
from vascular.cco import PA_PER_MMHG, VISCOSITY_PA_S
from vascular.construction.rows import summed_from_root
from vascular.murray import CUBIC, Murray, flow_from_ends, radii_from_ends


def from_ends(
    points_mm: Float[ndarray, "n 3"],
    parent: Int[ndarray, " n"],
    size: Float[ndarray, " n"],
    *,
    root_mm: float,
    kind: str,
    root_mmhg: float,
    flow_mm3_s: float,
    murray: Murray = CUBIC,
) -> Vessels:
    """Vessels by Murray's law; the widest root has that radius, all roots together that flow.

    size: radii of the ends over each other; each end takes flow by the cube of it.
    """
    roots = parent == ROOT
    radius = radii_from_ends(parent, size, murray)
    radius *= root_mm / radius[roots].max()
    flow = flow_from_ends(parent, size**3)
    flow *= flow_mm3_s / flow[roots].sum()
    length = np.linalg.norm(points_mm - points_mm[np.where(roots, np.arange(len(parent)), parent)], axis=1)
    drop = 8 * VISCOSITY_PA_S[kind] / (np.pi * PA_PER_MMHG) * length * flow / radius**4
    downstream = 1.0 if kind in ("vein", "duct") else -1.0
    pressure = root_mmhg + downstream * summed_from_root(np.asarray(parent), drop)
    return vessel_tree(points_mm, parent, radius, kind, flow, pressure)
