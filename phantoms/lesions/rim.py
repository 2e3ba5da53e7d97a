"""Voxels that share lung with a wall or a vessel: where the lung has filled or gone, so has their share of it."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_dilation

from phantoms.filling import Filling
from phantoms.strokes import MOST
from simdata.scene import LUNG, Scene
from simdata.tissues import tissues


def with_rim(scene: Scene, filling: Filling, tissue: str) -> Scene:
    """`scene` whose voxels beside a filling that hold some lung hold that tissue instead."""
    if not scene.mixed:
        return scene
    (x, y, z), filled = filling
    wide = tuple(
        slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip((x, y, z), scene.labels.shape, strict=True)
    )
    padded = np.pad(filled > MOST, [(s.start - w.start, w.stop - s.stop) for s, w in zip((x, y, z), wide, strict=True)])
    near = binary_dilation(padded, np.ones((3, 3, 3)))
    lung = tissues()[LUNG]
    second = scene.second.copy()
    here = second[wide]
    here[near & (here == lung) & (scene.share[wide] > 0) & (scene.tissue[wide] != lung)] = tissues()[tissue]
    return replace(scene, second=second)
