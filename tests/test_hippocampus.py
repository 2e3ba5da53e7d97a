"""Hippocampi out of label maps: cut out, with soft borders and a T1 of their own, seen by MPRAGE; and the real ones."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from phantoms.around import Around
from phantoms.bent import Bent
from phantoms.deformation import Deformation
from phantoms.relaxation import FIELD, Relaxation, table
from phantoms.soft_borders import SoftBorders
from pipelines.make import make
from pipelines.recipe import load
from render.mr_scanner import RELATIVE_T1
from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.structures import structures
from simdata.tissues import tissues

RECIPE = Path(__file__).parent.parent / "recipes" / "hippocampus_mr_from_labels.yaml"
WHITE, CORTEX, HORN, HIPPOCAMPUS = (2, 41), (3, 42), (5, 44), (17, 53)
"""FreeSurfer's numbers of left and right."""


def rng(index=0):
    return Streams(5, index)["growth"].generator


def brain():
    """FreeSurfer numbers of a head of 80 x 60 x 50 mm: white matter in cortex, a horn over each hippocampus."""
    x, y, z = np.meshgrid(np.arange(80) - 39.5, np.arange(60) - 29.5, np.arange(50) - 24.5, indexing="ij")
    labels = np.zeros((80, 60, 50), np.int16)
    for side, sign in enumerate((-1, 1)):
        here = sign * x > 0
        labels[here] = CORTEX[side]
        labels[here & (abs(x) < 34) & (abs(y) < 26) & (abs(z) < 21)] = WHITE[side]
        labels[here & (((abs(x) - 18) / 7) ** 2 + (y / 19) ** 2 + ((z - 6) / 4) ** 2 < 1)] = HORN[side]
        labels[here & (((abs(x) - 18) / 8) ** 2 + (y / 20) ** 2 + (z / 6) ** 2 < 1)] = HIPPOCAMPUS[side]
    return labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brains")
    nib.save(nib.Nifti1Image(brain(), np.diag((1.0, 1.0, 1.0, 1.0))), folder / "made_up.nii.gz")
    return folder


@pytest.fixture(scope="module")
def samples(folder):
    recipe = load(RECIPE, [f"phantom.folder={folder}"])
    return [make(recipe.draw(index), recipe.seed, index) for index in range(6)]


def test_a_crop_holds_one_hippocampus_and_about_the_margin(samples):
    for sample in samples:
        sides = [name for name in ("left", "right") if sample.scene.mask(f"hippocampus_{name}").any()]
        wanted = sample.recipe["grow"][0]
        assert sides == [wanted["structure"].removeprefix("hippocampus_")]
        mask = sample.scene.mask(wanted["structure"])
        for axis, n in enumerate(mask.shape):
            at = np.nonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))[0]
            assert min(at[0], n - 1 - at[-1]) >= 3
            assert max(at[0], n - 1 - at[-1]) <= wanted["margin_mm"] + 3
        assert sample.images["t1"].grid == sample.scene.grid
    assert {sample.recipe["grow"][0]["structure"][12:] for sample in samples} == {"left", "right"}


def test_white_matter_is_brighter_than_the_hippocampus_and_fluid_is_dark(samples):
    for sample in samples:
        side = sample.recipe["grow"][0]["structure"].removeprefix("hippocampus_")
        image, inside = sample.images["t1"].array, sample.scene.share < 20
        white, grey, fluid = (
            image[sample.scene.mask(f"{name}_{side}") & inside].mean()
            for name in ("cerebral_white_matter", "hippocampus", "inferior_lateral_ventricle")
        )
        assert white > grey / 0.8 > fluid


def test_no_two_hippocampi_are_alike_and_each_can_be_replayed(folder, samples):
    volumes = {int(sample.scene.mask(sample.recipe["grow"][0]["structure"]).sum()) for sample in samples}
    assert len(volumes) == len(samples)
    recipe = load(RECIPE, [f"phantom.folder={folder}"])
    again = make(recipe.draw(3), recipe.seed, 3)
    assert again.images["t1"].array.tobytes() == samples[3].images["t1"].array.tobytes()


# The parts


def test_around_stops_at_the_rim_and_says_what_is_not_there():
    labels = np.zeros((12, 12, 12), np.uint16)
    labels[0:3, 5, 5] = structure("hippocampus_left").id
    patient = Scene(Grid.regular(labels.shape), labels)
    cut = Around(structure="hippocampus_left", margin_mm=4)(patient, rng())
    assert cut.grid.shape == (7, 9, 9)
    assert np.allclose(cut.grid.world_mm(np.array([0, 4, 4])), patient.grid.world_mm(np.array([0, 5, 5])))
    with pytest.raises(SceneError, match="there is no hippocampus_right in this patient; a structure that he has"):
        Around(structure="hippocampus_right")(patient, rng())


def test_a_bent_patient_is_the_same_as_a_bent_label_map_less_a_rim():
    patient = halves()
    wave = Deformation(amplitude_mm=2.0, wavelength_mm=20.0)
    bent = Bent(deformation=wave)(patient, rng())
    assert bent.grid == patient.grid.crop((2, 2, 2), (16, 4, 4))
    assert np.array_equal(bent.labels, wave.spline(patient.grid, rng()).pull(patient.labels)[2:-2, 2:-2, 2:-2])
    assert set(bent.tissue_names()) == {"white_matter", "csf"}
    assert Bent(deformation=Deformation())(patient, rng()) is patient


