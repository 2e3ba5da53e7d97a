"""Reconstruction by iteration: what is consistent comes back, few views and photons do better than without."""

from functools import partial

import numba
import numpy as np
import pytest

from render.fdk import fdk
from render.iterative import ConjugateGradients, OrderedSubsets, TotalVariation
from render.kernels.variation import smooth, smooth_reference, variation
from render.projection import project
from render.views import Arc, Orbit, Panel, Views
from simdata import Grid, RecipeError, SceneError

GRID = Grid.regular((30, 30, 4), (3.4, 3.4, 4.0))


def orbit(views, arc_rad=2 * np.pi):
    panel = Panel(columns=48, rows=8, column_mm=4.0, row_mm=4.0)
    return Orbit(arc_rad * np.arange(views) / views, panel, 400.0, 600.0)


def chest(grid=GRID):
    """An ellipse of water with two lungs and a spine, in units of water."""
    x, y = (grid.points_mm()[..., axis] for axis in (0, 1))
    body = (np.hypot(x / 44, y / 36) < 1).astype(np.float32)
    for side in (-1, 1):
        body[np.hypot((x - 20 * side) / 14, (y - 4) / 20) < 1] = 0.3
    body[np.hypot(x, y + 20) < 9] = 1.5
    return body


def rays_of(volume, views, grid=GRID):
    return project(volume[..., None], grid, views)[..., 0]


