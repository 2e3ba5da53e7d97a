"""Hippocampi that recipes/hippocampus_mr_from_labels.yaml makes, from above and from the front: docs/hippocampus.png.

python benchmarks/hippocampus_pictures.py BRAINS      # a folder of FreeSurfer label maps; half a minute
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray
from PIL import Image as Picture
from scipy.ndimage import binary_erosion

from pipelines.make import make
from pipelines.recipe import load
from simdata import Sample

ROOT = Path(__file__).parents[1]
SAMPLES, WIDE, HIGH, SCALE, GAP_PX = 8, 42, 54, 4, 4
BLACK, WHITE = 1, 98
"""Percentiles, as the network sees the image."""


def outlined(grey: UInt8[ndarray, "w h"], inside: Bool[ndarray, "w h"]) -> UInt8[ndarray, "h w 3"]:
    """A slice and, beside it, the same with the rim of the label, rows from above."""
    pair = []
    for rim in (np.zeros_like(inside), inside & ~binary_erosion(inside)):
        rgb = np.repeat(grey[..., None], 3, axis=2)
        rgb[rim] = (240, 70, 60)
        pair.append(np.swapaxes(rgb, 0, 1)[::-1])
    return np.kron(np.hstack(pair), np.ones((SCALE, SCALE, 1), np.uint8))


def around(array: ndarray, middle: ndarray, shape: tuple[int, int]) -> ndarray:
    """The block of `shape` about `middle`, filled up with nothing."""
    padded = np.pad(array, [(n, n) for n in shape])
    first = [int(m) + n - n // 2 for m, n in zip(middle, shape, strict=True)]
    return padded[tuple(slice(a, a + n) for a, n in zip(first, shape, strict=True))]


def column(sample: Sample) -> UInt8[ndarray, "h w 3"]:
    """From above through the middle of the hippocampus, and from the front through its head."""
    image = sample.images["t1"].array
    inside = sample.scene.mask("hippocampus_left") | sample.scene.mask("hippocampus_right")
    low, high = np.percentile(image, (BLACK, WHITE))
    grey = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    places = np.argwhere(inside)
    x, y, z = np.rint(places.mean(axis=0)).astype(int)
    head = int(np.percentile(places[:, 1], 75))
    above = [around(array[:, :, z], np.array((x, y)), (WIDE, HIGH)) for array in (grey, inside)]
    front = [around(array[:, head], np.array((x, z)), (WIDE, WIDE)) for array in (grey, inside)]
    gap = np.full((GAP_PX, 2 * WIDE * SCALE, 3), 255, np.uint8)
    return np.vstack([outlined(above[0], above[1]), gap, outlined(front[0], front[1])])


def main() -> None:
    recipe = load(ROOT / "recipes" / "hippocampus_mr_from_labels.yaml", [f"phantom.folder={sys.argv[1]}"])
    columns = [column(make(recipe.draw(index), recipe.seed, index)) for index in range(SAMPLES)]
    gap = np.full((columns[0].shape[0], 2 * GAP_PX, 3), 255, np.uint8)
    rows = []
    for start in range(0, SAMPLES, 4):
        row = [part for each in columns[start : start + 4] for part in (each, gap)][:-1]
        rows += [np.hstack(row), np.full((4 * GAP_PX, sum(part.shape[1] for part in row), 3), 255, np.uint8)]
    Picture.fromarray(np.vstack(rows[:-1])).quantize(96).save(ROOT / "docs" / "hippocampus.png", optimize=True)


if __name__ == "__main__":
    main()
