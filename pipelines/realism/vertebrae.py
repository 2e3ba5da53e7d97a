"""Vertebral bodies found in the labels: their middles, endplates and heights.

The body is what a ball of 0.6 times the largest radius that fits into the vertebra can reach: arch and processes are
too thin for it. Its endplates are planes through the ends of the columns along the spine, near the middle of the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from pipelines.realism.atlas import Atlas, Piece
from pipelines.realism.voxels import depth_mm, pieces

LEVELS = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
    "S1",
)
THIN = 0.6
"""Share of the largest radius in a vertebra; the arch is thinner than that, the body is not."""
INNER = 0.8
"""Share of width and depth of the body within which its endplates are measured."""
WAIST_MM = 4.0
"""Width and depth of the body are measured so near to its middle lines."""
WIDEST_MM = 24.0
"""Half of the width of a vertebral body at most: beyond it are the wings of the first sacral segment."""
LONG = 0.75
"""Share of the median length that a column must have."""
FEWEST_COLUMNS = 12


@dataclass(frozen=True, eq=False)
class VertebralBody:
    """centre_mm: RAS mm. height_mm: between the endplates, in the middle.

    upper_deg, lower_deg: how far the endplate rises (frontwards, rightwards) from the horizontal.
    """

    centre_mm: Float[ndarray, " 3"]
    height_mm: float
    upper_deg: tuple[float, float]
    lower_deg: tuple[float, float]


def vertebral_bodies(atlas: Atlas) -> Mapping[str, VertebralBody]:
    """Level to the body of every vertebra that is whole in the field; C1 has none."""
    names = [level for level in LEVELS[1:] if atlas.whole(f"vertebrae_{level}")]
    whole = {level: atlas.piece(f"vertebrae_{level}") for level in names}
    cores = {level: piece.points_mm(_body(piece)) for level, piece in whole.items()}
    centres = {level: core.mean(axis=0) for level, core in cores.items()}
    spacing = float(atlas.spacing_mm.mean())
    bodies = {level: _measured(piece, centres, level, spacing) for level, piece in whole.items()}
    return {level: body for level, body in bodies.items() if body is not None}


def level_names(numbers: float) -> str:
    """The level at a number of `Ladder`: 16.2 lies in T9, the lower part."""
    return LEVELS[int(np.clip(round(numbers), 0, len(LEVELS) - 1))]


class Ladder:
    """Heights to levels: T9 is 15 at the middle of its body (see LEVELS), 15.5 at the disc below it."""

    def __init__(self, bodies: Mapping[str, VertebralBody]) -> None:
        steps = sorted((float(body.centre_mm[2]), LEVELS.index(level)) for level, body in bodies.items())
        self._heights = np.array([height for height, _ in steps])
        self._level = PchipInterpolator(self._heights, [number for _, number in steps]) if len(steps) > 2 else None

    def level(self, height_mm: float) -> float | None:
        """The level at a height; None beyond the vertebrae of the field (by more than half a vertebra)."""
        if self._level is None:
            return None
        step = np.diff(self._heights)
        if not self._heights[0] - 0.5 * step[0] <= height_mm <= self._heights[-1] + 0.5 * step[-1]:
            return None
        return float(self._level(height_mm, extrapolate=True))


def _body(piece: Piece) -> Bool[ndarray, "x y z"]:
    """The voxels of the body within a vertebra."""
    padded = np.pad(piece.inside, 1)
    depth = depth_mm(padded, piece.spacing_mm)
    radius = THIN * depth.max()
    cores = pieces(depth >= radius)
    core = cores == cores.flat[int(depth.argmax())]
    near = depth_mm(~core, piece.spacing_mm) <= radius
    return (padded & near)[1:-1, 1:-1, 1:-1]


def _measured(piece: Piece, centres: Mapping[str, ndarray], level: str, spacing_mm: float) -> VertebralBody | None:
    along = _along(centres, level)
    front = np.array([0.0, 1.0, 0.0]) - along[1] * along
    front /= np.linalg.norm(front)
    right = np.cross(front, along)
    local = (piece.points_mm(piece.inside) - centres[level]) @ np.stack([right, front, along]).T
    side, depth, height = abs(local).T < WAIST_MM
    half_x = min(abs(local[depth & height, 0]).max(initial=0), WIDEST_MM)
    half_y = local[side & height, 1].max(initial=0)
    inner = local[(abs(local[:, 0]) < INNER * half_x) & (abs(local[:, 1]) < INNER * half_y)]

    columns = _columns(inner, spacing_mm)
    if len(columns) < FEWEST_COLUMNS:
        return None
    (bottom, *lower), (top, *upper) = (_plane(columns[:, :2], columns[:, end]) for end in (2, 3))
    tilts = [_tilt(right, front, along, *slopes) for slopes in (upper, lower)]
    return VertebralBody(centres[level] + along * (top + bottom) / 2, top - bottom, *tilts)


def _along(centres: Mapping[str, ndarray], level: str) -> Float[ndarray, " 3"]:
    """Direction of the spine at a vertebra, up: from its lower neighbour to its upper one."""
    number = LEVELS.index(level)
    around = [centres[LEVELS[n]] for n in (number + 1, number, number - 1) if n < len(LEVELS) and LEVELS[n] in centres]
    along = around[-1] - around[0] if len(around) > 1 else np.array([0.0, 0.0, 1.0])
    return along / np.linalg.norm(along)


def _columns(local: Float[ndarray, "n 3"], spacing_mm: float) -> Float[ndarray, "n 4"]:
    """Columns along the spine: x, y, and where they begin and end, mm; without the short ones at the edge."""
    cells = np.round(local[:, :2] / spacing_mm).astype(int)
    _, column = np.unique(cells, axis=0, return_inverse=True)
    column = column.ravel()
    count = np.bincount(column)
    x, y = (np.bincount(column, local[:, axis]) / count for axis in (0, 1))
    low, high = np.full(len(count), np.inf), np.full(len(count), -np.inf)
    np.minimum.at(low, column, local[:, 2])
    np.maximum.at(high, column, local[:, 2])
    found = np.stack([x, y, low - spacing_mm / 2, high + spacing_mm / 2], axis=1)
    length = high - low
    return found[length >= LONG * np.median(length)] if len(found) else found


def _plane(places: Float[ndarray, "n 2"], heights: Float[ndarray, " n"]) -> list[float]:
    """Height at the middle and the slopes to the right and to the front."""
    equations = np.column_stack([np.ones(len(places)), places])
    return [float(value) for value in np.linalg.lstsq(equations, heights, rcond=None)[0]]


def _tilt(right, front, along, to_right: float, to_front: float) -> tuple[float, float]:
    """Degrees that a plate rises frontwards and rightwards, in the patient."""
    forward, rightward = front + to_front * along, right + to_right * along
    return (
        float(np.degrees(np.arctan2(forward[2], forward[1]))),
        float(np.degrees(np.arctan2(rightward[2], rightward[0]))),
    )
