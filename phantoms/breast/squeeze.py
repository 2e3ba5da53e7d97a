"""Where each point of a breast goes when it is pressed: a map that keeps every volume."""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from phantoms.breast.shape import Section, Shape

THIN_MM = 3.0
"""Where a chord is shorter, beside the body for instance, the map stretches as if it were that long."""


def carry(wtd_mm: Float64[ndarray, "n 3"], start: Shape, end: Shape) -> Float64[ndarray, "n 3"]:
    """Points of `start` where they lie in `end`, which has the same volume.

    What lies nearer to the chest wall stays nearer to it, section by section of equal volume; then along w by equal
    area, then along t by equal length. The map of Knothe 1957 (Michigan Math J 4:39) and Rosenblatt 1952 (Ann Math Stat
    23:470): its Jacobian is 1, as flesh is incompressible. Points beside the body go along with its surface.
    """
    at = np.append(start.slices_mm, start.depth_mm)
    volume = np.append(start.before_ml, start.volume_ml) / start.volume_ml
    goal = np.interp(
        volume, np.append(end.before_ml, end.volume_ml) / end.volume_ml, np.append(end.slices_mm, end.depth_mm)
    )
    beyond = np.maximum(wtd_mm[:, 2] - at[-1], 0) + np.minimum(wtd_mm[:, 2], 0)
    inner = np.clip(wtd_mm[:, 2], 0, at[-1])
    out = np.zeros_like(wtd_mm, float)
    out[:, 2] = np.interp(inner, at, goal) + beyond

    last = len(at) - 2
    lower = np.clip(np.searchsorted(at, inner, side="right") - 1, 0, last)
    share = np.clip((inner - at[lower]) / (at[lower + 1] - at[lower]), 0, 1)
    for i in range(last + 1):
        here = np.flatnonzero((lower == i) | (lower == i - 1))
        if here.size:
            weight = np.where(lower[here] == i, np.where(i == last, 1.0, 1 - share[here]), share[here])
            moved = _across(wtd_mm[here, :2], start.section(at[i]), end.section(min(goal[i], end.slices_mm[-1])))
            out[here, :2] += weight[:, None] * moved
    return out


def _across(wt_mm: Float64[ndarray, "n 2"], start: Section, end: Section) -> Float64[ndarray, "n 2"]:
    """Within a section: along w by equal area, along t by equal length."""
    (before, _), (after, _) = start.share, end.share
    w, t = wt_mm.T
    beside = np.maximum(w - start.w_mm[-1], 0) + np.minimum(w - start.w_mm[0], 0)
    there = np.interp(np.interp(w, start.w_mm, before), after, end.w_mm)
    middle, half = _chord(w, start)
    new_middle, new_half = _chord(there, end)
    return np.column_stack([there + beside, new_middle + (t - middle) * new_half / half])


def _chord(w_mm: Float64[ndarray, " n"], section: Section) -> tuple[Float64[ndarray, " n"], Float64[ndarray, " n"]]:
    """Middle and half length of the chord at each w."""
    low, high = (np.interp(w_mm, section.w_mm, ends) for ends in (section.low_mm, section.high_mm))
    return (low + high) / 2, np.maximum((high - low) / 2, THIN_MM / 2)
