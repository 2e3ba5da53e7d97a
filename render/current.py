"""The tube's current over a scan: steady, or modulated after what the patient lets through."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray

from simdata import Part


@dataclass(frozen=True, kw_only=True)
class Current(Part, ABC):
    """How the mAs of a scan spread over its views."""

    @abstractmethod
    def output(self, transmission: Float32[ndarray, "views columns"]) -> Float64[ndarray, " views"]:
        """Of each view, relative to the mean; transmission: share of the photons behind the patient."""


@dataclass(frozen=True, kw_only=True)
class Steady(Current):
    """The same in every view."""

    def output(self, transmission: Float32[ndarray, "views columns"]) -> Float64[ndarray, " views"]:
        return np.ones(1)


@dataclass(frozen=True, kw_only=True)
class Modulated(Current):
    """Automatic exposure control: more where the patient is thicker, at the same mAs in all.

    The current follows (1 / transmission along the thickest ray) ^ strength; a half gives the least noise for a dose
    (Gies et al. 1999, Med Phys 26:2235). It stays within least ... most of its mean, as the generator does.
    """

    strength: Annotated[float, Ge(0), Le(1)] = 0.5
    least: Annotated[float, Gt(0), Le(1)] = 0.2
    most: Annotated[float, Ge(1)] = 3.0

    def output(self, transmission: Float32[ndarray, "views columns"]) -> Float64[ndarray, " views"]:
        thickest = np.maximum(transmission.min(axis=1).astype(float), np.finfo(np.float32).tiny)
        wanted = thickest**-self.strength
        output = np.clip(wanted / wanted.mean(), self.least, self.most)
        return output / output.mean()
