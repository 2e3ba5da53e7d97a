"""Rays through an anti-scatter grid: lamellae side by side, which stop those that come from aside."""

from math import exp, sqrt

from numba import njit

STRAIGHT = 1e-9
"""Slope below which a ray is taken as parallel to the lamellae, relative to their period."""


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
