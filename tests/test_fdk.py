"""Feldkamp's reconstruction: a ball keeps its density, on a panel and on an arc, in a full turn and in a short one."""

from dataclasses import replace
from itertools import product

import numba
import numpy as np
import pytest

from render.fdk import fdk, redundancy
from render.kernels.cone import backproject_cone, backproject_cone_reference
from render.projection import project
from render.views import Arc, Orbit, Panel
from simdata import Grid, RecipeError, SceneError

VIEWS = 180
TURN = 2 * np.pi * np.arange(VIEWS) / VIEWS
SHAPE = {"columns": 96, "rows": 64, "column_mm": 3.0, "row_mm": 3.0}
PANEL, ARC = Panel(**SHAPE), Arc(**SHAPE)
DETECTORS = pytest.mark.parametrize("detector", [PANEL, ARC], ids=["panel", "arc"])
GRID = Grid.regular((72, 72, 40), 2.0)


def scan(detector, view_rad=TURN, height_mm=0.0):
    return Orbit(view_rad, detector, 500.0, 750.0, height_mm)


def short(detector, more=0.0):
    """A half turn and the fan, and `more` rad."""
    arc = np.pi + 2 * np.arctan(detector.columns * detector.column_mm / 2 / 750) + more
    return scan(detector, 0.4 + np.arange(0, arc, 2 * np.pi / VIEWS))


def distance_mm(grid, centre=(0, 0, 0)):
    return np.linalg.norm(grid.points_mm() - centre, axis=-1)


def ball(grid, radius_mm=55.0, centre=(0, 0, 0)):
    """Soft edge of a voxel; the density of water at 60 keV, per mm."""
    soft = np.clip(0.5 + (radius_mm - distance_mm(grid, centre)) / grid.spacing_mm[0], 0, 1)
    return (0.0206 * soft).astype(np.float32)


def flattened(grid, radius_mm=50.0):
    points = grid.points_mm()
    return np.hypot(points[..., 0], points[..., 1]) < radius_mm


@pytest.mark.parametrize("more", [0.0, 0.7, 2.0])
def test_ray_weights_of_one_ray_sum_to_one(more):
    """What a short scan sees once counts whole; of what it sees from both sides, each counts a part, smoothly."""
    orbit = short(ARC, more)
    weight, step = redundancy(orbit), orbit.view_rad[1] - orbit.view_rad[0]
    fan = ARC.column_mm / 750 * (np.arange(ARC.columns) - (ARC.columns - 1) / 2)
    total = weight.copy()
    for column, turn in product(range(ARC.columns), (-2 * np.pi, 0)):
        opposite = np.arange(len(weight)) + (np.pi + 2 * fan[column] + turn) / step
        seen = weight[:, -1 - column]
        total[:, column] += np.interp(opposite, np.arange(len(weight)), seen, left=0, right=0)
    np.testing.assert_allclose(total[8:-8, 4:-4], 1, atol=0.02)


def test_a_closed_scan_sees_every_ray_twice():
    np.testing.assert_allclose(redundancy(scan(ARC)), 0.5)


@DETECTORS
@pytest.mark.parametrize("path", [scan, short], ids=["full", "short"])
@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (12.0, -7.0, 0.0)])
def test_a_ball_keeps_its_density(detector, path, centre):
    """0.5 % in the mean of the middle slices, and flat to 1 %."""
    orbit, truth = path(detector), ball(GRID, 50, centre)
    image = fdk(project(truth[..., None], GRID, orbit.views)[..., 0], orbit, GRID, "hann") / 0.0206
    inside, middle = distance_mm(GRID, centre) < 40, np.abs(GRID.points_mm()[..., 2]) < 15
    assert image[inside & middle].mean() == pytest.approx(1, abs=0.005)
    around = middle & (distance_mm(GRID, centre) > 58) & flattened(GRID, 90)
    assert image[around].mean() == pytest.approx(0, abs=0.005)
    rings = [image[middle & (np.abs(distance_mm(GRID, centre) - r) < 3)].mean() for r in range(4, 40, 6)]
    np.testing.assert_allclose(rings, 1, atol=0.01)


