"""Lesions of the chest as CT slices show them, in the windows that a radiologist would choose.

python benchmarks/lesion_sheets.py  # some minutes; writes docs/lesions_thorax.png
"""

from pathlib import Path

import numpy as np
from lesion_sheets_body import COLUMNS, GREYS, HE, TILE_PX, Tile
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.contrast import ContrastAgent
from phantoms.filled_vessels import FilledVessels
from phantoms.lesions.consolidation import Consolidation
from phantoms.lesions.emphysema import Emphysema
from phantoms.lesions.ground_glass import GroundGlass
from phantoms.lesions.lung_nodule import LungNodule
from phantoms.lesions.lymphadenopathy import Lymphadenopathy
from phantoms.lesions.pleural_effusion import PleuralEffusion
from phantoms.lesions.pneumothorax import Pneumothorax
from phantoms.lesions.pulmonary_embolism import PulmonaryEmbolism
from phantoms.lesions.pulmonary_fibrosis import PulmonaryFibrosis
from phantoms.lesions.rib_fracture import RibFracture
from phantoms.torso import Torso
from render.ct import CT
from render.gantry import Gantry
from simdata import Scene, Streams
from vascular.lung import Lung

SCANNER = CT(gantry=Gantry(rows=8, row_mm=1.2, views=480, element_mm=1.2), mas=300.0, kernel="standard")
SLICES = 4
RESULT = Path(__file__).parent.parent / "docs" / "lesions_thorax.png"
LUNG, SOFT, VESSEL, BONE = (-1350.0, 150.0), (-160.0, 240.0), (-150.0, 550.0), (-250.0, 950.0)
UPPER, MIDDLE, LOWER = (f"lung_{part}_lobe_right" for part in ("upper", "middle", "lower"))
NEAR, WIDE = 80.0, 190.0

TILES = (
    Tile("solid, smooth", LungNodule(diameter_mm=14.0, form="solid", margin="smooth"), LUNG, field_mm=NEAR),
    Tile(
        "spiculated, tags",
        LungNodule(diameter_mm=20.0, form="solid", margin="spiculated", pleural_tags=True),
        LUNG,
        field_mm=NEAR,
    ),
    Tile("part-solid", LungNodule(diameter_mm=20.0, form="part_solid"), LUNG, field_mm=NEAR, seed=3),
    Tile("ground-glass nodule", LungNodule(diameter_mm=17.0, form="ground_glass"), LUNG, field_mm=NEAR, seed=2),
    Tile(
        "cavitating", LungNodule(diameter_mm=27.0, form="cavitating", margin="lobulated"), LUNG, field_mm=NEAR, seed=1
    ),
    Tile("lobulated", LungNodule(diameter_mm=22.0, form="solid", margin="lobulated"), LUNG, field_mm=NEAR, seed=4),
    Tile(
        "central chalk",
        LungNodule(diameter_mm=16.0, form="calcified", calcification="central"),
        SOFT,
        field_mm=NEAR,
        seed=1,
    ),
    Tile(
        "laminated",
        LungNodule(diameter_mm=20.0, form="calcified", calcification="laminated"),
        SOFT,
        field_mm=NEAR,
        seed=2,
    ),
    Tile(
        "popcorn", LungNodule(diameter_mm=24.0, form="calcified", calcification="popcorn"), SOFT, field_mm=NEAR, seed=3
    ),
    Tile("effusion", PleuralEffusion(side="right", volume_ml=700.0), SOFT, "portal", field_mm=WIDE),
    Tile("the same, lung window", PleuralEffusion(side="right", volume_ml=700.0), LUNG, field_mm=WIDE),
    Tile("large effusion", PleuralEffusion(side="left", volume_ml=1500.0), SOFT, "portal", field_mm=WIDE),
    Tile("pneumothorax, 12 %", Pneumothorax(side="left", percent=12.0), LUNG, field_mm=WIDE),
    Tile("45 %", Pneumothorax(side="right", percent=45.0), LUNG, field_mm=WIDE),
    Tile("lobar pneumonia", Consolidation(structure=LOWER, form="lobar", percent=70.0), LUNG, field_mm=150.0),
    Tile("the same, soft", Consolidation(structure=LOWER, form="lobar", percent=70.0), SOFT, "portal", field_mm=150.0),
    Tile("patchy", Consolidation(structure=UPPER, form="patchy", percent=18.0), LUNG, field_mm=150.0),
    Tile("ground glass", GroundGlass(structure=LOWER, percent=30.0, attenuation_hu=-560.0), LUNG, field_mm=150.0),
    Tile(
        "centrilobular",
        Emphysema(structure=UPPER, form="centrilobular", percent=22.0),
        (-1150.0, -650.0),
        field_mm=120.0,
    ),
    Tile("paraseptal", Emphysema(structure=UPPER, form="paraseptal", percent=9.0), (-1150.0, -550.0), field_mm=120.0),
    Tile("fibrosis, early", PulmonaryFibrosis(structure=LOWER, percent=20.0, honeycombing=0.0), LUNG, field_mm=130.0),
    Tile("honeycombs", PulmonaryFibrosis(structure=LOWER, percent=40.0, honeycombing=0.7), LUNG, field_mm=130.0),
    Tile(
        "node 4R",
        Lymphadenopathy(station="4R", short_axis_mm=18.0, calcification="none"),
        SOFT,
        "portal",
        field_mm=110.0,
    ),
    Tile(
        "node 7", Lymphadenopathy(station="7", short_axis_mm=22.0, calcification="none"), SOFT, "portal", field_mm=110.0
    ),
    Tile(
        "eggshell node",
        Lymphadenopathy(station="4R", short_axis_mm=16.0, calcification="eggshell"),
        SOFT,
        field_mm=110.0,
    ),
    Tile("saddle embolus", PulmonaryEmbolism(level="saddle", filling=0.5), VESSEL, "arterial", field_mm=130.0),
    Tile("lobar", PulmonaryEmbolism(level="lobar", structure=LOWER, filling=0.7), VESSEL, "arterial", field_mm=90.0),
    Tile(
        "rib, displaced", RibFracture(structure="rib_right_7", along=0.5, slip_mm=7.0, age="acute"), BONE, field_mm=70.0
    ),
    Tile(
        "rib, not displaced",
        RibFracture(structure="rib_left_6", along=0.45, slip_mm=0.0, age="acute"),
        BONE,
        field_mm=70.0,
    ),
    Tile("rib, callus", RibFracture(structure="rib_left_5", along=0.4, age="old"), BONE, field_mm=70.0),
)


