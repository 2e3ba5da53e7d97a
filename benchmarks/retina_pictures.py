"""Pictures of the retina: eyes by depth and by kind, diseases beside the healthy eye, the whole posterior pole.

python benchmarks/retina_pictures.py               # one minute; writes docs/vessels_retina*.png
python benchmarks/retina_pictures.py diseases      # only this one: eyes, diseases or wide
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.retina import Retina as Wall
from pipelines.vessels import portrait
from simdata import Growth, Scene, Streams, Vessels
from simdata.vessels import CAPILLARY
from simdata.voxelise import en_face, voxelise
from vascular.diabetic_retinopathy import DiabeticRetinopathy
from vascular.fundus import as_seen, fundus, retina_grid
from vascular.retina import Retina
from vascular.retinal_occlusion import RetinalOcclusion

PICTURE_PX, WIDE_PX, LINE_PX = 370, 640, 16
DEPTH_MM, LAYERS, BRIGHT_MM = 0.13, 26, 0.03
SEEN_MM_S = 0.25
"""Blood at this speed gives two thirds of the signal of fast blood: what is slower fades (memory)."""
SICK_EYE, SEED = 4, 2025
SICK = (
    ("healthy", ()),
    ("severe diabetic retinopathy", (DiabeticRetinopathy(grade="severe"),)),
    ("occlusion of a branch vein", (RetinalOcclusion(vessel="vein"),)),
    ("occlusion of the central artery", (RetinalOcclusion(vessel="artery", site="central"),)),
)
MARKS = {"non_perfusion": (150, 112, 20), "microaneurysm": (255, 225, 60), "occlusion": (255, 255, 255)}
INK, COLOURS = (210, 214, 220), 128
DOCS = Path(__file__).parents[1] / "docs"


def eye(number: int, field_mm: float) -> Vessels:
    return Retina(field_mm=field_mm).grow(Streams(SEED, number)["vessels"].generator)


def eyes() -> Picture.Image:
    """Three maculas of 3 mm by the depth of what lies foremost, above; their trees in 6 mm by kind, below."""
    whole = Picture.new("RGB", (3 * PICTURE_PX, 2 * PICTURE_PX))
    for column in range(3):
        tree = portrait(without_capillaries(eye(column, 6.0))).resize((PICTURE_PX, PICTURE_PX))
        whole.paste(by_depth(eye(column, 3.0), 3.0, PICTURE_PX), (column * PICTURE_PX, 0))
        whole.paste(tree, (column * PICTURE_PX, PICTURE_PX))
    return whole


def diseases() -> Picture.Image:
    """A macula of 3 mm in health and three diseases: vessels whose blood moves, above; findings on the trees, below."""
    healthy = Retina()(Wall()(Streams(SEED)["wall"].generator), Streams(SEED, SICK_EYE)["vessels"].generator)
    whole = Picture.new("RGB", (len(SICK) * PICTURE_PX, 2 * PICTURE_PX + LINE_PX))
    for column, (name, growths) in enumerate(SICK):
        patient = sick(healthy, growths)
        left = column * PICTURE_PX
        ImageDraw.Draw(whole).text((left + 6, 2), name, fill=INK, font=ImageFont.load_default(12))
        whole.paste(by_depth(moving(patient.vessels["retina"]), 3.0, PICTURE_PX), (left, LINE_PX))
        whole.paste(marked(patient), (left, LINE_PX + PICTURE_PX))
    return whole


def sick(patient: Scene, growths: tuple[Growth, ...]) -> Scene:
    for growth in growths:
        patient = growth(patient, Streams(SEED)[growth.label].generator)
    return patient


def moving(vessels: Vessels) -> Vessels:
    """What OCTA sees of the blood: the more the faster it moves, in the segment or through the point."""
    mm_s = np.nan_to_num(np.abs(vessels.flow_mm3_s)) / (np.pi * vessels.radius_mm**2)
    through = mm_s.copy()
    np.maximum.at(through, vessels.parent[vessels.segments], mm_s[vessels.segments])
    signal = 1 - np.exp(-through / SEEN_MM_S)
    return replace(vessels, radius_mm=(vessels.radius_mm * np.sqrt(np.maximum(signal, 1e-3))).astype(np.float32))


def marked(patient: Scene) -> Picture.Image:
    """Trees by kind over what the findings mark, seen from within the eye."""
    vessels = patient.vessels["retina"]
    image = np.zeros((PICTURE_PX, PICTURE_PX, 3), np.uint8)
    for kind, colour in MARKS.items():
        for found in (f for f in patient.findings if f.kind == kind):
            flat = (patient.labels == found.label).any(axis=2)
            seen = Picture.fromarray(flat).resize((PICTURE_PX, PICTURE_PX))
            image[np.asarray(seen).T[::-1]] = colour
    seen = en_face(voxelise(without_capillaries(vessels), grid(3.0, PICTURE_PX)))
    red, blue = (seen.kind == 1) & (seen.share > 0.3), (seen.kind == 2) & (seen.share > 0.3)
    for where, colour in ((red, (226, 74, 60)), (blue, (84, 120, 240))):
        free = where.T[::-1] & (image != MARKS["occlusion"]).any(axis=2)
        image[free] = colour
    return Picture.fromarray(image)


def wide() -> Picture.Image:
    """The posterior pole of a right and a left eye, 12 mm: arteries and veins from the disc on."""
    whole = Picture.new("RGB", (2 * WIDE_PX, WIDE_PX))
    for column, laterality in enumerate(("right", "left")):
        rng = Streams(SEED, column + 1)["vessels"].generator
        trees = Retina(field_mm=12.0).trees(fundus(rng), rng)
        seen = replace(trees, points_mm=as_seen(trees.points_mm, laterality).astype(np.float32))
        whole.paste(portrait(seen).resize((WIDE_PX, WIDE_PX)), (column * WIDE_PX, 0))
    return whole


def without_capillaries(vessels: Vessels) -> Vessels:
    return vessels.take(vessels.kind != CAPILLARY)


def grid(field_mm: float, pixels: int):
    return retina_grid(field_mm, (pixels, pixels, LAYERS), DEPTH_MM)


def by_depth(vessels: Vessels, field_mm: float, pixels: int) -> Picture.Image:
    """A field from above: superficial vessels red, deep ones blue, as bright as the blood under the pixel."""
    seen = en_face(voxelise(vessels, grid(field_mm, pixels)))
    bright = np.clip(seen.blood_mm / BRIGHT_MM, 0, 1) ** 0.6
    deep = np.clip(np.nan_to_num(seen.depth_mm) / DEPTH_MM, 0, 1)
    colour = np.stack([1 - 0.75 * deep, 0.35 + 0.3 * np.sin(np.pi * deep), 0.2 + 0.8 * deep], axis=-1)
    return Picture.fromarray((255 * bright[..., None] * colour).astype(np.uint8).transpose(1, 0, 2)[::-1].copy())


PICTURES = {"eyes": eyes, "diseases": diseases, "wide": wide}


def main() -> None:
    for name in sys.argv[1:] or PICTURES:
        path = DOCS / ("vessels_retina.png" if name == "eyes" else f"vessels_retina_{name}.png")
        PICTURES[name]().quantize(COLOURS, dither=Picture.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
