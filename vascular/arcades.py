"""The large vessels of a fundus: from artery and vein in the disc, arcades round the macula and trunks to the nose.

Above and below the fovea run an artery and a vein, wide apart from the macula; near the disc each may give off a
macular branch, the inner arcade, which runs along its mother and tapers towards the raphe. Places are (u, v) mm in the
eye's frame (vascular.fundus).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import CubicSpline

from simdata.vessels import ARTERY, ROOT, VEIN, Vessels, vessel_tree

OUTER_MM, OUTER_SD_MM = 3.7, 0.5
"""Height of an arcade over the fovea at its top: mostly outside a field of 6 mm, but for its corners at the disc."""
APART_MM, APART_SD_MM, CLOSEST_MM = 0.6, 0.3, 0.3
"""Between the artery and the vein of an arcade at its top, either above."""
INNER_MM, INNER_SD_MM, INNER_LEAST_MM = 1.8, 0.35, 1.1
"""Height of an inner arcade; the mean of 100 ROSSA masks has its ridges at 1.85 mm of 6 mm fields."""
BOTH = 0.5
"""How often artery and vein both have an inner arcade, the second so much farther out:"""
SECOND_MM, SECOND_SD_MM = 0.6, 0.2
SHAPE, SHAPE_SD = np.array((0.2, 0.8, 0.68)), np.array((0.7, 0.14, 0.06))
"""How far nasal of the fovea an arcade is highest, mm; its height 3 mm temporal of its top, and 3.4 mm nasal of the
fovea, over that of its top."""
COMPANION = 0.25
"""What artery and vein of an arcade differ in their shape, over what arcades differ."""
CLOSING = 0.35
"""Of the height of an arcade's top, by which it comes nearer to the raphe 7 mm from the fovea."""
WAVER_MM = 0.08
"""Of the longest wave of a trunk, 6 mm."""
STEP_MM = 0.1
ROOT_OFFSET_MM = 0.12
"""Of the central artery and vein from the middle of the disc, the artery nasal (memory)."""


Shape = Float[ndarray, " 3"]


@dataclass(frozen=True)
class _Line:
    """A trunk through (k, 2) places, and the number of the line that it leaves at its first place."""

    kind: int
    at: Float[ndarray, "k 2"]
    mother: int


def arcades(
    disc: Float[ndarray, " 2"],
    disc_radius_mm: float,
    nasal_mm: float,
    rng: Generator,
    beyond: Sequence[tuple[float, float]] = (),
) -> Vessels:
    """The trunks of an eye whose fundus ends nasal_mm from the fovea, both ways; two roots, in the disc.

    beyond: temporal places, mm, with the share of their height by which arcades have come nearer to the raphe there; if
    none is given they do so at the end of the fundus, by CLOSING.
    """
    lines = [
        _Line(kind, np.array([[disc[0] + offset, disc[1]]]), ROOT)
        for kind, offset in ((ARTERY, ROOT_OFFSET_MM), (VEIN, -ROOT_OFFSET_MM))
    ]
    for side in (1, -1):
        height = rng.normal(OUTER_MM, OUTER_SD_MM)
        apart = max(CLOSEST_MM, rng.normal(APART_MM, APART_SD_MM)) * rng.choice((-0.5, 0.5))
        shape = SHAPE + _shape(rng, 1.0)
        first = int(rng.integers(2))
        inner = max(INNER_LEAST_MM, rng.normal(INNER_MM, INNER_SD_MM))
        for kind, sign in ((ARTERY, 1), (VEIN, -1)):
            top = max(height + sign * apart, inner + 0.5)
            rim = disc + disc_radius_mm * np.array([0.15 * sign, 0.95 * side])
            own = shape + _shape(rng, COMPANION)
            lines.append(_temporal(lines[kind], kind, rim, side * top, beyond or ((-nasal_mm, CLOSING),), own, rng))
            mother = len(lines) - 1
            second = kind != first
            if not second or rng.random() < BOTH:
                low = inner + second * max(0.3, rng.normal(SECOND_MM, SECOND_SD_MM))
                if low < top - 0.4:
                    lines.append(_inner(lines[mother], mother, side * low, rng))
            lines += _nasal(lines[kind], kind, disc, disc_radius_mm, side, rng)
    lines += _papillomacular(lines, disc, disc_radius_mm, rng)
    return _joined(lines)


