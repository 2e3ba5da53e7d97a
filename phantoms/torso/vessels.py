"""Great vessels, airways and gullet: tubes between landmarks that ride on the spine and the heart.

Calibres: aorta ascending 30, arch 26, descending 24, suprarenal 20 mm (300 adults, JKSR 2013;69:105); trachea 18 and
main bronchi 12-14 mm (Weibel); pulmonary trunk 25, superior vena cava 18, inferior 22 mm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.heart import Heart
from phantoms.torso.shapes import chain
from phantoms.torso.spine import curve, vertebrae

STEP_MM = 8.0


@dataclass(frozen=True, eq=False)
class Tubes:
    """cones: structure name to (n, 8) round cones, painted in this order."""

    cones: dict[str, Float[ndarray, "n 8"]]

    def near(self, canvas: Canvas, names: tuple[str, ...], reach_mm: float):
        """Depth in the deepest of the tubes `names`."""
        return canvas.tubes(np.concatenate([self.cones[name] for name in names]), reach_mm)[0]


def _front(z_mm: float, before_mm: float) -> float:
    """y of a point `before_mm` in front of the vertebral bodies at height z."""
    bone = min(vertebrae().values(), key=lambda v: abs(v.centre_mm[2] - z_mm))
    return float(curve(z_mm)) + bone.depth_mm / 2 + before_mm


def tubes(heart: Heart, width: float) -> Tubes:
    """The tubes of the chest and the back of the belly, in painting order; `width` scales the blood vessels."""
    blood = {
        "pulmonary_vein": _lung_veins(heart),
        "pulmonary_artery": _lung_artery(heart),
        **_great_veins(heart),
        **_arch_branches(),
        "aorta": _aorta(heart),
    }
    widened = {name: cones * np.repeat([1.0, width], [6, 2]) for name, cones in blood.items()}
    return Tubes({**widened, **_airways()})


def _tube(*knots: Sequence[float]) -> Float[ndarray, "n 8"]:
    """A smooth tube through knots (x, y, z, radius), mm."""
    table = np.array(knots, float)
    return chain(table[:, :3], table[:, 3], STEP_MM)


def _aorta(heart: Heart) -> Float[ndarray, "n 8"]:
    at = heart.place
    chest = [(-23, _front(z, 3 if z < -40 else -4), z, r) for z, r in ((95, 12), (60, 11.8), (20, 11.5), (-20, 11.2))]
    belly = [(x, _front(z, 11), z, r) for x, z, r in ((-17, -60, 10.8), (-10, -95, 10), (-7, -150, 9.2), (-5, -235, 8))]
    return _tube(
        (*at(-4, 20, 38), 15), (*at(12, 20, 55), 16.5), (*at(20, 20, 78), 15),
        (18, 12, 104, 14), (6, 0, 121, 13), (-11, -17, 124, 12.6), (-22, -31, 112, 12.3), *chest, *belly,
    )  # fmt: skip


def _great_veins(heart: Heart) -> dict[str, Float[ndarray, "n 8"]]:
    at = heart.place
    lower = [(20, _front(z, 11), z, r) for z, r in ((-235, 10), (-190, 11), (-150, 11), (-110, 11.5))]
    return {
        "superior_vena_cava": _tube((27, 8, 128, 8), (29, 6, 105, 9), (*at(32, 8, 70), 9.5), (*at(38, 12, 44), 10)),
        "inferior_vena_cava": _tube(*lower, (24, _front(-70, 16), -70, 12), (26, -15, -35, 12), (*at(31, 4, -2), 12)),
        "brachiocephalic_vein_left": _tube((27, 10, 126, 7), (2, 22, 132, 6.5), (-26, 16, 142, 6), (-40, 4, 156, 6)),
        "brachiocephalic_vein_right": _tube((27, 8, 126, 7), (32, 6, 142, 6.5), (42, 2, 158, 6)),
    }


def _lung_artery(heart: Heart) -> Float[ndarray, "n 8"]:
    """Pulmonary trunk, then its right and left branch."""
    at = heart.place
    trunk = _tube((*at(-16, 48, 48), 14), (*at(-20, 38, 66), 13.5), (-18, 20, 85, 13), (-12, 2, 92, 12))
    right = _tube((-12, 4, 91, 11.5), (8, -5, 87, 10.5), (32, -10, 82, 10), (55, -18, 74, 6.5))
    left = _tube((-12, 4, 91, 11), (-32, -14, 92, 10), (-46, -24, 84, 9), (-54, -28, 66, 6))
    return np.concatenate([trunk, right, left])


def _lung_veins(heart: Heart) -> Float[ndarray, "n 8"]:
    at, upper, lower = heart.place, ((-10, 52), (8, 66)), ((-14, 30), (-28, 22))
    return np.concatenate(
        [
            _tube((*at(26 * side - 3, *root), 6.5), (60 * side, *tip, 4.5))
            for side in (-1, 1)
            for root, tip in (upper, lower)
        ]
    )


def _arch_branches() -> dict[str, Float[ndarray, "n 8"]]:
    return {
        "brachiocephalic_trunk": _tube((10, 4, 128, 6.5), (16, 2, 142, 6), (24, -4, 158, 6)),
        "common_carotid_artery_left": _tube((0, -6, 130, 4.5), (-14, -8, 155, 4), (-24, -8, 300, 3.5)),
        "common_carotid_artery_right": _tube((24, -4, 157, 4.2), (24, -8, 300, 3.5)),
        "subclavian_artery_left": _tube((-10, -17, 130, 5.5), (-20, -20, 158, 5), (-50, -18, 180, 4.5)),
        "subclavian_artery_right": _tube((24, -5, 157, 5), (50, -18, 180, 4.5)),
    }


def _airways() -> dict[str, Float[ndarray, "n 8"]]:
    neck = [(-3, _front(z, 8), z, 7) for z in (300, 200, 170, 135, 100)]
    chest = [(0, _front(z, 11), z, 7) for z in (70, 40, 10)]
    return {
        "esophagus": _tube(
            *neck, *chest, (-8, _front(-20, 20), -20, 7), (-20, _front(-36, 30), -36, 7), (-34, 4, -42, 7)
        ),
        "trachea": _tube((1, 0, 300, 9), (1, 0, 215, 9), (1, -6, 180, 9), (2, -14, 140, 9), (2, -21, 106, 9.5)),
        "main_bronchus_right": _tube((3, -22, 104, 8), (24, -26, 88, 7), (36, -28, 78, 6), (52, -30, 56, 4)),
        "main_bronchus_left": _tube((1, -22, 104, 7), (-22, -26, 86, 6.2), (-42, -30, 74, 5.8), (-54, -36, 54, 4)),
    }


def paint_tubes(canvas: Canvas, tubes: Tubes) -> None:
    """Walls of airways and gullet, then every lumen."""
    airways = ("trachea", "main_bronchus_right", "main_bronchus_left")
    allowed = (canvas.labels != 0) & (canvas.body > 4) & ~_chamber(canvas)
    wall = tubes.near(canvas, airways, 2.0)
    canvas.paint((wall > -1.6) & allowed, "soft_tissue")
    for name, cones in tubes.cones.items():
        depth, _ = canvas.tubes(cones)
        free = allowed if name != "pulmonary_artery" else allowed & ~canvas.has("heart_myocardium")
        canvas.paint((depth > 0) & free, name)
        if name == "esophagus":
            canvas.paint((depth > 5.2) & free, name, "air")


def _chamber(canvas: Canvas):
    sides = ("left", "right")
    return canvas.has(*(f"heart_{side}_{part}" for side in sides for part in ("ventricle", "atrium")))
