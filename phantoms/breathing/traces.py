"""How deep a chest breathes over time: regular, irregular, or as somebody has measured it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MinLen
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from simdata import Part, RecipeError

KNOTS = 48
"""Of one regular breath."""
HICCUP_S, HICCUP = 0.35, 0.5
"""How long a hiccup lasts, and how deep it is."""


class Course(NamedTuple):
    """Depth over time, as share of a usual breath, 0 where the patient was built. period_s: 0 if it does not repeat."""

    times_s: tuple[float, ...]
    shares: tuple[float, ...]
    period_s: float

    def at(self, t_s: float) -> tuple[float, float]:
        """The share at a time, and how fast it grows, 1/s; before the first and after the last knot it stays."""
        curve, slope, first, last = _curve(self)
        if self.period_s:
            t_s = first + (t_s - first) % self.period_s
        inside = first <= t_s <= last
        t_s = min(max(t_s, first), last)
        return float(curve(t_s)), float(slope(t_s)) if inside else 0.0


@dataclass(frozen=True, kw_only=True)
class Trace(Part, ABC):
    """A way to breathe."""

    @abstractmethod
    def course(self, rng: Generator) -> Course:
        """The depth over time."""


@dataclass(frozen=True, kw_only=True)
class Regular(Trace):
    """Breath after breath the same: sin^(2 power), up in `inhaling` of the period, down in the rest.

    Lujan, Med Phys 1999;26:715 has cos^(2n) with n from 1 to 3, here with the faster way in of XCAT (0.4 of 5 s).
    start: share of the period that has passed at 0 s.
    """

    period_s: Annotated[float, Gt(0)] = 5.0
    inhaling: Annotated[float, Gt(0), Lt(1)] = 0.4
    power: Annotated[float, Ge(1), Le(6)] = 2.0
    start: Annotated[float, Ge(0), Lt(1)] = 0.0

    def course(self, rng: Generator) -> Course:
        u = np.linspace(0, 1, KNOTS + 1)
        part = np.where(u < self.inhaling, u / self.inhaling, (1 - u) / (1 - self.inhaling))
        shares = np.sin(np.pi / 2 * part) ** (2 * self.power)
        times = (u - self.start) * self.period_s
        return Course(tuple(times.tolist()), tuple(shares.round(6).tolist()), self.period_s)


@dataclass(frozen=True, kw_only=True)
class Irregular(Trace):
    """No two breaths alike: depth and length vary, the level drifts, and now and then comes a hiccup or a held breath.

    lasting_s: so long; then the patient stays breathed out. period_s: of a breath on average; period_spread,
    depth_spread: coefficients of variation (Seppenwoolde 2002, Int J Radiat Oncol Biol Phys 53:822, and McClelland
    2013, Med Image Anal 17:19, tell of 10 to 30 %; from memory). drift: standard deviation of the level at which
    breaths end, in depths of a usual one. hiccups, holds: share of breaths with one; hold_s: how long a breath is held.
    """

    lasting_s: Annotated[float, Gt(0), Le(3600)] = 60.0
    period_s: Annotated[float, Gt(0)] = 4.5
    period_spread: Annotated[float, Ge(0), Le(0.5)] = 0.15
    depth_spread: Annotated[float, Ge(0), Le(0.5)] = 0.2
    drift: Annotated[float, Ge(0), Le(0.3)] = 0.05
    hiccups: Annotated[float, Ge(0), Le(1)] = 0.02
    holds: Annotated[float, Ge(0), Le(1)] = 0.02
    hold_s: Annotated[float, Ge(0)] = 5.0
    inhaling: Annotated[float, Gt(0), Lt(1)] = 0.4
    power: Annotated[float, Ge(1), Le(6)] = 2.0

    def course(self, rng: Generator) -> Course:
        times, shares, level = [0.0], [0.0], 0.0
        while times[-1] < self.lasting_s:
            length_s = self.period_s * float(np.exp(self.period_spread * rng.normal()))
            depth = max(0.1, 1 + self.depth_spread * float(rng.normal()))
            after = max(0.0, 0.7 * level + 0.7 * self.drift * float(rng.normal()))
            hold_s = self.hold_s if rng.random() < self.holds else 0.0
            hiccup = rng.random() < self.hiccups
            u = np.linspace(0, 1, 13)[1:]
            rise = np.sin(np.pi / 2 * u) ** (2 * self.power)
            times += (times[-1] + self.inhaling * length_s * u).tolist()
            shares += (level + (depth - level) * rise).tolist()
            if hold_s:
                times.append(times[-1] + hold_s)
                shares.append(shares[-1])
            times += (times[-1] + (1 - self.inhaling) * length_s * u).tolist()
            shares += (after + (depth - after) * np.cos(np.pi / 2 * u) ** (2 * self.power)).tolist()
            level = after
            if hiccup:
                times += [times[-1] + share * HICCUP_S for share in (0.3, 1.0)]
                shares += [level + HICCUP, level]
        return Course(tuple(np.round(times, 4).tolist()), tuple(np.round(shares, 5).tolist()), 0.0)


@dataclass(frozen=True, kw_only=True)
class Given(Trace):
    """As measured: `shares` of a usual breath at `times_s`, between them smoothly and without overshoot.

    repeats: from the last time on as from the first. Raises RecipeError if times do not grow, if there are not as many
    shares, or if a trace that repeats does not end where it began.
    """

    times_s: Annotated[tuple[float, ...], MinLen(2)] = (0.0, 2.0, 5.0)
    shares: Annotated[tuple[float, ...], MinLen(2)] = (0.0, 1.0, 0.0)
    repeats: bool = True

    def __post_init__(self) -> None:
        if len(self.times_s) != len(self.shares):
            raise RecipeError(
                f"Given: found {len(self.times_s)} times and {len(self.shares)} shares; one for each time would do"
            )
        back = [n for n in range(1, len(self.times_s)) if self.times_s[n] <= self.times_s[n - 1]]
        if back:
            n = back[0]
            raise RecipeError(
                f"Given.times_s: found {self.times_s[n]:g} s after {self.times_s[n - 1]:g} s (number {n + 1}); times "
                "that grow would do"
            )
        if self.repeats and self.shares[0] != self.shares[-1]:
            raise RecipeError(
                f"Given: a trace that repeats begins with {self.shares[0]:g} and ends with {self.shares[-1]:g}; the "
                "same share, or repeats: false, would do"
            )

    def course(self, rng: Generator) -> Course:
        period_s = self.times_s[-1] - self.times_s[0] if self.repeats else 0.0
        return Course(self.times_s, self.shares, period_s)


@lru_cache(maxsize=8)
def _curve(course: Course):
    """Monotone cubics through the knots (Fritsch and Carlson 1980), and their slope; smooth where they repeat."""
    times, shares = np.array(course.times_s), np.array(course.shares)
    first, last = times[0], times[-1]
    if course.period_s:
        times, shares = _wrapped(times, course.period_s), np.concatenate([shares[-3:-1], shares, shares[1:3]])
    curve = PchipInterpolator(times, shares)
    return curve, curve.derivative(), float(first), float(last)


def _wrapped(times, period_s: float) -> ndarray:
    return np.concatenate([times[-3:-1] - period_s, times, times[1:3] + period_s])
