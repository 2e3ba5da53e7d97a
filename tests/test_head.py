"""A head is a person's: every structure that CT and MR of the brain show, of the size and fold that its age has."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import ndimage

from phantoms.anatomy.brain import PARTS, cortex_mm, reference_surface
from phantoms.anatomy.folds import folds
from phantoms.anatomy.sulci import sulci
from phantoms.head import Head
from phantoms.people.population import Person
from phantoms.torso import Torso, scene
from render.mr import SpinEcho
from simdata import Grid, SceneError, Streams
from simdata.structures import structure
from simdata.subject import Sex
from vascular.brain import Brain

PAIRED = (
    "cerebral_white_matter", "cerebral_cortex", "lateral_ventricle", "inferior_lateral_ventricle",
    "cerebellar_white_matter", "cerebellar_cortex", "thalamus", "caudate", "putamen", "pallidum", "hippocampus",
    "amygdala", "accumbens", "ventral_diencephalon", "choroid_plexus", "eye", "lens", "maxillary_sinus",
    "frontal_sinus", "ethmoid_cells", "mastoid_cells", "masseter", "temporalis", "pterygoid", "parotid_gland",
    "internal_carotid_artery",
)  # fmt: skip
SINGLE = (
    "third_ventricle", "fourth_ventricle", "brain_stem", "corpus_callosum", "fornix", "optic_chiasm", "pituitary_gland",
    "brain_csf", "meninges", "head_artery", "dural_venous_sinus", "skull", "skull_diploe", "mandible", "teeth",
    "sphenoid_sinus", "nasal_cavity", "nasal_mucosa", "optic_nerve", "extraocular_muscle", "head_fat", "head_muscle",
    "tongue", "pharynx", "skin", "subcutaneous_fat", "vertebrae_C1",
)  # fmt: skip
SUBJECTS: dict[int, tuple[Sex, int]] = {5: ("female", 8), 30: ("male", 7), 80: ("male", 3)}
"""Age in years to sex and seed."""
ISLAND_ML = 1.0
"""What may be cut off of a part: the white matter of a short gyrus."""


class Drawn:
    """A head with words for what a test asks."""

    def __init__(self, age_y, voxel_mm):
        sex, self.seed = SUBJECTS[age_y]
        self.part = Head(subject=Person(sex=sex, age_y=age_y), voxel_mm=voxel_mm)
        self.scene = self.part(Streams(self.seed)["body"].generator)
        self.count = np.bincount(self.scene.labels.ravel(), minlength=1 << 16)

    def ml(self, *names):
        """Of both sides of what is paired."""
        both = [f"{name}_{side}" if name in PAIRED else name for name in names for side in ("left", "right")]
        ids = {structure(name).id for name in both}
        return float(sum(self.count[id] for id in ids) * self.scene.grid.voxel_mm3 / 1000)

    @property
    def brain_ml(self):
        """With its ventricles."""
        return float(sum(self.count[structure(part).id] for part in PARTS) * self.scene.grid.voxel_mm3 / 1000)

    def mask(self, name):
        return self.scene.labels == structure(name).id


@pytest.fixture(scope="module")
def adult():
    return Drawn(30, 1.0)


@pytest.fixture(scope="module")
def child():
    return Drawn(5, 1.5)


@pytest.fixture(scope="module")
def old():
    return Drawn(80, 1.5)


@pytest.fixture(scope="module", params=["adult", "child", "old"])
def anybody(request):
    return request.getfixturevalue(request.param)


def test_all_that_ct_and_mr_of_a_head_show_is_there_at_1_mm(adult):
    names = [*SINGLE, *(f"{name}_{side}" for name in PAIRED for side in ("left", "right"))]
    assert [name for name in names if not adult.count[structure(name).id]] == []


def test_nothing_inside_a_head_is_without_a_structure(anybody):
    outside, pieces = ndimage.label(anybody.scene.labels == 0)
    sizes = np.bincount(outside.ravel())[1:]
    assert sizes.sum() - sizes.max() <= 1e-5 * sizes.max(), f"{pieces} pieces of outside"


def test_the_field_of_view_holds_the_head_from_chin_to_vertex(anybody):
    there = anybody.scene.labels > 0
    assert not (there[0].any())
    assert not (there[-1].any())
    assert not (there[:, -1].any())
    assert not (there[..., -1].any())
    bone = anybody.mask("mandible")
    assert bone.any()
    assert not bone[..., 0].any()


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [
        # mean +- 2.5 SD of what the sources of docs/head.md find
        (5, {"brain": 1000, "lateral": 4, "cerebellum": 90}, {"brain": 1400, "lateral": 25, "cerebellum": 150}),
        (30, {"brain": 1020, "lateral": 8, "cerebellum": 110}, {"brain": 1580, "lateral": 45, "cerebellum": 185}),
        (80, {"brain": 950, "lateral": 20, "cerebellum": 95}, {"brain": 1450, "lateral": 90, "cerebellum": 175}),
    ],
)
def test_brains_are_as_large_as_at_their_age(age, least, most, request):
    head = request.getfixturevalue({5: "child", 30: "adult", 80: "old"}[age])
    ventricles = head.ml("lateral_ventricle", "inferior_lateral_ventricle")
    fluid = ventricles + head.ml("third_ventricle", "fourth_ventricle")
    found = {
        "brain": head.brain_ml - fluid,
        "lateral": ventricles,
        "cerebellum": head.ml("cerebellar_white_matter", "cerebellar_cortex"),
    }
    assert all(least[name] < found[name] < most[name] for name in found), found


def test_grey_and_white_matter_share_the_cerebrum_as_their_age_has_it(child, adult, old):
    share = [h.ml("cerebral_cortex") / h.ml("cerebral_cortex", "cerebral_white_matter") for h in (child, adult, old)]
    assert share[0] > max(share[1:]) + 0.03, share
    assert all(0.45 < adult < 0.58 for adult in share[1:])


def test_fluid_gains_what_an_old_brain_loses(adult, old):
    share = [h.ml("brain_csf", "lateral_ventricle") / h.brain_ml for h in (adult, old)]
    assert share[1] > 1.4 * share[0]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("thalamus", 10, 18), ("caudate", 5.5, 10), ("putamen", 7, 13), ("pallidum", 2.4, 4.8),
        ("hippocampus", 5.5, 9.5), ("amygdala", 2, 4.4), ("brain_stem", 18, 36),
        ("corpus_callosum", 10, 32), ("eye", 10, 16),
    ],
)  # fmt: skip
def test_nuclei_of_an_adult_have_the_volumes_that_mr_finds(adult, name, least, most):
    assert least < adult.ml(name) < most


def test_halves_of_a_brain_are_alike_but_not_the_same(anybody):
    for name in ("cerebral_white_matter", "cerebral_cortex", "cerebellar_cortex", "thalamus", "caudate", "putamen"):
        left, right = (anybody.count[structure(f"{name}_{side}").id] for side in ("left", "right"))
        assert 0 < abs(left - right) < 0.25 * (left + right), name


def test_no_part_of_the_brain_lies_apart(anybody):
    for name in (
        "cerebral_white_matter",
        "cerebral_cortex",
        "cerebellar_cortex",
        "thalamus",
        "caudate",
        "lateral_ventricle",
    ):
        for side in ("left", "right"):
            pieces, _ = ndimage.label(anybody.mask(f"{name}_{side}"), np.ones((3, 3, 3)))
            sizes = np.sort(np.bincount(pieces.ravel())[1:]) * anybody.scene.grid.voxel_mm3 / 1000
            assert sizes[:-1].max(initial=0) < ISLAND_ML, f"{name}_{side} has an island of {sizes[-2]:.2f} mL"


def test_the_cortex_is_as_thick_as_at_its_age(adult):
    """In a slab of thickness t the mean distance to the next surface is t / 4."""
    x, y, z = adult.scene.grid.world_mm(np.argwhere(adult.mask("putamen_left")).mean(axis=0)).tolist()
    grid = Grid.regular((96, 96, 96), 0.5, (x - 14.0, y + 18.0, z + 38.0))
    patient = adult.part.torso.patient(Streams(adult.seed)["body"].generator)
    cortex = patient.draw(grid).labels == structure("cerebral_cortex_left").id
    depth_mm = ndimage.distance_transform_edt(cortex, sampling=0.5)
    inner = np.zeros_like(cortex)
    inner[8:-8, 8:-8, 8:-8] = True
    thick_mm = 4 * (depth_mm[cortex & inner].mean() - 0.25)
    assert 0.8 * cortex_mm(30) < thick_mm < 1.35 * cortex_mm(30)
    assert cortex_mm(5) > cortex_mm(30) > cortex_mm(80)


def test_everybody_has_the_sulci_with_a_name_near_their_places():
    for seed in range(4):
        own = folds(Streams(seed), reference_surface(), "right")
        away = {s.name: float(np.median(np.abs(own.away.depth(s.line_mm)))) for s in sulci()}
        assert np.mean(list(away.values())) < 3.5, away
        assert max(away[name] for name in ("central", "lateral fissure", "calcarine")) < 5, away


def test_no_two_people_and_no_two_halves_fold_alike():
    one, other, mirror = (
        folds(Streams(seed), reference_surface(), side).away.values
        for seed, side in ((1, "right"), (2, "right"), (1, "left"))
    )
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.9
    assert abs(np.corrcoef(one.ravel(), mirror.ravel())[0, 1]) < 0.9


@pytest.mark.slow
def test_a_head_is_that_of_the_torso_to_the_byte(child):
    sex, seed = SUBJECTS[5]
    torso = Torso(subject=Person(sex=sex, age_y=5)).patient(Streams(seed)["body"].generator)
    again = scene(torso, child.scene.grid)
    assert np.array_equal(again.labels, child.scene.labels)
    assert np.array_equal(again.share, child.scene.share)
    assert all(np.array_equal(again.fields[name], child.scene.fields[name]) for name in again.fields)


def test_t1_and_t2_images_turn_grey_and_white_matter_round(adult):
    small = adult.scene.crop((40, 60, 140), (120, 140, 8))
    means = {}
    for name, tr_ms, te_ms in (("t1", 500, 12), ("t2", 5000, 95)):
        image = SpinEcho(tr_ms=tr_ms, te_ms=te_ms, effects=())(small, Streams(1)["scan"]).array
        means[name] = [
            image[small.labels == structure(f"{part}_left").id].mean()
            for part in ("cerebral_cortex", "cerebral_white_matter")
        ]
    assert means["t1"][0] < means["t1"][1]
    assert means["t2"][0] > means["t2"][1]


@pytest.mark.slow
def test_arteries_and_veins_of_the_brain_grow_in_a_head(child):
    vessels = Brain(terminals=1000)(child.scene, Streams(1)["vessels"].generator).vessels
    assert len(vessels["brain_artery"].roots) == 4
    assert len(vessels["brain_vein"].roots) == 2
    assert len(vessels["brain_artery"].links) == 4


@pytest.mark.slow
def test_a_brain_that_fits_no_head_is_refused():
    with pytest.raises(SceneError, match="brain of 2400 mL"):
        Head(subject=Person(sex="female", age_y=0.1), brain_ml=2400, voxel_mm=8)(Streams(1)["body"].generator)


@pytest.mark.parametrize("wrong", [{"voxel_mm": 0.1}, {"brain_ml": -5}, {"field_mm": (200, 240)}, {"posture": "prone"}])
def test_a_head_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Head).validate_python(wrong)
