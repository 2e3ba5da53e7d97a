"""Lesions of abdomen, bone and brain as CT slices show them, in the windows that a radiologist would choose.

python benchmarks/lesion_sheets_body.py  # some minutes; writes docs/lesions_body.png
"""

from dataclasses import replace
from pathlib import Path

from lesion_tiles import HE, Tile, drawn, save

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
from phantoms.lesions.hydronephrosis import Hydronephrosis
from phantoms.lesions.infarct import Infarct
from phantoms.lesions.intracerebral_haemorrhage import IntracerebralHaemorrhage
from phantoms.lesions.meningioma import Meningioma
from phantoms.lesions.metastases import Metastases
from phantoms.lesions.renal_cell_carcinoma import RenalCellCarcinoma
from phantoms.lesions.subdural_haematoma import SubduralHaematoma
from phantoms.lesions.urinary_stone import UrinaryStone
from phantoms.torso import Torso
from render.ct import CT
from render.gantry import Gantry
from simdata import Streams

SCANNER = CT(gantry=Gantry(rows=32, row_mm=1.2, views=480, element_mm=1.2), mas=300.0, kernel="soft")
RESULT = Path(__file__).parent.parent / "docs" / "lesions_body.png"
SOFT, BONE, BRAIN, STONES = (-90.0, 190.0), (-250.0, 950.0), (0.0, 80.0), (-150.0, 350.0)


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
    Tile("hydronephrosis, grade 2", Hydronephrosis(grade=2), phase="portal"),
    Tile("grade 3", Hydronephrosis(grade=3), phase="portal"),
    Tile("grade 4, sagittal", Hydronephrosis(grade=4), phase="portal", plane="sagittal"),
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
    Tile("meningioma", Meningioma(diameter_mm=46.0, calcified=False, tail=True), (0.0, 110.0), "portal"),
    Tile("the same, native", Meningioma(diameter_mm=46.0, calcified=False, tail=True), BRAIN),
    Tile("calcified", Meningioma(side="right", diameter_mm=30.0, calcified=True), (-50.0, 300.0), seed=2),
    Tile("epidural", EpiduralHaematoma(side="right", thickness_mm=20.0), (-10.0, 110.0)),
)


def main() -> None:
    belly = Torso(subject=HE, voxel_mm=1.2, shape=(310, 230, 250), centre_mm=(0.0, 0.0, -130.0))
    head = Head(subject=HE, voxel_mm=1.0, field_mm=(180.0, 220.0, 180.0), moved_mm=(0.0, 0.0, 35.0))
    tiles = []
    for part, wanted in ((belly, BELLY), (head, BRAINS)):
        patient = part(Streams(2025, 1)["body"].generator)
        wide = (replace(one, field_mm=175.0) if part is head else one for one in wanted)
        tiles += [drawn(patient, one, SCANNER) for one in wide]
    save(tiles, RESULT)


if __name__ == "__main__":
    main()
