"""Flat images, such as radiographs, as pictures: plain, and with the outlines of structures and the vessels over it."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Num, UInt8
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw

from simdata.image import Image
from simdata.structures import FIRST_FINDING_ID, LAST_TOTALSEGMENTATOR_ID, Structure
from simdata.vessels import Vessels

OUTLINES = 14
"""So many structures are outlined: findings, then the largest."""

LARGEST = 0.6
"""A shadow that fills more of the picture than this is not outlined."""

COLOURS = "sRGB"
"""Unit of photographs, whose channels are red, green and blue."""

WINDOW = (1.0, 99.7)
"""Percentiles of an image that are black and white."""

LUMEN = (235, 60, 50)
"""Colour of centrelines, but for veins."""

VEINS = (90, 130, 255)
THINNEST_PX = 2.5
"""Vessels thinner than this are not drawn."""


def is_flat(image: Image) -> bool:
    """True of a picture: one voxel thick along its third axis."""
    return image.grid.shape[2] == 1


def fullest(image: Image) -> int:
    """The frame of a run, or the channel, that differs most from the first."""
    if image.array.ndim == 3:
        return 0
    first = image.array[0].astype(np.float32)
    return int(np.argmax([np.abs(channel - first).mean() for channel in image.array]))


def coloured(image: Image) -> bool:
    """True of a photograph in red, green and blue."""
    return image.unit == COLOURS


def in_colour(image: Image) -> UInt8[ndarray, "y x 3"]:
    """A photograph as it hangs."""
    return np.ascontiguousarray(np.moveaxis(image.array[..., 0], 0, -1).transpose(1, 0, 2)[::-1])


def plain(image: Image, height_px: int) -> Picture.Image:
    """The image as it hangs: its second axis upwards, black and white where few values lie beyond."""
    if coloured(image):
        return Picture.fromarray(in_colour(image)).resize(_size(image, height_px), Picture.Resampling.LANCZOS)
    array = image.array[fullest(image)] if image.array.ndim == 4 else image.array
    low, high = np.percentile(array, WINDOW)
    grey = np.clip((_upright(array[..., 0]) - low) / max(high - low, 1e-6), 0, 1) * 255
    return (
        Picture.fromarray(grey.astype(np.uint8))
        .convert("RGB")
        .resize(_size(image, height_px), Picture.Resampling.LANCZOS)
    )


def outlined(image: Image, table: Mapping[int, Structure], height_px: int) -> Picture.Image:
    """`plain` with the outlines of the largest shadows and the centrelines of the larger vessels."""
    picture = plain(image, height_px)
    rgb = np.array(picture)
    for name, colour in outlines(image, table).items():
        rgb[_edge(image, name, picture.size)] = colour
    page = Picture.fromarray(rgb)
    for bed, vessels in image.vessels.items():
        _draw(page, image, vessels, VEINS if "vein" in bed else LUMEN)
    return page


def outlines(image: Image, table: Mapping[int, Structure]) -> dict[str, UInt8[ndarray, " 3"]]:
    """The shadows that are outlined, and their colours: findings, organs and bones; lumens show as centrelines."""
    colours = {one.name: one.colour for one in table.values()}
    findings = {one.name for one in table.values() if one.id >= FIRST_FINDING_ID}
    organs = {one.name for one in table.values() if one.id <= LAST_TOTALSEGMENTATOR_ID or one.parent == 0}
    pixels = {name: int(np.count_nonzero(shadow.path_mm)) for name, shadow in image.shadows.items()}
    most = LARGEST * image.grid.shape[0] * image.grid.shape[1]
    fit = [name for name in pixels if 0 < pixels[name] < most and name in findings | organs]
    largest = sorted(fit, key=lambda name: (name not in findings, -pixels[name]))[:OUTLINES]
    return {name: np.array(colours[name], np.uint8) for name in largest}


def _edge(image: Image, name: str, size: tuple[int, int]) -> Bool[ndarray, "y x"]:
    """Where the shadow begins, in a picture of that size."""
    path = _upright(image.shadow(name).over(image.grid.shape)[..., 0])
    inside = np.array(Picture.fromarray(path > 0).resize(size, Picture.Resampling.NEAREST))
    around = np.pad(inside, 1, mode="edge")
    kept = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return inside & ~kept


def _draw(page: Picture.Image, image: Image, vessels: Vessels, colour: tuple[int, int, int]) -> None:
    scale = page.width / image.grid.shape[0]
    across, up = (image.grid.index(vessels.points_mm)[:, :2] + 0.5).T * scale
    place = np.column_stack([across, page.height - up])
    pen = ImageDraw.Draw(page)
    wide = 2 * vessels.radius_mm * scale / image.grid.spacing_mm[0] > THINNEST_PX
    for point in vessels.segments[wide[vessels.segments]]:
        ends = [tuple(place[vessels.parent[point]].tolist()), tuple(place[point].tolist())]
        pen.line(ends, fill=colour)


def _upright(array: Num[ndarray, "across up"]) -> Num[ndarray, "y x"]:
    return array.T[::-1]


def _size(image: Image, height_px: int) -> tuple[int, int]:
    across, up = (n * mm for n, mm in zip(image.grid.shape[:2], image.grid.spacing_mm[:2], strict=True))
    return max(1, round(height_px * across / up)), height_px
