"""Organs of the size that was asked for: each organ's surface is moved until its volume, as drawn, is right.

Newton's method for all organs at once, each counted in a window of its own, an adrenal gland as finely as a liver:
roughly at first, then finely. What an organ gains its neighbours may lose; by how much is known about, and learnt from
round to round (Schubert, Math Comput 1970;24:27: a secant method that keeps what does not depend on each other apart).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, UInt16
from numba import get_num_threads
from numpy import ndarray
from scipy.ndimage import find_objects
from scipy.spatial.transform import Rotation

from phantoms.anatomy.body import Body
from phantoms.solids import Warp, draw
from phantoms.solids.tape import Tape
from simdata import Grid, SceneError
from simdata.structures import structures

ROUGH, FINE = 2_500, 10_000
"""Voxels in which an organ of the right size is counted, at first and in the end."""
ABOUT, ENOUGH = 0.02, 0.005
"""Relative errors with which rounds of either kind end."""
FITS = 0.01
ROUNDS, LOOKS = 8, 3
REACH_MM = 140.0
STRIDE_MM, STRIDE = 60.0, 1.0
"""How far a surface may move in all and in one round, reference mm; and in one round in units of its softness."""
MARGIN_MM = 8.0
"""Room around an organ in its window, mm of the patient."""
TURN = Rotation.from_euler("xyz", (7, 11, 17), degrees=True).as_matrix()
LEARNS_FROM = 0.015
"""A round teaches what an organ's volume depends on if its knobs moved so far, in units of their softness."""
SLOPES = (0.25, 6.0)
"""How much less or more an organ's volume may depend on its own knob than was thought at first."""
LEAST = 0.02
"""What is found of an organ at least, as a share of what is wanted, in order to take the next step."""

Build = Callable[[Body], Tape]
"""From a body to its layers."""


