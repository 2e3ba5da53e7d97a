"""An abdominal aortic aneurysm: the aorta widened like a spindle, clot along its wall, and chalk in it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.axis import Axis, axis_of
from phantoms.lesions.pulled import carried, cropped, pulled
from phantoms.lesions.push import RIGID
from phantoms.lesions.room import host_of
from phantoms.lesions.shells import FIBROUS, lakes
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

KIND = Kind("abdominal aortic aneurysm", "233985008", "Abdominal aortic aneurysm")
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 45.0, 0.22, 31.0, 90.0
"""Aneurysms begin at 30 mm and are operated on from 55 mm (Wanhainen et al. 2019, Eur J Vasc Endovasc Surg 57:8); the
distribution is ours."""
LONG, NECK_MM, FORK_MM = (1.3, 2.0), 15.0, 6.0
"""Length by diameter (assumed); healthy aorta that is left below the renal arteries and above the bifurcation."""
WALL_MM, FORWARD, LEFTWARD = 1.8, 1.0, 0.25
"""The spine stands behind: how far the middle moves to the front and to the left, by how much the radius grows."""
CLOT_DENSITY, OPEN = 0.975, (0.45, 0.8)
"""Of clot by that of haematoma, so that it has about 45 HU; the open lumen's radius by the aneurysm's. Assumed."""
CHALK_MM, CHALK_SHARE = 22.0, 0.16
"""Length of waves of calcified patches of the wall, and their share of it; assumed."""
FADES, ENDS = 1.6, 3.5
WIDER = 1.08
"""By how much it is wider than it was where it counts as the aneurysm."""


@dataclass(frozen=True, kw_only=True)
class AorticAneurysm(Growth):
    """A fusiform aneurysm of `diameter_mm`, wall to wall, between the renal arteries and the bifurcation.

    What lies around is pushed aside but for the spine, so the aorta grows to the front and the left.
    open_lumen: radius of the lumen that blood still flows through by that of the aneurysm; the rest is clot.
    None draws.
    Raises SceneError if the patient has no abdominal aorta, or it does not fit between aorta and skin.
    """

    diameter_mm: Annotated[float, Ge(30), Le(120)] | None = None
    open_lumen: Annotated[float, Ge(0.3), Le(1)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        diameter_mm = round(drawn_mm, 1) if self.diameter_mm is None else self.diameter_mm
        share = float(rng.uniform(*OPEN)) if self.open_lumen is None else self.open_lumen
        before = _abdominal(scene)
        after = _spindle(before, diameter_mm, float(rng.uniform(*LONG)) * diameter_mm)
        grown, block = _widened(scene, before, after, diameter_mm)
        free = ~np.isin(scene.tissue[block], [tissues()[name] for name in RIGID])
        pieces = _layers(grown.grid, block, free, (before, after), share, rng)
        clot = " with mural thrombus" if share < 1 else ""
        text = f"{diameter_mm:.0f} mm abdominal aortic aneurysm of the infrarenal aorta{clot}"
        attributes = {"diameter_mm": diameter_mm, "open_lumen": round(share, 2), "form": "fusiform"}
        return with_finding(grown, KIND, "aorta", pieces, text, attributes)


def _abdominal(scene: Scene) -> Axis:
    """The aorta from its bifurcation to the renal arteries, or to its upper end in the grid."""
    axis = axis_of(host_of(scene, "aorta", "AorticAneurysm"), scene.grid)
    renal = np.isin(scene.labels, [id for id, one in scene.structures.items() if one.name.startswith("renal_artery")])
    heights = np.flatnonzero(renal.any(axis=(0, 1)))
    corner = np.array([0.0, 0.0, heights[0] if heights.size else scene.grid.shape[2]])
    upper_mm = float(scene.grid.world_mm(corner)[2]) - NECK_MM
    kept = (axis.z_mm <= upper_mm) & (axis.z_mm >= axis.z_mm.min(initial=np.inf) + FORK_MM)
    if np.ptp(axis.z_mm[kept]) < 2 * NECK_MM if kept.any() else True:
        raise SceneError(
            "AorticAneurysm: found no aorta between renal arteries and bifurcation in this field of view; one of the "
            "whole abdomen would do"
        )
    return Axis(axis.z_mm[kept], axis.middle_mm[kept], axis.radius_mm[kept])


def _spindle(before: Axis, diameter_mm: float, length_mm: float) -> Axis:
    """The aorta as it is then: widest in the middle, as before at its ends."""
    half_mm = min(length_mm, float(np.ptp(before.z_mm))) / 2
    along = (before.z_mm - before.z_mm.mean()) / half_mm
    bump = np.where(np.abs(along) < 1, np.cos(np.pi / 2 * np.clip(along, -1, 1)) ** 1.5, 0)
    more_mm = bump * np.maximum(diameter_mm / 2 - before.radius_mm, 0)
    shift = more_mm[:, None] * np.array([-LEFTWARD, FORWARD])
    return Axis(before.z_mm, before.middle_mm + shift, before.radius_mm + more_mm)


def _widened(scene: Scene, before: Axis, after: Axis, diameter_mm: float) -> tuple[Scene, Block]:
    """The patient with a wide aorta, and the block of voxels around it.

    In each slice what lay at r0 from the old middle lies at r from the new one, r^2 = r0^2 + R^2 - R0^2: no area is
    squeezed. The wall keeps its thickness, and the lumen is stretched.
    """
    reach_mm = ENDS * diameter_mm / 2
    low = np.append(after.middle_mm.min(axis=0) - reach_mm, after.z_mm[0])
    high = np.append(after.middle_mm.max(axis=0) + reach_mm, after.z_mm[-1])
    first = np.clip(np.floor(scene.grid.index(low)), 0, scene.grid.shape).astype(int).tolist()
    last = np.clip(np.ceil(scene.grid.index(high)) + 1, 0, scene.grid.shape).astype(int).tolist()
    block = slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])
    points = cropped(scene.grid, block).points_mm()
    x, y, radius = after.at(points[..., 2])
    x0, y0, radius0 = before.at(points[..., 2])
    dx, dy = points[..., 0] - x, points[..., 1] - y
    r = np.maximum(np.hypot(dx, dy), 1e-6)

    inner = r * (radius0 - WALL_MM) / (radius - WALL_MM)
    wall = r - radius + radius0
    beyond = np.sqrt(np.maximum(r**2 - radius**2 + radius0**2, 0))
    rest = np.where(r < radius - WALL_MM, inner, np.where(r < radius, wall, beyond))
    fade = np.clip((ENDS - r / radius) / (ENDS - FADES), 0, 1)
    fade = fade**2 * (3 - 2 * fade)
    shrink = (rest / r - 1) * fade
    back = np.stack([dx * shrink + (x0 - x) * fade, dy * shrink + (y0 - y) * fade, np.zeros_like(r)])
    displacement = np.ascontiguousarray(back, np.float32)
    still = np.isin(scene.tissue[block], [tissues()[name] for name in RIGID]) | (scene.labels[block] == 0)
    return carried(pulled(scene, block, displacement, still), block, displacement), block


def _layers(
    grid: Grid, block: Block, free: Bool[ndarray, "a b c"], axes: tuple[Axis, Axis], share: float, rng: Generator
) -> list[Piece]:
    """Blood, clot around an open lumen that lies to one side, the wall, and chalk in it, where there is no bone."""
    before, after = axes
    points = cropped(grid, block).points_mm()
    x, y, radius = after.at(points[..., 2])
    radius0 = before.at(points[..., 2])[2]
    wide = free & (radius > WIDER * radius0)
    turn = float(rng.uniform(-1, 1))
    edge_mm = min(grid.spacing_mm)

    def disc(dx: ndarray, dy: ndarray, size_mm: ndarray) -> Float32[ndarray, "a b c"]:
        return np.where(wide, np.clip(0.5 + (size_mm - np.hypot(dx, dy)) / edge_mm, 0, 1), 0).astype(np.float32)

    dx, dy = points[..., 0] - x, points[..., 1] - y
    whole, lumen = disc(dx, dy, radius), disc(dx, dy, radius - WALL_MM)
    open_mm: Float[ndarray, "a b c"] = np.maximum(share * radius, radius0) - WALL_MM
    aside = 0.8 * np.maximum(radius - WALL_MM - open_mm, 0)
    flow = disc(dx - aside * np.sin(turn), dy + aside * np.cos(turn), open_mm)
    wall: Filling = block, np.maximum(whole - lumen, 0)
    pieces = [
        Piece((block, whole), "blood"),
        Piece((block, np.maximum(lumen - flow, 0)), "haematoma", CLOT_DENSITY),
        Piece(wall, "connective", FIBROUS),
    ]
    mask = block, (wall[1] > 0.3).astype(np.float32)
    _, chalky = lakes(grid, mask, CHALK_MM, CHALK_SHARE, rng)
    return [*pieces, Piece((block, np.minimum(chalky, whole)), "calcification", 0.85)]