def chest() -> Scene:
    """The man of the body's sheet, with the trees of his lungs."""
    streams = Streams(2025, 1)
    scene = Torso(subject=HE, voxel_mm=1.2, shape=(310, 230, 270), centre_mm=(0.0, 0.0, 10.0))(
        streams["body"].generator
    )
    for growth in (Lung(terminals=1200), FilledVessels()):
        scene = growth(scene, streams[growth.label].generator)
    return scene


def drawn(patient: Scene, tile: Tile) -> Picture.Image:
    """The slice through the middle of a lesion as it hangs, the patient's right at the left, and its title."""
    after = tile.growth(patient, Streams(2025, tile.seed)[tile.growth.label].generator)
    finding = after.findings[-1]
    middle = np.rint(after.grid.index(np.array(finding.centre_mm))).astype(int)
    slab = after.crop((0, 0, int(middle[2]) - SLICES // 2), (*after.grid.shape[:2], SLICES))
    if tile.phase != "native":
        slab = ContrastAgent(phase=tile.phase)(slab, Streams(2025)["contrast"].generator)
    image = SCANNER(slab, Streams(2025)["ct"])

    reach = tile.field_mm / 2 / np.array(image.grid.spacing_mm[:2])
    centre = np.clip(image.grid.index(np.array(finding.centre_mm))[:2], reach, image.array.shape[:2] - reach)
    low, high = (centre - reach).astype(int), (centre + reach).astype(int)
    flat = image.array[low[0] : high[0], low[1] : high[1]].mean(axis=2)
    dark, bright = tile.window
    grey = (np.clip((flat - dark) / (bright - dark), 0, 1) * 255).astype(np.uint8)
    picture = Picture.fromarray(grey[::-1].T[::-1]).resize((TILE_PX, TILE_PX), Picture.Resampling.LANCZOS)
    ImageDraw.Draw(picture).text(
        (5, 3), tile.title, fill=255, font=ImageFont.load_default(13), stroke_width=1, stroke_fill=0
    )
    print(tile.title, "|", finding.text, flush=True)
    return picture


def main() -> None:
    patient = chest()
    tiles = [drawn(patient, tile) for tile in TILES]
    sheet = Picture.new("L", (COLUMNS * TILE_PX, -(-len(tiles) // COLUMNS) * TILE_PX))
    for n, one in enumerate(tiles):
        sheet.paste(one, (n % COLUMNS * TILE_PX, n // COLUMNS * TILE_PX))
    sheet.quantize(GREYS).save(RESULT, optimize=True)


if __name__ == "__main__":
    main()
