"""An ischaemic stroke: the wedge of brain that one artery feeds goes dark, swells, and in the end is water."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions import course
from phantoms.lesions.parts import parts, sizes
from phantoms.lesions.pulled import cropped
from phantoms.lesions.push import pushed
from phantoms.lesions.room import boxed, host_of
from phantoms.lesions.shells import smooth_noise
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import MOST
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID

KIND = Kind("infarct", "432504007", "Cerebral infarction")

Territory = Literal["MCA", "MCA superior division", "MCA inferior division", "ACA", "PCA"]
OFTEN: dict[Territory, float] = {
    "MCA": 0.25,
    "MCA superior division": 0.3,
    "MCA inferior division": 0.25,
    "ACA": 0.07,
    "PCA": 0.13,
}
"""The middle cerebral artery feeds most strokes (Ng et al. 2007, Neurology 68:2011: half of all, and 5 to 8 % anterior,
8 to 14 % posterior; memory), divisions assumed."""
MATTER = ("cerebral_cortex", "cerebral_white_matter")
DEEP = ("putamen", "caudate", "pallidum")
WOBBLE_MM, WOBBLE, SOFT = 25.0, 0.05, 0.03
"""Length of waves of its border, their height by half the hemisphere's width, and how it fades; assumed."""
FADING = ((0.0, 1.012), (6.0, 1.009), (24.0, 1.002), (72.0, 0.998), (336.0, 0.998))
"""Hours and density by that of oedema: a few HU darker at 6 h, 10 HU after a day (von Kummer et al. 2001, Radiology
219:95; amounts assumed)."""
SWELLS = ((0.0, 0.0), (6.0, 0.02), (24.0, 0.08), (96.0, 0.15), (240.0, 0.05), (336.0, 0.0))
"""Hours and how much it swells, by its volume: most after three to five days; amounts assumed."""
STAGES = ((6.0, "hyperacute"), (168.0, "acute"), (1000.0, "subacute"), (np.inf, "old"))
"""Until how many hours it is called so; an old one is fluid."""


@dataclass(frozen=True, kw_only=True)
class Infarct(Growth):
    """The infarct of one artery's territory in one hemisphere of a head.

    age_h: at first grey matter is only as dark as white, then both are dark and swell, after six weeks it is fluid.
    None draws.
    Raises SceneError if the patient has no such hemisphere, or nothing of the territory.
    """

    side: Literal["left", "right"] = "left"
    territory: Territory | None = None
    age_h: Annotated[float, Ge(1), Le(5000)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        names = list(OFTEN)
        drawn = names[int(rng.choice(len(names), p=list(OFTEN.values())))]
        territory = drawn if self.territory is None else self.territory
        hours = round(float(np.exp(rng.uniform(np.log(3), np.log(200))))) if self.age_h is None else self.age_h
        structure = f"cerebral_cortex_{self.side}"
        host_of(scene, structure, "Infarct")

        noise = smooth_noise(scene.grid, scene.grid.shape, WOBBLE_MM, rng)
        first = _region(scene, self.side, territory, noise)
        if not (first[1] > MOST).any():
            raise SceneError(f"Infarct: found nothing of the {self.side} {territory} territory; a whole head would do")
        swollen = course.at(SWELLS, hours) * float(first[1].sum()) * scene.grid.voxel_mm3
        centre_mm = _centre_mm(scene, first)
        after = pushed(scene, centre_mm, float(np.cbrt(6 / np.pi * swollen))) if swollen > 0 else scene
        region = _region(after, self.side, territory, noise)

        stage = next(name for until_h, name in STAGES if hours < until_h)
        density = course.at(FADING, hours)
        pieces = [Piece(region, "csf") if stage == "old" else Piece(region, "oedema", density)]
        volume_ml = float(region[1].sum(dtype=float)) * scene.grid.voxel_mm3 / 1000
        text = f"{stage} infarct of the {self.side} cerebral cortex, {territory} territory"
        attributes = {"form": stage, "territory": territory, "age_h": hours, "volume_ml": round(volume_ml, 1)}
        return with_finding(after, KIND, structure, pieces, text, attributes)


def _region(scene: Scene, side: str, territory: Territory, noise: Float32[ndarray, "x y z"]) -> Filling:
    """What the artery feeds of the hemisphere's cortex and white matter, and of its deep nuclei if it is all of MCA."""
    names = {one.name for one in scene.structures.values()}
    fed = [f"{part}_{side}" for part in (*MATTER, *(DEEP if territory == "MCA" else ()))]
    matter = np.any([scene.mask(part) for part in fed if part in names], axis=0)
    matter &= scene.labels < FIRST_FINDING_ID
    block, here = boxed(matter)
    points = cropped(scene.grid, block).points_mm()
    low, high = (np.quantile(points[here], share, axis=0) for share in (0.0, 1.0))
    medial = high[0] if side == "left" else low[0]
    u = np.abs(points[..., 0] - medial) / (high[0] - low[0])
    v = 2 * (points[..., 1] - low[1]) / (high[1] - low[1]) - 1
    w = (points[..., 2] - low[2]) / (high[2] - low[2])
    inside = _inside(territory, u, v, w) + WOBBLE * noise[block]
    filled = np.clip(0.5 + inside / (2 * SOFT), 0, 1) * here
    return block, _in_one_piece(filled.astype(np.float32))


def _inside(
    territory: Territory, u: Float[ndarray, "a b c"], v: Float[ndarray, "a b c"], w: Float[ndarray, "a b c"]
) -> Float[ndarray, "a b c"]:
    """How far inside a territory: u from the midline (0) outwards (1), v from the back (-1) to the front (1), w from
    below (0) up (1). Drawn by eye after the maps of textbooks.
    """
    middle = np.minimum.reduce([u - 0.3, 0.15 + 0.6 * u - np.abs(v - 0.05), 0.95 - w + 0.3 * (u - 0.5)])
    upper = 0.8 * (w - 0.52) + 0.35 * (v + 0.1)
    back = np.minimum(-0.55 - v, 0.8 - w)
    below = np.minimum.reduce([0.22 - w, 0.62 - u, 0.05 - v])
    return {
        "MCA": middle,
        "MCA superior division": np.minimum(middle, upper),
        "MCA inferior division": np.minimum(middle, -upper),
        "ACA": np.minimum.reduce([0.32 - u, w - 0.42, v + 0.3]),
        "PCA": np.maximum(back, below),
    }[territory]


def _in_one_piece(filled: Float32[ndarray, "a b c"]) -> Float32[ndarray, "a b c"]:
    """Its largest part alone."""
    numbers = parts(filled > MOST)
    if numbers.max() < 2:
        return filled
    return np.where((numbers == sizes(numbers).argmax() + 1) | (filled <= MOST), filled, 0)


def _centre_mm(scene: Scene, filling: Filling) -> Float[ndarray, " 3"]:
    block, filled = filling
    return scene.grid.world_mm(np.argwhere(filled > MOST).mean(axis=0) + [side.start for side in block])
