"""Stomach, duodenum, colon and small bowel: tubes with a wall, contents, and gas that rises to the front."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import chain

STOMACH_WALL_MM, COLON_WALL_MM, BOWEL_WALL_MM = 3.6, 2.2, 2.0
# x, y, z, radius, and how far a point rides up with the diaphragm
STOMACH = (
    (-52, -32, -30, 33, 0.8), (-60, -12, -42, 38, 0.8), (-63, 18, -66, 35, 0.5), (-52, 46, -92, 28, 0.2),
    (-28, 60, -110, 22, 0.0), (0, 58, -112, 17, 0.0), (20, 46, -102, 9, 0.0),
)  # fmt: skip
DUODENUM = chain(
    [
        (22, 44, -101),
        (34, 34, -100),
        (46, 14, -106),
        (49, 6, -130),
        (44, 4, -156),
        (20, 6, -166),
        (-8, 12, -160),
        (-26, 18, -146),
    ],
    [10, 13, 12.5, 12.5, 13, 11.5, 11.5, 12],
    8,
)
COLON = (
    (72, 16, -285), (84, 14, -250), (92, 8, -210), (92, 6, -175), (82, 20, -148), (70, 44, -142), (42, 66, -150),
    (0, 72, -158), (-40, 66, -148), (-72, 40, -120), (-92, -2, -88), (-102, -18, -110), (-103, -22, -150),
    (-103, -20, -200), (-104, -14, -250), (-96, -4, -290),
)  # fmt: skip
BOWEL_CELLS = (8, 4, 8)
BOWEL_MIDDLE_MM = (-4.0, 34.0, -238.0)
BOWEL_PITCH_MM = np.array([23.0, 25.0, 24.0])
BACKBITES = 3000


@dataclass(frozen=True, eq=False)
class Gut:
    """One patient's fill of the gut. gas_y_mm: level of the gas in the stomach; colon, bowel: (n, 8) round cones."""

    gas_y_mm: float
    colon: Float[ndarray, "n 8"]
    bowel: Float[ndarray, "n 8"]


def gut(rng: Generator) -> Gut:
    """Draw how full the stomach is, how the colon runs and how the small bowel is folded."""
    knots = np.array(COLON, float) + rng.normal(0, 3, (len(COLON), 3))
    width = np.interp(np.arange(len(knots)), [0, 4, 10, 15], [25, 20, 17, 15]) * np.exp(rng.normal(0, 0.12, len(knots)))
    colon = chain(knots, width, 5.0)
    haustra = 1 + 0.09 * np.sin(np.arange(len(colon) + 1) * 5.0 / 26.0 * 2 * np.pi)
    colon[:, 6] *= haustra[:-1]
    colon[:, 7] *= haustra[1:]
    return Gut(gas_y_mm=float(rng.uniform(30, 58)), colon=colon, bowel=_bowel(rng))


def _bowel(rng: Generator) -> Float[ndarray, "n 8"]:
    """Loops that run to and fro in the belly, one tube from the duodenum down."""
    path = _winding_path(BOWEL_CELLS, rng)
    points = BOWEL_PITCH_MM * (path - (np.array(BOWEL_CELLS) - 1) / 2) + rng.normal(0, 6.5, path.shape)
    points = gaussian_filter1d(points, 0.6, axis=0, mode="nearest")
    turn = Rotation.from_euler("xyz", rng.normal(0, 0.35, 3)).as_matrix()
    return chain(points @ turn.T + BOWEL_MIDDLE_MM, rng.uniform(9.5, 13.5, len(points)), 8.0)


def _winding_path(cells: tuple[int, int, int], rng: Generator) -> Float[ndarray, "n 3"]:
    """A random path that visits every cell of a box once and always steps to a neighbour.

    Backbite moves on a to-and-fro path: Mansfield 1982; Oberdorf, Ferguson, Jacobsen and Kondev 2006.
    """
    nx, ny, nz = cells
    path = []
    for k in range(nz):
        for j in range(ny) if k % 2 == 0 else reversed(range(ny)):
            path += [(i, j, k) for i in (range(nx) if (j + k * ny) % 2 == 0 else reversed(range(nx)))]
    place = {cell: n for n, cell in enumerate(path)}
    for axis, sign, end in zip(*(rng.integers(0, n, BACKBITES) for n in (3, 2, 2)), strict=True):
        tip = list(path[-1 if end else 0])
        tip[axis] += 1 if sign else -1
        at = place.get(tuple(tip))
        if at is None:
            continue
        first, last = (at + 1, len(path)) if end else (0, at)
        path[first:last] = path[first:last][::-1]
        place.update({path[n]: n for n in range(first, last)})
    return np.array(path, float)


def stomach_depth(view: Canvas, dome_mm: float) -> Float32[ndarray, "x y z"]:
    """Depth inside the stomach before its neighbours press on it, mm."""
    points = [(x, y, z + ride * dome_mm) for x, y, z, _, ride in STOMACH]
    return view.tubes(chain(points, [radius for _, _, _, radius, _ in STOMACH], 8), 12)[0]


def paint_stomach(view: Canvas, depth: Float32[ndarray, "x y z"], gut: Gut) -> None:
    """Stomach of that `depth` (mm) with contents and gas, then the duodenum."""
    free = view.has("visceral_fat")
    view.paint((depth > 0) & free, "stomach")
    lumen = (depth > STOMACH_WALL_MM + 0.8 * np.sin(view.x / 4) * np.sin(view.z / 4)) & free
    view.paint(lumen, "stomach_content")
    view.paint(lumen & (view.y > gut.gas_y_mm), "stomach_gas")
    _paint_tube(view, DUODENUM, "duodenum", BOWEL_WALL_MM, gas_over_mm=99.0)


def paint_bowel(view: Canvas, gut: Gut) -> None:
    """Colon with stool and gas, small bowel with fluid."""
    _paint_tube(view, gut.colon, "colon", COLON_WALL_MM, gas_over_mm=3.0)
    _paint_tube(view, gut.bowel, "small_bowel", BOWEL_WALL_MM, gas_over_mm=99.0)


def _paint_tube(view: Canvas, cones: Float[ndarray, "n 8"], name: str, wall_mm: float, gas_over_mm: float) -> None:
    depth, owner = view.tubes(cones)
    depth = np.minimum(depth, view.cavity - 2)
    here = (depth > 0) & view.has("visceral_fat")
    middle_y = (0.5 * (cones[:, 1] + cones[:, 4])).astype(np.float32)[owner]
    view.paint(here, name)
    view.paint(here & (depth > wall_mm), name, "gut_content")
    view.paint(here & (depth > wall_mm) & (view.y > middle_y + gas_over_mm), name, "air")
