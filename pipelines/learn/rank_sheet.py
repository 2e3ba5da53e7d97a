"""The images that a ranking puts first, with what the models dispute over them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from PIL import Image as Picture

from pipelines.learn.intensity import Percentiles
from pipelines.learn.study.overlay import AGREED, DIMMED, INVENTED, laid, titled

ROW = 4
"""Images beside each other."""
KEY = {"all models": AGREED, "some models": INVENTED}


def sheet(tiles: Sequence[tuple[str, Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]], models: int) -> Picture.Image:
    """A page of images with their titles. tiles: title, image, and how many of the models see a class in each pixel."""
    pictures = [titled(disputed(*_plane(image, votes), models), title) for title, image, votes in tiles]
    lines = [pictures[start : start + ROW] for start in range(0, len(pictures), ROW)]
    return laid(lines, KEY)


def disputed(
    grey: Float32[ndarray, "rows columns"], votes: UInt8[ndarray, "rows columns"], models: int
) -> UInt8[ndarray, "rows columns 3"]:
    """The image, darkened; what all models see in one colour, what only some of them see in another."""
    rgb = np.repeat((255 * DIMMED * np.clip(grey, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)
    rgb[votes == models] = AGREED
    rgb[(votes > 0) & (votes < models)] = INVENTED
    return rgb


def _plane(image: Float32[ndarray, "c ..."], votes: UInt8[ndarray, "..."]) -> tuple[ndarray, ndarray]:
    """A picture as it is; of a volume the axial plane that holds most dispute."""
    grey = Percentiles()(image).mean(axis=0)
    if votes.ndim == 2:
        return grey, votes
    most = int(((votes > 0) & (votes < votes.max())).sum(axis=(0, 1)).argmax())
    return grey[..., most].T[::-1, ::-1], votes[..., most].T[::-1, ::-1]
