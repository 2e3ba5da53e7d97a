"""Hard exudates: yellow fat that leaking capillaries leave behind, in clusters and rings of sharp little spots."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.spots import Kind, Spot, ground_of, painted, place, reach
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("hard_exudate", "exudate", "adipose", "52988006", "Lesion")
SPOTS, SPOT_MM, SPOT_SPREAD = (5, 30), 0.07, 0.4
"""Fewest and most spots of a cluster, median diameter of one and the deviation of its logarithm (memory)."""
RING_MM, WIDTH = (0.25, 0.9), 0.3
"""Radius of the ring that spots lie on, around what leaks, and its width over that."""
ARC_RAD = 2.2
"""Deviation of the angle of spots from the middle of their arc: most rings are not closed."""
FOVEA_MM, DISC_MM = (0.6, 4.0), (1.8, 99.0)
DEEP_MM, REACH = 0.018, 2.5
SHOWN = 0.3


@dataclass(frozen=True, kw_only=True)
class HardExudates(Growth):
    """So many clusters, each a finding. Raises SceneError if the patient is no eye."""

    clusters: Annotated[int, Ge(0), Le(50)] = 3

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        ground = ground_of(scene, "HardExudates")
        return painted(scene, KIND, [_cluster(ground, rng) for _ in range(self.clusters)])


def _cluster(ground: Ground, rng: Generator) -> Spot:
    middle = place(ground, FOVEA_MM, DISC_MM, rng)
    ring, arc = rng.uniform(*RING_MM), rng.uniform(0, 2 * np.pi)
    block, near = ground.around(middle, REACH * RING_MM[1])
    share = np.zeros(near.shape, np.float32)
    count = int(rng.integers(*SPOTS))
    for _ in range(count):
        turn, out = arc + ARC_RAD * rng.normal() / 2, ring * np.exp(WIDTH * rng.normal())
        wide = SPOT_MM * np.exp(SPOT_SPREAD * rng.normal())
        at = middle + out * np.array([np.cos(turn), np.sin(turn)])
        radii = wide / 2 * rng.uniform(0.8, 1.5), wide / 2
        share = np.maximum(share, 1 - reach(near, at, radii, rng.uniform(0, np.pi), 0.25, rng) ** 4)
    share = share.astype(np.float32)
    return Spot(block, np.float32(DEEP_MM) * share, share > SHOWN, f"{count} hard exudates of the retina in a cluster")
