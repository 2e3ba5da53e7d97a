"""Neighbours: how much of an organ's surface lies against another, and how far apart those are that never meet."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.spatial import KDTree

from pipelines.realism.atlas import Atlas, Piece
from pipelines.realism.figures import Figure, number, rows
from pipelines.realism.voxels import eroded, smoothed
from simdata.subject import Subject

REFERENCE_CM = 170.0
"""Height of the people of tables/contacts.csv; areas go with the square of height, distances with height."""
SMOOTH_VOXELS = 1.5
NOWHERE_MM = 1000.0


def contact_figures(atlas: Atlas, subject: Subject | None) -> list[Figure]:
    """Every row of tables/contacts.csv whose two organs lie wholly in the field of view."""
    size = subject.height_cm / REFERENCE_CM if subject else 1.0
    surfaces = Surfaces(atlas)
    found = []
    for row in rows("contacts"):
        one, other = row["one"], row["other"]
        if row["sex"] not in ("both", subject.sex if subject else "both") or not _seen(atlas, one, other):
            continue
        low, high = number(row["low"]), number(row["high"])
        if row["measure"] == "contact":
            within = float(row["within_mm"]) * size
            value, scale, unit = surfaces.contact_mm2(one, other, within), size**2, "mm2"
            about = f"faces within {within:.0f} mm"
        else:
            value, scale, unit, about = surfaces.gap_mm(one, other), size, "mm", "nearest points"
        low, high = (None if end is None else end * scale for end in (low, high))
        found.append(Figure(f"{one} - {other}", value, unit, low, high, row["source"], about))
    return found


class Surfaces:
    """The surfaces of the structures of a patient, each found once."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._tree = cache(self._make_tree)
        self._faces = cache(self._make_faces)

    def contact_mm2(self, one: str, other: str, within_mm: float) -> float:
        """Area of the surface of `one` that has `other` within so many mm outside it."""
        places, area = self._faces(one)
        away, _ = self._tree(other).query(places, distance_upper_bound=within_mm + 1e-6)
        return float(area[np.isfinite(away)].sum())

    def gap_mm(self, one: str, other: str) -> float:
        """Between the nearest points of both surfaces; 0 if they touch."""
        places, _ = self._faces(one)
        away, _ = self._tree(other).query(places, distance_upper_bound=NOWHERE_MM)
        return float(away.min())

    def _make_tree(self, name: str) -> KDTree:
        """The outermost voxels of a structure."""
        piece = self._atlas.piece(name)
        return KDTree(piece.points_mm(piece.inside & ~eroded(piece.inside)))

    def _make_faces(self, name: str) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
        piece = self._atlas.piece(name, margin_mm=3 * SMOOTH_VOXELS * float(self._atlas.spacing_mm.max()))
        return faces(piece)


def faces(piece: Piece) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Middles of the voxels just outside every voxel face of the surface, mm, and the area that each stands for, mm2.

    A face counts with |n . axis| of its size, n the normal of the smoothed mask: a plane of any direction has its area.
    """
    inside = piece.inside
    smooth = smoothed(inside.astype(np.float32), SMOOTH_VOXELS)
    slope = np.stack([np.gradient(smooth, spacing, axis=n) for n, spacing in enumerate(piece.spacing_mm)])
    slope /= np.maximum(np.sqrt((slope**2).sum(axis=0)), 1e-9)
    found = [_faces(piece, inside, slope[axis], axis, step) for axis in range(3) for step in (1, -1)]
    places, areas = zip(*found, strict=True)
    return np.concatenate(places), np.concatenate(areas)


def _faces(piece: Piece, inside: Bool[ndarray, "x y z"], slope: ndarray, axis: int, step: int):
    """The faces on one side of the voxels."""
    here = [slice(None)] * 3
    there = [slice(None)] * 3
    here[axis], there[axis] = (slice(None, -1), slice(1, None)) if step > 0 else (slice(1, None), slice(None, -1))
    edge = np.zeros_like(inside)
    edge[tuple(there)] = inside[tuple(here)] & ~inside[tuple(there)]
    area = np.delete(piece.spacing_mm, axis).prod()
    return piece.points_mm(edge), np.abs(slope[edge]) * area


def _seen(atlas: Atlas, one: str, other: str) -> bool:
    """True if both lie wholly in the field; of discs and diaphragm what is needed lies at the other."""
    needed = [name for name in (one, other) if name not in ("intervertebral_disc", "diaphragm")]
    return atlas.has(one, other) and atlas.whole(*needed)
