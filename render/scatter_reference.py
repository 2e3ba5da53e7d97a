"""Scatter as it is: a Monte Carlo of photons through a patient, which the fast model of scatter is measured against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from numpy import ndarray
from numpy.random import Generator

from render.anti_scatter_grid import AntiScatterGrid, walls
from render.attenuation import Beam, compositions
from render.kernels import monte_carlo
from render.properties import column
from render.scatter_matter import ENERGY_KEV, PER_ANGSTROM, Matter
from render.views import Views
from simdata import Grid, RecipeError, Scene
from simdata.scene import DENSITY, WHOLE
from simdata.tissues import tissues

BATCHES = 64
"""Each owned by one thread; their spread tells the standard error."""

CM_PER_MM = 0.1


@dataclass(frozen=True, eq=False)
class Medium:
    """What photons fly through: in each voxel one of `mixtures`, by mass fraction of elements, and its g/cm3."""

    grid: Grid
    matter: UInt8[ndarray, "x y z"]
    density_g_cm3: Float32[ndarray, "x y z"]
    mixtures: Sequence[Mapping[str, float]]

    @classmethod
    def of(cls, scene: Scene) -> "Medium":
        """`scene`, each voxel of the tissue that has the larger share of it, contrast agents left out."""
        tissue = np.where(scene.share > WHOLE / 2, scene.second, scene.tissue) if scene.mixed else scene.tissue
        ids = np.unique(tissue)
        names = {id: name for name, id in tissues().items()}
        density = column("tissue_composition", "density_g_cm3")
        table = np.array([density[names[id]] for id in ids], np.float32)
        matter = np.searchsorted(ids, tissue).astype(np.uint8)
        relative = scene.fields.get(DENSITY, np.ones(1, np.float32))
        return cls(scene.grid, matter, table[matter] * relative, [compositions()[names[id]] for id in ids])


@dataclass(frozen=True, eq=False)
class Seen:
    """On the detector, (channels, columns, rows): signal of an element for a focus of one photon per steradian.

    primary: straight from the focus. once, often: scattered once, and more often. error: SD of the sum of these two.
    """

    primary: Float64[ndarray, "channels columns rows"]
    once: Float64[ndarray, "channels columns rows"]
    often: Float64[ndarray, "channels columns rows"]
    error: Float64[ndarray, "channels columns rows"]

    @property
    def scatter(self) -> Float64[ndarray, "channels columns rows"]:
        """All that did not come straight."""
        return self.once + self.often


@dataclass(frozen=True, eq=False)
class Emerging:
    """Photons as they leave the volume: weight (n,), place mm in the box of the grid, direction (n, 3), keV (n,).

    collisions: how often each scattered. deposited: (x, y, z) keV left in each voxel. All for one emitted photon.
    """

    weight: Float64[ndarray, " n"]
    place_mm: Float64[ndarray, "n 3"]
    direction: Float64[ndarray, "n 3"]
    energy_kev: Float64[ndarray, " n"]
    collisions: Float64[ndarray, " n"]
    deposited: Float64[ndarray, "x y z"]


def seen(
    medium: Medium,
    view: Views,
    beam: Beam,
    response: Float64[ndarray, "channels e"],
    photons: int,
    rng: Generator,
    grids: Sequence[AntiScatterGrid] = (),
) -> Seen:
    """What a detector sees of `photons` photons of a beam, by forced detection at every collision.

    view: one view, whose detector the beam is collimated to. response: signal of a photon of each of ENERGY_KEV.
    grids: focused, in front of the detector. Raises RecipeError if there is more than one view.
    """
    body, physics = _tables(medium)
    detector = _placed(view, medium.grid)
    lamellae = walls(grids, ENERGY_KEV)
    straight = np.zeros((len(response), view.columns, view.rows))
    shares = beam.photons_mm2_mas / beam.photons_mm2_mas.sum()
    monte_carlo.primary(detector, beam.energy_kev, shares, response, body, lamellae, straight)
    out = np.zeros((BATCHES, len(response), 2, view.columns, view.rows))
    each = -(-photons // BATCHES)
    monte_carlo.scattered(detector, _energies(beam), response, body, physics, lamellae, each, _key(rng), out)
    error = out.sum(axis=2).std(axis=0, ddof=1) / np.sqrt(BATCHES)
    return Seen(straight, out[:, :, 0].mean(axis=0), out[:, :, 1].mean(axis=0), error)


def emerging(medium: Medium, lit: Views, beam: Beam, photons: int, rng: Generator) -> Emerging:
    """Where `photons` photons go that are sent from the focus of `lit` towards its elements."""
    body, physics = _tables(medium)
    each = -(-photons // BATCHES)
    out = np.zeros((BATCHES, each, 9))
    deposited = np.zeros((BATCHES, *medium.grid.shape))
    monte_carlo.emerging(_placed(lit, medium.grid), _energies(beam), body, physics, each, _key(rng), out, deposited)
    flown = out.reshape(-1, 9)
    flown = flown[flown[:, 7] > 0]
    sent = BATCHES * each * _emitted(lit, medium.grid)
    return Emerging(
        flown[:, 7] / sent, flown[:, :3], flown[:, 3:6], flown[:, 6], flown[:, 8], deposited.sum(axis=0) / sent
    )


def energy_integrating() -> Float64[ndarray, "1 e"]:
    """The response of a detector that adds up the energy of all photons, keV."""
    return ENERGY_KEV[None].copy()


def _emitted(lit: Views, grid: Grid) -> float:
    """Photons sent towards all elements from a focus of one photon per steradian."""
    nothing = Medium(grid, np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.float32), [{"H": 1.0}])
    out = np.zeros((1, lit.columns, lit.rows))
    one = np.ones((1, len(ENERGY_KEV)))
    monte_carlo.primary(
        _placed(lit, grid), ENERGY_KEV[:1], np.ones(1), one, _tables(nothing)[0], walls((), ENERGY_KEV), out
    )
    return float(out.sum())


def _key(rng: Generator) -> ndarray:
    return rng.integers(0, 2**32, 2, dtype=np.uint32)


def _energies(beam: Beam) -> tuple[Float64[ndarray, " e"], Float64[ndarray, " e"]]:
    """keV, and the chance of a photon to have no more."""
    return beam.energy_kev.astype(float), np.cumsum(beam.photons_mm2_mas) / beam.photons_mm2_mas.sum()


def _tables(medium: Medium) -> tuple[Any, Any]:
    """The volume and its physics as the kernels take them: lengths in mm, attenuation per mm for 1 g/cm3."""
    m = Matter.of(medium.mixtures)
    spacing = np.array(medium.grid.spacing_mm)
    densest = np.array(
        [medium.density_g_cm3[medium.matter == i].max(initial=0.0) for i in range(len(medium.mixtures))], float
    )
    body = (
        np.ascontiguousarray(medium.matter),
        np.ascontiguousarray(medium.density_g_cm3, np.float32),
        spacing,
        spacing * medium.grid.shape,
        m.total * CM_PER_MM,
        densest,
    )
    return body, (m.total, m.rayleigh, m.compton, m.form, m.sampled, m.bound, PER_ANGSTROM, m.electrons)


def _placed(view: Views, grid: Grid) -> Any:
    """Focus, borders and step up of a view in mm from the low corner of the grid's box, along its axes."""
    if len(view) != 1:
        raise RecipeError(f"scatter: found {len(view)} views; one would do")
    cells = view.in_cells(grid)
    spacing = np.array(grid.spacing_mm)
    focus = np.append(cells.focus[0, :3] * spacing, cells.focus[0, 3])
    return focus, np.ascontiguousarray(cells.borders[0] * spacing), cells.upward[0] * spacing, view.rows
