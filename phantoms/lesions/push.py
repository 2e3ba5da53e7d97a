"""Mass effect: what grows in an organ pushes it aside, and the tissue around it goes along."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

from phantoms.lesions.pulled import pulled
from phantoms.lesions.room import box_around
from simdata import Scene, Vessels
from simdata.grid import Grid
from simdata.tissues import tissues

FADES, ENDS = 2.0, 4.0
"""Radii from the middle at which the push begins to fade, and at which nothing moves any more."""
RIGID = ("cortical_bone", "spongy_bone")
STEPS = 512


def pushed(scene: Scene, centre_mm: Float[ndarray, " 3"], diameter_mm: float) -> Scene:
    """`scene` in which a ball of that diameter has grown out of a point, still of the tissue that was there.

    Soft tissue is not compressed: what lay at r lies at (r^3 + R^3)^(1/3), so that every shell keeps its volume; from
    2 R on the push fades, and it is gone at 4 R, where tissue is squeezed by at most 5 %. It never folds: what lies
    farther out stays farther out. Bone stands still, and nothing is pushed into it. Vessels and findings go along.
    """
    radius_mm = diameter_mm / 2
    if min(scene.grid.spacing_mm) > 2 * radius_mm:
        return scene
    block = box_around(scene.grid, centre_mm, ENDS * radius_mm)
    x, y, z = block
    near = scene.grid.crop((x.start, y.start, z.start), (x.stop - x.start, y.stop - y.start, z.stop - z.start))
    displacement = _displacement(near, centre_mm, radius_mm)
    after = pulled(scene, block, displacement, _rigid(scene.tissue[block]))
    return replace(
        after,
        vessels=MappingProxyType({bed: _along(one, centre_mm, radius_mm) for bed, one in scene.vessels.items()}),
        findings=tuple(_with_centre(one, centre_mm, radius_mm) for one in scene.findings),
    )


def at_rest_mm(distance_mm: Float[ndarray, "*n"], radius_mm: float) -> Float[ndarray, "*n"]:
    """How far from the middle it lay before, what lies so far from it now; 0 within the ball."""
    cubed = np.maximum(distance_mm**3 - radius_mm**3, 0)
    fade = np.clip((ENDS - distance_mm / radius_mm) / (ENDS - FADES), 0, 1)
    return distance_mm - (distance_mm - np.cbrt(cubed)) * fade**2 * (3 - 2 * fade)


def now_mm(rest_mm: Float[ndarray, "*n"], radius_mm: float) -> Float[ndarray, "*n"]:
    """How far from the middle it lies now, what lay so far from it."""
    distance = radius_mm * np.linspace(1, ENDS, STEPS)
    inside = np.interp(rest_mm, at_rest_mm(distance, radius_mm), distance)
    return np.where(rest_mm < ENDS * radius_mm, inside, rest_mm)


def _displacement(grid: Grid, centre_mm: Float[ndarray, " 3"], radius_mm: float) -> Float32[ndarray, "3 x y z"]:
    """From where tissue lies now to where it lay, mm."""
    offset = grid.points_mm() - centre_mm
    distance = np.linalg.norm(offset, axis=-1)
    back = at_rest_mm(distance, radius_mm) / np.maximum(distance, np.finfo(float).tiny) - 1
    return np.moveaxis((back[..., None] * offset).astype(np.float32), -1, 0).copy()


def _rigid(tissue: ndarray) -> Bool[ndarray, "x y z"]:
    return np.isin(tissue, [tissues()[name] for name in RIGID])


def _moved_mm(points_mm: Float[ndarray, "n 3"], centre_mm: Float[ndarray, " 3"], radius_mm: float) -> ndarray:
    offset = points_mm - centre_mm
    distance = np.linalg.norm(offset, axis=-1)
    ratio = now_mm(distance, radius_mm) / np.maximum(distance, np.finfo(float).tiny)
    return centre_mm + offset * np.where(distance > 0, ratio, 1)[..., None]


def _along(vessels: Vessels, centre_mm: Float[ndarray, " 3"], radius_mm: float) -> Vessels:
    return replace(
        vessels, points_mm=_moved_mm(vessels.points_mm.astype(float), centre_mm, radius_mm).astype(np.float32)
    )


def _with_centre(finding: Any, centre_mm: Float[ndarray, " 3"], radius_mm: float) -> Any:
    x, y, z = _moved_mm(np.array([finding.centre_mm]), centre_mm, radius_mm)[0].tolist()
    return replace(finding, centre_mm=(x, y, z))
