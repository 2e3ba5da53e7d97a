"""The capillary nets of a retina where they belong: in the layers of this eye's wall, which thin out at the fovea.

Vessels grow at the nominal depths of vascular.retina.LAYERS. Here the superficial net, with the arteries and veins,
comes into the ganglion cell layer, the intermediate to where the inner plexiform layer ends, the deep one to where the
inner nuclear layer ends. Campbell 2017, 10.1038/srep42201.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray
from numpy.random import Generator

from simdata.errors import SceneError
from simdata.eye_wall import floor_mm, over
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ARTERY, VEIN, Vessels
from vascular.disease import bed_of
from vascular.retina import BED, LAYERS, ROOF_MM

NERVE_FIBRES = ("retina_nerve_fibre_layer",)
GANGLION_CELLS = (*NERVE_FIBRES, "retina_ganglion_cell_layer")
INNER_PLEXIFORM = (*GANGLION_CELLS, "retina_inner_plexiform_layer")
INNER_NUCLEAR = (*INNER_PLEXIFORM, "retina_inner_nuclear_layer")
NOMINAL_MM = np.array([0.0, *(layer.depth_mm for layer in LAYERS)])
"""Of the inner surface and the three nets."""


@dataclass(frozen=True, kw_only=True)
class InLayers(Growth):
    """Moves the vessels of `bed`, a retina, along z into the layers of the wall that they lie in.

    Between the nets depth is stretched linearly; arteries and veins keep the distances of their crossings, but for the
    roof above them. Raises SceneError if the scene has no such layers, or the wall ends in one of them.
    """

    bed: str = BED

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        vessels = bed_of(scene, self.bed, "InLayers")
        nets = nets_mm(scene, vessels.points_mm.astype(float))
        points = vessels.points_mm.copy()
        points[:, 2] = -_deep(-points[:, 2].astype(float), nets, vessels)
        return replace(scene, vessels=MappingProxyType({**scene.vessels, self.bed: replace(vessels, points_mm=points)}))


def nets_mm(scene: Scene, places_mm: Float[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
    """Depth of the superficial, the intermediate and the deep net below the inner surface at those places."""
    nerve, ganglion, plexiform, nuclear = (
        over(floor_mm(scene, layers), scene.grid, places_mm)
        for layers in (NERVE_FIBRES, GANGLION_CELLS, INNER_PLEXIFORM, INNER_NUCLEAR)
    )
    if not nuclear.any():
        raise SceneError("InLayers: the scene has no layers of a retina; phantoms.retina.Retina would do")
    return np.column_stack([(nerve + ganglion) / 2, plexiform, nuclear])


def _deep(depth_mm: Float64[ndarray, " n"], nets: Float64[ndarray, "n 3"], vessels: Vessels) -> Float64[ndarray, " n"]:
    """Where what lies so deep nominally lies."""
    knots = np.column_stack([np.zeros(len(nets)), nets])
    step = np.clip(np.searchsorted(NOMINAL_MM, depth_mm) - 1, 0, len(LAYERS) - 1)
    share = (depth_mm - NOMINAL_MM[step]) / np.diff(NOMINAL_MM)[step]
    above, below = (np.take_along_axis(knots, rows[:, None], 1)[:, 0] for rows in (step, step + 1))
    roof = vessels.radius_mm + ROOF_MM
    beside = depth_mm - np.maximum(NOMINAL_MM[1], roof) + np.maximum(nets[:, 0], roof)
    large = (vessels.kind == ARTERY) | (vessels.kind == VEIN)
    return np.maximum(np.where(large, beside, above + share * (below - above)), roof)
