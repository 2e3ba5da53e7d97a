"""4D export by amplitude: a moving patient sorted by how deep his breath is, in and out apart, as 4D-CT does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray

from pipelines.sinks.folder import FolderSink, unfit
from pipelines.sinks.phases import write_phases
from simdata.motion import Still
from simdata.sample import Sample

STEP_S = 0.02
"""How often the trace is looked at."""
OUTLIERS = 0.02
"""Share of the time at either end whose amplitudes belong to the outermost bins: sighs and hiccups widen no bin."""


class Bin(NamedTuple):
    """A range of amplitudes on the way in or out, what share of the time it takes, and the time that stands for it."""

    way: str
    low: float
    high: float
    share: float
    t_s: float
    amplitude: float


@dataclass(frozen=True, kw_only=True)
class Amplitudes(FolderSink):
    """Files as of `Phases`, one phase for each bin of amplitude: in from the shallowest to the deepest, then out again.

    Breaths of another depth or length fall into the same bin where they look the same, as Wink et al. 2006 (Med Phys
    33:2116, from memory) bin 4D-CT; phases of a cycle do not. bins: of the amplitude, on either way. of: the number of
    the motion's state that is the trace. From `first_s` on over one period, or over `lasting_s`. A patient who
    holds still has one bin. One that no time falls into is left out; NNNNNN_amplitudes.json tells of each its way,
    range, share of the time, and the time that stands for it: the one whose amplitude is nearest to the bin's mean.
    """

    bins: Annotated[int, Ge(1), Le(100)] = 5
    of: str = "diaphragm_down_mm"
    first_s: float = 0.0
    lasting_s: Annotated[float, Gt(0)] | None = None
    fields: tuple[Literal["labels", "forward", "back"], ...] = ("labels", "forward", "back")

    def binned(self, sample: Sample) -> list[Bin]:
        """The bins of one sample."""
        motion = sample.scene.motion
        if isinstance(motion, Still):
            return [Bin("in", 0.0, 0.0, 1.0, self.first_s, 0.0)]
        if self.of not in motion.state(self.first_s):
            raise unfit(sample, f"its motion tells no {self.of}", f"--set of=NAME ({', '.join(motion.state(0.0))})")
        lasting_s = self.lasting_s or motion.period_s
        if not lasting_s:
            raise unfit(sample, "its motion does not repeat", "--set lasting_s=SECONDS")
        times_s = self.first_s + np.arange(0, lasting_s, STEP_S)
        deeper, here = (np.array([motion.state(float(t))[self.of] for t in times_s + later]) for later in (1e-3, 0.0))
        return _bins(times_s, here, deeper >= here, self.bins)

    def write(self, index: int, sample: Sample) -> None:
        bins = self.binned(sample)
        write_phases(self, index, sample, [one.t_s for one in bins], self.fields, 0.0)
        told = [{**one._asdict(), **sample.scene.motion.state(one.t_s)} for one in bins]
        self.put_json(f"{index:06d}_amplitudes.json", {"of": self.of, "bins": told})

    def finish(self, written: Sequence[Any]) -> None:
        if self.labels:
            self.put_json("labels.json", self.numbers)


def _bins(times_s: Float[ndarray, " n"], amplitude: Float[ndarray, " n"], rises: ndarray, count: int) -> list[Bin]:
    """In, then out; what is equal to an edge belongs to the bin above it."""
    low, high = np.quantile(amplitude, (OUTLIERS, 1 - OUTLIERS)).tolist()
    edges = np.linspace(low, high, count + 1)
    number = np.clip(np.searchsorted(edges, amplitude, side="right") - 1, 0, count - 1)
    found = []
    for way, on_way, order in (("in", rises, range(count)), ("out", ~rises, reversed(range(count)))):
        for n in order:
            own = np.flatnonzero(on_way & (number == n))
            if len(own):
                mean = float(amplitude[own].mean())
                at = own[np.abs(amplitude[own] - mean).argmin()]
                low, high, share = float(edges[n]), float(edges[n + 1]), len(own) / len(times_s)
                found.append(Bin(way, low, high, share, round(float(times_s[at]), 9), float(amplitude[at])))
    return found
