"""Photons one by one through voxels: Woodcock flights, Rayleigh and Compton scatter, and where they would be seen.

A photon is a tuple (x, y, z, along x, along y, along z, keV, weight) in mm of the volume's box, whose low corner is
(0, 0, 0). Absorption takes from its weight, and roulette ends it when little is left. Its random numbers are those of
its own index, and one thread owns one batch of photons, so that threads do not change a bit.
Woodcock et al. 1965, ANL-7050:557.
"""

from math import cos, exp, log, pi, sin, sqrt

import numpy as np
from numba import njit, prange

from render.kernels.lamellae import transmitted
from render.kernels.noise import pair
from render.scatter_matter import ELECTRON_KEV, ELECTRON_RADIUS2_MOLE, FIRST_KEV, KEV_ANGSTROM, LAST_KEV

RAYLEIGH, COMPTON = 0, 1
FAINT, SURVIVAL = 0.05, 0.25
"""Below the first weight a photon survives with this chance, and weighs more if it does."""

LOST_KEV = 6.0
"""A photon of less energy is taken as absorbed."""


@njit
def numbers(index, draw, k0, k1):
    """Two random numbers of a photon."""
    return pair(index, draw, k0, k1)


@njit
def at_energy(table, row, kev):
    """Linear between the whole keV of a table (m, e)."""
    place = min(max(kev, FIRST_KEV), LAST_KEV - 1e-6) - FIRST_KEV
    low = int(place)
    return table[row, low] + (place - low) * (table[row, low + 1] - table[row, low])


@njit
def at_transfer(table, row, x, transfer):
    """Linear between the points of `transfer`, 1/A, of a table (m, x)."""
    high = min(np.searchsorted(transfer, x) + (x <= 0), transfer.shape[0] - 1)
    low = high - 1
    share = (x - transfer[low]) / (transfer[high] - transfer[low])
    return table[row, low] + share * (table[row, high] - table[row, low])


@njit
def crossing(p, d, size):
    """Distances at which a line enters and leaves (0, size), of one axis."""
    if d == 0:
        return (-np.inf, np.inf) if 0 < p < size else (np.inf, -np.inf)
    a, b = -p / d, (size - p) / d
    return (a, b) if a < b else (b, a)


@njit
def through(x, y, z, dx, dy, dz, box):
    """Distances at which a line enters and leaves a box; enters after it leaves if it misses it."""
    ax, bx = crossing(x, dx, box[0])
    ay, by = crossing(y, dy, box[1])
    az, bz = crossing(z, dz, box[2])
    return max(ax, ay, az), min(bx, by, bz)


@njit
def next_border(p, d, spacing):
    """Distance to the next border between voxels of one axis, and between any two."""
    if d == 0:
        return np.inf, np.inf
    cell = np.floor(p / spacing)
    border = (cell + 1) * spacing if d > 0 else cell * spacing
    if border == p:
        border += spacing if d > 0 else -spacing
    return (border - p) / d, spacing / abs(d)


@njit
def depth(x, y, z, dx, dy, dz, kev, body):
    """Attenuation from a place to the rim of the volume: the exponent of Beer and Lambert. Siddon 1985."""
    matter, density, spacing, box, total, _ = body
    enter, leave = through(x, y, z, dx, dy, dz, box)
    at = max(enter, 0.0)
    if at >= leave:
        return 0.0
    px, py, pz = x + at * dx, y + at * dy, z + at * dz
    tx, sx = next_border(px, dx, spacing[0])
    ty, sy = next_border(py, dy, spacing[1])
    tz, sz = next_border(pz, dz, spacing[2])
    tx, ty, tz = tx + at, ty + at, tz + at
    nx, ny, nz = matter.shape
    exponent = 0.0
    while at < leave:
        step = min(tx, ty, tz, leave)
        middle = (at + step) / 2
        i = min(max(int((x + middle * dx) / spacing[0]), 0), nx - 1)
        j = min(max(int((y + middle * dy) / spacing[1]), 0), ny - 1)
        k = min(max(int((z + middle * dz) / spacing[2]), 0), nz - 1)
        exponent += (step - at) * density[i, j, k] * at_energy(total, matter[i, j, k], kev)
        at = step
        if tx <= step:
            tx += sx
        if ty <= step:
            ty += sy
        if tz <= step:
            tz += sz
    return exponent


@njit
def spot(detector, across, up, u, v):
    """A place on an element of a detector, and its normal times its area."""
    _, borders, upward, rows = detector
    a, b = borders[across], borders[across + 1]
    height = up + v - rows / 2
    px = a[0] + u * (b[0] - a[0]) + height * upward[0]
    py = a[1] + u * (b[1] - a[1]) + height * upward[1]
    pz = a[2] + u * (b[2] - a[2]) + height * upward[2]
    ex, ey, ez = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    nx = ey * upward[2] - ez * upward[1]
    ny = ez * upward[0] - ex * upward[2]
    nz = ex * upward[1] - ey * upward[0]
    return px, py, pz, nx, ny, nz


