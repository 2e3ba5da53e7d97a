"""A compression fracture: a vertebral body that has lost height, as a wedge, a biconcave lens or a crushed block."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.pulled import carried, pulled
from phantoms.lesions.room import host_of, spoken_host
from phantoms.lesions.vertebral_body import VertebralBody, vertebral_body
from phantoms.pieces import Kind, Piece, with_finding
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
DISC_MM, PLATE_MM, LEAST_MM = 5.0, 1.5, 0.5
"""How much of a disc goes along; an endplate keeps its thickness, to so far from its surface; and nothing is squeezed
to less than the last."""
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
        body = vertebral_body(scene, host, self.structure, "CompressionFracture")
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


def _lost_mm(body: VertebralBody, form: str, loss: float) -> tuple[Float[ndarray, "x y"], Float[ndarray, "x y"]]:
    """How far the upper endplate comes down and the lower one up, mm."""
    height = body.top_mm - body.bottom_mm
    if form == "wedge":
        return loss * height * body.ahead, np.zeros_like(height)
    if form == "crush":
        return 0.75 * loss * height * (0.8 + 0.2 * body.ahead), 0.25 * loss * height
    rim = np.clip(1 - (2 * body.ahead - 1) ** 2, 0, 1) * body.weight
    rim = rim / max(float(rim.max()), 1e-9)
    return 0.6 * loss * height * rim, 0.4 * loss * height * rim


def _displacement(body: VertebralBody, down: Float[ndarray, "x y"], up: Float[ndarray, "x y"]) -> ndarray:
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
    after: Scene,
    body: VertebralBody,
    host: Bool[ndarray, "x y z"],
    down: Float[ndarray, "x y"],
    up: Float[ndarray, "x y"],
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
