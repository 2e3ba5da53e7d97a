"""Fundus photography: the light of a flash that the layers at the back of an eye return, through their vessels."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.effects.electronic_noise import ElectronicNoise
from render.effects.eye_optics import EyeOptics
from render.effects.quantum_noise import QuantumNoise
from render.effects.uneven_flash import UnevenFlash
from render.kernels.fundus_light import FIELDS, light
from render.retinal_camera.development import Development
from render.retinal_camera.electrons import Electrons, electrons
from render.retinal_camera.optics import optics
from render.retinal_camera.seen import labels, shadows
from render.retinal_camera.vessels import blood, flat
from simdata import Effect, Grid, Image, Raw, Scanner, Scene, SceneError
from simdata.subject import Subject

RETINA_MM_PER_DEG = 0.291
"""16.67 mm from the nodal point, Emsley's reduced eye."""
LESIONS = ("blood", "exudate", "swelling")
"""Fields that a healthy eye need not have."""
SLICE_MM, SOFT_PX, HALF = 1e-3, 1.5, 0.5


@dataclass(frozen=True)
class Fundus(Scanner):
    """A colour photograph of the back of an eye.

    field_deg: diameter of the round field. columns, rows: of the picture. fill: the field's diameter over its width.
    gaze_mm: what the camera points at, to the right of the fovea in the picture and above it. exposure: mean of the red
    light over white. full_electrons: of a pixel that is white. development: tones and colours.
    """

    field_deg: Annotated[float, Ge(10), Le(70)] = 45.0
    columns: Annotated[int, Ge(32), Le(4096)] = 1024
    rows: Annotated[int, Ge(32), Le(4096)] = 1024
    fill: Annotated[float, Gt(0.1), Le(2)] = 0.95
    gaze_mm: tuple[float, float] = (0.0, 0.0)
    exposure: Annotated[float, Gt(0), Le(1)] = 0.55
    full_electrons: Annotated[float, Gt(0)] = 10000.0
    development: Development = Development()
    effects: tuple[Effect, ...] = (UnevenFlash(), EyeOptics(), QuantumNoise(), ElectronicNoise(8.0, 1.0))

    def measure(self, scene: Scene) -> Raw:
        grid, stop = self._grid(), self._stop()
        vessels = blood(tuple(flat(bed) for bed in scene.vessels.values()), grid)
        seen = np.empty((3, *grid.shape[:2]), np.float32)
        light(
            self._maps(scene),
            *self._index(scene),
            vessels.oxygenated_mm,
            vessels.deoxygenated_mm,
            vessels.reflex,
            optics((scene.subject or Subject()).age_y),
            seen,
        )
        white = self.exposure * self.full_electrons / seen[0][stop[..., 0] >= HALF].mean()
        return Electrons(
            data=white * seen[..., None],
            grid=grid,
            unit="electrons",
            full=self.full_electrons,
            stop=stop,
            pixel_mm=self.pixel_mm,
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Red, green and blue, (3, columns, rows, 1) levels of 255."""
        taken = electrons(raw, "Fundus")
        return Image(self.development(taken.data * (taken.stop / np.float32(taken.full))), "sRGB", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """What every pixel shows, as labels; disc, cup, macula, fovea and vessels whole, as shadows; the vessels."""
        beds = MappingProxyType({name: flat(bed) for name, bed in scene.vessels.items()})
        at_x, at_y = (
            np.clip(np.rint(index), 0, n - 1).astype(int)
            for index, n in zip(self._index(scene), scene.grid.shape[:2], strict=True)
        )
        within = self._stop() >= HALF
        shown = labels(scene, (at_x, at_y), beds, image.grid)
        cast = shadows(scene, (at_x, at_y), beds, image.grid, within)
        return replace(image, labels=np.where(within, shown, 0), shadows=MappingProxyType(cast), vessels=beds)

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel on the retina."""
        return self.field_deg * RETINA_MM_PER_DEG / (self.fill * self.columns)

    def _grid(self) -> Grid:
        """As thin as vessels that are pressed flat."""
        pixel = self.pixel_mm
        return Grid.regular((self.columns, self.rows, 1), (pixel, pixel, SLICE_MM), (*self.gaze_mm, 0.0))

    def _stop(self) -> Float32[ndarray, "x y 1"]:
        """Share of each pixel that lies in the round field."""
        across, up = (np.arange(n) - (n - 1) / 2 for n in (self.columns, self.rows))
        inside_px = self.fill * self.columns / 2 - np.hypot(across[:, None], up)
        return np.clip(0.5 + inside_px / SOFT_PX, 0, 1).astype(np.float32)[..., None]

    def _maps(self, scene: Scene) -> Float32[ndarray, "x y fields"]:
        """All that light meets."""
        missing = [name for name in FIELDS if name not in scene.fields and name not in LESIONS]
        if missing:
            raise SceneError(f"Fundus: the scene has no field '{missing[0]}'; phantoms.fundus.Fundus would do")
        nothing = np.zeros(scene.grid.shape, np.float32)
        return np.stack([scene.fields.get(name, nothing)[:, :, 0] for name in FIELDS], axis=-1)

    def _index(self, scene: Scene) -> tuple[Float64[ndarray, " x"], Float64[ndarray, " y"]]:
        """Where every column and every row lies among the scene's voxels."""
        radius_mm = self.field_deg * RETINA_MM_PER_DEG / 2
        half_mm = np.array(scene.grid.shape[:2]) * scene.grid.spacing_mm[:2] / 2
        if (np.abs(self.gaze_mm) + np.minimum(radius_mm, self._half_mm) > half_mm).any():
            would = "a smaller field_deg, or a larger field_mm of the eye, would do"
            raise SceneError(
                f"Fundus: {self.field_deg:g} degrees reach beyond {2 * half_mm.min():g} mm of eye; {would}"
            )
        corners = self._grid().world_mm(np.array([[0, 0, 0], [self.columns - 1, self.rows - 1, 0]]))
        first, last = scene.grid.index(corners)
        return np.linspace(first[0], last[0], self.columns), np.linspace(first[1], last[1], self.rows)

    @property
    def _half_mm(self) -> Float64[ndarray, " 2"]:
        """Half the picture."""
        return self.pixel_mm * np.array([self.columns, self.rows]) / 2
