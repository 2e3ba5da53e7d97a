"""What of a chest is lung: its sides and lobes, the parenchyma in them, and how dense lung of so many HU is."""

from dataclasses import replace
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.anatomy.texture import LUNG_G_ML
from phantoms.filling import Filling
from phantoms.lesions.room import boxed, host_of
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.scene import DENSITY, LUNG, Scene, present_ids
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
LOBES: dict[str, float] = {
    "lung_upper_lobe_right": 0.34,
    "lung_middle_lobe_right": 0.08,
    "lung_lower_lobe_right": 0.20,
    "lung_upper_lobe_left": 0.23,
    "lung_lower_lobe_left": 0.15,
}
"""How often a nodule of a lung lies in each lobe: cancers favour the right upper one (Horeweg et al. 2014, Thorax 69:
1115, NELSON, about)."""


def lung_density(hu: float | Float32[ndarray, "*n"]) -> float | Float32[ndarray, "*n"]:
    """Density, relative to that of the tissue "lung", at which lung has so many HU: 0 HU weighs 1 g/mL."""
    return (1 + hu / 1000) / LUNG_G_ML


def some_lobe(scene: Scene, structure: str | None, rng: Generator, lesion: str) -> str:
    """The lobe that was asked for, or one of those that the patient has. Raises SceneError if there is none."""
    if structure is not None:
        return structure
    present = {scene.structures[id].name for id in present_ids(scene.labels) if id}
    here = [name for name in LOBES if name in present]
    if not here:
        raise SceneError(f"{lesion}: found no lobe of a lung in this patient; a chest would do")
    weight = np.array([LOBES[name] for name in here])
    return here[int(rng.choice(len(here), p=weight / weight.sum()))]


class Lobe(NamedTuple):
    """name: of the structure. In the block that it lies in, host: what no finding has taken; lung: parenchyma."""

    name: str
    block: Block
    host: Bool[ndarray, "a b c"]
    lung: Bool[ndarray, "a b c"]


def lobe_of(scene: Scene, structure: str | None, rng: Generator, lesion: str) -> Lobe:
    """The lobe that was asked for, or one at random. Raises SceneError, as `lesion` says it, if there is none."""
    name = some_lobe(scene, structure, rng, lesion)
    block, host = boxed(host_of(scene, name, lesion))
    return Lobe(name, block, host, parenchyma(scene, block, host))


def side_of(scene: Scene, side: Side, lesion: str) -> tuple[Block, Bool[ndarray, "a b c"]]:
    """A lung with its vessels and airways, but what findings have taken. Raises SceneError if the patient has none."""
    names = [name for name in LOBES if name.endswith(side)]
    wanted = [id for id in present_ids(scene.labels) if any(name in names for name in scene.lineage(id))]
    lookup = np.zeros(1 << 16, bool)
    lookup[[id for id in wanted if id < FIRST_FINDING_ID]] = True
    mask = lookup[scene.labels]
    if not mask.any():
        raise SceneError(f"{lesion}: found no {side} lung in this patient; the other side, or a chest, would do")
    return boxed(mask)


def parenchyma(scene: Scene, block: Block, host: Bool[ndarray, "a b c"]) -> Bool[ndarray, "a b c"]:
    """The voxels of a host that are mostly lung tissue: no vessels, no airways."""
    return host & (scene.tissue[block] == tissues()[LUNG])


def densities(scene: Scene, block: Block) -> Float32[ndarray, "a b c"]:
    """Relative densities in a block; 1 where the scene says none."""
    shape = [side.stop - side.start for side in block]
    return scene.fields[DENSITY][block] if DENSITY in scene.fields else np.ones(shape, np.float32)


def with_density(scene: Scene, filling: Filling, density: float | Float32[ndarray, "a b c"]) -> Scene:
    """`scene` whose lung has that density by the share that is filled; labels and tissues stay."""
    block, filled = filling
    whole = scene.fields[DENSITY].copy() if DENSITY in scene.fields else np.ones(scene.grid.shape, np.float32)
    gas = scene.tissue[block] == tissues()[LUNG]
    whole[block] += np.where(gas, filled, 0) * (density - whole[block])
    return replace(scene, fields=MappingProxyType({**scene.fields, DENSITY: whole}))