@DETECTORS
def test_water_in_a_cylinder_is_flat_from_end_to_end(detector):
    truth = np.where(flattened(GRID), 0.0206, 0).astype(np.float32)
    longer = Grid.regular((72, 72, 120), 2.0)
    cylinder = np.ascontiguousarray(np.broadcast_to(truth[:, :, :1], longer.shape))
    orbit = scan(detector)
    image = fdk(project(cylinder[..., None], longer, orbit.views)[..., 0], orbit, GRID, "hann") / 0.0206
    core = flattened(GRID, 40)
    means = [image[..., z][core[..., z]].mean() for z in range(GRID.shape[2])]
    np.testing.assert_allclose(means, 1, atol=0.01)


def test_discs_of_defrise_fade_with_the_cone_and_not_in_the_middle():
    """A circle tells too little of discs beside its plane (Tuy); the one in its plane keeps its density."""
    grid = Grid.regular((72, 72, 61), 2.0)
    level = (np.arange(61) - 30) // 3 % 2 == 0
    discs = np.where(flattened(grid) & level, 0.0206, 0).astype(np.float32)
    orbit = Orbit(TURN, replace(PANEL, rows=128), 250.0, 375.0)
    image = fdk(project(discs[..., None], grid, orbit.views)[..., 0], orbit, grid, "hann") / 0.0206
    contrast = np.abs(np.gradient(image[30:42, 30:42].mean(axis=(0, 1)))).reshape(-1)
    assert contrast[27:34].max() > 0.35
    assert contrast[:4].max() < 0.8 * contrast[27:34].max()


def test_a_flat_and_a_bent_detector_show_the_same_patient():
    truth = ball(GRID, 30, (20, 10, 8)) + ball(GRID, 15, (-25, 5, -10))
    panel, arc = (
        fdk(project(truth[..., None], GRID, scan(d).views)[..., 0], scan(d), GRID, "hann") for d in (PANEL, ARC)
    )
    assert np.sqrt(((panel - arc) ** 2).mean()) / truth.max() < 0.01


def test_a_scan_that_turns_the_other_way_shows_the_same_patient():
    truth = ball(GRID, 30, (20, 10, 8))
    back = replace(short(ARC), view_rad=short(ARC).view_rad[::-1].copy())
    image, again = (fdk(project(truth[..., None], GRID, o.views)[..., 0], o, GRID, "hann") for o in (short(ARC), back))
    np.testing.assert_allclose(again[flattened(GRID, 80)], image[flattened(GRID, 80)], atol=2e-4)


def test_fast_cone_back_projection_equals_its_reference():
    rng = np.random.default_rng(1)
    views = rng.random((5, 20, 9)).astype(np.float32)
    column, weight, rise = (rng.uniform(*span, (5, 7, 6)).astype(np.float32) for span in ((-3, 23), (0, 1), (-1, 1)))
    height = rng.uniform(0, 11, 5)
    fast, reference = np.zeros((2, 7, 6, 11), np.float32)
    backproject_cone(fast, views, column, weight, rise, height)
    backproject_cone_reference(reference, views, column, weight, rise, height)
    np.testing.assert_allclose(fast, reference, rtol=1e-4, atol=1e-5)


def test_reconstruction_does_not_depend_on_threads():
    orbit = scan(ARC)
    rays = np.random.default_rng(2).random((VIEWS, 96, 64)).astype(np.float32)
    many, threads = fdk(rays, orbit, GRID), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = fdk(rays, orbit, GRID)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one, many)


def test_what_cannot_be_reconstructed_says_what_would_do():
    rays = np.zeros((VIEWS, 96, 64), np.float32)
    with pytest.raises(RecipeError, match=r"spans 120 degrees; a half turn and the fan, 202 degrees"):
        fdk(rays[:60], scan(PANEL, TURN[:60]), GRID)
    with pytest.raises(RecipeError, match="no circle in even steps"):
        fdk(rays, scan(PANEL, height_mm=np.linspace(0, 9, VIEWS)), GRID)
    with pytest.raises(SceneError, match=r"found rays of shape \(180, 96, 63\)"):
        fdk(rays[..., 1:], scan(PANEL), GRID)
    turned = Grid((4, 4, 4), GRID.affine[[1, 0, 2, 3]])
    with pytest.raises(SceneError, match=r"Grid\.regular would do"):
        fdk(rays, scan(PANEL), turned)
