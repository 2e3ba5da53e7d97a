"""A mass and a cluster of microcalcifications have the size that was asked for, to a fraction of a voxel."""

import numpy as np
import pytest

from phantoms.lesions import microcalcifications
from phantoms.lesions.mass import Mass
from phantoms.lesions.microcalcifications import Microcalcifications
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

FAT = structure("breast_fat_left").id


@pytest.fixture(scope="module")
def breast() -> Scene:
    """A block of fat of 50 x 40 x 30 mm."""
    return Scene(Grid.regular((100, 80, 60), 0.5), np.full((100, 80, 60), FAT, np.uint16))


def _grown(breast: Scene, lesion, index: int = 0) -> Scene:
    return lesion(breast, Streams(17, index).generator)


def _mm3(scene: Scene, tissue: str) -> float:
    part = scene.share / 255
    share = (scene.tissue == tissues()[tissue]) * (1 - part) + (scene.second == tissues()[tissue]) * part
    return float(share.sum() * scene.grid.voxel_mm3)


@pytest.mark.parametrize("form", ["round", "lobulated"])
@pytest.mark.parametrize("diameter_mm", [4.0, 15.0])
def test_a_mass_has_the_volume_of_its_sphere(breast, form, diameter_mm):
    after = _grown(breast, Mass(form=form, diameter_mm=diameter_mm))
    assert _mm3(after, "tumour") == pytest.approx(np.pi / 6 * diameter_mm**3, rel=0.01)
    assert after.findings[0].volume_mm3 == pytest.approx(np.pi / 6 * diameter_mm**3, rel=0.05)


def test_spicules_reach_beyond_a_mass_and_a_round_one_has_none(breast):
    extent = {
        form: _grown(breast, Mass(form=form, diameter_mm=10.0)).findings[0].extent_mm
        for form in ("round", "spiculated")
    }
    assert max(extent["round"]) < 11.5
    assert max(extent["spiculated"]) > 14


def test_a_mass_lies_where_it_was_wished_and_is_reported(breast):
    after = _grown(breast, Mass(form="round", diameter_mm=9.0, centre_mm=(3.0, -4.0, 2.0)))
    finding = after.findings[0]
    assert finding.centre_mm == pytest.approx((3.0, -4.0, 2.0), abs=0.15)
    assert finding.text == "9 mm round mass in the left breast"
    assert (finding.label, after.structures[finding.label].laterality) == (FIRST_FINDING_ID, "left")


@pytest.mark.parametrize("form", ["round", "fine pleomorphic"])
@pytest.mark.parametrize("diameter_mm", [0.2, 0.5])
def test_calcifications_have_the_volume_of_their_balls_however_small(breast, form, diameter_mm, monkeypatch):
    monkeypatch.setattr(microcalcifications, "SPREAD_OF_LN_SIZE", 0.0)
    after = _grown(breast, Microcalcifications(form=form, count=12, diameter_mm=diameter_mm, cluster_mm=24.0))
    assert _mm3(after, "microcalcification") == pytest.approx(12 * np.pi / 6 * diameter_mm**3, rel=0.07)


def test_every_calcification_has_a_voxel_of_its_own(breast):
    after = _grown(breast, Microcalcifications(count=20, diameter_mm=0.15, cluster_mm=25.0))
    assert 15 <= (after.labels == FIRST_FINDING_ID).sum() <= 60
    assert after.findings[0].text == (
        "cluster of 20 fine pleomorphic microcalcifications over 25 mm in the left breast"
    )


def test_a_cluster_keeps_to_its_ball(breast):
    finding = _grown(breast, Microcalcifications(count=40, cluster_mm=12.0)).findings[0]
    assert 9 < max(finding.extent_mm) < 14


def test_linear_calcifications_lie_along_a_branching_line(breast):
    after = _grown(breast, Microcalcifications(form="fine linear branching", count=40, cluster_mm=20.0))
    places = breast.grid.world_mm(np.argwhere(after.labels == FIRST_FINDING_ID))
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(places.T)))
    assert spread[0] < 0.15 * spread[2]


@pytest.mark.parametrize("lesion", [Mass(diameter_mm=60.0), Microcalcifications(cluster_mm=60.0)])
def test_what_does_not_fit_is_refused(breast, lesion):
    with pytest.raises(SceneError, match=r"found room for \d+.\d mm at most in 'breast_left', not for 60 mm"):
        _grown(breast, lesion)


def test_a_patient_without_that_breast_is_told(breast):
    with pytest.raises(SceneError, match=r"Mass.structure: found no voxel of 'breast_right'"):
        _grown(breast, Mass(structure="breast_right"))


@pytest.mark.parametrize("kind", [Mass, Microcalcifications])
def test_an_unknown_tissue_is_answered_with_the_nearest(kind):
    with pytest.raises(RecipeError, match="found 'tumor'; did you mean 'tumour'"):
        kind(tissue="tumor")
