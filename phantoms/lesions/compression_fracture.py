"""A compression fracture: a vertebral body that has lost height, as a wedge, a biconcave lens or a crushed block."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from phantoms.lesions.pulled import carried, cropped, pulled
from phantoms.lesions.room import box_around, host_of, rooms, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

KIND = Kind("compression fracture", "42942008", "Compression fracture of vertebral column")

Form = Literal["wedge", "biconcave", "crush"]
OFTEN = {"wedge": 0.6, "biconcave": 0.25, "crush": 0.15}
"""Wedges are the most frequent, crush fractures the rarest (Genant et al. 1993, J Bone Miner Res 8:1137); shares
assumed."""
GRADES = ((0.4, "severe"), (0.25, "moderate"), (0.2, "mild"), (0.0, "none"))
"""Least share of the height that is lost, and the grade: 3, 2, 1 (Genant et al. 1993)."""
LOSS = (0.22, 0.5)
REACH_MM, FADE_MM, DISC_MM, PLATE_MM, LEAST_MM = 45.0, 6.0, 7.0, 1.5, 0.5
"""How far a body reaches from its middle; what lies beside it follows over so many mm; how much of a disc goes along;
an endplate keeps its thickness, to so far from its surface; and nothing is squeezed to less than the last."""
SLANT_MM, TALL_MM, EDGE_MM = 3.0, 20.0, 3.0
"""A tilted body reaches so far behind its rear wall at its middle height, and is at least so tall; endplates are known
that far from its rim."""
BAND_MM, DENSER = 5.0, 1.6
"""Beneath the broken endplate spongy bone is packed: how deep, and by how much."""


@dataclass(frozen=True, kw_only=True)
class CompressionFracture(Growth):
    """The body of a vertebra with `loss` of its height gone (front of a wedge, middle of a lens, all of a crushed one).

    Only the body changes its shape: the discs follow its endplates and are taller for it, the patient stays as tall,
    and the arch stays whole. Its finding is the spongy bone of the body. None draws.
    Raises SceneError if the patient has no such vertebra, or its body is not all in the grid.
    """

    structure: str = "vertebrae_L1"
    form: Form | None = None
    loss: Annotated[float, Ge(0.1), Le(0.65)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn = str(rng.choice(list(OFTEN), p=list(OFTEN.values())))
        form = drawn if self.form is None else self.form
        loss = round(float(rng.uniform(*LOSS)), 2) if self.loss is None else self.loss
        host = host_of(scene, self.structure, "CompressionFracture")
        body = _body(scene, host, self.structure)
        down, up = _lost_mm(body, form, loss)
        displacement = _displacement(body, down, up)
        still = np.zeros(displacement.shape[1:], bool)
        after = carried(pulled(scene, body.block, displacement, still), body.block, displacement)

        inside, density = _packed(after, body, host_of(after, self.structure, "CompressionFracture"), down, up)
        pieces = [Piece((body.block, inside), "spongy_bone", density)]
        grade = next(name for least, name in GRADES if loss >= least)
        where = spoken_host(scene, self.structure)
        text = f"{grade} {form} compression fracture of the {where} with {100 * loss:.0f} % loss of height"
        attributes = {"form": form, "grade": grade, "height_loss_percent": 100 * loss}
        return with_finding(after, KIND, self.structure, pieces, text, attributes)


@dataclass(frozen=True, eq=False)
class _Body:
    """A vertebral body in its block. z_mm: heights of its slices. bottom_mm, top_mm: (x, y) its endplates, also beyond
    it. ahead: (x, y) 0 at its rear wall, 1 at its front. weight: (x, y) 1 on it, 0 where nothing moves."""

    block: Block
    z_mm: Float[ndarray, " z"]
    bottom_mm: Float[ndarray, "x y"]
    top_mm: Float[ndarray, "x y"]
    ahead: Float[ndarray, "x y"]
    weight: Float[ndarray, "x y"]


def _body(scene: Scene, host: Bool[ndarray, "x y z"], structure: str) -> _Body:
    """Around the widest place of the bone: columns through it that lie before the spinal canal."""
    corner, step, room_mm = rooms(host, scene.grid)
    middle = step * np.array(np.unravel_index(room_mm.argmax(), room_mm.shape)) + corner
    block = box_around(scene.grid, scene.grid.world_mm(middle), REACH_MM)
    bone = host[block].copy()
    i, j, k = (int(m) - side.start for m, side in zip(middle, block, strict=True))
    rear = j
    while rear > 0 and bone[i, rear - 1, k]:
        rear -= 1
    rear = max(rear - round(SLANT_MM / scene.grid.spacing_mm[1]), 0)
    half = round(TALL_MM / 2 / scene.grid.spacing_mm[2])
    bone[:, :rear] = False
    sure = bone[..., k]
    foot = bone[..., max(k - half, 0) : k + half + 1].any(axis=2)
    none = np.zeros_like(bone[..., :1])
    below = k - np.argmin(np.concatenate([bone[..., k::-1], none], axis=2), axis=2) + 1
    above = k + np.argmin(np.concatenate([bone[..., k:], none], axis=2), axis=2) - 1
    if below[sure].min() <= 0 or above[sure].max() >= bone.shape[2] - 1:
        raise SceneError(
            f"CompressionFracture: found the body of '{structure}' cut off by the grid; a larger field of view would do"
        )
    near = cropped(scene.grid, block)
    dz, spacing = near.spacing_mm[2], near.spacing_mm
    z_mm = near.world_mm(np.stack([np.zeros(bone.shape[2])] * 2 + [np.arange(bone.shape[2])], axis=1))[:, 2]
    within = np.asarray(distance_transform_edt(np.pad(sure, 1), sampling=list(spacing[:2])))[1:-1, 1:-1] > EDGE_MM
    bottom, top = _plate(z_mm[below] - dz / 2, within), _plate(z_mm[above] + dz / 2, within)
    lines = np.flatnonzero(foot.any(axis=0))
    ahead = np.broadcast_to((np.arange(foot.shape[1]) - lines[0]) / max(lines[-1] - lines[0], 1), foot.shape)
    away_mm = np.asarray(distance_transform_edt(~foot, sampling=spacing[:2]))
    weight = np.clip(1 - away_mm / FADE_MM, 0, 1)
    return _Body(block, z_mm, bottom, top, np.clip(ahead, 0, 1), weight**2 * (3 - 2 * weight))


def _plate(values: Float[ndarray, "x y"], known: Bool[ndarray, "x y"]) -> Float[ndarray, "x y"]:
    """The quadric surface that goes best through what is known."""
    u, v = (np.indices(known.shape) / max(known.shape) - 0.5).reshape(2, *known.shape)
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    found = np.linalg.lstsq(terms[known], values[known], rcond=None)[0]
    return terms @ found


def _lost_mm(body: _Body, form: str, loss: float) -> tuple[Float[ndarray, "x y"], Float[ndarray, "x y"]]:
    """How far the upper endplate comes down and the lower one up, mm."""
    height = body.top_mm - body.bottom_mm
    if form == "wedge":
        return loss * height * body.ahead, np.zeros_like(height)
    if form == "crush":
        return 0.75 * loss * height * (0.8 + 0.2 * body.ahead), 0.25 * loss * height
    rim = np.clip(1 - (2 * body.ahead - 1) ** 2, 0, 1) * body.weight
    rim = rim / max(float(rim.max()), 1e-9)
    return 0.6 * loss * height * rim, 0.4 * loss * height * rim


def _displacement(body: _Body, down: Float[ndarray, "x y"], up: Float[ndarray, "x y"]) -> ndarray:
    """From where it lies now to where it lay, mm: the body squeezed, the discs stretched, beside them less and less."""
    z = body.z_mm[None, None]
    top, bottom = body.top_mm[..., None], body.bottom_mm[..., None]
    low, high = up[..., None], -down[..., None]
    knots = [(bottom - DISC_MM, 0), (bottom - PLATE_MM, low), (bottom + PLATE_MM, low)]
    knots += [(top - PLATE_MM, high), (top + PLATE_MM, high), (top + DISC_MM, 0)]
    rest = z + np.zeros_like(top)
    for (first, moved_first), (last, moved_last) in pairwise(knots):
        share = (z - first - moved_first) / np.maximum(last + moved_last - first - moved_first, LEAST_MM)
        rest = np.where((share >= 0) & (share < 1), first + share * (last - first), rest)
    moved = ((rest - z) * body.weight[..., None]).astype(np.float32)
    return np.stack([np.zeros_like(moved), np.zeros_like(moved), moved])


def _packed(
    after: Scene, body: _Body, host: Bool[ndarray, "x y z"], down: Float[ndarray, "x y"], up: Float[ndarray, "x y"]
) -> tuple[ndarray, ndarray]:
    """The spongy bone of the body as it is now, and how much denser it is: most beneath what has come down."""
    z = body.z_mm[None, None]
    top, bottom = (body.top_mm - down)[..., None], (body.bottom_mm + up)[..., None]
    spongy = host[body.block] & (after.tissue[body.block] == tissues()["spongy_bone"])
    inside = spongy & (z < top) & (z > bottom) & (body.weight[..., None] > 0.99)
    old = after.fields["density"][body.block] if "density" in after.fields else np.ones(spongy.shape, np.float32)
    share = np.maximum(down / max(float(down.max()), 1e-9), up / max(float(up.max()), 1e-9))[..., None]
    depth = np.minimum(np.where(down[..., None] > 0, top - z, np.inf), np.where(up[..., None] > 0, z - bottom, np.inf))
    band = np.clip(1 - depth / BAND_MM, 0, 1) * share
    return inside.astype(np.float32), (old * (1 + (DENSER - 1) * band)).astype(np.float32)
