"""The heart along the axis of its left ventricle: what lies at each height, angle and radius, at end diastole."""

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, UInt8
from numpy import ndarray

from simdata import Scene, SceneError

OTHER, LEFT, RIGHT, ATRIA, MUSCLE, STIFF = range(6)
"""What a place can be: cavities of the ventricles, of the atria, muscle and valves, bone; OTHER gives way."""
CHAMBERS = {
    "heart_left_ventricle": LEFT,
    "heart_right_ventricle": RIGHT,
    "heart_left_atrium": ATRIA,
    "heart_right_atrium": ATRIA,
    "atrial_appendage_left": ATRIA,
    "heart_myocardium": MUSCLE,
    "heart_valve": MUSCLE,
    "coronary_artery": MUSCLE,
}
STIFF_NAMES = ("rib_", "sternum", "costal_cart", "vertebra", "intervertebral")
NEEDED = ("heart_left_ventricle", "heart_right_ventricle", "heart_left_atrium", "heart_myocardium")
TURNS, HEIGHT_MM, RADIUS_MM = 72, 2.0, 1.0
"""Rays around the axis, and how far apart heights and radii are."""
GIVES_MM = 18.0
"""So far around the heart other tissue gives way."""
BASE = 0.06
"""Share of the left ventricle's cavity that lies over the plane of its valves: the way out."""


@dataclass(frozen=True)
class Cylinder:
    """A heart in plain values. A point p has (right, down, along) = axes (p - origin): to the right ventricle, across,
    and to the apex, as in `phantoms.anatomy.heart`.

    places: what lies at (height, turn, radius), packed (zlib, base 85). first_mm: the first height. base_mm, apex_mm,
    roof_mm: heights of the valve plane, the apex, and the roof of the atria. cavity_ml, right_ml: left and right
    ventricle at end diastole, as labelled.
    """

    places: str
    shape: tuple[int, int, int]
    origin_mm: tuple[float, float, float]
    axes: tuple[tuple[float, float, float], ...]
    first_mm: float
    base_mm: float
    apex_mm: float
    roof_mm: float
    cavity_ml: float
    right_ml: float

    def classes(self) -> UInt8[ndarray, "h t r"]:
        """The places, unpacked."""
        return np.frombuffer(zlib.decompress(base64.b85decode(self.places)), np.uint8).reshape(self.shape)


def cylinder(scene: Scene) -> Cylinder:
    """The heart of a patient at rest. Raises SceneError where a chamber is not there."""
    labels = scene.to("cpu").labels
    known = {entry.name for entry in scene.structures.values()}
    masks = {name: scene.to("cpu").mask(name) if name in known else labels < 0 for name in NEEDED}
    points = {name: scene.grid.world_mm(np.argwhere(mask)) for name, mask in masks.items()}
    for name, found in points.items():
        if len(found) < 20:
            raise SceneError(f"Heartbeat: the patient has no {name} on this grid; a heart with its chambers would do")
    left = points["heart_left_ventricle"]
    origin = np.round(left.mean(axis=0), 2)
    axes = np.round(_axes(left, points), 6)
    along = {name: (found - origin) @ axes[2] for name, found in points.items()}
    base_mm = float(np.round(np.quantile(along["heart_left_ventricle"], BASE), 1))
    heart = np.concatenate(list(points.values()))
    apex_mm = float(np.round(along["heart_myocardium"].max(), 1))
    roof_mm = float(np.round(along["heart_left_atrium"].min() - 10, 1))
    turned = (heart - origin) @ axes.T
    reach_mm = float(np.quantile(np.hypot(turned[:, 0], turned[:, 1]), 0.9999)) + GIVES_MM + 3
    heights = int(np.ceil((apex_mm + 8 - roof_mm) / HEIGHT_MM)) + 1
    shape = (heights, TURNS, int(np.ceil(reach_mm / RADIUS_MM)))
    classes = _sampled(scene, labels, origin, axes, roof_mm, shape)
    x, y, z = origin.tolist()
    rows = [(a, b, c) for a, b, c in axes.tolist()]
    packed = base64.b85encode(zlib.compress(classes.tobytes(), 9)).decode()
    ml = scene.grid.voxel_mm3 / 1000
    return Cylinder(
        packed,
        shape,
        (x, y, z),
        tuple(rows),
        roof_mm,
        base_mm,
        apex_mm,
        roof_mm,
        len(left) * ml,
        len(points["heart_right_ventricle"]) * ml,
    )


def _axes(left: Float[ndarray, "n 3"], points) -> Float64[ndarray, "3 3"]:
    """To the right ventricle, across, and along the cavity to its apex; orthonormal."""
    _, _, rows = np.linalg.svd(left - left.mean(axis=0), full_matrices=False)
    along = rows[0] * np.sign(rows[0] @ (left.mean(axis=0) - points["heart_left_atrium"].mean(axis=0)))
    right = points["heart_right_ventricle"].mean(axis=0) - left.mean(axis=0)
    right -= along * (right @ along)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(along, right), along])


def _sampled(scene: Scene, labels, origin, axes, first_mm: float, shape) -> UInt8[ndarray, "h t r"]:
    heights, turns, radii = shape
    z = first_mm + HEIGHT_MM * np.arange(heights)
    turn = 2 * np.pi * np.arange(turns) / turns
    r = RADIUS_MM * (np.arange(radii) + 0.5)
    z, turn, r = np.meshgrid(z, turn, r, indexing="ij")
    places = np.stack([r * np.cos(turn), -r * np.sin(turn), z], axis=-1) @ axes + origin
    index = np.clip(np.rint(scene.grid.index(places)).astype(np.int64), 0, np.array(scene.grid.shape) - 1)
    return _codes(scene)[labels[index[..., 0], index[..., 1], index[..., 2]]]


def _codes(scene: Scene) -> UInt8[ndarray, " ids"]:
    """What each label is; a lesion is what it lies in."""
    codes = np.zeros(1 << 16, np.uint8)
    for id in scene.structures:
        names = scene.lineage(id)
        chambers = [CHAMBERS[name] for name in names if name in CHAMBERS]
        stiff = any(name.startswith(STIFF_NAMES) for name in names)
        codes[id] = chambers[0] if chambers else STIFF if stiff else OTHER
    return codes
