"""Optical coherence tomography of the back of an eye: B-scans and volumes, the power of echoes in decibels."""

from dataclasses import dataclass, replace
from math import log, sqrt
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d

from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle
from render.oct.beam import Beam
from render.oct.bowl import Bowl
from render.oct.echoes import Echoes, changed, echoes
from render.oct.light import returning
from render.oct.posture import Posture
from render.oct.spectrometer import Spectrometer
from render.oct.units import backscatter
from render.oct.vessel_labels import with_vessels
from simdata import Effect, Grid, Image, Raw, Scanner, Scene
from simdata.eye_wall import laterality
from simdata.scene import WHOLE

LEAST_DB = -80.0
"""What no echo at all is shown as."""


@dataclass(frozen=True)
class OCT(Scanner):
    """B-scans along x, `columns` in field_mm; `lines` of them, line_mm apart, around y_mm. Depth runs along z.

    The image is 10 log10 of the power, 0 dB for nerve fibres at the surface. The beam visits every place as often as
    Speckle.visits says, of which the mean is seen; each time it misses the place by miss_mm, so that speckle averages
    out. An eye that moves is followed, and seen as it lies at rest. depth_mm: height of the picture, whose top is where
    the two arms of the interferometer are equally long.
    """

    field_mm: Annotated[float, Gt(0), Le(12)] = 6.0
    columns: Annotated[int, Ge(16), Le(4096)] = 768
    lines: Annotated[int, Ge(1), Le(1024)] = 1
    line_mm: Annotated[float, Gt(0)] = 0.12
    y_mm: float = 0.0
    depth_mm: Annotated[float, Gt(0.1), Le(4)] = 1.2
    depth_voxel_mm: Annotated[float, Gt(0.0005), Le(0.02)] = 0.00387
    miss_mm: Annotated[float, Ge(0)] = 0.012
    beam: Beam = Beam(wavelength_nm=870.0, bandwidth_nm=50.0, waist_mm=0.007)
    bowl: Bowl = Bowl()
    spectrometer: Spectrometer = Spectrometer()
    effects: tuple[Effect, ...] = (SensorNoise(signal_db=28.0), Speckle(visits=16))

    def measure(self, scene: Scene) -> Raw:
        posture = self._posture(scene)
        share = posture.filled()[0] / np.float32(WHOLE)
        tissue, blood = returning(posture.labels(), share, self.depth_voxel_mm, scene.structures)
        power = self._seen(tissue + blood)
        same = np.float32(np.exp(-((self.miss_mm / self.beam.radius_mm) ** 2))) * (1 - share)
        edges_mm = (self.field_mm / self.columns, self.line_mm, self.depth_voxel_mm)
        return Echoes(
            changed(power, 2 * power * (1 - same)),
            posture.grid,
            "a.u.",
            np.ones(power.shape, bool),
            edges_mm,
            self.beam,
        )

    def reconstruct(self, raw: Raw) -> Image:
        power = np.maximum(echoes(raw, "OCT").power, np.float32(backscatter(LEAST_DB)))
        return Image(10 * np.log10(power), "dB", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """The layer of every voxel, or the vessel that fills half of it; and the vessels as the picture shows them."""
        posture = self._posture(scene)
        labels = with_vessels(posture.labels(), *posture.filled(), laterality(scene))
        beds = {bed: posture.lowered(vessels) for bed, vessels in scene.vessels.items()}
        return replace(image, labels=labels, vessels=MappingProxyType(beds))

    def _posture(self, scene: Scene) -> Posture:
        edges = np.array([self.field_mm / self.columns, self.line_mm, -self.depth_voxel_mm])
        shape = (self.columns, self.lines, round(self.depth_mm / self.depth_voxel_mm))
        affine = np.diag([*edges, 1.0])
        affine[:3, 3] = edges * (0.5 - np.array([self.columns / 2, self.lines / 2, 0])) + np.array([0, self.y_mm, 0])
        return Posture(scene, Grid(shape, affine), self.bowl, 2 * self.beam.radius_mm)

    def _seen(self, power: Float32[ndarray, "x y z"]) -> Float32[ndarray, "x y z"]:
        """As sharp as beam and bandwidth allow, and weaker with depth as the spectrometer has it.

        Of the power, that is: exp(-4 r^2 / w^2) across, there and back, and axial_mm wide at half its height along.
        """
        across = self.beam.radius_mm / sqrt(8) / (self.field_mm / self.columns)
        along = self.beam.axial_mm / sqrt(8 * log(2)) / self.depth_voxel_mm
        power = gaussian_filter1d(gaussian_filter1d(power, across, axis=0), along, axis=2)
        depth_mm = self.depth_voxel_mm * (np.arange(power.shape[2]) + 0.5)
        return power * self.spectrometer.kept(depth_mm).astype(np.float32)
