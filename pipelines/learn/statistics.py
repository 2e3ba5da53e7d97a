"""How sure a mean over images and seeds is: bootstrap intervals, and the power law of a scaling curve."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.stats import norm, t

ROUNDS = 2000
"""Of a bootstrap."""
INSIDE = (2.5, 97.5)
"""Percentiles between which 95 % lie."""
EXPONENTS = np.geomspace(0.02, 4.0, 400)
"""Those that are tried, 1.3 % apart."""
FEWEST_POINTS = 4
"""Of a curve: a power law has three numbers."""


@dataclass(frozen=True)
class Interval:
    """mean: what was found. low, high: 95 % of what other images and seeds of the same kinds would have given."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 if all of it lies above 0, -1 below, 0 if 0 is inside."""
        return int(self.low > 0) - int(self.high < 0)

    def clipped(self, low: float, high: float) -> "Interval":
        """What of it is possible, for a measure that never leaves these ends."""
        return Interval(self.mean, max(self.low, low), min(self.high, high))

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class PowerLaw:
    """error = scale * n**-exponent + floor, none of them below 0 (Hestness 2017 without floor, Rosenfeld 2020 with)."""

    scale: float
    exponent: float
    floor: float

    def __call__(self, n: float) -> float:
        return self.scale * n**-self.exponent + self.floor


@dataclass(frozen=True)
class Scaling:
    """law: that of the means. exponent, floor: with what they could be as well. misfit: root mean square."""

    law: PowerLaw
    exponent: Interval
    floor: Interval
    misfit: float


def interval(scores: Float[ndarray, "seeds images"], rng: Generator) -> Interval:
    """The mean of a table of scores, and its 95 % interval over images and seeds.

    Of a paired difference: the difference of two tables with the same images and seeds, row by row.
    """
    low, high = np.percentile(resampled_means(scores[None], rng), INSIDE)
    return Interval(float(scores.mean()), float(low), float(high))


def resampled_means(
    scores: Float[ndarray, "arms seeds images"], rng: Generator, rounds: int = ROUNDS
) -> Float[ndarray, "arms rounds"]:
    """Means of tables drawn from these: seeds with replacement, images with replacement, the same for every arm.

    The pigeonhole bootstrap of crossed factors (Owen 2007), its deviations widened by `widening`, since three seeds
    drawn from three know little of others. One seed says nothing about others: then the interval is that of images.
    """
    of_seeds, of_images = (rng.multinomial(n, np.full(n, 1 / n), rounds) / n for n in scores.shape[1:])
    drawn = np.einsum("rs,asi,ri->ar", of_seeds, scores, of_images, optimize=True)
    middle = scores.mean(axis=(1, 2))[:, None]
    wider = np.array([widening(table, deviation) for table, deviation in zip(scores, drawn.std(axis=1), strict=True)])
    return middle + wider[:, None] * (drawn - middle)


def widening(scores: Float[ndarray, "seeds images"], deviation: float) -> float:
    """By what deviations of bootstrapped means are too small: t s / (z deviation).

    s^2 = var(means of seeds) / seeds + var(means of images) / images, both unbiased; t is Student's, with the degrees
    of freedom of such a sum (Satterthwaite 1946).
    """
    parts, free = np.zeros(2), np.ones(2)
    for axis, n in enumerate(scores.shape):
        if n > 1:
            parts[axis], free[axis] = scores.mean(axis=1 - axis).var(ddof=1) / n, n - 1
    if not parts.sum() or not deviation:
        return 1.0
    freedom = parts.sum() ** 2 / (parts**2 / free).sum()
    ends = t.ppf(INSIDE[1] / 100, freedom) / norm.ppf(INSIDE[1] / 100)
    return float(ends * np.sqrt(parts.sum()) / deviation)


def scaling(counts: Sequence[float], errors: Float[ndarray, "counts seeds images"], rng: Generator) -> Scaling | None:
    """The power law of errors over counts, its uncertainty from tables drawn anew; None of too few counts."""
    if len(set(counts)) < FEWEST_POINTS:
        return None
    n, means = np.asarray(counts, float), errors.mean(axis=(1, 2))
    law = fit(n, means)
    others = [fit(n, drawn) for drawn in resampled_means(errors, rng, ROUNDS // 5).T]
    exponent, floor = (
        Interval(getattr(law, name), *map(float, np.percentile([getattr(one, name) for one in others], INSIDE)))
        for name in ("exponent", "floor")
    )
    left = means - np.array([law(count) for count in counts])
    return Scaling(law, exponent, floor, float(np.sqrt((left**2).mean())))


def fit(counts: Float[ndarray, " n"], errors: Float[ndarray, " n"]) -> PowerLaw:
    """The law with the least squares: for every exponent the best scale and floor are known, so all are tried."""
    shapes = counts[None] ** -EXPONENTS[:, None]
    centred = shapes - shapes.mean(axis=1, keepdims=True)
    scale = centred @ (errors - errors.mean()) / (centred**2).sum(axis=1)
    floor = errors.mean() - scale * shapes.mean(axis=1)
    through_zero = shapes @ errors / (shapes**2).sum(axis=1)
    scale, floor = np.where(floor < 0, through_zero, scale), np.maximum(floor, 0)
    flat = scale < 0
    scale, floor = np.where(flat, 0, scale), np.where(flat, errors.mean(), floor)
    left = ((scale[:, None] * shapes + floor[:, None] - errors) ** 2).sum(axis=1)
    best = int(np.argmin(left))
    return PowerLaw(float(scale[best]), float(EXPONENTS[best]), float(floor[best]))
