"""The fat under the skin of the head, which label maps of the brain leave in one class with the muscle below it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import structure


@dataclass(frozen=True, kw_only=True)
class SubcutaneousFat(Growth):
    """The soft tissue of the head that lies within `depth_mm` of the skin is fat: the bright scalp of a T1 image.

    Over the vault this tissue is 4 to 5 mm thick in the maps of SynthSeg and nearly all fat; muscle lies deeper, at
    the temples, in the face and in the neck. A map that stops at the brain has none of it and is left as it is.
    """

    depth_mm: Annotated[float, Gt(0), Le(30)] = 6.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        soft, skin = scene.mask("head_soft_tissue"), scene.mask("skin")
        if not soft.any() or not skin.any():
            return scene
        box = tuple(slice(at.min(), at.max() + 1) for at in np.nonzero(soft | skin))
        under = np.zeros_like(soft)
        depth_mm = np.asarray(distance_transform_edt(~skin[box], sampling=scene.grid.spacing_mm))
        under[box] = soft[box] & (depth_mm <= self.depth_mm)
        return scene.paint(under, structure("head_fat"))
