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
from scipy.ndimage import find_objects
from scipy.spatial.transform import Rotation

from phantoms.anatomy.body import Body
from phantoms.solids import Warp, draw
from phantoms.solids.tape import Tape
from simdata import Grid, SceneError
from simdata.structures import structures

COARSE, FINE, ABOUT, CLOSE = 1_500, 10_000, 0.02, 0.006
"""Voxels of an organ, and the relative errors at which it is left alone: what so many voxels tell apart."""
FITS = 0.01
ROUNDS, CHECKS = 7, 4
REACH_MM = 90.0
STRIDE_MM = 28.0
"""How far a surface may move in all and in one round, reference mm."""
MARGIN_MM = 8.0
"""Room around an organ in its window, mm of the patient."""
TURN = Rotation.from_euler("xyz", (7, 11, 17), degrees=True).as_matrix()
STEEPEST, SHORT_MM = 2.5, 0.05
"""A secant changes the slope by this factor at most, since neighbours move too, and needs a move of this length."""

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


def approach(body: Body, aim: "Aim") -> "Course":
    """About the volumes that are wanted, as coarse voxels show them."""
    windows = aim.windows(body)
    return _settled(Course(body, windows, aim.count(body, windows, COARSE), {}), aim, COARSE, ABOUT)


def solve(body: Body, aim: "Aim") -> tuple[Body, Mapping[Organ, float]]:
    """`body` with the `grow_mm` that gives every organ its volume, as far as it fits, and the volumes found, mL."""
    course = approach(body, aim)
    course = replace(course, windows=aim.windows(course.body))
    for _ in range(CHECKS):
        course = replace(course, found=aim.count(course.body, course.windows, FINE))
        if not _off(course.found, aim.wanted_ml, CLOSE):
            break
        course = _settled(course, aim, FINE, CLOSE)
    return course.body, course.found


@dataclass(frozen=True, eq=False)
class Box:
    """Where an organ is counted: two corners, mm of the patient."""

    low_mm: ndarray
    high_mm: ndarray

    def grown(self, mm: float) -> "Box":
        """The box with so much more room on every side."""
        return Box(self.low_mm - mm, self.high_mm + mm)

    def grid(self, voxel_mm: float) -> Grid:
        """Voxels around it, turned a little: planes of the body must not lie along planes of the grid."""
        size = np.abs(TURN) @ (self.high_mm - self.low_mm)
        x, y, z = np.ceil(size / voxel_mm).astype(int) + 1
        affine = np.eye(4)
        affine[:3, :3] = voxel_mm * TURN.T
        affine[:3, 3] = (self.low_mm + self.high_mm) / 2 - affine[:3, :3] @ (np.array([x, y, z]) - 1) / 2
        return Grid((int(x), int(y), int(z)), affine)


Windows = Mapping[Organ, Box]


@dataclass(frozen=True, eq=False)
class Course:
    """How far the solver is: windows around the organs, mL found in them, and mL per mm that a surface moves."""

    body: Body
    windows: Windows
    found: Mapping[Organ, float]
    slope: Mapping[Organ, float]


@dataclass(frozen=True, eq=False)
class Aim:
    """What is wanted, and how to see what is there.

    wanted_ml: organ to volume. build: makes the layers of a body, seen through `warp`. whole: a grid that shows all
    organs; what neither it nor one twice as fine shows is left out.
    """

    wanted_ml: Mapping[Organ, float]
    build: Build
    warp: Warp
    whole: Grid

    def windows(self, body: Body) -> dict[Organ, Box]:
        """A box around every organ that is there; a small thin one is looked for twice as closely."""
        layers = self.build(body)
        found = self._boxes(layers, self.whole, self.wanted_ml)
        missed = [organ for organ in self.wanted_ml if organ not in found]
        return found | self._boxes(layers, _twice_as_fine(self.whole), missed) if missed else found

    def _boxes(self, layers: Tape, grid: Grid, organs: Iterable[Organ]) -> dict[Organ, Box]:
        """A box around every organ that shows, with room for what of it is too thin to show."""
        margin_mm = MARGIN_MM + max(grid.spacing_mm)
        labels = draw(layers, grid, self.warp).labels
        found = {}
        for organ in organs:
            for cuts in find_objects(is_part(organ)[labels].astype(np.uint8)):
                low, high = grid.world_mm(np.array([[cut.start for cut in cuts], [cut.stop - 1 for cut in cuts]]))
                found[organ] = Box(low - margin_mm, high + margin_mm)
        return found

    def count(self, body: Body, windows: Windows, voxels: int) -> dict[Organ, float]:
        """mL of every organ in its window, in voxels of which an organ of the right size has so many."""
        layers = self.build(body)

        def measure(organ: Organ) -> float:
            window = windows[organ].grid((1000 * self.wanted_ml[organ] / voxels) ** (1 / 3))
            labels = draw(layers, window, self.warp, top=_depth_of(organ, layers)).labels
            return float(is_part(organ)[labels].sum() * window.voxel_mm3 / 1000)

        with ThreadPoolExecutor(get_num_threads()) as threads:
            return dict(zip(windows, threads.map(measure, windows), strict=True))