@njit
def ray(detector, px, py, pz, nx, ny, nz):
    """The ray from the focus to a place on the detector: direction, and the beam's strength times area there.

    The focus gives one photon per steradian, or one per mm2 if it is infinitely far away.
    """
    focus = detector[0]
    dx, dy, dz = px * focus[3] - focus[0], py * focus[3] - focus[1], pz * focus[3] - focus[2]
    way = sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / way, dy / way, dz / way
    strength = abs(dx * nx + dy * ny + dz * nz)
    if focus[3] != 0:
        strength /= way * way
    return dx, dy, dz, strength


@njit
def emit(beam, energies, index, k0, k1, box):
    """A photon where it meets the box, towards a place anywhere on the lit detector; and whether it meets it."""
    kev, chance = energies
    columns, rows = beam[1].shape[0] - 1, beam[3]
    u, v = numbers(index, 0, k0, k1)
    c, r = int(u * columns), int(v * rows)
    px, py, pz, nx, ny, nz = spot(beam, c, r, u * columns - c, v * rows - r)
    dx, dy, dz, strength = ray(beam, px, py, pz, nx, ny, nz)
    u, v = numbers(index, 1, k0, k1)
    bin = min(np.searchsorted(chance, u), kev.shape[0] - 1)
    enter, leave = through(px, py, pz, dx, dy, dz, box)
    photon = (px + enter * dx, py + enter * dy, pz + enter * dz, dx, dy, dz, kev[bin], strength * columns * rows)
    return photon, enter < leave


@njit
def at_rim(photon, box):
    """The photon where its line leaves the box."""
    x, y, z, dx, dy, dz, kev, weight = photon
    _, way = through(x, y, z, dx, dy, dz, box)
    return x + way * dx, y + way * dy, z + way * dz, dx, dy, dz, kev, weight


@njit
def fly(photon, body, index, draw, k0, k1):
    """To the next collision: photon, next draw and the matter there; or to the rim of the box, and -1."""
    x, y, z, dx, dy, dz, kev, weight = photon
    matter, density, spacing, box, total, densest = body
    most = 0.0
    for m in range(densest.shape[0]):
        most = max(most, densest[m] * at_energy(total, m, kev))
    if most <= 0:
        return at_rim(photon, box), draw, -1
    while True:
        u, v = numbers(index, draw, k0, k1)
        draw += 1
        way = -log(u) / most
        x, y, z = x + way * dx, y + way * dy, z + way * dz
        i, j, k = int(np.floor(x / spacing[0])), int(np.floor(y / spacing[1])), int(np.floor(z / spacing[2]))
        if min(i, j, k) < 0 or i >= matter.shape[0] or j >= matter.shape[1] or k >= matter.shape[2]:
            return at_rim((x, y, z, dx, dy, dz, kev, weight), box), draw, -1
        m = matter[i, j, k]
        if v * most < density[i, j, k] * at_energy(total, m, kev):
            return (x, y, z, dx, dy, dz, kev, weight), draw, m


@njit
def kind(m, kev, physics, u):
    """Rayleigh or Compton, and the share of photons that are not absorbed."""
    total, rayleigh, compton = physics[0], physics[1], physics[2]
    r, c = at_energy(rayleigh, m, kev), at_energy(compton, m, kev)
    return (RAYLEIGH if u * (r + c) < r else COMPTON), (r + c) / at_energy(total, m, kev)


@njit
def left_over(kev, cosine):
    """Share of its energy that a photon keeps in Compton scatter."""
    return 1 / (1 + kev / ELECTRON_KEV * (1 - cosine))


@njit
def chance_per_steradian(m, kev, cosine, process, physics):
    """That a photon scattered in this way goes there."""
    _, rayleigh, compton, form, _, bound, transfer, electrons = physics
    x = kev / KEV_ANGSTROM * sqrt(max(1 - cosine, 0.0) / 2)
    if process == RAYLEIGH:
        return (
            (1 + cosine * cosine)
            / 2
            * at_transfer(form, m, x, transfer)
            * ELECTRON_RADIUS2_MOLE
            / at_energy(rayleigh, m, kev)
        )
    e = left_over(kev, cosine)
    free = e * e * (e + 1 / e - 1 + cosine * cosine) / 2
    return free * at_transfer(bound, m, x, transfer) * electrons[m] * ELECTRON_RADIUS2_MOLE / at_energy(compton, m, kev)


