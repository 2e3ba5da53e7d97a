"""Noise: the right distribution, element by element, whatever the number of threads."""

import numpy as np
import pytest
from scipy import stats
from threads import one_thread

from render.effects import ElectronicNoise, QuantumNoise, ThermalNoise
from render.kernels.noise import add_complex_gaussian, add_gaussian, pair, poisson
from simdata import Grid, Raw, Streams

KEY = np.array([20, 25], np.uint32)
GRID = Grid.regular((4, 4, 4))


def counts(mean, n=200_000):
    out = np.empty(n, np.float32)
    poisson(np.full(n, mean, np.float32), KEY, out)
    return out.astype(float)


@pytest.mark.parametrize("mean", [0.02, 0.7, 3, 9.5, 10.5, 40, 1e3, 1e5, 1e7])
def test_poisson_variance_is_its_mean(mean):
    n = 200_000
    drawn = counts(mean, n)
    assert drawn.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / n))
    assert drawn.var() == pytest.approx(mean, rel=5 * np.sqrt((2 + 1 / mean) / n))


@pytest.mark.parametrize("mean", [0.7, 6, 10.5, 30])
def test_every_count_is_as_frequent_as_poisson_says(mean):
    drawn = counts(mean).astype(int)
    values = np.flatnonzero(stats.poisson.pmf(np.arange(200), mean) * len(drawn) > 10)
    expected = stats.poisson.pmf(values, mean) * len(drawn)
    observed = np.bincount(drawn, minlength=200)[values]
    assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(values) - 1) > 1e-3


def test_small_means_are_inverted_exactly():
    mean = np.linspace(0.1, 9.9, 500).astype(np.float32)
    drawn = np.empty_like(mean)
    poisson(mean, KEY, drawn)
    uniform = [pair(i, 0, *KEY)[0] for i in range(len(mean))]
    np.testing.assert_array_equal(drawn, stats.poisson.ppf(uniform, mean.astype(float)))


def test_no_light_no_counts():
    assert not counts(0.0, 100).any()


def test_gaussian_noise_is_normal_and_its_parts_independent():
    drawn = np.empty(200_000, np.complex64)
    add_complex_gaussian(np.zeros_like(drawn), 2.0, KEY, drawn)
    assert stats.kstest(drawn.real / 2, "norm").pvalue > 1e-3
    assert stats.kstest(drawn.imag / 2, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(drawn.real, drawn.imag)[0, 1]) < 0.01

    read = np.empty(100_001, np.float32)
    add_gaussian(np.full_like(read, 7), 3.0, KEY, read)
    assert stats.kstest((read - 7) / 3, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(read[:-1], read[1:])[0, 1]) < 0.015


def test_uniform_numbers_are_those_of_box_and_muller():
    drawn = np.empty(50, np.complex64)
    add_complex_gaussian(np.zeros_like(drawn), 1.0, KEY, drawn)
    u, v = np.array([pair(i, 0, *KEY) for i in range(50)]).T
    np.testing.assert_allclose(drawn, np.sqrt(-2 * np.log(u)) * np.exp(2j * np.pi * v), rtol=1e-5)


@pytest.mark.parametrize("effect", [QuantumNoise(), ElectronicNoise(), ThermalNoise()])
def test_noise_depends_on_the_stream_alone(effect):
    raw = Raw(np.full((8, 9, 11), 30, np.float32), GRID, unit="photons")
    once = effect(raw, Streams(1)["scan"].generator).data
    again = effect(raw, Streams(1)["scan"].generator).data
    other = effect(raw, Streams(2)["scan"].generator).data
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    assert (raw.data == 30).all()


@pytest.mark.parametrize("effect", [QuantumNoise(), ElectronicNoise(), ThermalNoise()])
def test_noise_is_the_same_on_any_number_of_threads(effect):
    raw = Raw(np.linspace(0, 60, 10_001, dtype=np.float32), GRID, unit="photons")
    many = effect(raw, Streams(1).generator).data
    with one_thread():
        one = effect(raw, Streams(1).generator).data
    np.testing.assert_array_equal(one, many)


def test_electronic_noise_is_counted_in_electrons():
    raw = Raw(np.zeros(50_000, np.float32), GRID, unit="photons")
    read = ElectronicNoise(electrons=3000, electrons_per_photon=1000)(raw, Streams(1).generator).data
    assert read.std() == pytest.approx(3, rel=0.02)
