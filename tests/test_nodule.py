"""A nodule lies in its organ, has the volume of its diameter, and is reported."""

import numpy as np
import pytest

from phantoms.lesions.nodule import KIND, Nodule
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure
from simdata.structures import FIRST_FINDING_ID, totalsegmentator_id
from simdata.tissues import tissues

LIVER, LOBE = structure("liver").id, structure("lung_upper_lobe_right").id


@pytest.fixture(scope="module")
def patient():
    """A liver of 60 x 70 x 44 mm below a lung lobe of 60 x 70 x 30 mm, in a body of fat."""
    labels = np.full((50, 50, 60), structure("subcutaneous_fat").id, np.uint16)
    labels[10:40, 8:43, 6:28] = LIVER
    labels[10:40, 8:43, 34:49] = LOBE
    return Scene(Grid.regular(labels.shape, 2.0), labels)


def _grown(patient: Scene, index: int = 0, **fields) -> Scene:
    return Nodule(**fields)(patient, Streams(11, index).generator)


@pytest.mark.parametrize("diameter_mm", [6.0, 14.0, 30.0])
@pytest.mark.parametrize("irregularity", [0.0, 0.5, 1.0])
def test_its_volume_is_that_of_the_sphere(patient, diameter_mm, irregularity):
    """In the middle of the liver, where nothing is cut off."""
    after = _grown(patient, diameter_mm=diameter_mm, irregularity=irregularity, centre_mm=(0.4, -0.7, -26.3))
    sphere_mm3 = np.pi / 6 * diameter_mm**3
    assert after.findings[0].volume_mm3 == pytest.approx(sphere_mm3, rel=0.01)
    assert _tumour_mm3(after) == pytest.approx(sphere_mm3, rel=0.02)
    labelled_mm3 = (after.labels == FIRST_FINDING_ID).sum() * patient.grid.voxel_mm3
    assert labelled_mm3 == pytest.approx(sphere_mm3, rel=0.25 if diameter_mm < 10 else 0.05)


def _tumour_mm3(scene: Scene) -> float:
    return float(scene.field({name: float(name == "tumour") for name in tissues()}).sum()) * scene.grid.voxel_mm3


def test_it_lies_in_its_structure_and_changes_nothing_else(patient):
    for index in range(20):
        after = _grown(patient, index, diameter_mm=20.0, irregularity=1.0)
        changed = after.labels != patient.labels
        assert set(patient.labels[changed]) == {LIVER}
        assert set(after.labels[changed]) == {FIRST_FINDING_ID}
        assert set(after.tissue[changed]) == {tissues()["tumour"]}
        assert np.array_equal(after.tissue[~changed], patient.tissue[~changed])


def test_its_finding_tells_what_the_voxels_tell(patient):
    after = _grown(patient, structure="lung_upper_lobe_right", diameter_mm=14.0)
    finding, nodule = after.findings[0], after.structures[FIRST_FINDING_ID]
    voxels_mm = patient.grid.world_mm(np.argwhere(after.labels == finding.label))
    assert finding.text == "14 mm nodule in the right upper lobe of the lung"
    assert (finding.kind, finding.structure, finding.label) == ("nodule", "lung_upper_lobe_right", nodule.id)
    assert np.allclose(finding.centre_mm, voxels_mm.mean(axis=0))
    assert np.allclose(finding.extent_mm, np.ptp(voxels_mm, axis=0) + 2.0)
    assert (nodule.name, nodule.parent, nodule.snomed) == ("nodule_1", LOBE, KIND.snomed)
    assert (nodule.laterality, nodule.tissue) == ("right", "tumour")
    assert totalsegmentator_id(nodule.id, after.structures) == LOBE


def test_a_smooth_one_is_a_ball_and_an_irregular_one_is_not(patient):
    ball, lump = (_grown(patient, diameter_mm=24.0, irregularity=rough) for rough in (0.0, 1.0))
    assert np.ptp(ball.findings[0].extent_mm) <= 2.0
    assert max(ball.findings[0].extent_mm) <= 26.0
    assert max(lump.findings[0].extent_mm) > 28.0


def test_a_second_one_leaves_the_first_whole(patient):
    first = _grown(patient, diameter_mm=26.0)
    second = Nodule(diameter_mm=10.0)(first, Streams(12).generator)
    assert [finding.label for finding in second.findings] == [FIRST_FINDING_ID, FIRST_FINDING_ID + 1]
    assert second.structures[FIRST_FINDING_ID + 1].name == "nodule_2"
    assert np.array_equal(second.labels == FIRST_FINDING_ID, first.labels == FIRST_FINDING_ID)


def test_it_grows_around_the_centre_that_was_asked_for(patient):
    centre_mm = (3.0, -5.0, -25.0)
    finding = _grown(patient, diameter_mm=16.0, centre_mm=centre_mm, irregularity=0.2).findings[0]
    assert np.linalg.norm(np.subtract(finding.centre_mm, centre_mm)) < 3.0


def test_the_same_stream_gives_the_same_nodule_and_another_gives_another(patient):
    one, again, other = (_grown(patient, index).findings for index in (0, 0, 1))
    assert one == again
    assert one != other


def test_a_nodule_smaller_than_a_voxel_is_one_voxel(patient):
    coarse = Scene(Grid.regular((20, 20, 20), 6.0), np.full((20, 20, 20), LIVER, np.uint16))
    after = _grown(coarse, diameter_mm=2.0)
    assert (after.labels == FIRST_FINDING_ID).sum() == 1
    assert after.findings[0].volume_mm3 == pytest.approx(np.pi / 6 * 2**3, rel=0.02)


def test_a_tilted_grid_changes_nothing_about_its_volume():
    angle = np.radians(30)
    affine = np.array([[np.cos(angle), -np.sin(angle), 0, 5], [np.sin(angle), np.cos(angle), 0, 0], [0, 0, 3, 0]])
    grid = Grid((40, 40, 16), np.vstack([affine, [0, 0, 0, 1]]))
    finding = _grown(Scene(grid, np.full(grid.shape, LIVER, np.uint16)), diameter_mm=15.0, irregularity=0.0).findings[0]
    assert finding.volume_mm3 == pytest.approx(np.pi / 6 * 15**3, abs=grid.voxel_mm3)
    assert finding.extent_mm == pytest.approx((15, 15, 15), abs=4)


def test_a_structure_that_is_not_there_is_refused(patient):
    with pytest.raises(SceneError, match="no structure is called 'livre'; did you mean 'liver'"):
        _grown(patient, structure="livre")
    with pytest.raises(
        SceneError, match=r"Nodule.structure: found no voxel of 'spleen' in this patient; choose from: l"
    ):
        _grown(patient, structure="spleen")


def test_a_nodule_that_does_not_fit_is_refused_with_the_largest_that_does(patient):
    with pytest.raises(
        SceneError, match=r"room for 4\d.\d mm at most in 'liver', not for 60 mm; a smaller diameter_mm"
    ):
        _grown(patient, diameter_mm=60.0)
    with pytest.raises(
        SceneError, match=r"room for 0.0 mm of 'liver' around centre_mm \(0.0, 0.0, 50.0\), not for 15 mm"
    ):
        _grown(patient, centre_mm=(0.0, 0.0, 50.0))


def test_an_unknown_tissue_is_refused_when_the_part_is_built():
    with pytest.raises(RecipeError, match=r"Nodule.tissue: found 'tumor'; did you mean 'tumour'\?"):
        Nodule(tissue="tumor")
