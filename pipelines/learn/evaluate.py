"""How well a model, or anything else that labels images, agrees with people: Dice and clDice of every image."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.metrics import cldice, dice
from pipelines.learn.statistics import Interval, interval
from pipelines.progress import Progress
from simdata.errors import DatasetError
from simdata.streams import Streams

Predict = Callable[[Float32[ndarray, "c ..."]], UInt8[ndarray, "..."]]
MEASURES = {"dice": dice, "cldice": cldice}


@dataclass(frozen=True)
class Score:
    """One image. name: its file. dice, cldice: of each class in its order; 1 where neither has it."""

    name: str
    dice: tuple[float, ...]
    cldice: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """The scores of some images, in their order."""

    scores: tuple[Score, ...]

    def table(self, measure: str) -> Float[ndarray, "images classes"]:
        """The scores by "dice" or "cldice"."""
        return np.array([getattr(score, measure) for score in self.scores])

    def mean(self, measure: str) -> tuple[float, ...]:
        """The mean over images, for each class."""
        return tuple(self.table(measure).mean(axis=0).tolist())

    def interval(self, measure: str) -> tuple[Interval, ...]:
        """Of each class the mean, and between what it would lie with 95 % of other such images (bootstrap)."""
        return tuple(interval(of_class[None], Streams(0)[measure].generator) for of_class in self.table(measure).T)

    def told(self, classes: Sequence[str]) -> str:
        """For a reader: the means and their intervals, a line for each class."""
        rows = zip(classes, self.interval("dice"), self.interval("cldice"), strict=True)
        lines = [f"{name}: Dice {_told(area)}, clDice {_told(line)}" for name, area, line in rows]
        return "\n".join([f"{len(self.scores)} images", *lines])

    def plain(self, classes: Sequence[str]) -> dict[str, Any]:
        """As a plain tree, with the names of the classes."""
        named = partial(zip, classes, strict=True)
        return {
            "images": [
                {"name": PurePath(score.name).name, **{of: dict(named(getattr(score, of))) for of in MEASURES}}
                for score in self.scores
            ],
            "mean": {of: dict(named(self.mean(of))) for of in MEASURES},
            "interval_95": {of: {name: [i.low, i.high] for name, i in named(self.interval(of))} for of in MEASURES},
        }


def evaluate(
    predict: Predict,
    examples: Sequence[Example],
    classes: int = 1,
    progress: Progress = lambda done, wanted: None,
) -> Evaluation:
    """Scores what `predict` makes of every example, as `Model.predict` does. What is unknown counts for nothing."""
    return Evaluation(tuple(score for score, _, _ in seen(predict, examples, classes, progress)))


def seen(
    predict: Predict,
    examples: Sequence[Example],
    classes: int = 1,
    progress: Progress = lambda done, wanted: None,
) -> Iterator[tuple[Score, Example, UInt8[ndarray, "..."]]]:
    """As `evaluate`, image by image, with its example and what was found. Raises DatasetError for a wrong shape."""
    for done, example in enumerate(examples, 1):
        found, true = predict(example.image), example.known()
        if found.shape != true.shape:
            raise DatasetError(f"{example.name}: found {found.shape} for a label of {true.shape}; equal sizes would do")
        found = np.where(true == UNKNOWN, np.uint8(UNKNOWN), found)
        by = {of: tuple(by(found == n, true == n) for n in range(1, classes + 1)) for of, by in MEASURES.items()}
        yield Score(example.name, **by), example, found
        progress(done, len(examples))


def _told(found: Interval) -> str:
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"
