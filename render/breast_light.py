"""What a mammography unit's detector receives: of its beam in air, and behind a breast, energy by energy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.attenuation import Beam, attenuation
from render.breast_stand import BreastStand
from render.detector import Channel, Detector
from render.exposure import air_kerma_ugy, sparse
from render.illumination import TUBE_TABLE_MM
from render.kernels.detect import detect
from render.materials import Spectrum, binned, per_mm, spectrum
from render.tube import Tube
from render.units import MM_PER_CM
from render.views import Views
from simdata import RecipeError

FEWEST = 1e-30
"""Photons of a row that lies behind the face of the anode, where there are none."""


@dataclass(frozen=True, eq=False)
class BreastLight:
    """A tube, at a voltage, over a stand with its detector. The middle ray lies at the chest wall, the anode beyond."""

    tube: Tube
    kvp: float
    stand: BreastStand
    detector: Detector

    @cached_property
    def beam(self) -> Beam:
        """The middle ray, behind the paddle."""
        sent = self.tube.beam(self.kvp)
        energy_kev, photons = sent.energy_kev[sent.lit], sent.photons_mm2_mas[sent.lit]
        per_mm = attenuation("pmma", energy_kev) / MM_PER_CM
        return Beam(energy_kev, photons * np.exp(-per_mm * self.stand.paddle_mm))

    @cached_property
    def channel(self) -> Channel:
        """The detector's one signal. Raises RecipeError if it has several."""
        channel, *others = self.detector.channels(self.beam)
        if others:
            raise RecipeError(
                f"Mammography.detector: found {type(self.detector).__name__} with {1 + len(others)} signals; one with "
                "a single signal, such as EnergyIntegrating(), would do"
            )
        return channel

    @cached_property
    def spectrum(self) -> Spectrum:
        """The middle ray as the detector weighs it, in few bins."""
        photons = self.channel.photons_mm2_mas
        return binned(replace(spectrum(self.beam), signal=photons / photons.sum()))

    @cached_property
    def heel(self) -> Float64[ndarray, "rows e"]:
        """Of each energy, what the rows receive in parts of the middle ray."""
        out_mm = self.stand.pixel_mm * (np.arange(self.stand.rows) + 0.5)
        sent = self.tube.heel(self.kvp, np.arctan2(out_mm, self.stand.source_to_detector_mm))
        return sent[:, self.tube.beam(self.kvp).lit]

    def foci(self, views: Views, top_mm: float) -> list[Views]:
        """`views` from places all over the focal spot: so many that none moves what lies so high by a pixel."""
        away = self.stand.source_to_detector_mm
        spot_mm = self.tube.focal_spot_mm
        return views.over_spot(spot_mm, np.array(spot_mm) * top_mm / (away - top_mm) / self.stand.pixel_mm)

    def thinned(self, views: Views) -> Float64[ndarray, "views columns rows"]:
        """Photons at each element for one a metre away: by the distance squared, and by the slant of the ray."""
        way = self.stand.slant(views)
        return TUBE_TABLE_MM**2 * -way[..., 1] / np.linalg.norm(way, axis=-1) ** 3

    def blank(self, views: Views) -> Float32[ndarray, "views columns rows"]:
        """Photons at each element and mAs in air."""
        along = self.heel @ self.channel.photons_mm2_mas
        return (self.stand.pixel_mm**2 * self.thinned(views) * along).astype(np.float32)

    def behind(
        self, path: Float32[ndarray, "views columns rows m"], materials: Sequence[int]
    ) -> Float32[ndarray, "views columns rows"]:
        """Share of `blank` left behind so much of the materials, g/cm3 times mm. Beer-Lambert, energy by energy."""
        photons = self.channel.photons_mm2_mas
        along = self.heel / np.maximum(self.heel @ photons, FEWEST)[:, None]
        across = np.tile(photons, (path.shape[1], 1))
        return detect(np.ascontiguousarray(path), across, along, per_mm(materials, self.channel.energy_kev))

    def kerma_ugy(
        self, path: Float32[ndarray, "columns rows m"], materials: Sequence[int], views: Views
    ) -> Float64[ndarray, "fewer_columns fewer_rows"]:
        """Air kerma by mAs over the detector, behind so much of the materials, in the first view."""
        every = sparse(path.shape)
        left = np.exp(-path[every].astype(float) @ per_mm(materials, self.beam.energy_kev)) * self.heel[every[1]]
        return air_kerma_ugy(left * self.beam.photons_mm2_mas, self.beam.energy_kev) * self.thinned(views)[0][every]
