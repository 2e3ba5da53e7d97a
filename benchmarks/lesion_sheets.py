"""Lesions of the chest as CT slices show them, in the windows that a radiologist would choose.

python benchmarks/lesion_sheets.py  # some minutes; writes docs/lesions_thorax.png
"""

from pathlib import Path

from lesion_tiles import HE, Tile, drawn, save

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
RESULT = Path(__file__).parent.parent / "docs" / "lesions_thorax.png"
LUNG, SOFT, VESSEL, BONE = (-1350.0, 150.0), (-160.0, 240.0), (-150.0, 550.0), (-250.0, 950.0)
UPPER, MIDDLE, LOWER = (f"lung_{part}_lobe_right" for part in ("upper", "middle", "lower"))
NEAR, WIDE, WHOLE = 80.0, 190.0, 330.0

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
    Tile("large effusion", PleuralEffusion(side="left", volume_ml=1900.0), SOFT, "portal", field_mm=WHOLE),
    Tile("pneumothorax, 12 %", Pneumothorax(side="left", percent=12.0), LUNG, field_mm=WIDE),
    Tile("under tension", Pneumothorax(side="right", percent=60.0, shift_mm=18.0), LUNG, field_mm=WHOLE),
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


def main() -> None:
    patient = chest()
    save([drawn(patient, tile, SCANNER) for tile in TILES], RESULT)


if __name__ == "__main__":
    main()
