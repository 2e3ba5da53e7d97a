"""Four maculas in OCT angiography, as the shipped recipe makes them, and their vessels beside: docs/octa.png.

python benchmarks/octa_pictures.py               # one minute
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image as Picture

from pipelines.make import make
from pipelines.recipe import load
from simdata import Sample
from simdata.structures import structure

ROOT = Path(__file__).parents[1]
EYES, GAP_PX, COLOURS = 4, 6, 96
INKS = {
    "retinal_artery_right": (235, 80, 70),
    "retinal_vein_right": (90, 130, 235),
    "retinal_capillary_right": (60, 90, 60),
}


def upright(array: ndarray) -> ndarray:
    """(x, y) with y up, as rows from above."""
    return array.T[::-1]


def pair(sample: Sample) -> UInt8[ndarray, "h w 3"]:
    """The angiograph, and below it arteries, veins and capillaries."""
    image = sample.images["superficial"]
    grey = np.repeat(upright(image.array[..., 0]).astype(np.uint8)[..., None], 3, axis=2)
    labels = upright(image.labels[..., 0])
    truth = np.zeros_like(grey)
    for name, ink in INKS.items():
        truth[labels == structure(name).id] = ink
    gap = np.zeros((GAP_PX, grey.shape[1], 3), np.uint8)
    return np.vstack([grey, gap, truth])


def main() -> None:
    recipe = load(ROOT / "recipes" / "retina_octa.yaml")
    columns = [pair(make(recipe.draw(index), recipe.seed, index)) for index in range(EYES)]
    gap = np.zeros((columns[0].shape[0], GAP_PX, 3), np.uint8)
    row = [part for column in columns for part in (column, gap)][:-1]
    Picture.fromarray(np.hstack(row)).quantize(COLOURS).save(ROOT / "docs" / "octa.png", optimize=True)


if __name__ == "__main__":
    main()
