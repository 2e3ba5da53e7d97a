"""What lies on top of what: the regions of the body as one list of layers, the topmost first.

Bones and nerves lie over vessels and airways, these over heart and lungs, solid organs over hollow ones, organs over
muscle, muscle over fat, and skin below all. An organ that must keep clear of a neighbour gets the neighbour's solid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from phantoms.anatomy.liver_veins import in_liver
from phantoms.anatomy.trunk import SKIN_MM, Trunk, trunk
from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebrae import vertebrae
from phantoms.anatomy.workshop import Workshop
from phantoms.solids import Layer, Solid, common, smooth_union, union

CLEAR_MM = 1.0
JOIN_MM = 20.0
PRESSES_MM = 5.0
"""How far the stomach presses into the colon, which gives way so far."""
LUNG_KNOB = "lungs"
"""The volume of the lungs is set by the height of the diaphragm: `Body.grown` of this lowers the domes."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What organ sizes do not change: outlines, vertebrae, way of the bowel, skeleton, face and muscles as layers.

    The brain alone changes face and skin: `with_head`. shop: where the pieces that they do change are kept.
    """

    body: Body
    wall: Trunk
    bones: Mapping[str, Vertebra]
    skeleton: list[Layer]
    face: list[Layer]
    muscles: list[Layer]
    skin: Solid
    muscle: Solid
    shop: Workshop = field(default_factory=Workshop)

    @cached_property
    def bowel(self) -> small_bowel.Path:
        """How the small bowel lies."""
        return small_bowel.path(self.body)

    @cached_property
    def psoas(self) -> Solid:
        """Muscles that the bowel lies before."""
        return muscles.behind_the_belly(self.bones)


def frame(body: Body) -> Frame:
    """The frame of a person; it may be used for every `layers` of the same person."""
    wall, bones = trunk(body), vertebrae(body)
    skeleton = [
        *spine.layers(body),
        *sacrum.layers(body),
        *rib_cage.layers(body, wall),
        *shoulder.layers(body, wall),
        *pelvis.layers(body, wall),
    ]
    skin, muscle = _surface(body, wall)
    flesh = muscles.layers(body, wall, bones)
    return Frame(body, wall, bones, skeleton, head.layers(body), flesh, skin, muscle)


def with_head(body: Body, frame: Frame) -> Frame:
    """The frame of a person whose head has grown with the brain."""
    skin, muscle = _surface(body, frame.wall)
    return replace(frame, face=head.layers(body), skin=skin, muscle=muscle)


@dataclass(frozen=True, eq=False)
class Upper:
    """Head, neck and chest, which the organs of the belly do not change.

    head: brain, neck, airways and great vessels as layers. over, under: the chest's other layers over and under the
    twigs of the lungs. lungs, between, above: both lungs, the mediastinum, and all above the diaphragm.
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
    wall, bones, piece = frame.wall, frame.bones, frame.shop.piece
    own_heart = piece(heart.heart, body)
    above = piece(diaphragm.above, body, wall, own_heart.whole)
    tubes = piece(airways.airways, body, bones)
    blood = piece(great_vessels.vessels, body, own_heart, bones)
    between = piece(mediastinum.mediastinum, body, own_heart, blood, tubes, bones)
    both = lungs.lungs(wall.cavity, above, between)
    return Upper(
        body=body,
        head=[
            *piece(brain.layers, body),
            *piece(neck.layers, body),
            *piece(airways.layers, body, tubes),
            *piece(_blood, body, blood, own_heart),
            *piece(neck.muscles, body, bones),
        ],
        over=[
            *piece(_pump, body, own_heart),
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


def layers_to_hold(body: Body, frame: Frame, upper: Upper) -> list[Layer]:
    """Every layer but the twigs of the lungs and the small bowel, in whose place there is fat."""
    belly = _belly(breathing(body), frame, upper)[0]
    return _around(frame, upper, [*upper.over, *upper.under], belly, breathing(body))


def breathing(body: Body) -> Body:
    """The body whose domes stand where the volume of its lungs has them."""
    return replace(body, latents=MappingProxyType({**body.latents, "dome_mm": -body.grown(LUNG_KNOB)}))


def _stacked(body: Body, frame: Frame, upper: Upper, chest: list[Layer]) -> list[Layer]:
    belly, left = _belly(body, frame, upper)
    return _around(frame, upper, chest, [*belly, *small_bowel.layers(body, left, frame.bowel)], body)


def _around(frame: Frame, upper: Upper, chest: list[Layer], belly: list[Layer], body: Body) -> list[Layer]:
    """Organs of chest and belly, and what lies over and under them."""
    return [
        Layer(~frame.skin, ""),
        *frame.skeleton,
        *upper.head,
        *frame.face,
        *chest,
        *belly,
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


def _belly(body: Body, frame: Frame, upper: Upper) -> tuple[list[Layer], Solid]:
    """The organs under the diaphragm but the small bowel, and what they leave to it."""
    piece, room = frame.shop.piece, frame.wall.cavity & ~upper.above.grown(diaphragm.MUSCLE_MM)
    blood = [layer.solid for layer in upper.head if "iliac" in layer.structure or "mesenteric" in layer.structure]
    large, urinary, bed = piece(colon.colon, body), piece(kidneys.layers, body), piece(kidneys.bed, body)
    outer_stomach = piece(_bag, body) - large.outer.grown(-PRESSES_MM)
    outer_duodenum, own_pancreas = piece(duodenum.duodenum, body), piece(pancreas.pancreas, body)
    own_liver = liver.liver(body, room, union(outer_stomach, outer_duodenum, own_pancreas), large.outer, bed)
    own_spleen = spleen.spleen(body, room, outer_stomach, bed) - large.outer.grown(CLEAR_MM)
    solid = union(own_liver.outer, own_spleen, bed)
    bag = piece(bladder.bladder, body)
    organs = piece(genitals.genitals, body, bag)
    ureters = [layer.solid for layer in urinary if layer.structure.startswith("ureter_") and not layer.tissue]

    for_stomach = room - union(solid, own_pancreas).grown(CLEAR_MM)
    before = union(outer_stomach, outer_duodenum, *blood, *ureters)
    for_colon = for_stomach - union(before, bag.outer, organs.inner).grown(CLEAR_MM)
    organs_there = [
        *urinary,
        *piece(adrenals.layers, body),
        *duodenum.layers(body, room - bed, outer_duodenum),
        *spleen.layers(body, own_spleen),
        *pancreas.layers(body, own_pancreas),
        *in_liver(body, own_liver.whole),
        *liver.layers(body, own_liver),
        *stomach.layers(body, for_stomach, outer_stomach),
        *bladder.layers(room, bag),
        *genitals.layers(organs),
        *colon.layers(body, for_colon, large),
    ]
    return organs_there, for_colon - frame.psoas - large.outer.grown(CLEAR_MM)


def _bag(body: Body) -> Solid:
    """The stomach before its neighbours press on it."""
    return stomach.stomach(body, body.latent("dome_mm"))


def _blood(_: Body, made: great_vessels.Vessels, own_heart: heart.Heart) -> list[Layer]:
    return great_vessels.layers(made, own_heart)


def _pump(_: Body, own_heart: heart.Heart) -> list[Layer]:
    return heart.layers(own_heart)
