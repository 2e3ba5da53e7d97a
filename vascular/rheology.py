"""How blood flows in narrow tubes: its viscosity by diameter and haematocrit, and how red cells part at a junction."""

import numpy as np
from jaxtyping import Float
from numba import njit, prange
from numpy import ndarray

PLASMA_MPA_S = 1.0466
"""Viscosity of plasma at 37 degrees, mPa s (Pries, Secomb 2005, Am J Physiol 289: H2657)."""
NARROWEST_MM = 0.6e-3
"""Radius below which the formula has no value: 1.1 um of diameter is wall and its surface layer, mm."""
SKIMMING, STEEPNESS, ASYMMETRY = 0.964, 6.98, -13.29
"""X0 = .964 (1-H)/D, B = 1 + 6.98 (1-H)/D and A = -13.29 (a^2-b^2)/(a^2+b^2) (1-H)/D (Pries, Secomb 2005)."""
PACKED = 0.95
"""Haematocrit that no tube exceeds: cells without plasma do not flow as the formula says."""


@njit(inline="always")
def relative_viscosity(diameter_um, haematocrit):
    """Apparent viscosity of blood in vivo over that of plasma; discharge haematocrit.

    eta = [1 + (eta45 - 1) ((1-H)^C - 1) / (.55^C - 1) w] w, w = (D / (D - 1.1))^2,
    eta45 = 6 exp(-.085 D) + 3.2 - 2.44 exp(-.06 D^.645),
    C = (.8 + exp(-.075 D)) (-1 + 1/(1 + 1e-11 D^12)) + 1/(1 + 1e-11 D^12).
    Pries, Secomb, Gessner et al. 1994, Circ Res 75: 904.
    """
    wide = 1 / (1 + 1e-11 * diameter_um**12)
    power = (0.8 + np.exp(-0.075 * diameter_um)) * (wide - 1) + wide
    at_45 = 6 * np.exp(-0.085 * diameter_um) + 3.2 - 2.44 * np.exp(-0.06 * diameter_um**0.645)
    lining = (diameter_um / (diameter_um - 1.1)) ** 2
    share = ((1 - haematocrit) ** power - 1) / (0.55**power - 1)
    return (1 + (at_45 - 1) * share * lining) * lining


@njit(inline="always")
def red_cell_share(flow_share, diameter_um, other_um, feeding_um, haematocrit):
    """Share of the red cells that enters the daughter which takes `flow_share` of the blood.

    logit F = A + B logit((q - X0) / (1 - 2 X0)); none below X0, all above 1 - X0. diameter_um, other_um: of the two
    daughters. Pries, Secomb 2005, Am J Physiol 289: H2657, after Pries et al. 1989, Microvasc Res 38: 81.
    """
    thin = (1 - haematocrit) / feeding_um
    skimmed = min(SKIMMING * thin, 0.5)
    if flow_share <= skimmed:
        return 0.0
    if flow_share >= 1 - skimmed:
        return 1.0
    own, other = diameter_um**2, other_um**2
    shift = ASYMMETRY * (own - other) / (own + other) * thin
    within = (flow_share - skimmed) / (1 - 2 * skimmed)
    logit = shift + (1 + STEEPNESS * thin) * np.log(within / (1 - within))
    return 1 / (1 + np.exp(-logit))


@njit(cache=True, parallel=True)
def viscosity_mpa_s(diameter_um, haematocrit):
    """(n,) mPa s of blood in each of n tubes."""
    out = np.empty(len(diameter_um))
    for i in prange(len(diameter_um)):
        out[i] = PLASMA_MPA_S * relative_viscosity(diameter_um[i], haematocrit[i])
    return out


