"""What a training learns from: the examples of its sources, checked together."""

from collections.abc import Mapping
from dataclasses import replace

from pipelines.learn.example import Example
from pipelines.learn.opened import Opened
from pipelines.learn.recipe import Lessons, Training
from simdata.errors import DatasetError, RecipeError

ROOM_BYTES = 2 * 10**9
"""Of the examples of one source that are kept: 4000 pictures of 320 x 320."""

Examples = Mapping[str, Opened]


def opened(training: Lessons) -> Examples:
    """The examples of every source that is learnt from or looked at, by its name, with values between 0 and 1.

    Raises DatasetError, and RecipeError for sources that do not go together.
    """
    found = {
        source.label: _prepared(source.open(len(training.classes)), training)
        for source in training.sources
        if source.label in training.used
    }
    _check_channels(found)
    if isinstance(training, Training) and training.validation:
        learnt = {name for stage in training.stages for name in stage.sources}
        _check_apart(found, training.validation.source, learnt)
    return found


def _prepared(examples: Opened, training: Lessons) -> Opened:
    def read(number: int) -> Example:
        example = examples[number]
        if len(example.shape) != len(training.patch):
            there = f"{example.name} has {len(example.shape)} dimensions, the patch {len(training.patch)}"
            raise DatasetError(f"{there}; 'patch' with as many numbers would do")
        return replace(example, image=training.intensity(example.image))

    return Opened(examples.names, read, ROOM_BYTES)


def _check_channels(found: Examples) -> None:
    channels = {name: len(examples[0].image) for name, examples in found.items()}
    if len(set(channels.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in channels.items())
        raise RecipeError(f"sources: images have unequal numbers of channels: {told}; equal ones would do")


def _check_apart(found: Examples, validation: str, learnt: set[str]) -> None:
    """Raises RecipeError if a validation image is learnt from, too."""
    for name in sorted(learnt):
        if both := set(found[validation].names) & set(found[name].names):
            there = f"{min(both)} is in '{validation}' and in '{name}', which is learnt from"
            raise RecipeError(f"validation: {there}; other ids would do")
