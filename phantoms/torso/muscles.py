"""Muscles with a name: of the back, between the ribs, psoas, and the crura of the diaphragm."""

import numpy as np

from phantoms.torso import ribs
from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import chain
from phantoms.torso.spine import curve

INTERCOSTAL_MM = 10.5
CRUS = ((13, -62), (12, -95), (13, -125), (14, -158))

# height: distance from the midline, distance behind the vertebral bodies' centre, half width, half depth, mm
BACK = {
    -300: (38, 50, 34, 25),
    -220: (38, 49, 34, 25),
    -150: (36, 47, 32, 23),
    -80: (31, 44, 27, 18),
    0: (26, 42, 22, 15),
    120: (23, 42, 19, 15),
    200: (17, 38, 17, 15),
    300: (14, 32, 14, 14),
}
PSOAS = (
    (28, -6, -112, 6),
    (31, -6, -135, 11),
    (36, -5, -165, 16),
    (42, -3, -200, 20),
    (48, 2, -240, 23),
    (56, 10, -300, 25),
)
QUADRATUS = ((46, -34, -98, 9), (56, -34, -140, 13), (64, -32, -190, 15), (74, -30, -250, 16))


def paint_muscles(canvas: Canvas) -> None:
    """Over the plain muscle wall and the fat beside the spine."""
    _paint_intercostal(canvas)
    view = canvas.window((-100, -200, -310), (100, 10, 310))
    free = view.has("skeletal_muscle", "soft_tissue", "visceral_fat", "intercostal_muscle", "mediastinum")
    back = free & _along_the_spine(view) & (view.muscle > 1.5) & (np.abs(view.x) > 1.2)
    for side, sign in (("left", -1), ("right", 1)):
        view.paint(back & (view.x * sign > 0), f"autochthon_{side}")
        for name, path in ((f"iliopsoas_{side}", PSOAS), ("skeletal_muscle", QUADRATUS)):
            cones = chain([(sign * x, curve(z) + y, z) for x, y, z, _ in path], [r for *_, r in path])
            view.paint((view.tubes(cones)[0] > 0) & free, name)
        crus = chain([(sign * x, curve(z) + 15, z) for x, z in CRUS], [4.5, 5.0, 4.5, 2.5])
        view.paint((view.tubes(crus)[0] > 0) & free, "diaphragm")


def _along_the_spine(view: Canvas):
    """Where the ellipse of the back muscles lies on either side of the spinous processes."""
    heights = np.arange(-300.0, 301.0, 4.0)
    knots = np.array([np.interp(heights, list(BACK), values) for values in zip(*BACK.values(), strict=True)])
    middle, behind, wide, deep = (np.interp(view.z, heights, values).astype(np.float32) for values in knots)
    spine_y = np.interp(view.z, heights, curve(heights)).astype(np.float32)
    return ((np.abs(view.x) - middle) / wide) ** 2 + ((view.y - spine_y + behind) / deep) ** 2 < 1


def _paint_intercostal(canvas: Canvas) -> None:
    """The inner layer of the wall from the lowest to the highest rib, or breastbone, at each angle."""
    degrees = np.arange(0, 181, 2.0)
    lines = [
        np.where(degrees >= end - 2, ribs.height_mm(rib, degrees), np.nan) for rib, (end, *_) in ribs.TABLE.items()
    ]
    breastbone = np.where(degrees < 28, 1.0, np.nan)
    lines += [breastbone * ribs.TABLE[7][2], breastbone * ribs.TABLE[1][2]]
    low, high = np.nanmin(lines, axis=0), np.nanmax(lines, axis=0)
    layer = (canvas.cavity <= 0) & (canvas.cavity > -INTERCOSTAL_MM) & canvas.has("skeletal_muscle")
    angle, z = canvas.angle_deg[layer], canvas.z[layer]
    layer[layer] = (z > np.interp(angle, degrees, low)) & (z < np.interp(angle, degrees, high))
    canvas.paint(layer, "intercostal_muscle")
