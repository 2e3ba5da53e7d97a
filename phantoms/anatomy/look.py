"""Pictures of a region while it is being drawn: slices through layers of the reference body, and its surface.

`python -m phantoms.anatomy.look phantoms.anatomy.spine spine.png` draws what `preview` of that module gives.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import numpy as np
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

from phantoms.solids import Layer, draw
from simdata import Grid
from simdata.structures import structure, structures

UNDER_SKIN = ("subcutaneous_fat", "skeletal_muscle", "head_fat")
SMOOTH_VOXELS = 1.2


def sheet_of(layers: Sequence[Layer], centre_mm, size_mm, voxel_mm: float) -> Picture.Image:
    """Axial, coronal and sagittal slices at three places each, and the front, side and back of the surface."""
    shape = tuple(int(s / voxel_mm) for s in size_mm)
    labels = draw(layers, Grid.regular(shape, voxel_mm, centre_mm)).labels  # pyright: ignore[reportArgumentType]
    colours = np.zeros((1 << 16, 3), np.uint8)
    for id, one in structures().items():
        colours[id] = one.colour
    rows = []
    for axis in (2, 1, 0):
        cuts = [np.take(labels, int(labels.shape[axis] * f), axis=axis) for f in (0.3, 0.5, 0.7)]
        rows.append([colours[cut].transpose(1, 0, 2)[::-1, :: -1 if axis != 0 else 1] for cut in cuts])
    rows.append([surface(labels, colours, side) for side in ("front", "right", "back")])
    height = [max(p.shape[0] for p in row) for row in rows]
    width = max(sum(p.shape[1] + 4 for p in row) for row in rows)
    page = np.zeros((sum(height) + 4 * len(rows), width, 3), np.uint8)
    y = 0
    for row, tall in zip(rows, height, strict=True):
        x = 0
        for picture in row:
            page[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
            x += picture.shape[1] + 4
        y += tall + 4
    return Picture.fromarray(page)


def surface(labels, colours, side: str) -> np.ndarray:
    """(height, width, 3) what is seen from one side, "front", "right" or "back", lit from the eye.

    Skin thinner than a voxel is skin all the same; the light falls on a surface without the steps of the voxels.
    """
    turned = {"front": labels[::-1, ::-1].transpose(1, 0, 2), "right": labels[::-1], "back": labels.transpose(1, 0, 2)}[
        side
    ]
    depth = (turned > 0).argmax(axis=0).astype(float)
    seen = (turned > 0).any(axis=0)
    share = gaussian_filter(seen.astype(float), SMOOTH_VOXELS)
    smooth = gaussian_filter(np.where(seen, depth, 0), SMOOTH_VOXELS) / np.maximum(share, 1e-6)
    across, up = np.gradient(smooth)
    light = np.where(seen, 0.35 + 0.65 / np.sqrt(1 + across**2 + up**2), 0)
    first = np.take_along_axis(turned, depth.astype(int)[None], axis=0)[0]
    shown = colours[np.where(np.isin(first, _under_skin()), structure("skin").id, first)]
    return (shown * light[..., None]).astype(np.uint8).transpose(1, 0, 2)[::-1]


def _under_skin() -> list[int]:
    return [structure(name).id for name in UNDER_SKIN]


if __name__ == "__main__":
    module, out = sys.argv[1:3]
    layers, centre_mm, size_mm, voxel_mm = import_module(module).preview()
    sheet_of(layers, centre_mm, size_mm, voxel_mm).save(out)
