"""A sample of ours as an example: one image of it, and what of its truth is to be learnt."""

from collections.abc import Mapping

import numpy as np

from pipelines.flat import is_flat
from pipelines.learn.example import Example
from pipelines.learn.kinds import Truth
from pipelines.sheet import to_ras
from pipelines.sinks.pictures import hung
from simdata.errors import DatasetError, did_you_mean
from simdata.image import Image
from simdata.sample import Sample


def example(sample: Sample, image: str, truth: Truth, name: str) -> Example:
    """A picture hangs as real ones do, (channel, row, column); a volume is turned to RAS+, (channel, x, y, z)."""
    chosen = picked(sample.images, image, name)
    turn = turned(chosen)
    channels = chosen.array if chosen.array.ndim == 4 else chosen.array[None]
    pixels = np.stack([np.ascontiguousarray(turn(channel), np.float32) for channel in channels])
    return Example(name, pixels, np.ascontiguousarray(turn(truth(sample, chosen))))


def picked(images: Mapping[str, Image], name: str, where: str) -> Image:
    """The image of that name, the only one for "". Raises DatasetError if there is none, or several to choose from."""
    if not name and len(images) == 1:
        return next(iter(images.values()))
    if name not in images:
        found = f"no image is called '{name}'" if name else f"found {len(images)} images"
        raise DatasetError(f"{where}: {found}; {did_you_mean(name, images)}")
    return images[name]


def turned(image: Image):
    """What brings an array of the image into the axes of an example."""
    return (lambda array: hung(array[..., 0])) if is_flat(image) else (lambda array: to_ras(array, image.grid))
