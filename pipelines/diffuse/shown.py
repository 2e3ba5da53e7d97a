"""An image of a sample as a model sees it, turned and between 0 and 1, and the way back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from pipelines.diffuse.draw import untold
from pipelines.diffuse.latent import FOLDER
from pipelines.diffuse.model import Diffuser
from pipelines.learn.kinds import Truth
from pipelines.learn.model import WEIGHTS
from pipelines.learn.sources.synthetic import turned
from simdata.errors import RecipeError, SceneError
from simdata.image import Image
from simdata.sample import Sample

STRAIGHT = 1e-3
"""Of the width of the grey levels: so far from a straight line an `intensity` may be that is to be undone."""


@dataclass(frozen=True, eq=False)
class Shown:
    """image: of the sample. pixels: (c, *space), as the model sees it. low, width: values of 0, and from 0 to 1."""

    image: Image
    pixels: Float32[ndarray, "c ..."]
    low: Float32[ndarray, " c"]
    width: Float32[ndarray, " c"]

    def drawn(self, pixels: Float32[ndarray, "c ..."], note: str, where: Bool[ndarray, "..."] | None = None) -> Image:
        """The image with other pixels, where `where` is true, in its own values, type and place; its truth goes along.

        Where they are drawn everywhere, what lies beyond the range that the model sees is cut off.
        """
        values = pixels.reshape(len(pixels), -1) * self.width[:, None] + self.low[:, None]
        kind = self.image.array.dtype
        if np.issubdtype(kind, np.integer):
            values = np.clip(np.rint(values), np.iinfo(kind).min, np.iinfo(kind).max)
        grid = self.image.grid.shape
        places = turned(self.image)(np.arange(np.prod(grid)).reshape(grid))
        chosen = np.full(places.shape, True) if where is None else where

        array = self.image.array.reshape(len(pixels), -1).copy()
        array[:, places[chosen]] = values[:, chosen.ravel()]
        back = array.reshape(self.image.array.shape)
        return replace(self.image, array=back, notes=(*self.image.notes, note))


def shown(model: Diffuser, image: Image, where: str) -> Shown:
    """The image as the model sees it. Raises SceneError if it has other channels, or one grey level alone."""
    channels = image.array.reshape(-1, *image.grid.shape)
    if len(channels) != model.channels:
        found = f"an image of {len(channels)} channels, and the model makes {model.channels}"
        raise SceneError(f"{where}: found {found}; a model of such images would do")
    turn = turned(image)
    values = np.stack([np.ascontiguousarray(turn(channel), np.float32) for channel in channels])
    pixels = model.recipe.intensity(values)
    lines = [_line(seen, own, where) for seen, own in zip(pixels, values, strict=True)]
    low, width = np.array(lines, np.float32).T
    return Shown(image, pixels, low, width)


def labels_of(model: Diffuser, sample: Sample, image: Image, truth: Truth | None, where: str) -> UInt8[ndarray, "..."]:
    """What the model is told of an image, turned as it is. Raises RecipeError for a truth too many or too few."""
    turn, classes = turned(image), model.recipe.classes
    if not classes and truth is not None:
        raise RecipeError(f"{where}: the model was never told anything; leave 'truth' out")
    if not classes:
        shape = turn(np.empty(image.grid.shape, bool)).shape
        return untold(1, shape)[0]
    if truth is None:
        raise RecipeError(f"{where}: the model is told where {', '.join(classes)} lie; a 'truth' that says so would do")
    truth.check(len(classes))
    return np.ascontiguousarray(turn(truth(sample, image)))


def standing(sample: Sample, name: str, image: Image, instead_of: str, where: str) -> Sample:
    """The sample with an image called `name`. Raises RecipeError if another one is called so, but for `instead_of`."""
    if name in sample.images and name != instead_of:
        raise RecipeError(f"{where}: an image is called '{name}' already; another 'name' would do")
    images: Mapping[str, Image] = MappingProxyType({**sample.images, name: image})
    return replace(sample, images=images)


def name_of(sample: Sample, image: Image) -> str:
    """What an image is called in its sample."""
    return next(name for name, one in sample.images.items() if one is image)


def origin(folder: str) -> str:
    """For the notes of an image: which weights it is by."""
    digest = sha256()
    for path in (Path(folder) / WEIGHTS, Path(folder) / FOLDER / WEIGHTS):
        digest.update(path.read_bytes() if path.exists() else b"")
    return f"weights sha256 {digest.hexdigest()[:16]}"


def _line(seen: Float32[ndarray, "..."], own: Float32[ndarray, "..."], where: str) -> tuple[float, float]:
    """The value that 0 stands for, and how far from it 1 lies: own = low + width seen where nothing was cut off."""
    inside = (seen > 0) & (seen < 1)
    if np.ptp(seen[inside]) < STRAIGHT if inside.any() else True:
        raise SceneError(f"{where}: found an image of one grey level; one that shows something would do")
    width, low = np.polyfit(seen[inside].astype(float), own[inside].astype(float), 1)
    if np.abs(low + width * seen[inside] - own[inside]).max() > STRAIGHT * abs(width):
        raise RecipeError(f"{where}: the model's 'intensity' is no straight line; Percentiles or Window would do")
    return float(low), float(width)
