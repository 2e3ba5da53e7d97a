"""A vessel tree (or net) as arrays: one row per point, each pointing to the point upstream."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, UInt8
from numpy import ndarray

from simdata.errors import SceneError

KINDS = ("artery", "vein", "capillary", "airway", "duct")
ROOT = -1


@dataclass(frozen=True, eq=False)
class Vessels:
    """Vessels as a forest of points.

    points_mm: (n, 3) RAS+ mm. parent: (n,) row of the point upstream, -1 at an inlet. radius_mm: (n,).
    kind: (n,) index into KINDS. flow_mm3_s, pressure_mmhg: (n,), NaN where they were not computed.
    Raises SceneError on unequal lengths, a parent that does not exist, a cycle, or a radius that is not positive.
    """

    points_mm: Float32[ndarray, "n 3"]
    parent: Int32[ndarray, " n"]
    radius_mm: Float32[ndarray, " n"]
    kind: UInt8[ndarray, " n"]
    flow_mm3_s: Float32[ndarray, " n"]
    pressure_mmhg: Float32[ndarray, " n"]

    def __post_init__(self) -> None:
        n = len(self.points_mm)
        for name in ("parent", "radius_mm", "kind", "flow_mm3_s", "pressure_mmhg"):
            if len(getattr(self, name)) != n:
                raise SceneError(
                    f"Vessels: {n} points but {len(getattr(self, name))} values of {name}; one for each would do"
                )
        if n == 0:
            return
        if not (self.radius_mm > 0).all():
            raise SceneError(f"Vessels: the smallest radius is {self.radius_mm.min()} mm; all must be positive")
        if self.parent.min() < ROOT or self.parent.max() >= n:
            raise SceneError(
                f"Vessels: parents run from {self.parent.min()} to {self.parent.max()}; -1 to {n - 1} would do"
            )
        if self.kind.max() >= len(KINDS):
            raise SceneError(
                f"Vessels: kind {self.kind.max()} found; 0 to {len(KINDS) - 1} stand for {', '.join(KINDS)}"
            )
        if _has_cycle(self.parent):
            raise SceneError("Vessels: the parents run in a circle; every point must lead to an inlet")


def _has_cycle(parent: Int32[ndarray, " n"]) -> bool:
    """True if following parents never ends: doubling jumps reach an inlet in log2(n) rounds otherwise."""
    n = len(parent)
    jump = np.append(np.where(parent == ROOT, n, parent), n)
    for _ in range(int(n).bit_length()):
        jump = jump[jump]
    return bool((jump != n).any())
