"""A plaque on the wall of an artery of the body: soft, calcified or both, and the lumen that it narrows."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from phantoms.filling import Filling
from phantoms.lesions.parts import parts, sizes
from phantoms.lesions.pulled import cropped
from phantoms.lesions.room import box_around, host_of, spoken_host
from phantoms.pieces import MOST, Kind, Piece, with_finding
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

KIND = Kind("plaque", "38716007", "Atherosclerosis")

Form = Literal["soft", "calcified", "mixed"]
OFTEN = {"soft": 0.25, "calcified": 0.45, "mixed": 0.3}
"""Assumed."""
NARROWS, MOST_MM = (0.15, 0.6), 5.0
"""Thickness by the width of the lumen, where none is given, and the most of it; 50 % and more is called obstructive."""
LONG = 1.3
"""Length by the width of the lumen, where none is given; assumed."""
CHALK_FROM, CHALK_DENSITY = 0.55, 0.85
"""Of a mixed plaque, what lies nearer to the wall than this share of its thickness is calcified; density by that of
the table's calcification."""


@dataclass(frozen=True, kw_only=True)
class Plaque(Growth):
    """A plaque of thickness_mm and length_mm on the inside of the artery of that name, thinning out to all sides.

    Such as aorta, coronary_artery, iliac_artery_left or internal_carotid_artery_right. Its finding tells by how much it
    narrows the lumen there. None draws. Of arteries that `vascular` grows, `vascular.stenosis` narrows the lumen.
    Raises SceneError if the patient has no such artery, or the plaque would be thicker than the artery is wide.
    """

    structure: str = "aorta"
    form: Form | None = None
    thickness_mm: Annotated[float, Ge(0.3), Le(30)] | None = None
    length_mm: Annotated[float, Ge(1), Le(150)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn = str(rng.choice(list(OFTEN), p=list(OFTEN.values())))
        form, share = drawn if self.form is None else self.form, float(rng.uniform(*NARROWS))
        lumen = host_of(scene, self.structure, "Plaque") & (scene.tissue == tissues()["blood"])
        places = np.argwhere(lumen)
        place = places[rng.integers(len(places))] if len(places) else np.zeros(3)
        width_mm = _width_mm(lumen, scene.grid, place)
        thickness_mm = min(share * width_mm, MOST_MM) if self.thickness_mm is None else self.thickness_mm
        length_mm = LONG * width_mm if self.length_mm is None else self.length_mm
        if thickness_mm >= width_mm:
            raise SceneError(
                f"Plaque: found a lumen of {width_mm:.1f} mm in '{self.structure}', too narrow for a plaque of "
                f"{thickness_mm:g} mm; a smaller thickness_mm would do"
            )
        whole, base = _on_wall(lumen, scene.grid, place, thickness_mm, length_mm)
        soft, chalk = Piece(whole, "soft_plaque"), Piece(whole, "calcification", CHALK_DENSITY)
        under = Piece(base, "calcification", CHALK_DENSITY)
        pieces = {"soft": [soft], "calcified": [chalk], "mixed": [soft, under]}[form]

        narrowed = 100 * thickness_mm / width_mm
        text = f"{form} plaque of the {spoken_host(scene, self.structure)} with {narrowed:.0f} % narrowing"
        attributes = {"form": form, "thickness_mm": round(thickness_mm, 1), "narrowing_percent": round(narrowed)}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)


def _width_mm(lumen: Bool[ndarray, "x y z"], grid: Grid, place: ndarray) -> float:
    """Of the lumen in the slice of least area through a place: twice the root of that area by pi."""
    areas = []
    for axis in range(3):
        numbers = parts(lumen.take(int(place[axis]), axis))
        own = numbers[tuple(np.delete(place, axis).astype(int))]
        areas.append(np.count_nonzero(numbers == own) * grid.voxel_mm3 / grid.spacing_mm[axis] if own else 0.0)
    return float(2 * np.sqrt(min(areas) / np.pi))


def _on_wall(
    lumen: Bool[ndarray, "x y z"], grid: Grid, place: ndarray, thickness_mm: float, length_mm: float
) -> tuple[Filling, Filling]:
    """The plaque around the point of the wall that is nearest to a place, and its part next to the wall."""
    block = box_around(grid, grid.world_mm(place), length_mm + 2 * thickness_mm)
    inside = np.pad(lumen[block], 1)
    wall = np.zeros((3, *inside.shape), np.int32)
    depth = np.zeros(inside.shape)
    distance_transform_edt(inside, sampling=list(grid.spacing_mm), distances=depth, indices=wall, return_indices=True)
    here = tuple(int(p) - side.start + 1 for p, side in zip(place, block, strict=True))
    points = cropped(grid, block).points_mm()
    near = cropped(grid, block)
    foot_mm = near.world_mm(wall[:, here[0], here[1], here[2]] - 1)
    inwards = near.world_mm(np.array(here) - 1) - foot_mm
    inwards = inwards / max(float(np.linalg.norm(inwards)), 1e-6)
    offset: Float[ndarray, "a b c 3"] = points - foot_mm
    height = offset @ inwards
    across_mm = np.linalg.norm(offset - height[..., None] * inwards, axis=-1)
    thick = thickness_mm * np.clip(1 - (2 * across_mm / length_mm) ** 2, 0, 1)
    edge_mm = min(grid.spacing_mm)
    deep = np.maximum(depth[1:-1, 1:-1, 1:-1] - edge_mm / 2, height)

    def up_to(share: float) -> Float32[ndarray, "a b c"]:
        filled = np.clip(0.5 + (share * thick - deep) / edge_mm, 0, 1)
        return np.where(lumen[block] & (thick > 0), filled, 0).astype(np.float32)

    whole = up_to(1.0)
    numbers = parts(whole > MOST * whole.max(initial=0.0))
    own = numbers == sizes(numbers).argmax() + 1 if numbers.any() else whole > 0
    return (block, np.where(own, whole, 0)), (block, np.where(own, up_to(CHALK_FROM), 0))
