"""The muscles of trunk, shoulder, hip and thigh, each parted from the next by a seam of fat.

Muscles are listed the topmost first: each paints its belly and, one seam wider, the fat around it; what lies deeper
gets the rest. So neighbours may overlap, and still touch as muscles do. The room for them all is the muscle outline of
the trunk; what no muscle fills there is fat, as in the armpit, the groin and beside the anus.
"""

from collections.abc import Mapping

from phantoms.anatomy import muscles_hip, muscles_shoulder, muscles_trunk
from phantoms.anatomy.body import Body
from phantoms.anatomy.muscle import Muscle
from phantoms.anatomy.pelvis import pelvis
from phantoms.anatomy.rib_cage import intercostal
from phantoms.anatomy.shoulder import shoulder
from phantoms.anatomy.trunk import Trunk
from phantoms.solids import Layer, Plane, Solid, union

TOP_MM = 185.0
"""Above it the neck has its own muscles and fat."""
SIDES = (("right", lambda solid: solid), ("left", lambda solid: solid.mirrored()))
UNPAIRED = ("skeletal_muscle", "fascia")
"""Structures that both sides share."""
SEAM_MM, OLD_SEAM_MM = 1.1, 1.2
"""Half the fat between two muscles of a young adult, and what 50 more years add to it."""
STREAKS, OLD_STREAKS = 1.35, 0.35
"""How high the field between the fascicles stands where it is fat, and how much less 50 years later."""


def layers(body: Body, trunk: Trunk, bones: Mapping) -> list[Layer]:
    """All muscles and the fat between them; bones: vertebrae by level."""
    seam = SEAM_MM * body.latent("intermuscular_fat", 1.0) + OLD_SEAM_MM * max(body.age_y - 35, 0) / 50
    crest = STREAKS - OLD_STREAKS * max(body.age_y - 35, 0) / 50
    made: list[Layer] = []
    for muscle in muscles(body, trunk, bones):
        for side, here in SIDES:
            belly = here(muscle.shape)
            name = muscle.name if muscle.name in UNPAIRED else f"{muscle.name}_{side}"
            made += [Layer(here(part) & belly & muscle.room, "fascia") for part in muscle.sinews]
            if muscle.streaks:
                fat = here(muscle.streaks).grown(-crest * float(muscle.streaks.amplitude_mm[0]))
                made.append(Layer(belly & muscle.room & fat, name, "adipose"))
            made += [
                Layer(belly & muscle.room, name),
                Layer(belly.grown(muscle.seam * seam) & muscle.room, "intermuscular_fat"),
            ]
    between = Layer(intercostal(body, trunk), "intercostal_muscle")
    return [
        between,
        *made,
        Layer(trunk.muscle & ~trunk.cavity & Plane((0, 0, TOP_MM), (0, 0, -1)), "intermuscular_fat"),
    ]


def muscles(body: Body, trunk: Trunk, bones: Mapping) -> list[Muscle]:
    """All muscles of the right side, the topmost first."""
    girdle, blade = pelvis(body), shoulder(body)
    return [
        *muscles_trunk.deep(body, trunk, bones),
        *muscles_hip.muscles(body, trunk, girdle, bones),
        *muscles_shoulder.muscles(trunk, blade),
        *muscles_trunk.wall(trunk),
        *muscles_hip.compartments(trunk),
    ]


def behind_the_belly(bones: Mapping) -> Solid:
    """Psoas and quadratus lumborum of both sides: organs of the belly keep clear of them."""
    right = union(muscles_hip.psoas(bones), muscles_trunk.quadratus(bones))
    return right | right.mirrored()


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The muscles of the reference man with his bones."""
    from phantoms.anatomy import pelvis, rib_cage, sacrum, shoulder, spine
    from phantoms.anatomy.trunk import trunk

    body = Body()
    wall = trunk(body)
    skeleton = [*spine.layers(body), *sacrum.layers(body), *rib_cage.layers(body, wall)]
    skeleton += [*shoulder.layers(body, wall), *pelvis.layers(body, wall)]
    own = layers(body, wall, spine.vertebrae(body))
    return [*skeleton, *own, Layer(wall.cavity, "visceral_fat")], (0, -10, -210), (400, 300, 840), 3.0
