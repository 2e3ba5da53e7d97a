"""A bolus of contrast agent: when it comes to every vessel, and how much of it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float64
from numpy import ndarray
from scipy.special import gammainc

from simdata import Part, RecipeError, SceneError, Vessels

MM3_PER_ML = 1000


@dataclass(frozen=True, kw_only=True)
class Bolus(Part):
    """An injection into the large end of a bed of arteries.

    agent_mg_ml: iodine of the agent. rate_ml_s, volume_ml: how fast, how much in all. start_s: after the first frame.
    trees: which trees of the bed it flows into, by number of their roots; all if none is named.
    The agent mixes with the blood that flows in, and is carried at the speed of the blood: a point is reached after
    the volume on the way over the flow. On the way it disperses to a gamma variate (Thompson et al. 1964, Circ Res
    14:502) with that time as its mean and `dispersion` times it as standard deviation, 0.3 to 0.5 in whole organs
    (memory). The agent does not change the flow.
    """

    agent_mg_ml: Annotated[float, Gt(0)] = 350.0
    rate_ml_s: Annotated[float, Gt(0)] = 3.0
    volume_ml: Annotated[float, Gt(0)] = 6.0
    start_s: Annotated[float, Ge(0)] = 0.2
    trees: tuple[Annotated[int, Ge(0)], ...] = ()
    dispersion: Annotated[float, Gt(0)] = 0.35

    @property
    def duration_s(self) -> float:
        """Of the injection."""
        return self.volume_ml / self.rate_ml_s

    def iodine_mg_ml(self, vessels: Vessels, t_s: Float64[ndarray, " t"]) -> Float64[ndarray, "segments t"]:
        """In the middle of every segment, in the order of `segments`. Raises SceneError where no flow is known."""
        arrival = arrival_s(vessels)
        above = vessels.parent[vessels.segments]
        mean = np.maximum((arrival[above] + arrival[vessels.segments]) / 2, 1e-6)[:, None]
        since = np.asarray(t_s) - self.start_s
        arrived = self._arrived(since, mean) - self._arrived(since - self.duration_s, mean)
        entered = self._entered(vessels)
        return entered[vessels.root[vessels.segments], None] * arrived

    def _arrived(self, since_s: Float64[ndarray, " t"], mean_s: Float64[ndarray, "segments 1"]) -> ndarray:
        """Share of what entered at time 0 that has come along by then."""
        shape, scale = self.dispersion**-2, mean_s * self.dispersion**2
        with np.errstate(invalid="ignore"):
            share = gammainc(shape, np.maximum(since_s, 0) / scale)
        return np.where(np.isfinite(mean_s), share, 0.0)

    def _entered(self, vessels: Vessels) -> Float64[ndarray, " n"]:
        """mg/ml at each root while the injection lasts, 0 at all other points."""
        roots = vessels.roots
        if self.trees and max(self.trees) >= len(roots):
            raise RecipeError(
                f"Bolus: found tree {max(self.trees)} in a bed of {len(roots)}; 0 to {len(roots) - 1} would do"
            )
        chosen = roots[list(self.trees)] if self.trees else roots
        first = np.isin(vessels.parent, chosen)
        blood = float(vessels.flow_mm3_s[first].sum()) / MM3_PER_ML
        entered = np.zeros(len(vessels))
        entered[chosen] = self.agent_mg_ml * self.rate_ml_s / (self.rate_ml_s + blood)
        return entered


def arrival_s(vessels: Vessels) -> Float64[ndarray, " n"]:
    """Seconds from the root to each point at the speed of the blood; infinite where it stands still.

    Raises SceneError if a segment's flow is not known.
    """
    segments = vessels.segments
    if unknown := int(np.isnan(vessels.flow_mm3_s[segments]).sum()):
        raise SceneError(
            f"Bolus: the flow of {unknown} of {len(segments)} segments is not known; a bed with flow would do"
        )
    volume = np.pi * vessels.radius_mm.astype(float) ** 2 * vessels.length_mm
    with np.errstate(divide="ignore", invalid="ignore"):
        transit = volume / np.abs(vessels.flow_mm3_s)
    arrival = np.zeros(len(vessels))
    for level in vessels.levels[1:]:
        arrival[level] = arrival[vessels.parent[level]] + np.where(np.isnan(transit[level]), np.inf, transit[level])
    return arrival
