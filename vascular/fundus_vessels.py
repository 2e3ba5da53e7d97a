"""Arteries and veins of a whole fundus, as far out as a camera looks, without the capillaries that no camera sees.

Grown as those of vascular.retina but for the finest tree and the nets; the disc is where the patient has it.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator

from simdata.blood import pressure_mmhg
from simdata.centrelines import resample, smooth
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ARTERY, VEIN, Vessels
from vascular.angiogenesis import Sprouting, regress, sprout
from vascular.fundus import EXTENT_MM, as_seen, fundus_around
from vascular.retina import (
    BED,
    BEND_MM,
    LARGE,
    LARGE_APART_MM,
    LARGE_ROUNDS,
    LARGE_SHORTEST_MM,
    SECOND,
    STEP_MM,
    cut,
    in_depth,
    unwound,
)
from vascular.supply import with_calibre, with_pressure

MACULA_MM = 5.5
CLOSING = (-0.15, 0.15)
"""Of arcades from so far temporal of the fovea on: few close any more, many open (photographs of 60 degrees, HRF, train
cases); mean and deviation."""
MARGIN_MM = 1.0
"""The trees grow so far beyond the field, and are then cut."""
TWIG_MM = 0.8
"""Branches shorter than this go back: what they would feed is left to capillaries."""
LEFT_MM, NARROWING = 0.1, 0.5
"""A twig gives off capillaries all along its way: what it carries goes with the length that is left, and this more; its
radius with the flow to this power, nearly that of thin veins in vascular.supply."""
SATURATION = MappingProxyType({ARTERY: (0.922, 0.037), VEIN: (0.556, 0.063)})
"""Of haemoglobin with oxygen, mean and deviation between people. Geirsdottir 2012, IOVS 53: 5433."""
FULLEST = 0.985


@dataclass(frozen=True, kw_only=True)
class FundusVessels(Growth):
    """Grows arteries and veins "retina" in a square field around the fovea, with flow, pressure and oxygen.

    The patient is the back of an eye with an optic disc, phantoms.fundus.Fundus; raises SceneError if it has none.
    """

    field_mm: Annotated[float, Ge(6), Le(20)] = 18.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        side, disc = _disc(scene)
        vessels = self._oxygenated(self._trees(disc, rng), rng)
        seen = replace(vessels, points_mm=as_seen(vessels.points_mm, side).astype(np.float32))
        return replace(scene, vessels=MappingProxyType({**scene.vessels, BED: seen}))

    def _trees(self, disc: Float[ndarray, " 2"], rng: Generator) -> Vessels:
        """In the eye's own frame."""
        extent_mm = max(EXTENT_MM[0], self.field_mm + 2 * MARGIN_MM)
        closing = rng.normal(*CLOSING)
        eye = fundus_around(disc, extent_mm, rng, ((-MACULA_MM, 0.0), (-extent_mm / 2, closing)))
        everywhere = eye.tissue((-extent_mm / 2, -extent_mm / 2), (extent_mm, extent_mm), *LARGE_APART_MM)
        trees = eye.trunks
        for stage in (SECOND, *[LARGE] * LARGE_ROUNDS):
            trees = sprout(trees, everywhere, _over(stage, extent_mm), rng)
            trees = regress(unwound(trees), LARGE_SHORTEST_MM)
        trees = smooth(resample(regress(trees, TWIG_MM), STEP_MM), BEND_MM)
        trees = with_pressure(narrowing(with_calibre(trees, rng, extent_mm)))
        return cut(in_depth(trees), self.field_mm / 2)

    def _oxygenated(self, trees: Vessels, rng: Generator) -> Vessels:
        """Blood of one saturation in all arteries, of another in all veins."""
        oxygen = np.full(len(trees), np.nan, np.float32)
        for kind, (mean, deviation) in SATURATION.items():
            oxygen[trees.kind == kind] = pressure_mmhg(min(rng.normal(mean, deviation), FULLEST))
        return replace(trees, oxygen_mmhg=oxygen)


def narrowing(trees: Vessels) -> Vessels:
    """With twigs that become narrower to their ends, since they feed the tissue along their way."""
    left = np.full(len(trees), LEFT_MM)
    for level in reversed(trees.levels[1:]):
        np.maximum.at(left, trees.parent[level], left[level] + trees.length_mm[level])
    whole = np.zeros(len(trees))
    np.maximum.at(whole, trees.branch, left)
    twig = np.isin(trees.branch, trees.branch[trees.ends])
    share = np.where(twig, left / whole[trees.branch], 1).astype(np.float32)
    return replace(trees, radius_mm=trees.radius_mm * share**NARROWING, flow_mm3_s=trees.flow_mm3_s * share)


def _over(stage: Sprouting, extent_mm: float) -> Sprouting:
    """With as many candidates on an area as in the usual fundus."""
    return replace(stage, candidates=int(stage.candidates * (extent_mm / EXTENT_MM[0]) ** 2))


def _disc(scene: Scene) -> tuple[Literal["right", "left"], Float[ndarray, " 2"]]:
    """Which eye it is, and the middle of its disc in the eye's own frame, mm."""
    names = {one.name: number for number, one in scene.structures.items()}
    for side in ("right", "left"):
        if (at := np.argwhere(scene.mask(f"optic_disc_{side}"))).size:
            x, y, _ = _middle(scene, at)
            return side, np.array([x if side == "right" else -x, y])
    found = ", ".join(name for name, number in names.items() if (scene.labels == number).any()) or "no structure"
    raise SceneError(f"FundusVessels: found no optic disc in {found}; phantoms.fundus.Fundus would do")


def _middle(scene: Scene, at: Float32[ndarray, "n 3"]) -> Float[ndarray, " 3"]:
    return scene.grid.world_mm(at.mean(axis=0))
