"""Cone, fan and parallel beams through a volume: nature's answers, the adjoint, and the reference beside the kernel."""

from dataclasses import replace
from functools import cache

import numba
import numpy as np
import pytest

from render.kernels.upright import adjoint_reference, entries, forward_reference, places
from render.projection import project, shade, spread
from render.views import Arc, Orbit, Panel, Views, parallel
from simdata import Grid, RecipeError, SceneError

TURN = 2 * np.pi * np.arange(12) / 12
PANEL = Panel(columns=40, rows=32, column_mm=3.0, row_mm=3.0)
ARC = Arc(columns=40, rows=32, column_mm=3.0, row_mm=3.0)
GRID = Grid.regular((24, 22, 16), (2.0, 2.2, 2.5))
PATHS = {
    "cone": Orbit(TURN, PANEL, 300, 450).views,
    "arc": Orbit(TURN, ARC, 300, 450).views,
    "helix": Orbit(TURN, replace(ARC, rows=10), 300, 450, height_mm=np.linspace(-25, 25, 12)).views,
    "parallel": parallel(TURN, replace(PANEL, column_mm=2.0, row_mm=2.0)),
}
EVERY_PATH = pytest.mark.parametrize("views", PATHS.values(), ids=PATHS.keys())


@numba.njit(cache=True)
def fill(out, spacing, corner, centre, shape, fine):
    reach = np.sqrt((shape**2).sum()) * np.sqrt((spacing**2).sum()) / 2
    for x, y, z in np.ndindex(out.shape):
        middle = shape @ (corner + spacing * (np.array([x, y, z]) + 0.5) - centre)
        distance = np.sqrt((middle**2).sum())
        if abs(distance - 1) > reach:
            out[x, y, z] = distance < 1
            continue
        inside = 0
        for i, j, k in np.ndindex(fine, fine, fine):
            part = (np.array([i, j, k]) + 0.5) / fine - 0.5
            place = middle + shape @ (spacing * part)
            inside += (place**2).sum() < 1
        out[x, y, z] = inside / fine**3


def anti_aliased(grid, shape, centre=(0, 0, 0), fine=4):
    """The share of each voxel where |shape (x - centre)| < 1, float32 with one material."""
    volume = np.empty(grid.shape, np.float32)
    corner = grid.world_mm(np.full(3, -0.5))
    fill(volume, np.array(grid.spacing_mm), corner, np.array(centre, float), np.array(shape, float), fine)
    return volume[..., None]


def rays_mm(views):
    """A place on the middle of each element's beam, and its unit direction: (views, columns, rows, 3) each."""
    rows = np.arange(views.rows) + 0.5 - views.rows / 2
    middle = (views.borders[:, :-1] + views.borders[:, 1:]) / 2
    place = middle[:, :, None] + rows[:, None] * views.upward[:, None, None]
    along = views.focus[:, None, None, 3:] * place - views.focus[:, None, None, :3]
    return place, along / np.linalg.norm(along, axis=-1, keepdims=True)


def chords(views, radii, centre=(0, 0, 0)):
    """mm of each ray inside an ellipsoid along the axes: the roots of |p + t d| = 1 in units of the radii."""
    place, along = rays_mm(views)
    p, d = (place - centre) / radii, along / radii
    a, b, c = (d * d).sum(-1), (p * d).sum(-1), (p * p).sum(-1) - 1
    return 2 * np.sqrt(np.maximum(b * b - a * c, 0)) / a


@cache
def ellipsoid(radii, centre):
    """A grid of 176 mm and how much of each of its voxels the ellipsoid fills."""
    grid = Grid.regular((176, 176, 176), 1.0)
    return grid, anti_aliased(grid, np.diag(1 / np.array(radii)), centre)


@pytest.mark.parametrize(("radii", "centre"), [((80.0,) * 3, (0.0, 0.0, 0.0)), ((72.0, 60.0, 76.0), (9.3, -6.1, 4.4))])
@pytest.mark.parametrize("detector", [Panel, Arc])
def test_an_ellipsoid_casts_its_chords(detector, radii, centre):
    """rms 1.3e-3 of the longest chord over a detector of 384 x 256, each element the mean over its area."""
    grid, volume = ellipsoid(radii, centre)
    coarse, fine = (
        Orbit(
            TURN[:1] + 0.3, detector(columns=384 * n, rows=256 * n, column_mm=1.5 / n, row_mm=1.5 / n), 1000, 1500
        ).views
        for n in (1, 3)
    )
    expected = chords(fine, radii, centre).reshape(1, 384, 3, 256, 3).mean(axis=(2, 4))
    error = project(volume, grid, coarse)[..., 0] - expected
    assert np.sqrt((error**2).mean()) / expected.max() < 1.3e-3
    assert error.mean() / expected.max() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("radius_mm", [0.15, 0.3, 0.5])
