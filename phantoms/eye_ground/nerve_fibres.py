"""The nerve fibres: from the disc in arcs around the macula, thick beside the disc, in fine bundles.

Their course is that of a flow from a source in the disc into a sink along the raphe, the line from the fovea away from
the disc: with z = nasal + i superior, d the disc, F(z) = z ln z - z, the stream function is the imaginary part of

    ln(z - d) - (k / L) (F(z + L) - F(z)),

which is constant along a fibre. k: the share of fibres that end on the raphe, L mm long (after the arcs of Jansonius
2009, 10.1016/j.visres.2009.04.029).
"""

import numpy as np
from jaxtyping import Complex, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter1d

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.noise import smooth_noise

TO_RAPHE, RAPHE_MM = 0.65, 9.0
CIRCLE_MM = 1.7
"""Radius around the disc at which the thickness of fibres is known:"""
THIN_MM, BUNDLES_MM, BUNDLE_RAD, BUNDLE_WIDTH_RAD = 0.065, 0.075, 1.75, 0.6
"""at nose and macula, and how much more in the bundles above and below, towards the macula (memory)."""
THINNING, THICKEST_MM = 1.0, 0.2
"""Their thickness goes with distance from the disc to this power."""
STREAKS, STREAK = 900, 0.4
"""Bundles around the disc, and the deviation of ln(thickness) from bundle to bundle."""
TINY = 1e-6


def fibres_mm(ground: Ground, rng: Generator) -> Float[ndarray, "x y"]:
    """Thickness of the nerve fibre layer."""
    nasal, superior = ground.from_disc_mm
    around = np.abs(np.arctan2(superior, nasal))
    rim = THIN_MM + BUNDLES_MM * np.exp(-(((around - BUNDLE_RAD) / BUNDLE_WIDTH_RAD) ** 2))
    far = np.maximum(np.hypot(nasal, superior), 0.5 * CIRCLE_MM)
    thick = np.minimum(rim * (CIRCLE_MM / far) ** THINNING, THICKEST_MM)
    return thick * np.exp(STREAK * _streaks(ground, rng)) * (1 - np.exp(-((ground.fovea_mm / 0.5) ** 2)))


def heading(at: Float[ndarray, " 2"], disc_mm: Float[ndarray, " 2"]) -> float:
    """Angle from the nasal direction in which fibres run at a place, nasal and superior of the fovea; radians."""
    z, d = complex(*at), complex(*disc_mm)
    slope = 1 / (z - d + TINY) - TO_RAPHE / RAPHE_MM * (np.log(z + RAPHE_MM) - np.log(z + TINY))
    return float(np.angle(np.conj(slope)))


def _stream(ground: Ground) -> Float[ndarray, "x y"]:
    z = ground.nasal_mm + 1j * ground.superior_mm
    sink = TO_RAPHE / RAPHE_MM * (_primitive(z + RAPHE_MM) - _primitive(z))
    return (np.log(z - complex(*ground.disc_mm) + TINY) - sink).imag


def _primitive(z: Complex[ndarray, "x y"]) -> Complex[ndarray, "x y"]:
    """Of ln z."""
    return z * np.log(z + TINY) - z


def _streaks(ground: Ground, rng: Generator) -> Float[ndarray, "x y"]:
    """Noise that is the same along a fibre, but slowly gives way to another."""
    place = np.mod(STREAKS * _stream(ground) / (2 * np.pi), STREAKS)
    fine, other = (_bundles(place, rng) for _ in range(2))
    mixed = 0.5 + 0.5 * np.tanh(smooth_noise(ground.shape, ground.voxel_mm, 3.0, rng))
    return mixed * fine + (1 - mixed) * other


def _bundles(place: Float[ndarray, "x y"], rng: Generator) -> Float[ndarray, "x y"]:
    knots = gaussian_filter1d(rng.standard_normal(STREAKS), 1.0, mode="wrap")
    coarse = gaussian_filter1d(rng.standard_normal(STREAKS), 6.0, mode="wrap")
    table = knots / knots.std() + coarse / coarse.std()
    return np.interp(place, np.arange(STREAKS + 1), np.append(table, table[0])) / np.sqrt(2)
