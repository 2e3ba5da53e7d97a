"""Lesions of the chest: where they lie, how large and dense they are, and what each kind is known by."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator
from scipy.ndimage import label

from phantoms.contrast import FIELD, ContrastAgent
from phantoms.lesions.consolidation import Consolidation
from phantoms.lesions.emphysema import Emphysema
from phantoms.lesions.ground_glass import GroundGlass
from phantoms.lesions.lung_nodule import LungNodule
from phantoms.lesions.lungs import LOBES, side_of
from phantoms.lesions.lymphadenopathy import Lymphadenopathy
from phantoms.lesions.pleural_effusion import PleuralEffusion
from phantoms.lesions.pneumothorax import Pneumothorax
from phantoms.lesions.pulmonary_embolism import PulmonaryEmbolism
from phantoms.lesions.pulmonary_fibrosis import PulmonaryFibrosis
from phantoms.lesions.rib_fracture import RibFracture
from phantoms.people.population import Person
from phantoms.torso import Torso
from render.attenuation import attenuation
from simdata import Grid, Growth, Scene, SceneError, Streams, structure
from simdata.measured import axial_diameters_mm
from simdata.scene import DENSITY
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

VOXEL_MM = 3.0
KEV = np.array([70.0])
"""At which 120 kVp images have about the values of a single energy."""
FEW, MANY = 12, 500
CORNERS = np.ones((3, 3, 3))
LOWER = "lung_lower_lobe_right"

Drawn = Callable[[Generator], Growth]
KINDS: dict[str, Drawn] = {
    "lung nodule": lambda rng: LungNodule(diameter_mm=float(rng.uniform(10, 24))),
    "pleural effusion": lambda rng: PleuralEffusion(),
    "pneumothorax": lambda rng: Pneumothorax(),
    "consolidation": lambda rng: Consolidation(),
    "ground-glass opacity": lambda rng: GroundGlass(),
    "emphysema": lambda rng: Emphysema(),
    "lymphadenopathy": lambda rng: Lymphadenopathy(),
    "pulmonary fibrosis": lambda rng: PulmonaryFibrosis(),
    "pulmonary embolism": lambda rng: PulmonaryEmbolism(),
    "rib fracture": lambda rng: RibFracture(),
}
OF_LUNG = ("lung nodule", "pleural effusion", "pneumothorax", "consolidation", "ground-glass opacity", "emphysema")


@cache
def chest() -> Scene:
    """A man's chest, coarse."""
    man = Torso(subject=Person(sex="male", age_y=60), voxel_mm=VOXEL_MM, shape=(124, 88, 108), centre_mm=(0, 0, 10))
    return man(Streams(5)["body"].generator)


@cache
def block() -> Scene:
    """A lower lobe of 60 mm in fat, in voxels of 1 mm."""
    labels = np.full((76, 76, 76), structure("subcutaneous_fat").id, np.uint16)
    labels[8:68, 8:68, 8:68] = structure(LOWER).id
    return Scene(Grid.regular(labels.shape, 1.0), labels)


def _grown(kind: str, index: int) -> tuple[Scene, Growth]:
    growth = KINDS[kind](Streams(4, index)["fields"].generator)
    return growth(chest(), Streams(4, index)["growth"].generator), growth


def _after(growth: Growth, patient: Scene | None = None, seed: int = 7) -> Scene:
    return growth(chest() if patient is None else patient, Streams(seed).generator)


def _hu(scene: Scene) -> np.ndarray:
    water = float(attenuation("water", KEV)[0])
    column = {name: float(attenuation(name, KEV)[0]) / water for name in scene.tissue_names()}
    return 1000 * (scene.field(column) * scene.fields.get(DENSITY, np.float32(1)) - 1)


def _of(scene: Scene) -> np.ndarray:
    return scene.labels == scene.findings[-1].label


def _made_of(scene: Scene, name: str) -> np.ndarray:
    return scene.tissue == tissues()[name]


def _pieces(mask: np.ndarray) -> int:
    numbers = np.zeros(mask.shape, np.int32)
    label(mask, CORNERS, output=numbers)
    return int(numbers.max())


