"""Lesions of abdomen, bone and brain as CT slices show them, in the windows that a radiologist would choose.

python benchmarks/lesion_sheets_body.py  # some minutes; writes docs/lesions_body.png
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.contrast import ContrastAgent
from phantoms.head import Head
from phantoms.lesions.abscess import Abscess
from phantoms.lesions.aortic_aneurysm import AorticAneurysm
from phantoms.lesions.bone_metastasis import BoneMetastasis
from phantoms.lesions.compression_fracture import CompressionFracture
from phantoms.lesions.cyst import Cyst
from phantoms.lesions.epidural_haematoma import EpiduralHaematoma
from phantoms.lesions.gallstones import Gallstones
from phantoms.lesions.glioblastoma import Glioblastoma
from phantoms.lesions.haemangioma import Haemangioma
from phantoms.lesions.hepatocellular_carcinoma import HepatocellularCarcinoma
from phantoms.lesions.infarct import Infarct
from phantoms.lesions.intracerebral_haemorrhage import IntracerebralHaemorrhage
from phantoms.lesions.metastases import Metastases
from phantoms.lesions.renal_cell_carcinoma import RenalCellCarcinoma
from phantoms.lesions.subdural_haematoma import SubduralHaematoma
from phantoms.lesions.urinary_stone import UrinaryStone
from phantoms.people.population import Person
from phantoms.torso import Torso
from render.ct import CT
from render.gantry import Gantry
from simdata import Growth, Scene, Streams

STREAMS = Streams(2025, 1)
HE = Person(sex="male", age_y=66.0, height_cm=175.0, weight_kg=78.0)
SCANNER = CT(gantry=Gantry(rows=32, row_mm=1.2, views=480, element_mm=1.2), mas=300.0, kernel="soft")
THICK = 4
SLIM_MM = 110.0
"""So wide is the patient left for a sagittal slice, which needs many slices of a few columns."""
TILE_PX, COLUMNS, GREYS = 190, 6, 32
RESULT = Path(__file__).parent.parent / "docs" / "lesions_body.png"
Window = tuple[float, float]
SOFT, BONE, BRAIN, STONES = (-90.0, 190.0), (-250.0, 950.0), (0.0, 80.0), (-150.0, 350.0)


@dataclass(frozen=True)
class Tile:
    """One lesion: in whom, what, how it is looked at."""

    title: str
    growth: Growth
    window: Window = SOFT
    phase: Literal["native", "arterial", "portal", "delayed"] = "native"
    plane: Literal["axial", "sagittal"] = "axial"
    field_mm: float = 130.0
    seed: int = 0


CARCINOMA, BLOOD = HepatocellularCarcinoma(diameter_mm=46.0), Haemangioma(diameter_mm=42.0)
TUMOUR = Glioblastoma(diameter_mm=42.0)
BELLY = (
    Tile("liver cyst", Cyst(diameter_mm=38.0, exophytic=0.2), phase="portal"),
    Tile("kidney cyst", Cyst(structure="kidney_left", diameter_mm=32.0, exophytic=0.5), phase="portal"),
    Tile("metastases", Metastases(count=7), phase="portal", field_mm=190.0),
    Tile("abscess with gas", Abscess(diameter_mm=52.0, gas=0.15), phase="portal"),
    Tile("renal cell carcinoma", RenalCellCarcinoma(diameter_mm=46.0), phase="arterial"),
    Tile("the same, portal", RenalCellCarcinoma(diameter_mm=46.0), phase="portal"),
    Tile("hepatocellular ca.", CARCINOMA, phase="arterial"),
    Tile("the same, portal", CARCINOMA, phase="portal"),
    Tile("the same, delayed", CARCINOMA, phase="delayed"),
    Tile("haemangioma, arterial", BLOOD, phase="arterial"),
    Tile("the same, portal", BLOOD, phase="portal"),
    Tile("the same, delayed", BLOOD, phase="delayed"),
    Tile("kidney stone", UrinaryStone(diameter_mm=9.0, material="calcium_oxalate"), STONES, field_mm=100.0),
    Tile("ureteric stone", UrinaryStone(structure="ureter_right", diameter_mm=6.0), STONES, field_mm=100.0),
    Tile("gallstones", Gallstones(count=9, diameter_mm=9.0, form="mixed"), STONES, field_mm=100.0),
    Tile("gallstone, calcified", Gallstones(count=1, diameter_mm=19.0, form="calcified"), STONES, field_mm=100.0),
    Tile("aortic aneurysm", AorticAneurysm(diameter_mm=58.0, open_lumen=0.6), (-120.0, 320.0), "arterial"),
    Tile("the same, native", AorticAneurysm(diameter_mm=58.0, open_lumen=0.6)),
    Tile("lytic metastasis", BoneMetastasis(diameter_mm=20.0, form="lytic"), BONE, field_mm=90.0),
    Tile("sclerotic", BoneMetastasis(diameter_mm=20.0, form="sclerotic"), BONE, field_mm=90.0),
    Tile("mixed", BoneMetastasis(diameter_mm=22.0, form="mixed"), BONE, field_mm=90.0),
    Tile("wedge fracture L1", CompressionFracture(form="wedge", loss=0.4), BONE, plane="sagittal", field_mm=110.0),
    Tile("biconcave", CompressionFracture(form="biconcave", loss=0.35), BONE, plane="sagittal", field_mm=110.0),
    Tile("crush", CompressionFracture(form="crush", loss=0.4), BONE, plane="sagittal", field_mm=110.0),
)
BRAINS = (
    Tile("putaminal haemorrhage", IntracerebralHaemorrhage(diameter_mm=36.0, age_days=1.0), BRAIN),
    Tile(
        "lobar, 7 days",
        IntracerebralHaemorrhage(structure="cerebral_white_matter_right", diameter_mm=34.0, age_days=7.0),
        BRAIN,
    ),
    Tile("infarct, 5 h", Infarct(territory="MCA", age_h=5.0), BRAIN),
    Tile("3 days", Infarct(territory="MCA", age_h=72.0), BRAIN),
    Tile("2 days, PCA", Infarct(side="right", territory="PCA", age_h=48.0), BRAIN),
    Tile("old", Infarct(side="right", territory="MCA inferior division", age_h=3000.0), BRAIN),
    Tile("glioblastoma", TUMOUR, BRAIN),
    Tile("the same, delayed", TUMOUR, (0.0, 100.0), "delayed"),
    Tile("subdural, acute", SubduralHaematoma(thickness_mm=12.0, age_days=0.0), (-10.0, 110.0)),
    Tile("subacute", SubduralHaematoma(side="right", thickness_mm=12.0, age_days=14.0), BRAIN),
    Tile("chronic", SubduralHaematoma(thickness_mm=16.0, age_days=35.0), BRAIN),
    Tile("epidural", EpiduralHaematoma(side="right", thickness_mm=20.0), (-10.0, 110.0)),
)


def slab(scene: Scene, tile: Tile) -> Scene:
    """What has to be scanned for a tile: a few axial slices, or a slim patient as high as the tile."""
    x, _, z = np.rint(scene.grid.index(np.array(scene.findings[0].centre_mm))).astype(int).tolist()
    wide, tall = scene.grid.shape[0], THICK
    if tile.plane == "sagittal":
        wide, tall = (round(mm / scene.grid.spacing_mm[2]) for mm in (SLIM_MM, tile.field_mm))
    first_x = max(0, min(x - wide // 2, scene.grid.shape[0] - wide))
    first_z = max(0, min(z - tall // 2, scene.grid.shape[2] - tall))
    return scene.crop((first_x, 0, first_z), (wide, scene.grid.shape[1], tall))


def scanned(scene: Scene, tile: Tile) -> Float[ndarray, "a b"]:
    """The slice through the middle of the lesion, Hounsfield units, as wide as the tile's field."""
    image = SCANNER(slab(scene, tile), STREAMS["ct"])
    centre = image.grid.index(np.array(scene.findings[0].centre_mm))
    if tile.plane == "axial":
        axis, flat = 2, image.array.mean(axis=2)
    else:
        axis, flat = 0, image.array[round(float(centre[0]))]
    reach = tile.field_mm / 2 / np.delete(np.array(image.grid.spacing_mm), axis)
    low = np.maximum(np.delete(centre, axis) - reach, 0).astype(int)
    high = (np.delete(centre, axis) + reach).astype(int)
    return flat[low[0] : high[0], low[1] : high[1]].astype(float)


