"""What a study found: means with intervals for every setting, what differs from the real arm, how it scales."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from pipelines.learn.statistics import Interval, Scaling, interval, scaling
from pipelines.learn.study.outcome import PLAIN, Outcome
from pipelines.learn.study.recipe import Demand, Study
from pipelines.learn.study.runs import Run, Setting, scaled, settings
from pipelines.learn.study.verdict import Verdict
from simdata.streams import Streams

SEED = 2025
"""Of bootstraps: the same outcomes give the same intervals."""
MEASURES = ("dice", "cldice")


@dataclass(frozen=True)
class Findings:
    """study: what was asked. outcomes: of every run of it."""

    study: Study
    outcomes: Mapping[Run, Outcome]

    @property
    def compared(self) -> tuple[Setting, ...]:
        """All settings but those of the scaling curve."""
        return tuple(setting for setting in settings(self.study) if not setting.synthetic)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The test images as they are, then what degraded them."""
        return (PLAIN, *(part.label for part in self.study.degrade))

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the test images."""
        return next(iter(self.outcomes.values())).images

    def table(self, setting: Setting, measure: str = "dice", under: str = PLAIN) -> Float[ndarray, "seeds images"]:
        """The scores of a setting."""
        found = [self.outcomes[Run(setting, seed)].scores[under] for seed in self.study.seeds]
        return np.array([getattr(one, measure) for one in found])

    def mean(self, setting: Setting, measure: str = "dice", under: str = PLAIN) -> Interval:
        """The mean of its scores, and what other images and seeds might have given."""
        return interval(self.table(setting, measure, under), _rng()).clipped(0, 1)

    def verdict(self, one: Setting, other: Setting, under: str = PLAIN) -> Verdict:
        """The difference of two settings on the same images and seeds."""
        paired = self.table(one, under=under) - self.table(other, under=under)
        return Verdict(one, other, interval(paired, _rng()), "" if under == PLAIN else under)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every arm against the real arm with as many real images; an arm with none against each of those."""
        return self.verdicts_under(PLAIN)

    def verdicts_under(self, under: str) -> tuple[Verdict, ...]:
        """The same comparisons on degraded images."""
        real = [setting for setting in self.compared if setting.arm == self.study.against]
        others = [setting for setting in self.compared if setting.arm != self.study.against]
        return tuple(self.verdict(one, other, under) for other in real for one in others if one.k in (0, other.k))

    @cached_property
    def scaling(self) -> Scaling | None:
        """The power law of 1 - Dice over the number of synthetic images; None without enough of them."""
        points = scaled(self.study)
        if not points:
            return None
        errors = 1 - np.stack([self.table(point) for point in points])
        return scaling([point.synthetic for point in points], errors, _rng())

    def unmet(self) -> tuple[str, ...]:
        """What the study demands and did not come out, a sentence each."""
        return tuple(filter(None, map(self._unmet, self.study.demands)))

    def plain(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        law = self.scaling
        return {
            "steps": self.study.steps,
            "seeds": list(self.study.seeds),
            "test_images": list(self.images),
            "settings": [self._setting(setting) for setting in settings(self.study)],
            "verdicts": [_told(one) for under in self.conditions for one in self.verdicts_under(under)],
            "scaling": None if law is None else _law(law),
            "unmet": list(self.unmet()),
            "seconds": sum(outcome.seconds for outcome in self.outcomes.values()),
        }

    def _unmet(self, demand: Demand) -> str:
        one, other = (
            Setting(name, demand.k if self.study.real in self.study.arm(name, "demands").sources else 0)
            for name in (demand.arm, demand.against)
        )
        found = self.verdict(one, other)
        return "" if found.difference.sign > 0 else f"demanded to be better: {found.sentence}"

    def _setting(self, setting: Setting) -> dict[str, Any]:
        runs = {seed: self.outcomes[Run(setting, seed)] for seed in self.study.seeds}
        return {
            "arm": setting.arm,
            "real_images": setting.k,
            "synthetic_images": setting.synthetic or None,
            "scores": {
                under: {measure: _interval(self.mean(setting, measure, under)) for measure in MEASURES}
                for under in self.conditions
            },
            "runs": [
                {"seed": seed, "learnt_from": list(run.learnt), "dice": list(run.scores[PLAIN].dice)}
                for seed, run in runs.items()
            ],
        }


def _rng():
    return Streams(SEED)["bootstrap"].generator


def _interval(one: Interval) -> dict[str, float]:
    return {"mean": one.mean, "low": one.low, "high": one.high}


def _told(one: Verdict) -> dict[str, Any]:
    return {
        "one": {"arm": one.one.arm, "real_images": one.one.k},
        "other": {"arm": one.other.arm, "real_images": one.other.k},
        "under": one.under or PLAIN,
        "difference": _interval(one.difference),
        "verdict": one.word,
    }


def _law(found: Scaling) -> dict[str, Any]:
    return {
        "error": "scale * n**-exponent + floor",
        "scale": found.law.scale,
        "exponent": _interval(found.exponent),
        "floor": _interval(found.floor),
        "misfit": found.misfit,
    }
