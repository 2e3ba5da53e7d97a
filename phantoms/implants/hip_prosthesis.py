"""A total hip replacement: a stem in the thigh bone, a ball, a liner and a cup in the pelvis."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from phantoms.filling import solid
from phantoms.implants.implant import part_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from phantoms.solids import Ellipsoid, Plane, Solid, tube
from simdata import Growth, Scene, SceneError
from simdata.tissues import tissues

KIND = Kind("hip prosthesis", "304120007", "Total hip replacement prosthesis", IMPLANT_COLOUR)
JOINT_MM = 8.0
"""The head is what of the thigh bone lies so near to the pelvis."""
CUP_MM, LINER_MM = 4.0, 7.0
"""Thickness of the cup's shell and of its liner."""
NECK_MM, TIP_MM, SHOULDER_MM = 6.5, 5.0, 9.0
"""Radii of the neck, of the stem's tip, and of the stem below the neck, where it is half as thick."""
OPENING_DEG = 40.0
"""Inclination of the cup: the opening of most lies at 30 to 50 degrees (Lewinnek et al. 1978, J Bone Joint Surg
60A:217)."""
ALONG = np.linspace(0, 1, 8)


@dataclass(frozen=True, kw_only=True)
class HipProsthesis(Growth):
    """The hip of one side is replaced: a stem of stem_mm in the marrow cavity, and a ball of ball_mm.

    The head of the thigh bone is the sphere that fits what lies next to the pelvis; it is cut off at the neck and
    becomes scar. stem, ball: tissues; the liner is polyethylene, the cup titanium. cement_mm: of bone cement around the
    stem; one that is pressed in has none.
    Raises SceneError if the patient has no such bones, or too little of the thigh bone.
    """

    side: Literal["left", "right"] = "left"
    stem: Literal["titanium", "cobalt_chrome"] = "titanium"
    ball: Literal["cobalt_chrome", "stainless_steel"] = "cobalt_chrome"
    ball_mm: Annotated[float, Ge(22), Le(40)] = 32.0
    stem_mm: Annotated[float, Ge(80), Le(200)] = 120.0
    cement_mm: Annotated[float, Ge(0), Le(6)] = 0.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        name = f"femur_{self.side}"
        femur, pelvis = part_mm(scene, name, "HipProsthesis"), part_mm(scene, f"hip_{self.side}", "HipProsthesis")
        head, radius_mm = _head(femur, pelvis, scene.grid.spacing_mm)
        canal = self._canal(femur, head, radius_mm)
        collar = canal[0] + 0.35 * (head - canal[0])
        cut = _unit(head - canal[0])

        opened = _scarred(scene, scene.mask(name), collar, cut)
        cup_mm = max(radius_mm + 2.0, self.ball_mm / 2 + LINER_MM + CUP_MM)
        rim = Plane(head, self._opening())  # pyright: ignore[reportArgumentType]
        shell, liner, ball = (Ellipsoid(head, (r, r, r)) for r in (cup_mm, cup_mm - CUP_MM, self.ball_mm / 2))  # pyright: ignore[reportArgumentType]
        stem = tube(canal, np.interp(ALONG, [0, 0.3, 1], [SHOULDER_MM, 7.0, TIP_MM]), flat=self._flat(cut))
        wedge = tube(np.stack([collar, canal[2]]), [SHOULDER_MM, TIP_MM + 1], flat=self._flat(cut))
        neck = tube(np.stack([canal[0], collar, head]), [SHOULDER_MM, NECK_MM + 2, NECK_MM])
        marrow = (stem | wedge).grown(self.cement_mm) & Plane(collar, -cut)  # pyright: ignore[reportArgumentType]
        parts: list[tuple[Solid, str, ndarray]] = [
            *([(marrow, "bone_cement", canal)] if self.cement_mm else []),
            ((shell - liner) & rim, "titanium", head[None]),
            ((liner - ball) & rim, "polyethylene", head[None]),
            (stem | wedge | (neck - ball), self.stem, np.vstack([canal, head])),
            (ball, self.ball, head[None]),
        ]
        pieces = [
            Piece(solid(scene.grid, shape, at.min(axis=0) - cup_mm, at.max(axis=0) + cup_mm), tissue)  # pyright: ignore[reportArgumentType]
            for shape, tissue, at in parts
        ]
        return with_finding(opened, KIND, name, pieces, f"total hip replacement on the {self.side}")

    def _canal(self, femur: Float[ndarray, "n 3"], head: Float[ndarray, " 3"], radius_mm: float) -> ndarray:
        """The way of the stem, (8, 3), down the middle of the shaft from below the neck."""
        top, bottom = head[2] - 1.6 * radius_mm, femur[:, 2].min()
        if top - bottom < self.stem_mm:
            raise SceneError(
                f"HipProsthesis: found {max(top - bottom, 0):.0f} mm of 'femur_{self.side}' below its neck for a stem "
                f"of {self.stem_mm:g} mm; a field of view that shows more of it, or a shorter stem_mm, would do"
            )
        heights = top - self.stem_mm * np.array([0.45, 0.6, 0.75, 0.9])
        middle = np.array([femur[np.abs(femur[:, 2] - z) < 4].mean(axis=0) for z in heights])
        line = [np.polyfit(middle[:, 2], middle[:, axis], 1) for axis in (0, 1)]
        z = top - self.stem_mm * ALONG
        return np.column_stack([*(np.polyval(fit, z) for fit in line), z])

    def _opening(self) -> Float[ndarray, " 3"]:
        """Where the cup lies as seen from the ball: up, to the middle, and a little to the back."""
        inner = 1.0 if self.side == "left" else -1.0
        tilt = np.radians(OPENING_DEG)
        return _unit(np.array([inner * np.sin(tilt), -0.2, np.cos(tilt)]))

    @staticmethod
    def _flat(cut: Float[ndarray, " 3"]) -> Float[ndarray, " 3"]:
        """The stem is thinner from front to back than across."""
        return 1.5 * _unit(np.cross([0.0, 0.0, 1.0], cut))


