"""No two structures of one tissue relax alike, nor two people: a T1 of the patient's own, for magnetic resonance."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from simdata import Growth, Scene
from simdata.scene import present_ids

FIELD = "relative_t1"
LEAST, GREATEST = 0.1, 3.0
"""Of T1 relative to the tissue's own: what is drawn beyond is cut off."""


@cache
def table() -> Mapping[str, tuple[float, float]]:
    """Structure, without its side, or tissue to T1 relative to its tissue's and the SD of its texture."""
    lines = (files("phantoms") / "tables" / "relative_t1.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines)
    return MappingProxyType({row["where"]: (float(row["relative_t1"]), float(row["texture"])) for row in rows})


@dataclass(frozen=True, kw_only=True)
class Relaxation(Growth):
    """T1 as the field "relative_t1" that MR scanners read: mean by structure, spread between people, texture inside.

    T1 relative to the tissue's own is m exp(spread p + texture t), m and texture from phantoms/tables/relative_t1.csv
    (1 and 0 of what has no row), p normal for each structure of a person, both sides alike, and t a Gaussian random
    field of SD 1 and width `width_mm`. spread: 0.04 is what people differ by; more makes contrasts that none has.
    texture: times what the table says. Where two structures of one tissue meet, m goes from one to the other within
    about 2 `blend_mm`.
    """

    spread: Annotated[float, Ge(0), Le(1)] = 0.04
    texture: Annotated[float, Ge(0), Le(5)] = 1.0
    width_mm: Annotated[float, Gt(0), Le(50)] = 1.0
    blend_mm: Annotated[float, Ge(0), Le(20)] = 1.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        mean, fine = np.zeros(1 << 16, np.float32), np.zeros(1 << 16, np.float32)
        people: dict[str, float] = {}
        for id in present_ids(scene.labels):
            name, tissue = ("", "") if not id else (scene.structures[id].name, scene.structures[id].tissue)
            either = name.removesuffix("_left").removesuffix("_right")
            relative, texture = table().get(either, table().get(tissue, (1.0, 0.0)))
            person = people.setdefault(either, rng.standard_normal())
            mean[id], fine[id] = np.log(relative) + self.spread * person, self.texture * texture

        spacing_mm = np.array(scene.grid.spacing_mm)
        noise = gaussian_filter(rng.standard_normal(scene.grid.shape, np.float32), self.width_mm / spacing_mm)
        noise /= max(float(noise.std()), np.finfo(np.float32).tiny)
        smooth = _blended(mean[scene.labels], scene.tissue, self.blend_mm / spacing_mm)
        own = np.clip(np.exp(smooth + fine[scene.labels] * noise), LEAST, GREATEST)
        return replace(scene, fields=MappingProxyType({**scene.fields, FIELD: own.astype(np.float32)}))


def _blended(
    values: Float32[ndarray, "x y z"], tissue: UInt8[ndarray, "x y z"], sd: Float[ndarray, "3"]
) -> Float32[ndarray, "x y z"]:
    """Each voxel takes the Gaussian mean of those of its own tissue. sd: voxels along each axis."""
    blended = values.copy()
    for id in present_ids(tissue):
        here = tissue == id
        weight = gaussian_filter(here.astype(np.float32), sd)
        total = gaussian_filter(np.where(here, values, np.float32(0)), sd)
        blended[here] = total[here] / weight[here]
    return blended
