"""Pictures and label pictures as 8-bit PNG files: images/ and labels/, the same name in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.sinks.folder import PICTURES, FolderSink, unfit
from pipelines.sinks.pictures import Seen, displayed, flat_images, png, seen
from simdata.sample import Sample

MOST_CLASSES = 255


@dataclass(frozen=True, kw_only=True)
class Png(FolderSink):
    """images/NNNNNN_IMAGE.png, labels/NNNNNN_IMAGE.png and labels.json, which names the numbers.

    Of structures that overlap in a projection the smaller is shown. At most 255 names.
    """

    numbered: ClassVar[bool] = True
    shows: ClassVar[tuple[str, ...]] = (PICTURES,)

    def write(self, index: int, sample: Sample) -> None:
        if len(self.labels) > MOST_CLASSES:
            raise unfit(sample, f"its labels have {len(self.labels)} names, a PNG 255", "--labels with fewer names")
        for name, image in flat_images(sample, self.images).items():
            picture = displayed(image)
            self.put(f"images/{index:06d}_{name}.png", png(picture))
            self.put(f"labels/{index:06d}_{name}.png", png(self._painted(seen(sample, image, self.labels), picture)))

    def finish(self, written: Sequence[Any]) -> None:
        self.put_json("labels.json", {"background": 0, **self.numbers})

    def _painted(self, parts: Sequence[Seen], picture: UInt8[ndarray, "r c *colours"]) -> UInt8[ndarray, "r c"]:
        labels = np.zeros(picture.shape[:2], np.uint8)
        for part in sorted(parts, key=lambda part: -int(part.mask.sum())):
            labels[part.mask] = self.numbers[part.name]
        return labels
