"""What is turned, bored and milled fills its volume, however the voxels lie and however thin it is."""

import numpy as np
import pytest

from phantoms.qa.inserts import Insert, assembled
from phantoms.qa.sections import Bored, Disc, Joined, Polygon, Rectangle
from phantoms.qa.shapes import Along, Ball
from simdata import Grid
from simdata.tissues import tissues

GRID = Grid.regular((40, 44, 36), (1.0, 0.8, 1.7), (0.3, -0.2, 0.4))


def filled_mm3(shape, grid=GRID):
    return shape.filled(grid)[1].sum(dtype=float) * grid.voxel_mm3


SHAPES = {
    "rod": Along(Disc((1.3, -2.2), 6.1), (-9.3, 11.4)),
    "wire along x": Along(Disc((1.3, -2.2), 0.14), (-9.3, 11.4), axis=0),
    "thin plate": Along(Rectangle((0.1, 0.2), (20.3, 17.7)), (2.03, 2.1)),
    "turned bar": Along(Rectangle((0.1, 0.2), (20.3, 0.7), 31.0), (-8.0, 8.5), axis=1),
    "wedge": Along(Polygon(((-12.0, -5.0), (12.0, -5.0), (12.0, -2.6))), (-3.0, 4.4), axis=0),
    "bored plate": Along(Bored(Disc((0.0, 0.0), 14.0), (Disc((3.0, 2.0), 2.5), Disc((-6.0, 0.0), 0.7))), (-0.1, 0.13)),
    "half moon": Along(
        Joined((Disc((0.0, 0.0), 5.0), Rectangle((0.0, -4.0), (10.0, 8.0))), np.pi * 12.5 + 80), (-7.0, 7.0)
    ),
    "ball": Ball((2.2, -1.7, 0.4), (6.5, 6.5, 6.5)),
    "bead": Ball((2.2, -1.7, 0.4), (0.14, 0.14, 0.14)),
    "turned ellipsoid": Ball((1.0, 1.0, -1.0), (12.0, 4.0, 7.0), (30.0, 50.0, -20.0)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_fills_its_volume(name):
    shape = SHAPES[name]
    assert filled_mm3(shape) == pytest.approx(shape.volume_mm3, rel=0.01)


@pytest.mark.parametrize("name", SHAPES)
def test_its_shares_lie_where_it_says(name):
    shape = SHAPES[name]
    block, filled = shape.filled(GRID)
    at = GRID.points_mm()[block]
    assert filled.min() >= 0
    assert filled.max() <= 1
    for axis in range(3):
        reach = GRID.spacing_mm[axis] / 2 + 1e-6
        assert at[filled > 0][:, axis].min() >= shape.bounds_mm[0][axis] - reach
        assert at[filled > 0][:, axis].max() <= shape.bounds_mm[1][axis] + reach


def test_a_turned_ellipsoid_is_as_wide_as_its_bounds_say():
    ball = SHAPES["turned ellipsoid"]
    unit = np.random.default_rng(1).normal(size=(20000, 3))
    surface = ball.at_mm + (unit / np.linalg.norm(unit, axis=1)[:, None] * ball.half_axes_mm) @ ball.turn.T
    np.testing.assert_allclose(ball.depth_mm(surface), 0, atol=1e-9)
    np.testing.assert_allclose([surface.min(axis=0), surface.max(axis=0)], ball.bounds_mm, atol=0.05)


def test_depth_never_says_more_than_the_way_to_the_edge():
    """Or a voxel on the edge would be taken for a full one."""
    rng = np.random.default_rng(2)
    points = rng.uniform(-20, 20, (4000, 2))
    steps = rng.normal(size=(4000, 2))
    for shape in SHAPES.values():
        if isinstance(shape, Along):
            one, other = (shape.section.depth_mm(*p.T) for p in (points, points + steps))
            assert (np.abs(one - other) <= np.linalg.norm(steps, axis=1) + 1e-9).all()


def test_a_density_at_a_boundary_is_that_of_what_lies_there():
    """Air weighs nothing; between two densities of one tissue lies their mean by share."""
    body = Insert(name="body", shapes=(Along(Rectangle((0.0, 0.0), (10.5, 20.0)), (-50.0, 50.0)),), tissue="water",
                  density=1.1)  # fmt: skip
    rod = Insert(name="rod", shapes=(Along(Rectangle((0.0, 0.0), (4.5, 20.0)), (-50.0, 50.0)),), tissue="water",
                 density=1.3, kind="rod")  # fmt: skip
    scene = assembled(Grid.regular((20, 1, 1), 1.0), (body, rod))
    column = {name: float(name != "air") for name in tissues()}
    mass = (scene.field(column) * scene.fields["density"])[:, 0, 0]
    assert mass.sum() == pytest.approx(10.5 * 1.1 + 4.5 * 0.2, rel=0.003)
    assert scene.fields["density"][4, 0, 0] == pytest.approx(1.1)
    assert [f.kind for f in scene.findings] == ["rod"]
    assert scene.latents["cut_off"] == pytest.approx(1 - 10.5 / (10.5 * 20 * 100), abs=1e-3)
