"""A breathing chest as a motion of plain numbers: its anatomy at a few millimetres, its depth and its trace."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from phantoms.breathing.coarse import TURNS, Coarse
from phantoms.breathing.stream import BreathStreams, streams
from phantoms.breathing.traces import Course
from simdata.motion_flow import Flow, Velocity

Place = tuple[float, float, float]


@dataclass(frozen=True)
class Chest:
    """What breathing needs to know of a body, as plain values; see `coarse.Coarse`.

    nodes: every node's number, packed (zlib, base 85). ribs: of each rib 0 for the right or 1 for the left side, its
    number, its neck and its heights.
    """

    nodes: str
    shape: tuple[int, int, int]
    first_mm: Place
    step_mm: float
    ribs: tuple[tuple[float, ...], ...]
    sternum_mm: tuple[float, float, float, float]
    axis_mm: tuple[float, float]
    crest_mm: float

    @classmethod
    def of(cls, body: Coarse) -> "Chest":
        """A body, packed."""
        x, y, z = body.first_mm.tolist()
        a, b, c = body.nodes.shape
        ribs = [(s, n + 1, *body.ribs[s, n].tolist()) for s, n in np.argwhere(np.isfinite(body.ribs[..., 0])).tolist()]
        nodes = base64.b85encode(zlib.compress(body.nodes.tobytes(), 9)).decode()
        return cls(nodes, (a, b, c), (x, y, z), body.step_mm, tuple(ribs), body.sternum_mm, body.axis_mm, body.crest_mm)

    def body(self) -> Coarse:
        """The body, unpacked."""
        ribs = np.full((2, 12, 3 + TURNS), np.nan)
        for side, number, *places in self.ribs:
            ribs[int(side), int(number) - 1] = places
        first = np.array(self.first_mm)
        return Coarse(self._nodes(), first, self.step_mm, ribs, self.sternum_mm, self.axis_mm, self.crest_mm)

    def _nodes(self) -> UInt8[ndarray, "a b c"]:
        return np.frombuffer(zlib.decompress(base64.b85decode(self.nodes)), np.uint8).reshape(self.shape)


@lru_cache(maxsize=2)
def streams_of(chest: Chest) -> BreathStreams:
    """Both streams of a packed body."""
    return streams(chest.body())


@dataclass(frozen=True)
class Breath(Flow):
    """exp(d descent + f lift): the diaphragm has gone down by d mm, the breastbone forward by f mm.

    d = diaphragm_mm s(t), f = sternum_mm s(t - lag) in first order, with s the course of the trace: the ribs follow the
    diaphragm by `lag_s`, so tissue between them goes in loops (hysteresis).
    """

    chest: tuple
    diaphragm_mm: float
    sternum_mm: float
    lag_s: float
    times_s: tuple[float, ...]
    shares: tuple[float, ...]
    repeats_s: float

    def ways_mm(self, t_s: float) -> tuple[float, float]:
        """How far the diaphragm has gone down and the breastbone forward, mm."""
        share, per_s = Course(self.times_s, self.shares, self.repeats_s).at(t_s)
        return self.diaphragm_mm * share, self.sternum_mm * (share - self.lag_s * per_s)

    @property
    def period_s(self) -> float:
        return self.repeats_s

    def state(self, t_s: float) -> Mapping[str, float]:
        down_mm, forward_mm = self.ways_mm(t_s)
        return {"diaphragm_down_mm": down_mm, "sternum_forward_mm": forward_mm}

    def velocity(self, t_s: float) -> Velocity:
        return mixed(Chest(*self.chest), *self.ways_mm(t_s))


@lru_cache(maxsize=2)
def mixed(chest: Chest, down_mm: float, forward_mm: float) -> Velocity:
    """The stream that takes the diaphragm down and the breastbone forward so far in one unit of the way."""
    both = streams_of(chest)
    knots = down_mm * both.descent.knots + forward_mm * both.lift.knots
    return Velocity(knots, both.descent.first_mm, both.descent.step_mm)