def test_what_has_grown_in_a_patient_is_not_bent():
    with pytest.raises(SceneError, match="a patient who is more than labels; before all else that grows would do"):
        Bent()(SoftBorders()(halves(), rng()), rng())
    with pytest.raises(SceneError, match=r"Bent: found a patient of \(20, 8, 8\) voxels, all rim; a wider margin"):
        Bent(deformation=Deformation(amplitude_mm=5.0, wavelength_mm=40.0))(halves(), rng())


def halves():
    """White matter on the left of x = 10, fluid on the right, and labels to match."""
    labels = np.full((20, 8, 8), structure("cerebral_white_matter_left").id, np.uint16)
    labels[10:] = structure("lateral_ventricle_left").id
    return Scene(Grid.regular(labels.shape), labels)


def test_a_soft_border_shares_voxels_as_a_blurred_step_does():
    from scipy.stats import norm

    patient = halves()
    soft = SoftBorders(sd_mm=1.0)(patient, rng())
    amount = soft.field({"white_matter": 0.0, "csf": 1.0})[:, 4, 4]
    assert np.allclose(amount, norm.cdf(np.arange(20) - 9.5), atol=0.03)
    assert soft.labels is patient.labels
    assert amount.sum() == pytest.approx(10, abs=0.02), "what one loses the other gains"


def test_every_row_of_relative_t1_is_of_a_structure_or_a_tissue():
    names = {entry.name.removesuffix("_left").removesuffix("_right") for entry in structures().values()}
    for where, (relative, texture) in table().items():
        assert where in names or where in tissues()
        assert 0.1 < relative < 2
        assert 0 <= texture <= 0.3
    assert FIELD == RELATIVE_T1, "what a patient has is what a scanner looks for"


def test_relaxation_has_the_mean_of_the_table_and_differs_between_people():
    patient = halves()
    plain = Relaxation(spread=0.0, texture=0.0)(patient, rng()).fields[FIELD]
    assert np.allclose(plain, 1.0)
    means = [float(np.log(Relaxation(texture=0.0)(patient, rng(n)).fields[FIELD][0, 0, 0])) for n in range(60)]
    assert np.std(means) == pytest.approx(0.04, rel=0.3)
    rough = np.log(Relaxation(spread=0.0)(patient, rng()).fields[FIELD][:10])
    assert rough.std() == pytest.approx(table()["white_matter"][1], rel=0.35)


def test_structures_of_one_tissue_blend_and_tissues_do_not():
    labels = np.full((30, 6, 6), structure("cerebral_cortex_left").id, np.uint16)
    labels[10:20] = structure("thalamus_left").id
    labels[20:] = structure("lateral_ventricle_left").id
    own = Relaxation(spread=0.0, texture=0.0)(Scene(Grid.regular(labels.shape), labels), rng()).fields[FIELD][:, 3, 3]
    cortex, thalamus = table()["cerebral_cortex"][0], table()["thalamus"][0]
    assert own[0] == pytest.approx(cortex, rel=1e-3)
    assert thalamus < own[10] < np.sqrt(cortex * thalamus) < own[9] < cortex
    assert own[19] == pytest.approx(thalamus, rel=1e-3)
    assert np.allclose(own[20:], 1.0)


# Real ones


@pytest.fixture(scope="module")
def real():
    folder = Path(os.environ.get("SIMDATA_REAL_DATA", "")) / "msd_hippocampus_mr" / "label"
    if "SIMDATA_REAL_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("SIMDATA_REAL_DATA names no folder that holds msd_hippocampus_mr")
    return [nib.load(path) for path in sorted(folder.glob("*.nii.gz"))[:100:5]]


def test_real_crops_are_of_left_hippocampi_at_1_mm_with_the_head_in_front(real):
    """In RAS the head of a left hippocampus lies nearer to the middle, that is to the right, than its tail."""
    to_the_right = []
    for image in real:
        assert nib.aff2axcodes(image.affine) == ("R", "A", "S")
        assert np.allclose(image.header.get_zooms(), 1)
        labels = np.asarray(image.dataobj)
        head, tail = (np.argwhere(labels == number).mean(axis=0) for number in (1, 2))
        assert head[1] > tail[1] + 10
        to_the_right.append(head[0] > tail[0])
    assert np.mean(to_the_right) > 0.8


# The guide


@pytest.mark.slow
def test_the_guide_runs_as_it_is_written(folder, samples, tmp_path):
    from test_docs import ROOT, blocks, run

    (tmp_path / "BRAINS").symlink_to(folder)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    for number, sample in zip((1, 2, 163, 164), samples, strict=False):
        mask = sample.scene.mask(sample.recipe["grow"][0]["structure"])
        for kind, array in {"image": sample.images["t1"].array, "label": mask.astype(np.uint8)}.items():
            (tmp_path / "MSD" / kind).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "MSD" / kind / f"hippocampus_{number:03d}.nii.gz"
            nib.save(nib.Nifti1Image(array, sample.scene.grid.affine), path)
    short = {
        "generate": "--count 3",
        "learn": "--set stages.0.steps=2",
        "evaluate": "",
        "study": "--set steps=2 --set seeds=[1] --set ks=[1]",
    }
    ((_, commands),) = blocks("docs/hippocampus.md")
    for line in commands.splitlines():
        run(f"{line} {short[line.split()[1]]}", tmp_path)
    assert (tmp_path / "scores.json").is_file()
    assert (tmp_path / "study" / "report.html").is_file()
