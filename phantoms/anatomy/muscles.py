"""The muscles of trunk, shoulder, hip and thigh, each parted from the next by a seam of fat.

Muscles are listed the topmost first: each paints its belly and, one seam wider, the fat around it; what lies deeper
gets the rest. So neighbours may overlap, and still touch as muscles do. The room for them all is the muscle outline of
the trunk; what no named muscle fills there is muscle too, but for the fat of armpit, groin, ischioanal fossa and the
way of the sciatic nerve. Fat between muscles of a lean man of 40 is about 1 L from neck to knee (Gallagher, Am J Clin
Nutr 2005;81:903), more in the old and the obese.
"""

from collections.abc import Mapping

from phantoms.anatomy import muscles_hip, muscles_shoulder, muscles_trunk
from phantoms.anatomy.body import Body
from phantoms.anatomy.muscle import Muscle, bundle
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
SEAM_MM, OLD_SEAM_MM, OBESE_SEAM_MM = 0.5, 0.9, 0.5
"""Half the fat between two muscles of a young adult, what 50 more years add to it, and 10 kg/m^2 over 24."""
BETWEEN_MM = {
    "armpit": ((72, -2, 172, 9), (94, 0, 168, 15), (116, 0, 150, 20), (128, -4, 120, 18), (132, -6, 90, 9)),
    "groin": ((64, 58, -342, 8), (72, 62, -372, 13), (76, 60, -395, 12), (76, 54, -425, 9), (70, 44, -470, 4)),
    "inguinal_canal": ((84, 56, -325, 4), (50, 72, -355, 5), (28, 78, -378, 6), (22, 84, -400, 6)),
    "ischioanal_fossa": ((34, -36, -408, 10), (31, -44, -426, 18), (28, -50, -444, 17)),
    "natal_cleft": ((0, -72, -392, 7), (0, -72, -420, 10), (0, -66, -446, 12)),
    "sciatic_nerve": (
        (50, -70, -345, 4),
        (78, -62, -372, 6),
        (84, -60, -410, 6),
        (84, -58, -450, 5),
        (82, -46, -520, 4),
    ),
}
"""Where fat lies between the muscles of the right side: x, y, z, radius, mm."""
STREAKS, OLD_STREAKS = 1.35, 0.35
"""How high the field between the fascicles stands where it is fat, and how much less 50 years later."""


def layers(body: Body, trunk: Trunk, bones: Mapping) -> list[Layer]:
    """All muscles and the fat between them; bones: vertebrae by level."""
    older, stouter = max(body.age_y - 35, 0) / 50, max(_bmi(body) - 24, 0) / 10
    seam = SEAM_MM * body.latent("intermuscular_fat", 1.0) + OLD_SEAM_MM * older + OBESE_SEAM_MM * stouter
    crest = STREAKS - OLD_STREAKS * older
    made: list[Layer] = []
    gaps = union(*(bundle(knots) for knots in BETWEEN_MM.values())).grown(seam)
    room = trunk.muscle & ~trunk.cavity & Plane((0, 0, TOP_MM), (0, 0, -1))
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
    rest = [
        Layer(here(muscle.shape) & muscle.room, f"{muscle.name}_{side}")
        for muscle in muscles_hip.compartments(trunk)
        for side, here in SIDES
    ]
    return [
        between,
        *made,
        Layer((gaps | gaps.mirrored()) & room, "intermuscular_fat"),
        *rest,
        Layer(room, "skeletal_muscle"),
    ]


def _bmi(body: Body) -> float:
    """kg per square metre."""
    return body.subject.weight_kg / (body.subject.height_cm / 100) ** 2


def muscles(body: Body, trunk: Trunk, bones: Mapping) -> list[Muscle]:
    """All muscles of the right side, the topmost first."""
    girdle, blade = pelvis(body), shoulder(body)
    return [
        *muscles_trunk.deep(body, trunk, bones),
        *muscles_hip.muscles(body, trunk, girdle, bones),
        *muscles_shoulder.muscles(trunk, blade),
        *muscles_trunk.wall(trunk),
    ]


def behind_the_belly(bones: Mapping) -> Solid:
    """Psoas and quadratus lumborum of both sides: organs of the belly keep clear of them."""
    right = union(muscles_hip.psoas(bones), muscles_trunk.quadratus(bones))
    return right | right.mirrored()


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The muscles of the reference man with his bones."""
    from phantoms.anatomy import pelvis, rib_cage, sacrum, shoulder, spine
    from phantoms.anatomy.trunk import trunk
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    wall = trunk(body)
    skeleton = [*spine.layers(body), *sacrum.layers(body), *rib_cage.layers(body, wall)]
    skeleton += [*shoulder.layers(body, wall), *pelvis.layers(body, wall)]
    own = layers(body, wall, vertebrae(body))
    return [*skeleton, *own, Layer(wall.cavity, "visceral_fat")], (0, -10, -210), (400, 300, 840), 3.0