@pytest.mark.parametrize("tilt", [0.0, 0.2])
def test_a_vessel_thinner_than_a_voxel_keeps_its_blood(radius_mm, tilt):
    """0.3 to 1 voxel wide: what a row of elements sees in all is its cross-section, however it lies between voxels."""
    grid = Grid.regular((40, 40, 24), 1.0)
    views = parallel(np.linspace(0.03, 3.1, 23), Panel(columns=60, rows=16, column_mm=0.9, row_mm=0.9))
    for shift in (0.0, 0.31, 0.5):
        across = np.array([[1, 0, -tilt], [0, 1, 0], [0, 0, 0]]) / radius_mm
        wire = anti_aliased(grid, across, (shift, 3.2, 0), fine=16)
        seen = project(wire, grid, views)[..., 0].sum(axis=1) * 0.9
        np.testing.assert_allclose(seen.mean(axis=1), wire.sum(axis=(0, 1)).mean(), rtol=0.01)
        assert wire.sum(axis=(0, 1)).mean() == pytest.approx(np.pi * radius_mm**2, rel=0.03)


def test_a_voxel_counts_the_same_wherever_its_shadow_falls():
    """Exactly: shadows of a detector's elements leave no gap and do not overlap."""
    grid = Grid.regular((9, 9, 9), 1.0)
    views = parallel(TURN + 0.05, Panel(columns=40, rows=40, column_mm=0.7, row_mm=0.6))
    for at in [(4, 4, 4), (1, 6, 2), (8, 3, 7)]:
        volume = np.zeros((*grid.shape, 1), np.float32)
        volume[at] = 1
        np.testing.assert_allclose(project(volume, grid, views).sum(axis=(1, 2)) * 0.7 * 0.6, 1, rtol=1e-5)


def test_a_sinogram_of_ellipses_is_the_analytic_one():
    grid = Grid.regular((120, 120, 1), 1.0)
    views = parallel(np.linspace(0, np.pi, 20, endpoint=False), Panel(columns=150, rows=1, column_mm=1.0, row_mm=1.0))
    ellipses = [((10, -8), (40, 25), 1.0), ((-20, 15), (8, 14), -0.4)]
    volume, expected = np.zeros((*grid.shape, 1), np.float32), np.zeros((20, 150, 1))
    for centre, radii, value in ellipses:
        volume += value * anti_aliased(grid, np.diag([1 / radii[0], 1 / radii[1], 0]), (*centre, 0))
        expected += value * chords(views, (*radii, 1e6), (*centre, 0))
    error = project(volume, grid, views)[..., 0] - expected
    assert np.sqrt((error**2).mean()) / expected.max() < 4e-3


@EVERY_PATH
@pytest.mark.parametrize("materials", [1, 3])
def test_the_kernels_equal_their_references(views, materials):
    rng = np.random.default_rng(4)
    volume = rng.random((*GRID.shape, materials)).astype(np.float32)
    views = views[4:6]
    cells = views.in_cells(GRID)
    place = cells.focus, cells.borders, cells.upward[:, 2], np.array(GRID.spacing_mm)

    cast = project(volume, GRID, views)
    np.testing.assert_allclose(cast, forward_reference(volume, *place, views.rows), rtol=2e-5, atol=1e-3)

    back = spread(cast, GRID, views)
    np.testing.assert_allclose(back, adjoint_reference(cast, *place, GRID.shape), rtol=2e-4, atol=1e-2)


@EVERY_PATH
def test_what_spreads_is_the_adjoint_of_what_projects(views):
    rng = np.random.default_rng(5)
    volume = rng.random((*GRID.shape, 3)).astype(np.float32)
    rays = rng.random((len(views), views.columns, views.rows, 3)).astype(np.float32)
    there = np.vdot(project(volume, GRID, views).astype(float), rays.astype(float))
    back = np.vdot(volume.astype(float), spread(rays, GRID, views).astype(float))
    assert back == pytest.approx(there, rel=1e-6)


def test_materials_in_one_pass_are_what_they_are_alone():
    volume = np.random.default_rng(6).random((*GRID.shape, 3)).astype(np.float32)
    together = project(volume, GRID, PATHS["arc"])
    alone = np.concatenate([project(volume[..., m : m + 1], GRID, PATHS["arc"]) for m in range(3)], axis=3)
    np.testing.assert_allclose(together, alone, rtol=1e-6)


