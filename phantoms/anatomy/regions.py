"""What lies on top of what: the regions of the body as one list of layers, the topmost first.

Bones and nerves lie over vessels and airways, these over heart and lungs, solid organs over hollow ones, organs over
muscle, muscle over fat, and skin below all. An organ that must keep clear of a neighbour gets the neighbour's solid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from phantoms.anatomy import (
    adrenals,
    airways,
    bladder,
    brain,
    colon,
    diaphragm,
    duodenum,
    genitals,
    great_vessels,
    head,
    heart,
    kidneys,
    liver,
    lung_tree,
    lungs,
    mantle,
    mediastinum,
    muscles,
    neck,
    pancreas,
    pelvis,
    rib_cage,
    sacrum,
    shoulder,
    small_bowel,
    spine,
    spleen,
    stomach,
)
from phantoms.anatomy.body import Body
from phantoms.anatomy.spine import Vertebra
from phantoms.anatomy.trunk import SKIN_MM, Trunk, trunk
from phantoms.solids import Layer, Solid, common, smooth_union, union

CLEAR_MM = 1.0
JOIN_MM = 20.0
PRESSES_MM = 5.0
"""How far the stomach presses into the colon, which gives way so far."""
LUNG_KNOB = "lungs"
"""The volume of the lungs is set by the height of the diaphragm: `Body.grown` of this lowers the domes."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What organ sizes do not change: outlines, vertebrae, way of the bowel, skeleton, face and muscles as layers."""

    wall: Trunk
    bones: Mapping[str, Vertebra]
    bowel: small_bowel.Path
    skeleton: list[Layer]
    face: list[Layer]
    muscles: list[Layer]
    skin: Solid
    muscle: Solid


def frame(body: Body) -> Frame:
    """The frame of a person; it may be used for every `layers` of the same person."""
    wall, bones = trunk(body), spine.vertebrae(body)
    skeleton = [
        *spine.layers(body),
        *sacrum.layers(body),
        *rib_cage.layers(body, wall),
        *shoulder.layers(body, wall),
        *pelvis.layers(body, wall),
    ]
    skin, muscle = _surface(body, wall)
    flesh = muscles.layers(body, wall, bones)
    return Frame(wall, bones, small_bowel.path(body), skeleton, head.layers(body), flesh, skin, muscle)


@dataclass(frozen=True, eq=False)
class Upper:
    """Head, neck and chest, which the organs of the belly do not change.

    head: brain and neck as layers. over, under: the chest's layers over and under the twigs of the lungs. lungs,
    between, above: both lungs, the mediastinum, and all above the diaphragm.
    """

    body: Body
    head: list[Layer]
    over: list[Layer]
    under: list[Layer]
    lungs: Solid
    between: Solid
    above: Solid
    heart: heart.Heart

    @cached_property
    def twigs(self) -> list[Layer]:
        """Bronchi and vessels within the lungs; they belong to the lobes, so that a volume can do without them."""
        return lung_tree.layers(self.body, self.heart, self.lungs.grown(CLEAR_MM) | self.between)


def upper(body: Body, frame: Frame) -> Upper:
    """Head, neck and chest: airways, vessels, heart, mediastinum, lungs, diaphragm."""
    body = breathing(body)
    wall, bones = frame.wall, frame.bones
    own_heart = heart.heart(body)
    above = diaphragm.above(body, wall, own_heart.whole)
    tubes = airways.airways(body, bones)
    blood = great_vessels.vessels(body, own_heart, bones)
    between = mediastinum.mediastinum(body, own_heart, blood, tubes, bones)
    both = lungs.lungs(wall.cavity, above, between)
    return Upper(
        body=body,
        head=[*brain.layers(body), *neck.layers(body, bones)],
        over=[
            *airways.layers(body, tubes),
            *great_vessels.layers(blood, own_heart),
            *heart.layers(own_heart),
            *mediastinum.layers(body, common(between, wall.cavity, above)),
        ],
        under=[*lungs.layers(body, both), *diaphragm.layers(above, wall.cavity, bones)],
        lungs=both,
        between=between,
        above=above,
        heart=own_heart,
    )


