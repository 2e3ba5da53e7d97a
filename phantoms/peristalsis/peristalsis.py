"""Stomach and small bowel at work: rings of contraction run along them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float64
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from phantoms.peristalsis.lines import Lines
from phantoms.peristalsis.middle_lines import STEP_MM, middle_lines
from phantoms.peristalsis.reach import MOST_MM, around, even, reach_mm, smooth, until_mm
from phantoms.peristalsis.waves import Waves
from simdata import Growth, RecipeError, Scene, SceneError
from simdata.motion import inside
from simdata.tissues import tissues

STOMACH, BOWEL = ("stomach_content", "stomach_gas"), ("small_bowel_content", "small_bowel_gas", "duodenum_content")
WHOLE_STOMACH, WHOLE_BOWEL = ("stomach",), ("small_bowel", "duodenum")
"""Their lumens, and what stands for them where only the whole organ is labelled."""
STOMACH_WAVE_MM, BOWEL_WAVE_MM = 50.0, 45.0
"""From ring to ring: at 3 a minute those of the antrum go 2.5 mm/s (Kwiatek 2006, J Magn Reson Imaging 23:569), those
of the bowel some 8 mm/s (both from memory)."""
STOMACH_LEAST_MM, BOWEL_LEAST_MM = 60.0, 25.0
QUIET, DEEP = 0.3, 0.65
"""Of the stomach's way from the fundus: up to the first it is a reservoir, from the second on rings are deepest."""
WORKS = 0.3, 1.0
"""Least and largest share of the depth that a piece of bowel has (assumed)."""
FADES_MM, CLEAR_MM = 12.0, 40.0
"""At either end of a line; and how far from the middle of a working stomach bowel works."""
IN_REACH, LEAST_MM = 0.75, 1.5
"""Most of a lumen, by how far the wave may reach: the rest takes up the wall. No wave reaches less than the second."""
WIDEST_MM, WIDER, AROUND_MM = 60.0, 1.5, 10.0
"""A lumen is no wider than the first along any ray; the wave ends at WIDER lumens and so much beyond."""
FIRM = ("cortical_bone", "spongy_bone")


