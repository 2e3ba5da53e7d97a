"""COCO: pictures as PNG files, and one JSON file of what each of them shows, as projected masks and boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.sinks.folder import PICTURES, FolderSink
from pipelines.sinks.masks import run_lengths
from pipelines.sinks.pictures import displayed, flat_images, png, seen
from simdata.sample import Sample
from simdata.structures import Structure, structures


@dataclass(frozen=True, kw_only=True)
class Coco(FolderSink):
    """images and annotations.json. Masks are run-length coded and overlap as structures do; boxes are [x, y, w, h]."""

    numbered: ClassVar[bool] = True
    shows: ClassVar[tuple[str, ...]] = (PICTURES,)
    needs: ClassVar[tuple[str, ...]] = ("pycocotools",)

    def write(self, index: int, sample: Sample) -> list[dict[str, Any]]:
        pictures = []
        for name, image in flat_images(sample, self.images).items():
            picture, file_name = displayed(image), f"{index:06d}_{name}.png"
            self.put(f"images/{file_name}", png(picture))
            about = {"file_name": file_name, "width": picture.shape[1], "height": picture.shape[0]}
            things = [
                {
                    "category_id": self.numbers[part.name],
                    "segmentation": run_lengths(part.mask),
                    "area": int(part.mask.sum()),
                    "bbox": list(part.box),
                    "iscrowd": 0,
                }
                for part in seen(sample, image, self.labels)
            ]
            pictures.append({"about": about, "things": things})
        return pictures

    def finish(self, written: Sequence[list[dict[str, Any]]]) -> None:
        pictures = [picture for entry in written for picture in entry]
        things = [{"image_id": n, **thing} for n, one in enumerate(pictures, 1) for thing in one["things"]]
        known = {structure.name: structure for structure in structures().values()}
        categories = [
            {"id": number, "name": name, "supercategory": _whole(known.get(name)), "snomed": _snomed(known.get(name))}
            for name, number in self.numbers.items()
        ]
        tree = {
            "info": {"description": "Synthetic images made by simdata", "version": "1.0"},
            "licenses": [],
            "images": [{"id": n, **one["about"]} for n, one in enumerate(pictures, 1)],
            "annotations": [{"id": n, **thing} for n, thing in enumerate(things, 1)],
            "categories": categories,
        }
        self.put_json("annotations.json", tree)


def _whole(part: Structure | None) -> str:
    return structures()[part.parent].name if part and part.parent else ""


def _snomed(part: Structure | None) -> str:
    return part.snomed if part else ""
