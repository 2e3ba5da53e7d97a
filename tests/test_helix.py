"""Helical scans: a patient longer than the detector is high, in one piece."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from render.helix import wfbp
from render.kernels.spiral import spiral, spiral_reference
from render.projection import project
from render.views import Arc, Orbit, Panel
from simdata import Grid, RecipeError, SceneError

A_TURN = 180
SHAPE = {"columns": 100, "rows": 16, "column_mm": 3.0, "row_mm": 3.0}
ARC, PANEL = Arc(**SHAPE), Panel(**SHAPE)
GRID = Grid.regular((64, 64, 24), (2.2, 2.2, 2.0))
LONG = Grid.regular((64, 64, 100), (2.2, 2.2, 2.0))
ROWS_MM = 16 * 3.0 * 500 / 750
"""Height of the detector at the axis."""


def helix(detector=ARC, pitch=1.0, turns=5.0, sense=1):
    """`pitch` detector heights a turn, the middle of the scan at z = 0."""
    view = np.arange(int(turns * A_TURN)) - turns * A_TURN / 2
    return Orbit(sense * 2 * np.pi * view / A_TURN, detector, 500.0, 750.0, pitch * ROWS_MM * view / A_TURN)


def flat_mm(grid):
    points = grid.points_mm()
    return np.hypot(points[..., 0], points[..., 1])


def cylinder(grid):
    """Soft edge of a voxel; the density of water at 60 keV, per mm."""
    return (0.0206 * np.clip(0.5 + (50 - flat_mm(grid)) / 2.2, 0, 1)).astype(np.float32)


def scanned(volume, grid, orbit, onto=GRID):
    return wfbp(project(volume[..., None], grid, orbit.views)[..., 0], orbit, onto, "hann") / 0.0206


@pytest.mark.parametrize(
    ("detector", "pitch", "sense"), [(ARC, 0.6, 1), (ARC, 1.3, -1), (PANEL, 1.0, 1), (PANEL, 1.0, -1)]
)
def test_water_in_a_cylinder_is_flat_at_every_pitch(detector, pitch, sense):
    image = scanned(cylinder(LONG), LONG, helix(detector, pitch, 5 / pitch, sense))
    rings = [image[np.abs(flat_mm(GRID) - r) < 3].mean() for r in range(3, 44, 8)]
    np.testing.assert_allclose(rings, 1, atol=0.006)
    slices = [image[..., z][flat_mm(GRID)[..., z] < 42].mean() for z in range(GRID.shape[2])]
    np.testing.assert_allclose(slices, 1, atol=0.006)
    assert image[(flat_mm(GRID) > 58) & (flat_mm(GRID) < 68)].mean() == pytest.approx(0, abs=0.006)


def test_a_ball_keeps_its_place_and_size():
    centre = np.array([14.0, -9.0, 5.0])
    soft = np.clip(0.5 + (15 - np.linalg.norm(LONG.points_mm() - centre, axis=-1)) / 2.2, 0, 1)
    image = scanned((0.0206 * soft).astype(np.float32), LONG, helix())
    near = np.where(np.linalg.norm(GRID.points_mm() - centre, axis=-1) < 21, image, 0)
    place = (near[..., None] * GRID.points_mm()).sum(axis=(0, 1, 2)) / near.sum()
    np.testing.assert_allclose(place, centre, atol=0.1)
    assert near.sum() == pytest.approx(soft.sum(), rel=0.02)


def test_the_kernel_equals_its_reference():
    rng = np.random.default_rng(1)
    half, views, elements, rows, depth = 6, 20, 30, 5, 9
    angle = np.pi / half * np.arange(views)
    fan = np.linspace(-0.3, 0.3, elements)
    place = np.cos(angle), np.sin(angle), np.linspace(-3, 12, views)
    across = (-45.0, 3.0, fan, (100 * np.cos(fan), 1 / np.cos(fan)))
    x, y = np.linspace(-30, 30, 7), np.linspace(-25, 25, 6)
    data = rng.random((views, elements, rows)).astype(np.float32)
    fast, slow = np.empty((2, 7, 6, depth), np.float32)
    gaps, gaps_reference = np.zeros((2, 7, depth), np.int64)
    spiral(fast, data, place, half, x, y, across, 1.3, 90.0, 0.6, gaps)
    spiral_reference(slow, data, place, half, x, y, across, 1.3, 90.0, 0.6, gaps_reference)
    np.testing.assert_allclose(fast, slow, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(gaps, gaps_reference)


def test_any_number_of_threads_gives_the_same_bits():
    rays = np.random.default_rng(2).random((900, 100, 16)).astype(np.float32)
    many, threads = wfbp(rays, helix(), GRID), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = wfbp(rays, helix(), GRID)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one, many)


def test_what_cannot_be_reconstructed_says_what_would_do():
    rays = np.zeros((900, 100, 16), np.float32)
    with pytest.raises(RecipeError, match=r"does not show all of the slices from -99\.0 to 99\.0 mm"):
        wfbp(rays, helix(), LONG)
    with pytest.raises(RecipeError, match="lower pitch"):
        wfbp(rays, helix(pitch=3.5), GRID)
    with pytest.raises(RecipeError, match=r"179\.50 views in a turn; an even number"):
        wfbp(rays, replace(helix(), view_rad=np.arange(900) * 2 * np.pi / 179.5), GRID)
    with pytest.raises(SceneError, match="found rays of shape"):
        wfbp(rays[1:], helix(), GRID)