def red_cell_speed_mm_s(
    flow_mm3_s: Float[ndarray, " n"], diameter_um: Float[ndarray, " n"], haematocrit: Float[ndarray, " n"]
) -> Float[ndarray, " n"]:
    """How fast red cells pass, which is what is timed in vessels: ahead of plasma, in the lumen that the lining leaves.

    v = q / (pi D'^2 / 4) / [H + (1 - H) (1 + 1.7 exp(-.415 D') - .6 exp(-.011 D'))], D' = D - 1.1 um as of viscosity,
    H of discharge. Fahraeus effect: Pries, Secomb, Gaehtgens, Gross 1990, Circ Res 67: 826.
    """
    open_um = diameter_um - 1.1
    plasma_ahead = 1 + 1.7 * np.exp(-0.415 * open_um) - 0.6 * np.exp(-0.011 * open_um)
    slower = haematocrit + (1 - haematocrit) * np.minimum(plasma_ahead, 1.0)
    return np.abs(flow_mm3_s) / (np.pi * (open_um / 2000) ** 2) / slower


@njit(cache=True)
def downstream(first, tube, upstream, flow):
    """(n,) the points in an order in which all blood that comes to a point has been there before.

    Where rounding makes blood run in a circle, the circle comes last, in the order of its points.
    """
    size = len(first) - 1
    order, missing, done = np.empty(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.bool_)
    for p in range(size):
        for k in range(first[p], first[p + 1]):
            missing[p] += flow[tube[k]] > 0 and upstream[tube[k]] != p
    known = 0
    for p in range(size):
        if missing[p] == 0:
            order[known], done[p] = p, True
            known += 1
    other = np.full(len(flow), -1)
    for p in range(size):
        for k in range(first[p], first[p + 1]):
            if upstream[tube[k]] != p:
                other[tube[k]] = p
    at = 0
    while at < known:
        for k in range(first[order[at]], first[order[at] + 1]):
            t = tube[k]
            if flow[t] > 0 and upstream[t] == order[at]:
                p = other[t]
                missing[p] -= 1
                if missing[p] == 0:
                    order[known], done[p] = p, True
                    known += 1
        at += 1
    for p in range(size):
        if not done[p]:
            order[known] = p
            known += 1
    return order


@njit(cache=True)
def red_cells(first, tube, upstream, flow, diameter_um, inflow, inlet_haematocrit):
    """(t,) haematocrit of each tube, as blood of `inlet_haematocrit` enters and parts at every junction.

    first, tube: tubes of point p are tube[first[p]:first[p + 1]]. upstream: (t,) the point that the tube's blood comes
    from. flow: (t,) its size. inflow: (n,) what enters at a point from outside, negative where it leaves. Red cells are
    conserved at every point to rounding: where two tubes carry blood on, the second takes what the first leaves; where
    three or more do, they share evenly. A tube that stands still has 0.
    """
    haematocrit = np.zeros(len(flow))
    for p in downstream(first, tube, upstream, flow):
        blood, cells, feeding, strongest = 0.0, 0.0, 0.0, 0.0
        drains, a, b = 0, -1, -1
        if inflow[p] > 0:
            blood, cells = inflow[p], inflow[p] * inlet_haematocrit
        onward = max(0.0, -inflow[p])
        for k in range(first[p], first[p + 1]):
            t = tube[k]
            if flow[t] == 0:
                continue
            if upstream[t] == p:
                drains += 1
                a, b = t, a
                onward += flow[t]
            else:
                blood += flow[t]
                cells += flow[t] * haematocrit[t]
                if flow[t] > strongest:
                    strongest, feeding = flow[t], diameter_um[t]
        if drains == 0 or blood <= 0:
            continue
        mixed = cells / blood
        if drains == 2 and feeding > 0 and inflow[p] >= 0 and 0 < mixed < 1:
            share = red_cell_share(flow[a] / onward, diameter_um[a], diameter_um[b], feeding, mixed)
            share = min(share, PACKED * flow[a] / cells)
            share = max(share, 1 - PACKED * flow[b] / cells)
            haematocrit[a] = min(PACKED, share * cells / flow[a])
            haematocrit[b] = min(PACKED, (1 - share) * cells / flow[b])
        else:
            for k in range(first[p], first[p + 1]):
                t = tube[k]
                if upstream[t] == p and flow[t] > 0:
                    haematocrit[t] = mixed
    return haematocrit
