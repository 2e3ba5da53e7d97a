"""Fibrosis of the lung (usual interstitial pneumonia): lines and honeycombs along the pleura, bronchi pulled open."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.airspace import patch
from phantoms.lesions.foam import foam
from phantoms.lesions.lungs import densities, lobe_of, lung_density
from phantoms.lesions.pleural import wall
from phantoms.lesions.room import kept_in, spoken_host
from phantoms.lesions.shells import smooth_noise, veins
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import MOST, Block, strokes
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("pulmonary fibrosis", "51615001", "Pulmonary fibrosis")
PERCENT = (8.0, 40.0)
"""Of a lobe; assumed."""
PLEURAL, BASAL, DORSAL, NOISE = 2.6, 1.6, 0.7, 0.35
"""How much pleura, base and back favour it, and chance: Raghu et al. 2022, Am J Respir Crit Care Med 205:e18."""
REACH_MM, WAVE_MM, EDGE, LEAST_MM3 = 22.0, 22.0, 0.5, 300.0
GLASS_HU = -640.0
"""Of the lung between the lines."""
MESH_MM, LINE_MM = 11.0, 1.0
"""Length of the waves of reticulation, and thickness of its lines: thickened intralobular septa; assumed."""
COMB_NEAR = 0.5
CELL_MM, WALL_MM = (4.0, 8.0), 1.6
"""Honeycombs: cells of 3 to 10 mm with walls of 1 to 3 mm (Hansell et al. 2008, Radiology 246:697)."""
COMB_HU = -940.0
TUBES, TUBE_MM, POINTS = 7, (1.4, 2.6), 9
"""Widened bronchi in a lobe, the radii of their lumen, and points along each."""


@dataclass(frozen=True, kw_only=True)
class PulmonaryFibrosis(Growth):
    """Fibrosis of `percent` of the parenchyma of a lobe, one of the lower ones unless another is named.

    honeycombing: share of the fibrosis within reach of the pleura whose cells have opened, 0 to 1. None draws.
    Raises SceneError if the patient has no such lobe.
    """

    structure: str | None = None
    percent: Annotated[float, Ge(1), Le(80)] | None = None
    honeycombing: Annotated[float, Ge(0), Le(1)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        lower = f"lung_lower_lobe_{'right' if rng.random() < 0.5 else 'left'}"
        structure, block, host, lung = lobe_of(scene, self.structure or lower, rng, "PulmonaryFibrosis")
        percent = round(float(rng.uniform(*PERCENT))) if self.percent is None else self.percent
        opened = round(float(rng.uniform(0, 1)), 2) if self.honeycombing is None else self.honeycombing
        near = wall(host, scene.grid, REACH_MM)
        scarred, count = patch(scene.grid, block, lung, percent / 100, _favour(scene.grid, near, rng), EDGE, LEAST_MM3)

        glass = np.maximum(np.float32(lung_density(GLASS_HU)), densities(scene, block))
        pieces = [Piece(scarred, "lung", glass)]
        pieces.append(Piece(veins(scene.grid, scarred, MESH_MM, LINE_MM, rng), "connective"))
        pieces += _tubes(scene.grid, block, scarred, lung, rng)
        pieces += _combs(scene.grid, scarred, near, opened, rng)
        signs = " with honeycombing and traction bronchiectasis" if opened > 0.1 else " with traction bronchiectasis"
        text = f"subpleural reticulation in {percent:.0f} % of the {spoken_host(scene, structure)}{signs}"
        attributes = {"percent": float(percent), "honeycombing": opened, "count": float(count), "pattern": "UIP"}
        return with_finding(scene, KIND, structure, pieces, text, attributes)


def _favour(grid: Grid, near: Float32[ndarray, "a b c"], rng: Generator) -> Float32[ndarray, "a b c"]:
    base = np.linspace(1, 0, near.shape[2], dtype=np.float32) ** 2
    back = np.linspace(1, 0, near.shape[1], dtype=np.float32)[:, None]
    noise = smooth_noise(grid, near.shape, WAVE_MM, rng)
    return np.float32(PLEURAL) * near + np.float32(BASAL) * base + np.float32(DORSAL) * back + np.float32(NOISE) * noise


def _combs(grid: Grid, scarred: Filling, near: Float32[ndarray, "a b c"], opened: float, rng: Generator) -> list[Piece]:
    """Cells and walls in the scarred lung that lies nearest to the pleura."""
    block, filled = scarred
    reach = near[filled > 0.5]
    if opened == 0 or not reach.size:
        return []
    level = max(float(np.quantile(reach, 1 - opened)), COMB_NEAR)
    hollow, walls = foam(grid, (filled > 0.5) & (near >= level), float(rng.uniform(*CELL_MM)), WALL_MM, rng)
    return [Piece((block, walls), "connective"), Piece((block, hollow), "lung", lung_density(COMB_HU))]


def _tubes(grid: Grid, block: Block, scarred: Filling, lung: Bool[ndarray, "a b c"], rng: Generator) -> list[Piece]:
    """Bronchi that run outwards into the scars, wider than they should be and beaded."""
    voxels, middle = np.argwhere(scarred[1] > 0.5), np.argwhere(lung).mean(axis=0)
    if not len(voxels):
        return []
    first = [side.start for side in block]
    ends = voxels[rng.choice(len(voxels), TUBES)]
    along = np.linspace(0, 1, POINTS)[:, None]
    starts, stops, radii = [], [], []
    for end in ends:
        way = grid.world_mm(end + 0.75 * along * (middle - end) + first)
        way += np.cumsum(rng.normal(0, 0.8, way.shape), axis=0)
        radius = rng.uniform(*TUBE_MM) * (1 + 0.25 * rng.standard_normal(POINTS)).clip(0.6, 1.5)
        starts.append(way[:-1])
        stops.append(way[1:])
        radii.append(np.stack([radius[:-1], radius[1:]], axis=1))
    chains = np.concatenate(starts), np.concatenate(stops), np.concatenate(radii)
    inside = np.zeros(grid.shape, bool)
    inside[block] = scarred[1] > MOST
    wall_ = strokes(grid, chains[0], chains[1], 1.45 * chains[2])
    return [
        Piece(kept_in(inside, wall_), "connective"),
        Piece(kept_in(inside, strokes(grid, *chains)), "air"),
    ]
