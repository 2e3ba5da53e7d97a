"""Organs of the size that was asked for: each organ's surface is moved until its volume, as drawn, is right.

Newton's method for all organs at once; each is counted in a window of its own, an adrenal gland as finely as a liver.
What an organ gains its neighbours may lose, so all are counted again at the end.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Bool, UInt16
from numba import get_num_threads
from numpy import ndarray
from scipy.ndimage import find_objects
from scipy.spatial.transform import Rotation

from phantoms.anatomy.body import Body
from phantoms.solids import Warp, draw
from phantoms.solids.tape import Tape
from simdata import Grid, SceneError
from simdata.structures import structures

VOXELS = 10_000
"""Voxels in which an organ of the right size is counted."""
ABOUT, CLOSE, ENOUGH = 0.02, 0.004, 0.005
"""Relative errors: of a first guess, of an organ that has just been moved, and of one whose neighbours have moved."""
FITS = 0.01
ROUNDS, CHECKS = 7, 4
REACH_MM = 90.0
STRIDE_MM = 28.0
"""How far a surface may move in all and in one round, reference mm."""
MARGIN_MM = 8.0
"""Room around an organ in its window, mm of the patient."""
TURN = Rotation.from_euler("xyz", (7, 11, 17), degrees=True).as_matrix()
STEEPEST, SHORT_MM = 2.5, 0.05
"""A secant changes the softness by this factor at most, as neighbours move too, and needs a move of this length."""
LEAST = 0.02
"""What is found of an organ at least, as a share of what is wanted, in order to take the next step."""

Build = Callable[[Body], Tape]
"""From a body to its layers."""


@dataclass(frozen=True)
class Organ:
    """An organ with a volume.

    knob: what `Body.grown` calls it. parts: names of the structures that make it up. start_mm: about how far its
    surface will stand out. soft_mm: how much farther it stands out for e times the volume.
    """

    knob: str
    parts: tuple[str, ...]
    start_mm: float = 0.0
    soft_mm: float = 10.0


def approach(body: Body, aim: "Aim") -> Body:
    """`body` with about the volumes that are wanted."""
    return _settled(aim.begun(body), aim, ABOUT).body


def solve(body: Body, aim: "Aim") -> tuple[Body, Mapping[Organ, float]]:
    """`body` with the `grow_mm` that gives every organ its volume, as far as it fits, and the volumes found, mL."""
    course = aim.begun(body)
    for _ in range(CHECKS):
        if not _off(course.found, aim.wanted_ml, ENOUGH):
            break
        better = _settled(course, aim, CLOSE)
        if better.body is course.body:
            break
        course = aim.counted(better)
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
    """How far the solver is: windows around organs, mL found in them, mm that a surface moves for e times the mL."""

    body: Body
    windows: Windows
    found: Mapping[Organ, float]
    soft_mm: Mapping[Organ, float]


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

    def begun(self, body: Body) -> Course:
        """The course at its beginning."""
        windows = self.windows(body)
        return self.counted(Course(body, windows, {}, {organ: organ.soft_mm for organ in windows}))

    def windows(self, body: Body) -> dict[Organ, Box]:
        """A box around every organ that is there; a small thin one is looked for twice as closely."""
        layers = self.build(body)
        found = self._boxes(layers, self.whole, list(self.wanted_ml))
        missed = [organ for organ in self.wanted_ml if organ not in found]
        return found | self._boxes(layers, _twice_as_fine(self.whole), missed) if missed else found

    def _boxes(self, layers: Tape, grid: Grid, organs: Sequence[Organ]) -> dict[Organ, Box]:
        """A box around every organ that shows, with room for what of it is too thin to show."""
        margin_mm = MARGIN_MM + max(grid.spacing_mm)
        labels = draw(layers.renamed(numbered(organs)), grid, self.warp).labels
        found = {}
        for organ, cuts in zip(organs, find_objects(labels, len(organs)), strict=True):
            if cuts:
                low, high = grid.world_mm(np.array([[cut.start for cut in cuts], [cut.stop - 1 for cut in cuts]]))
                found[organ] = Box(low - margin_mm, high + margin_mm)
        return found

    def counted(self, course: Course, organs: Collection[Organ] | None = None) -> Course:
        """The course with some of its organs, or all, counted again; a window that cuts its organ is made larger."""
        layers = self.build(course.body)
        organs = course.windows if organs is None else organs

        def count(organ: Organ) -> tuple[float, Box]:
            alone, window = layers.renamed(numbered([organ])), course.windows[organ]
            while True:
                grid = window.grid((1000 * self.wanted_ml[organ] / VOXELS) ** (1 / 3))
                drawn = draw(alone, grid, self.warp).labels
                if not _touches_a_face(drawn):
                    return float(drawn.sum() * grid.voxel_mm3 / 1000), window
                window = window.grown(MARGIN_MM)

        with ThreadPoolExecutor(get_num_threads()) as threads:
            seen = dict(zip(organs, threads.map(count, organs), strict=True))
        found = {**course.found, **{organ: ml for organ, (ml, _) in seen.items()}}
        windows = {**course.windows, **{organ: window for organ, (_, window) in seen.items()}}
        return replace(course, found=found, windows=windows)


def _touches_a_face(labels: UInt16[ndarray, "x y z"]) -> bool:
    return any(np.moveaxis(labels, axis, 0)[[0, -1]].any() for axis in range(3))


def _settled(course: Course, aim: Aim, close: float) -> Course:
    """The course after Newton's steps, of the volume's logarithm, for all organs that are off at once.

    An organ that is right, or can move no farther, stays and is not counted again, although its neighbours move.
    """
    for _ in range(ROUNDS):
        body, soft_mm = course.body, course.soft_mm
        short = {o: _short(course.found[o], aim.wanted_ml[o]) for o in _off(course.found, aim.wanted_ml, close)}
        tried = _moved(body, {o: soft_mm[o] * short[o] for o in short})
        steps = {o: mm for o in short if (mm := tried.grown(o.knob) - body.grown(o.knob))}
        if not steps:
            break
        course = aim.counted(replace(course, body=tried), steps)
        gain = {o: short[o] - _short(course.found[o], aim.wanted_ml[o]) for o in steps}
        course = replace(course, soft_mm={**soft_mm, **{o: _bettered(soft_mm[o], gain[o], steps[o]) for o in steps}})
    return course


def _short(found_ml: float, wanted_ml: float) -> float:
    """How much is missing: the logarithm of wanted over found."""
    return float(np.log(wanted_ml / max(found_ml, LEAST * wanted_ml)))


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


def _bettered(soft_mm: float, gain: float, moved_mm: float) -> float:
    """mm for e times the volume after a round: the secant, if the move was long enough and not drowned by others."""
    if abs(moved_mm) < SHORT_MM or gain * moved_mm <= 0:
        return soft_mm
    return float(np.clip(moved_mm / gain, soft_mm / STEEPEST, soft_mm * STEEPEST))


def _twice_as_fine(grid: Grid) -> Grid:
    affine = grid.affine @ np.diag([0.5, 0.5, 0.5, 1.0])
    affine[:3, 3] = grid.world_mm(np.full(3, -0.25))
    x, y, z = grid.shape
    return Grid((2 * x, 2 * y, 2 * z), affine)


def numbered(organs: Sequence[Organ]) -> UInt16[ndarray, " n"]:
    """Structure id to the number of the organ that it belongs to, from 1, or 0."""
    return np.sum([n * is_part(organ) for n, organ in enumerate(organs, 1)], axis=0).astype(np.uint16)


@cache
def is_part(organ: Organ) -> Bool[ndarray, " n"]:
    """Structure id to whether it belongs to the organ."""
    lookup = np.zeros(1 << 16, bool)
    for id, structure in structures().items():
        while structure.name not in organ.parts and structure.parent:
            structure = structures()[structure.parent]
        lookup[id] = structure.name in organ.parts
    return lookup
