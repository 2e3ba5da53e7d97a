"""What every X-ray scanner measures: photons by channel and view, and what the blank beam would have left there."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.materials import Spectrum
from simdata import Raw, RecipeError


@dataclass(frozen=True, eq=False)
class Photons(Raw):
    """An X-ray measurement: data (channels, views, columns, rows) float32, photons of each channel's mean energy.

    blank: the same of a scan of air at the tube's mean output; `output`, relative to that, varies where the current
    is modulated. view_s: when each view is taken, s from the start of the scan. element_mm: width and height of an
    element on the detector. middle_to_detector_mm: from the middle of the patient to the detector, which tells how far
    scatter flies. focus_mm: from the middle of the detector to the focus: along the columns' axis, along the rows', and
    away from it. spectra: the beam as each channel weighs it. view_rad: from which side each view is taken, of a
    scanner that turns around the patient; one for all of another.
    """

    blank: Float32[ndarray, "channels 1 columns rows"]
    view_s: Float64[ndarray, " views"]
    element_mm: tuple[float, float]
    middle_to_detector_mm: float
    focus_mm: tuple[float, float, float]
    spectra: tuple[Spectrum, ...]
    output: Float64[ndarray, " outputs"] = field(default_factory=lambda: np.ones(1))
    view_rad: Float64[ndarray, " sides"] = field(default_factory=lambda: np.zeros(1))

    def air(self, views: slice) -> Float32[ndarray, "channels few columns rows"]:
        """What those views would count without a patient: as many as there are, or one that stands for all."""
        output = self.output[views] if len(self.output) > 1 else self.output
        return self.blank * output.astype(np.float32)[:, None, None]


def photons(raw: Raw, effect: str) -> Photons:
    """`raw`, which the effect of that name can change only if it is an X-ray measurement; RecipeError if it is not."""
    if not isinstance(raw, Photons):
        raise RecipeError(
            f"{effect}: found a measurement in '{raw.unit}'; one of an X-ray scanner's, in photons, would do"
        )
    return raw
