"""The inside of one half of the skull: how deep each place lies under the bone, and where it lies around the brain."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from phantoms.lesions.pulled import carried, cropped, pulled
from phantoms.lesions.push import RIGID
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.scene import Scene, present_ids
from simdata.tissues import tissues

LINING = ("meninges", "dural_venous_sinus", "head_artery", "pituitary_gland")
"""What belongs to the inside besides the brain."""
SMOOTH_MM = 3.0
YIELDS_MM = 40.0
"""How deep under the bone the brain still gives way; what is squeezed out is blood and fluid."""


@dataclass(frozen=True, eq=False)
class SkullSide:
    """In a block: depth_mm under the bone (negative in it), turn_deg to the front of straight outwards, rise_deg up."""

    block: Block
    depth_mm: Float[ndarray, "a b c"]
    turn_deg: Float[ndarray, "a b c"]
    rise_deg: Float[ndarray, "a b c"]
    inside: Bool[ndarray, "a b c"]


def skull_side(scene: Scene, side: str, lesion: str) -> SkullSide:
    """Of the left or right half above the lowest part of the hemisphere. Raises SceneError where there is none."""
    hemisphere = scene.mask(f"cerebral_cortex_{side}")
    if not hemisphere.any():
        present = [scene.structures[id].name for id in present_ids(scene.labels) if id]
        raise SceneError(f"{lesion}: found no {side} hemisphere among {len(present)} structures; a head would do")
    inside = inside_skull(scene)
    used = [np.flatnonzero(hemisphere.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    margin = [int(np.ceil(6 / mm)) for mm in scene.grid.spacing_mm]
    x, y, z = (
        slice(max(0, int(at[0]) - m), min(n, int(at[-1]) + m + 1))
        for at, m, n in zip(used, margin, scene.grid.shape, strict=True)
    )
    here = inside[x, y, z]
    spacing = list(scene.grid.spacing_mm)
    depth = np.asarray(distance_transform_edt(here, sampling=spacing)) - np.asarray(
        distance_transform_edt(~here, sampling=spacing)
    )
    points = cropped(scene.grid, (x, y, z)).points_mm()
    spots = points[hemisphere[x, y, z]]
    middle = (spots.min(axis=0) + spots.max(axis=0)) / 2
    out = -1.0 if side == "left" else 1.0
    middle[0] = spots[:, 0].max() if side == "left" else spots[:, 0].min()
    offset = points - middle
    flat = np.hypot(offset[..., 0], offset[..., 1])
    turn = np.degrees(np.arctan2(offset[..., 1], np.maximum(out * offset[..., 0], 1e-6)))
    rise = np.degrees(np.arctan2(offset[..., 2], flat))
    return SkullSide((x, y, z), depth, turn, rise, here & (out * offset[..., 0] > 0))


def inside_skull(scene: Scene) -> Bool[ndarray, "x y z"]:
    """The brain and what lines its room; findings in it belong to it."""
    names = {one.name for one in scene.structures.values()}
    inside = scene.mask("brain")
    for name in LINING:
        inside |= scene.mask(name) if name in names else False
    return inside


def lifted_off(scene: Scene, at: SkullSide, thick_mm: Float[ndarray, "a b c"], under_mm: float) -> Scene:
    """The scene whose brain has given way to a layer thick_mm under the bone, all but the first under_mm of the inside.

    What lay at depth s lies at s + thick (1 - s / 40 mm).
    """
    thick = gaussian_filter(thick_mm, [SMOOTH_MM / mm for mm in scene.grid.spacing_mm])
    span = YIELDS_MM - under_mm
    below = np.maximum(at.depth_mm - under_mm - thick, 0) * span / np.maximum(span - thick, 1.0) + under_mm
    back = np.where((at.depth_mm > under_mm) & (at.depth_mm < YIELDS_MM), at.depth_mm - below, 0)
    smooth = gaussian_filter(at.depth_mm, [SMOOTH_MM / mm for mm in scene.grid.spacing_mm])
    slope = np.stack([np.gradient(smooth, mm, axis=n) for n, mm in enumerate(scene.grid.spacing_mm)])
    inwards = slope / np.maximum(np.linalg.norm(slope, axis=0), 1e-6)
    axes = scene.grid.affine[:3, :3] / np.array(scene.grid.spacing_mm)
    displacement = np.einsum("ij,j...->i...", axes, -back * inwards).astype(np.float32)
    still = np.isin(scene.tissue[at.block], [tissues()[name] for name in RIGID]) | ~at.inside
    displacement = np.ascontiguousarray(displacement * ~still)
    return carried(pulled(scene, at.block, displacement, still), at.block, displacement)
