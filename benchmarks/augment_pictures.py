"""A hippocampus as the parts change it: made, then bent, shaded, of random contrast, mixed: docs/augment.png.

python benchmarks/augment_pictures.py BRAINS      # a folder of FreeSurfer label maps; a few seconds
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw
from scipy.ndimage import binary_erosion

from pipelines.augment.random_contrast import RandomContrast
from pipelines.learn.augment.affine import Affine
from pipelines.learn.augment.bias_field import BiasField
from pipelines.learn.augment.blur import Blur
from pipelines.learn.augment.cutmix import CutMix
from pipelines.learn.augment.elastic import Elastic
from pipelines.learn.augment.flip import Flip
from pipelines.learn.augment.gamma import Gamma
from pipelines.learn.augment.levels import Levels
from pipelines.learn.augment.mixup import Mixup
from pipelines.learn.augment.noise import Noise
from pipelines.learn.augment.resolution import Resolution
from pipelines.learn.augment.sharpen import Sharpen
from pipelines.learn.intensity import Percentiles
from pipelines.make import make
from pipelines.recipe import load
from simdata import Sample, Streams

ROOT = Path(__file__).parents[1]
SHAPE, SCALE, GAP_PX, WORDS_PX, COLUMNS = (36, 48, 32), 5, 6, 16, 7
CHANGES = {
    "Flip": Flip(axes=(0,)),
    "Affine": Affine(degrees=40, scale=0.3),
    "Elastic": Elastic(amplitude=0.03),
    "Gamma": Gamma(most=1.5),
    "Levels": Levels(contrast=1.0),
    "Noise": Noise(most=0.2),
    "Blur": Blur(most=2.5),
    "Sharpen": Sharpen(most=3.0),
    "BiasField": BiasField(most=1.0),
    "Resolution": Resolution(most=4.0),
}
Patch = tuple[Float32[ndarray, "c x y z"], UInt8[ndarray, "x y z"]]


def patch(sample: Sample, name: str) -> Patch:
    """The middle of an image, 0 to 1, and where its hippocampus lies."""
    image = sample.images[name].array
    start = [(n - wanted) // 2 for n, wanted in zip(image.shape, SHAPE, strict=True)]
    block = tuple(slice(max(a, 0), max(a, 0) + n) for a, n in zip(start, SHAPE, strict=True))
    inside = sample.scene.mask("hippocampus_left") | sample.scene.mask("hippocampus_right")
    return Percentiles(low=1, high=98)(image[None])[:, *block], inside[block].astype(np.uint8)


def drawn(image: Float32[ndarray, "c x y z"], label: UInt8[ndarray, "x y z"], words: str) -> Picture.Image:
    """An axial slice through the hippocampus, the front upwards, its rim in red, and what it is."""
    level = int(np.argmax((label > 0).sum(axis=(0, 1))))
    grey = np.clip(image[0, :, :, level], 0, 1) * 255
    rgb = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    inside: Bool[ndarray, "x y"] = label[:, :, level] > 0
    rgb[inside & ~binary_erosion(inside)] = (240, 70, 60)
    slice_ = Picture.fromarray(np.swapaxes(rgb, 0, 1)[::-1].copy())
    slice_ = slice_.resize((slice_.width * SCALE, slice_.height * SCALE), Picture.Resampling.NEAREST)
    page = Picture.new("RGB", (slice_.width, slice_.height + WORDS_PX), "white")
    page.paste(slice_, (0, WORDS_PX))
    ImageDraw.Draw(page).text((2, 2), words, fill="black")
    return page


def main() -> None:
    recipe = load(ROOT / "recipes" / "hippocampus_mr_from_labels.yaml", [f"phantom.folder={sys.argv[1]}"])
    first, second = (make(recipe.draw(index), recipe.seed, index) for index in (4, 1))
    grey = RandomContrast(name="grey", most=0.05)(first, Streams(1)["grey"].generator)
    (image, label), (other, other_label) = patch(first, "t1"), patch(second, "t1")

    tiles = [drawn(image, label, "as made"), drawn(*patch(grey, "grey"), "RandomContrast")]
    for name, part in CHANGES.items():
        tiles.append(drawn(*part(image, label, Streams(2)[name].generator), name))
    batch = np.stack([image, other]), np.stack([label, other_label])[:, None].astype(np.float32)
    for name, mixing in {"Mixup": Mixup(alpha=5.0), "CutMix": CutMix()}.items():
        images, targets = mixing(*batch, Streams(11)[name].generator)
        tiles.append(drawn(images[0], (targets[0, 0] >= 0.5).astype(np.uint8), name))

    wide, high = tiles[0].width + GAP_PX, tiles[0].height + GAP_PX
    rows = -(-len(tiles) // COLUMNS)
    page = Picture.new("RGB", (COLUMNS * wide - GAP_PX, rows * high - GAP_PX), "white")
    for number, tile in enumerate(tiles):
        page.paste(tile, (number % COLUMNS * wide, number // COLUMNS * high))
    page.quantize(128).save(ROOT / "docs" / "augment.png", optimize=True)


if __name__ == "__main__":
    main()
