"""The two streams of a breath: the diaphragm that goes down, and the ribs that turn about their necks.

Ribs, breastbone and spine have the velocity that mechanics gives them, organs their share of the diaphragm's; lungs
are drawn out smoothly between, and what is soft in the belly keeps its volume, so that its wall bulges by itself.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.ndimage import binary_dilation, convolve1d, gaussian_filter1d

from phantoms.breathing.coarse import (
    ADULT_MM,
    AIR,
    FIXED,
    INSIDE,
    LUNG,
    NODES_ACROSS,
    ORGAN,
    RIBS,
    TURNS,
    WALL,
    Coarse,
    angles_deg,
    shares,
)
from phantoms.breathing.spread import smooth, unsqueezed
from simdata.motion_flow import Velocity

RIB_GAP_MM = 6.0
NECK_DEG = ((1, 4, 7, 10), (22.0, 30.0, 36.0, 38.0))
"""Angle of the neck, about which a rib turns, to the frontal plane: small of the upper ribs, whose front goes up like a
pump handle, large of the lower ones, whose side goes up like a bucket handle. Wilson 1987, J Appl Physiol 62:1951
(from memory)."""
FREE_RIBS = ((7, 8, 9, 10, 11, 12), (1.0, 0.95, 0.85, 0.7, 0.4, 0.2))
"""How far the ribs without a place at the breastbone turn, over the seventh: the belly's muscles hold the last."""
HEART_FORWARD = 0.4
"""Of the breastbone's way forward that the heart goes along with: 5 of 12 mm in XCAT."""
PLATEAU = 0.25
"""Of the way to the next rib, on either side: so far tissue goes along with its rib as one piece."""
STERNUM_MM = (24.0, 48.0)
"""From this distance of its middle line the breastbone is no longer stiff, and from that the ribs rule."""
NECK_MM, PELVIS_MM = 45.0, 60.0
"""So far over the breastbone and under the crest of the hip nothing moves any more."""
CLINGS = 2
"""Nodes of lung around heart and vessels that go along with these, so that only lung is drawn out."""
SMOOTHINGS, WALL_SMOOTHINGS = 2, 8
"""Passes of 1-2-1 over soft tissue, and over the wall of the belly, which is one sheet."""
SLIDES = 0.3
"""Of the rise of the ribs that the pleura on them goes along with."""
HEART_SHARES = (0.55, 0.6)
AIR_NODES, AIR_SWEEPS = 5, 25
"""So many nodes over the skin move; so often are they relaxed."""
DOME = 0.9
"""The excursion of a diaphragm is that of so much of its dome at least, or of all but a tenth."""


@dataclass(frozen=True, eq=False)
class BreathStreams:
    """descent: the diaphragm goes down by 1 mm. lift: the breastbone goes forward by 1 mm."""

    descent: Velocity
    lift: Velocity


def streams(body: Coarse) -> BreathStreams:
    """Both streams of a body."""
    points = body.points_mm()
    zones = _zones(body, points)
    turning = _ribs_velocity(body, points)
    return BreathStreams(_descent(body, points, zones), _lift(body, points, zones, turning))


@dataclass(frozen=True, eq=False)
class Zones:
    """held: does not move. cage: moves with the ribs. belly: soft, below the diaphragm; wall: the part of it outside.

    middle: heart, vessels and what else lies between the lungs; heart: the heart. clings: what lies on the cage from
    inside and slides half. dome: the uppermost nodes of the belly, under lungs. body: all but air.
    """

    held: Bool[ndarray, "a b c"]
    cage: Bool[ndarray, "a b c"]
    belly: Bool[ndarray, "a b c"]
    wall: Bool[ndarray, "a b c"]
    middle: Bool[ndarray, "a b c"]
    heart: Bool[ndarray, "a b c"]
    clings: Bool[ndarray, "a b c"]
    dome: Bool[ndarray, "a b c"]
    body: Bool[ndarray, "a b c"]


