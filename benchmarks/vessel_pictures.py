"""A picture of every bed in one patient: the vessels of liver, lungs, kidneys, heart and brain.

python benchmarks/vessel_pictures.py               # two minutes; writes docs/vessels_*.png
python benchmarks/vessel_pictures.py kidney heart  # only these
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit
from PIL import Image as Picture

from phantoms.people.population import Person
from phantoms.torso import Torso
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
FRONT, LEFT_FRONT, SIDE = (-1.0, 0.0, 0.0), (-0.94, -0.34, 0.0), (0.0, 1.0, 0.0)
WIDTH_PX, FINE, DARK = 720, 2, 12
COLOURS = 128


@cache
def patient(field: str) -> Scene:
    return Torso(subject=PERSON, **(HEAD if field == "head" else TRUNK))(Streams(SEED)["phantom"].generator)


def grown(bed: Growth, field: str = "trunk") -> dict[str, Vessels]:
    return dict(bed(patient(field), Streams(SEED)[bed.label].generator).vessels)


def liver():
    beds = grown(Liver())
    colours = {"portal_vein": VIOLET, "artery": RED, "bile_duct": GREEN, "vein": BLUE}
    return [(beds[f"liver_{name}"], colour) for name, colour in colours.items()], FRONT


def lung():
    beds, colours = grown(Lung()), {"airway": IVORY, "artery": BLUE, "vein": RED}
    return [(larger(beds[f"lung_{name}"]), colour) for name, colour in colours.items()], FRONT


def larger(vessels: Vessels) -> Vessels:
    """Without the twigs, which would hide the rest."""
    return vessels.take(vessels.order >= 3)


def airways():
    return [(grown(Lung())["lung_airway"], IVORY)], FRONT


def kidney():
    beds = grown(Kidney())
    return [(vessels, RED if "artery" in name else BLUE) for name, vessels in beds.items()], FRONT


def trees(vessels: Vessels):
    """Each root's tree in a colour of its own."""
    return [(vessels.subtree(int(root)), colour) for root, colour in zip(vessels.roots, (RED, AMBER), strict=False)]


def heart():
    return trees(grown(Coronary())["coronary"]), LEFT_FRONT


def brain():
    return trees(grown(Brain(), "head")["brain_artery"]), SIDE


BEDS = {"liver": liver, "lung": lung, "airways": airways, "kidney": kidney, "heart": heart, "brain": brain}


@njit(cache=True)
def paint(image, depth, x, y, z, radius, colour):
    """Balls, the nearest on top, lit from the front."""
    height, width = depth.shape
    for n in range(len(x)):
        r = max(radius[n], 0.55)
        for i in range(max(int(y[n] - r), 0), min(int(y[n] + r) + 2, height)):
            for j in range(max(int(x[n] - r), 0), min(int(x[n] + r) + 2, width)):
                off = ((j - x[n]) ** 2 + (i - y[n]) ** 2) / (r * r)
                if off <= 1:
                    lit = np.sqrt(1 - off)
                    if z[n] + lit * r > depth[i, j]:
                        depth[i, j] = z[n] + lit * r
                        for c in range(3):
                            image[i, j, c] = colour[n, c] * (0.35 + 0.65 * lit)


def picture(parts: Sequence[tuple[Vessels, tuple]], right) -> Picture.Image:
    """Seen along the direction that has `right` on its right and z up; what is farther is darker."""
    right, up = np.array(right), np.array((0.0, 0.0, 1.0))
    ahead = np.cross(right, up)
    whole = merge([vessels for vessels, _ in parts])
    across, level, near = (whole.points_mm.astype(float) @ way for way in (right, up, ahead))
    scale = FINE * WIDTH_PX / (np.ptp(across) + 8)
    shape = int(scale * (np.ptp(level) + 8)), FINE * WIDTH_PX
    image, depth = np.full((*shape, 3), float(DARK)), np.full(shape, -np.inf)
    for vessels, colour in parts:
        s = vessels.segments
        a, b = (vessels.points_mm[i].astype(float) for i in (vessels.parent[s], s))
        radius = scale * vessels.radius_mm[s].astype(float)
        count = 2 + (scale * vessels.length_mm[s] / np.maximum(0.35 * radius, 0.7)).astype(int)
        row = np.repeat(np.arange(len(s)), count)
        t = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)) / (np.repeat(count, count) - 1)
        place = a[row] + t[:, None] * (b - a)[row]
        bright = 0.4 + 0.6 * (place @ ahead - near.min()) / np.ptp(near)
        x, y = scale * (place @ right - across.min() + 4), scale * (level.max() - place @ up + 4)
        paint(image, depth, x, y, scale * (place @ ahead), radius[row], np.array(colour) * bright[:, None])
    small = Picture.fromarray(image.astype(np.uint8)).resize((WIDTH_PX, shape[0] // FINE), Picture.Resampling.LANCZOS)
    return small.quantize(COLOURS, dither=Picture.Dither.NONE)


def main() -> None:
    for name in sys.argv[1:] or BEDS:
        parts, right = BEDS[name]()
        path = Path(__file__).parents[1] / "docs" / f"vessels_{name}.png"
        picture(parts, right).save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
