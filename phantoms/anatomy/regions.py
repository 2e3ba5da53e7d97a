"""What lies on top of what: the regions of the body as one list of layers, the topmost first.

Bones and nerves lie over vessels and airways, these over heart and lungs, solid organs over hollow ones, organs over
muscle, muscle over fat, and skin below all. An organ that must keep clear of a neighbour gets the neighbour's solid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
LUNG_KNOB = "lungs"
"""The volume of the lungs is set by the height of the diaphragm: `Body.grown` of this lowers the domes."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What organ sizes do not change: outlines, vertebrae, the way of the bowel, skeleton and muscles as layers."""

    wall: Trunk
    bones: Mapping[str, Vertebra]
    bowel: small_bowel.Path
    skeleton: list[Layer]
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
    return Frame(wall, bones, small_bowel.path(body), skeleton, muscles.layers(body, wall, bones), skin, muscle)


def layers(body: Body, frame: Frame) -> list[Layer]:
    """Every layer of a patient."""
    body = breathing(body)
    own_heart = heart.heart(body)
    above = diaphragm.above(body, frame.wall, own_heart.whole)
    chest = _chest(body, frame, above, own_heart)
    twigs = lung_tree.layers(body, own_heart, chest.lungs.grown(CLEAR_MM) | chest.between)
    return _stacked(body, frame, above, [*chest.over, *twigs, *chest.under])


def layers_to_weigh(body: Body, frame: Frame) -> list[Layer]:
    """The same without the twigs in the lungs, which belong to their lobes anyway: organs have the same volumes."""
    body = breathing(body)
    own_heart = heart.heart(body)
    above = diaphragm.above(body, frame.wall, own_heart.whole)
    chest = _chest(body, frame, above, own_heart)
    return _stacked(body, frame, above, [*chest.over, *chest.under])


def chest_layers(body: Body, frame: Frame) -> list[Layer]:
    """Skeleton and chest, with nothing in the belly: enough to weigh lungs and heart."""
    body = breathing(body)
    own_heart = heart.heart(body)
    above = diaphragm.above(body, frame.wall, own_heart.whole)
    chest = _chest(body, frame, above, own_heart)
    return [Layer(~frame.skin, ""), *frame.skeleton, *chest.over, *chest.under, *mantle.inside(frame.wall, above)]


def breathing(body: Body) -> Body:
    """The body whose domes stand where the volume of its lungs has them."""
    return replace(body, latents=MappingProxyType({**body.latents, "dome_mm": -body.grown(LUNG_KNOB)}))


def _stacked(body: Body, frame: Frame, above: Solid, chest: list[Layer]) -> list[Layer]:
    return [
        Layer(~frame.skin, ""),
        *frame.skeleton,
        *brain.layers(body),
        *neck.layers(body, frame.bones),
        *head.layers(body),
        *chest,
        *_belly(body, frame, frame.wall.cavity & ~above.grown(diaphragm.MUSCLE_MM)),
        *frame.muscles,
        *kidneys.fat_layers(body),
        *mantle.inside(frame.wall, above),
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


@dataclass(frozen=True, eq=False)
class Chest:
    """over, under: layers over and under the twigs of the lungs. lungs, between: both lungs, the mediastinum."""

    over: list[Layer]
    under: list[Layer]
    lungs: Solid
    between: Solid


def _chest(body: Body, frame: Frame, above: Solid, own_heart: heart.Heart) -> Chest:
    """Airways, vessels, heart, mediastinum; lungs, diaphragm."""
    wall, bones = frame.wall, frame.bones
    tubes = airways.airways(body, bones)
    blood = great_vessels.vessels(body, own_heart, bones)
    between = mediastinum.mediastinum(body, own_heart, blood, tubes, bones)
    both = lungs.lungs(wall.cavity, above, between)
    over = [
        *airways.layers(body, tubes),
        *great_vessels.layers(blood, own_heart),
        *heart.layers(own_heart),
        *mediastinum.layers(body, common(between, wall.cavity, above)),
    ]
    return Chest(over, [*lungs.layers(body, both), *diaphragm.layers(above, wall.cavity, bones)], both, between)


def _belly(body: Body, frame: Frame, room: Solid) -> list[Layer]:
    """The organs under the diaphragm; room: all of belly and pelvis."""
    outer_stomach, outer_duodenum = stomach.stomach(body, body.latent("dome_mm")), duodenum.duodenum(body)
    bed = kidneys.bed(body)
    own_liver = liver.liver(body, room, outer_stomach | outer_duodenum, bed)
    own_spleen = spleen.spleen(body, room, outer_stomach, bed)
    solid = union(own_liver.whole, own_spleen, bed)
    bag = bladder.bladder(body)
    organs = genitals.genitals(body, bag)
    large = colon.colon(body)

    for_stomach = room - solid.grown(CLEAR_MM)
    upper = union(outer_stomach, outer_duodenum, pancreas.pancreas(body))
    for_colon = (
        for_stomach - muscles.behind_the_belly(frame.bones) - union(upper, bag.outer, organs.inner).grown(CLEAR_MM)
    )
    for_bowel = for_colon - large.outer.grown(CLEAR_MM)
    return [
        *kidneys.layers(body),
        *adrenals.layers(body),
        *duodenum.layers(body, room - bed, outer_duodenum),
        *spleen.layers(body, room, outer_stomach, bed),
        *pancreas.layers(body),
        *great_vessels.in_liver(body, own_liver.whole),
        *liver.layers(body, room, outer_stomach | outer_duodenum, bed),
        *stomach.layers(body, for_stomach, outer_stomach),
        *bladder.layers(room, bag),
        *genitals.layers(organs),
        *colon.layers(body, for_colon, large),
        *small_bowel.layers(body, for_bowel, frame.bowel),
    ]
