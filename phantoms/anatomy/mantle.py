"""What lies around and between the organs: skin, subcutaneous fat, breasts, and the fat of chest and belly."""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import BREAST_DEG, BREAST_MM, SKIN_MM, Trunk
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, waves

NECK_MM = 190.0
GLAND_UNDER_SKIN_MM, GLAND_OVER_MUSCLE_MM = 6.0, 3.0
# of a breast, mm: half width across, outwards and upwards
BREAST_RADII_MM = (86.0, 58.0, 60.0)
TOWARDS_ARMPIT_DEG = 16.0


def inside(trunk: Trunk, above_diaphragm: Solid) -> list[Layer]:
    """The fat of mediastinum and belly, muscle in the neck, and below them all the muscle of the wall."""
    neck = trunk.cavity & Plane((0, 0, NECK_MM), (0, 0, 1))
    return [
        Layer(neck, "skeletal_muscle"),
        Layer(trunk.cavity & above_diaphragm, "mediastinum"),
        Layer(trunk.cavity, "visceral_fat"),
    ]


def outside(body: Body, skin: Solid, muscle: Solid, trunk: Trunk) -> list[Layer]:
    """Muscle, breasts, subcutaneous fat and skin, from the inside out.

    skin, muscle: of the whole body, head and arms with it where there are any.
    """
    fat = skin.grown(-SKIN_MM)
    return [
        Layer(muscle & fat.grown(-1.0), "skeletal_muscle"),
        *(_breasts(body, fat, muscle, trunk) if body.latent("breast_mm") > 6 else []),
        Layer(fat, "subcutaneous_fat"),
        Layer(skin, "skin"),
    ]


def _breasts(body: Body, fat: Solid, muscle: Solid, trunk: Trunk) -> list[Layer]:
    """Gland in the middle of each breast, as lumps that reach for the nipple, in fat."""
    gland_ml, fat_ml = body.latent("breast_glandular_ml", 200.0), body.latent("breast_adipose_ml", 320.0)
    share = gland_ml / max(gland_ml + fat_ml, 1.0)
    found = []
    for side, sign in (("right", 1), ("left", -1)):
        base, front = trunk.point_mm(np.full(2, sign * BREAST_DEG[0]), np.full(2, BREAST_MM[0]), np.array([12.0, 40.0]))
        outward = (front - base) / np.linalg.norm(front - base)
        turn, to_side = np.radians(TOWARDS_ARMPIT_DEG), sign * np.cross(outward, (0, 0, 1))
        along = np.cos(turn) * to_side + np.sin(turn) * np.array([0, 0, 1])
        axes = np.stack([along, outward, np.cross(along, outward)])
        whole = Ellipsoid(base, BREAST_RADII_MM, axes) & fat & ~muscle  # pyright: ignore[reportArgumentType]
        core = Ellipsoid(base + 8 * outward, tuple(r * (0.36 + 0.6 * share) for r in BREAST_RADII_MM), axes)
        lumps = core + waves(5.0, (9, 22), body.dice(f"gland_{side}"), 8)
        deep = fat.grown(-GLAND_UNDER_SKIN_MM) & ~muscle.grown(GLAND_OVER_MUSCLE_MM)
        found += [Layer(lumps & deep, f"breast_{side}"), Layer(whole, f"breast_{side}", "adipose")]
    return found