def _head(
    femur: Float[ndarray, "n 3"], pelvis: Float[ndarray, "m 3"], spacing_mm: tuple[float, float, float]
) -> tuple[Float[ndarray, " 3"], float]:
    """Middle and radius of the sphere through what of the thigh bone is nearest to the pelvis (least squares)."""
    distance, nearest = (
        np.asarray(found) for found in KDTree(pelvis).query(femur, distance_upper_bound=JOINT_MM + max(spacing_mm))
    )
    facing = np.isfinite(distance)
    if facing.sum() < 20:
        raise SceneError(
            f"HipProsthesis: found {facing.sum()} voxels of the thigh bone within {JOINT_MM:g} mm of the pelvis; a hip "
            "joint in the field of view would do"
        )
    surface = (femur[facing] + pelvis[nearest[facing]]) / 2
    for _ in range(2):
        centre, radius_mm = _sphere(surface)
        off = np.abs(np.linalg.norm(surface - centre, axis=1) - radius_mm)
        surface = surface[off <= np.quantile(off, 0.8)]
    return _sphere(surface)


def _sphere(surface: Float[ndarray, "n 3"]) -> tuple[Float[ndarray, " 3"], float]:
    """Middle and radius of the sphere through points: |p|^2 = 2 p . centre + r^2 - |centre|^2, least squares."""
    lines = np.column_stack([2 * surface, np.ones(len(surface))])
    solution = np.linalg.lstsq(lines, (surface**2).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(max(solution[3] + centre @ centre, 0)))


def _scarred(scene: Scene, bone: ndarray, collar: Float[ndarray, " 3"], cut: Float[ndarray, " 3"]) -> Scene:
    """The patient with scar instead of the bone beyond the collar."""
    voxels = np.argwhere(bone)
    removed = voxels[(scene.grid.world_mm(voxels) - collar) @ cut > 0]
    where = np.zeros(scene.grid.shape, bool)
    where[tuple(removed.T)] = True
    host = next(one for one in scene.structures.values() if one.name == "soft_tissue")
    painted = scene.paint(where, host, "connective")
    second = np.where(where, np.uint8(tissues()["connective"]), painted.second) if scene.mixed else scene.second
    return replace(painted, second=second)


def _unit(vector: Float[ndarray, " 3"]) -> Float[ndarray, " 3"]:
    return vector / np.linalg.norm(vector)
