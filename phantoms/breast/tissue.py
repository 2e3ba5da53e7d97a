"""What is inside a breast: where gland is at home, lobules of fat, the septa between them."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray
from numpy.random import Generator
from scipy.optimize import root_scalar
from scipy.spatial import KDTree

from phantoms.breast.ducts import Ducts
from phantoms.breast.hanging import Hanging
from phantoms.breast.kernel import SEEDS, TILE, score_at, waves_at
from phantoms.breast.shape import reach

RULES = np.array([9.0, 3.6, 1.6, 1.0, 0.7, 0.8, 24.0, 0.36, 0.5, 1.0, -0.38, 0.36], np.float32)
"""mm: of the large lobules, of the small ones, of the layer around a large one; how much less a lobule of fat is gland;
the same and the layer for small ones; the coarsest and finest noise, its amplitude and how that falls with each octave;
mm of a septum, and how much more by the two lobules that it parts (below 0 there is none). Lobules: VICTRE has one seed
in 1000 mm3; septa: 0.1 mm and more. Noise of equal amplitude in every octave has a power spectrum f^-3 in space, and so
in a projection: mammograms have exponents of 2.8 to 3.2 (Burgess 1999, Proc SPIE 3663:153)."""
SOFT = np.float32(0.35)
"""The difference in score from all fat to all gland."""
FAT_UNDER_SKIN_MM, RIM_MM, BEHIND_MM, NEAR_DUCT_MM, NEAR_NIPPLE_MM = 17.0, 5.0, 9.0, 4.5, 13.0
TO_THE_ARMPIT = 0.35
"""There is more gland towards the armpit, in the upper outer quadrant."""
NARROWEST, NIPPLE_MM = 0.45, 12.0
"""Tissue narrows towards the nipple, to this share of its width at the chest wall."""
ALONG = 0.7
"""Lobules are longer, by 1 / this, towards the nipple than across."""
BENDS_MM = ((26.0, 4.5), (9.0, 1.9))
"""Size and amplitude of the waves that bend septa."""
SAMPLES = 60_000


@dataclass(frozen=True, eq=False)
class Parenchyma:
    """A patient's own tissue, in the breast at rest: random blocks, the ducts, the score from which on it is gland."""

    breast: Hanging
    tree: KDTree
    block: Float32[ndarray, "n n n"]
    seeds: Float32[ndarray, "m m m 3"]
    kinds: Float32[ndarray, " mmm"]
    threshold: float = 0.0

    def places(self, rest_mm: Float64[ndarray, "n 3"]) -> Float32[ndarray, "n 3"]:
        """Points of the breast at rest in the space in which all lobules are alike: straight, and not yet narrowed."""
        depth = self.breast.depth_mm
        d = rest_mm[:, 2]
        middle = np.clip(d / depth, 0, 1)[:, None] ** 2 * (self.breast.tip_mm[:2] * np.ones(2))
        narrow = NARROWEST + (1 - NARROWEST) * np.clip((depth - d + NIPPLE_MM) / depth, 0, 1.2)
        out = np.column_stack([(rest_mm[:, :2] - middle) / narrow[:, None], ALONG * d]).astype(np.float32)
        waves = np.empty_like(out)
        bent = out.copy()
        for size, amplitude in BENDS_MM:
            waves_at(out, self.block, np.float32(size), waves)
            bent += np.float32(amplitude) * waves
        return bent

    def inclination(self, rest_mm: Float64[ndarray, "n 3"]) -> Float32[ndarray, " n"]:
        """How much gland is at home at a point: away from skin and chest wall, around ducts, behind the nipple."""
        under = np.maximum(self.breast.under_skin(rest_mm), 0)
        below = np.minimum(under / FAT_UNDER_SKIN_MM, 1) - 2 * np.exp(-((under / RIM_MM) ** 2))
        behind = np.exp(-np.maximum(rest_mm[:, 2], 0) / BEHIND_MM)
        nipple = np.exp(-np.linalg.norm(rest_mm - self.breast.tip_mm, axis=1) / NEAR_NIPPLE_MM)
        to_duct, _ = self.tree.query(rest_mm, distance_upper_bound=4 * NEAR_DUCT_MM)
        ducts = np.exp(-to_duct / NEAR_DUCT_MM)
        armpit = (rest_mm[:, 0] + rest_mm[:, 1]) / (self.breast.lateral_mm + self.breast.up_mm)
        score = 2.2 * below - 2.4 * behind + 2.6 * nipple + 0.9 * ducts + TO_THE_ARMPIT * np.clip(armpit, -1, 1)
        return score.astype(np.float32)


def parenchyma(breast: Hanging, tree: Ducts, share: float, skin_mm: float, rng: Generator) -> Parenchyma:
    """The tissue of a breast, of which `share` of what lies within the skin is gland or septum."""
    block = np.clip(rng.standard_normal((TILE, TILE, TILE)), -2.5, 2.5).astype(np.float32)
    seeds = rng.random((SEEDS, SEEDS, SEEDS, 3), np.float32)
    kinds = rng.random(SEEDS**3, np.float32)
    one = Parenchyma(breast, KDTree(tree.points_mm), block, seeds, kinds)

    (left, right), (low, high) = reach(breast)
    points = rng.uniform((left, low, 0), (right, high, breast.depth_mm), (3 * SAMPLES, 3))
    points = points[breast.under_skin(points) > skin_mm][:SAMPLES]
    scores = np.empty((len(points), 2), np.float32)
    score_at(one.places(points), one.inclination(points), block, seeds, kinds, RULES, scores)

    def excess(threshold: float) -> float:
        dense = np.clip((scores[:, 0] - threshold) / SOFT + 0.5, 0, 1)
        return float(np.where(scores[:, 1] < 0, 1, dense).mean()) - share

    return replace(one, threshold=root_scalar(excess, bracket=(-20, 20)).root)
