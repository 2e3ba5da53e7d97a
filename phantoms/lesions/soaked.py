"""Tissue that has become another, such as brain that is swollen with water: it stays what it is part of."""

from dataclasses import replace

import numpy as np

from phantoms.filling import Filling
from phantoms.strokes import mix
from simdata.scene import Scene


def soaked(scene: Scene, filling: Filling, tissue: str) -> Scene:
    """`scene` in which that tissue fills its share of the voxels of a block; labels stay as they are."""
    block, filled = filling
    pure = np.zeros(scene.grid.shape, np.uint8)
    second, share = (array.copy() if scene.mixed else pure.copy() for array in (scene.second, scene.share))
    mixture = scene.tissue.copy(), second, share
    mix(mixture, block, np.ascontiguousarray(filled, np.float32), tissue)
    return replace(scene, tissue=mixture[0], second=mixture[1], share=mixture[2])
