"""What models found beside what a person drew: agreement, what was missed, what was made up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from pipelines.sheet import BACKGROUND, INK

Ink = tuple[int, int, int]
AGREED, MISSED, INVENTED = (235, 235, 235), (90, 150, 255), (255, 130, 40)
"""In both; only drawn by the person; only found by the model."""
TILE_PX, GAP_PX, TITLE_PX, KEY_PX = 240, 6, 20, 110
DIMMED = 0.55
KEY = {"both": AGREED, "missed": MISSED, "invented": INVENTED}


@dataclass(frozen=True, eq=False)
class Seen:
    """One test image: grey levels 0 to 1, the mask a person drew, and model name to (mask, Dice)."""

    name: str
    image: Float32[ndarray, "rows columns"]
    drawn: Bool[ndarray, "rows columns"]
    found: Mapping[str, tuple[Bool[ndarray, "rows columns"], float]]


def sheet(rows: Sequence[Seen]) -> Picture.Image:
    """A row for each image: plain, then under each model with what it agreed on, missed and invented."""
    return laid([_row(seen) for seen in rows], KEY)


def compared(
    image: Float32[ndarray, "rows columns"], drawn: Bool[ndarray, "rows columns"], found: Bool[ndarray, "rows columns"]
) -> UInt8[ndarray, "rows columns 3"]:
    """The image, darkened, and over it the three colours of KEY."""
    grey = (255 * DIMMED * np.clip(image, 0, 1)).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    for mask, ink in ((drawn & found, AGREED), (drawn & ~found, MISSED), (found & ~drawn, INVENTED)):
        rgb[mask] = ink
    return rgb


def titled(rgb: UInt8[ndarray, "rows columns 3"], title: str) -> Picture.Image:
    """A tile of a page with a title above."""
    high = max(1, round(TILE_PX * rgb.shape[0] / rgb.shape[1]))
    page = Picture.new("RGB", (TILE_PX, high + TITLE_PX), BACKGROUND)
    page.paste(Picture.fromarray(rgb).resize((TILE_PX, high), Picture.Resampling.LANCZOS), (0, TITLE_PX))
    ImageDraw.Draw(page).text((2, 3), title, fill=INK, font=ImageFont.load_default(12))
    return page


def laid(lines: Sequence[Sequence[Picture.Image]], key: Mapping[str, Ink]) -> Picture.Image:
    """A page of tiles, line below line, and what the colours mean at its foot."""
    width = max(len(line) for line in lines) * (TILE_PX + GAP_PX) - GAP_PX
    heights = [max(tile.height for tile in line) + GAP_PX for line in lines]
    page, y = Picture.new("RGB", (width, sum(heights) + TITLE_PX), BACKGROUND), 0
    for line, height in zip(lines, heights, strict=True):
        for n, tile in enumerate(line):
            page.paste(tile, (n * (TILE_PX + GAP_PX), y))
        y += height
    pen, x = ImageDraw.Draw(page), 4
    for word, ink in key.items():
        pen.rectangle((x, y + 4, x + 10, y + 14), fill=ink)
        pen.text((x + 16, y + 2), word, fill=INK, font=ImageFont.load_default(12))
        x += KEY_PX
    return page


def _row(seen: Seen) -> list[Picture.Image]:
    plain = np.repeat((255 * np.clip(seen.image, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)
    models = {
        f"{name}  {dice:.3f}": compared(seen.image, seen.drawn, mask) for name, (mask, dice) in seen.found.items()
    }
    return [titled(rgb, title) for title, rgb in {seen.name: plain, **models}.items()]
