"""Real pictures of a folder, and masks of the same names in another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt
from jaxtyping import Float32, UInt8
from numpy import ndarray
from PIL import Image as Picture
from PIL import UnidentifiedImageError

from pipelines.learn.example import Example
from pipelines.learn.kinds import Source
from pipelines.learn.opened import Opened
from pipelines.learn.stems import chosen, files, pairs
from pipelines.learn.values import Values, as_mask, as_numbers, by_values, check_values
from simdata.errors import DatasetError

ENDINGS = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue: luma of ITU-R BT.601."""


@dataclass(frozen=True, kw_only=True)
class Pictures(Source):
    """Pictures as examples of (channel, row, column); without `labels`, as images that nobody has labelled.

    ids: "001-010,case_3", all for "". values: of each class in a label; none for masks of one class, which are white.
    unknown: values of pixels that nobody has labelled. colours: what becomes of colours; vessels of a fundus show best
    in "green". scale: of the pixels' number along each edge, to bring cameras to one size.
    """

    images: str
    labels: str = ""
    ids: str = ""
    values: Values = ()
    unknown: tuple[int, ...] = ()
    colours: Literal["grey", "green", "rgb"] = "grey"
    scale: Annotated[float, Gt(0)] = 1.0

    def open(self, classes: int) -> Opened:
        check_values(self.values, classes, self.label)
        images = files(self.images, ENDINGS, "pictures")
        if not self.labels:
            alone = list(chosen(images, self.ids, self.images).values())
            return Opened([*map(str, alone)], lambda number: Example(str(alone[number]), self._image(alone[number])))
        both = pairs(images, files(self.labels, ENDINGS, "masks"), self.ids, f"{self.images}, {self.labels}")
        return Opened([str(image) for image, _ in both], lambda number: self._example(*both[number], classes))

    def _example(self, image: Path, label: Path, classes: int) -> Example:
        return Example(str(image), self._image(image), self._numbers(label, classes))

    def _image(self, path: Path) -> Float32[ndarray, "c rows columns"]:
        array = np.asarray(_resized(_read(path), self.scale, Picture.Resampling.BOX), np.float32)
        channels = array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
        if len(channels) < 3 and self.colours != "rgb":
            return channels[:1]
        rgb = channels[:3] if len(channels) >= 3 else np.repeat(channels[:1], 3, axis=0)
        if self.colours == "rgb":
            return np.ascontiguousarray(rgb)
        return rgb[1:2].copy() if self.colours == "green" else np.tensordot(GREY, rgb, 1)[None]

    def _numbers(self, path: Path, classes: int) -> UInt8[ndarray, "rows columns"]:
        picture = _resized(_read(path), self.scale, Picture.Resampling.NEAREST)
        array = np.asarray(picture.convert("L") if picture.mode == "1" else picture)
        if array.ndim == 3:
            if (array[..., :3] != array[..., :1]).any():
                raise DatasetError(f"{path}: found a label in colours; one grey level for each class would do")
            array = array[..., 0]
        if self.values:
            return by_values(array, self.values, self.unknown)
        if classes > 1:
            return as_numbers(array, classes, str(path))
        return as_mask(array, 255 if array.dtype == np.uint8 else int(np.iinfo(np.uint16).max), str(path))


def _read(path: Path) -> Picture.Image:
    try:
        with Picture.open(path) as picture:
            picture.load()
    except (OSError, ValueError, UnidentifiedImageError, SyntaxError) as reason:
        raise DatasetError(f"{path}: cannot be read: {reason}; a picture would do") from reason
    return picture.convert("RGB") if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV") else picture


def _resized(picture: Picture.Image, scale: float, how: Picture.Resampling) -> Picture.Image:
    if scale == 1:
        return picture
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), how)
