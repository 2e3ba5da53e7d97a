"""A breast keeps its volume under the paddles, has the skin and the density that were asked for, and is one patient."""

from dataclasses import replace

import numpy as np
import pytest
from threads import one_thread

from phantoms.breast import Breast
from phantoms.breast.density import FIBROGLANDULAR
from phantoms.breast.hanging import hanging
from phantoms.breast.pressed import pressed
from phantoms.breast.squeeze import carry
from simdata import RecipeError, Scene, Streams
from simdata.tissues import tissues

COARSE = Breast(voxel_mm=1.5)
DENSE = ("breast_glandular", "connective")


def _made(breast: Breast, index: int = 0) -> Scene:
    return breast(Streams(3, index).generator)


def _share(scene: Scene, *names: str) -> np.ndarray:
    """Of every voxel, what those tissues fill."""
    wanted = [tissues()[name] for name in names]
    part = scene.share / 255
    return np.isin(scene.tissue, wanted) * (1 - part) + np.isin(scene.second, wanted) * part


def _ml(scene: Scene, *names: str) -> float:
    return float(_share(scene, *names).sum() * scene.grid.voxel_mm3 / 1000)


def _body_ml(scene: Scene) -> float:
    """Without the nipple, which stands out from the skin."""
    return float((1 - _share(scene, "air"))[~scene.mask("nipple_left")].sum() * scene.grid.voxel_mm3 / 1000)


@pytest.fixture(scope="module")
def above() -> Scene:
    return _made(COARSE)


@pytest.fixture(scope="module")
def hung() -> Scene:
    return _made(replace(COARSE, thickness_mm=None))


@pytest.fixture(scope="module")
def oblique() -> Scene:
    return _made(replace(COARSE, view="MLO"))


def test_it_has_its_volume_hanging_and_pressed(above, hung):
    assert _body_ml(hung) == pytest.approx(700, rel=0.01)
    assert _body_ml(above) == pytest.approx(700, rel=0.01)


@pytest.mark.parametrize("thickness_mm", [35.0, 70.0])
def test_flesh_is_incompressible_wherever_it_goes(thickness_mm):
    rng = np.random.default_rng(5)
    rest = hanging(600, rng)
    flat = pressed(rest, thickness_mm, (1.0, 1.1, 0.9), 2.1)
    points = rng.uniform((-90, -35, 0), (90, 35, 100), (20_000, 3))
    points = points[flat.under_skin(points) > 5]
    step = 0.05
    rise = [
        (carry(points + step * a, flat, rest) - carry(points - step * a, flat, rest)) / (2 * step) for a in np.eye(3)
    ]
    volume = np.linalg.det(np.stack(rise, axis=-1))
    assert np.median(volume) == pytest.approx(1, abs=0.005)
    assert np.percentile(np.abs(volume - 1), 98) < 0.03


def test_a_point_comes_back_from_under_the_paddles():
    rng = np.random.default_rng(6)
    rest = hanging(600, rng)
    flat = pressed(rest, 50.0, (1.0, 1.1, 0.9), 2.1)
    points = rng.uniform((-90, -25, 0), (90, 25, 100), (5000, 3))
    points = points[flat.under_skin(points) > 5]
    assert np.abs(carry(carry(points, flat, rest), rest, flat) - points).max() < 0.2
    assert (rest.under_skin(carry(points, flat, rest)) > 0).all()


@pytest.mark.parametrize("density", ["a", 0.45])
def test_it_is_as_dense_as_asked(density):
    scene = _made(replace(COARSE, density=density))
    within = _body_ml(scene) - _ml(scene, "skin")
    assert _ml(scene, *DENSE) / within == pytest.approx(FIBROGLANDULAR.get(density, density), abs=0.012)


def test_gland_is_neither_made_nor_lost_by_the_paddles(above, hung):
    assert _ml(above, *DENSE) == pytest.approx(_ml(hung, *DENSE), rel=0.04)


