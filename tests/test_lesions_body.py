"""Lesions of abdomen, bone and brain: where they lie, how large and dense they are, and what each kind is known by."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from patients import VOXEL_MM, belly, head
from scipy.ndimage import binary_dilation, label

from phantoms.contrast import FIELD, ContrastAgent
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
from phantoms.lesions.hydronephrosis import GRADES, Hydronephrosis
from phantoms.lesions.infarct import Infarct
from phantoms.lesions.intracerebral_haemorrhage import IntracerebralHaemorrhage
from phantoms.lesions.meningioma import Meningioma
from phantoms.lesions.metastases import Metastases
from phantoms.lesions.plaque import Plaque
from phantoms.lesions.renal_cell_carcinoma import RenalCellCarcinoma
from phantoms.lesions.subdural_haematoma import SubduralHaematoma
from phantoms.lesions.urinary_stone import UrinaryStone
from render.attenuation import attenuation
from simdata import Growth, Scene, SceneError, Streams, structure
from simdata.measured import axial_diameters_mm
from simdata.scene import DENSITY
from simdata.tissues import tissues

KEV = np.array([70.0])
"""At which 120 kVp images have about the values of a single energy."""
FEW, MANY = 12, 500
EVERYWHERE = np.ones((3, 3, 3))

Drawn = Callable[[Generator], Growth]
IN_PLACE: dict[str, Drawn] = {
    "metastasis": lambda rng: Metastases(count=int(rng.integers(1, 4)), diameter_mm=float(rng.uniform(8, 26))),
    "haemangioma": lambda rng: Haemangioma(diameter_mm=float(rng.uniform(12, 60))),
    "abscess": lambda rng: Abscess(diameter_mm=float(rng.uniform(15, 60))),
    "bone metastasis": lambda rng: BoneMetastasis(diameter_mm=float(rng.uniform(8, 18))),
}
PUSHING: dict[str, Drawn] = {
    "cyst": lambda rng: Cyst(structure="kidney_left", diameter_mm=float(rng.uniform(10, 34))),
    "hepatocellular carcinoma": lambda rng: HepatocellularCarcinoma(diameter_mm=float(rng.uniform(15, 60))),
    "renal cell carcinoma": lambda rng: RenalCellCarcinoma(diameter_mm=float(rng.uniform(15, 36))),
    "kidney stone": lambda rng: UrinaryStone(diameter_mm=float(rng.uniform(4, 15))),
    "ureteric stone": lambda rng: UrinaryStone(structure="ureter_left", diameter_mm=float(rng.uniform(3, 9))),
    "intracerebral haemorrhage": lambda rng: IntracerebralHaemorrhage(diameter_mm=float(rng.uniform(10, 45))),
    "glioblastoma": lambda rng: Glioblastoma(diameter_mm=float(rng.uniform(12, 45))),
}
SHAPED: dict[str, Drawn] = {
    "gallstone": lambda rng: Gallstones(),
    "abdominal aortic aneurysm": lambda rng: AorticAneurysm(diameter_mm=float(rng.uniform(32, 60))),
    "compression fracture": lambda rng: CompressionFracture(structure="vertebrae_L2"),
    "hydronephrosis": lambda rng: Hydronephrosis(grade=int(rng.integers(1, 5))),
    "infarct": lambda rng: Infarct(side="left" if rng.random() < 0.5 else "right"),
    "subdural haematoma": lambda rng: SubduralHaematoma(),
    "epidural haematoma": lambda rng: EpiduralHaematoma(),
    "meningioma": lambda rng: Meningioma(calcified=False),
}
IN_HEAD = (
    "intracerebral haemorrhage",
    "glioblastoma",
    "infarct",
    "subdural haematoma",
    "epidural haematoma",
    "meningioma",
)
HU = {
    "cyst": (-5, 25),
    "metastasis": (10, 60),
    "hepatocellular carcinoma": (15, 60),
    "haemangioma": (25, 60),
    "renal cell carcinoma": (10, 60),
    "kidney stone": (350, 1700),
    "ureteric stone": (350, 1700),
    "gallstone": (-80, 800),
    "hydronephrosis": (-5, 25),
    "abdominal aortic aneurysm": (35, 120),
    "bone metastasis": (20, 1100),
    "compression fracture": (150, 600),
    "intracerebral haemorrhage": (55, 85),
    "glioblastoma": (5, 60),
    "infarct": (-5, 42),
    "subdural haematoma": (5, 85),
    "epidural haematoma": (55, 85),
    "meningioma": (30, 60),
}
"""Unenhanced, on average over a lesion: what textbooks of radiology give, a little wider."""


def _patient(kind: str) -> Scene:
    return head() if kind in IN_HEAD else belly()


def _grown(kind: str, index: int) -> tuple[Scene, Growth]:
    growth = {**IN_PLACE, **PUSHING, **SHAPED}[kind](Streams(3, index)["fields"].generator)
    return growth(_patient(kind), Streams(3, index)["growth"].generator), growth


def _pieces(mask: np.ndarray) -> int:
    numbers = np.zeros(mask.shape, np.int32)
    label(mask, EVERYWHERE, output=numbers)
    return int(numbers.max())


def _after(growth: Growth, patient: Scene | None = None, seed: int = 5) -> Scene:
    return growth(belly() if patient is None else patient, Streams(seed).generator)


def _hu(scene: Scene) -> np.ndarray:
    water = float(attenuation("water", KEV)[0])
    column = {name: float(attenuation(name, KEV)[0]) / water for name in scene.tissue_names()}
    return 1000 * (scene.field(column) * scene.fields.get(DENSITY, np.float32(1)) - 1)


def _of(scene: Scene, number: int = 0) -> np.ndarray:
    return scene.labels == scene.findings[number].label


def _made_of(scene: Scene, name: str) -> np.ndarray:
    return scene.tissue == tissues()[name]


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [*IN_PLACE, *PUSHING, *SHAPED])
def test_many_of_a_kind_are_whole_and_their_findings_tell_the_truth(kind, count):
    before = _patient(kind)
    bone = np.isin(before.tissue, [tissues()["spongy_bone"], tissues()["cortical_bone"]])
    for index in range(count):
        after, growth = _grown(kind, index)
        for finding in after.findings:
            voxels = np.argwhere(after.labels == finding.label)
            pieces = _pieces(after.labels == finding.label)
            assert pieces == finding.attributes.get("count", 1)
            assert finding.kind == kind
            assert np.linalg.norm(after.grid.world_mm(voxels).mean(axis=0) - finding.centre_mm) < VOXEL_MM
            assert finding.axial_mm == pytest.approx(axial_diameters_mm(voxels, after.grid), rel=0.05)
            assert np.allclose(np.ptp(voxels, axis=0) * VOXEL_MM + VOXEL_MM, finding.extent_mm, rtol=0.05)
            if kind not in SHAPED:
                assert finding.volume_mm3 == pytest.approx(np.pi / 6 * growth.diameter_mm**3, rel=0.02)
        if kind in IN_PLACE:
            assert not ((after.labels != before.labels) & ~before.mask(growth.structure)).any()
        if kind not in ("bone metastasis", "compression fracture"):
            assert np.array_equal(after.labels[bone], before.labels[bone])


@pytest.mark.parametrize("kind", HU)
def test_its_density_is_that_of_the_textbooks(kind):
    low, high = HU[kind]
    for index in range(3):
        after, _ = _grown(kind, index)
        if kind in ("subdural haematoma", "infarct", "intracerebral haemorrhage", "metastasis") or index == 0:
            assert low < _hu(after)[_of(after)].mean() < high


@pytest.mark.parametrize("kind", [*IN_PLACE, *PUSHING, *SHAPED])
def test_the_same_stream_gives_the_same_lesion_and_another_gives_another(kind):
    one, again, other = _grown(kind, 0)[0], _grown(kind, 0)[0], _grown(kind, 1)[0]
    assert np.array_equal(one.labels, again.labels)
    assert one.findings == again.findings
    assert not np.array_equal(one.labels, other.labels)


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        (Cyst(structure="spleen"), "Cyst.structure: found no voxel of 'spleen' in this patient"),
        (Cyst(structure="kidney_left", diameter_mm=120), "Cyst: found no place at 'kidney_left' with room for 120 mm"),
        (Cyst(centre_mm=(500.0, 0.0, 0.0), diameter_mm=20), "Cyst: found no 'liver' at centre_mm"),
        (Haemangioma(diameter_mm=120), "Haemangioma: found room for .* mm at most in 'liver', not for 120 mm"),
        (Metastases(count=30, diameter_mm=30), "Metastases: found room for .* of 30 in 'liver'"),
        (Gallstones(count=30, diameter_mm=12), "Gallstones: found room for .* of 30 in 'gallbladder'"),
        (UrinaryStone(structure="ureter_right"), "UrinaryStone.structure: found no voxel of 'ureter_right'"),
        (Hydronephrosis(side="right"), "Hydronephrosis.structure: found no voxel of 'kidney_pelvis_right'"),
        (CompressionFracture(structure="vertebrae_T3"), "found no voxel of 'vertebrae_T3'"),
        (SubduralHaematoma(), "SubduralHaematoma: found no left hemisphere"),
        (Infarct(), "Infarct.structure: found no voxel of 'cerebral_cortex_left'"),
    ],
)
def test_what_cannot_be_is_refused(growth, message):
    with pytest.raises(SceneError, match=message):
        _after(growth)


def _iodine(growth: Growth, phase: str) -> tuple[Scene, np.ndarray]:
    after = ContrastAgent(phase=phase)(_after(growth), Streams(6).generator)
    return after, after.fields[FIELD]


def _against_liver(growth: Growth, phase: str, tissue: str) -> float:
    scene, iodine = _iodine(growth, phase)
    liver = iodine[(scene.labels == belly().labels) & belly().mask("liver")]
    return float(iodine[_of(scene) & _made_of(scene, tissue)].mean() / liver.mean())


def test_a_carcinoma_of_the_liver_lights_up_early_washes_out_and_keeps_a_bright_capsule():
    growth = HepatocellularCarcinoma(diameter_mm=45)
    assert _against_liver(growth, "arterial", "tumour") > 2
    assert _against_liver(growth, "portal", "tumour") < 0.9
    assert _against_liver(growth, "delayed", "tumour") < 0.7
    assert _against_liver(growth, "delayed", "connective") > 1.3
    assert _against_liver(growth, "arterial", "connective") < _against_liver(growth, "arterial", "tumour")


def test_a_haemangioma_fills_from_nodules_at_its_rim():
    growth = Haemangioma(diameter_mm=50)
    after = _after(growth)
    away_mm = np.linalg.norm(after.grid.points_mm() - np.array(after.findings[0].centre_mm), axis=-1)
    nodules = _of(after) & _made_of(after, "blood")
    assert away_mm[nodules].min() > 10
    assert 0.05 < nodules.sum() / _of(after).sum() < 0.6
    assert _against_liver(growth, "arterial", "blood") > 8
    assert _against_liver(growth, "arterial", "tumour") < 1
    assert _against_liver(growth, "delayed", "tumour") > 1.5


def test_a_large_metastasis_is_a_target_and_a_small_one_is_not():
    large, small = (_after(Metastases(count=1, diameter_mm=mm)) for mm in (30.0, 12.0))
    middle = tuple(np.rint(large.grid.index(np.array(large.findings[0].centre_mm))).astype(int))
    assert large.tissue[middle] == tissues()["necrosis"]
    assert not (_of(small) & _made_of(small, "necrosis")).any()
    assert large.findings[0].text == "30 mm necrotic metastasis in the liver"
    growth = Metastases(count=1, diameter_mm=30)
    assert _against_liver(growth, "portal", "necrosis") == 0
    assert _against_liver(growth, "portal", "tumour") < _against_liver(growth, "portal", "connective") < 1


def test_metastases_are_as_many_as_was_asked_for_and_do_not_touch():
    after = _after(Metastases(count=6, diameter_mm=14))
    assert len(after.findings) == 6
    assert _pieces(after.labels >= after.findings[0].label) == 6


def test_an_exophytic_cyst_bulges_out_and_the_kidney_keeps_its_volume():
    kidney = belly().mask("kidney_left")
    within, outside = (_after(Cyst(structure="kidney_left", diameter_mm=30, exophytic=share)) for share in (0.0, 0.5))
    assert (_of(outside) & ~kidney).sum() > 2 * (_of(within) & ~kidney).sum()
    for after in (within, outside):
        left = after.mask("kidney_left") & ~_of(after)
        assert left.sum() == pytest.approx(kidney.sum(), rel=0.08)


def test_a_stone_lies_at_the_back_of_the_renal_pelvis_and_is_of_its_material():
    pelvis_mm = belly().grid.world_mm(np.argwhere(belly().mask("kidney_pelvis_left")))
    for material, low, high in (("calcium_oxalate", 850, 1900), ("uric_acid", 380, 620), ("cystine", 550, 950)):
        after = _after(UrinaryStone(diameter_mm=10, material=material))
        assert after.findings[0].centre_mm[1] < pelvis_mm[:, 1].mean()
        assert after.findings[0].text == f"10 mm kidney stone of {material.replace('_', ' ')} in the left renal pelvis"
        pure = _of(after) & _made_of(after, material) & (after.share == 0)
        assert low < _hu(after)[pure].mean() < high


def test_hydronephrosis_widens_pelvis_and_calyces_by_its_grade_and_thins_the_kidney_last():
    kidney = belly().mask("kidney_cortex_left").sum()
    volumes, left = [], []
    for grade, look in GRADES.items():
        after = _after(Hydronephrosis(grade=grade))
        told_mm = after.findings[0].attributes["pelvis_mm"]
        assert look.pelvis_mm[0] <= told_mm <= look.pelvis_mm[1]
        middle = np.rint(
            after.grid.index(belly().grid.world_mm(np.argwhere(belly().mask("kidney_pelvis_left"))).mean(0))
        )
        here = after.mask("kidney_pelvis_left")[int(middle[0]), :, int(middle[2])]
        assert here.sum() * VOXEL_MM >= told_mm - VOXEL_MM
        volumes.append(after.findings[0].volume_mm3)
        left.append((after.mask("kidney_cortex_left") & ~_of(after)).sum() / kidney)
    assert (np.diff(volumes) > 0).all()
    assert left[1] == pytest.approx(1, abs=0.07)
    assert left[3] < 0.9


def test_a_stone_below_lies_in_the_ureter_at_the_end_of_what_is_wide():
    after = _after(Hydronephrosis(grade=2, stone_mm=6.0))
    urine, stone = after.findings
    assert stone.kind == "ureteric stone"
    assert stone.attributes["diameter_mm"] == 6.0
    lowest_mm = after.grid.world_mm(np.argwhere(_of(after)))[:, 2].min()
    assert lowest_mm == pytest.approx(stone.centre_mm[2], abs=8)
    assert np.hypot(stone.centre_mm[0] + 40, stone.centre_mm[1] + 10) < 4
    assert urine.text.endswith("above a ureteric stone")


def test_gallstones_settle_at_the_back():
    after = _after(Gallstones(count=5, diameter_mm=7))
    gallbladder_mm = belly().grid.world_mm(np.argwhere(belly().mask("gallbladder")))
    stones_mm = after.grid.world_mm(np.argwhere(_of(after)))
    assert stones_mm[:, 1].mean() < gallbladder_mm[:, 1].mean() - 3
    assert after.findings[0].attributes["count"] == 5


def test_an_aneurysm_is_as_wide_as_was_asked_for_with_clot_around_its_lumen():
    for diameter_mm in (40.0, 60.0):
        after = _after(AorticAneurysm(diameter_mm=diameter_mm, open_lumen=0.6))
        assert after.findings[0].axial_mm == pytest.approx((diameter_mm, diameter_mm), abs=1.6 * VOXEL_MM)
        middle = after.labels[..., np.argwhere(_of(after))[:, 2].mean().round().astype(int)]
        tissue = after.tissue[..., np.argwhere(_of(after))[:, 2].mean().round().astype(int)]
        here = middle == after.findings[0].label
        open_share = (here & (tissue == tissues()["blood"])).sum() / here.sum()
        assert open_share == pytest.approx((0.6 - 1.8 / (diameter_mm / 2)) ** 2, abs=0.08)
        assert (here & (tissue == tissues()["haematoma"])).any()


def test_blood_in_an_aneurysm_is_enhanced_as_the_aorta_is_and_clot_is_not():
    scene, iodine = _iodine(AorticAneurysm(diameter_mm=50), "arterial")
    aorta = iodine[(scene.labels == belly().labels) & _made_of(scene, "blood") & belly().mask("aorta")]
    assert iodine[_of(scene) & _made_of(scene, "blood")].mean() == pytest.approx(aorta.mean(), rel=0.01)
    assert iodine[_of(scene) & _made_of(scene, "haematoma")].max() == 0


def _height_mm(scene: Scene, y_mm: float) -> float:
    i, j, _ = np.rint(scene.grid.index(np.array([1.25, y_mm, 0.0]))).astype(int)
    return float(scene.mask("vertebrae_L2")[i, j].sum()) * VOXEL_MM


@pytest.mark.parametrize(
    ("form", "front", "middle", "rear"),
    [("wedge", 0.4, 0.2, 0.05), ("biconcave", 0.1, 0.4, 0.1), ("crush", 0.4, 0.4, 0.35)],
)
def test_a_fractured_vertebra_has_lost_height_where_its_form_says(form, front, middle, rear):
    after = _after(CompressionFracture(structure="vertebrae_L2", form=form, loss=0.4))
    for y_mm, lost in ((-28.0, front), (-42.0, middle), (-57.0, rear)):
        whole = _height_mm(belly(), y_mm)
        assert (whole - _height_mm(after, y_mm)) / whole == pytest.approx(lost, abs=0.12)
    assert after.findings[0].attributes["grade"] == "severe"
    for name in ("vertebrae_L1", "vertebrae_L3"):
        assert np.array_equal(after.mask(name), belly().mask(name))


def test_a_lytic_metastasis_of_bone_is_dark_and_a_sclerotic_one_is_bright():
    lytic, sclerotic = (_after(BoneMetastasis(diameter_mm=16, form=form)) for form in ("lytic", "sclerotic"))
    bone_hu = _hu(belly())[belly().mask("vertebrae_L3")].mean()
    assert _hu(lytic)[_of(lytic)].mean() < 0.5 * bone_hu
    assert _hu(sclerotic)[_of(sclerotic)].mean() > 1.5 * bone_hu


def test_gas_in_an_abscess_lies_in_front_of_the_pus():
    after = _after(Abscess(diameter_mm=40, gas=0.2))
    height_mm = after.grid.points_mm()[..., 1]
    gas, pus = (height_mm[_of(after) & _made_of(after, name)] for name in ("air", "necrosis"))
    assert gas.min() >= pus.max() - VOXEL_MM
    assert len(gas) / (len(gas) + len(pus)) == pytest.approx(0.2, abs=0.08)


def test_a_clot_in_the_brain_fades_and_pushes_the_midline():
    fresh, old = (_after(IntracerebralHaemorrhage(diameter_mm=36, age_days=days), head()) for days in (0.0, 30.0))
    assert _hu(fresh)[_of(fresh)].mean() > 55 > 35 > _hu(old)[_of(old)].mean()
    assert 0.5 < fresh.findings[0].attributes["midline_shift_mm"] < 10
    assert not _made_of(head(), "oedema").any()
    assert (_made_of(fresh, "oedema") & ~_of(fresh)).any()


@pytest.mark.parametrize("kind", [IntracerebralHaemorrhage, Glioblastoma])
def test_a_ball_in_the_brain_pushes_the_midline_by_what_its_finding_says(kind):
    after = _after(kind(diameter_mm=44), head())
    told_mm = after.findings[0].attributes["midline_shift_mm"]
    assert told_mm > 2
    _, j, k = np.rint(after.grid.index(np.array(after.findings[0].centre_mm))).astype(int)
    sides = [scene.mask("cerebral_white_matter_right")[:, j, k] for scene in (head(), after)]
    before, now = (VOXEL_MM * np.flatnonzero(side)[0] for side in sides)
    assert abs(now - before) == pytest.approx(told_mm, abs=VOXEL_MM)


def test_a_glioblastoma_is_a_living_ring_around_a_dead_middle_in_oedema():
    after = _after(Glioblastoma(diameter_mm=40), head())
    ring, dead = (_of(after) & _made_of(after, name) for name in ("tumour", "necrosis"))
    away_mm = np.linalg.norm(after.grid.points_mm() - np.array(after.findings[0].centre_mm), axis=-1)
    assert 0.1 < dead.sum() / (ring.sum() + dead.sum()) < 0.6
    assert away_mm[dead].mean() < away_mm[ring].mean()
    water = _made_of(after, "oedema")
    assert water.any()
    assert after.mask("brain")[water].all()


@pytest.mark.parametrize("territory", ["MCA", "MCA superior division", "MCA inferior division", "ACA", "PCA"])
def test_an_infarct_keeps_to_its_side_and_territory(territory):
    after = _after(Infarct(side="right", territory=territory, age_h=30), head())
    voxels_mm = after.grid.world_mm(np.argwhere(_of(after)))
    assert voxels_mm[:, 0].min() > -2 * VOXEL_MM
    x, y, z = voxels_mm.mean(axis=0)
    assert {"ACA": x < 25 and y > 0, "PCA": y < -15}.get(territory, x > 25)
    assert {"MCA superior division": z > 10, "MCA inferior division": z < 0}.get(territory, True)


def test_an_infarct_darkens_with_time_until_it_is_fluid():
    hu = [
        _hu(scene)[_of(scene)].mean()
        for scene in (_after(Infarct(territory="MCA", age_h=h), head()) for h in (3, 30, 2000))
    ]
    white, fluid = (_hu(head())[_made_of(head(), name)].mean() for name in ("white_matter", "csf"))
    assert white > hu[0] > hu[1] + 5 > hu[1] > hu[2]
    assert hu[2] == pytest.approx(fluid, abs=4)


@pytest.mark.parametrize("kind", [SubduralHaematoma, EpiduralHaematoma])
def test_blood_under_the_skull_is_as_thick_as_was_asked_for_and_the_brain_keeps_its_label(kind):
    after = _after(kind(side="left", thickness_mm=14), head())
    voxels_mm = after.grid.world_mm(np.argwhere(_of(after)))
    depth_mm = 70 - np.linalg.norm(voxels_mm, axis=1)
    assert depth_mm.max() == pytest.approx(14, abs=VOXEL_MM)
    assert voxels_mm[:, 0].max() < VOXEL_MM
    assert np.array_equal(after.mask("skull"), head().mask("skull"))
    brain, now = head().mask("cerebral_cortex_left").sum(), (after.mask("cerebral_cortex_left") & ~_of(after)).sum()
    assert now == pytest.approx(brain, rel=0.25)


@pytest.mark.parametrize(
    ("growth", "least_mm"),
    [
        (SubduralHaematoma(side="left", thickness_mm=14), 7.0),
        (EpiduralHaematoma(side="right", thickness_mm=20), 6.0),
        (Meningioma(side="left", diameter_mm=55), 5.0),
    ],
)
def test_the_middle_of_the_brain_goes_to_the_other_side_by_what_the_finding_says(growth, least_mm):
    after = _after(growth, head())
    told_mm = after.findings[0].attributes["midline_shift_mm"]
    assert least_mm < told_mm < 15
    sides = [scene.mask("cerebral_white_matter_left")[:, 32:36, 32:36] for scene in (head(), after)]
    before, now = (VOXEL_MM * (np.arange(68)[:, None, None] * side).max(axis=0).mean() for side in sides)
    assert abs(now - before) == pytest.approx(told_mm, abs=VOXEL_MM)
    assert after.findings[0].text.endswith(f"with {told_mm:.0f} mm midline shift")
    assert np.array_equal(after.mask("skull"), head().mask("skull"))
    deep_ml = [(scene.mask("putamen_left") | scene.mask("putamen_right")).sum() for scene in (head(), after)]
    assert deep_ml[1] == pytest.approx(deep_ml[0], rel=0.12)


def test_a_thin_one_shifts_nothing():
    for kind in (SubduralHaematoma, EpiduralHaematoma):
        after = _after(kind(thickness_mm=4.0), head())
        assert after.findings[0].attributes["midline_shift_mm"] == 0
        assert np.array_equal(after.mask("putamen_right"), head().mask("putamen_right"))


def test_a_subdural_one_reaches_farther_around_than_an_epidural_one():
    crescent, lens = (
        _after(kind(thickness_mm=14), head()).findings[0] for kind in (SubduralHaematoma, EpiduralHaematoma)
    )
    assert crescent.axial_mm[0] > 1.4 * lens.axial_mm[0]
    form = crescent.attributes["form"]
    where = "over the left cerebral cortex with 8 mm midline shift"
    assert crescent.text == f"14 mm thick {form} subdural haematoma {where}"


def test_a_plaque_lies_on_the_wall_and_is_as_thick_as_was_asked_for():
    lumen = belly().labels == structure("aorta").id
    for form, tissue in (("soft", "soft_plaque"), ("calcified", "calcification")):
        after = _after(Plaque(form=form, thickness_mm=6, length_mm=25))
        assert lumen[_of(after)].all()
        assert set(after.tissue[_of(after)]) == {tissues()[tissue]}
        away_mm = np.hypot(*(after.grid.points_mm()[..., n] - middle for n, middle in ((0, -8), (1, -12))))
        assert 9 - away_mm[_of(after)].min() == pytest.approx(6, abs=VOXEL_MM)
        assert _pieces(_of(after)) == 1
        assert after.findings[0].attributes["narrowing_percent"] == pytest.approx(100 * 6 / 18, abs=4)
    with pytest.raises(SceneError, match="too narrow for a plaque of 25 mm"):
        _after(Plaque(thickness_mm=25))


def test_a_meningioma_is_as_wide_as_asked_lies_on_the_bone_and_may_be_chalk():
    found = _after(Meningioma(diameter_mm=34.0, tail=False, calcified=True), head())
    assert max(found.findings[0].extent_mm) == pytest.approx(34.0, rel=0.2)
    near_bone = binary_dilation(_made_of(found, "cortical_bone"), iterations=2)
    assert (near_bone & _of(found)).sum() > 0.05 * _of(found).sum()
    grains = _made_of(found, "calcification") & _of(found)
    assert 0.1 < grains.sum() / _of(found).sum() < 0.6
    assert 150 < np.median(_hu(found)[grains]) < 700
