"""An occlusion: a clot or a closed vein lets no blood through, and what hangs on it runs dry."""

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge, Gt
from numpy.random import Generator

from simdata.parts import Growth
from simdata.scene import Scene
from vascular.disease import after, around, bed_of, finer, share_of_flow, spoken, with_finding
from vascular.rheology import NARROWEST_MM

SNOMED = ("26036001", "Obstruction")
"""SNOMED-CT: Obstruction (morphologic abnormality) (memory)."""
STEPS = 8


@dataclass(frozen=True, kw_only=True)
class Occlusion(Growth):
    """Closes a vessel of `bed` over `length_mm`: its lumen there is the narrowest that blood has, and passes none.

    diameter_mm: least and most of the vessel it may strike. point: row of the vessel, or None for a random one.
    Raises SceneError if there is no such vessel, or the bed knows no flow.
    """

    bed: str = "coronary"
    length_mm: Annotated[float, Gt(0)] = 3.0
    diameter_mm: tuple[float, float] = (1.0, 100.0)
    point: Annotated[int, Ge(0)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "Occlusion")
        least, most = (diameter / 2 for diameter in self.diameter_mm)
        fine, middle, place = finer(before, self.length_mm, STEPS, (least, most), self.point, "Occlusion", rng)

        closed = place.points[abs(place.along_mm) <= self.length_mm / 2]
        radius_mm = fine.radius_mm.copy()
        radius_mm[closed] = NARROWEST_MM
        now = after(before, replace(fine, radius_mm=radius_mm))

        voxels, _, _ = around(scene.grid, fine.points_mm[closed].astype(float), fine.radius_mm[closed].astype(float))
        dry = len(before.subtree(middle).ends)
        text = (
            f"Occlusion of a {spoken(before, middle)} over {self.length_mm:.0f} mm, {dry} of {len(before.ends)} ends "
            f"beyond it; flow at {100 * share_of_flow(before, now, middle):.0f} %"
        )
        return with_finding(scene, {self.bed: now}, voxels, "occlusion", "blood", SNOMED, text)
