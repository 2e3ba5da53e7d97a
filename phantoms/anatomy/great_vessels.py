"""Great vessels from the base of the heart to neck, belly and thigh: arteries with the aorta's wall, and veins.

Vessels before the spine ride on its vertebrae, those at the heart on the heart. The branches inside the lungs are drawn
in `lung_tree`, those inside the liver in `liver_veins`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from phantoms.anatomy.aorta import AORTA_WALL_MM, aorta, plaques_in, sinuses
from phantoms.anatomy.arteries import (
    ARCH_BRANCHES,
    belly_arteries,
    leg_arteries,
    pulmonary_arteries,
    vertebral_arteries,
)
from phantoms.anatomy.body import Body
from phantoms.anatomy.heart import Heart
from phantoms.anatomy.veins import caval_veins, leg_veins, portal_veins, pulmonary_veins
from phantoms.anatomy.vessel_ways import Bones, named
from phantoms.solids import Layer, Solid, smooth_union, union


@dataclass(frozen=True, eq=False)
class Vessels:
    """Blood by structure name, arteries and veins; `chest`: all that lies between the lungs, with the aorta's wall."""

    arteries: Mapping[str, Solid]
    veins: Mapping[str, Solid]
    aorta: Solid
    plaques: Solid | None
    chest: Solid


def vessels(body: Body, heart: Heart, bones: Bones) -> Vessels:
    """All great vessels of a patient."""
    lumen = smooth_union(aorta(body, heart, bones), sinuses(body, heart), round_mm=3) | heart.aortic_mouth
    arteries = {
        **named(body, ARCH_BRANCHES),
        **vertebral_arteries(body, bones),
        **pulmonary_arteries(body, heart),
        **belly_arteries(body, bones),
        **leg_arteries(body, bones),
    }
    veins = {
        **pulmonary_veins(body, heart),
        **caval_veins(body, heart, bones),
        **portal_veins(body),
        **leg_veins(body, bones),
    }
    near = ("brachiocephalic", "subclavian", "common_carotid", "pulmonary", "superior_vena", "azygos", "inferior_vena")
    for side in ("left", "right"):
        if f"absent_kidney_{side}" in body.variants:
            del arteries[f"renal_artery_{side}"], veins[f"renal_vein_{side}"]
    chest = [solid for name, solid in {**arteries, **veins}.items() if name.startswith(near)]
    return Vessels(arteries, veins, lumen, plaques_in(body, heart, bones), union(lumen.grown(AORTA_WALL_MM), *chest))


VEIN_MOUTH_MM = 7.0
"""The mouths of the pulmonary veins are thinner than twice this; what of the atrium is thicker is atrium."""


def layers(made: Vessels, heart: Heart) -> list[Layer]:
    """Plaques, arteries, the aorta with its wall, veins; nothing of it lies in a chamber of the heart."""
    blood = heart.blood | heart.valves
    chambers = {"pulmonary_vein": heart.left_atrium.grown(-VEIN_MOUTH_MM)}
    chambers |= dict.fromkeys(("pulmonary_artery", "superior_vena_cava", "inferior_vena_cava"), blood)

    def cut(name: str, solid: Solid) -> Layer:
        return Layer(solid - chambers[name] if name in chambers else solid, name)

    plaques = [Layer(made.plaques, "aortic_calcification")] if made.plaques else []
    return [
        *plaques,
        Layer(made.aorta - (heart.left_ventricle | heart.valves), "aorta"),
        *(cut(name, solid) for name, solid in made.arteries.items()),
        Layer(made.aorta.grown(AORTA_WALL_MM) - blood, "aorta_wall"),
        *(cut(name, solid) for name, solid in made.veins.items()),
    ]


def preview():
    """The great vessels with heart and airways."""
    from phantoms.anatomy import airways, heart
    from phantoms.anatomy.spine import spine
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    bones, made = vertebrae(body), heart.heart(body)
    tubes = airways.layers(body, airways.airways(body, bones))
    column = Layer(spine(body).column, "vertebrae_T9")
    own = layers(vessels(body, made, bones), made)
    return [*own, *tubes, *heart.layers(made), column], (0, 0, -140), (240, 200, 940), 2.0
