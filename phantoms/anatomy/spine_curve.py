"""The curve of a patient's spine: that of a man on his back, bent by kyphosis, lordosis, neck and scoliosis.

Latents of kyphosis 35 and lordosis 50 degrees leave the reference curve as it is; more or less of them bend it, and so
does a scoliosis.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.body import Body

CURVE = {
    -300: -42, -250: -30, -220: -24, -185: -22, -149: -25, -113: -32, -78: -41, -48: -48, -23: -53, 0: -56,
    26: -58, 51: -59, 75: -58, 98: -55, 121: -51, 143: -45, 165: -37, 187: -29, 207: -22, 227: -17, 246: -14, 300: -8,
    325: -6, 350: -5,
}  # fmt: skip
"""Height to y of the middle of the vertebral bodies, mm, of a man lying on his back."""
KYPHOSIS, LORDOSIS, NECK = (35.0, 15.0, 112.0), (50.0, -194.0, 92.0), (17.0, 255.0, 48.0)
"""Reference angle in degrees; height of the middle of the bend and from there to its end vertebrae, mm."""
SHARED = ((0.89, 0.47), (0.45, 0.97))
"""Degrees of kyphosis and of lordosis per degree of bending of the chest and of the loins, measured on this spine."""
SCOLIOSIS_REACH_MM, COUNTER, STEEPER = 75.0, 0.35, 1.13
"""From the apex to the end vertebrae, the share of the counter-curve below, and how much steeper it makes the first."""


def bend_mm(body: Body, z_mm) -> Float[ndarray, "*n 2"]:
    """How far right and to the front the patient's spine lies of the reference spine at heights z, mm."""
    z = np.asarray(z_mm, float)
    kyphosis, lordosis = bends_deg(body)
    neck = body.latent("cervical_lordosis_deg", NECK[0]) - NECK[0]
    curves = (-kyphosis, KYPHOSIS), (lordosis, LORDOSIS), (neck, NECK)
    front = sum(_bump(z, middle, reach) * _amplitude(angle, reach) for angle, (_, middle, reach) in curves)
    side = _amplitude(body.latent("scoliosis_deg") / STEEPER, SCOLIOSIS_REACH_MM) * sideways(body, z)
    return np.stack([side, np.broadcast_to(front, z.shape)], axis=-1)


def bends_deg(body: Body) -> tuple[float, float]:
    """How much chest and loins bend so that kyphosis and lordosis, which share T12, change as the latents say."""
    more = [body.latent(name, usual) - usual for name, usual in (("kyphosis_deg", 35.0), ("lordosis_deg", 50.0))]
    kyphosis, lordosis = np.linalg.solve(SHARED, more)
    return float(kyphosis), float(lordosis)


def line_mm(body: Body, z_mm) -> Float[ndarray, "*n 3"]:
    """The middle of the vertebral bodies (and discs) at heights z, mm."""
    z = np.asarray(z_mm, float)
    y = PchipInterpolator(list(CURVE), list(CURVE.values()))(z)
    bend = bend_mm(body, z)
    return np.stack([bend[..., 0], y + bend[..., 1], z], axis=-1)


def _bump(z, middle_mm: float, reach_mm: float):
    """1 in the middle, steepest `reach_mm` from it, then flat again."""
    u = np.clip((z - middle_mm) / (reach_mm * np.sqrt(3)), -1, 1)
    return (1 - u**2) ** 2


def _amplitude(angle_deg: float, reach_mm: float) -> float:
    """Height of the bump whose steepest tangents meet at `angle_deg`."""
    return float(np.tan(np.radians(angle_deg / 2)) * reach_mm * 9 / 8)


def sideways(body: Body, z):
    """How far the spine lies to the side at heights z, as a share of its way at the apex."""
    level = body.latent("scoliosis_level_mm", 60.0)
    below = _bump(z, level - 2 * SCOLIOSIS_REACH_MM, SCOLIOSIS_REACH_MM)
    return _bump(z, level, SCOLIOSIS_REACH_MM) - COUNTER * below
