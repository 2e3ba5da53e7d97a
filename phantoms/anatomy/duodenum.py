"""The duodenum: a C around the head of the pancreas, from the pylorus to the flexure beside the second lumbar vertebra.

Its third part crosses in front of cava and aorta at L3. Calibre 25 mm, wall 2 to 3 mm (from memory, to be checked).
"""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Layer, Plane, Solid, tube, waves
from simdata import Subject

WALL_MM = 2.4
# x, y, z, radius, mm
COURSE = (
    (22, 44, -103, 8.0),
    (31, 39, -99, 12.0),
    (42, 26, -99, 12.5),
    (49, 12, -108, 11.5),
    (51, 7, -130, 12.0),
    (49, 8, -156, 12.5),
    (42, 15, -178, 12.0),
    (26, 26, -187, 11.5),
    (6, 30, -187, 10.5),
    (-14, 26, -180, 11.0),
    (-27, 19, -164, 11.5),
    (-31, 18, -148, 11.5),
    (-36, 28, -141, 11.0),
)
FLEXURE_MM = COURSE[-1][:3]
LOOSE_FROM_X_MM, LOOSE_BY_X_MM = -10.0, 25.0
"""Left of the first its ligament holds it to the spine, right of the second it goes along with the liver."""
STEP_MM = 6.0
FOLD_MM, FOLDS_APART_MM = 0.9, (5.0, 9.0)


def duodenum(body: Body) -> Solid:
    """Its outer surface."""
    table = np.array(COURSE, float)
    held, free = table[:, :3], taken_along(body, table[:, :3])
    loose = np.interp(table[:, :1], (LOOSE_FROM_X_MM, LOOSE_BY_X_MM), (0, 1))
    return tube(held + loose * (free - held), table[:, 3], STEP_MM).grown(body.grown("duodenum"))


def layers(body: Body, room: Solid, outer: Solid) -> list[Layer]:
    """Contents between the folds, and the wall. outer: `duodenum`. room: the belly less what it must not enter."""
    whole = outer & room
    lumen = whole.grown(-WALL_MM - FOLD_MM) + waves(FOLD_MM, FOLDS_APART_MM, body.dice("duodenum"), 5)
    return [Layer(lumen, "duodenum_content"), Layer(whole, "duodenum")]


def preview():
    """The duodenum alone."""
    body = Body(Subject(sex="male"))
    room = trunk(body).cavity & Plane((0, 0, -6), (0, 0, -1))
    return layers(body, room, duodenum(body)), (5, 15, -145), (140, 100, 120), 1.5