def _temporal(
    root: _Line, kind: int, rim, top: float, beyond: Sequence[tuple[float, float]], shape: Shape, rng: Generator
) -> _Line:
    crest, droop, steep = shape
    through = [
        root.at[0],
        rim,
        (3.4, steep * top),
        (crest, top),
        (crest - 3, droop * top),
        *((u, max(droop - closing, 0.15) * top) for u, closing in beyond),
    ]
    return _Line(kind, _course(through, rng), kind)


def _inner(mother: _Line, number: int, top: float, rng: Generator) -> _Line:
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(mother.at, axis=0), axis=1)))
    start = mother.at[np.searchsorted(along, rng.normal(2.0, 0.3))]
    crest, droop, _ = SHAPE + _shape(rng, 1.0)
    crest = min(crest, 1.2)
    through = [
        start,
        (start[0] - 0.9, 0.5 * start[1] + 0.38 * top),
        (crest, top),
        (crest - 1.7, (droop - 0.05) * top),
        (crest - rng.uniform(2.2, 3.6), (droop - 0.4) * top),
    ]
    return _Line(mother.kind, _course(through, rng), number)


def _nasal(root: _Line, kind: int, disc, radius: float, side: int, rng: Generator) -> list[_Line]:
    """Two trunks: steeply up or down, and flat to the nose."""
    made = []
    for turn in np.radians(rng.normal((70.0, 25.0), 8)):
        way, bent = (np.array([np.cos(a), side * np.sin(a)]) for a in (turn, 0.85 * turn))
        made.append(
            _Line(kind, _course([root.at[0], disc + radius * way, disc + 2.4 * way, disc + 5 * bent], rng), kind)
        )
    return made


def _papillomacular(lines: list[_Line], disc, radius: float, rng: Generator) -> list[_Line]:
    """Small vessels straight from the disc's edge to the macula, arteries and veins in turn, from above down."""
    kind = int(rng.integers(2))
    made = []
    for height in np.sort(rng.uniform(-0.65, 0.65, int(rng.integers(0, 3))))[::-1]:
        through = [
            lines[kind].at[0],
            disc + radius * np.array([-np.sqrt(1 - height**2), height]),
            (3.4, 1.4 * height + 0.35),
            (rng.uniform(2.1, 3.0), 1.2 * height + 0.15 + rng.normal() * 0.06),
        ]
        made.append(_Line(kind, _course(through, rng), kind))
        kind = 1 - kind
    return made


def _shape(rng: Generator, share: float) -> Shape:
    """What an arcade differs from SHAPE."""
    return share * SHAPE_SD * rng.normal(size=3)


def _course(through: list, rng: Generator) -> Float[ndarray, "k 2"]:
    """A line through those places, with the slight waves that all vessels have."""
    places = np.array(through, float)
    knots = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    line = CubicSpline(knots, places)(np.linspace(0, knots[-1], 400))
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    at = np.linspace(0, along[-1], int(along[-1] / STEP_MM) + 1)
    line = np.column_stack([np.interp(at, along, line[:, axis]) for axis in range(2)])
    waves = [
        rng.normal() * WAVER_MM / k * np.sin(2 * np.pi * k * at / 6 + rng.uniform(0, 2 * np.pi)) for k in range(1, 9)
    ]
    heading = np.gradient(line, axis=0)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    return line + (np.sum(waves, axis=0) * np.clip(at - 0.3, 0, 1))[:, None] * np.column_stack(
        [-heading[:, 1], heading[:, 0]]
    )


def _joined(lines: list[_Line]) -> Vessels:
    """One tree from each root: every other line hangs on its mother where that is nearest to its first place."""
    first, points, parent, kind = [], [], [], []
    count = 0
    for line in lines:
        at, above = line.at, ROOT
        if line.mother != ROOT:
            mother = lines[line.mother].at
            above = first[line.mother] + int(np.argmin(np.linalg.norm(mother - at[0], axis=1)))
            # a line that begins at its mother's first place begins there, not beside it
            at = at[1:]
        own = np.arange(len(at)) + count
        parent.append(np.append(above, own[:-1]))
        points.append(np.column_stack([at, np.zeros(len(at))]))
        kind.append(np.full(len(at), line.kind))
        # a daughter's first place is its mother's, which has another row
        first.append(count - (line.mother != ROOT))
        count += len(at)
    return vessel_tree(np.concatenate(points), np.concatenate(parent), np.full(count, 0.02), np.concatenate(kind))
