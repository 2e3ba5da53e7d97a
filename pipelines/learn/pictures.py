"""What a model found over the image, beside the image itself, and how unsure it was."""

from pathlib import Path, PurePath

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image as Picture

from pipelines.durable import write_whole
from pipelines.learn.example import REST, UNKNOWN, Example
from pipelines.learn.intensity import Percentiles
from pipelines.learn.study.overlay import compared
from pipelines.sheet import png

LEAST_PX = 300
"""Smaller images are shown larger, by a whole number."""


def write_overlay(folder: Path, example: Example, found: UInt8[ndarray, "..."]) -> None:
    """Writes NAME.png: the image, and over it what both found (white), what was missed (blue), invented (orange).

    All classes together; of a volume the axial slice that holds most. Raises DatasetError if the disk refuses.
    """
    grey = Percentiles()(example.image).mean(axis=0)
    said, true = ((label != REST) & (label != UNKNOWN) for label in (found, example.known()))
    if grey.ndim == 3:
        fullest = int((said | true).sum(axis=(0, 1)).argmax())
        grey, said, true = (array[..., fullest].T[::-1, ::-1] for array in (grey, said, true))
    plain = np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)
    both = np.concatenate([plain, compared(grey, true, said)], axis=1)
    times = -(-LEAST_PX // len(both))
    page = Picture.fromarray(both.repeat(times, axis=0).repeat(times, axis=1))
    _write(folder, example, page)


def write_doubt(folder: Path, example: Example, bits: Float[ndarray, "..."], classes: int) -> None:
    """Writes NAME.png: how unsure a model is of each pixel, black for 0 bits, white for as many as all classes tie at.

    Of a volume the axial slice with most of it. Raises DatasetError if the disk refuses.
    """
    if bits.ndim == 3:
        bits = bits[..., int(bits.sum(axis=(0, 1)).argmax())].T[::-1, ::-1]
    grey = 255 * bits / np.log2(classes + 1)
    _write(folder, example, Picture.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)))


def _write(folder: Path, example: Example, page: Picture.Image) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{PurePath(example.name).name.partition('.')[0]}.png", png(page))
