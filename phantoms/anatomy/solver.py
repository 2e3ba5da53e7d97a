"""Organs of the size that was asked for: each organ's surface is moved until its volume, as drawn, is right.

Newton's method for all organs at once; each is counted in a window of its own, an adrenal gland as finely as a liver,
first in coarse voxels, then in fine ones. What an organ gains its neighbours may lose, so all are counted at the end.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Bool
from numba import get_num_threads
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.solids import Warp, draw
from phantoms.solids.tape import Tape
from simdata import Grid, SceneError
from simdata.structures import structures

COARSE, FINE, CLOSE, ABOUT = 16_000, 120_000, 0.008, 0.02
"""Voxels of an organ's window, and the relative errors at which it is left alone: what so many voxels tell apart."""
FITS = 0.01
ROUNDS = 9
REACH_MM = 90.0
FINEST_MM = 2.0
STRIDE_MM = 28.0
"""How far a surface may move in all and in one round, reference mm."""
MARGIN_MM = 8.0
"""Room around an organ in its window, mm of the patient."""
STEEPEST = 2.5
"""A secant changes the slope by this factor at most: neighbours that move too may drown it."""

Build = Callable[[Body], Tape]
"""From a body to its layers."""


@dataclass(frozen=True)
class Organ:
    """An organ with a volume.

    knob: what `Body.grown` calls it. parts: names of the structures that make it up. free: its surface that moves with
    the knob, over the whole surface of a ball of its volume. carries: whether other organs move with it.
    """

    knob: str
    parts: tuple[str, ...]
    free: float = 1.2
    carries: bool = False


def approach(body: Body, wanted_ml: Mapping[Organ, float], build: Build, warp: Warp, whole: Grid) -> "Course":
    """About these volumes, as coarse voxels show them.

    build: makes the layers of a body, seen through `warp`. whole: a grid that shows all organs; what it does not show
    is left out.
    """
    look = Look(build, warp, whole)
    windows = look.windows(body, wanted_ml)
    wanted = {organ: volume for organ, volume in wanted_ml.items() if organ in windows}
    start = Course(body, windows, look.count(body, windows, COARSE), {})
    return _settled(start, wanted, look, COARSE, ABOUT)


def solve(
    body: Body, wanted_ml: Mapping[Organ, float], build: Build, warp: Warp, whole: Grid
) -> tuple[Body, Mapping[Organ, float]]:
    """`body` with the `grow_mm` that gives every organ its volume, as far as it fits, and the volumes found, mL."""
    near = approach(body, wanted_ml, build, warp, whole)
    look = Look(build, warp, whole)
    wanted = {organ: wanted_ml[organ] for organ in near.windows}
    near = replace(near, found=look.count(near.body, near.windows, FINE))
    there = _settled(near, wanted, look, FINE, CLOSE)
    return there.body, there.found


Windows = Mapping[Organ, Grid]


@dataclass(frozen=True, eq=False)
class Course:
    """How far the solver is: windows around the organs, mL found in them, and mL per mm that a surface moves."""

    body: Body
    windows: Windows
    found: Mapping[Organ, float]
    slope: Mapping[Organ, float]


