"""Vessels on a detector, at its own resolution: branches thinner than a voxel keep their blood."""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from scipy.sparse import csc_array, csr_array

from render.kernels.lumens import THINNEST, fill, measure
from render.plane import onto, plane
from render.views import Views
from simdata import Vessels
from simdata.vessels import NO_HEIR, ROOT

TINY = 1e-12
MOST_INSIDE = 0.8
"""Share of a branch that lies in its stem, at most."""

STEEP, STEEPEST, HAIRPIN = 0.3, 1.5, 0.2
"""Segments whose sine to the rays is below the first are cut straight, as are two whose cosine is below the last; no
cut is more askew than the second."""


def ways(vessels: Vessels, view: Views) -> csr_array:
    """(columns times rows, segments) mm of way of each element's rays through each segment, in the order of `segments`.

    A segment is a straight tube whose ways add up to its volume exactly. Where a vessel bends, its segments meet in the
    plane halfway between them; a branch begins at the wall of its stem. Links are left out.
    """
    tubes = _tubes(vessels, view)
    count, scale = np.empty(len(tubes), np.int64), np.empty(len(tubes))
    measure(tubes, view.columns, view.rows, count, scale)
    first = np.concatenate([[0], np.cumsum(count)])
    element, path = np.empty(first[-1], np.int32), np.empty(first[-1], np.float32)
    fill(tubes, view.columns, view.rows, first, scale, element, path)
    return csc_array((path, element, first), shape=(view.columns * view.rows, len(tubes))).tocsr()


def _tubes(vessels: Vessels, view: Views) -> Float64[ndarray, "s 12"]:
    """Of every segment what `render.kernels.lumens.measure` asks for."""
    start, end = _ends(vessels)
    middle, axis = (start + end) / 2, end - start
    length = np.linalg.norm(axis, axis=1)
    place, magnification = onto(view, middle)
    rays = view.focus[0, 3] * middle - view.focus[0, :3]
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)

    detector = plane(view)
    across, up = detector.affine[:3, 0], detector.affine[:3, 1]
    towards = (axis * rays).sum(axis=1)
    drawn = (axis - towards[:, None] * rays) @ np.column_stack([across / (across @ across), up / (up @ up)])
    drawn /= np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), TINY)
    cosine = np.abs(towards) / np.maximum(length, TINY)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0))
    askew = np.abs(rays @ detector.affine[:3, 2])
    size = np.sqrt(np.linalg.norm(across) * np.linalg.norm(up) * askew) / magnification
    radius = vessels.radius_mm[vessels.segments].astype(float)
    widest = np.maximum(radius, THINNEST * size)
    before, after = _mitres(vessels, drawn, sine)
    volume = np.pi * radius**2 * length
    columns = [detector.index(place)[:, :2], drawn, length / 2, widest, sine, cosine, size, before, after, volume]
    return np.column_stack(columns)


def _ends(vessels: Vessels) -> tuple[Float64[ndarray, "s 3"], Float64[ndarray, "s 3"]]:
    """Where each segment begins and ends: a branch begins at the wall of its stem."""
    point, above = vessels.segments, vessels.parent[vessels.segments]
    start, end = (vessels.points_mm[rows].astype(float) for rows in (above, point))
    branches = (vessels.heir[above] != point) & (vessels.parent[above] != ROOT)
    length = np.maximum(np.linalg.norm(end - start, axis=1), TINY)
    inside = np.minimum(vessels.radius_mm[above] / length, MOST_INSIDE) * branches
    return start + inside[:, None] * (end - start), end


def _mitres(
    vessels: Vessels, drawn: Float64[ndarray, "s 2"], sine: Float64[ndarray, " s"]
) -> tuple[Float64[ndarray, " s"], Float64[ndarray, " s"]]:
    """mm along by mm aside of the cuts through both ends of every segment: halfway to the one before, the one after."""
    row = np.zeros(len(vessels), int)
    row[vessels.segments] = np.arange(len(vessels.segments))
    heir = vessels.heir[vessels.segments]
    here = np.flatnonzero(heir != NO_HEIR)
    there = row[heir[here]]
    flat = (sine[here] > STEEP) & (sine[there] > STEEP) & ((drawn[here] * drawn[there]).sum(axis=1) > HAIRPIN)
    here, there = here[flat], there[flat]

    normal = np.column_stack([-drawn[:, 1], drawn[:, 0]])
    halfway = normal[here] + normal[there]
    before, after = np.zeros(len(drawn)), np.zeros(len(drawn))
    for cut, at in ((after, here), (before, there)):
        aside = np.maximum((halfway * normal[at]).sum(axis=1), TINY)
        cut[at] = np.clip((halfway * drawn[at]).sum(axis=1) / aside, -STEEPEST, STEEPEST)
    return before, after