def _depth_of(organ: Organ, layers: Tape) -> int:
    """How many layers there are down to the organ's last one: those below do not change it."""
    return int(np.flatnonzero(is_part(organ)[layers.program.label])[-1]) + 1


def _settled(course: Course, aim: Aim, voxels: int, close: float) -> Course:
    """The course after Newton's steps for all organs that are off at once, in so many voxels of each.

    An organ that is right stays and is not counted again, although its neighbours move.
    """
    body, windows, found = course.body, course.windows, course.found
    slope = {o: course.slope.get(o, o.free * _ball_cm2(found[o]) / 10) for o in found}
    for _ in range(ROUNDS):
        off = _off(found, aim.wanted_ml, close)
        if not off:
            break
        before = body
        body = _moved(body, {o: (aim.wanted_ml[o] - found[o]) / slope[o] for o in off})
        steps = {o: body.grown(o.knob) - before.grown(o.knob) for o in off}
        carried_mm = max((abs(steps[o]) for o in off if o.carries), default=0.0)
        windows = {o: window.grown(carried_mm + max(steps.get(o, 0.0), 0)) for o, window in windows.items()}
        now = aim.count(body, {o: windows[o] for o in off}, voxels)
        slope |= {o: _bettered(slope[o], now[o] - found[o], steps[o]) for o in off}
        found = {**found, **now}
    return Course(body, windows, found, slope)


def _off(found_ml: Mapping[Organ, float], wanted_ml: Mapping[Organ, float], close: float) -> list[Organ]:
    """The organs that are not of the right size."""
    return [organ for organ, found in found_ml.items() if abs(found / wanted_ml[organ] - 1) >= close]


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


def _moved(body: Body, steps_mm: Mapping[Organ, float]) -> Body:
    grow = dict(body.grow_mm)
    for organ, step in steps_mm.items():
        stride = float(np.clip(step, -STRIDE_MM, STRIDE_MM))
        grow[organ.knob] = float(np.clip(body.grown(organ.knob) + stride, -REACH_MM, REACH_MM))
    return replace(body, grow_mm=grow)


def _bettered(slope: float, change_ml: float, moved_mm: float) -> float:
    """mL per mm after a round: the secant, if the move was long enough and its neighbours did not drown it."""
    if abs(moved_mm) < SHORT_MM or change_ml * moved_mm <= 0:
        return slope
    return float(np.clip(change_ml / moved_mm, slope / STEEPEST, slope * STEEPEST))


def _twice_as_fine(grid: Grid) -> Grid:
    affine = grid.affine @ np.diag([0.5, 0.5, 0.5, 1.0])
    affine[:3, 3] = grid.world_mm(np.full(3, -0.25))
    x, y, z = grid.shape
    return Grid((2 * x, 2 * y, 2 * z), affine)


def _ball_cm2(volume_ml: float) -> float:
    """Surface of a ball of that volume."""
    return (36 * np.pi) ** (1 / 3) * max(volume_ml, 0.05) ** (2 / 3)


@cache
def is_part(organ: Organ) -> Bool[ndarray, " n"]:
    """Structure id to whether it belongs to the organ."""
    lookup = np.zeros(1 << 16, bool)
    for id, structure in structures().items():
        while structure.name not in organ.parts and structure.parent:
            structure = structures()[structure.parent]
        lookup[id] = structure.name in organ.parts
    return lookup