@dataclass(frozen=True, kw_only=True)
class Peristalsis(Growth):
    """Stomach and small bowel contract, ring by ring, from where they were built: relaxed.

    stomach_per_min: rings that arise a minute, 3 in everybody. bowel_per_min: 12 in the duodenum, 8 in the ileum; each
    piece of lumen has a rate between, rounded so that all come back together after one ring of the stomach. Guyton and
    Hall, Textbook of Medical Physiology, ch. 63 (from memory). stomach_depth, bowel_depth: most of the radius that a
    ring takes away; each piece of bowel has a share of it, as some rest while others work. Grow it after what else
    moves: it lies within. Raises SceneError for a patient without stomach and small bowel.
    """

    stomach_per_min: Annotated[float, Gt(0), Le(6)] = 3.0
    bowel_per_min: tuple[float, float] = (8.0, 12.0)
    stomach_depth: Annotated[float, Ge(0), Le(0.85)] = 0.7
    bowel_depth: Annotated[float, Ge(0), Le(0.85)] = 0.6

    def __post_init__(self) -> None:
        low, high = self.bowel_per_min
        if not 0 < low <= high <= 20:
            raise RecipeError(f"Peristalsis.bowel_per_min: found {self.bowel_per_min}; (8, 12) would do")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        here, period_s = scene.to("cpu"), 60 / self.stomach_per_min
        stomach = list(self._stomach(here, rng))
        lines = [*stomach, *self._bowel(here, rng, period_s, stomach)]
        if not lines:
            raise SceneError("Peristalsis: the patient has no stomach and no small_bowel here; one of them would do")
        number = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        x, y, z, depth, waves, rate = np.concatenate(lines).T
        points = np.stack([x, y, z], axis=1)
        headings = around(points, number)
        hollow = _lumen(here, STOMACH, WHOLE_STOMACH) | _lumen(here, BOWEL, WHOLE_BOWEL)
        firm = np.isin(here.tissue, [tissues()[name] for name in FIRM]) | (here.labels == 0)
        lumen = smooth(until_mm(points, headings, ~hollow, here.grid, WIDEST_MM), number)
        free = even(until_mm(points, headings, firm, here.grid, MOST_MM), number)
        ends = np.minimum(np.minimum(reach_mm(points, number, headings), free), WIDER * lumen + AROUND_MM)
        ends = np.maximum(ends, LEAST_MM)
        lumen = np.clip(lumen, IN_REACH * LEAST_MM, IN_REACH * ends)
        packed = Lines(points, depth, waves, rate, number, lumen, ends, headings).packed()
        return replace(scene, motion=inside(scene.motion, Waves(packed, period_s), first=True))

    def _stomach(self, scene: Scene, rng: Generator) -> Iterator[Float64[ndarray, "n 6"]]:
        """The longest line, from the fundus to the pylorus, which lies to the right."""
        for points, _ in middle_lines(_lumen(scene, STOMACH, WHOLE_STOMACH), scene.grid, STOMACH_LEAST_MM):
            if points[0, 0] > points[-1, 0]:
                points = points[::-1]
            way = np.linspace(0, 1, len(points))
            deepens = np.clip((way - QUIET) / (DEEP - QUIET), 0, 1)
            yield _line(points, self.stomach_depth * deepens, STOMACH_WAVE_MM, 1, rng)
            return

    def _bowel(
        self, scene: Scene, rng: Generator, period_s: float, stomach: list[Float64[ndarray, "n 6"]]
    ) -> Iterator[Float64[ndarray, "n 6"]]:
        """Each piece with its own rate, depth and beginning; which way the rings of one go is drawn, too.

        What lies beside the working part of the stomach rests, and goes along with that.
        """
        low, high = np.array(self.bowel_per_min) * period_s / 60
        rates = np.arange(np.ceil(low), np.floor(high) + 1)
        rates = rates if len(rates) else np.maximum(np.rint([(low + high) / 2]), 1)
        lumen = _lumen(scene, BOWEL, WHOLE_BOWEL)
        works = np.concatenate([line[line[:, 3] > 0, :3] for line in stomach] or [np.empty((0, 3))])
        lines = (points for points, _ in middle_lines(lumen, scene.grid, BOWEL_LEAST_MM))
        for points in (piece for one in lines for piece in _apart(one, works)):
            turned = slice(None, None, -1 if rng.random() < 0.5 else 1)
            depth = np.full(len(points), self.bowel_depth * rng.uniform(*WORKS))
            yield _line(points[turned], depth, BOWEL_WAVE_MM, float(rng.choice(rates)), rng)


def _apart(points: Float64[ndarray, "n 3"], others: Float64[ndarray, "m 3"]) -> list[Float64[ndarray, "k 3"]]:
    """The pieces of a line that lie CLEAR_MM and more from others, where they are long enough."""
    if not len(others):
        return [points]
    far = np.asarray(KDTree(others).query(points)[0]) > CLEAR_MM
    ends = np.flatnonzero(np.diff(far)) + 1
    pieces = np.split(points, ends)
    return [one for one, clear in zip(pieces, far[[0, *ends]], strict=True) if clear and len(one) >= BOWEL_LEAST_MM]


def _line(points, depth, wave_mm: float, rate: float, rng: Generator) -> Float64[ndarray, "n 6"]:
    """Place, depth that fades at the ends, waves since the beginning, and waves a period."""
    at = STEP_MM * np.arange(len(points))
    fade = np.clip(np.minimum(at, at[::-1]) / FADES_MM, 0, 1)
    depth = depth * fade**2 * (3 - 2 * fade)
    return np.column_stack([points, depth, rng.random() + at / wave_mm, np.full(len(points), rate)])


def _lumen(scene: Scene, names: tuple[str, ...], whole: tuple[str, ...]) -> Bool[ndarray, "x y z"]:
    for some in (names, whole):
        known = [entry.name for entry in scene.structures.values() if entry.name in some]
        found = np.logical_or.reduce([scene.mask(name) for name in known] or [np.zeros(scene.labels.shape, bool)])
        if found.any():
            return found
    return np.zeros(scene.labels.shape, bool)
