"""A breast on the grid of a view: skin, fat, gland, septa and muscle, then the ducts and the nipple."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from phantoms.breast.axilla import Axilla
from phantoms.breast.ducts import Ducts
from phantoms.breast.hanging import Hanging
from phantoms.breast.kernel import IN_MUSCLE, INCLINATION, KNOWN, SKIN, UNDER_SKIN, X, fill
from phantoms.breast.pressed import Pressed
from phantoms.breast.shape import Shape, reach
from phantoms.breast.squeeze import carry
from phantoms.breast.tissue import RULES, SOFT, Parenchyma
from phantoms.strokes import blend, strokes
from simdata import Grid, Scene, structure, vessel_tree
from simdata.tissues import tissues

LATTICE_MM = 1.8
"""What changes slowly is known at points this far apart, and linear between them."""
MARGIN_VOXELS = 2
NIPPLE_MM, NIPPLE_RADIUS_MM, AREOLA_RADIUS_MM, AREOLA_THICKER = 4.5, 4.5, 14.0, 0.35
"""VICTRE: 4 mm long, radius 4 mm; the skin of the areola is thicker by that share."""
ARMPIT_MM = 128.0
"""The oblique view shows the armpit up to here above the nipple, or more: a detector 24 cm wide sees no end of it."""
ARMPIT_BEYOND_MM = 15.0
FLESH = ("breast_fat", "breast_gland", "cooper_ligaments", "pectoralis_major")


@dataclass(frozen=True, eq=False)
class Posture:
    """rest: the breast as it hangs, in the axes of the view. now: as the view shows it. armpit: of an oblique view."""

    rest: Hanging
    now: Shape
    armpit: Axilla | None

    def at_rest(self, wtd_mm: Float64[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
        """Points of the view where they lie in the resting breast, in its own axes: to the side, up, out."""
        before = wtd_mm if self.now is self.rest else carry(wtd_mm, self.now, self.rest)
        return np.column_stack([*self.rest.anatomical(before), before[:, 2]])

    def shown(self, rest_mm: Float64[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
        """The other way."""
        c, s = np.cos(self.rest.view_rad), np.sin(self.rest.view_rad)
        side, up, d = rest_mm.T
        before = np.column_stack([c * side + s * up, c * up - s * side, d])
        return before if self.now is self.rest else carry(before, self.rest, self.now)

    def under_skin(self, wtd_mm: Float64[ndarray, "n 3"]) -> Float64[ndarray, " n"]:
        """mm below the surface of all that the view shows."""
        if self.armpit is not None and isinstance(self.now, Pressed):
            return self.armpit.under_skin(wtd_mm, self.now)
        return self.now.under_skin(wtd_mm)

    def in_muscle(self, wtd_mm: Float64[ndarray, "n 3"]) -> Float64[ndarray, " n"]:
        """mm below the surface of the pectoral muscle."""
        if self.armpit is not None and isinstance(self.now, Pressed):
            return self.armpit.in_muscle(wtd_mm, self.now)
        return np.full(len(wtd_mm), -LATTICE_MM)

    def grid(self, side: Literal["left", "right"], voxel_mm: float) -> Grid:
        """That holds the breast from the chest wall to the nipple, and the armpit."""
        w, t = reach(self.now)
        w[1] = w[1] if self.armpit is None else max(w[1] + ARMPIT_BEYOND_MM, ARMPIT_MM)
        first = np.array([w[0], t[0], 0.0]) + voxel_mm * np.array([0.5 - MARGIN_VOXELS, 0.5 - MARGIN_VOXELS, 0.5])
        last = np.array([w[1], t[1], self.now.depth_mm + NIPPLE_MM + NIPPLE_RADIUS_MM]) + voxel_mm * MARGIN_VOXELS
        shape = np.ceil((last - first) / voxel_mm).astype(int) + 1
        c, s = np.cos(self.rest.view_rad), np.sin(self.rest.view_rad)
        lateral, up, out = (
            np.array([1.0 if side == "right" else -1.0, 0, 0]),
            np.array([0, 0, 1.0]),
            np.array([0, 1.0, 0]),
        )
        affine = np.eye(4)
        affine[:3, :3] = np.column_stack([c * lateral + s * up, c * up - s * lateral, out])
        affine[:3, 3] = affine[:3, :3] @ first
        affine[:3, :3] *= voxel_mm
        x, y, z = shape.tolist()
        return Grid((x, y, z), affine)


def draw(
    posture: Posture, inner: Parenchyma, tree: Ducts, side: Literal["left", "right"], skin_mm: float, voxel_mm: float
) -> Scene:
    """The scene of a breast in its posture."""
    grid = posture.grid(side, voxel_mm)
    axes = grid.affine[:3, :3] / voxel_mm
    labels, tissue, second, share = (np.zeros(grid.shape, kind) for kind in (np.uint16, *[np.uint8] * 3))
    names = [*(f"{name}_{side}" for name in FLESH), "skin"]
    ids = np.array([0, *(structure(name).id for name in names)], np.uint16)
    made_of = np.array([0, *(tissues()[structure(name).tissue] for name in names)], np.uint8)
    known = _known(posture, inner, grid.affine[:3, 3] @ axes, grid.shape, skin_mm, voxel_mm)
    scale = np.full(3, voxel_mm / LATTICE_MM, np.float32)
    fill(
        known, scale, np.float32(voxel_mm), inner.block, inner.seeds, inner.kinds, RULES, np.float32(inner.threshold),
        SOFT, ids, made_of, labels, tissue, second, share,
    )  # fmt: skip

    arrays = (labels, tissue, second, share)
    points = posture.shown(tree.points_mm) @ axes.T
    inside = tree.parent >= 0
    starts, ends = points[tree.parent[inside]], points[inside]
    radii = np.column_stack([tree.radius_mm[tree.parent[inside]], tree.radius_mm[inside]])
    duct = structure(f"milk_ducts_{side}")
    blend(arrays, *strokes(grid, starts, ends, radii), duct)
    lobules = points[tree.ends]
    blend(
        arrays, *strokes(grid, lobules, lobules, np.tile(tree.lobule_mm[:, None], 2)), structure(f"breast_gland_{side}")
    )
    tip = posture.now.tip_mm
    nipple = (tip + np.outer((-NIPPLE_RADIUS_MM / 2, NIPPLE_MM - NIPPLE_RADIUS_MM / 2), (0, 0, 1))) @ axes.T
    radius = np.full((1, 2), NIPPLE_RADIUS_MM)
    blend(arrays, *strokes(grid, nipple[:1], nipple[1:], radius), structure(f"nipple_{side}"))
    return Scene(
        grid=grid,
        labels=labels,
        tissue=tissue,
        second=second,
        share=share,
        vessels=MappingProxyType({f"milk_ducts_{side}": vessel_tree(points, tree.parent, tree.radius_mm, "duct")}),
    )


def _known(
    posture: Posture, inner: Parenchyma, first_mm: Float64[ndarray, "3"], shape: tuple[int, int, int], skin_mm: float,
    voxel_mm: float,
) -> Float32[ndarray, "a b c k"]:  # fmt: skip
    """What `fill` wants to know, at the points of the lattice."""
    counts = [int((n - 1) * voxel_mm / LATTICE_MM) + 2 for n in shape]
    points = first_mm + LATTICE_MM * np.moveaxis(np.indices(counts, float), 0, -1).reshape(-1, 3)
    rest = posture.at_rest(points)
    known = np.empty((len(points), KNOWN), np.float32)
    known[:, UNDER_SKIN] = posture.under_skin(points)
    known[:, IN_MUSCLE] = posture.in_muscle(points)
    from_tip = np.linalg.norm(points - posture.now.tip_mm, axis=1)
    known[:, SKIN] = skin_mm * (1 + AREOLA_THICKER * np.exp(-((from_tip / AREOLA_RADIUS_MM) ** 4)))
    known[:, INCLINATION] = inner.inclination(rest)
    known[:, X:] = inner.places(rest)
    return known.reshape(*counts, KNOWN)
