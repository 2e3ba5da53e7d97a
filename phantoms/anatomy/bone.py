"""A bone as layers: marrow within cortex, and cartilage around both while it grows."""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.solids import Layer, Solid


def unripe_mm(body: Body) -> float:
    """Depth of the cartilage on a bone that is still growing: 2.5 reference mm in the newborn, none from 7 years on."""
    return 2.5 * float(np.clip(1 - body.age_y / 7, 0, 1))


def bone_layers(body: Body, whole: Solid, marrow: Solid, structure: str) -> list[Layer]:
    """Marrow on cortex, and in a child on cartilage."""
    young = unripe_mm(body)
    if not young:
        return [Layer(marrow, structure, "spongy_bone"), Layer(whole, structure, "cortical_bone")]
    layers = [
        Layer(marrow.grown(-young), structure, "spongy_bone"),
        Layer(whole.grown(-young), structure, "cortical_bone"),
    ]
    return [*layers, Layer(whole, structure, "cartilage")]