@njit
def scattering_angle(m, kev, process, physics, index, draw, k0, k1):
    """Cosine of a random angle, and the next draw."""
    sampled, bound, transfer = physics[4], physics[5], physics[6]
    back = kev / KEV_ANGSTROM
    if process == RAYLEIGH:
        whole = at_transfer(sampled, m, back, transfer)
        while True:
            u, v = numbers(index, draw, k0, k1)
            draw += 1
            wanted = u * whole
            high = min(max(np.searchsorted(sampled[m], wanted), 1), transfer.shape[0] - 1)
            a, b = transfer[high - 1] ** 2, transfer[high] ** 2
            share = (wanted - sampled[m, high - 1]) / (sampled[m, high] - sampled[m, high - 1])
            cosine = max(1 - 2 * (a + share * (b - a)) / (back * back), -1.0)
            if 2 * v < 1 + cosine * cosine:
                return cosine, draw
    least = 1 / (1 + 2 * kev / ELECTRON_KEV)
    flat, steep = -log(least), (1 - least * least) / 2
    while True:
        u, v = numbers(index, draw, k0, k1)
        w, s = numbers(index, draw + 1, k0, k1)
        draw += 2
        e = exp(-flat * v) if u * (flat + steep) < flat else sqrt(least * least + (1 - least * least) * v)
        one_less = (1 - e) / e * ELECTRON_KEV / kev
        cosine = 1 - one_less
        sine2 = one_less * (2 - one_less)
        x = back * sqrt(one_less / 2)
        if w < 1 - e * sine2 / (1 + e * e) and s < at_transfer(bound, m, x, transfer):
            return cosine, draw


@njit
def turned(dx, dy, dz, cosine, phi):
    """A direction turned by an angle, around itself by phi."""
    sine = sqrt(max(1 - cosine * cosine, 0.0))
    a, b = sine * cos(phi), sine * sin(phi)
    across = sqrt(dx * dx + dy * dy)
    if across < 1e-7:
        return a, b * dz, cosine * dz
    return (
        cosine * dx + (a * dx * dz - b * dy) / across,
        cosine * dy + (a * dy * dz + b * dx) / across,
        cosine * dz - a * across,
    )


@njit
def scatter(photon, m, process, kept, physics, index, draw, k0, k1):
    """The photon after its collision, with no weight left if roulette ended it, and the next draw."""
    x, y, z, dx, dy, dz, kev, weight = photon
    cosine, draw = scattering_angle(m, kev, process, physics, index, draw, k0, k1)
    u, _ = numbers(index, draw, k0, k1)
    draw += 1
    dx, dy, dz = turned(dx, dy, dz, cosine, 2 * pi * u)
    weight *= kept
    if process == COMPTON:
        kev *= left_over(kev, cosine)
    if kev < LOST_KEV:
        weight = 0.0
    return (x, y, z, dx, dy, dz, kev, weight), draw


@njit
def roulette(photon, first_weight, index, draw, k0, k1):
    """A photon with little weight ends, or goes on with more."""
    x, y, z, dx, dy, dz, kev, weight = photon
    if weight >= FAINT * first_weight:
        return photon, draw
    u, _ = numbers(index, draw, k0, k1)
    return (x, y, z, dx, dy, dz, kev, weight / SURVIVAL if u < SURVIVAL else 0.0), draw + 1


@njit
def passing(detector, across, px, py, pz, dx, dy, dz, kev, walls, along_columns):
    """Share of photons of that direction that pass grids, focused, in front of a place on a column of the detector."""
    focus, borders, upward, _ = detector
    ex, ey, ez = unit(borders[across + 1] - borders[across])
    ux, uy, uz = unit(upward)
    nx, ny, nz = ey * uz - ez * uy, ez * ux - ex * uz, ex * uy - ey * ux
    fx, fy, fz = px * focus[3] - focus[0], py * focus[3] - focus[1], pz * focus[3] - focus[2]
    ahead, straight = dx * nx + dy * ny + dz * nz, fx * nx + fy * ny + fz * nz
    x = (dx * ex + dy * ey + dz * ez) / ahead - (fx * ex + fy * ey + fz * ez) / straight
    y = (dx * ux + dy * uy + dz * uz) / ahead - (fx * ux + fy * uy + fz * uz) / straight
    share = 1.0
    for g in range(walls.shape[0]):
        w = walls[g, int(kev - FIRST_KEV + 0.5)]
        slope, aside = (x, y) if along_columns[g] else (y, x)
        share *= transmitted(slope, aside, w[0], w[1], w[2], w[3], w[4])
    return share


@njit
def unit(v):
    """A vector's direction."""
    length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    return v[0] / length, v[1] / length, v[2] / length


