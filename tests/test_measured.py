"""What voxels measure is what a ruler would find."""

import numpy as np
import pytest

from simdata import Grid
from simdata.measured import axial_diameters_mm, measured

GRID = Grid.regular((90, 80, 12), (0.5, 0.6, 3.0))


def _ellipse(a_mm: float, b_mm: float, turn_deg: float = 0.0) -> np.ndarray:
    turn = np.radians(turn_deg)
    x, y, z = np.moveaxis(GRID.points_mm(), -1, 0)
    along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    return np.argwhere((along / a_mm) ** 2 + (across / b_mm) ** 2 + (z / 10) ** 2 < 1)


@pytest.mark.parametrize("turn_deg", [0, 20, 45, 77, 90])
def test_diameters_of_an_ellipse_however_it_lies(turn_deg):
    long_mm, short_mm = axial_diameters_mm(_ellipse(16, 7, turn_deg), GRID)
    shrunk = np.sqrt(1 - 0.15**2)
    assert long_mm == pytest.approx(32 * shrunk, abs=0.6)
    assert short_mm == pytest.approx(14 * shrunk, abs=0.7)


def test_one_voxel_is_as_wide_as_it_is():
    assert axial_diameters_mm(np.array([[4, 5, 6]]), GRID) == pytest.approx((0.6, 0.5))


def test_the_short_one_lies_across_the_long_one_in_its_slice():
    column = np.array([[x, 20, 3] for x in range(40)] + [[10, y, 7] for y in range(30)])
    assert axial_diameters_mm(column, GRID) == pytest.approx((20.0, 0.6), abs=0.05)


def test_a_bay_does_not_shorten_a_diameter():
    ring = np.argwhere(np.abs(np.hypot(*np.moveaxis(GRID.points_mm()[..., :2], -1, 0)) - 12) < 1)
    long_mm, short_mm = axial_diameters_mm(ring, GRID)
    assert (long_mm, short_mm) == (pytest.approx(26, abs=0.8), pytest.approx(26, abs=0.8))


def test_a_sheared_grid_measures_the_same():
    affine = np.array([[1.0, 0.5, 0, 0], [0, 1.0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    grid = Grid((60, 60, 3), affine)
    x, y = np.moveaxis(grid.points_mm()[..., :2], -1, 0)
    disc = np.argwhere(np.hypot(x - 45, y - 30) < 12)
    assert axial_diameters_mm(disc, grid) == pytest.approx((24, 24), abs=1.2)


def test_middle_extent_and_volume_are_of_the_voxels():
    found = measured(
        np.array([[0, 0, 0], [1, 0, 0]]), GRID, "dot", 30001, "liver", "a dot", attributes={"form": "flat"}
    )
    assert found.extent_mm == pytest.approx((1.0, 0.6, 3.0))
    assert found.volume_mm3 == pytest.approx(2 * 0.9)
    assert found.centre_mm == pytest.approx(GRID.world_mm(np.array([0.5, 0, 0])))
    assert found.attributes == {"form": "flat"}
