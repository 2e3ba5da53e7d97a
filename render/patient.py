"""The patient as the views of a scan meet him: still, or where he has moved to by then."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.attenuation import Beam
from render.isocentre import in_patient, upright
from render.leaning import leans, upright_for
from render.materials import Body
from render.orientation import orientation
from render.projection import running_sums
from render.views import Views
from simdata import Grid, Scene, Still
from simdata.motion import Motion, Rigid, Together

STILL_S = 0.02
"""So long a patient is taken to stand still who changes his shape, or turns out of the plane of the scan."""

MOVES = 0.1
"""Of a voxel: while no place moves farther he is taken to stand still for longer than that."""
PLACES_MM = 12.0
"""So far apart lie the places that are followed for that."""

MOST_STILLS = 64
"""In which one exposure is taken apart."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A patient who holds still, and the way there: RAS+ mm where the scanner is to RAS+ mm where he is told to lie.

    One who moves as a whole stays in his voxels, and the scanner moves around him: no motion is too small to be seen.
    """

    scene: Scene
    to_rest: Float64[ndarray, "4 4"]

    def seen_by(self, views: Views) -> Views:
        """The same views from where the patient is told to lie."""
        return views.placed(self.to_rest[None])


def moments(scene: Scene, times_s: Float64[ndarray, " n"]) -> Iterator[Moment]:
    """The patient at each of these times; of one who moves as a whole the scene is always the same."""
    parts = _rigid(scene.motion)
    still = scene if isinstance(scene.motion, Still) else replace(scene, motion=Still())
    for t_s in times_s.tolist():
        if parts is None:
            yield Moment(scene.at(t_s), np.eye(4))
        else:
            yield Moment(still, _to_rest(parts, t_s))


def stills(scene: Scene, lasting_s: float) -> Float64[ndarray, " n"]:
    """Times at which an exposure that begins at 0 is to be looked at; one, if nothing moves."""
    if isinstance(scene.motion, Still):
        return np.zeros(1)
    count = int(np.clip(np.ceil(lasting_s / STILL_S), 1, MOST_STILLS))
    return (np.arange(count) + 0.5) / count * lasting_s


@dataclass(frozen=True, eq=False)
class Meeting:
    """The views that see the patient in one place, what he is made of, and running sums of these materials along z.

    to_rest: from the gantry's coordinates to those in which the sums lie on `grid`, view by view.
    """

    views: slice
    materials: list[int]
    sums: Float32[ndarray, "x y z_and_two m"]
    grid: Grid
    to_rest: Float64[ndarray, "few 4 4"]

    def rays(self, views: Views) -> Views:
        """Of all `views` of a scan those that take part, as the patient sees them."""
        return views[self.views].placed(self.to_rest)


def meetings(
    scene: Scene, beam: Beam, views: Views, view_s: Float64[ndarray, " views"], beyond: int, at_once: int
) -> Iterator[Meeting]:
    """All views in order, `at_once` of them at most; the patient goes on for `beyond` slices above and below.

    One who moves as a whole is met by each view where he is then. If he turns out of the plane of the scan, he is
    interpolated anew every STILL_S; if he changes his shape, every voxel is what its middle was at rest.
    """
    parts = _rigid(scene.motion)
    if parts is None:
        yield from _shape_by_shape(scene, beam, view_s, beyond, at_once)
        return
    gantry = in_patient(upright(scene.grid), scene.grid).affine @ np.linalg.inv(upright(scene.grid).affine)
    to_rest = np.stack([np.linalg.inv(gantry) @ _to_rest(parts, t_s) @ gantry for t_s in view_s.tolist()])
    beyond += _higher(to_rest, upright(scene.grid))
    materials, volume = _volume(replace(scene, motion=Still()), beam, beyond)
    grid = upright(scene.grid, beyond)
    if not parts or not leans(views.placed(to_rest), grid):
        sums = running_sums(volume)
        for some in in_parts(0, len(view_s), at_once):
            yield Meeting(some, materials, sums, grid, to_rest[some])
        return
    for first, last in _periods(view_s):
        pose = to_rest[(first + last) // 2]
        turned, around = upright_for(views[first : last + 1].placed(pose[None]), volume, grid)
        sums = running_sums(turned)
        for some in in_parts(first, last + 1, at_once):
            yield Meeting(some, materials, sums, around, np.broadcast_to(pose, (some.stop - some.start, 4, 4)))


def _shape_by_shape(
    scene: Scene, beam: Beam, view_s: Float64[ndarray, " views"], beyond: int, at_once: int
) -> Iterator[Meeting]:
    grid = upright(scene.grid, beyond)
    for first, last in quiet(scene, list(_periods(view_s)), view_s):
        materials, volume = _volume(scene.at(float(view_s[first : last + 1].mean())), beam, beyond)
        sums = running_sums(volume)
        for some in in_parts(first, last + 1, at_once):
            yield Meeting(some, materials, sums, grid, np.broadcast_to(np.eye(4), (some.stop - some.start, 4, 4)))


def _volume(scene: Scene, beam: Beam, beyond: int) -> tuple[list[int], Float32[ndarray, "x y z m"]]:
    body = Body.of(scene, orientation(scene.grid), beam)
    return body.materials, np.pad(body.volume(), ((0, 0), (0, 0), (beyond, beyond), (0, 0)), mode="edge")


def _rigid(motion: Motion) -> tuple[Rigid, ...] | None:
    """The motions of a patient who moves as a whole, or None if he changes his shape."""
    parts = motion.motions if isinstance(motion, Together) else () if isinstance(motion, Still) else (motion,)
    rigid = tuple(part for part in parts if isinstance(part, Rigid))
    return rigid if len(rigid) == len(parts) else None


def _to_rest(parts: tuple[Rigid, ...], t_s: float) -> Float64[ndarray, "4 4"]:
    """From where the patient is at a time to where he is at rest, RAS+ mm."""
    return np.linalg.inv(reduce(lambda pose, part: part.pose(t_s) @ pose, parts, np.eye(4)))


def _higher(to_rest: Float64[ndarray, "views 4 4"], grid: Grid) -> int:
    """Slices by which some corner of `grid` moves up or down at most."""
    corners = grid.world_mm(np.indices((2, 2, 2)).reshape(3, -1).T * grid.shape - 0.5)
    heights = corners @ to_rest[:, 2, :3].T + to_rest[:, 2, 3]
    return int(np.ceil(np.abs(heights - corners[:, 2:]).max() / grid.spacing_mm[2] - 1e-9))


def _periods(view_s: Float64[ndarray, " views"]) -> Iterator[tuple[int, int]]:
    """First and last view of each STILL_S."""
    period = np.floor(view_s / STILL_S).astype(int)
    for one in np.unique(period):
        first, last = np.flatnonzero(period == one)[[0, -1]].tolist()
        yield first, last


def quiet(
    scene: Scene, periods: list[tuple[int, int]], view_s: Float64[ndarray, " views"]
) -> Iterator[tuple[int, int]]:
    """`periods` (first and last view of each) put together for as long as no tissue moves by MOVES of a voxel."""
    every = [max(1, round(PLACES_MM / mm)) for mm in scene.grid.spacing_mm]
    some = scene.to("cpu").labels[:: every[0], :: every[1], :: every[2]]
    places = scene.grid.world_mm(np.argwhere(some > 0) * every)
    least_mm = MOVES * min(scene.grid.spacing_mm)
    first, last = periods[0]
    begun = None
    for begins, ends in periods:
        now = scene.motion.moved_mm(places, scene.grid, float(view_s[begins : ends + 1].mean()))
        if begun is None:
            begun = now
        elif np.linalg.norm(now - begun, axis=-1).max(initial=0.0) > least_mm:
            yield first, last
            first, begun = begins, now
        last = ends
    yield first, last


def in_parts(first: int, end: int, at_once: int) -> Iterator[slice]:
    """From `first` to before `end`, so many at a time."""
    for start in range(first, end, at_once):
        yield slice(start, min(start + at_once, end))
