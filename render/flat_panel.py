"""A tube lights a flat detector through a patient: the ways through his materials, and what is left behind them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray
from scipy.ndimage import convolve1d

from render.attenuation import Beam
from render.c_arm import CArm
from render.detector import Channel, Detector
from render.exposure import air_kerma_ugy, sparse
from render.illumination import Illumination, illumination
from render.isocentre import in_patient, upright
from render.kernels.detect import detect
from render.leaning import leans, upright_for
from render.materials import WATER, Body
from render.orientation import orientation
from render.patient import moments
from render.plane import onto, plane
from render.projection import running_sums, shade
from render.strips import cast_in_strips
from render.technique import Technique
from render.views import Panel, Views
from simdata import Grid, Scene, SceneError


@dataclass(frozen=True, eq=False)
class Opaque:
    """A patient before a detector, which stands upright on his grid.

    sums: running sums of g/cm3 of his materials. materials: rows of a Spectrum's attenuation.
    """

    sums: Float32[ndarray, "x y z_and_two m"]
    grid: Grid
    materials: list[int]

    @classmethod
    def of(cls, scene: Scene, view: Views, beam: Beam) -> "Opaque":
        """`scene` at rest, in what stands for its tissues in `beam`. Raises as `render.projection.project` does."""
        body = Body.of(scene, orientation(scene.grid), beam)
        volume, grid = upright_for(view, body.volume(), in_patient(upright(scene.grid), scene.grid))
        shade(grid, view)
        sums = running_sums(volume)
        if not np.isfinite(sums[:, :, -1]).all():
            raise SceneError("X-rays: the patient holds numbers that are not finite; fields without NaN would do")
        return cls(sums, grid, body.materials)

    def path(self, view: Views) -> Float32[ndarray, "columns rows m"]:
        """g/cm3 times mm of each material on the way to every element.

        Between the middles of voxels their contents are interpolated linearly: their shadows are moving means of those
        of blocks, as wide as a voxel in the middle of the patient. So no edge shows the steps of the voxels.
        """
        path = cast_in_strips(self.sums, self.grid, view)
        for axis, elements in enumerate(self._voxel_elements(view)):
            if elements > 1:
                path = convolve1d(path, moving_mean(elements), axis=axis, mode="nearest")
        return path

    def _voxel_elements(self, view: Views) -> tuple[float, float]:
        """Columns and rows that the shadow of a voxel covers, of one in the middle."""
        detector = plane(view)
        middle = self.grid.world_mm((np.array(self.grid.shape) - 1) / 2)[None]
        magnification = float(onto(view, middle)[1][0])
        across = detector.affine[:3, 0] / detector.spacing_mm[0]
        wide_mm = float(np.linalg.norm(across @ self.grid.affine[:3, :2]))
        return (
            magnification * wide_mm / detector.spacing_mm[0],
            magnification * self.grid.spacing_mm[2] / detector.spacing_mm[1],
        )


@dataclass(frozen=True, eq=False)
class Standing:
    """A patient who holds still before a detector, and the view from where he is told to lie."""

    scene: Scene
    patient: Opaque
    view: Views


def standing(scene: Scene, times_s: Float64[ndarray, " n"], view: Views, beam: Beam) -> Iterator[Standing]:
    """The patient at each of these times; the very same one, as long as he does not move.

    He is made anew only where he has changed his shape, or has turned so that the detector leans.
    """
    now, to_rest = None, np.eye(4)
    for moment in moments(scene, times_s):
        alike = now is not None and now.scene is moment.scene
        if now is None or not alike or not (to_rest == moment.to_rest).all():
            seen = moment.seen_by(view)
            upright_still = alike and not leans(seen, in_patient(upright(moment.scene.grid), moment.scene.grid))
            patient = now.patient if now and upright_still else Opaque.of(moment.scene, seen, beam)
            now, to_rest = Standing(moment.scene, patient, seen), moment.to_rest
        yield now


def moving_mean(elements: float) -> Float32[ndarray, " k"]:
    """Weights of a mean over so many elements, the outermost in part."""
    inner = 2 * int((elements - 1) / 2) + 1
    outer = (elements - inner) / 2
    return (np.array([outer, *np.ones(inner), outer]) / elements).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Light:
    """What the detector of a C-arm receives of an exposure in air; the anode looks to the top of the picture."""

    technique: Technique
    stand: CArm
    detector: Detector

    def channels(self, materials: Sequence[int] = (WATER,)) -> list[Illumination]:
        """Photons of each channel of the detector, energy by energy."""
        return [self._lit(channel, materials) for channel in self.detector.channels(self.technique.beam)]

    def foci(self, view: Views) -> list[Views]:
        """`view` from places all over the focal spot: so many that none moves what is in the middle by a pixel."""
        spot_mm = self.technique.tube.focal_spot_mm
        return view.over_spot(spot_mm, np.array(spot_mm) * (self.stand.magnification - 1) / self.stand.pixel_mm)

    def kerma_ugy(
        self, path: Float32[ndarray, "columns rows m"], materials: Sequence[int]
    ) -> Float64[ndarray, "fewer_columns fewer_rows"]:
        """Air kerma over the detector behind so much of the materials."""
        beam = self.technique.beam
        air = self._lit(Channel(beam.energy_kev, beam.photons_mm2_mas, 1.0), materials)
        few, lit = sparse(path.shape), beam.lit
        photons = air.across[few[0], None, lit] * air.along[few[1]][:, lit]
        left = np.exp(-path[few].astype(float) @ air.per_mm[:, lit]) * photons
        return air_kerma_ugy(left / self.stand.pixel_mm**2, beam.energy_kev[lit])

    def _lit(self, channel: Channel, materials: Sequence[int]) -> Illumination:
        side_mm = self.stand.pixel_mm
        panel = Panel(columns=self.stand.columns, rows=self.stand.rows, column_mm=side_mm, row_mm=side_mm)
        return illumination(channel, self.technique, None, panel, self.stand.source_to_detector_mm, materials)


def behind(path: Float32[ndarray, "columns rows m"], light: Illumination) -> Float32[ndarray, "columns rows"]:
    """Photons of each element behind so much of the materials. Beer-Lambert, energy by energy.

    Each column is a view of its own, so that every core has work: without a bowtie they all have one spectrum.
    """
    middle = len(path) // 2
    photons = detect(path[:, None], light.across[middle : middle + 1], light.along, light.per_mm)[:, 0]
    return photons * (light.across.sum(axis=1) / light.across[middle].sum()).astype(np.float32)[:, None]