def drawn(patient: Scene, tile: Tile) -> Picture.Image:
    """The tile as it hangs: the patient's right at the left, or the front at the left, and its title."""
    after = tile.growth(patient, Streams(2025, tile.seed)[tile.growth.label].generator)
    if tile.phase != "native":
        after = ContrastAgent(phase=tile.phase)(after, Streams(2025)["contrast"].generator)
    low, high = tile.window
    grey = (np.clip((scanned(after, tile) - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Picture.fromarray(grey[::-1].T[::-1]).resize((TILE_PX, TILE_PX), Picture.Resampling.LANCZOS)
    ImageDraw.Draw(picture).text(
        (5, 3), tile.title, fill=255, font=ImageFont.load_default(13), stroke_width=1, stroke_fill=0
    )
    print(tile.title, "|", after.findings[0].text, flush=True)
    return picture


def main() -> None:
    belly = Torso(subject=HE, voxel_mm=1.2, shape=(310, 230, 250), centre_mm=(0.0, 0.0, -130.0))
    head = Head(subject=HE, voxel_mm=1.0, field_mm=(180.0, 220.0, 180.0), moved_mm=(0.0, 0.0, 35.0))
    tiles = []
    for part, wanted in ((belly, BELLY), (head, BRAINS)):
        patient = part(Streams(2025, 1)["body"].generator)
        tiles += [drawn(patient, replace(one, field_mm=175.0) if part is head else one) for one in wanted]

    rows = -(-len(tiles) // COLUMNS)
    sheet = Picture.new("L", (COLUMNS * TILE_PX, rows * TILE_PX))
    for n, one in enumerate(tiles):
        sheet.paste(one, (n % COLUMNS * TILE_PX, n // COLUMNS * TILE_PX))
    sheet.quantize(GREYS).save(RESULT, optimize=True)


if __name__ == "__main__":
    main()
