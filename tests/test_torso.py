"""A torso is a person: every organ in its place, at its size, on its side, on any grid."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import ndimage
from scipy.ndimage import map_coordinates

from phantoms.anatomy import kidneys
from phantoms.anatomy.patient import ORGANS, Patient, average_patient
from phantoms.anatomy.person import draw_person, mean_person
from phantoms.anatomy.proportions import warp
from phantoms.anatomy.regions import frame, layers, upper
from phantoms.anatomy.solver import Organ, is_part
from phantoms.people.population import Person
from phantoms.solids import Layer, depths, draw
from phantoms.torso import Torso, scene
from simdata import Grid, Streams, Subject
from simdata.structures import LAST_TOTALSEGMENTATOR_ID, structure, structures, totalsegmentator_id
from simdata.tissues import tissues

MAN = Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0)
WOMAN = Subject(sex="female", age_y=40.0, height_cm=163.0, weight_kg=60.0)
NEWBORN = Subject(sex="female", age_y=0.0, height_cm=51.0, weight_kg=3.5)
BY_CHANCE = {"kidney_cyst_left", "kidney_cyst_right"}
RIBS = [f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13)]
SPINE = [f"vertebrae_{level}" for level in [*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13))]]
SPINE += [f"vertebrae_L{n}" for n in range(1, 6)]
LUNGS = ORGANS["lungs"][0]


class Drawn:
    """A patient drawn whole, with words for what a test asks."""

    def __init__(self, patient, voxel_mm):
        self.patient, self.grid = patient, patient.grid(voxel_mm)
        self.labels = patient.draw(self.grid).labels
        self.count = np.bincount(self.labels.ravel(), minlength=1 << 16)
        self.sums = [
            np.bincount(self.labels.ravel(), index.ravel(), minlength=1 << 16)
            for index in (
                np.broadcast_to(i, self.grid.shape) for i in np.indices(self.grid.shape, np.int16, sparse=True)
            )
        ]

    def mask(self, *names):
        return is_part(Organ("", names))[self.labels]

    def ml(self, *names):
        return float(self.count[is_part(Organ("", names))].sum() * self.grid.voxel_mm3 / 1000)

    def middle_mm(self, *names):
        part = is_part(Organ("", names))
        return self.grid.world_mm(np.array([total[part].sum() for total in self.sums]) / self.count[part].sum())

    def box_mm(self, *names):
        found = self.grid.world_mm(np.argwhere(self.mask(*names)).astype(float))
        return found.min(axis=0), found.max(axis=0)


@pytest.fixture(scope="module")
def man():
    return Drawn(average_patient(MAN), 3.0)


@pytest.fixture(scope="module")
def woman():
    return Drawn(average_patient(WOMAN), 3.0)


@pytest.fixture(scope="module")
def newborn():
    return Drawn(average_patient(NEWBORN), 1.5)


@pytest.fixture(scope="module")
def somebody():
    torso = Torso(subject=Person(sex="male", age_y=61.0, height_cm=181.0, weight_kg=92.0), variants=())
    return torso.patient(Streams(11)["body"].generator)


EVERYBODY = pytest.mark.parametrize("who", ["man", "woman", "newborn"])


@EVERYBODY
def test_every_class_of_totalsegmentator_is_there(who, request):
    body = request.getfixturevalue(who)
    present = {totalsegmentator_id(int(id), structures()) for id in np.flatnonzero(body.count) if id}
    missing = {structures()[id].name for id in range(1, LAST_TOTALSEGMENTATOR_ID + 1) if id not in present}
    assert missing - BY_CHANCE == (set() if body.patient.body.subject.sex == "male" else {"prostate"})


def test_sexes_differ_where_they_should(man, woman):
    assert man.ml("prostate") > 5
    assert woman.ml("prostate") == 0
    assert woman.ml("uterus") > 30
    assert man.ml("uterus") == 0
    assert woman.ml("breast_left", "breast_right") > 10 * man.ml("breast_left", "breast_right") + 100


@EVERYBODY
def test_left_is_left_and_right_is_right(who, request):
    body = request.getfixturevalue(who)
    pairs = [s.name for s in structures().values() if s.laterality == "left" and body.count[s.id]]
    twins = [(name, name.replace("left", "right")) for name in pairs if body.ml(name.replace("left", "right"))]
    assert len(twins) > 40
    for left, right in twins:
        if not left.startswith("heart_"):
            assert body.middle_mm(left)[0] < body.middle_mm(right)[0], left
    for right, left in (("liver", "spleen"), ("gallbladder", "stomach"), ("inferior_vena_cava", "aorta")):
        assert body.middle_mm(right)[0] > body.middle_mm(left)[0]


def test_front_is_front_and_up_is_up(man):
    assert man.middle_mm("sternum")[1] > man.middle_mm("vertebrae_T8")[1] > man.middle_mm("autochthon_left")[1]
    heights = [man.middle_mm(name)[2] for name in ["skull", *SPINE, "sacrum", "femur_left"]]
    assert heights == sorted(heights, reverse=True)
    assert man.middle_mm("stomach_gas")[1] > man.middle_mm("stomach_content")[1]
    assert man.middle_mm("urinary_bladder")[1] > man.middle_mm("rectum")[1]


@pytest.mark.parametrize("who", ["man", "woman"])
def test_each_rib_and_vertebra_is_one_piece(who, request):
    body = request.getfixturevalue(who)
    grid = body.patient.grid(1.6, 260, -300)
    labels = body.patient.draw(grid).labels
    boxes = ndimage.find_objects(labels)
    for name in [*RIBS, *SPINE[7:]]:
        id = structure(name).id
        _, pieces = ndimage.label(labels[boxes[id - 1]] == id, np.ones((3, 3, 3)))
        assert pieces == 1, name


@EVERYBODY
def test_no_voxel_inside_the_body_is_without_a_structure(who, request):
    body = request.getfixturevalue(who)
    inside = body.labels > 0
    pieces = np.sort(np.bincount(ndimage.label(inside)[0][inside]))
    assert pieces[-1] > 0.9999 * inside.sum()  # the tip of an ear may be thinner than a voxel
    skin = frame(body.patient.body).skin
    within = draw([Layer(skin, "skin")], body.grid, body.patient.warp).labels > 0
    assert np.array_equal(inside, within)
    enclosed = ndimage.binary_fill_holes(inside) & ~inside  # air between thighs or behind an ear
    assert enclosed.sum() * body.grid.voxel_mm3 < 3000


@EVERYBODY
def test_the_skin_of_the_head_encloses_no_air(who, request):
    """Lines between lids and lips and the hollows of an ear are open to the room."""
    built = request.getfixturevalue(who).patient
    low, high = built.made.patient_height_mm(np.array([260.0, 500.0]))
    mm = 1.6 * float(built.made.at(400.0)[0])
    grid = Grid.regular((140, 180, int((high - low) / mm)), mm, (0.0, 0.0, float(low + high) / 2))
    inside = draw([Layer(frame(built.body).skin, "skin")], grid, built.warp).labels > 0
    assert 0.1 < inside.mean() < 0.9
    corners = ndimage.generate_binary_structure(3, 3)  # a line may be one voxel wide and slant
    assert not (ndimage.binary_fill_holes(inside, corners) & ~inside).any()


@pytest.mark.parametrize("who", ["man", "woman", "newborn"])
def test_organs_have_the_volumes_that_were_asked_for(who, request):
    body = request.getfixturevalue(who)
    person, _ = mean_person(body.patient.body.subject)
    for organ, (parts, latents) in ORGANS.items():
        wanted = sum(person.latent(latent) for latent in latents)
        if wanted > 5 * body.grid.voxel_mm3:  # 5000 voxels
            assert body.ml(*parts) == pytest.approx(wanted, rel=0.06), organ  # coarse voxels count no better


def test_a_drawn_person_has_the_volumes_that_were_drawn(somebody):
    for organ in ("liver", "spleen", "kidney_left", "pancreas", "stomach", "urinary_bladder"):
        parts, latents = ORGANS[organ]
        wanted = sum(somebody.body.latent(latent) for latent in latents)
        whole = somebody.grid(4.0)
        mask = is_part(Organ("", parts))[somebody.draw(whole).labels]
        used = [np.flatnonzero(mask.any(axis=other))[[0, -1]] for other in ((1, 2), (0, 2), (0, 1))]
        low, high = (whole.world_mm(np.array([one[n] for one in used], float)) for n in (0, 1))
        shape = tuple(int(n) for n in np.ceil((high - low + 16) / 1.5))
        fine = Grid.regular(shape, 1.5, tuple((low + high) / 2))
        found = is_part(Organ("", parts))[somebody.draw(fine).labels].sum() * fine.voxel_mm3 / 1000
        assert found == pytest.approx(wanted, rel=0.01), organ


def test_lungs_wrap_the_heart_and_lie_above_the_diaphragm(man):
    lung, belly = man.mask(*LUNGS), man.mask("liver", "spleen", "stomach")
    height = np.arange(lung.shape[2])
    lowest_lung = np.where(lung.any(axis=2), np.where(lung, height, 10**6).min(axis=2), 10**6)
    highest_belly = np.where(belly.any(axis=2), np.where(belly, height, -1).max(axis=2), -1)
    both = lung.any(axis=2) & belly.any(axis=2)
    assert both.sum() > 100
    assert (lowest_lung > highest_belly)[both].mean() > 0.97
    heart_low, heart_high = man.box_mm("heart")
    lung_low, lung_high = man.box_mm(*LUNGS)
    assert (lung_low[:2] < heart_low[:2]).all()
    assert (lung_high > heart_high)[[0, 2]].all()
    assert man.middle_mm("heart")[0] < -5
    assert man.middle_mm("heart_left_atrium")[1] < man.middle_mm("heart_right_ventricle")[1]


@pytest.mark.parametrize("who", ["man", "woman"])
def test_vessels_of_the_neck_are_whole_and_not_in_the_lung(who, request):
    """Carotid and jugular run beside the thyroid gland, before the scalene muscles, up to the base of the skull."""
    body = request.getfixturevalue(who)
    for side in ("left", "right"):
        low, high = body.box_mm(f"common_carotid_artery_{side}")
        assert high[2] - low[2] > 48
        low, high = body.box_mm(f"internal_jugular_vein_{side}")
        assert high[2] - low[2] > 120
        carotid = body.mask(f"common_carotid_artery_{side}")
        beside = ndimage.binary_dilation(carotid) & ~carotid
        assert (beside & body.mask(*LUNGS)).sum() < 0.1 * beside.sum()


def test_the_right_dome_stands_higher_than_the_left(man):
    muscle = man.grid.world_mm(np.argwhere(man.mask("diaphragm")).astype(float))
    assert muscle[muscle[:, 0] > 40, 2].max() > muscle[muscle[:, 0] < -40, 2].max()


def test_lungs_end_around_domes_deepest_behind(man):
    """On the right: the dome is round, its recess reaches far down behind and beside the liver, hardly in front."""
    lung, liver = man.mask(*LUNGS), man.mask("liver")
    x, y, _ = np.ogrid[: lung.shape[0], : lung.shape[1], : lung.shape[2]]
    mm = man.grid.spacing_mm[0]
    top = np.flatnonzero(liver.any(axis=(0, 1)))[-1]
    right = x > np.argwhere(liver[:, :, top])[:, 0].mean() - 20 / mm
    lung = lung & right
    lowest = np.flatnonzero(lung.any(axis=(0, 1)))[0]
    assert 60 < (top - lowest) * mm < 130
    widths = [np.ptp(np.flatnonzero(liver[:, :, top - int(down / mm)].any(axis=1))) * mm for down in (6, 25, 45)]
    assert widths[0] < 0.75 * widths[1]
    level = top - int(50 / mm)
    middle = np.argwhere(liver[:, :, level])[:, 1].mean()
    behind, before = ((lung & side)[:, :, level].sum() for side in (y < middle, y > middle + 25 / mm))
    assert behind > 2 * before


def test_kidneys_lie_beside_the_spine_behind_the_liver(man):
    for side in ("left", "right"):
        x, y, z = man.middle_mm(f"kidney_{side}")
        assert 40 < abs(x) < 85
        assert y < man.middle_mm("liver")[1] - 20
        assert man.middle_mm("vertebrae_L4")[2] < z < man.middle_mm("vertebrae_T11")[2]
    assert man.middle_mm("kidney_left")[2] > man.middle_mm("kidney_right")[2]


def test_ribs_lie_between_lung_and_skin(man):
    depth_mm = ndimage.distance_transform_edt(man.labels > 0) * man.grid.spacing_mm[0]
    from_lung_mm = ndimage.distance_transform_edt(~man.mask(*LUNGS)) * man.grid.spacing_mm[0]
    for rib in ("rib_left_5", "rib_right_5", "rib_left_8", "rib_right_8"):
        assert depth_mm[man.mask(rib)].min() > 3
        assert from_lung_mm[man.mask(rib)].min() < 7


def test_ribs_slope_in_adults_and_hardly_in_newborns(man, newborn):
    def fall(body):
        """How far rib 6 falls from its back to its front end, over the depth that it spans."""
        rib = body.grid.world_mm(np.argwhere(body.mask("rib_left_6")).astype(float))
        back, front = rib[rib[:, 1] < np.quantile(rib[:, 1], 0.1)], rib[rib[:, 1] > np.quantile(rib[:, 1], 0.9)]
        return (back[:, 2].mean() - front[:, 2].mean()) / np.ptp(rib[:, 1])

    assert fall(man) > 0.35
    assert fall(newborn) < 0.7 * fall(man)


def test_newborns_have_large_heads_round_chests_and_large_livers(man, newborn):
    def share(body, name):
        return body.ml(name) / (body.labels > 0).sum() / body.grid.voxel_mm3

    def roundness(body):
        low, high = body.box_mm(*LUNGS)
        return (high - low)[1] / (high - low)[0]

    assert share(newborn, "brain") > 3 * share(man, "brain")
    assert share(newborn, "liver") > 1.1 * share(man, "liver")
    assert share(newborn, "thymus") > 5 * share(man, "thymus")
    assert roundness(newborn) > roundness(man)


def test_bones_have_a_shell_and_a_core(man):
    grid = Grid.regular((60, 70, 40), 1.2, tuple(man.middle_mm("vertebrae_T9")))
    drawn = man.patient.draw(grid)
    bone = drawn.labels == structure("vertebrae_T9").id
    cortical = bone & (drawn.tissue == tissues()["cortical_bone"])
    assert 0.1 < cortical.sum() / bone.sum() < 0.7
    surface = bone & ~ndimage.binary_erosion(bone)
    assert cortical[surface].mean() > 2 * cortical[bone & ~surface].mean()


def test_the_field_of_view_does_not_move_the_patient(somebody):
    whole = somebody.grid(4.0)
    part = whole.crop((20, 18, 60), (50, 40, 70))
    labels = somebody.draw(whole).labels[20:70, 18:58, 60:130]
    assert (labels == somebody.draw(part).labels).mean() > 1 - 1e-5


def test_labels_at_half_a_millimetre_and_at_four_agree(somebody):
    coarse = Grid.regular((12, 12, 12), 4.0, (30.0, -10.0, -60.0))
    low = coarse.world_mm(np.zeros(3))
    affine = np.diag((0.5, 0.5, 0.5, 1.0))
    affine[:3, 3] = low
    fine = Grid((89, 89, 89), affine)
    assert (somebody.draw(coarse).labels == somebody.draw(fine).labels[::8, ::8, ::8]).mean() > 0.999


def test_the_fast_drawing_is_what_its_solids_say(rng):
    person, made = mean_person(WOMAN, 0.5)
    made_of = frame(person)
    stack = layers(person, made_of, upper(person, made_of))
    grid = Grid.regular((60, 50, 150), 7.0, (0.0, 0.0, -60.0))
    space = warp(person, made)
    labels = draw(stack, grid, space).labels

    voxels = np.stack([rng.integers(0, n, 8000) for n in grid.shape], axis=-1)
    where = ((grid.world_mm(voxels) - np.array(space.first)) / space.step_mm).T
    places = np.stack([map_coordinates(space.places[..., n], where, order=1, mode="nearest") for n in range(3)], -1)
    expected = np.zeros(len(voxels), np.uint16)
    for layer in reversed(stack):
        expected[depths(layer.solid, places) > 0] = structure(layer.structure).id if layer.structure else 0
    assert (expected > 0).mean() > 0.2
    assert (labels[tuple(voxels.T)] != expected).mean() < 1e-3


def test_same_stream_same_bytes_and_another_stream_another_person():
    torso = Torso(
        subject=Person(sex="female", age_y=30.0, height_cm=165.0, weight_kg=60.0),
        variants=(),
        voxel_mm=8.0,
        shape=(50, 40, 60),
    )
    once, again = (torso(Streams(4)["body"].generator) for _ in range(2))
    for name in ("labels", "tissue", "second", "share"):
        assert getattr(once, name).tobytes() == getattr(again, name).tobytes(), name
    assert once.fields["density"].tobytes() == again.fields["density"].tobytes()
    assert dict(once.latents) == dict(again.latents)
    one, other = (draw_person(WOMAN, Streams(seed), 0.5, frozenset())[0].latents for seed in (4, 5))
    assert sum(one[name] != other[name] for name in one) > 0.8 * len(one)


def test_a_scene_knows_its_mixed_voxels_its_density_and_its_latents(somebody):
    made = scene(somebody, Grid.regular((40, 40, 40), 3.0, (60.0, 0.0, 20.0)))
    lung = made.tissue == tissues()["lung"]
    assert made.mixed
    assert 0.1 < (made.share > 0).mean() < 0.9
    assert made.latents["liver_ml"] > 500
    assert made.subject == somebody.body.subject
    y = made.grid.points_mm()[..., 1]
    density = made.fields["density"]
    front, back = (density[lung & side].mean() for side in (y > 25, y < -25))
    assert back > front + 0.05


def test_full_lungs_are_lighter():
    shares = {}
    for breath in (0.0, 1.0):
        person, _ = mean_person(MAN, breath)
        shares[breath] = person.latent("lungs_ml")
    assert shares[1.0] > 1.6 * shares[0.0]


@pytest.fixture(scope="module")
def mirrored():
    """A lean woman in a full breath: her diaphragm is as low as any."""
    known = Person(sex="female", age_y=60.0, height_cm=152.0, weight_kg=42.0)
    torso = Torso(subject=known, variants=("situs_inversus",), breath=1.0)
    return Drawn(torso.patient(Streams(2)["body"].generator), 4.0)


def test_situs_inversus_is_a_mirror(mirrored):
    assert mirrored.middle_mm("liver")[0] < -10 < 10 < mirrored.middle_mm("spleen")[0]
    assert mirrored.middle_mm("heart")[0] > 5
    assert mirrored.middle_mm("rib_left_5")[0] < 0 < mirrored.middle_mm("rib_right_5")[0]
    assert mirrored.middle_mm("kidney_left")[0] < 0 < mirrored.middle_mm("kidney_right")[0]


def test_a_low_diaphragm_takes_the_organs_below_along(mirrored):
    for name in ("adrenal_gland_left", "adrenal_gland_right", "pancreas", "spleen", "gallbladder"):
        parts, latents = ORGANS[name]
        wanted = sum(mirrored.patient.body.latent(latent) for latent in latents)
        assert mirrored.ml(*parts) == pytest.approx(wanted, rel=0.25), name  # 4 mm count an adrenal gland no better
    low, _ = mean_person(WOMAN, 1.0)
    high = replace(low, latents=MappingProxyType({**low.latents, "dome_mm": 40.0}))
    for side in ("left", "right"):
        moved = [kidneys.kidney(body, side).shift_mm[2] for body in (low, high)]
        assert 0.3 * 40 < moved[1] - moved[0] < 0.6 * 40


def test_gas_rises_to_the_front_of_who_lies_and_to_the_top_of_who_stands(somebody):
    stands = replace(somebody.body, variants=somebody.body.variants | {"upright"})
    grid = Grid.regular((50, 50, 60), 4.0, (-40.0, 10.0, -90.0))
    for patient, up in ((somebody, 1), (Patient(stands, somebody.made), 2)):
        labels = patient.draw(grid).labels
        gas, fluid = (np.argwhere(labels == structure(name).id) for name in ("stomach_gas", "stomach_content"))
        assert gas[:, up].min() >= fluid[:, up].max() - 1
        assert len(gas) > 50


def test_people_vary_as_people_do():
    def people(subject):
        return [draw_person(subject, Streams(seed), 0.5, frozenset()) for seed in range(12)]

    tall = Subject(sex="male", age_y=40.0, height_cm=195.0, weight_kg=90.0)
    heavy = Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=120.0)
    old = Subject(sex="male", age_y=85.0, height_cm=172.0, weight_kg=73.0)
    usual = people(MAN)
    length = [np.mean([made.patient_height_mm(480.0) for _, made in group]) for group in (usual, people(tall))]
    assert length[1] / length[0] == pytest.approx(195 / 176, abs=0.06)
    fat = [np.mean([body.latent("fat_belly_front") for body, _ in group]) for group in (usual, people(heavy))]
    assert fat[1] > 1.5 * fat[0]
    for name, factor in (("calibre_ascending_aorta_mm", 1.05), ("kyphosis_ratio", 1.15)):
        young, aged = (np.mean([body.latent(name) for body, _ in group]) for group in (usual, people(old)))
        assert aged > factor * young, name


@pytest.mark.parametrize(
    "subject", [MAN, WOMAN, NEWBORN, Subject(sex="male", age_y=90.0, height_cm=165.0, weight_kg=60.0)]
)
def test_the_deformation_never_folds(subject):
    for seed in range(2):
        body, made = draw_person(subject, Streams(seed), 0.5, frozenset({"scoliosis"}))
        space = warp(body, made)
        places = space.places.astype(float)
        jacobian = np.stack([np.stack(np.gradient(places[..., n], space.step_mm), -1) for n in range(3)], -2)
        inside = (np.abs(places[..., 0]) < 180) & (np.abs(places[..., 1]) < 130) & (np.abs(places[..., 2]) < 470)
        assert np.linalg.det(jacobian)[inside].min() > 0.1


@pytest.mark.parametrize(
    "bad",
    [
        {"voxel_mm": 0.0},
        {"voxel_mm": 20.0},
        {"shape": (0, 10, 10)},
        {"shape": (10, 10)},
        {"subject": {"sex": "x"}},
        {"breath": 1.5},
        {"arms": "folded"},
        {"organs": {"liver_ml": -1.0}},
        {"organs": {"livr_ml": 1.0}},
    ],
)
def test_a_torso_that_cannot_be_is_refused(bad):
    with pytest.raises(ValidationError):
        TypeAdapter(Torso).validate_python(bad)
