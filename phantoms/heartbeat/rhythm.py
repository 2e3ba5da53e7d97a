"""When a heart beats, and how much of its stroke it has thrown out at any time."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

SYSTOLE_S, SYSTOLE_S_BPM = 0.546, 0.0021
"""From the first heart sound to the second: 546 - 2.1 bpm, ms. Weissler 1968, Circulation 37:149 (from memory)."""
LONGEST_SYSTOLE = 0.6
"""Of a beat."""
CONTRACTING, RELAXING_S = 0.12, 0.07
"""Share of the systole, and time after it, in which all valves are closed (from memory)."""
FAST, RESTING = (0.38, 0.32), (0.72, 0.25)
"""Shares of the diastole after relaxation at which fast filling and rest end, and what of the stroke volume is still
to come in then; the atria throw in the last quarter. XCAT: 0.192, 0.115 and 0.193 of a beat."""


class Rhythm(NamedTuple):
    """onsets_s: when each beat begins, and the last ends. repeats: that beat goes on for ever."""

    onsets_s: tuple[float, ...]
    repeats: bool

    def at(self, t_s: float) -> float:
        """Share of the stroke volume that is out, 0 at the end of diastole and 1 at the end of systole.

        Before the first beat and after the last the heart stands in diastole.
        """
        first, last = self.onsets_s[0], self.onsets_s[-1]
        if self.repeats:
            t_s = first + (t_s - first) % (last - first)
        if not first <= t_s < last:
            return 0.0
        beat = int(np.searchsorted(self.onsets_s, t_s, side="right")) - 1
        begins = self.onsets_s[beat]
        return float(np.clip(_beat(round(self.onsets_s[beat + 1] - begins, 6))(t_s - begins), 0, 1))


def regular(rate_bpm: float, start: float) -> Rhythm:
    """One beat after the other; at 0 s `start` of a beat has passed."""
    period_s = 60 / rate_bpm
    return Rhythm((-start * period_s, (1 - start) * period_s), True)


def irregular(rate_bpm: float, spread: float, lasting_s: float, rng: Generator) -> Rhythm:
    """Beats whose length has this coefficient of variation, for so long; none is shorter than 0.3 s."""
    onsets = [0.0]
    while onsets[-1] < lasting_s:
        onsets.append(onsets[-1] + max(0.3, 60 / rate_bpm * (1 + spread * float(rng.normal()))))
    return Rhythm(tuple(np.round(onsets, 4).tolist()), False)


def systole_s(beat_s: float) -> float:
    """How long the ventricles of a beat take to the end of systole."""
    return min(SYSTOLE_S - SYSTOLE_S_BPM * 60 / beat_s, LONGEST_SYSTOLE * beat_s)


@lru_cache(maxsize=256)
def _beat(beat_s: float):
    """Share of the stroke volume that is out, over the seconds of one beat: monotone cubics (Fritsch, Carlson 1980)."""
    end = systole_s(beat_s)
    rest = beat_s - end
    relaxed = end + min(RELAXING_S, 0.2 * rest)
    left = beat_s - relaxed
    times = [0, CONTRACTING * end, 0.55 * end, end, relaxed, relaxed + FAST[0] * left, relaxed + RESTING[0] * left]
    return PchipInterpolator([*times, beat_s], [0, 0, 0.62, 1, 1, FAST[1], RESTING[1], 0])
