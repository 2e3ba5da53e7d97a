import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdata import Grid, SceneError


def test_a_regular_grid_is_centred():
    grid = Grid.regular((4, 5, 6), (1.0, 2.0, 3.0), centre_mm=(10, 20, 30))
    assert np.allclose(grid.points_mm().reshape(-1, 3).mean(0), (10, 20, 30))
    assert grid.spacing_mm == (1.0, 2.0, 3.0)
    assert grid.voxel_mm3 == pytest.approx(6)


@given(st.tuples(*[st.floats(-100, 100)] * 3))
def test_index_undoes_world(point):
    affine = np.array([[0, 0, -2.0, 5], [1.5, 0.2, 0, 6], [0, 1.0, 0, 7], [0, 0, 0, 1]])
    grid = Grid((3, 4, 5), affine)
    assert np.allclose(grid.world_mm(grid.index(np.array(point))), point)


def test_a_crop_keeps_every_voxel_where_it_was():
    grid = Grid.regular((8, 8, 8), 2.0)
    assert np.allclose(grid.crop((2, 3, 4), (3, 3, 3)).world_mm(np.zeros(3)), grid.world_mm(np.array([2.0, 3, 4])))


@pytest.mark.parametrize(
    ("shape", "affine", "said"),
    [
        ((4, 0, 4), np.eye(4), "at least 1"),
        ((4, 4, 4), np.diag([1.0, 1, 0, 1]), "singular"),
        ((4, 4, 4), np.full((4, 4), np.nan), "finite"),
        ((4, 4, 4), np.eye(4) + np.eye(4)[::-1], "last row"),
    ],
)
def test_an_impossible_grid_is_refused(shape, affine, said):
    with pytest.raises(SceneError, match=said):
        Grid(shape, affine)


def test_grids_compare_by_value():
    assert Grid.regular((2, 2, 2)) == Grid.regular((2, 2, 2))
    assert len({Grid.regular((2, 2, 2)), Grid.regular((2, 2, 2)), Grid.regular((2, 2, 3))}) == 2
