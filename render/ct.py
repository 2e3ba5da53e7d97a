"""Computed tomography: Beer-Lambert out, filtered back-projection back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, Float64, Int16
from numpy import ndarray

from render.attenuation import together
from render.bowtie import Bowtie
from render.calibration import Calibration
from render.current import Current, Steady
from render.detector import Detector, EnergyIntegrating
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.effects.starved_rays import StarvedRays
from render.filters import Kernel
from render.gantry import Gantry
from render.illumination import Illumination, illumination
from render.isocentre import in_patient, upright, wider
from render.iterative import Iterative
from render.kernels.detect import detect
from render.labels import relabelled
from render.materials import MATERIALS, WATER
from render.matrix import Matrix
from render.orientation import orientation
from render.patient import meetings
from render.photons import Photons, photons
from render.projection import cast, shade
from render.slices import thick_slices
from render.spectral import Material, SpectralImage, decompose
from render.table_path import Axial, TablePath
from render.technique import Technique
from render.tube import Tube, XRaySource
from render.views import Orbit
from simdata import Effect, Grid, Image, Raw, RecipeError, Scanner, Scene, Still

HU_RANGE = (-1024, 3071)
"""What twelve bits of a CT image hold."""

VIEWS_AT_ONCE = 128
"""Views projected together, which bounds the memory."""

THIN_ROWS = 1.25
"""A thick slice is the mean of thin ones that lie at most so many rows apart; each is as thick as a row by itself."""

CALIBRATIONS = {"water": Calibration.water, "none": Calibration.linear}


@dataclass(frozen=True, kw_only=True)
class CT(Scanner):
    """A CT scanner, calibrated to water 0 HU and air -1000 HU.

    kvp: tube voltage. mas: tube current times time of a turn. tube, bowtie, gantry, detector: the machine.
    also: further exposures of the same views, for spectral images. current: steady or modulated. table: how the
    patient goes through, Axial or Helix. rays: into each element, spread over the focal spot and over the way of the
    gantry during a view; 1 is a point that stands still. beam_hardening_correction: "water", or "none" to see cupping.
    kernel: of the filtered back-projection; iterative: what is done in its place, more slowly. spectral: what to show
    of the materials told_apart, in place of the Hounsfield units of each channel.
    field_of_view_mm: the circle around the middle of the grid that is measured; beyond it the image is air, and what
    of the patient lies there spoils the image (truncation). matrix: pixels and slices of the image; left out, they are
    the voxels of the scene. Above and below the grid the patient goes on as he ends.
    Scene fields: "density" scales a tissue's, "iodine_mg_ml" adds contrast. A patient who moves is seen in each view
    where he is then; the labels of the image are those of the middle of the scan.
    """

    kvp: Annotated[float, Gt(0)] = 120.0
    mas: Annotated[float, Gt(0)] = 150.0
    tube: XRaySource = Tube()
    bowtie: Bowtie | None = None
    gantry: Gantry = Gantry()
    detector: Detector = EnergyIntegrating()
    also: tuple[Technique, ...] = ()
    current: Current = Steady()
    table: TablePath = Axial()
    rays: Annotated[int, Ge(1)] = 1
    beam_hardening_correction: Literal["water", "none"] = "water"
    kernel: Kernel = "hann"
    iterative: Iterative | None = None
    spectral: SpectralImage | None = None
    told_apart: tuple[Material, ...] = ("water", "iodine")
    field_of_view_mm: Annotated[float, Gt(0)] = 500.0
    matrix: Matrix | None = None
    effects: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise(), StarvedRays())

    def __post_init__(self) -> None:
        if self.field_of_view_mm / 2 >= self.gantry.source_to_isocentre_mm:
            raise RecipeError(
                f"CT: the focus at {self.gantry.source_to_isocentre_mm} mm lies inside the field of view of "
                f"{self.field_of_view_mm} mm; a smaller field_of_view_mm would do"
            )
        channels = sum(len(self.detector.channels(technique.beam)) for technique in self._techniques)
        if self.spectral and not 1 < len(set(self.told_apart)) == len(self.told_apart) <= channels:
            raise RecipeError(
                f"CT: found {' and '.join(self.told_apart)} to be told apart by {channels} channel(s); two materials "
                "or more, each once, and as many channels would do: a PhotonCounting detector, or exposures in `also`"
            )

    def measure(self, scene: Scene) -> Photons:
        """Photons expected at each element in each view, (channels, views, columns, rows) float32."""
        scene, orbit = scene.to("cpu"), self._orbit(scene.grid)
        beyond = self._beyond(scene.grid)
        grid, view_s = upright(scene.grid, beyond), self._view_s(orbit)
        rays = self.gantry.rays(orbit, self.tube.focal_spot_mm, self.rays)
        shade(grid, orbit.views)

        in_air = self._lights(orbit, [WATER])
        data = np.zeros((len(in_air), len(view_s), orbit.detector.columns, orbit.detector.rows), np.float32)
        beam = together([technique.beam for technique in self._techniques])
        for meeting in meetings(scene, beam, orbit.views, view_s, beyond, VIEWS_AT_ONCE):
            lights = [light.binned() for light in self._lights(orbit, meeting.materials)]
            for ray in rays:
                path = cast(meeting.sums, meeting.grid, meeting.rays(ray))
                for counts, light in zip(data, lights, strict=True):
                    counts[meeting.views] += detect(path, light.across / self.rays, light.along, light.per_mm)

        blank = np.stack([light.blank for light in in_air])[:, None]
        middle = orbit.detector.rows // 2
        output = self.current.output(data[0, ..., middle] / blank[0, ..., middle])
        data *= output.astype(np.float32)[:, None, None]
        return Photons(
            data,
            scene.grid,
            "photons",
            blank=blank,
            view_s=view_s,
            element_mm=(orbit.detector.column_mm, orbit.detector.row_mm),
            middle_to_detector_mm=self.gantry.source_to_detector_mm - self.gantry.source_to_isocentre_mm,
            focus_mm=(0.0, 0.0, self.gantry.source_to_detector_mm),
            spectra=tuple(light.spectrum for light in in_air),
            output=output,
            view_rad=orbit.view_rad,
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Hounsfield units, int16: (x, y, z), or of several channels (channel, x, y, z); or the spectral image."""
        measured, orbit, grid = photons(raw, "CT"), self._orbit(raw.grid), self._image_grid(raw.grid)
        if self.spectral:
            image, unit = self.spectral(self._grams(measured, orbit, grid), grid.spacing_mm), self.spectral.unit
        else:
            volumes = [hounsfield(volume) for volume in self._densities(measured, orbit, grid)]
            image, unit = (volumes[0] if len(volumes) == 1 else np.stack(volumes)), "HU"
        if self.matrix:
            return Image(image, unit, in_patient(grid, raw.grid))
        turned = orientation(raw.grid)
        volumes = [turned.turn_back(volume) for volume in image.reshape(-1, *grid.shape)]
        return Image(np.ascontiguousarray(volumes[0] if image.ndim == 3 else np.stack(volumes)), unit, raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """Labels, where the image has a grid or a time of its own; a note, where the patient is cut off."""
        if self.matrix or not isinstance(scene.motion, Still):
            middle_s = float(self._view_s(self._orbit(scene.grid))[-1]) / 2
            image = replace(image, labels=relabelled(scene.at(middle_s), image.grid))
        beyond = self._cut_off(scene)
        note = f"{beyond:.1%} of the patient lies beyond the field of view of {self.field_of_view_mm:g} mm (truncation)"
        return replace(image, notes=(*image.notes, note)) if beyond else image

    def _densities(self, measured: Photons, orbit: Orbit, grid: Grid) -> Iterator[Float32[ndarray, "x y z"]]:
        """mu / mu of water, channel by channel."""
        for channel, light in enumerate(self._lights(orbit, [WATER])):
            calibration = CALIBRATIONS[self.beam_hardening_correction](light.across, light.per_mm[0])
            counted = measured.data[channel]
            path = calibration.path_mm(counted, measured.blank[channel, 0], measured.output)
            yield self._volume(path, counted, orbit, grid, self._radius_mm(measured.grid))

    def _grams(self, measured: Photons, orbit: Orbit, grid: Grid) -> Mapping[Material, Float32[ndarray, "x y z"]]:
        """g/cm3 of each material that is told apart, by its way along every ray."""
        lights = [light.binned() for light in self._lights(orbit, [MATERIALS.index(m) for m in self.told_apart])]
        output = np.array(np.broadcast_to(measured.output, measured.data.shape[1]))
        paths = decompose(measured.data, lights, output)
        counted, radius_mm = measured.data.sum(axis=0), self._radius_mm(measured.grid)
        return {
            material: self._volume(path, counted, orbit, grid, radius_mm)
            for material, path in zip(self.told_apart, paths, strict=True)
        }

    def _volume(
        self,
        path: Float32[ndarray, "views columns rows"],
        counted: Float32[ndarray, "views columns rows"],
        orbit: Orbit,
        grid: Grid,
        radius_mm: float,
    ) -> Float32[ndarray, "x y z"]:
        """What cast `path`, trusted as the photons that were counted; nothing beyond the circle of that radius."""

        def points(thin: Grid) -> Float32[ndarray, "x y thin"]:
            if not self.iterative:
                return self.table.slices(path, orbit, self.gantry, thin, self.kernel)
            whole, inside = wider(thin, radius_mm, self.gantry.beam_mm)
            return self.iterative(path, orbit.views, whole, counted)[inside]

        if self.matrix:
            volume = thick_slices(points, grid, self.matrix.slice_mm, THIN_ROWS * self.gantry.row_mm)
        else:
            volume = points(grid)
        volume[_away_mm(grid) > radius_mm] = 0
        return volume

    @property
    def _techniques(self) -> tuple[Technique, ...]:
        return (Technique(kvp=self.kvp, mas=self.mas, tube=self.tube), *self.also)

    def _lights(self, orbit: Orbit, materials: Sequence[int]) -> list[Illumination]:
        """What each channel of the detector receives in one view of a scan of air."""
        return [
            illumination(
                channel,
                replace(technique, mas=technique.mas / self.gantry.views),
                self.bowtie,
                orbit.detector,
                orbit.source_to_detector_mm,
                materials,
            )
            for technique in self._techniques
            for channel in self.detector.channels(technique.beam)
        ]

    def _orbit(self, grid: Grid) -> Orbit:
        """All views of a scan that shows the slices of the image of a patient on `grid`."""
        return self.table.orbit(self.gantry, self._image_grid(grid), self._radius_mm(grid))

    def _view_s(self, orbit: Orbit) -> Float64[ndarray, " views"]:
        """When each view is taken."""
        return np.arange(len(orbit.view_rad)) * self.gantry.rotation_s / self.gantry.views

    def _image_grid(self, grid: Grid) -> Grid:
        """Of the image of a patient on `grid`, in the coordinates of the gantry."""
        patient = upright(grid)
        return self.matrix.grid(patient.shape[2] * patient.spacing_mm[2]) if self.matrix else patient

    def _radius_mm(self, grid: Grid) -> float:
        """Of the circle that is measured: the field of view, or all of a smaller patient."""
        x, y = (n * mm for n, mm in zip(upright(grid).shape[:2], upright(grid).spacing_mm[:2], strict=True))
        return min(self.field_of_view_mm / 2, float(np.hypot(x, y)) / 2 + max(upright(grid).spacing_mm[:2]))

    def _beyond(self, grid: Grid) -> int:
        """Slices above and below the patient's that the rays through these see, and those of whole turns."""
        steep = self.gantry.beam_mm / 2 / self.gantry.source_to_isocentre_mm
        reach_mm = steep * 2 * self._radius_mm(grid) + self.gantry.beam_mm / 2
        return int(np.ceil(reach_mm / upright(grid).spacing_mm[2]))

    def _cut_off(self, scene: Scene) -> float:
        """Share of the patient that lies beyond the circle that is measured."""
        body = orientation(scene.grid).turn(scene.to("cpu").labels > 0)
        outside = _away_mm(upright(scene.grid)) > self._radius_mm(scene.grid)
        return float(body[outside].sum() / max(body.sum(), 1))


def hounsfield(density: Float32[ndarray, "x y z"]) -> Int16[ndarray, "x y z"]:
    """1000 (mu / mu of water - 1), from mu / mu of water; overwrites `density`."""
    density -= 1
    density *= 1000
    np.clip(np.rint(density, out=density), *HU_RANGE, out=density)
    return density.astype(np.int16)


def _away_mm(grid: Grid) -> Float64[ndarray, "x y"]:
    """Of every pixel from the axis of the gantry."""
    x, y = (grid.affine[axis, 3] + grid.affine[axis, axis] * np.arange(grid.shape[axis]) for axis in (0, 1))
    return np.hypot(x[:, None], y)
