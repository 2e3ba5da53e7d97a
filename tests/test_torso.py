"""A torso is a person: every organ in its place, at its size, on its side."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import ndimage

from phantoms.torso import Torso, anatomy
from phantoms.torso.outline import outline, outline_depth_reference
from phantoms.torso.shapes import chain, tube_depth, tube_depth_reference
from phantoms.torso.warp import places, warp
from simdata import Grid, Streams, Subject
from simdata.structures import structures
from simdata.tissues import tissues

VOXEL_MM = 4.0
FIELD = {"voxel_mm": VOXEL_MM, "shape": (104, 80, 124), "centre_mm": (0.0, 0.0, -20.0)}
COARSE = {"voxel_mm": 6.0, "shape": (84, 70, 84)}
MAN = Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0)
WOMAN = Subject(sex="female", age_y=40.0, height_cm=163.0, weight_kg=60.0)
RIBS = [f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13)]
SPINE = [f"vertebrae_{level}" for level in [*(f"T{n}" for n in range(1, 13)), "L1", "L2", "L3", "L4"]]
SINGLE = [
    "liver", "gallbladder", "spleen", "stomach", "stomach_content", "stomach_gas", "pancreas", "esophagus", "trachea",
    "small_bowel", "duodenum", "colon", "aorta", "inferior_vena_cava", "superior_vena_cava", "pulmonary_vein",
    "portal_vein_and_splenic_vein", "brachiocephalic_trunk", "sternum", "costal_cartilages", "skin", "subcutaneous_fat",
    "visceral_fat", "skeletal_muscle", "intercostal_muscle", "mediastinum", "diaphragm", "intervertebral_disc",
    "spinal_canal_csf", "spinal_cord", "heart_myocardium",
]  # fmt: skip
PAIRED = [
    "kidney_cortex", "kidney_medulla", "kidney_pelvis", "adrenal_gland", "lung_upper_lobe", "lung_lower_lobe",
    "autochthon", "iliopsoas", "scapula", "clavicula", "humerus", "main_bronchus",
]  # fmt: skip
CHAMBERS = [f"heart_{side}_{part}" for side in ("left", "right") for part in ("ventricle", "atrium")]


def person(subject, seed=7, **field):
    return Torso(subject=subject, **{**FIELD, **field})(Streams(seed)["body"].generator)


def only(scene, name):
    id = next(id for id, structure in scene.structures.items() if structure.name == name)
    return scene.labels == id


def millilitres(scene, name):
    return scene.mask(name).sum() * scene.grid.voxel_mm3 / 1000


def lungs_ml(scene):
    return sum(millilitres(scene, name) for name in anatomy.PARTS["lungs"])


def middle_mm(scene, name):
    return scene.grid.world_mm(np.argwhere(scene.mask(name)).astype(float)).mean(axis=0)


@pytest.fixture(scope="module")
def man():
    return person(MAN)


@pytest.fixture(scope="module")
def woman():
    return person(WOMAN)


@pytest.fixture(scope="module")
def close_up():
    return person(MAN, voxel_mm=1.5, shape=(64, 80, 48), centre_mm=(0.0, -87.0, 0.0))


@pytest.mark.parametrize("who", ["man", "woman"])
def test_every_structure_of_the_trunk_is_there(who, request):
    scene = request.getfixturevalue(who)
    expected = [*SINGLE, *RIBS, *SPINE, *CHAMBERS, "lung_middle_lobe_right"]
    expected += [f"{name}_{side}" for name in PAIRED for side in ("left", "right")]
    assert [name for name in expected if not only(scene, name).any()] == []


def test_left_is_left_and_right_is_right(man):
    pairs = {s.name for s in structures().values() if s.laterality == "left" and only(man, s.name).any()}
    twins = [(name, name.replace("left", "right")) for name in pairs]
    assert len(twins) > 20
    for left, right in twins:
        assert middle_mm(man, left)[0] < middle_mm(man, right)[0], left
    for right, left in (("liver", "spleen"), ("gallbladder", "stomach"), ("inferior_vena_cava", "aorta")):
        assert middle_mm(man, right)[0] > middle_mm(man, left)[0]
    assert middle_mm(man, "heart_left_ventricle")[0] < -10


def test_front_is_front_and_up_is_up(man):
    assert middle_mm(man, "sternum")[1] > middle_mm(man, "vertebrae_T8")[1] > middle_mm(man, "autochthon_left")[1]
    heights = [middle_mm(man, name)[2] for name in SPINE]
    assert heights == sorted(heights, reverse=True)
    assert middle_mm(man, "stomach_gas")[1] > middle_mm(man, "stomach_content")[1]


@pytest.mark.parametrize("who", ["man", "woman"])
def test_there_are_24_ribs_and_each_is_one_piece(who, request):
    scene = request.getfixturevalue(who)
    for name in RIBS:
        _, pieces = ndimage.label(only(scene, name), np.ones((3, 3, 3)))
        assert pieces == 1, name


def test_ribs_lie_between_lung_and_skin(man):
    bones = np.isin(man.labels, [s.id for s in structures().values() if s.name in RIBS])
    depth_mm = ndimage.distance_transform_edt(man.labels > 0) * VOXEL_MM
    assert depth_mm[bones].min() > 4
    lung = np.isin(man.labels, [s.id for s in structures().values() if s.name.startswith("lung_")])
    from_lung_mm = ndimage.distance_transform_edt(~lung) * VOXEL_MM
    assert np.mean([from_lung_mm[only(man, f"rib_{side}_5")].min() for side in ("left", "right")]) < 6


@pytest.mark.parametrize("who", ["man", "woman"])
def test_the_body_is_one_piece_without_a_hole(who, request):
    body = request.getfixturevalue(who).labels > 0
    assert ndimage.label(body)[1] == 1
    slices = [ndimage.binary_fill_holes(body[:, :, k]) for k in range(body.shape[2])]
    assert np.array_equal(np.stack(slices, axis=-1), body)


def test_skin_covers_everything(close_up):
    at_the_air = ndimage.binary_dilation(close_up.labels == 0) & (close_up.labels > 0)
    assert at_the_air.sum() > 1000
    assert np.array_equal(at_the_air & ~only(close_up, "skin"), np.zeros_like(at_the_air))


def test_air_is_only_where_air_belongs(man):
    air = man.tissue == tissues()["air"]
    hollow = ("trachea", "main_bronchus_left", "main_bronchus_right", "stomach_gas", "colon", "esophagus")
    assert set(np.unique(man.labels[air])) <= {0, *(s.id for s in structures().values() if s.name in hollow)}


def test_bones_have_a_shell_and_a_core(close_up):
    bone = only(close_up, "vertebrae_T9")
    cortical = bone & (close_up.tissue == tissues()["cortical_bone"])
    assert 0.1 < cortical.sum() / bone.sum() < 0.6
    surface = bone & ~ndimage.binary_erosion(bone)
    assert cortical[surface].mean() > 2 * cortical[bone & ~surface].mean()


@pytest.mark.parametrize(("who", "subject"), [("man", MAN), ("woman", WOMAN)])
def test_organs_have_the_volumes_that_were_drawn(who, subject, request):
    wanted = anatomy.frame(subject, Streams(7)["body"].generator).volumes_ml
    scene = request.getfixturevalue(who)
    found = {
        organ: sum(only(scene, n).sum() for n in names) * scene.grid.voxel_mm3 / 1000
        for organ, names in anatomy.PARTS.items()
    }
    for organ, volume in wanted.items():
        assert found[organ] == pytest.approx(volume, rel=0.12 if organ == "spleen" else 0.05), organ


@pytest.mark.parametrize(
    ("subject", "means"),
    [
        (MAN, {"liver": 1600, "spleen": 215, "lungs": 4600, "heart": 730, "kidneys": 365}),
        (WOMAN, {"liver": 1290, "spleen": 177, "lungs": 3540, "heart": 580, "kidneys": 305}),
    ],
)
def test_drawn_volumes_spread_around_the_literature(subject, means):
    people = [anatomy.frame(subject, Streams(seed)["body"].generator).volumes_ml for seed in range(40)]
    for organ, mean in means.items():
        ratio = np.array([volumes[organ] for volumes in people]) / mean
        assert ratio.mean() == pytest.approx(1, abs=0.1), organ
        assert 0.05 < ratio.std() < 0.3, organ


def test_ribs_and_breastbone_weigh_what_icrp_145_says(man):
    ribs_ml = sum(millilitres(man, name) for name in RIBS)
    assert ribs_ml == pytest.approx(194 + 391, rel=0.2)
    assert millilitres(man, "sternum") == pytest.approx(64, rel=0.3)


def test_lungs_lie_above_the_diaphragm_and_the_liver_below(man):
    lung = np.isin(man.labels, [s.id for s in structures().values() if s.name.startswith("lung_")])
    belly = man.mask("liver") | man.mask("spleen") | man.mask("stomach")
    height = np.arange(lung.shape[2])
    lowest_lung = np.where(lung.any(axis=2), np.where(lung, height, 10**6).min(axis=2), 10**6)
    highest_belly = np.where(belly.any(axis=2), np.where(belly, height, -1).max(axis=2), -1)
    both = lung.any(axis=2) & belly.any(axis=2)
    assert both.sum() > 100
    assert (lowest_lung > highest_belly)[both].mean() > 0.97
    assert middle_mm(man, "liver")[2] < middle_mm(man, "lung_lower_lobe_right")[2]


def test_lung_is_denser_at_the_back(man):
    lung = man.tissue == tissues()["lung"]
    y = man.grid.points_mm()[..., 1]
    density = man.fields["density"]
    assert density[lung & (y < -40)].mean() > 1.1 > 0.95 > density[lung & (y > 30)].mean()
    assert (density[~lung] == 1).all()


def test_right_dome_stands_higher_than_left(man):
    muscle = only(man, "diaphragm")
    x = man.grid.world_mm(np.argwhere(muscle).astype(float))
    assert x[x[:, 0] > 40, 2].max() > x[x[:, 0] < -40, 2].max()


def test_kidneys_lie_behind_the_peritoneum_beside_the_spine(man):
    for side in ("left", "right"):
        x, y, z = middle_mm(man, f"kidney_{side}")
        assert 40 < abs(x) < 85
        assert y < middle_mm(man, "liver")[1] - 20
        assert middle_mm(man, "vertebrae_L4")[2] < z < middle_mm(man, "vertebrae_T12")[2]
    assert middle_mm(man, "kidney_left")[2] > middle_mm(man, "kidney_right")[2]


def test_heart_leans_to_the_left_in_front_of_the_spine(man):
    x, y, z = middle_mm(man, "heart")
    assert -40 < x < -5
    assert y > middle_mm(man, "vertebrae_T8")[1] + 40
    assert middle_mm(man, "heart_left_atrium")[1] < middle_mm(man, "heart_right_ventricle")[1]
    assert z > middle_mm(man, "stomach")[2]


def test_taller_people_have_longer_spines():
    short, tall = (person(Subject(sex="male", height_cm=h, weight_kg=73.0), **COARSE) for h in (160.0, 190.0))
    length = [middle_mm(s, "vertebrae_T2")[2] - middle_mm(s, "vertebrae_L3")[2] for s in (short, tall)]
    assert length[1] / length[0] == pytest.approx(190 / 160, rel=0.03)


def test_heavier_people_carry_more_fat():
    light, heavy = (person(Subject(sex="male", height_cm=176.0, weight_kg=w), **COARSE) for w in (60.0, 110.0))
    for fat in ("subcutaneous_fat", "visceral_fat"):
        assert millilitres(heavy, fat) > 1.5 * millilitres(light, fat), fat


def test_women_have_breasts_and_more_subcutaneous_fat(man, woman):
    share = [(only(s, "subcutaneous_fat").sum() / (s.labels > 0).sum()) for s in (man, woman)]
    assert share[1] > 1.2 * share[0]
    assert (woman.tissue == tissues()["breast_glandular"]).any()
    assert not (man.tissue == tissues()["breast_glandular"]).any()


def test_old_people_have_wider_aortas_and_a_rounder_back():
    young, old = (Subject(sex="male", age_y=age, height_cm=176.0, weight_kg=73.0) for age in (25.0, 85.0))
    frames = [[anatomy.frame(s, Streams(seed)["body"].generator) for seed in range(8)] for s in (young, old)]
    width, hunch = ([np.mean([v(f) for f in people]) for people in frames] for v in (lambda f: f.vessel, _hunch_mm))
    assert width[1] > 1.1 * width[0]
    assert hunch[1] > hunch[0] + 3


def _hunch_mm(frame):
    return frame.warp[1, 20:35, 5:20, 36:41].mean()


def test_same_stream_same_bytes_in_slabs_of_any_size(monkeypatch):
    once = person(WOMAN, **COARSE)
    monkeypatch.setattr(anatomy, "SLAB_VOXELS", 7)
    monkeypatch.setattr(anatomy, "cpu_count", lambda: 1)
    again = person(WOMAN, **COARSE)
    assert again.labels.tobytes() == once.labels.tobytes()
    assert again.tissue.tobytes() == once.tissue.tobytes()
    assert again.fields["density"].tobytes() == once.fields["density"].tobytes()


def test_another_stream_is_another_person(man):
    other = person(MAN, seed=8)
    changed = (other.labels != man.labels)[man.labels > 0].mean()
    assert 0.05 < changed < 0.7


def test_the_field_of_view_does_not_move_the_patient(man):
    small = person(MAN, shape=(40, 40, 40), centre_mm=(32.0, 16.0, -36.0))
    first = man.grid.index(small.grid.world_mm(np.zeros(3)))
    assert first == pytest.approx(first.round(), abs=1e-6)
    x, y, z = first.round().astype(int)
    assert np.array_equal(man.labels[x : x + 40, y : y + 40, z : z + 40], small.labels)


@pytest.mark.parametrize(
    "bad",
    [{"voxel_mm": 0.0}, {"voxel_mm": 20.0}, {"shape": (0, 10, 10)}, {"shape": (10, 10)}, {"subject": {"sex": "x"}}],
)
def test_a_torso_that_cannot_be_is_refused(bad):
    with pytest.raises(ValidationError):
        TypeAdapter(Torso).validate_python(bad)


def test_fast_tubes_equal_the_reference(rng):
    x, y, z = np.meshgrid(*[np.linspace(-30, 30, 24, dtype=np.float32)] * 3, indexing="ij")
    cones = chain(rng.uniform(-25, 25, (12, 3)), rng.uniform(2, 8, 12))
    ranges = np.tile(np.array([0, 24, 3, 20, 0, 24], np.int32), (len(cones), 1))
    fast, slow = tube_depth(x, y, z, cones, ranges), tube_depth_reference(x, y, z, cones, ranges)
    assert fast[0] == pytest.approx(slow[0], abs=1e-4)
    assert (fast[1] == slow[1]).mean() > 0.999


def test_fast_outline_equals_the_reference(rng):
    made = outline(anatomy.frame(WOMAN, rng))
    x, y, z = (rng.uniform(-limit, limit, (9, 8, 7)).astype(np.float32) for limit in (180, 120, 280))
    fast = made.depth(x, y, z)
    for one, other in zip(fast, outline_depth_reference(x, y, z, made.table, made.centre_y_mm), strict=True):
        assert one == pytest.approx(other, abs=0.02)


def test_the_deformation_never_folds(rng):
    axes = tuple(np.arange(-150.0, 151.0, 6.0) for _ in range(3))
    found = places(warp(90.0, rng), axes)
    jacobian = np.stack([np.stack(np.gradient(p, 6.0), axis=-1) for p in found], axis=-2)
    assert np.linalg.det(jacobian).min() > 0.3


def test_a_grid_may_be_any_along_the_patient(rng):
    made = anatomy.draw_anatomy(WOMAN, rng)
    labels, tissue, _ = made.paint(Grid.regular((60, 50, 40), (6.0, 6.0, 9.0)))
    assert labels.any()
    assert ((labels == 0) <= (tissue == 0)).all()