@njit
def seen(photon, m, process, kept, body, physics, detector, grids, index, draw, k0, k1):
    """What a random element of the detector sees of a collision, expected: column, row, keV, weight."""
    x, y, z, dx, dy, dz, kev, weight = photon
    columns, rows = detector[1].shape[0] - 1, detector[3]
    u, v = numbers(index, draw, k0, k1)
    c, r = int(u * columns), int(v * rows)
    px, py, pz, nx, ny, nz = spot(detector, c, r, u * columns - c, v * rows - r)
    sx, sy, sz = px, py, pz
    px, py, pz = px - x, py - y, pz - z
    way = sqrt(px * px + py * py + pz * pz)
    px, py, pz = px / way, py / way, pz / way
    cosine = dx * px + dy * py + dz * pz
    weight *= kept * chance_per_steradian(m, kev, cosine, process, physics)
    weight *= abs(px * nx + py * ny + pz * nz) / (way * way) * columns * rows
    if process == COMPTON:
        kev *= left_over(kev, cosine)
    weight *= passing(detector, c, sx, sy, sz, px, py, pz, kev, grids[0], grids[1])
    return c, r, kev, weight * exp(-depth(x, y, z, px, py, pz, kev, body))


@njit(parallel=True, cache=True)
def primary(detector, energies, shares, response, body, grids, out):
    """What the middle of each element sees straight from the focus. out: (channels, columns, rows)."""
    for c in prange(out.shape[1]):
        for r in range(out.shape[2]):
            px, py, pz, nx, ny, nz = spot(detector, c, r, 0.5, 0.5)
            dx, dy, dz, strength = ray(detector, px, py, pz, nx, ny, nz)
            for e in range(energies.shape[0]):
                left = strength * shares[e] * exp(-depth(px, py, pz, -dx, -dy, -dz, energies[e], body))
                left *= passing(detector, c, px, py, pz, dx, dy, dz, energies[e], grids[0], grids[1])
                for channel in range(out.shape[0]):
                    out[channel, c, r] += left * at_energy(response, channel, energies[e])


@njit(parallel=True, cache=True)
def scattered(detector, energies, response, body, physics, grids, photons, key, out):
    """What the detector sees of photons that scattered once, and more often.

    photons: of each batch. out: (batches, channels, once or more, columns, rows), the mean over the batch.
    """
    k0, k1 = key[0], key[1]
    for batch in prange(out.shape[0]):
        tally = out[batch]
        for n in range(photons):
            index = batch * photons + n
            photon, meets = emit(detector, energies, index, k0, k1, body[3])
            first_weight, draw, order = photon[7], 2, 0
            while meets:
                photon, draw, m = fly(photon, body, index, draw, k0, k1)
                if m < 0:
                    break
                u, _ = numbers(index, draw, k0, k1)
                process, kept = kind(m, photon[6], physics, u)
                c, r, kev, weight = seen(
                    photon, m, process, kept, body, physics, detector, grids, index, draw + 1, k0, k1
                )
                for channel in range(tally.shape[0]):
                    tally[channel, min(order, 1), c, r] += weight * at_energy(response, channel, kev)
                photon, draw = scatter(photon, m, process, kept, physics, index, draw + 2, k0, k1)
                photon, draw = roulette(photon, first_weight, index, draw, k0, k1)
                meets = photon[7] > 0
                order += 1
        tally /= photons


@njit(parallel=True, cache=True)
def emerging(beam, energies, body, physics, photons, key, out, deposited):
    """Every photon as it leaves the volume, and the energy that stays.

    photons: of each batch. out: (batches, photons, 9): the photon's eight numbers and how often it scattered; weight 0
    if it was absorbed. deposited: (batches, x, y, z) keV, the sum over the batch.
    """
    k0, k1 = key[0], key[1]
    spacing = body[2]
    for batch in prange(out.shape[0]):
        for n in range(photons):
            index = batch * photons + n
            photon, meets = emit(beam, energies, index, k0, k1, body[3])
            first_weight, draw, order, m = photon[7], 2, 0, -1
            while meets:
                photon, draw, m = fly(photon, body, index, draw, k0, k1)
                if m < 0:
                    break
                u, _ = numbers(index, draw, k0, k1)
                process, kept = kind(m, photon[6], physics, u)
                after, draw = scatter(photon, m, process, kept, physics, index, draw + 1, k0, k1)
                i, j, k = int(photon[0] / spacing[0]), int(photon[1] / spacing[1]), int(photon[2] / spacing[2])
                deposited[batch, i, j, k] += photon[7] * photon[6] - after[7] * after[6]
                photon, draw = roulette(after, first_weight, index, draw, k0, k1)
                meets = photon[7] > 0
                order += 1
            row = out[batch, n]
            for q in range(8):
                row[q] = photon[q]
            row[8] = order
            if m >= 0:
                row[7] = 0.0
