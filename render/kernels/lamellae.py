"""Rays through an anti-scatter grid: lamellae side by side, which stop those that come from aside."""

from math import exp, sqrt

from numba import njit, prange

STRAIGHT = 1e-9
"""Slope below which a ray is taken as parallel to the lamellae, relative to their period."""


SPREAD = 50
"""Rays on each side of the mean, out to three standard deviations."""


@njit(inline="always")
def along_overlap(from_mm, to_mm, absorption):
    """Mean of exp(-absorption m) for m even between two overlaps; the overlaps if they are the same."""
    width = absorption * (to_mm - from_mm)
    if width < 1e-6:
        return exp(-absorption * (from_mm + to_mm) / 2)
    return exp(-absorption * from_mm) * (1 - exp(-width)) / width


@njit
def transmitted(slope, aside, height_mm, lamella_mm, period_mm, lamella_per_mm, between_per_mm):
    """Share of the rays of one direction that pass, wherever they enter.

    slope: mm across the lamellae per mm of height. aside: mm along them. Exact for even entry: the way across is a
    number of whole periods, and a rest that overlaps a lamella by a length between a least and a most. Equal to the
    formula of Day and Dance 1983, Phys Med Biol 28:1429, for parallel lamellae.
    """
    way_mm = height_mm * sqrt(1 + slope * slope + aside * aside)
    across_mm = max(height_mm * abs(slope), STRAIGHT * period_mm)
    periods = int(across_mm / period_mm)
    rest_mm = across_mm - periods * period_mm
    most = min(rest_mm, lamella_mm)
    least = max(0.0, rest_mm + lamella_mm - period_mm)
    at_most, at_least = abs(rest_mm - lamella_mm), abs(period_mm - rest_mm - lamella_mm)
    between = period_mm - at_most - at_least
    extra = (lamella_per_mm - between_per_mm) * way_mm / across_mm
    mean = (
        at_most * exp(-extra * most) + at_least * exp(-extra * least) + between * along_overlap(least, most, extra)
    ) / period_mm
    return mean * exp(-between_per_mm * way_mm - extra * periods * lamella_mm)


@njit(parallel=True, cache=True)
def accepted(walls, along_columns, noise, aside, slopes, out):
    """Mean share of rays that pass grids (g, t, e, 5), around each of `slopes`.

    These vary normally by `noise` (t, e, lamp); rays lean by `aside` along the lamellae, too.
    out: (2, t, e, lamp, slope), for slopes across columns and along them; begins with ones.
    """
    thicknesses, energies, lamps = noise.shape
    for job in prange(thicknesses * energies * lamps):
        t, e, lamp = job // (energies * lamps), job // lamps % energies, job % lamps
        for g in range(walls.shape[0]):
            w = walls[g, t, e]
            axis = 0 if along_columns[g] else 1
            for s in range(slopes.shape[0]):
                passed, all_rays = 0.0, 0.0
                for n in range(-SPREAD, SPREAD + 1):
                    away = 3.0 * n / SPREAD
                    weight = exp(-away * away / 2)
                    slope = slopes[s] + away * noise[t, e, lamp]
                    passed += weight * transmitted(slope, aside[t, e, lamp], w[0], w[1], w[2], w[3], w[4])
                    all_rays += weight
                out[axis, t, e, lamp, s] *= passed / all_rays