@dataclass(frozen=True)
class Organ:
    """An organ with a volume.

    knob: what `Body.grown` calls it. parts: names of the structures that make it up. start_mm: about how far its
    surface will stand out. soft_mm: about how much farther it stands out for e times the volume.
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
    rough = _settled(aim.begun(body), aim, ABOUT)
    course = _settled(aim.counted(replace(rough, voxels=FINE)), aim, ENOUGH)
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
    """How far the solver is: windows around organs, mL found in them, and what these depend on.

    slope: logarithm of the volume of each organ (rows) over the knob of each (columns), in units of its softness.
    voxels: in how many an organ is counted.
    """

    body: Body
    windows: Windows
    found: Mapping[Organ, float]
    slope: Float[ndarray, "n n"]
    voxels: int = ROUGH


@dataclass(frozen=True, eq=False)
class Aim:
    """What is wanted, and how to see what is there.

    wanted_ml: organ to volume. build: makes the layers of a body, seen through `warp`. whole: a grid that shows all
    organs; what neither it nor one twice as fine shows is left out. pulls: of two knobs, how much the logarithm of the
    first one's volume changes, about, when the second is moved by its softness; what is not there is 0 and stays 0.
    """

    wanted_ml: Mapping[Organ, float]
    build: Build
    warp: Warp
    whole: Grid
    pulls: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def begun(self, body: Body) -> Course:
        """The course at its beginning; an organ that is too small to be seen is looked for as a larger one."""
        windows: dict[Organ, Box] = {}
        for _ in range(LOOKS):
            windows |= self.windows(body, [organ for organ in self.wanted_ml if organ not in windows])
            missed = [organ for organ in self.wanted_ml if organ not in windows]
            if not missed:
                break
            body = _grown(body, {organ: body.grown(organ.knob) + organ.soft_mm for organ in missed})
        slope = [[1.0 if a is b else self.pulls.get((a.knob, b.knob), 0.0) for b in windows] for a in windows]
        return self.counted(Course(body, windows, {}, np.array(slope)))

    def windows(self, body: Body, organs: Sequence[Organ]) -> dict[Organ, Box]:
        """A box around every organ of these that is there; a small thin one is looked for twice as closely."""
        layers = self.build(body)
        found = self._boxes(layers, self.whole, organs)
        missed = [organ for organ in organs if organ not in found]
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

    def counted(self, course: Course) -> Course:
        """The course with its organs counted again; a window that cuts its organ is made larger."""
        layers = self.build(course.body)

        def count(organ: Organ) -> tuple[float, Box]:
            alone, window = layers.renamed(numbered([organ])), course.windows[organ]
            while True:
                grid = window.grid((1000 * self.wanted_ml[organ] / course.voxels) ** (1 / 3))
                drawn = draw(alone, grid, self.warp).labels
                if not _touches_a_face(drawn):
                    return float(drawn.sum() * grid.voxel_mm3 / 1000), window
                window = window.grown(MARGIN_MM)

        with ThreadPoolExecutor(get_num_threads()) as threads:
            seen = dict(zip(course.windows, threads.map(count, course.windows), strict=True))
        found, windows = ({organ: one[n] for organ, one in seen.items()} for n in (0, 1))
        return replace(course, found=found, windows=windows)


def _touches_a_face(labels: UInt16[ndarray, "x y z"]) -> bool:
    return any(np.moveaxis(labels, axis, 0)[[0, -1]].any() for axis in range(3))


def _settled(course: Course, aim: Aim, close: float) -> Course:
    """The course after Newton's steps, of the volumes' logarithm, until all are right or can move no farther."""
    organs = list(course.windows)
    soft_mm = np.array([organ.soft_mm for organ in organs])
    for _ in range(ROUNDS):
        short = _short(course.found, aim.wanted_ml)
        off = np.abs(np.expm1(-short)) >= close
        if not off.any():
            break
        grown_mm = np.array([course.body.grown(organ.knob) for organ in organs])
        longest = np.minimum(STRIDE_MM / soft_mm, STRIDE)
        limits = [np.clip((reach - grown_mm) / soft_mm, -longest, longest) for reach in (-REACH_MM, REACH_MM)]
        moved = _steps(course.slope, short, *limits)
        if not moved[off].any():
            break
        slope, tried = course.slope, dict(zip(organs, grown_mm + soft_mm * moved, strict=True))
        course = aim.counted(replace(course, body=_grown(course.body, tried)))
        gain = short - _short(course.found, aim.wanted_ml)
        course = replace(course, slope=_learnt(slope, gain, moved))
    return course


def _steps(
    slope: Float[ndarray, "n n"], short: Float[ndarray, " n"], least: Float[ndarray, " n"], most: Float[ndarray, " n"]
) -> Float[ndarray, " n"]:
    """Newton's steps, in units of softness, between `least` and `most`; one that ends there is fixed for the others."""
    free, steps = np.ones(len(short), bool), np.zeros(len(short))
    while free.any():
        missing = short - slope @ np.where(free, 0.0, steps)
        steps[free] = np.linalg.solve(slope[np.ix_(free, free)], missing[free])
        far = free & ((steps < least) | (steps > most))
        if not far.any():
            break
        steps[far], free = np.clip(steps, least, most)[far], free & ~far
    return steps


def _short(found_ml: Mapping[Organ, float], wanted_ml: Mapping[Organ, float]) -> Float[ndarray, " n"]:
    """How much of every organ is missing: the logarithm of wanted over found."""
    return np.array([np.log(wanted_ml[o] / max(found, LEAST * wanted_ml[o])) for o, found in found_ml.items()])


def _learnt(
    slope: Float[ndarray, "n n"], gain: Float[ndarray, " n"], moved: Float[ndarray, " n"]
) -> Float[ndarray, "n n"]:
    """The slope that tells what was gained, changed no more than needed and only where it is not 0."""
    mine = np.where(slope != 0, moved, 0)
    far = (mine**2).sum(axis=1)
    missed = np.where(far > LEARNS_FROM**2, gain - slope @ moved, 0)
    learnt = slope + missed[:, None] * mine / np.maximum(far, LEARNS_FROM**2)[:, None]
    np.fill_diagonal(learnt, np.clip(np.diag(learnt), *SLOPES))
    return learnt


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


def _grown(body: Body, grown_mm: Mapping[Organ, float]) -> Body:
    return replace(body, grow_mm={**body.grow_mm, **{organ.knob: float(mm) for organ, mm in grown_mm.items()}})


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