def _zones(body: Coarse, points) -> Zones:
    nodes = body.nodes
    lungs, ribs, inner = nodes == LUNG, nodes == RIBS, (nodes == LUNG) | (nodes >= INSIDE)
    _, _, low, high = body.sternum_mm
    size = body.step_mm * NODES_ACROSS / ADULT_MM
    angle, z = angles_deg(points, body.axis_mm), points[..., 2]
    right = points[..., 0] > body.axis_mm[0]

    spine = (nodes == FIXED) & (np.abs(points[..., 0] - body.axis_mm[0]) < 40 * size) & (z > low) & (z < high)
    behind_mm = points[..., 1][spine].mean() if spine.any() else body.axis_mm[1] - 60 * size
    outside = (nodes == WALL) | ribs
    covered = z > _margin(body, points, angle, right)
    neck = z > max(high + NECK_MM * size, points[..., 2][lungs].max() + 20 * size)
    held = (nodes == FIXED) | neck | (z < body.crest_mm - PELVIS_MM * size)
    held |= (nodes == WALL) & ~covered & (points[..., 1] < behind_mm)
    cage = ribs | ((nodes == WALL) & covered & ~held & (z < high))
    heart = np.isin(nodes, [ORGAN + shares().index(share) for share in HEART_SHARES])
    stuck = inner & ~held
    clings = stuck & binary_dilation(cage)
    cage |= clings
    held |= stuck & ~cage & binary_dilation(held & (nodes == FIXED))

    domes = _floor_of_chest(lungs | heart)
    below = np.arange(nodes.shape[2]) < domes[..., None]
    belly = below & ~held & ~cage & ((nodes >= INSIDE) | (nodes == WALL)) & ~(outside & covered)
    under = np.roll(lungs, -1, axis=2) & (nodes >= INSIDE) & ~held & ~cage
    middle = (nodes >= INSIDE) & ~belly & ~held & ~cage
    loose = lungs & ~held & ~cage
    heart = (heart & middle) | (loose & binary_dilation(heart & middle, iterations=CLINGS))
    middle |= loose & binary_dilation(middle, iterations=CLINGS)
    return Zones(held, cage, belly, belly & (nodes == WALL), middle, heart, clings, under & below, nodes != AIR)


def _margin(body: Coarse, points, angle, right) -> Float[ndarray, "a b c"]:
    """Height of the costal margin at each node's angle, mm."""
    ribs = body.nodes == RIBS
    turns = np.linspace(0, 180, TURNS)
    margin = np.zeros(angle.shape)
    for side in (right, ~right):
        near = [ribs & side & (np.abs(angle - turn) < 8) for turn in turns]
        heights = np.array([points[..., 2][at].min() if at.any() else np.nan for at in near])
        known = np.isfinite(heights)
        heights = gaussian_filter1d(np.interp(turns, turns[known], heights[known]), 0.7, mode="nearest")
        margin[side] = np.interp(angle[side], turns, heights)
    return margin


def _floor_of_chest(chest) -> Float[ndarray, "a b"]:
    """Index along z of the lowest node of the chest in each column, between columns without one smoothly."""
    some = chest.any(axis=2)
    lowest = np.argmax(chest, axis=2).astype(float)
    return smooth(lowest[..., None], some[..., None])[..., 0]


def _descent(body: Coarse, points, zones: Zones) -> Velocity:
    """Organs go down by their shares, the domes by all; the rest follows."""
    share = np.append(np.zeros(ORGAN), shares())[body.nodes]
    share = np.where(zones.dome, 1.0, share)
    share = np.where(zones.heart & (body.nodes == LUNG), max(HEART_SHARES), share)
    share = np.where(zones.held | zones.cage, 0.0, share)
    known = zones.heart | zones.held | zones.cage | zones.dome | (body.nodes >= ORGAN) | zones.wall | ~zones.body
    down = np.zeros(points.shape)
    down[..., 2] = -smooth(share, known)
    stream = _over(body, _closed(body, down, zones))
    reached = -stream.speed_mm(points[zones.dome])[:, 2]
    return Velocity(stream.knots / np.quantile(reached, DOME), stream.first_mm, stream.step_mm)


def _lift(body: Coarse, points, zones: Zones, turning: Float[ndarray, "a b c 3"]) -> Velocity:
    """The cage goes as its ribs turn; lungs and organs follow sideways, the diaphragm keeps its height."""
    velocity = np.zeros(points.shape)
    for axis in range(3):
        known = zones.held | zones.cage
        if axis == 2:
            known = known | zones.dome | (zones.belly & (body.nodes >= ORGAN))
        known = known | zones.heart
        values = np.where(zones.cage & ~zones.held, turning[..., axis], 0.0)
        values = np.where(zones.clings & (axis == 2), SLIDES * values, values)
        values = np.where(zones.heart, (0.0, HEART_FORWARD, 0.0)[axis], values)
        velocity[..., axis] = smooth(values, known)
    return _over(body, _closed(body, velocity, zones))


def _closed(body: Coarse, velocity, zones: Zones) -> Float[ndarray, "a b c 3"]:
    """Soft tissue of the belly unsqueezed, and the air around the body drawn along with the skin."""
    velocity = _smoothed(_with_air(velocity, zones.body), ~(zones.cage | zones.held), SMOOTHINGS)
    velocity = unsqueezed(velocity, zones.belly, ~zones.body, body.step_mm)
    velocity = unsqueezed(velocity, zones.middle, (body.nodes == LUNG) & ~zones.middle, body.step_mm)
    velocity = _smoothed(_with_air(velocity, zones.body), zones.wall, WALL_SMOOTHINGS)
    return _with_air(velocity, zones.body)