def test_its_skin_is_as_thick_as_asked_on_both_sides():
    skin_mm = 2.0
    scene = _made(Breast(voxel_mm=0.5, volume_ml=250, thickness_mm=35.0, skin_mm=skin_mm))
    skin_mm_there = _share(scene, "skin").sum(axis=1) * 0.5
    width, depth = skin_mm_there.shape
    middle = skin_mm_there[width // 2 - 20 : width // 2 + 20, 5 : depth // 4]
    assert middle.mean() / 2 == pytest.approx(skin_mm, rel=0.03)


def test_in_the_middle_it_is_as_thick_as_the_paddles_are_apart(above):
    path_mm = (1 - _share(above, "air")).sum(axis=1) * above.grid.spacing_mm[1]
    width, depth = path_mm.shape
    assert path_mm[width // 2 - 10 : width // 2 + 10, : depth // 3] == pytest.approx(55, abs=0.3)


def test_its_free_edge_is_a_half_circle():
    shape = pressed(hanging(600, np.random.default_rng(7)), 50.0, (1.0, 1.0, 1.0), 2.0)
    on_axis = np.zeros(4)
    from_edge = np.array([1.0, 5.0, 15.0, 40.0])
    chord = np.sqrt(np.maximum(25.0**2 - np.maximum(25 - from_edge, 0) ** 2, 0))
    assert shape.half_mm(on_axis, shape.depth_mm - from_edge) == pytest.approx(chord, rel=0.01)


def test_the_oblique_view_shows_the_pectoral_muscle_above_and_behind(above, oblique):
    muscle = np.argwhere(oblique.mask("pectoralis_major_left"))
    nipple = np.argwhere(oblique.mask("nipple_left"))
    assert not above.mask("pectoralis_major_left").any()
    assert muscle[:, 0].mean() > nipple[:, 0].mean() + 20
    assert muscle[:, 2].mean() < nipple[:, 2].mean() / 2


def test_left_and_right_are_mirror_images(above):
    right = _made(replace(COARSE, side="right"))
    assert np.array_equal(right.tissue, above.tissue)
    voxel = np.array([[10, 20, 30]])
    assert right.grid.world_mm(voxel) == pytest.approx(above.grid.world_mm(voxel) * [-1, 1, 1])
    assert right.mask("breast_right").any()


def test_above_the_patient_is_where_the_tube_stands(above, oblique):
    tube = above.grid.affine[:3, 1]
    assert tube / np.linalg.norm(tube) == pytest.approx([0, 0, 1])
    side, out, up = oblique.grid.affine[:3, 1] / np.linalg.norm(oblique.grid.affine[:3, 1])
    assert (side, out, up) == pytest.approx((np.sqrt(0.5), 0, np.sqrt(0.5)))  # medial of a left breast, and above


def test_its_ducts_run_from_the_nipple_and_lie_inside(above):
    tree = above.vessels["milk_ducts_left"]
    index = above.grid.index(tree.points_mm)
    tip = np.argwhere(above.mask("nipple_left")).mean(axis=0)
    assert 12 <= len(tree.roots) <= 20
    assert np.ptp(index[:, 2]) > 0.5 * above.grid.shape[2]
    assert len(tree.ends) > 200
    assert np.linalg.norm(index[tree.roots] - tip, axis=1).max() * 1.5 < 8
    assert (above.tissue[tuple(np.rint(index).astype(int).T)] > 0).all()


def test_all_that_lies_in_it_belongs_to_the_breast(above):
    inside = above.mask("breast_left") | above.mask("skin")
    assert np.array_equal(inside, above.labels > 0)


def test_the_same_bytes_on_one_thread(above):
    with one_thread():
        alone = _made(COARSE)
    for name in ("labels", "tissue", "second", "share"):
        assert np.array_equal(getattr(alone, name), getattr(above, name))


def test_paddles_too_far_apart_are_refused():
    with pytest.raises(RecipeError, match=r"paddles 110 mm apart do not press a breast of 200 mL; a smaller"):
        _made(replace(COARSE, volume_ml=200, thickness_mm=110.0))
