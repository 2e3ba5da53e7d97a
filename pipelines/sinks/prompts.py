"""Prompts for promptable segmentation: per picture the masks, and for each the box and points a person would give.

The form is that of SA-1B, the data of Segment Anything (Kirillov et al. 2023): PNG, and a JSON file beside each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, UInt8
from numpy import ndarray
from scipy.ndimage import distance_transform_edt

from pipelines.flat import is_flat
from pipelines.sheet import to_ras
from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import PICTURES, VOLUMES, FolderSink, unfit
from pipelines.sinks.masks import run_lengths
from pipelines.sinks.pictures import Seen, axial, displayed, levels, png, seen
from pipelines.sinks.volumes import labels_on, picked
from simdata.image import Image
from simdata.sample import Sample

NEAR = 1.5
"""Points outside are looked for in the box made so much larger."""


@dataclass(frozen=True, kw_only=True)
class Prompts(FolderSink):
    """NNNNNN_IMAGE.png and .json: "annotations" of a mask each, with "bbox" [x, y, w, h], "point_coords" and
    "point_labels" (1 inside, 0 outside).

    The first point lies deepest in the mask, the next as far from the others as they can; those outside lie near it.
    Of a volume every class gives the axial slice that shows most of it, once for all classes that share the slice.
    Masks of fewer than smallest_px pixels are left out. points: inside, and outside.
    """

    numbered: ClassVar[bool] = True
    shows: ClassVar[tuple[str, ...]] = (VOLUMES, PICTURES)
    needs: ClassVar[tuple[str, ...]] = ("pycocotools",)

    points: Annotated[int, Ge(1), Le(32)] = 3
    smallest_px: Annotated[int, Ge(1)] = 16

    def write(self, index: int, sample: Sample) -> None:
        for name, image in picked(sample, self.images).items():
            if is_flat(image):
                self._picture(f"{index:06d}_{name}", displayed(image), seen(sample, image, self.labels))
            else:
                self._slices(f"{index:06d}_{name}", sample, image)

    def _slices(self, name: str, sample: Sample, image: Image) -> None:
        if image.array.ndim != 3:
            raise unfit(sample, f"image '{name}' has several channels", "--images with those of one channel")
        numbers = relabel(labels_on(sample, image), sample.scene, self.labels)
        shades = levels(image.array, image.unit)
        upright = to_ras(numbers, image.grid)
        for position in sorted({_fullest(upright == n) for n in np.unique(upright) if n}):
            labels = axial(numbers, image, position)
            parts = [Seen(what, labels == n) for what, n in self.numbers.items() if (labels == n).any()]
            self._picture(f"{name}_{position:04d}", axial(shades, image, position), parts)

    def _picture(self, name: str, picture: UInt8[ndarray, "rows columns *colours"], parts: list[Seen]) -> None:
        self.put(f"{name}.png", png(picture))
        large = [part for part in parts if part.mask.sum() >= self.smallest_px]
        rows, columns = picture.shape[:2]
        about = {"image_id": name, "file_name": f"{name}.png", "width": columns, "height": rows}
        annotations = [{"id": n, **self._prompt(part)} for n, part in enumerate(large, 1)]
        self.put_json(f"{name}.json", {"image": about, "annotations": annotations})

    def _prompt(self, part: Seen) -> Mapping[str, Any]:
        inside = _spread(part.mask, self.points)
        outside = _spread(_around(part), self.points)
        return {
            "category": part.name,
            "category_id": self.numbers[part.name],
            "segmentation": run_lengths(part.mask),
            "area": int(part.mask.sum()),
            "bbox": list(part.box),
            "point_coords": [*inside, *outside],
            "point_labels": [1] * len(inside) + [0] * len(outside),
        }


def _fullest(mask: Bool[ndarray, "x y z"]) -> int:
    return int(mask.sum(axis=(0, 1)).argmax())


def _around(part: Seen) -> Bool[ndarray, "rows columns"]:
    """What lies in the larger box, but not in the mask."""
    x, y, wide, high = part.box
    margin_x, margin_y = 1 + int((NEAR - 1) / 2 * wide), 1 + int((NEAR - 1) / 2 * high)
    near = np.zeros_like(part.mask)
    near[max(y - margin_y, 0) : y + high + margin_y, max(x - margin_x, 0) : x + wide + margin_x] = True
    return near & ~part.mask


def _spread(mask: Bool[ndarray, "rows columns"], count: int) -> list[list[int]]:
    """Up to `count` points [x, y] of a mask: each the deepest, far from its edge and from the points before."""
    left, points = np.pad(mask, 1), []
    while len(points) < count and left.any():
        depth = np.asarray(distance_transform_edt(left))
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        points.append([int(x) - 1, int(y) - 1])
        left = left.copy()
        left[y, x] = False
    return points