def _with_air(velocity, body) -> Float[ndarray, "a b c 3"]:
    """The air close to the skin goes along with it, as splines need it; farther away it rests."""
    known = body | np.logical_not(binary_dilation(body, iterations=AIR_NODES))
    velocity = np.where(body[..., None], velocity, 0.0)
    return np.stack([smooth(velocity[..., axis], known, AIR_SWEEPS) for axis in range(3)], axis=-1)


def _over(body: Coarse, velocity) -> Velocity:
    """Nodes as control points of splines."""
    return Velocity(np.ascontiguousarray(velocity), body.first_mm, body.step_mm)


def _smoothed(velocity, soft: Bool[ndarray, "a b c"], passes: int) -> Float[ndarray, "a b c 3"]:
    """What is soft, smoothed, so that it slides along bone in a layer of some nodes."""
    for _ in range(passes):
        smoothed = velocity
        for axis in range(3):
            smoothed = convolve1d(smoothed, (0.25, 0.5, 0.25), axis=axis, mode="nearest")
        velocity = np.where(soft[..., None], smoothed, velocity)
    return velocity


def _ribs_velocity(body: Coarse, points) -> Float[ndarray, "a b c 3"]:
    """omega x (p - neck) of the rib at whose level each node lies, for 1 mm of the breastbone forward."""
    x, front_mm, low, high = body.sternum_mm
    angle = angles_deg(points, body.axis_mm)
    parts = [_side_velocity(body.ribs[s], points, angle, front_mm, (1.0, -1.0)[s]) for s in (0, 1)]
    between = 0.5 * (1 + np.tanh((points[..., 0] - body.axis_mm[0]) / (3 * body.step_mm)))[..., None]
    velocity = between * parts[0] + (1 - between) * parts[1]

    size = body.step_mm * NODES_ACROSS / ADULT_MM
    beside = np.abs(points[..., 0] - x)
    front = angle < 60
    bone = (body.nodes == RIBS) & (beside < 20 * size) & front & (points[..., 2] > low) & (points[..., 2] < high)
    moves = velocity[bone].mean(axis=0) * (0, 1, 1)
    stiff = np.clip((STERNUM_MM[1] * size - beside) / ((STERNUM_MM[1] - STERNUM_MM[0]) * size), 0, 1)
    stiff = np.where(front & (points[..., 2] > low - 20 * size), stiff**2 * (3 - 2 * stiff), 0.0)[..., None]
    return (stiff * moves + (1 - stiff) * velocity) / moves[1]


def _side_velocity(
    ribs: Float[ndarray, "12 m"], points, angle, front_mm: float, sign: float
) -> Float[ndarray, "a b c 3"]:
    there = np.flatnonzero(np.isfinite(ribs[:, 0]))
    necks, heights = ribs[there, :3], ribs[there, 3:].copy()
    for n in range(1, len(there)):
        heights[n] = np.minimum(heights[n], heights[n - 1] - RIB_GAP_MM)

    turns = np.linspace(0, 180, TURNS)
    t = angle / turns[1]
    left = np.minimum(t.astype(int), TURNS - 2)
    at_angle = heights[:, left] + (heights[:, left + 1] - heights[:, left]) * (t - left)
    level = np.full(angle.shape, len(there) - 1.0)
    for n in range(len(there) - 2, -1, -1):
        part = np.clip((points[..., 2] - at_angle[n + 1]) / (at_angle[n] - at_angle[n + 1]), 0, 1)
        level = np.where(points[..., 2] > at_angle[n + 1], n + 1 - _stepped(part), level)

    reach = np.maximum(front_mm - necks[:, 1], 1.0)
    number = there + 1
    pump = 1 / np.where(number <= 7, reach, reach[min(6, len(reach) - 1)])
    pump = pump * np.interp(number, *FREE_RIBS)
    bucket = -sign * pump * np.tan(np.radians(np.interp(number, *NECK_DEG)))
    spread = np.arange(len(there))
    wx, wy = np.interp(level, spread, pump), np.interp(level, spread, bucket)
    from_neck = points - np.stack([np.interp(level, spread, necks[:, axis]) for axis in range(3)], axis=-1)
    rx, ry, rz = np.moveaxis(from_neck, -1, 0)
    return np.stack([wy * rz, -wx * rz, wx * ry - wy * rx], axis=-1)


def _stepped(part):
    """The way from one rib to the next: flat at either, so that each goes along as one piece."""
    part = np.clip((part - PLATEAU) / (1 - 2 * PLATEAU), 0, 1)
    return part**2 * (3 - 2 * part)
