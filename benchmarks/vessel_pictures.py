"""A picture of every bed in one patient: the vessels of liver, lungs, kidneys, heart and brain.

python benchmarks/vessel_pictures.py               # two minutes; writes docs/vessels_*.png
python benchmarks/vessel_pictures.py kidney heart  # only these
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.vessel_portrait import BEHIND, FRONT, LEFT_FRONT, RIGHT_SIDE, vessel_portrait
from simdata import Growth, Scene, Streams, Vessels
from simdata.vessels import merge
from vascular.brain import Brain
from vascular.coronary import Coronary
from vascular.kidney import Kidney
from vascular.liver import Liver
from vascular.lung import Lung

SEED, PERSON = 3, Person(sex="male", age_y=40.0, height_cm=178.0, weight_kg=75.0)
TRUNK = {"voxel_mm": 1.5, "shape": (256, 200, 280), "centre_mm": (0.0, 0.0, -40.0)}
HEAD = {"voxel_mm": 1.2, "shape": (150, 190, 170), "centre_mm": (0.0, -10.0, 400.0)}
RED, BLUE, VIOLET, GREEN, IVORY, AMBER = (
    (222, 62, 52), (72, 108, 232), (158, 88, 206), (92, 192, 84), (232, 222, 170), (232, 152, 62),
)  # fmt: skip
SIZE_PX, COLOURS, GAP_PX = 720, 128, 8


@cache
def patient(field: str) -> Scene:
    return Torso(subject=PERSON, **(HEAD if field == "head" else TRUNK))(Streams(SEED)["phantom"].generator)


@cache
def grown(bed: Growth, field: str = "trunk") -> Mapping[str, Vessels]:
    return bed(patient(field), Streams(SEED)[bed.label].generator).vessels


def seen(parts: list[tuple[Vessels, tuple]], right=FRONT, size_px: int = SIZE_PX) -> Picture.Image:
    """Vessels in their colours."""
    colour = np.concatenate([np.broadcast_to(ink, (len(vessels), 3)) for vessels, ink in parts])
    return vessel_portrait(merge([vessels for vessels, _ in parts]), colour, size_px, right)


def side_by_side(pictures: list[Picture.Image]) -> Picture.Image:
    width = sum(picture.width for picture in pictures) + GAP_PX * (len(pictures) - 1)
    whole = Picture.new("RGB", (width, max(picture.height for picture in pictures)), pictures[0].getpixel((0, 0)))
    x = 0
    for picture in pictures:
        whole.paste(picture, (x, 0))
        x += picture.width + GAP_PX
    return whole


def liver() -> Picture.Image:
    beds = grown(Liver())
    colours = {"portal_vein": VIOLET, "artery": RED, "bile_duct": GREEN, "vein": BLUE}
    return seen([(beds[f"liver_{name}"], colour) for name, colour in colours.items()])


def lung() -> Picture.Image:
    beds, colours = grown(Lung()), {"airway": IVORY, "artery": BLUE, "vein": RED}
    return seen([(beds[f"lung_{name}"], colour) for name, colour in colours.items()])


def airways() -> Picture.Image:
    return seen([(grown(Lung(terminals=20_000))["lung_airway"], IVORY)])


def kidney() -> Picture.Image:
    beds = grown(Kidney())
    return seen([(vessels, RED if "artery" in name else BLUE) for name, vessels in beds.items()])


def heart() -> Picture.Image:
    beds = grown(Coronary())
    arteries = beds["coronary"]
    left, right = (arteries.subtree(int(root)) for root in arteries.roots)
    parts = [(left, RED), (right, AMBER), (beds["coronary_vein"], BLUE)]
    return side_by_side([seen(parts, view, SIZE_PX // 2) for view in (LEFT_FRONT, BEHIND)])


def brain() -> Picture.Image:
    beds = grown(Brain(terminals=12_000), "head")
    arteries, veins = (beds["brain_artery"], RED), (beds["brain_vein"], BLUE)
    return side_by_side([seen([arteries, veins], RIGHT_SIDE, 440), seen([arteries], FRONT, 320)])


BEDS = {"liver": liver, "lung": lung, "airways": airways, "kidney": kidney, "heart": heart, "brain": brain}


def main() -> None:
    for name in sys.argv[1:] or BEDS:
        path = Path(__file__).parents[1] / "docs" / f"vessels_{name}.png"
        BEDS[name]().quantize(COLOURS, dither=Picture.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
