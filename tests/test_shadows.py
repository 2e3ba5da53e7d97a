"""Detectors that lean, and the truth of a projection: every structure's shadow, vessels on the detector."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from test_projection import anti_aliased, chords

from render.c_arm import CArm, beyond
from render.kernels.resample import resampled, resampled_reference
from render.leaning import leans, upright_for
from render.plane import onto, plane
from render.projection import cast, project, running_sums
from render.shadows import projected, shadows
from render.strips import cast_in_strips
from render.views import Panel, parallel
from simdata import Grid, RecipeError, Scene, SceneError, Structure, structure, vessel_tree
from simdata.structures import FIRST_FINDING_ID

STAND = CArm(source_to_detector_mm=900.0, patient_to_detector_mm=150.0, columns=90, rows=70, pixel_mm=1.5)
LEANING = replace(STAND, primary_deg=25.0, secondary_deg=30.0)


def balls(grid=None, **at):
    """A ball of 9 mm of each structure, around its place, in fat."""
    grid = grid or Grid.regular((64, 60, 56), 1.0, (5.0, -3.0, 40.0))
    labels = np.full(grid.shape, structure("visceral_fat").id, np.uint16)
    for name, place in at.items():
        labels[np.linalg.norm(grid.points_mm() - place, axis=-1) < 9] = structure(name).id
    return Scene(grid, labels)


SCENE = balls(
    liver=(0.0, 5.0, 50.0), lung_upper_lobe_right=(14.0, -14.0, 30.0), lung_lower_lobe_right=(18.0, 4.0, 35.0)
)


@pytest.mark.parametrize("stand", [STAND, LEANING, replace(STAND, primary_deg=-90.0, secondary_deg=-20.0)])
def test_a_ball_looks_the_same_from_any_side(stand):
    """The chords of a ball 44 voxels wide to 5e-3 and its mass to 1e-3, also where the detector leans by 30 degrees."""
    ball = anti_aliased(SCENE.grid, np.diag(np.full(3, 1 / 22.0)), (5.0, -3.0, 40.0))
    view = stand.view(SCENE)
    volume, grid = upright_for(view, ball, SCENE.grid)
    fine = replace(stand, columns=270, rows=210, pixel_mm=0.5).view(SCENE)
    expected = chords(fine, (22.0,) * 3, (5.0, -3.0, 40.0)).reshape(90, 3, 70, 3).mean(axis=(1, 3))
    seen = project(volume, grid, view)[0, ..., 0]
    assert leans(view, SCENE.grid) == (stand.secondary_deg != 0)
    assert np.sqrt(((seen - expected) ** 2).mean()) / expected.max() < 5e-3
    assert seen.sum() == pytest.approx(expected.sum(), rel=1e-3)
    assert volume.sum() * grid.voxel_mm3 == pytest.approx(ball.sum() * SCENE.grid.voxel_mm3, rel=1e-3)


def test_where_nothing_leans_nothing_is_resampled():
    volume = np.ones((*SCENE.grid.shape, 1), np.float32)
    assert upright_for(STAND.view(SCENE), volume, SCENE.grid)[0] is volume


def test_a_kernel_resamples_as_its_reference():
    volume = np.random.default_rng(1).random((9, 8, 7, 3)).astype(np.float32)
    turn = np.array([[0.6, 0.5, -0.2], [-0.5, 0.7, 0.1], [0.1, 0.2, 0.8]])
    place = turn, np.array([-0.7, 1.4, -0.3]), (12, 11, 10)
    np.testing.assert_allclose(resampled(volume, *place), resampled_reference(volume, *place), atol=1e-5)


@pytest.mark.parametrize("columns", [7, 32, 90])
def test_strips_are_the_whole_detector(columns):
    view = replace(STAND, columns=columns).view(SCENE)
    sums = running_sums(np.random.default_rng(2).random((*SCENE.grid.shape, 2)).astype(np.float32))
    np.testing.assert_array_equal(cast_in_strips(sums, SCENE.grid, view), cast(sums, SCENE.grid, view)[0])


@pytest.mark.parametrize("stand", [STAND, LEANING])
def test_a_shadow_is_what_the_whole_grid_casts(stand):
    """However small the part of the detector that is looked at."""
    view = stand.view(SCENE)
    shadow = shadows(SCENE, view, ("liver",))["liver"]
    volume, grid = upright_for(view, SCENE.mask("liver")[..., None].astype(np.float32), SCENE.grid)
    whole = project(volume, grid, view)[0, ..., :1]
    assert shadow.path_mm.size < 0.2 * whole.size
    tolerance = 1e-3 if stand is STAND else 1.5
    np.testing.assert_allclose(shadow.over(whole.shape), whole, atol=tolerance)
    assert shadow.path_mm.sum() == pytest.approx(whole.sum(), rel=1e-3)


def test_the_sum_of_a_shadow_is_the_volume():
    view = parallel(np.array([0.7]), Panel(columns=120, rows=100, column_mm=0.8, row_mm=0.9)).moved(
        np.array([5.0, -3.0, 40.0])
    )
    for name, shadow in shadows(SCENE, view).items():
        volume_mm3 = np.count_nonzero(SCENE.mask(name)) * SCENE.grid.voxel_mm3
        assert shadow.path_mm.sum() * 0.8 * 0.9 == pytest.approx(volume_mm3, rel=1e-4), name


def test_a_lung_is_its_lobes():
    """A part counts to its whole: segments of the liver to the liver."""
    scene = balls(liver_segment_2=(0.0, 5.0, 50.0), liver_segment_3=(6.0, 5.0, 50.0), spleen=(0.0, -15.0, 30.0))
    seen, shape = shadows(scene, STAND.view(scene)), (90, 70, 1)
    parts = seen["liver_segment_2"].over(shape) + seen["liver_segment_3"].over(shape)
    np.testing.assert_allclose(seen["liver"].over(shape), parts, atol=1e-4)
    assert set(seen) == {"visceral_fat", "liver", "liver_segment_2", "liver_segment_3", "spleen"}


def test_findings_cast_their_shadow_unasked():
    nodule = Structure(
        FIRST_FINDING_ID, "nodule_1", structure("liver").id, "tumour", "", "27925004", "Nodule", (9, 9, 9)
    )
    scene = SCENE.paint(np.linalg.norm(SCENE.grid.points_mm() - (0.0, 5.0, 50.0), axis=-1) < 4, nodule)
    seen = shadows(scene, STAND.view(scene), ("spleen",))
    assert set(seen) == {"spleen", "nodule_1"}
    assert seen["nodule_1"].path_mm.max() == pytest.approx(8, abs=1)
    assert not seen["spleen"].path_mm.size


@pytest.mark.parametrize("turn", [np.diag([-1.0, 1, -1, 1]), np.eye(4)[[2, 0, 1, 3]]])
def test_an_array_stored_another_way_casts_the_same_shadow(turn):
    axes = [int(np.flatnonzero(column)[0]) for column in turn[:3, :3].T]
    flips = tuple(slice(None, None, int(turn[axis, i])) for i, axis in enumerate(axes))
    labels = SCENE.labels.transpose(axes)[flips]
    affine = SCENE.grid.affine @ turn
    affine[:3, 3] = SCENE.grid.world_mm(np.where(turn[:3, :3].sum(axis=1) < 0, np.array(SCENE.grid.shape) - 1, 0))
    other = Scene(Grid(labels.shape, affine), np.ascontiguousarray(labels))
    here, there = (shadows(one, STAND.view(one)) for one in (SCENE, other))
    for name in here:
        np.testing.assert_allclose(there[name].over((90, 70, 1)), here[name].over((90, 70, 1)), atol=1e-3)


def test_what_falls_beside_the_detector_has_no_shadow():
    view = replace(STAND, columns=10, rows=10, centred_on=("liver",)).view(SCENE)
    assert shadows(SCENE, view)["lung_upper_lobe_right"].path_mm.size == 0


def test_a_structure_that_is_not_there_says_what_would_do():
    with pytest.raises(SceneError, match="no structure is called 'livr'; did you mean 'liver'"):
        shadows(SCENE, STAND.view(SCENE), ("livr",))


def test_any_number_of_threads_casts_the_same_shadow():
    threads = numba.get_num_threads()
    many = shadows(SCENE, LEANING.view(SCENE), ("liver",))["liver"]
    numba.set_num_threads(1)
    try:
        one = shadows(SCENE, LEANING.view(SCENE), ("liver",))["liver"]
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one.path_mm, many.path_mm)


def test_vessels_are_magnified_onto_the_detector():
    """900 mm from the focus to the detector, 750 to the middle of the patient: 1.2 times as large."""
    middle = SCENE.grid.world_mm((np.array(SCENE.grid.shape) - 1) / 2)
    tree = vessel_tree(middle + np.array([[0, 0, 0], [-10, 0, 5], [-10, 75, 5]]), np.array([-1, 0, 1]), np.ones(3))
    view = STAND.view(SCENE)
    seen = projected(tree, view)
    np.testing.assert_allclose(seen.radius_mm, [1.2, 1.2, 900 / 825], rtol=1e-5)
    index = plane(view).index(seen.points_mm)
    np.testing.assert_allclose(index[:, :2], [(44.5, 34.5), (52.5, 38.5), (51.77273, 38.13636)], atol=1e-3)
    np.testing.assert_allclose(index[:, 2], 0, atol=1e-4)
    np.testing.assert_array_equal(seen.parent, tree.parent)


def test_a_shadow_lies_where_its_structure_is_projected():
    for stand in (STAND, LEANING):
        view = stand.view(SCENE)
        path = shadows(SCENE, view, ("liver",))["liver"].over((90, 70, 1))[..., 0]
        centre = [(path.sum(axis=1 - axis) * np.arange(path.shape[axis])).sum() / path.sum() for axis in (0, 1)]
        expected = plane(view).index(onto(view, np.array([[0.0, 5.0, 50.0]]))[0])[0, :2]
        np.testing.assert_allclose(centre, expected, atol=0.1)


# Where the picture looks from.


@pytest.mark.parametrize(
    ("stand", "left", "near"),
    [
        (STAND, (1, 0, 0), (0, 1, 0)),
        (replace(STAND, primary_deg=180.0), (1, 0, 0), (0, -1, 0)),
        (replace(STAND, primary_deg=90.0), (0, 1, 0), (-1, 0, 0)),
        (replace(STAND, primary_deg=-90.0), (0, -1, 0), (1, 0, 0)),
        (replace(STAND, primary_deg=45.0), (2**-0.5, 2**-0.5, 0), (-(2**-0.5), 2**-0.5, 0)),
        (replace(STAND, secondary_deg=30.0), (1, 0, 0), (0, 3**0.5 / 2, 0.5)),
    ],
    ids=["pa", "ap", "left lateral", "right lateral", "lao", "cranial"],
)
def test_a_picture_shows_the_right_side_at_its_left(stand, left, near):
    """left: where the left edge of the picture lies in the patient; near: where the detector stands."""
    view = stand.view(SCENE)
    detector = plane(view)
    middle = SCENE.grid.world_mm((np.array(SCENE.grid.shape) - 1) / 2)
    np.testing.assert_allclose(-detector.affine[:3, 0] / 1.5, left, atol=1e-12)
    np.testing.assert_allclose(detector.world_mm(np.array([44.5, 34.5, 0])) - middle, 150 * np.array(near), atol=1e-9)
    np.testing.assert_allclose(detector.affine[:3, 2], near, atol=1e-12)
    np.testing.assert_allclose(view.focus[0, :3] - middle, -750 * np.array(near), atol=1e-9)
    assert detector.affine[2, 1] > 0


def test_the_beam_is_centred_on_what_is_named():
    view = replace(STAND, centred_on=("liver",)).view(SCENE)
    detector = plane(view)
    np.testing.assert_allclose(
        detector.index(onto(view, np.array([[0.0, 5.0, 50.0]]))[0])[0, :2], (44.5, 34.5), atol=0.5
    )
    with pytest.raises(RecipeError, match="none of spleen is in view to centre on"):
        replace(STAND, centred_on=("spleen",)).view(SCENE)


def test_a_detector_that_the_patient_overlaps_is_told():
    body = replace(SCENE, labels=np.where(SCENE.labels == structure("liver").id, SCENE.labels, 0))
    assert beyond(body, STAND.view(body)) == ()
    assert beyond(SCENE, STAND.view(SCENE)) == ()
    assert beyond(SCENE, replace(STAND, columns=30, centred_on=("lung_lower_lobe_right",)).view(SCENE)) == ("right",)
    assert beyond(SCENE, replace(STAND, rows=20).view(SCENE)) == ("lower", "upper")


def test_a_focus_within_reach_of_the_patient_says_what_would_do():
    with pytest.raises(RecipeError, match="larger source_to_detector_mm would do"):
        CArm(source_to_detector_mm=100.0, patient_to_detector_mm=150.0)
