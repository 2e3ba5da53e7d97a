"""A cluster of microcalcifications: round, pleomorphic, or linear and branching, of wished number, size and spread."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.room import box_around, host_of, kept_in, place, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import check_tissue

KIND = Kind("microcalcifications", "129769006", "Radiographic calcification with clustered distribution")
"""SNOMED-CT: Radiographic calcification with clustered distribution (finding)."""

Form = Literal["round", "fine pleomorphic", "fine linear branching"]
"""BI-RADS: how the calcifications of a cluster look."""
SPREAD_OF_LN_SIZE = 0.3
"""Standard deviation of ln(diameter); the median is what is asked for."""
SAMPLES = 7
"""Points along each edge of a voxel that tell how much of it a calcification fills."""
LONG, SPLIT_RAD = (2.0, 5.0), 0.6
"""Length of a linear one by its width, and by how much branches turn."""
BESIDE = 0.08
"""How far off the line of its duct a linear one may lie, by half of cluster_mm."""
SHARDS = 4


@dataclass(frozen=True, kw_only=True)
class Microcalcifications(Growth):
    """`count` calcifications within a ball of `cluster_mm`, each of about `diameter_mm` (median of a log-normal).

    A round one is a ball. A pleomorphic one is a heap of shards with the volume of the ball; linear ones are rods as
    wide as that, along ducts that branch. What each fills of every voxel is known, however small it is.
    centre_mm: RAS+ mm, or None for a random place in which the ball fits. tissue: a name in simdata/tissues.csv.
    Raises SceneError if the patient has no such structure, or the ball does not fit into it.
    """

    structure: str = "breast_left"
    form: Form = "fine pleomorphic"
    count: Annotated[int, Ge(1), Le(200)] = 15
    diameter_mm: Annotated[float, Ge(0.08), Le(3)] = 0.3
    cluster_mm: Annotated[float, Ge(1), Le(60)] = 9.0
    centre_mm: tuple[float, float, float] | None = None
    tissue: str = "microcalcification"

    def __post_init__(self) -> None:
        check_tissue(self.tissue, "Microcalcifications.tissue")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        name = "Microcalcifications"
        host = host_of(scene, self.structure, name)
        centre_mm = place(host, scene.grid, self.cluster_mm, self.centre_mm, rng, name, self.structure)
        size = self.diameter_mm * np.exp(SPREAD_OF_LN_SIZE * rng.standard_normal(self.count))
        places, heading = _spread(self.form, centre_mm, self.cluster_mm, self.count, rng)
        grains = [_piece(self.form, *one, rng) for one in zip(places, heading, size, strict=True)]
        pieces = [Piece(kept_in(host, _filled(scene.grid, *grain)), self.tissue) for grain in grains]

        where = spoken_host(scene, self.structure)
        text = f"cluster of {self.count} {self.form} microcalcifications over {self.cluster_mm:.0f} mm in the {where}"
        attributes = {"count": self.count, "form": self.form, "cluster_mm": self.cluster_mm}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)


def _spread(
    form: Form, centre_mm: Float[ndarray, " 3"], cluster_mm: float, count: int, rng: Generator
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"]]:
    """Where each calcification lies, and which way it points."""
    heading = _unit(rng.standard_normal((count, 3)))
    if form != "fine linear branching":
        away = cluster_mm / 2 * rng.uniform(0, 1, (count, 1)) ** (1 / 3)
        return centre_mm + away * heading, _unit(rng.standard_normal((count, 3)))
    trunk = _unit(rng.standard_normal(3)[None])[0]
    aside = _unit(np.cross(trunk, rng.standard_normal(3))[None])[0]
    along = rng.uniform(-1, 1, count)
    turned = np.where(along > 0, rng.choice([-1.0, 1.0], count), 0.0)[:, None] * np.tan(SPLIT_RAD)
    ways = _unit(trunk + turned * aside)
    branch = np.abs(along[:, None]) * np.where(along[:, None] > 0, ways, -trunk)
    return centre_mm + cluster_mm / 2 * (branch + BESIDE * rng.uniform(-1, 1, (count, 3))), ways


def _piece(
    form: Form, place_mm: Float[ndarray, " 3"], heading: Float[ndarray, " 3"], size_mm: float, rng: Generator
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """A calcification as rods with round ends: where each starts and ends, and its radius."""
    if form == "round":
        return place_mm[None], place_mm[None], np.array([size_mm / 2])
    if form == "fine linear branching":
        half = size_mm / 2 * (rng.uniform(*LONG) - 1) * heading
        return (place_mm - half)[None], (place_mm + half)[None], np.array([size_mm / 2])
    offset = 0.38 * _unit(rng.standard_normal((SHARDS, 3)))
    end = offset + 0.25 * _unit(rng.standard_normal((SHARDS, 3)))
    radius = rng.uniform(0.15, 0.32, SHARDS)
    scale = size_mm * (np.pi / 6 / _volume(0.4 * offset, end, radius)) ** (1 / 3)
    return place_mm + scale * 0.4 * offset, place_mm + scale * end, scale * radius


def _volume(start: Float[ndarray, "n 3"], end: Float[ndarray, "n 3"], radius: Float[ndarray, " n"]) -> float:
    """Of rods together, within a cube of edge 2 around the origin."""
    edge = np.linspace(-1, 1, 27)
    points = np.stack(np.meshgrid(edge, edge, edge, indexing="ij"), axis=-1)
    return float(_inside(points, start, end, radius).sum() * (edge[1] - edge[0]) ** 3)


def _inside(
    points: Float[ndarray, "a b c 3"],
    start: Float[ndarray, "n 3"],
    end: Float[ndarray, "n 3"],
    radius: Float[ndarray, " n"],
) -> Bool[ndarray, "a b c"]:
    """Which points lie in any of the rods."""
    inside = np.zeros(points.shape[:3], bool)
    for first, last, thick in zip(start, end, radius, strict=True):
        way = last - first
        along = np.clip((points - first) @ way / max(way @ way, 1e-12), 0, 1)
        inside |= np.linalg.norm(points - first - along[..., None] * way, axis=-1) < thick
    return inside


def _filled(
    grid: Grid, start_mm: Float[ndarray, "n 3"], end_mm: Float[ndarray, "n 3"], radius_mm: Float[ndarray, " n"]
) -> Filling:
    """The voxels that rods touch, and what they fill of each, by many points in every voxel."""
    middle = (start_mm + end_mm).mean(axis=0) / 2
    ends = np.concatenate([start_mm, end_mm])
    box = box_around(grid, middle, float(np.linalg.norm(ends - middle, axis=1).max() + radius_mm.max()))
    axes = [np.arange(SAMPLES * (side.stop - side.start)) / SAMPLES + side.start - 0.5 + 0.5 / SAMPLES for side in box]
    points = grid.world_mm(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))
    inside = _inside(points, start_mm, end_mm, radius_mm)
    voxels = [n // SAMPLES for n in inside.shape]
    blocks = inside.reshape(voxels[0], SAMPLES, voxels[1], SAMPLES, voxels[2], SAMPLES)
    return box, blocks.mean(axis=(1, 3, 5), dtype=np.float32)


def _unit(vectors: Float[ndarray, "n 3"]) -> Float[ndarray, "n 3"]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