def _lungs(scene: Scene) -> np.ndarray:
    return np.any([scene.mask(name) for name in LOBES], axis=0)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_many_of_a_kind_are_whole_and_their_findings_tell_the_truth(kind, count):
    lungs = _lungs(chest())
    for index in range(count):
        after, growth = _grown(kind, index)
        finding = after.findings[-1]
        voxels = np.argwhere(_of(after))
        assert _pieces(_of(after)) == finding.attributes.get("count", 1), (index, finding.text)
        assert finding.kind == kind
        assert np.linalg.norm(after.grid.world_mm(voxels).mean(axis=0) - finding.centre_mm) < VOXEL_MM
        assert finding.axial_mm == pytest.approx(axial_diameters_mm(voxels, after.grid), rel=0.05)
        assert np.allclose(np.ptp(voxels, axis=0) * VOXEL_MM + VOXEL_MM, finding.extent_mm, rtol=0.05)
        if kind in OF_LUNG and not finding.attributes.get("mediastinal_shift_mm"):
            assert not (_of(after) & ~lungs).any()
        if kind == "lung nodule":
            assert finding.volume_mm3 == pytest.approx(np.pi / 6 * growth.diameter_mm**3, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_stream_gives_the_same_lesion_and_another_gives_another(kind):
    one, again, other = _grown(kind, 0)[0], _grown(kind, 0)[0], _grown(kind, 1)[0]
    assert np.array_equal(one.labels, again.labels)
    assert one.findings == again.findings
    assert not np.array_equal(one.labels, other.labels)


@pytest.mark.parametrize(
    ("growth", "low", "high"),
    [
        (LungNodule(diameter_mm=22, form="solid", margin="smooth"), 0, 60),
        (LungNodule(diameter_mm=22, form="ground_glass"), -700, -420),
        (LungNodule(diameter_mm=22, form="calcified", calcification="diffuse"), 200, 600),
        (PleuralEffusion(volume_ml=600), -20, 25),
        (Pneumothorax(percent=25), -1001, -960),
        (Consolidation(structure=LOWER, percent=60, form="lobar"), 0, 60),
        (GroundGlass(attenuation_hu=-500), -620, -420),
        (Emphysema(percent=20, form="centrilobular"), -990, -930),
        (Lymphadenopathy(short_axis_mm=20, calcification="none"), 0, 60),
        (PulmonaryFibrosis(percent=25, honeycombing=0.5), -700, -250),
        (PulmonaryEmbolism(level="saddle"), 30, 75),
    ],
)
def test_its_density_is_that_of_the_textbooks(growth, low, high):
    after = _after(growth)
    pure = _of(after) & (after.share == 0)
    assert low < np.median(_hu(after)[pure]) < high


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("volume_ml", [100.0, 500.0, 1200.0])
def test_fluid_has_its_volume_and_lies_at_the_back_of_its_side(side, volume_ml):
    after = _after(PleuralEffusion(side=side, volume_ml=volume_ml))
    assert after.findings[0].volume_mm3 == pytest.approx(1000 * volume_ml, rel=0.02)
    block, lung = side_of(chest(), side, "test")
    lung_mm = chest().grid.world_mm(np.argwhere(lung) + [s.start for s in block])
    x, y, _ = after.findings[0].centre_mm
    assert y < lung_mm[:, 1].mean() - 10
    assert (x > 0) == (side == "right")


def _mass_g(scene: Scene, where: np.ndarray) -> float:
    """Of lung tissue alone."""
    share = scene.field({name: float(name == "lung") for name in tissues()})
    return float((share * scene.fields[DENSITY])[where].sum()) * scene.grid.voxel_mm3 * 0.26e-3


@pytest.mark.parametrize(
    "growth", [PleuralEffusion(side="right", volume_ml=500), Pneumothorax(side="right", percent=25)]
)
def test_the_lung_gives_way_and_keeps_its_mass(growth):
    block, lung = side_of(chest(), "right", "test")
    where = np.zeros(chest().labels.shape, bool)
    where[block] = lung
    before, after = _mass_g(chest(), where), _mass_g(_after(growth), where)
    assert after == pytest.approx(before, rel=0.03)


def _middle_mm(scene: Scene, name: str) -> np.ndarray:
    return scene.grid.world_mm(np.argwhere(scene.mask(name))).mean(axis=0)


@pytest.mark.parametrize(
    ("growth", "away"),
    [
        (PleuralEffusion(side="left", volume_ml=1500), 1.0),
        (PleuralEffusion(side="right", volume_ml=1200, shift_mm=14), -1.0),
        (Pneumothorax(side="left", percent=60, shift_mm=18), 1.0),
    ],
)
def test_the_heart_goes_to_the_other_side_by_what_the_finding_says_and_keeps_its_volume(growth, away):
    after = _after(growth)
    told_mm = after.findings[0].attributes["mediastinal_shift_mm"]
    assert told_mm > 5
    moved_mm = _middle_mm(after, "heart") - _middle_mm(chest(), "heart")
    assert moved_mm == pytest.approx((away * told_mm, 0, 0), abs=1.0)
    assert (_middle_mm(after, "trachea") - _middle_mm(chest(), "trachea"))[0] * away > 2
    assert after.mask("heart").sum() == pytest.approx(chest().mask("heart").sum(), rel=0.03)
    assert np.array_equal(_made_of(after, "spongy_bone"), _made_of(chest(), "spongy_bone"))
    assert f"contralateral mediastinal shift of {told_mm:.0f} mm" in after.findings[0].text
    sides = [(_mass_g(scene, _lungs(scene)), _lungs(scene).sum()) for scene in (chest(), after)]
    assert sides[1][0] == pytest.approx(sides[0][0], rel=0.03)


@pytest.mark.parametrize(
    "growth", [PleuralEffusion(side="left", volume_ml=400), Pneumothorax(side="right", percent=20)]
)
def test_a_small_one_shifts_nothing(growth):
    after = _after(growth)
    assert after.findings[0].attributes["mediastinal_shift_mm"] == 0
    assert "shift" not in after.findings[0].text
    assert np.array_equal(after.mask("heart"), chest().mask("heart"))


def test_tension_presses_the_dome_of_its_side_down():
    after = _after(Pneumothorax(side="right", percent=60, shift_mm=16))
    assert " tension pneumothorax" in after.findings[0].text
    right, left = (_middle_mm(after, name) - _middle_mm(chest(), name) for name in ("liver", "spleen"))
    assert right[2] < left[2] - 1


def test_gas_lies_in_front_below_a_thin_line_of_pleura():
    after = _after(Pneumothorax(side="left", percent=20))
    gas_mm = after.grid.world_mm(np.argwhere(_of(after)))
    lung_mm = after.grid.world_mm(np.argwhere(after.mask("lung_upper_lobe_left") & ~_of(after)))
    assert gas_mm[:, 1].mean() > lung_mm[:, 1].mean()
    more = after.field({name: float(name == "connective") for name in tissues()})
    less = chest().field({name: float(name == "connective") for name in tissues()})
    assert (more - less)[_lungs(chest())].sum() > 0


def test_fluid_of_who_stands_lies_at_the_base():
    lying, standing = (_after(PleuralEffusion(side="left", volume_ml=400, posture=p)) for p in ("supine", "upright"))
    assert standing.findings[0].centre_mm[2] < lying.findings[0].centre_mm[2] - 20
    assert standing.findings[0].centre_mm[1] > lying.findings[0].centre_mm[1]


def test_airways_stay_open_in_consolidated_lung_and_vessels_stay_full():
    after = _after(Consolidation(structure=LOWER, form="lobar", percent=90))
    for name in ("air", "blood"):
        there = _made_of(chest(), name) & chest().mask(LOWER)
        assert there.any()
        assert _made_of(after, name)[there].all()
    assert after.findings[0].text.endswith("with air bronchograms")
    assert not (_of(after) & ~chest().mask(LOWER)).any()


@pytest.mark.parametrize("percent", [10.0, 40.0])
@pytest.mark.parametrize("kind", [Consolidation, GroundGlass, Emphysema, PulmonaryFibrosis])
def test_so_much_of_the_lobe_is_ill(kind, percent):
    after = _after(kind(structure=LOWER, percent=percent))
    lung = chest().mask(LOWER) & _made_of(chest(), "lung")
    assert after.findings[0].volume_mm3 == pytest.approx(percent / 100 * lung.sum() * VOXEL_MM**3, rel=0.05)


def test_the_emphysema_index_is_what_was_asked_for():
    lobe = "lung_upper_lobe_left"
    lung = chest().mask(lobe) & _made_of(chest(), "lung")
    for percent in (10.0, 30.0):
        after = _after(Emphysema(structure=lobe, form="paraseptal", percent=percent))
        assert (_hu(after)[lung] < -950).mean() == pytest.approx(percent / 100, rel=0.35)
    high, low = (chest().grid.world_mm(np.argwhere(m))[:, 2].mean() for m in (_of(after), lung))
    assert high > low


def test_fibrosis_lies_along_the_pleura_at_the_base():
    after = _after(PulmonaryFibrosis(structure=LOWER, percent=20))
    lobe_mm = chest().grid.world_mm(np.argwhere(chest().mask(LOWER)))
    assert after.findings[0].centre_mm[2] < lobe_mm[:, 2].mean() - 15


def test_honeycombs_are_cells_of_gas_with_walls_between():
    comb, plain = (_after(PulmonaryFibrosis(percent=40, honeycombing=h), block()) for h in (1.0, 0.0))
    gas, none = ((_hu(one)[_of(one)] < -880).mean() for one in (comb, plain))
    assert gas > none + 0.1
    assert (_hu(comb)[_of(comb)] > -200).mean() > 0.1


def test_a_cavity_holds_air_and_a_part_solid_nodule_a_core():
    cavity = _after(LungNodule(diameter_mm=30, form="cavitating"))
    assert (_of(cavity) & _made_of(cavity, "air")).any()
    assert cavity.findings[0].attributes["wall_mm"] < 9
    part = _after(LungNodule(diameter_mm=26, form="part_solid", margin="smooth"))
    core = _of(part) & _made_of(part, "tumour")
    solid_mm = np.cbrt(6 / np.pi * core.sum() * VOXEL_MM**3)
    assert solid_mm == pytest.approx(part.findings[0].attributes["solid_mm"], abs=VOXEL_MM)


def test_spicules_reach_farther_than_a_smooth_surface():
    smooth, spiky = (
        _after(LungNodule(diameter_mm=20, form="solid", margin=m), block()) for m in ("smooth", "spiculated")
    )
    assert np.prod(spiky.findings[0].extent_mm) > 1.3 * np.prod(smooth.findings[0].extent_mm)
    assert spiky.findings[0].text.startswith("20 mm spiculated solid nodule in the ")


@pytest.mark.parametrize("short_axis_mm", [14.0, 24.0])
@pytest.mark.parametrize("station", ["4R", "7"])
def test_a_node_has_its_short_axis_and_lies_at_its_station(station, short_axis_mm):
    after = _after(Lymphadenopathy(station=station, short_axis_mm=short_axis_mm, calcification="none"))
    finding = after.findings[0]
    assert finding.axial_mm[1] == pytest.approx(short_axis_mm, abs=1.3 * VOXEL_MM)
    carina_mm = chest().grid.world_mm(np.argwhere(chest().mask("main_bronchus_right")))[:, 2].max()
    assert (finding.centre_mm[2] > carina_mm) == (station == "4R")
    assert not (_of(after) & _made_of(chest(), "cortical_bone")).any()


def test_a_saddle_lies_astride_the_bifurcation():
    trunk_mm = chest().grid.world_mm(np.argwhere(chest().mask("pulmonary_artery")))
    foot_mm = trunk_mm[trunk_mm[:, 2] <= np.quantile(trunk_mm[:, 2], 0.05)].mean(axis=0)
    after = _after(PulmonaryEmbolism(level="saddle", filling=0.5, length_mm=60))
    clot_mm = after.grid.world_mm(np.argwhere(_of(after)))
    for side_mm in (foot_mm[0] - clot_mm[:, 0].min(), clot_mm[:, 0].max() - foot_mm[0]):
        assert side_mm > 10
    assert clot_mm[:, 2].min() > foot_mm[2] + 15


def test_a_lobulated_nodule_has_lobes_and_a_smooth_one_has_none():
    def bumps(margin: str) -> float:
        after = _after(LungNodule(diameter_mm=24, form="solid", margin=margin, centre_mm=(0.0, 0.0, 0.0)), block())
        away_mm = np.linalg.norm(after.grid.world_mm(np.argwhere(_of(after))), axis=1)
        return float(away_mm.max() / 12)

    assert bumps("smooth") < 1.13
    assert bumps("lobulated") > 1.25


def test_clot_stays_dark_in_bright_arteries():
    after = _after(PulmonaryEmbolism(level="saddle", filling=0.6))
    iodine = ContrastAgent(phase="arterial")(after, Streams(6).generator).fields[FIELD]
    assert iodine[_of(after)].max() == 0
    artery = after.mask("pulmonary_artery") & ~_of(after) & _made_of(after, "blood")
    assert iodine[artery].mean() > 4
    assert not (_of(after) & ~chest().mask("pulmonary_artery")).any()


def test_a_rib_is_broken_where_it_was_asked_for():
    name = "rib_right_7"
    rear, front = (_after(RibFracture(structure=name, along=a, slip_mm=0, age="acute")) for a in (0.25, 0.75))
    assert rear.findings[0].centre_mm[1] < front.findings[0].centre_mm[1] - 20
    for after in (rear, front):
        assert not (_of(after) & ~chest().mask(name)).any()
        assert after.findings[0].text == "acute nondisplaced fracture of the right seventh rib"
    slipped = _after(RibFracture(structure=name, slip_mm=8, age="acute"))
    assert (slipped.mask(name) & ~_of(slipped) & ~chest().mask(name)).sum() > 3
    old = _after(RibFracture(structure=name, slip_mm=0, age="old"))
    callus = _of(old) & ~chest().mask(name)
    assert callus.sum() > 3
    assert 250 < np.median(_hu(old)[callus]) < 700


def _fat() -> Scene:
    labels = np.full((20, 20, 20), structure("subcutaneous_fat").id, np.uint16)
    return Scene(Grid.regular(labels.shape, 3.0), labels)


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        (LungNodule(), "LungNodule: found no lobe of a lung in this patient"),
        (PleuralEffusion(side="left"), "PleuralEffusion: found no left lung in this patient"),
        (Pneumothorax(side="right"), "Pneumothorax: found no right lung in this patient"),
        (Consolidation(structure=LOWER), f"Consolidation.structure: found no voxel of '{LOWER}' in this patient"),
        (GroundGlass(), "GroundGlass: found no lobe"),
        (Emphysema(), "Emphysema: found no lobe"),
        (PulmonaryFibrosis(), "PulmonaryFibrosis.structure: found no voxel"),
        (Lymphadenopathy(), "Lymphadenopathy.structure: found no voxel of 'main_bronchus_left' in this patient"),
        (PulmonaryEmbolism(level="lobar"), "PulmonaryEmbolism: found no artery of any lobe"),
        (RibFracture(), "RibFracture: found no ribs in this patient"),
    ],
)
def test_what_the_patient_does_not_have_is_refused(growth, message):
    with pytest.raises(SceneError, match=message):
        _after(growth, _fat())


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        (
            LungNodule(structure=LOWER, diameter_mm=80),
            "LungNodule: found room for .* mm at most in '.*', not for 80 mm",
        ),
        (LungNodule(structure=LOWER, diameter_mm=20, centre_mm=(900.0, 0.0, 0.0)), "around centre_mm"),
        (
            PleuralEffusion(side="left", volume_ml=5000),
            "PleuralEffusion: found .* mL of left lung, no room for 5000 mL",
        ),
        (PulmonaryEmbolism(level="segmental"), "PulmonaryEmbolism: found no grown arteries of the lungs"),
    ],
)
def test_what_does_not_fit_is_refused(growth, message):
    with pytest.raises(SceneError, match=message):
        _after(growth)


def test_several_lesions_do_not_take_each_others_voxels():
    scene = chest()
    for growth in (
        PleuralEffusion(side="right", volume_ml=300),
        Consolidation(structure=LOWER, percent=30),
        LungNodule(structure=LOWER, diameter_mm=12, form="solid"),
    ):
        scene = _after(growth, scene)
    assert [one.label for one in scene.findings] == [FIRST_FINDING_ID + n for n in range(3)]
    assert all((scene.labels == one.label).any() for one in scene.findings)
    assert scene.findings[0].volume_mm3 == pytest.approx(
        (scene.labels == FIRST_FINDING_ID).sum() * VOXEL_MM**3, rel=0.05
    )