@dataclass(frozen=True, eq=False)
class Look:
    """How a body is looked at: build makes its layers, seen through `warp`; whole: a grid that shows all of it."""

    build: Build
    warp: Warp
    whole: Grid

    def windows(self, body: Body, organs: Iterable[Organ]) -> dict[Organ, Grid]:
        """A grid around every organ that can be seen."""
        labels = draw(self.build(body), self.whole, self.warp).labels
        found = {}
        for organ in organs:
            mask = is_part(organ)[labels]
            used = [np.flatnonzero(mask.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
            if all(len(one) for one in used):
                low, high = (self.whole.world_mm(np.array([one[n] for one in used], float)) for n in (0, -1))
                found[organ] = _around(low - MARGIN_MM, high + MARGIN_MM, COARSE)
        return found

    def count(self, body: Body, windows: Windows, voxels: int) -> dict[Organ, float]:
        """mL of every organ in its window of so many voxels."""
        layers = self.build(body)

        def measure(organ: Organ) -> float:
            low, high = _corners(windows[organ])
            window = _around(low, high, min(voxels, int(np.prod(high - low) / FINEST_MM**3) + COARSE))
            labels = draw(layers, window, self.warp, top=_depth_of(organ, layers)).labels
            return float(is_part(organ)[labels].sum() * window.voxel_mm3 / 1000)

        with ThreadPoolExecutor(get_num_threads()) as threads:
            return dict(zip(windows, threads.map(measure, windows), strict=True))


def _depth_of(organ: Organ, layers: Tape) -> int:
    """How many layers there are down to the organ's last one: those below do not change it."""
    return int(np.flatnonzero(is_part(organ)[layers.program.label])[-1]) + 1


def _settled(course: Course, wanted: Mapping[Organ, float], look: Look, voxels: int, close: float) -> Course:
    """The course after Newton's steps for all organs at once, counted in windows of so many voxels.

    An organ that is right stays and is not counted again until all others are right too.
    """
    body, windows, found = course.body, course.windows, course.found
    slope = {o: course.slope.get(o, o.free * _ball_cm2(found[o]) / 10) for o in wanted}
    fresh = True
    for _ in range(ROUNDS):
        if _all_close(found, wanted, close):
            if fresh:
                break
            found, fresh = look.count(body, windows, voxels), True
            continue
        before = body
        off = [o for o in wanted if abs(found[o] / wanted[o] - 1) >= close]
        body = _moved(body, {o: (wanted[o] - found[o]) / slope[o] for o in off})
        steps = {o: body.grown(o.knob) - before.grown(o.knob) for o in wanted}
        if any(organ.carries and abs(step) > MARGIN_MM / 2 for organ, step in steps.items()):
            windows = {**windows, **look.windows(body, wanted)}
        else:
            windows = {organ: _wider(window, steps[organ]) for organ, window in windows.items()}
        now, fresh = look.count(body, {o: windows[o] for o in off}, voxels), len(off) == len(wanted)
        slope |= {o: _bettered(slope[o], found[o] - wanted[o], now[o] - wanted[o], steps[o]) for o in off}
        found = {**found, **now}
    return Course(body, windows, found, slope)


def check_fit(found_ml: Mapping[Organ, float], asked_ml: Mapping[str, float]) -> None:
    """Raises SceneError if an organ that was asked for has not got its volume: it names both volumes."""
    rooms = {organ.knob: found for organ, found in found_ml.items()}
    for name, asked in asked_ml.items():
        found = rooms.get(name, 0.0)
        if abs(found / asked - 1) > FITS:
            raise SceneError(
                f"organs: {name} of {asked:.0f} mL does not fit into this body, which has room for about "
                f"{found:.0f} mL; a volume near that, or another subject, would do"
            )


def _all_close(found_ml: Mapping[Organ, float], wanted_ml: Mapping[Organ, float], close: float) -> bool:
    return all(abs(found_ml[organ] / volume - 1) < close for organ, volume in wanted_ml.items())


def _moved(body: Body, steps_mm: Mapping[Organ, float]) -> Body:
    grow = dict(body.grow_mm)
    for organ, step in steps_mm.items():
        stride = float(np.clip(step, -STRIDE_MM, STRIDE_MM))
        grow[organ.knob] = float(np.clip(body.grown(organ.knob) + stride, -REACH_MM, REACH_MM))
    return replace(body, grow_mm=grow)


def _bettered(slope: float, before_ml: float, now_ml: float, moved_mm: float) -> float:
    """mL per mm after a round: steeper if the move went too far, else the secant if its neighbours do not drown it.

    before_ml, now_ml: how much too large the organ was and is.
    """
    if before_ml * now_ml < 0 and abs(now_ml) > 0.4 * abs(before_ml):
        return 2 * slope
    if abs(moved_mm) < 0.2:
        return slope
    secant = (now_ml - before_ml) / moved_mm
    return float(np.clip(secant, slope / STEEPEST, slope * STEEPEST)) if secant > 0 else slope


def _ball_cm2(volume_ml: float) -> float:
    """Surface of a ball of that volume."""
    return (36 * np.pi) ** (1 / 3) * max(volume_ml, 0.05) ** (2 / 3)


def _around(low_mm: ndarray, high_mm: ndarray, voxels: int) -> Grid:
    """A grid of about so many voxels between two corners."""
    size = high_mm - low_mm
    voxel_mm = float((np.prod(size) / voxels) ** (1 / 3))
    x, y, z = np.ceil(size / voxel_mm).astype(int) + 1
    return Grid.regular((int(x), int(y), int(z)), voxel_mm, tuple((low_mm + high_mm) / 2))


def _corners(window: Grid) -> tuple[ndarray, ndarray]:
    return window.world_mm(np.zeros(3)), window.world_mm(np.array(window.shape) - 1.0)


def _wider(window: Grid, grown_mm: float) -> Grid:
    """The window of an organ that grew by so much: the same one, so that it is weighed alike, if that is little."""
    low, high = _corners(window)
    return window if grown_mm < MARGIN_MM / 2 else _around(low - grown_mm, high + grown_mm, COARSE)


@cache
def is_part(organ: Organ) -> Bool[ndarray, " n"]:
    """Structure id to whether it belongs to the organ."""
    lookup = np.zeros(1 << 16, bool)
    for id, structure in structures().items():
        while structure.name not in organ.parts and structure.parent:
            structure = structures()[structure.parent]
        lookup[id] = structure.name in organ.parts
    return lookup
