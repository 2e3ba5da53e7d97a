"""How the cortex folds: a sheet that grows faster than what it lies on buckles into ridges of one width.

On the smooth surface of a hemisphere the height u of the cortex follows u <- tanh(g D u + s). D is the difference of
two diffusions: what stands beside a ridge is lifted, what lies half a wave away is pushed down, as in a stiff layer on
a soft bed, whose fastest mode of buckling has one wavelength (Tallinen, Nature Physics 2016;12:588; the amplitude
equation is of the kind of Swift and Hohenberg 1977). The source s holds the sulci that everybody has where they are
(phantoms/tables/sulci.csv), a little elsewhere in each person and half; the others arise between them by chance.

Sulci are the zero lines of u, carried inwards at right angles to the surface.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from phantoms.anatomy.folding_surface import LATTICE_MM, Surface, lattice
from phantoms.anatomy.sulci import Sulcus, sulci
from phantoms.solids import Lattice
from simdata import Streams

WAVE_MM = 28.0
"""Two gyri and two sulci; with the depths below, an adult's cortex takes about as much room as the white matter."""
GROWTH, ROUNDS = 1.6, 30
SEEDED, CHANCE = 1.4, 0.3
"""Weight of the sulci that everybody has while folds grow, and of what arises by chance at first."""
CURLY = 0.5
"""Amplitude of a wave half as long, which makes sulci wind and branch."""
WANDER_MM, WANDERS_MM = 3.2, 30.0
"""How far sulci lie from where they are on average, and over what length of surface that changes."""
DEPTH_MM, DEPTH_SD_MM, DEPTH_RANGE_MM = 16.5, 5.0, (3.0, 24.0)
"""Of sulci without a name: some are deep, some a dent, some are bridged."""
DEPTH_VARIES = 0.12
"""Share by which every depth varies along a sulcus, one standard deviation."""
ROOM = 0.75
"""What share of the way to the middle of a lobe sulci reach at most, so that no gyrus is cut off."""
NAMED_MM = 7.0
"""Up to so far from its line a sulcus has the depth that its name tells."""


@dataclass(frozen=True, eq=False)
class Folds:
    """away: mm to the nearest sulcus along the surface, with a sign. depth: mm that the sulci of a place reach down."""

    away: Lattice
    depth: Lattice


@lru_cache(maxsize=4)
def folds(streams: Streams, surface: Surface, side: str) -> Folds:
    """The folds of one hemisphere of a person, as those of a right one."""
    dice = streams[f"brain_folds_{side}"].generator
    steps = max(1, round(np.log(3) / (surface.step_mm2 / 2 * (2 * np.pi / WAVE_MM) ** 2) / 2))
    places = surface.points + _wander(surface, dice)
    source, (weight, depth_mm) = _named(places, surface.normals)
    height = np.tanh(source + CHANCE * dice.standard_normal(len(source)))
    for _ in range(ROUNDS):
        height = np.tanh(GROWTH * _band(height, surface, steps) + SEEDED * source)
    other_mm = DEPTH_MM + DEPTH_SD_MM * _smooth_noise(surface, dice, WAVE_MM / 2)
    reach = weight * depth_mm + (1 - weight) * np.clip(other_mm, *DEPTH_RANGE_MM)
    reach *= 1 + DEPTH_VARIES * _smooth_noise(surface, dice, WAVE_MM / 2)
    reach = np.minimum(reach, ROOM * surface.room_mm)
    curls = _band(dice.standard_normal(len(height)), surface, max(1, round(steps / 4)))
    away_mm = _away(surface, _band(height, surface, steps) + CURLY * curls)
    return Folds(lattice(away_mm), lattice(surface.carry @ reach))


def _band(height: Float[ndarray, " n"], surface: Surface, steps: int) -> Float[ndarray, " n"]:
    """Diffusion over `steps` less diffusion over three times as many, of standard deviation 1."""
    for _ in range(steps):
        height = surface.spread @ height
    near = height
    for _ in range(2 * steps):
        height = surface.spread @ height
    return (near - height) / (near - height).std()


def _smooth_noise(surface: Surface, dice: Generator, over_mm: float) -> Float[ndarray, " n"]:
    """Noise on the surface, smooth over a length, of standard deviation 1."""
    noise = dice.standard_normal(len(surface.points))
    for _ in range(round((over_mm / 2) ** 2 / surface.step_mm2)):
        noise = surface.spread @ noise
    return (noise - noise.mean()) / noise.std()


def _wander(surface: Surface, dice: Generator) -> Float[ndarray, "n 3"]:
    return WANDER_MM * np.stack([_smooth_noise(surface, dice, WANDERS_MM) for _ in range(3)], axis=-1)


def _named(
    places: Float[ndarray, "n 3"], normals: Float[ndarray, "n 3"]
) -> tuple[Float[ndarray, " n"], Float[ndarray, "2 n"]]:
    """Of the nearest sulcus with a name: its source, and the weight and value of its depth."""
    source, near = np.zeros(len(places)), np.full(len(places), np.inf)
    depth = np.zeros((2, len(places)))
    for sulcus in sulci():
        away, sign = _from(sulcus, places, normals)
        own = away < near
        wave = np.sin(np.clip(2 * np.pi * away / WAVE_MM, 0, np.pi))
        source = np.where(own, sulcus.side_sign * sign * wave, source)
        depth[0, own], depth[1, own] = np.exp(-((away[own] / NAMED_MM) ** 2)), sulcus.depth_mm
        near = np.minimum(near, away)
    return source, depth


def _from(
    sulcus: Sulcus, places: Float[ndarray, "n 3"], normals: Float[ndarray, "n 3"]
) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"]]:
    """How far places lie from a sulcus, mm, and on which side of it: 1 or -1."""
    line = sulcus.line_mm
    away, nearest = (np.asarray(found) for found in KDTree(line).query(places))
    along = np.gradient(line, axis=0)[nearest]
    side = (np.cross(normals, along) * (places - line[nearest])).sum(-1)
    return away, np.where(side > 0, 1.0, -1.0)


def _away(surface: Surface, height: Float[ndarray, " n"]) -> Float[ndarray, "x y z"]:
    """mm to the next zero of a wave: atan(k u / |grad u|) / k, exact for sin k x."""
    value = lattice(surface.carry @ height).values
    k = 2 * np.pi / WAVE_MM
    steep = np.sqrt(sum(g**2 for g in np.gradient(value, LATTICE_MM)))
    return np.arctan(k * value / np.maximum(steep, 0.35 * k * np.abs(value).mean())) / k
