"""Liver, gallbladder, spleen, pancreas and adrenals: what hangs under the diaphragm."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import chain, ellipsoid, smooth_common

# lower surface of the liver: its height at y = 15 mm over x, mm; it rises towards the back
LOWER_X_MM = (-100, -75, -45, -12, 20, 50, 80, 110, 140)
LOWER_Z_MM = (40, 14, -14, -32, -48, -76, -108, -132, -144)
RISE_TO_BACK = 0.34
# a larger liver reaches lower, more so on the left than at its right tip: factor over x
GROWTH = ((-100, 40, 110), (1.2, 1.15, 0.6))
SPLEEN_RIDES = 0.8
SPLEEN_MM = (62.0, 44.0, 34.0)
DENT_MM = 8.0

# x, y, height over the lower surface of the liver, radius
GALLBLADDER = ((38, 12, 4, 4), (43, 28, 2, 9), (50, 46, -2, 13), (54, 56, -6, 13))
PANCREAS = chain(
    [(32, 10, -130), (30, 14, -114), (10, 26, -105), (-18, 19, -97), (-48, -10, -87), (-76, -28, -75)],
    [19, 19, 12.5, 14, 14, 12.5],
    8,
)
ADRENALS = {
    "right": np.concatenate(
        [
            chain([(27, -20, -74), (31, -26, -84), (36, -38, -94)], [4.0, 4.6, 3.4]),
            chain([(30, -24, -80), (27, -36, -90), (27, -42, -96)], [4.2, 4.2, 3.2]),
        ]
    ),
    "left": np.concatenate(
        [
            chain([(-28, -16, -84), (-32, -22, -94), (-40, -32, -106)], [4.2, 4.8, 3.6]),
            chain([(-30, -20, -90), (-27, -32, -100), (-27, -38, -108)], [4.4, 4.4, 3.4]),
        ]
    ),
}
PORTAL = chain([(6, 14, -112), (20, 8, -92), (30, 6, -74), (44, 2, -58), (62, -8, -48)], [5.5, 6.2, 6.2, 5.5, 3.5], 8)
SPLENIC_VEIN = chain([(6, 12, -110), (-18, 6, -96), (-48, -22, -85), (-70, -38, -72)], [4.5, 4.2, 4.0, 3.5], 8)


@dataclass(frozen=True)
class Organs:
    """What the volume solver turns. liver_mm: lowers its lower surface. spleen, kidney: size."""

    liver_mm: float = 0.0
    spleen: float = 1.0
    kidney: float = 1.0


def liver_depth(view: Canvas, under: Float32[ndarray, "x y z"], organs: Organs) -> Float32[ndarray, "x y z"]:
    """Depth inside the liver: under the right dome, above an oblique lower surface, its left lobe over the stomach."""
    x, y, z = view.points
    lower = _lower_mm(x, y, organs).astype(np.float32)
    floor = (z - lower) * np.float32(0.8)
    ligament = np.hypot(x - 6 - 0.06 * (y - 40), np.clip(40 - y, 0, None)) - np.clip((lower + 26 - z) * 0.14, 0, 3)
    return np.minimum(smooth_common(under + 0.5, floor, 10), ligament).astype(np.float32)


def _lower_mm(x, y, organs: Organs):
    """Height of the liver's lower surface, mm: it falls to the right and to the front."""
    behind = 0.9 * np.clip(8 - y, 0, None) * np.clip((30 - x) / 30, 0, 1)
    lower = (
        np.interp(x, LOWER_X_MM, LOWER_Z_MM)
        - organs.liver_mm * np.interp(x, *GROWTH)
        - RISE_TO_BACK * (y - 15)
        + behind
    )
    return lower + 3 * np.sin(x / 17) * np.sin(y / 23 + 1)


def spleen_depth(view: Canvas, organs: Organs, dome_mm: float) -> Float32[ndarray, "x y z"]:
    """Depth inside the spleen before wall, diaphragm, stomach and kidney press on it; its axis runs along rib ten."""
    long = np.array([-0.22, 0.60, -0.77])
    flat = np.array([-0.84, -0.54, 0.0])
    long, flat = long / np.linalg.norm(long), flat / np.linalg.norm(flat)
    flat -= long * (long @ flat)
    flat /= np.linalg.norm(flat)
    centre = (-97.0, -42.0, -50.0 + SPLEEN_RIDES * dome_mm)
    radii = tuple(organs.spleen * radius for radius in SPLEEN_MM)
    return ellipsoid(view.points, centre, radii, (long, np.cross(flat, long), flat))


def paint_pancreas(view: Canvas) -> None:
    """Pancreas, the veins behind it and the adrenals, in the fat that is left."""
    free = view.has("visceral_fat", "diaphragm")
    depth, _ = view.tubes(PANCREAS)
    lobules = 1.6 * np.sin(view.x / 2.4) * np.sin(view.y / 2.2) * np.sin(view.z / 2.6)
    view.paint((depth + lobules > 0) & free, "pancreas")
    veins, _ = view.tubes(np.concatenate([PORTAL, SPLENIC_VEIN]))
    view.paint((veins > 0) & (free | view.has("liver", "pancreas")), "portal_vein_and_splenic_vein")
    for side, cones in ADRENALS.items():
        view.paint((view.tubes(cones)[0] > 0) & (free | view.has("liver", "spleen")), f"adrenal_gland_{side}")


def paint_liver(
    view: Canvas, depth: Float32[ndarray, "x y z"], above: Float32[ndarray, "x y z"], organs: Organs
) -> None:
    """Liver and gallbladder with its wall."""
    view.paint((depth > 0) & view.has("visceral_fat"), "liver")
    knots = [(x, y, float(_lower_mm(x, y, organs)) + up) for x, y, up, _ in GALLBLADDER]
    bag, _ = view.tubes(chain(knots, [radius for *_, radius in GALLBLADDER], 8))
    view.paint((bag > -1.5) & (above < -6) & view.has("liver", "visceral_fat"), "gallbladder", "gut_wall")
    view.paint((bag > 0) & view.has("gallbladder"), "gallbladder")
