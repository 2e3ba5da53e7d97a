"""How wide and how deep the patient is whom a view shows: an ellipse across, which scatter leaves by its sides.

A view tells how wide he is; how deep, that which sees him a quarter of a turn later or earlier.
"""

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from render.photons import Photons

SHADOW = 0.97
"""The patient is where no more than this share of the beam arrives."""


def ellipses(measured: Photons) -> Float64[ndarray, "views 3"]:
    """Of each view: half as wide and half as deep as the patient is, and where his middle lies across, mm.

    All in the plane of his middle, from the ray that meets the detector straight. One who goes on beyond the detector
    is endlessly wide. A depth of 0 is not known.
    """
    focus_mm = measured.focus_mm[2] - measured.middle_to_detector_mm
    rays = measured.blank[0].mean(axis=-1) * measured.output[:, None]
    lit = np.asarray(measured.data[0].mean(axis=-1) < SHADOW * rays)
    lit |= ~lit.any(axis=1, keepdims=True)
    columns = lit.shape[1]
    first, last = lit.argmax(axis=1), columns - lit[:, ::-1].argmax(axis=1)
    on_detector = measured.element_mm[0] * (np.stack([first, last]) - columns / 2) - measured.focus_mm[0]
    slope = on_detector / measured.focus_mm[2]
    left, right = focus_mm * slope / np.sqrt(1 + slope**2)
    beyond = lit[:, 0] | lit[:, -1]
    aside = quarter_away(measured.view_rad)
    width = np.where(beyond, 0.0, right - left)
    deep = width[aside] if len(aside) else np.zeros_like(width)
    return np.stack([np.where(beyond, np.inf, width / 2), deep / 2, (right + left) / 2], axis=1)


def quarter_away(view_rad: Float64[ndarray, " views"]) -> Int64[ndarray, " views"]:
    """Of each view that which sees the patient a quarter of a turn later, or else earlier; none, if none does."""
    views = np.arange(len(view_rad))
    quarter = round(np.pi / 2 / abs(view_rad[1] - view_rad[0])) if len(views) > 1 else 1
    if quarter >= len(views):
        return views[:0]
    return np.where(views + quarter < len(views), views + quarter, np.maximum(views - quarter, 0))
