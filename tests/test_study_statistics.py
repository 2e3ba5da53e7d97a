"""Intervals that hold what they promise, and a power law that is found again."""

import numpy as np
import pytest

from pipelines.learn.statistics import Interval, fit, interval, resampled_means, scaling
from simdata import Streams


def table(rng, mean, of_seed, of_image, left, shape=(3, 50)):
    """Scores of seeds (rows) and images (columns), whose deviations are known."""
    seeds, images = shape
    return mean + rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_image, (1, images)) + rng.normal(0, left, shape)


def test_equal_scores_leave_no_doubt(rng):
    assert interval(np.full((3, 20), 0.8), rng) == Interval(pytest.approx(0.8), pytest.approx(0.8), pytest.approx(0.8))


def test_an_interval_over_images_is_that_of_the_standard_error(rng):
    scores = rng.normal(0.8, 0.05, (1, 400))
    found = interval(scores, rng)
    assert found.mean == pytest.approx(scores.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * scores.std() / 20, rel=0.1)


@pytest.mark.parametrize("deviations", [(0.0, 0.05, 0.02), (0.02, 0.05, 0.02), (0.02, 0.0, 0.01)])
def test_an_interval_holds_the_truth_nineteen_times_in_twenty(rng, deviations):
    """With three seeds, of which a plain bootstrap would be far too sure."""
    held = 0
    for _ in range(80):
        found = interval(table(rng, 0.8, *deviations, shape=(3, 40)), rng)
        held += found.low <= 0.8 <= found.high
    assert held >= 0.9 * 80


def test_a_paired_difference_sees_what_two_intervals_hide(rng):
    one = table(rng, 0.8, 0, 0.08, 0.005)
    other = one + 0.01 + rng.normal(0, 0.005, one.shape)
    a, b = interval(one, rng), interval(other, rng)
    assert b.low < a.high, "apart they overlap"
    assert interval(other - one, rng).sign == 1
    assert interval(one - other, rng).sign == -1
    assert interval(one - one.mean(), rng).sign == 0


def test_all_arms_are_drawn_with_the_same_images_and_seeds(rng):
    scores = table(rng, 0.8, 0.02, 0.05, 0.02)
    one, other = resampled_means(np.stack([scores, scores + 0.1]), rng)
    np.testing.assert_allclose(other - one, 0.1)


@pytest.mark.parametrize(("scale", "exponent", "floor"), [(0.5, 0.5, 0.1), (0.3, 1.0, 0.0), (0.4, 0.2, 0.05)])
def test_a_power_law_is_found_again(scale, exponent, floor):
    counts = np.array([5.0, 10, 20, 40, 80, 160, 320])
    found = fit(counts, scale * counts**-exponent + floor)
    assert found.exponent == pytest.approx(exponent, rel=0.02)
    assert found.floor == pytest.approx(floor, abs=0.005)
    assert [found(n) for n in counts] == pytest.approx(scale * counts**-exponent + floor, abs=1e-3)


def test_no_law_has_less_than_no_error_and_more_images_never_harm_it():
    counts = np.array([5.0, 10, 20, 40])
    assert fit(counts, 0.5 - 0.1 * np.log(counts / 5)).floor == 0
    rising = fit(counts, np.array([0.1, 0.2, 0.3, 0.4]))
    assert (rising.scale, rising.floor) == (0, pytest.approx(0.25))


def test_the_exponent_of_a_noisy_curve_lies_in_its_interval():
    rng = Streams(3).generator
    counts = [5, 10, 20, 40, 80, 160]
    errors = np.stack([table(rng, 0.5 * n**-0.5 + 0.1, 0.003, 0.02, 0.005) for n in counts])
    found = scaling(counts, errors, rng)
    assert found.exponent.low <= 0.5 <= found.exponent.high
    assert found.floor.low <= 0.1 <= found.floor.high
    assert found.exponent.low < found.exponent.mean < found.exponent.high
    assert found.misfit < 0.01
    assert scaling(counts[:3], errors[:3], rng) is None, "three points fit any law"
