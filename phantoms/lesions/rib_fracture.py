"""A fractured rib: a gap across it, ends that have slipped, and in an old one the callus around."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.pulled import cropped, pulled
from phantoms.lesions.room import box_around, host_of, spoken_host
from phantoms.lesions.united import united, whole
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene, present_ids

KIND = Kind("rib fracture", "33737001", "Fracture of rib")
Age = Literal["acute", "old"]
RIBS, WEIGHT = tuple(range(3, 11)), (0.08, 0.12, 0.15, 0.17, 0.17, 0.14, 0.1, 0.07)
"""Ribs 4 to 9 break most (Liman et al. 2003, Eur J Cardiothorac Surg 23:374, about)."""
GAP_MM, SLIP_MM, SLIPPED = (1.2, 2.5), (3.0, 8.0), 0.45
"""Width of the gap; how far the ends slip where they do, and how often. Assumed."""
NEAR_MM, REACH_MM, FADE_MM = 9.0, 42.0, 34.0
"""How far around the rib tissue goes along with it; the block that is looked at; how far along it the slip fades."""
OBLIQUE = 0.35
CALLUS, CALLUS_DENSITY = 1.55, 1.3
"""Diameter of callus by that of the rib, and its density by that of spongy bone: about 500 HU. Assumed."""
PIECE_MM = 14.0


@dataclass(frozen=True, kw_only=True)
class RibFracture(Growth):
    """A fracture of a rib at `along` of its length, 0 at the spine and 1 in front.

    slip_mm: how far the front end has slipped across the rib; 0 leaves a gap alone. age: "acute", or "old" with
    callus that bridges the gap. None draws. Raises SceneError if the patient has no such rib, or too little of it.
    """

    structure: str | None = None
    along: Annotated[float, Ge(0.05), Le(0.95)] | None = None
    slip_mm: Annotated[float, Ge(0), Le(15)] | None = None
    age: Age | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        structure = self.structure or _some_rib(scene, rng)
        host = host_of(scene, structure, "RibFracture")
        place = round(float(rng.uniform(0.3, 0.75)), 2) if self.along is None else self.along
        drawn: Age = "acute" if rng.random() < 0.7 else "old"
        age = drawn if self.age is None else self.age
        slips = round(float(rng.uniform(*SLIP_MM)), 1) if rng.random() < SLIPPED else 0.0
        slip_mm = (slips if age == "acute" else slips / 2) if self.slip_mm is None else self.slip_mm
        middle, heading, thick_mm = _section(scene, host, place)
        aside = np.cross(heading, rng.standard_normal(3))
        aside /= np.linalg.norm(aside)
        across = heading + OBLIQUE * rng.standard_normal() * aside
        across /= np.linalg.norm(across)

        block = box_around(scene.grid, middle, REACH_MM)
        after = _slipped(scene, block, middle, across, slip_mm * aside)
        bone = np.isin(after.labels[block], [id for id, one in scene.structures.items() if one.name == structure])
        offset = cropped(scene.grid, block).points_mm() - middle
        gap_mm = float(rng.uniform(*GAP_MM))
        gap = _gap(block, bone, offset, across, gap_mm, min(scene.grid.spacing_mm))
        piece = Piece(gap, "haematoma")
        if age == "old":
            diameter_mm = CALLUS * thick_mm
            lumped = lump(scene.grid, middle, diameter_mm, rng, Surface(0.1, 2.0, 5.0), (1.0, 1.0, 1.2))
            piece = Piece(united([lumped.filled(), gap]), "spongy_bone", CALLUS_DENSITY)
        displaced = "displaced" if slip_mm >= 2 else "nondisplaced"
        healing = " with callus" if age == "old" else ""
        text = f"{age} {displaced} fracture of the {spoken_host(scene, structure)}{healing}"
        attributes = {"age": age, "form": displaced, "slip_mm": float(slip_mm), "along": place}
        return with_finding(after, KIND, structure, [piece], text, attributes)


def _some_rib(scene: Scene, rng: Generator) -> str:
    present = {scene.structures[id].name for id in present_ids(scene.labels) if id}
    number = RIBS[int(rng.choice(len(RIBS), p=np.array(WEIGHT) / np.sum(WEIGHT)))]
    names = [f"rib_{side}_{number}" for side in ("left", "right")]
    here = [name for name in names if name in present] or sorted(n for n in present if n.startswith("rib_"))
    if not here:
        raise SceneError("RibFracture: found no ribs in this patient; a chest would do")
    return here[int(rng.integers(len(here)))]


def _section(scene: Scene, host: ndarray, along: float) -> tuple[Float[ndarray, " 3"], Float[ndarray, " 3"], float]:
    """The middle of the rib at that share of its length, its direction there, and how thick it is.

    Its length is reckoned by the angle around the middle of the chest, from behind.
    """
    voxels = np.argwhere(host)
    places = scene.grid.world_mm(voxels)
    behind = places[places[:, 1].argmin()]
    order = np.argsort(_turn(places, behind))
    at = places[order[int(along * (len(order) - 1))]]
    near = places[np.linalg.norm(places - at, axis=1) < PIECE_MM]
    if len(near) < 8 or np.ptp(places, axis=0).max() < 2 * PIECE_MM:
        raise SceneError("RibFracture: found too little of that rib in this patient; a rib that is whole would do")
    middle = near.mean(axis=0)
    spread = np.linalg.svd(near - middle, full_matrices=False)
    heading = spread[2][0] * np.sign(spread[2][0] @ np.array([0.0, 1.0, 0.0]) or 1.0)
    middle = near[np.abs((near - middle) @ heading) < 4].mean(axis=0)
    thick_mm = 4 * float(np.sqrt(spread[1][1] * spread[1][2] / len(near)))
    return middle, heading, thick_mm


def _turn(places: Float[ndarray, "n 3"], behind: Float[ndarray, " 3"]) -> Float[ndarray, " n"]:
    """How far around the chest each place of a rib lies: the angle, seen from above, from its end at the spine."""
    hub = np.array([behind[0], places[:, 1].mean()])
    outward = np.sign(places[:, 0].mean() - behind[0]) or 1.0
    return np.arctan2(outward * (places[:, 0] - hub[0]), hub[1] - places[:, 1])


def _slipped(scene: Scene, block: Block, middle: ndarray, across: ndarray, slip_mm: Float[ndarray, " 3"]) -> Scene:
    """The patient in whom all beyond the fracture has slipped, less and less along the rib and around it."""
    if not slip_mm.any():
        return scene
    offset = cropped(scene.grid, block).points_mm() - middle
    beyond = offset @ across
    aside = np.linalg.norm(offset - beyond[..., None] * across, axis=-1)
    fade = np.clip(1 - beyond / FADE_MM, 0, 1) * np.clip(2 - aside / NEAR_MM, 0, 1) * (beyond > 0)
    back: Float32[ndarray, "3 a b c"] = np.moveaxis(-fade[..., None] * slip_mm, -1, 0).astype(np.float32)
    still = np.zeros(beyond.shape, bool)
    return pulled(scene, block, np.ascontiguousarray(back), still)


def _gap(
    block: Block,
    bone: Bool[ndarray, "a b c"],
    offset_mm: Float[ndarray, "a b c 3"],
    across: ndarray,
    gap_mm: float,
    voxel_mm: float,
) -> Filling:
    """What the gap takes of every voxel of the bone: thinner than a voxel, its share of it."""
    share = np.clip(0.5 + (gap_mm / 2 - np.abs(offset_mm @ across)) / voxel_mm, 0, min(1.0, gap_mm / voxel_mm))
    here = bone & (np.linalg.norm(offset_mm, axis=-1) < PIECE_MM)
    return whole((block, np.where(here, share, 0).astype(np.float32)))