def rmse(image, truth):
    return float(np.sqrt(((image - truth) ** 2).mean()))


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (OrderedSubsets(subsets=1, iterations=80), 0.08),
        (OrderedSubsets(subsets=10, iterations=20), 0.03),
        (OrderedSubsets(subsets=60, iterations=8), 0.03),
        (ConjugateGradients(iterations=25), 0.03),
        (TotalVariation(iterations=15, strength=5e-5), 0.03),
    ],
    ids=["SIRT", "OS-SART", "SART", "CGLS", "TV"],
)
def test_what_is_consistent_converges_to_the_object(part, error):
    """Nearer with more iterations, and there in the end."""
    views, truth = orbit(60).views, chest()
    rays = rays_of(truth, views)
    soon = type(part)(**{**vars(part), "iterations": max(part.iterations // 5, 1)})(rays, views, GRID)
    late = part(rays, views, GRID)
    assert rmse(late, truth) < min(error, 0.8 * rmse(soon, truth))
    assert rmse(rays_of(late, views), rays) < 0.01 * rays.max()


def dense(views, grid):
    """The projector as a matrix."""
    count = int(np.prod(grid.shape))
    columns = [rays_of(np.eye(1, count, n, dtype=np.float32).reshape(grid.shape), views, grid) for n in range(count)]
    return np.stack(columns, axis=-1).reshape(-1, count).astype(float)


def test_conjugate_gradients_find_the_least_squares():
    """Of noisy rays that no volume casts, weighted: as a dense solver does."""
    grid, rng = Grid.regular((5, 5, 2), (16.0, 16.0, 12.0)), np.random.default_rng(1)
    views = orbit(12).views
    rays = rng.random((12, 48, 8)).astype(np.float32)
    weights = rng.uniform(0.2, 1, rays.shape).astype(np.float32)
    matrix, root = dense(views, grid), np.sqrt(weights.reshape(-1, 1).astype(float))
    truth = np.linalg.lstsq(root * matrix, root[:, 0] * rays.reshape(-1), rcond=None)[0].reshape(grid.shape)
    found = ConjugateGradients(iterations=60)(rays, views, grid, weights)
    np.testing.assert_allclose(found, truth, atol=2e-4 * np.abs(truth).max())


def test_sirt_ends_where_no_direction_fits_better():
    """With photons as weights: at a least of the weighted squares among volumes from 0 on, where of every voxel the
    slope, a difference quotient of the squares, is 0, or upwards at the bound."""
    grid, rng = Grid.regular((4, 4, 1), (20.0, 20.0, 20.0)), np.random.default_rng(2)
    views = orbit(16).views
    rays = rng.normal(0.2, 2, (16, 48, 8)).astype(np.float32)
    weights = rng.uniform(10, 1000, rays.shape).astype(np.float32)
    found = OrderedSubsets(subsets=1, iterations=400)(rays, views, grid, weights).reshape(-1).astype(float)
    matrix = dense(views, grid)

    def squares(volume):
        return (weights.reshape(-1) * (rays.reshape(-1) - matrix @ volume) ** 2).sum() / 2

    small = 1e-3 * np.abs(found).max()
    ways = np.eye(16) * small
    slope = np.array([(squares(found + way) - squares(found - way)) / (2 * small) for way in ways])
    scale = np.abs(matrix.T @ (weights.reshape(-1) * rays.reshape(-1))).max()
    inside = found > 1e-4 * found.max()
    assert inside.any()
    assert not inside.all()
    np.testing.assert_allclose(slope[inside] / scale, 0, atol=2e-4)
    assert (slope[~inside] / scale > -2e-4).all()


def test_few_views_by_total_variation_are_five_times_as_good_as_fdk():
    scan, truth = orbit(20), chest()
    rays = rays_of(truth, scan.views)
    middle = (slice(None), slice(None), slice(1, 3))
    analytic = rmse(fdk(rays, scan, GRID, "hann")[middle], truth[middle])
    image = TotalVariation(iterations=25, subsets=20, strength=3e-4)(rays, scan.views, GRID)
    assert rmse(image[middle], truth[middle]) < analytic / 5


@pytest.mark.slow
def test_a_third_of_a_turn_is_better_with_total_variation_than_without():
    views, truth = orbit(40, arc_rad=np.radians(120)).views, chest()
    rays = rays_of(truth, views)
    without, with_it = (
        OrderedSubsets(iterations=25, subsets=40),
        TotalVariation(iterations=25, subsets=40, strength=1e-4),
    )
    assert rmse(with_it(rays, views, GRID), truth) < 0.8 * rmse(without(rays, views, GRID), truth)


def test_a_helix_is_a_path_like_any_other():
    grid = Grid.regular((32, 32, 12), (3.0, 3.0, 3.0))
    view = np.arange(160) - 79.5
    turns = view / 40
    helix = Orbit(2 * np.pi * turns, Arc(columns=60, rows=8, column_mm=3.0, row_mm=3.0), 400.0, 600.0, 12.0 * turns)
    truth = chest(grid) * (np.abs(grid.points_mm()[..., 2]) < 10)
    image = OrderedSubsets(iterations=12)(rays_of(truth, helix.views, grid), helix.views, grid)
    assert rmse(image, truth) < 0.04


def noisy(truth, views, photons, mu=0.02):
    """Line integrals of `photons` an element in air, and the photons that arrive; `truth` is water times `mu` a mm."""
    counted = np.maximum(np.random.default_rng(3).poisson(photons * np.exp(-mu * rays_of(truth, views))), 1)
    return (np.log(photons / counted) / mu).astype(np.float32), counted.astype(np.float32)


def test_photons_as_weights_help_a_low_dose():
    """Along the arms hardly a photon arrives: rays that saw many lead. Gauss and Markov: no other weights do better."""
    grid = Grid.regular((12, 12, 1), (8.0, 8.0, 12.0))
    x, y = grid.points_mm()[..., 0], grid.points_mm()[..., 1]
    truth = ((np.abs(x) < 44) & (np.abs(y) < 20)).astype(np.float32) + 12 * ((np.abs(x) > 36) & (np.abs(y) < 9))
    views = orbit(60).views
    mu, photons = 0.02, 1e5
    path = rays_of(truth.astype(np.float32), views, grid)
    counted = np.random.default_rng(3).poisson(photons * np.exp(-mu * path)).clip(1).astype(np.float32)
    rays = np.log(photons / counted) / np.float32(mu)
    even, weighted = (ConjugateGradients(iterations=30)(rays, views, grid, weights) for weights in (None, counted))
    assert rmse(weighted, truth) < 0.8 * rmse(even, truth)


def test_more_strength_leaves_less_noise():
    truth, views = chest(), orbit(90).views
    rays, counted = noisy(truth, views, 500)
    flat = (np.abs(GRID.points_mm()[..., 0]) < 4) & (np.abs(GRID.points_mm()[..., 1] - 22) < 8)
    noise = [
        TotalVariation(iterations=6, strength=strength)(rays, views, GRID, counted)[flat].std()
        for strength in (0.0001, 0.001, 0.004)
    ]
    assert noise[0] > 1.5 * noise[1] > 2.25 * noise[2]


def test_a_step_keeps_its_edge_and_its_sides_approach():
    """Each side moves by strength / its width: what Strong and Chan 2003 (Inverse Probl 19:S165) derive."""
    image = np.zeros((10, 4, 3), np.float32)
    image[6:] = 1
    out, dual = np.empty_like(image), np.zeros((3, *image.shape), np.float32)
    smooth(image, np.ones_like(image), dual, (1.0, 1.0, 1.0), 0.6, -1.0, 3000, out)
    np.testing.assert_allclose(out[:6], 0.6 / 6, atol=2e-3)
    np.testing.assert_allclose(out[6:], 1 - 0.6 / 4, atol=2e-3)


def test_fast_smoothing_equals_its_reference_and_lessens_what_it_should():
    rng = np.random.default_rng(4)
    image = rng.normal(0.2, 1, (7, 6, 5)).astype(np.float32)
    firmness = rng.uniform(0.2, 2, image.shape).astype(np.float32)
    start = np.zeros((3, *image.shape), np.float32)
    per_axis, strength, least = (1.0, 1.0, 0.4), 0.3, -0.5

    def cost(u):
        return (firmness * (u - image) ** 2).sum() / 2 + strength * variation(u, per_axis)

    costs = [cost(np.maximum(image, least))]
    for steps in (1, 10, 200):
        out, dual = np.empty_like(image), start.copy()
        smooth(image, firmness, dual, per_axis, strength, least, steps, out)
        reference, dual_reference = smooth_reference(image, firmness, start, per_axis, strength, least, steps)
        np.testing.assert_allclose(out, reference, atol=1e-5)
        np.testing.assert_allclose(dual, dual_reference, atol=1e-5)
        assert out.min() >= least
        costs.append(cost(out))
    assert costs == sorted(costs, reverse=True)
    others = np.maximum(out + rng.normal(0, 0.01, (50, *image.shape)), least)
    assert costs[-1] < min(cost(other) for other in others)


def test_values_stay_above_the_least():
    views, truth = orbit(20).views, chest()
    rays = rays_of(truth, views) + np.random.default_rng(5).normal(0, 5, (20, 48, 8)).astype(np.float32)
    for part in (OrderedSubsets(iterations=2), TotalVariation(iterations=2)):
        assert part(rays, views, GRID).min() == 0
    assert OrderedSubsets(iterations=2, least=-10.0)(rays, views, GRID).min() < -0.01


def test_a_start_near_the_end_gets_there_sooner_and_progress_is_told():
    scan, truth, told = orbit(60), chest(), []
    rays = rays_of(truth, scan.views)
    run = partial(OrderedSubsets(iterations=2), rays, scan.views, GRID)
    near = run(start=fdk(rays, scan, GRID, "hann"), progress=lambda *done: told.append(done))
    assert rmse(near, truth) < rmse(run(), truth)
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("part", [OrderedSubsets(iterations=2), TotalVariation(iterations=2), ConjugateGradients()])
def test_any_number_of_threads_gives_the_same_bits(part):
    views = orbit(20).views
    rays = rays_of(chest(), views)
    many, threads = part(rays, views, GRID), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = part(rays, views, GRID)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one, many)


def test_what_cannot_be_iterated_says_what_would_do():
    views: Views = orbit(20).views
    rays = np.ones((20, 48, 8), np.float32)
    with pytest.raises(SceneError, match=r"OrderedSubsets: found rays of shape \(19, 48, 8\); \(20, 48, 8\) would do"):
        OrderedSubsets()(rays[1:], views, GRID)
    with pytest.raises(SceneError, match=r"TotalVariation: found start of shape \(2, 2, 2\); \(30, 30, 4\) would do"):
        TotalVariation()(rays, views, GRID, start=np.zeros((2, 2, 2), np.float32))
    with pytest.raises(SceneError, match="negative, not finite or all 0; photons would do"):
        ConjugateGradients()(rays, views, GRID, -rays)
    with pytest.raises(RecipeError, match="OrderedSubsets: found 30 subsets of 20 views"):
        OrderedSubsets(subsets=30)(rays, views, GRID)
