"""Organs of the size that was asked for: each organ's surface is moved until its volume, as drawn, is right.

Newton's method for all organs at once; each is measured in a window of its own, an adrenal gland as finely as a liver.
What an organ gains its neighbours may lose, so all are measured again in every round.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Bool, UInt16
from numba import get_num_threads
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.solids import Warp, draw, volumes_ml
from phantoms.solids.tape import Tape
from simdata import Grid, SceneError
from simdata.structures import structures

WINDOW_VOXELS = 16_000
ROUNDS = 8
FITS = 0.01
CLOSE = 0.005
"""Relative error at which an organ is left alone."""
REACH_MM = 75.0
FINE_MM, CORRECTIONS = 2.5, 3
"""Few voxels measure a folded organ wrong, but alike: the error is found in a fine window and aimed off, so often."""
STRIDE_MM = 28.0
"""How far a surface may move in all, and in one round, reference mm."""
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
    the knob, over the whole surface of a ball of its volume.
    """

    knob: str
    parts: tuple[str, ...]
    free: float = 1.2


def solve(
    body: Body, wanted_ml: Mapping[Organ, float], build: Build, warp: Warp, whole: Grid
) -> tuple[Body, Mapping[Organ, float]]:
    """`body` with the `grow_mm` that gives every organ its volume, as far as it fits, and the volumes found, mL.

    build: makes the layers of a body, seen through `warp`. whole: a grid that shows all organs; what it does not show
    is left out.
    """
    labels = draw(build(body), whole, warp).labels
    wanted = {organ: volume for organ, volume in wanted_ml.items() if is_part(organ)[labels].any()}
    target, found = wanted, {}
    for _ in range(CORRECTIONS):
        body, quick = _settled(body, target, build, warp, whole)
        layers = build(body)
        found = _counted(layers, warp, _windows(draw(layers, whole, warp).labels, whole, wanted, FINE_MM))
        if all(abs(found[organ] / volume - 1) < CLOSE for organ, volume in wanted.items()):
            break
        target = {organ: volume * quick[organ] / found[organ] for organ, volume in wanted.items()}
    return body, found


def _settled(
    body: Body, wanted: Mapping[Organ, float], build: Build, warp: Warp, whole: Grid
) -> tuple[Body, Mapping[Organ, float]]:
    """The body after Newton's steps for all organs at once, measured quickly, in windows of few voxels."""
    layers = build(body)
    windows = _windows(draw(layers, whole, warp).labels, whole, wanted)
    found = _measured(layers, warp, windows)
    slope = {organ: organ.free * _ball_cm2(found[organ]) / 10 for organ in wanted}
    for _ in range(ROUNDS):
        if all(abs(found[organ] / volume - 1) < CLOSE for organ, volume in wanted.items()):
            break
        steps = {o: float(np.clip((wanted[o] - found[o]) / slope[o], -STRIDE_MM, STRIDE_MM)) for o in wanted}
        body = _moved(body, steps)
        layers = build(body)
        if max(map(abs, steps.values())) > MARGIN_MM / 2:
            windows |= _windows(draw(layers, whole, warp).labels, whole, wanted)
        now = _measured(layers, warp, windows)
        slope = {o: _bettered(slope[o], found[o] - wanted[o], now[o] - wanted[o], steps[o]) for o in wanted}
        found = now
    return body, found


def check_fit(found_ml: Mapping[Organ, float], asked_ml: Mapping[str, float]) -> None:
    """Raises SceneError if an organ that was asked for has not got its volume: it names both volumes."""
    for organ, found in found_ml.items():
        asked = asked_ml.get(organ.knob, found)
        if abs(found / asked - 1) > FITS:
            raise SceneError(
                f"organs: {organ.knob} of {asked:.0f} mL does not fit into this body, which has room for about "
                f"{found:.0f} mL; a volume near that, or another subject, would do"
            )


def _moved(body: Body, steps_mm: Mapping[Organ, float]) -> Body:
    grow = dict(body.grow_mm)
    for organ, step in steps_mm.items():
        grow[organ.knob] = float(np.clip(body.grown(organ.knob) + step, -REACH_MM, REACH_MM))
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


def _windows(
    labels: UInt16[ndarray, "x y z"], whole: Grid, organs: Mapping[Organ, float], fine_mm: float = np.inf
) -> dict[Organ, Grid]:
    """A grid around every organ that lies in `whole`, of at least `WINDOW_VOXELS`, as fine as `fine_mm` or finer."""
    windows = {}
    for organ in organs:
        mask = is_part(organ)[labels]
        used = [np.flatnonzero(mask.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
        if not all(len(one) for one in used):
            continue
        low, high = (whole.world_mm(np.array([one[n] for one in used], float)) for n in (0, -1))
        windows[organ] = _around(low - MARGIN_MM, high + MARGIN_MM, fine_mm)
    return windows


def _around(low_mm: ndarray, high_mm: ndarray, fine_mm: float) -> Grid:
    size = high_mm - low_mm
    voxel_mm = min(float((np.prod(size) / WINDOW_VOXELS) ** (1 / 3)), fine_mm)
    x, y, z = np.ceil(size / voxel_mm).astype(int) + 1
    return Grid.regular((int(x), int(y), int(z)), voxel_mm, tuple((low_mm + high_mm) / 2))


@cache
def is_part(organ: Organ) -> Bool[ndarray, " n"]:
    """Structure id to whether it belongs to the organ."""
    lookup = np.zeros(1 << 16, bool)
    for id, structure in structures().items():
        while structure.name not in organ.parts and structure.parent:
            structure = structures()[structure.parent]
        lookup[id] = structure.name in organ.parts
    return lookup


def _measured(layers: Tape, warp: Warp, windows: Mapping[Organ, Grid]) -> dict[Organ, float]:
    """mL of every organ in its window."""

    def measure(organ: Organ) -> float:
        return float(volumes_ml(layers, windows[organ], warp)[is_part(organ)].sum())

    with ThreadPoolExecutor(get_num_threads()) as threads:
        return dict(zip(windows, threads.map(measure, windows), strict=True))


def _counted(layers: Tape, warp: Warp, windows: Mapping[Organ, Grid]) -> dict[Organ, float]:
    """mL of every organ in its window by its voxels: true on average however thin its parts are."""

    def count(organ: Organ) -> float:
        window = windows[organ]
        return float(is_part(organ)[draw(layers, window, warp).labels].sum() * window.voxel_mm3 / 1000)

    with ThreadPoolExecutor(get_num_threads()) as threads:
        return dict(zip(windows, threads.map(count, windows), strict=True))
