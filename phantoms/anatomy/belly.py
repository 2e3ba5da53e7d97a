"""The wall of the belly stands out as far as what is behind it needs: organs, fat, a diaphragm that comes down."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from phantoms.anatomy import diaphragm, heart
from phantoms.anatomy.body import Body
from phantoms.anatomy.proportions import Proportions
from phantoms.anatomy.regions import breathing
from phantoms.anatomy.solver import Organ, numbered
from phantoms.anatomy.trunk import HEIGHTS_MM, STEP_DEG, STEP_MM, cavity_outline, trunk
from phantoms.solids import Layer, Warp, draw
from phantoms.solids.tape import Tape
from simdata import Grid

LIMITS_MM = (-40.0, 130.0)
PACKED = 0.8
"""Share of the room between the walls that organs can fill: corners and mesentery stay fat in the leanest."""
FAT = ("visceral_fat", "perirenal_fat_left", "perirenal_fat_right", "renal_sinus_fat_left", "renal_sinus_fat_right")


def with_belly(
    body: Body,
    made: Proportions,
    wanted_ml: Mapping[Organ, float],
    layers: Tape,
    warp: Warp,
    whole: Grid,
) -> Body:
    """The body whose belly holds the organs that are wanted and the person's visceral fat.

    What else lies in the belly (spine, psoas, vessels, walls) is measured in the body as it is.
    """
    lifted = breathing(body)
    wall = trunk(lifted)
    above = diaphragm.above(lifted, wall, heart.heart(lifted).whole)
    room = draw([Layer(wall.cavity & ~above, "visceral_fat")], whole, warp).labels > 0

    movable = numbered([*wanted_ml, Organ("fat", FAT)])
    space_ml = float((draw(layers.renamed(movable), whole, warp).labels[room] > 0).sum() * whole.voxel_mm3 / 1000)
    organs_ml = sum(wanted_ml.values())
    need_ml = max(organs_ml + body.latent("visceral_fat_ml"), organs_ml / PACKED)

    room_ml = _cavity_ml(body, made) + need_ml - space_ml
    tried = np.linspace(*LIMITS_MM, 18)
    held_ml = [_cavity_ml(_with(body, mm), made) for mm in tried]
    return _with(body, float(np.interp(room_ml, held_ml, tried)))


def _with(body: Body, belly_mm: float) -> Body:
    return replace(body, latents=MappingProxyType({**body.latents, "belly_mm": belly_mm}))


def _cavity_ml(body: Body, made: Proportions) -> float:
    """Volume within the outline of the cavity, chest and belly: the sum of half r^2 dangle dheight."""
    areas_mm2 = (cavity_outline(body) ** 2).sum(axis=1) * np.radians(STEP_DEG)
    return float((areas_mm2 * np.prod(made.at(HEIGHTS_MM), axis=1)).sum() * STEP_MM / 1000)