@pytest.mark.parametrize("end", [1, 31, 32, 400])
@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("step", [1.0, -1.0, 0.3])
def test_a_border_just_below_a_whole_voxel_reads_what_was_summed(end, off, step):
    """Single precision takes 32 - 1e-9 for 32: the entry above is read, and must not be left as it was found."""
    first = (end if step < 0 else 0.0) - off
    stop = int(abs(end / step))
    index, weight = np.empty(stop + 1, np.int32), np.empty(stop + 1, np.float32)
    places.py_func(first, step, 0, stop, end, 1, index, weight)
    low, high = entries.py_func(first, first + step * stop, end)
    assert low <= index.min()
    assert index.max() + 1 < high <= end + 2


@EVERY_PATH
def test_any_number_of_threads_gives_the_same_bits(views):
    volume = np.random.default_rng(7).random((*GRID.shape, 3)).astype(np.float32)
    threads = numba.get_num_threads()
    many = project(volume, GRID, views), spread(project(volume, GRID, views), GRID, views)
    numba.set_num_threads(1)
    try:
        one = project(volume, GRID, views), spread(project(volume, GRID, views), GRID, views)
    finally:
        numba.set_num_threads(threads)
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_scanner_and_a_patient_moved_together_see_the_same():
    volume = np.random.default_rng(8).random((*GRID.shape, 1)).astype(np.float32)
    affine = GRID.affine.copy()
    affine[:3, 3] += [30.0, -11.0, 400.0]
    here = project(volume, GRID, PATHS["arc"])
    there = project(volume, Grid(GRID.shape, affine), PATHS["arc"].moved(np.array([30.0, -11.0, 400.0])))
    np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-3)


def test_a_flipped_array_is_the_same_patient():
    volume = np.random.default_rng(9).random((*GRID.shape, 1)).astype(np.float32)
    affine = GRID.affine @ np.diag([-1.0, 1, -1, 1])
    affine[:3, 3] = GRID.world_mm(np.array([23, 0, 15]))
    flipped = project(np.ascontiguousarray(volume[::-1, :, ::-1]), Grid(GRID.shape, affine), PATHS["cone"])
    np.testing.assert_allclose(flipped, project(volume, GRID, PATHS["cone"]), rtol=1e-5, atol=1e-3)


def test_shade_is_the_way_through_the_box():
    shadow = shade(Grid.regular((40, 40, 40), 1.0), Orbit(np.zeros(1), PANEL, 3000, 3100).views)
    assert shadow[0, 20, 16] == pytest.approx(40, rel=1e-3)


# Bad input: where, what was found, what would do.


def test_a_focus_inside_the_patient_says_what_would_do():
    with pytest.raises(RecipeError, match=r"focus of view 0.*inside the object.*farther away"):
        project(np.ones((*GRID.shape, 1), np.float32), GRID, Orbit(TURN, PANEL, 20, 450).views)


def test_rays_that_miss_the_patient_say_what_would_do():
    with pytest.raises(RecipeError, match=r"in none of 12 views.*isocentre there"):
        shade(GRID, PATHS["cone"].moved(np.array([0.0, 0.0, 900.0])))


def test_a_leaning_detector_says_what_would_do():
    cone = PATHS["cone"]
    with pytest.raises(RecipeError, match=r"leans by 0\.0833 voxels"):
        shade(GRID, Views(cone.focus, cone.borders, cone.upward + np.array([0.5, 0, 0]), cone.rows))


def test_numbers_that_are_none_are_refused():
    volume = np.ones((*GRID.shape, 1), np.float32)
    volume[3, 4, 5] = np.nan
    with pytest.raises(SceneError, match="without NaN"):
        project(volume, GRID, PATHS["cone"])
    borders = PATHS["cone"].borders.copy()
    borders[2, 0, 0] = np.inf
    with pytest.raises(RecipeError, match="borders of view 2 is not finite"):
        Views(PATHS["cone"].focus, borders, PATHS["cone"].upward, 4)


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(SceneError, match="on a grid of"):
        project(np.ones((3, 3, 3, 1), np.float32), GRID, PATHS["cone"])
    with pytest.raises(SceneError, match="1 to 16 materials"):
        project(np.ones((*GRID.shape, 17), np.float32), GRID, PATHS["cone"])
    with pytest.raises(SceneError, match="found rays of shape"):
        spread(np.ones((12, 40, 31, 1), np.float32), GRID, PATHS["cone"])
    with pytest.raises(RecipeError, match="12 foci, 11 detectors"):
        Views(PATHS["cone"].focus, PATHS["cone"].borders[1:], PATHS["cone"].upward, 4)
    with pytest.raises(RecipeError, match="source_to_isocentre_mm < source_to_detector_mm"):
        Orbit(TURN, PANEL, 300, 200)
