"""Organs of the size that was asked for: each organ's surface is moved until its volume, as drawn, is right.

A secant method for all organs at once; each is measured in a window of its own, so that an adrenal gland is measured as
finely as a liver. What an organ gains its neighbours may lose, so all are measured again in every round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt16
from numpy import ndarray

from phantoms.anatomy.body import Body
from simdata import Grid, SceneError
from simdata.structures import structures

WINDOW_VOXELS = 60_000
ROUNDS = 9
CLOSE = 0.003
"""Relative error at which an organ is left alone."""
REACH_MM = 75.0
STRIDE_MM = 14.0
"""How far a surface may move in all, and in one round, reference mm."""

Draw = Callable[[Grid], UInt16[ndarray, "x y z"]]


@dataclass(frozen=True)
class Organ:
    """An organ with a volume. knob: what `Body.grown` calls it. parts: names of the structures that make it up."""

    knob: str
    parts: tuple[str, ...]


def solve(body: Body, wanted_ml: Mapping[Organ, float], build: Callable[[Body], Draw], whole: Grid) -> Body:
    """`body` with the `grow_mm` that gives every organ its volume, as drawn by `build(body)` on grids in `whole`.

    Raises SceneError if an organ does not fit: it names the organ, its volume and what it can have.
    """
    windows = _windows(build(body)(whole), whole, wanted_ml)
    wanted = {organ: volume for organ, volume in wanted_ml.items() if organ in windows}
    before: dict[Organ, tuple[float, float]] = {}
    found: dict[Organ, float] = {}
    for _ in range(ROUNDS):
        draw = build(body)
        found = {organ: _measured(organ, draw(window), window) for organ, window in windows.items()}
        off = {organ: found[organ] / volume - 1 for organ, volume in wanted.items()}
        if max(abs(error) for error in off.values()) < CLOSE:
            return body
        grow = dict(body.grow_mm)
        for organ, volume in wanted.items():
            here = body.grown(organ.knob)
            step = _step(here, found[organ], volume, before.get(organ))
            before[organ] = (here, found[organ])
            grow[organ.knob] = float(np.clip(here + step, -REACH_MM, REACH_MM))
        body = Body(body.subject, body.streams, body.latents, grow, body.variants)
        windows = {organ: _wider(window, grow[organ.knob] - before[organ][0]) for organ, window in windows.items()}
    _check_fit(found, wanted)
    return body


def _step(here_mm: float, found_ml: float, wanted_ml: float, before: tuple[float, float] | None) -> float:
    """How far to move: along the secant through the last two rounds, at first by volume over surface of a ball."""
    slope = 1.4 * (36 * np.pi) ** (1 / 3) * (max(found_ml, 0.1) * 1000) ** (2 / 3) / 1000
    if before is not None and abs(here_mm - before[0]) > 1e-3:
        secant = (found_ml - before[1]) / (here_mm - before[0])
        slope = float(np.clip(secant, 0.25 * slope, 4 * slope))
    return float(np.clip((wanted_ml - found_ml) / slope, -STRIDE_MM, STRIDE_MM))


def _check_fit(found_ml: Mapping[Organ, float], wanted_ml: Mapping[Organ, float]) -> None:
    for organ, volume in wanted_ml.items():
        if abs(found_ml[organ] / volume - 1) > 0.05:
            raise SceneError(
                f"anatomy: {organ.knob} of {volume:.0f} mL does not fit into this body, which has room for about "
                f"{found_ml[organ]:.0f} mL; a volume near that, or another subject, would do"
            )


def _windows(labels: UInt16[ndarray, "x y z"], whole: Grid, organs: Mapping[Organ, float]) -> dict[Organ, Grid]:
    """A grid around every organ that lies in `whole`, about `WINDOW_VOXELS` large."""
    windows = {}
    for organ in organs:
        mask = _mask(organ, labels)
        used = [np.flatnonzero(mask.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
        if not all(len(one) for one in used):
            continue
        low, high = (whole.world_mm(np.array([one[n] for one in used], float)) for n in (0, -1))
        windows[organ] = _around(low - 2 * whole.spacing_mm[0], high + 2 * whole.spacing_mm[0])
    return windows


def _around(low_mm: ndarray, high_mm: ndarray) -> Grid:
    size = high_mm - low_mm
    voxel_mm = float((np.prod(size) / WINDOW_VOXELS) ** (1 / 3))
    x, y, z = np.ceil(size / voxel_mm).astype(int) + 1
    return Grid.regular((int(x), int(y), int(z)), voxel_mm, tuple((low_mm + high_mm) / 2))


def _wider(window: Grid, grown_mm: float) -> Grid:
    """The window of an organ that has grown by so much."""
    low, high = window.world_mm(np.zeros(3)), window.world_mm(np.array(window.shape) - 1.0)
    return _around(low - max(grown_mm, 0), high + max(grown_mm, 0))


def _mask(organ: Organ, labels: UInt16[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    lookup = np.zeros(1 << 16, bool)
    for id, structure in structures().items():
        while structure.name not in organ.parts and structure.parent:
            structure = structures()[structure.parent]
        lookup[id] = structure.name in organ.parts
    return lookup[labels]


def _measured(organ: Organ, labels: UInt16[ndarray, "x y z"], window: Grid) -> float:
    """mL of the organ in its window."""
    return float(_mask(organ, labels).sum() * window.voxel_mm3 / 1000)
