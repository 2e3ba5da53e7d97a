"""Tortuosity: vessels that wind between their forks, as with age, high pressure or in a plus disease."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from simdata.centrelines import subdivide
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ROOT, Vessels
from vascular.disease import after, around, bed_of, with_finding
from vascular.morphometry import tortuosity

SNOMED = ("46595003", "Tortuosity")
"""SNOMED-CT: Tortuosity (morphologic abnormality) (memory)."""
STEPS = 12
"""Pieces of a wave."""


@dataclass(frozen=True, kw_only=True)
class Tortuosity(Growth):
    """Winds the vessels of `bed` whose diameter lies in diameter_mm: waves of `wave_radii` radii that swing by `swing`.

    Between two forks a branch is moved by A(s) (sin(k s + a) u + sin(k s / 2 + b) v / 2), u and v across it,
    A = swing wave / (2 pi), which fades to nothing at both forks. Forks and ends stay where they are.
    Raises SceneError if no vessel has that diameter, or the bed knows no flow.
    """

    bed: str = "coronary"
    swing: Annotated[float, Gt(0)] = 0.8
    wave_radii: Annotated[float, Gt(2)] = 12.0
    diameter_mm: tuple[float, float] = (0.5, 100.0)

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "Tortuosity")
        least, most = (diameter / 2 for diameter in self.diameter_mm)
        fits = (before.radius_mm >= least) & (before.radius_mm <= most) & (before.parent != ROOT)
        wide = np.flatnonzero(fits)
        if not wide.size:
            raise SceneError(
                f"Tortuosity.diameter_mm: found no vessel of {self.diameter_mm[0]:g} to {self.diameter_mm[1]:g} mm in "
                f"'{self.bed}'; up to {2 * before.radius_mm.max():.3g} mm would do"
            )
        thin_mm = float(before.radius_mm[wide].min())
        fine = subdivide(before, wide, self.wave_radii * thin_mm / STEPS)
        moved = np.append(fits, np.ones(len(fine) - len(before), bool))
        wound = replace(fine, points_mm=(fine.points_mm + self._sway(fine, moved, rng)).astype(np.float32))
        now = after(before, wound)

        rows = np.flatnonzero(moved)
        voxels, _, _ = around(scene.grid, wound.points_mm[rows].astype(float), wound.radius_mm[rows].astype(float))
        longer = wound.length_mm[rows].sum() / fine.length_mm[rows].sum() - 1
        text = (
            f"Tortuous {self.bed.replace('_', ' ')}, {100 * longer:.0f} % longer "
            f"(median tortuosity {np.median(tortuosity(wound)):.2f}); "
            f"inflow at {100 * _inflow(now) / _inflow(before):.0f} %"
        )
        return with_finding(scene, {self.bed: now}, voxels, "tortuosity", "blood", SNOMED, text)

    def _sway(self, fine: Vessels, moved: ndarray, rng: Generator) -> Float[ndarray, "n 3"]:
        own = fine.segments
        branch = fine.branch
        count = int(branch.max()) + 1
        order = np.lexsort((fine.depth, branch))
        order = order[fine.parent[order] != ROOT]
        first = np.flatnonzero(np.diff(branch[order], prepend=-1))
        total = np.bincount(branch[own], fine.length_mm[own], count)
        run = np.cumsum(fine.length_mm[order].astype(float))
        along = np.zeros(len(fine))
        start = np.zeros(count)
        start[branch[order[first]]] = run[first] - fine.length_mm[order[first]]
        along[order] = run - start[branch[order]]

        tail = np.full(count, -1)
        tail[branch[order]] = order
        head = np.zeros(count, int)
        head[branch[order[first]]] = fine.parent[order[first]]
        chord = fine.points_mm[tail] - fine.points_mm[head] + np.float32(1e-6)
        across = np.cross(chord, rng.standard_normal((count, 3)))
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        other = np.cross(chord, across)
        other /= np.linalg.norm(other, axis=1, keepdims=True)

        wave = (
            self.wave_radii
            * np.bincount(branch, fine.radius_mm, count)
            / np.maximum(np.bincount(branch, minlength=count), 1)
        )
        a, b = rng.uniform(0, 2 * np.pi, (2, count))
        k = 2 * np.pi / wave[branch]
        left = np.minimum(along, total[branch] - along) / wave[branch]
        size = self.swing / k * np.clip(2 * left, 0, 1) * moved
        sine, slow = np.sin(k * along + a[branch]), 0.5 * np.sin(k * along / 2 + b[branch])
        return size[:, None] * (sine[:, None] * across[branch] + slow[:, None] * other[branch])


def _inflow(vessels: Vessels) -> float:
    """Flow through all segments that begin at a root."""
    own = vessels.segments
    return float(np.abs(vessels.flow_mm3_s[own[vessels.parent[vessels.parent[own]] == ROOT]]).sum())