def upper_layers(frame: Frame, upper: Upper) -> list[Layer]:
    """Skeleton, head and chest with nothing in the belly: enough to weigh what lies above the diaphragm."""
    fat = mantle.inside(frame.wall, upper.above)
    return [Layer(~frame.skin, ""), *frame.skeleton, *upper.head, *frame.face, *upper.over, *upper.under, *fat]


def layers(body: Body, frame: Frame, upper: Upper) -> list[Layer]:
    """Every layer of a patient."""
    return _stacked(breathing(body), frame, upper, [*upper.over, *upper.twigs, *upper.under])


def layers_to_weigh(body: Body, frame: Frame, upper: Upper) -> list[Layer]:
    """Every layer but the twigs of the lungs."""
    return _stacked(breathing(body), frame, upper, [*upper.over, *upper.under])


def breathing(body: Body) -> Body:
    """The body whose domes stand where the volume of its lungs has them."""
    return replace(body, latents=MappingProxyType({**body.latents, "dome_mm": -body.grown(LUNG_KNOB)}))


def _stacked(body: Body, frame: Frame, upper: Upper, chest: list[Layer]) -> list[Layer]:
    blood = [layer.solid for layer in chest if "iliac" in layer.structure or "mesenteric" in layer.structure]
    return [
        Layer(~frame.skin, ""),
        *frame.skeleton,
        *upper.head,
        *frame.face,
        *chest,
        *_belly(body, frame, frame.wall.cavity & ~upper.above.grown(diaphragm.MUSCLE_MM), blood),
        *frame.muscles,
        *kidneys.fat_layers(body),
        *mantle.inside(frame.wall, upper.above),
        *mantle.outside(body, frame.skin, frame.muscle, frame.wall),
    ]


def _surface(body: Body, wall: Trunk) -> tuple[Solid, Solid]:
    """Skin and muscle of the whole body: trunk and thighs, head, and arms where they are not left out."""
    below = head.below_jaw()
    skin, muscle = smooth_union(head.skin(body), wall.skin & below, round_mm=JOIN_MM), wall.muscle & below
    hanging = genitals.genitals(body, bladder.bladder(body)).outer
    skin = skin if hanging is None else skin | hanging.grown(SKIN_MM)
    arms = shoulder.arms(body)
    if arms is None:
        return skin, muscle
    return smooth_union(skin, arms[0], round_mm=JOIN_MM), smooth_union(muscle, arms[1], round_mm=JOIN_MM)


def _belly(body: Body, frame: Frame, room: Solid, blood: list[Solid]) -> list[Layer]:
    """The organs under the diaphragm; room: all of belly and pelvis. blood: vessels that the bowel goes round."""
    large, urinary = colon.colon(body), kidneys.layers(body)
    outer_stomach = stomach.stomach(body, body.latent("dome_mm")) - large.outer.grown(-PRESSES_MM)
    outer_duodenum, own_pancreas, bed = duodenum.duodenum(body), pancreas.pancreas(body), kidneys.bed(body)
    own_liver = liver.liver(body, room, union(outer_stomach, outer_duodenum, own_pancreas), large.outer, bed)
    own_spleen = spleen.spleen(body, room, outer_stomach, bed) - large.outer.grown(CLEAR_MM)
    solid = union(own_liver.outer, own_spleen, bed)
    bag = bladder.bladder(body)
    organs = genitals.genitals(body, bag)
    ureters = [layer.solid for layer in urinary if layer.structure.startswith("ureter_") and not layer.tissue]

    for_stomach = room - union(solid, own_pancreas).grown(CLEAR_MM)
    upper = union(outer_stomach, outer_duodenum, *blood, *ureters)
    for_colon = for_stomach - union(upper, bag.outer, organs.inner).grown(CLEAR_MM)
    for_bowel = for_colon - muscles.behind_the_belly(frame.bones) - large.outer.grown(CLEAR_MM)
    return [
        *urinary,
        *adrenals.layers(body),
        *duodenum.layers(body, room - bed, outer_duodenum),
        *spleen.layers(body, own_spleen),
        *pancreas.layers(body, own_pancreas),
        *great_vessels.in_liver(body, own_liver.whole),
        *liver.layers(body, own_liver),
        *stomach.layers(body, for_stomach, outer_stomach),
        *bladder.layers(room, bag),
        *genitals.layers(organs),
        *colon.layers(body, for_colon, large),
        *small_bowel.layers(body, for_bowel, frame.bowel),
    ]
