"""The work of a study: every run trained and scored once, and what is finished kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.learn.evaluate import Predict, evaluate
from pipelines.learn.example import Example
from pipelines.learn.recipe import Training
from pipelines.learn.study.apart import check_apart
from pipelines.learn.study.degrade import degraded
from pipelines.learn.study.outcome import PLAIN, Outcome, Scored, keep, kept, mean, tested_on
from pipelines.learn.study.recipe import Study
from pipelines.learn.study.runs import Run, runs, training_of
from pipelines.progress import Progress

ARMS = "arms"
"""The folder of all runs in that of a study."""


def work(study: Study, folder: Path, progress: Progress, plugins: tuple[str, ...] = ()) -> Mapping[Run, Outcome]:
    """Trains and scores every run of the study under `folder`, but for those that are finished.

    progress is told of optimiser steps. A run that was interrupted goes on from its checkpoint. Raises RecipeError if
    an arm could learn from a test image, or wants more images than there are; DatasetError if images cannot be read, or
    a folder holds another training.
    """
    planned = {run: training_of(study, run, plugins) for run in runs(study)}
    tests = _tests(study, planned)
    tested, total, done = tested_on(study), study.steps * len(planned), 0
    found: dict[Run, Outcome] = {}
    for run, training in planned.items():
        place = folder / ARMS / run.place
        _train(training, place, _counting(progress, done, total))
        outcome = kept(place, tested)
        if outcome is None:
            outcome = _outcome(study, training, place, tests, plugins)
            keep(outcome, place, tested)
        found[run], done = outcome, done + study.steps
        progress(done, total)
    return found


def scored(predict: Predict, examples: Sequence[Example], classes: int) -> Scored:
    """Dice and clDice of every example, the mean over its classes."""
    found = evaluate(predict, examples, classes).scores
    return Scored(tuple(mean(one.dice) for one in found), tuple(mean(one.cldice) for one in found))


def test_images(study: Study) -> list[Example]:
    """The images that all arms are tested on."""
    return list(study.test.open(len(study.training["classes"])))


def _outcome(
    study: Study, training: Training, place: Path, tests: Mapping[str, Sequence[Example]], plugins: tuple[str, ...]
) -> Outcome:
    """The scores of a run that is trained."""
    from pipelines.learn.model import load

    model = load(place, plugins)
    return Outcome(
        learnt=tuple(sorted(_learnt(study, training))),
        images=tuple(example.name for example in tests[PLAIN]),
        scores={name: scored(model.predict, examples, len(training.classes)) for name, examples in tests.items()},
        curve=tuple((entry["step"], entry["loss"]) for entry in model.about["history"] if "loss" in entry),
        seconds=model.about["seconds"],
    )


def _train(training: Training, place: Path, progress: Progress) -> None:
    """Trains one run, or goes on with it; nothing if it is trained."""
    from pipelines.learn.train import train

    train(training, place, progress)


def _tests(study: Study, planned: Mapping[Run, Training]) -> Mapping[str, Sequence[Example]]:
    """The test images as they are, and under each degradation. Raises RecipeError if a run could see one of them."""
    plain = test_images(study)
    for run, training in planned.items():
        check_apart(training, [example.name for example in plain], run.place)
    return {PLAIN: plain} | {part.label: degraded(plain, part) for part in study.degrade}


def _learnt(study: Study, training: Training) -> set[str]:
    """The names of the real images that a run learns from."""
    real = (source for source in training.sources if source.label == study.real)
    return {name for source in real for name in source.open(len(training.classes)).names}


def _counting(progress: Progress, before: int, total: int) -> Progress:
    return lambda step, _: progress(before + step, total)
