"""Slice thickness and field of view: what lies in a slice counts, what lies outside the picture does not disturb."""

from functools import partial

import numpy as np
import pytest

from render.fdk import fdk
from render.helix import wfbp
from render.projection import project
from render.slices import thick_slices
from render.views import Arc, Orbit, Panel
from simdata import Grid, SceneError

ROW_MM = 1.0
"""Height of a detector row at the axis."""

LAYER_MM = 0.25
TURN = 2 * np.pi * np.arange(120) / 120


def helical_layer():
    """A disc of one thin layer, scanned on a helix."""
    grid = Grid.regular((12, 12, 121), (2.0, 2.0, LAYER_MM))
    volume = np.zeros((*grid.shape, 1), np.float32)
    volume[2:10, 2:10, 60] = 1 / LAYER_MM
    view = np.arange(960) - 480
    orbit = Orbit(2 * np.pi * view / 120, Arc(columns=30, rows=12, column_mm=3.0, row_mm=1.5), 500.0, 750.0, view / 14)
    return partial(wfbp, project(volume, grid, orbit.views)[..., 0], orbit, kernel="hann")


def full_width(profile, step_mm):
    """At half maximum."""
    at = np.flatnonzero(profile >= profile.max() / 2)
    low, high = at[0], at[-1]
    before, after = (
        np.interp(profile.max() / 2, profile[[i, j]], [0, 1]) for i, j in ((low - 1, low), (high + 1, high))
    )
    return (high - low + 2 - before - after) * step_mm


@pytest.mark.parametrize("slice_mm", [2.0, 3.0, 5.0])
def test_a_thin_layer_shows_how_thick_a_slice_is(slice_mm):
    grid = Grid.regular((12, 12, 41), (2.0, 2.0, 0.25))
    image = thick_slices(helical_layer(), grid, slice_mm, ROW_MM / 2)
    profile = image[5:7, 5:7].mean(axis=(0, 1))
    assert full_width(profile, 0.25) == pytest.approx(slice_mm, rel=0.05)
    assert profile.sum() * 0.25 == pytest.approx(1, rel=0.04)


def test_a_slice_as_thin_as_can_be_is_what_the_reconstruction_shows():
    scan, grid = helical_layer(), Grid.regular((12, 12, 9), (2.0, 2.0, 0.5))
    np.testing.assert_allclose(thick_slices(scan, grid, 0.01, 1.0), scan(grid), atol=1e-6)


def test_a_thick_slice_is_the_mean_of_the_thin_ones_in_it():
    """1.5 mm from thin slices every 0.5 mm, and 2 mm, which takes half of the two outermost of five."""
    depth = np.random.default_rng(4).random(200).astype(np.float32)

    def layers(thin):
        at = np.round(thin.index(np.zeros(3))[2] - np.arange(thin.shape[2])).astype(int)
        return np.broadcast_to(depth[100 - at], thin.shape).copy()

    one = Grid.regular((2, 2, 1), (1.0, 1.0, 0.5))
    np.testing.assert_allclose(thick_slices(layers, one, 1.5, 0.5), depth[99:102].mean(), rtol=1e-6)
    half = (depth[99:102].sum() + (depth[98] + depth[102]) / 2) / 4
    np.testing.assert_allclose(thick_slices(layers, one, 2.0, 0.5), half, rtol=1e-6)


def test_a_part_of_the_picture_is_that_part():
    """A field of view smaller than the patient shows what a large one shows there."""
    grid = Grid.regular((40, 40, 4), 3.0)
    points = grid.points_mm()
    body = (np.hypot(points[..., 0] / 1.3, points[..., 1]) < 42).astype(np.float32)
    orbit = Orbit(TURN, Panel(columns=90, rows=8, column_mm=3.0, row_mm=3.0), 500.0, 750.0)
    scan = partial(fdk, project(body[..., None], grid, orbit.views)[..., 0], orbit, kernel="standard")
    part = grid.crop((9, 14, 1), (12, 10, 2))
    np.testing.assert_allclose(scan(part), scan(grid)[9:21, 14:24, 1:3], atol=1e-5)


def test_a_picture_on_finer_pixels_is_the_same_picture():
    """Every second pixel of the fine one is a pixel of the coarse one."""
    grid = Grid.regular((21, 21, 1), 3.0)
    orbit = Orbit(TURN, Panel(columns=60, rows=2, column_mm=3.0, row_mm=3.0), 500.0, 750.0)
    body = (np.hypot(*grid.points_mm()[..., :2].transpose(3, 0, 1, 2)) < 25).astype(np.float32)
    scan = partial(fdk, project(body[..., None], grid, orbit.views)[..., 0], orbit, kernel="hann")
    fine = scan(Grid.regular((41, 41, 1), (1.5, 1.5, 3.0)))
    np.testing.assert_allclose(fine[::2, ::2], scan(grid), atol=1e-5)


@pytest.mark.parametrize("lengths", [(0.0, 1.0), (1.0, -1.0)])
def test_a_slice_without_thickness_says_what_would_do(lengths):
    with pytest.raises(SceneError, match="lengths above 0 would do"):
        thick_slices(lambda grid: np.zeros(grid.shape, np.float32), Grid.regular((2, 2, 2)), *lengths)
