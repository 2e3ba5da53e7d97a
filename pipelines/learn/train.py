"""Training: stages of steps, each the same in every run, and gone on with bit for bit after an interruption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from pipelines.learn.adapt import adapt
from pipelines.learn.batches import Batches
from pipelines.learn.course import CHECKPOINT, Course, check_same, optimiser_of
from pipelines.learn.examples import Examples, opened
from pipelines.learn.metrics import dice
from pipelines.learn.model import ABOUT, opinions, read_about, read_weights, save
from pipelines.learn.opened import Opened
from pipelines.learn.place import Place, here
from pipelines.learn.pseudo import Labels, labelled, pseudo_labels
from pipelines.learn.recipe import Stage, Training
from pipelines.learn.schedule import rate
from pipelines.learn.tensors import read_tensors, write_tensors
from pipelines.progress import Progress
from simdata.errors import RecipeError
from simdata.streams import Streams

SAVED_S = 60.0
"""Between two checkpoints."""
LOGGED = 200
"""Losses in the history: means of as many pieces of equal length."""


@dataclass(frozen=True)
class Trained:
    """folder: of the model. steps: that were done.

    history: {"step", "loss"}, means of pieces of equal length that end there. looks: {"step", "stage", "dice"} of the
    validation images.
    """

    folder: Path
    steps: int
    seconds: float
    history: tuple[Mapping[str, Any], ...]
    looks: tuple[Mapping[str, Any], ...]


def train(
    training: Training, folder: str | Path, progress: Progress = lambda done, wanted: None, saved_s: float = SAVED_S
) -> Trained:
    """Makes the model that a recipe describes, in a folder that is new or has begun with it.

    Ended or killed at any moment, it goes on from its last checkpoint, at most `saved_s` earlier, to the same bytes:
    on one kind of machine, with the same versions and the same number of torch's threads. Raises RecipeError,
    DatasetError.
    """
    out = Path(folder)
    if (out / ABOUT).exists():
        about = read_about(out)
        check_same(about.get("training"), training, out)
        return Trained(out, about["steps"], about["seconds"], tuple(about["history"]), tuple(about["looks"]))
    out.mkdir(parents=True, exist_ok=True)
    with here() as place:
        return _Run(training, out, place, progress, saved_s).to_the_end()


class _Run:
    """One process of a training, from its last checkpoint to the model."""

    def __init__(self, training: Training, folder: Path, place: Place, progress: Progress, saved_s: float) -> None:
        if place.ranks > training.batch:
            raise RecipeError(
                f"batch: found {training.batch} patches for {place.ranks} processes; one for each would do"
            )
        self.training, self.folder, self.place = training, folder, place
        self.progress, self.saved_s = progress, saved_s
        self.examples = opened(training)
        self.channels = len(next(iter(self.examples.values()))[0].image)
        seed(Streams(training.seed)["weights"])
        network = training.network(self.channels, len(training.classes) + 1, len(training.patch)).to(place.device)
        if training.start:
            read_weights(network, training.start)
        self.course = Course(network, optimiser_of(network, training.stages[0]))
        self.course.resume(folder, training)
        self.began, self.saved = perf_counter() - self.course.seconds, perf_counter()

    def to_the_end(self) -> Trained:
        stages, course = self.training.stages, self.course
        while course.stage < len(stages):
            self._stage(stages[course.stage])
            course.next_stage(self.training)
            self._save()
        if self.training.adapt:
            self._adapt(self.training.adapt.source, self.training.adapt.batches)
        of_loss, seconds = history(course.losses), self._seconds()
        if self.place.writes:
            told = {"steps": len(course.losses), "seconds": round(seconds, 1), "threads": torch.get_num_threads()}
            told |= {"device": self.place.device.type, "ranks": self.place.ranks, "history": of_loss}
            told |= {"looks": course.looks}
            save(self.folder, course.network.state_dict(), self.training, self.channels, told)
            for path in (self.folder / CHECKPOINT, *self.folder.glob("pseudo_*.safetensors")):
                path.unlink(missing_ok=True)
        return Trained(self.folder, len(course.losses), seconds, of_loss, tuple(course.looks))

    def _stage(self, stage: Stage) -> None:
        course, place = self.course, self.place
        first = sum(before.steps for before in self.training.stages[: course.stage])
        batches = Batches(self.training, self._labelled(stage))
        network = place.together(course.network)
        steps = range(course.step, first + stage.steps)
        for images, targets in batches.ahead(stage, steps, place.slots(self.training.batch)):
            if self.training.validation and course.waited >= self.training.validation.patience:
                break
            seed(Streams(self.training.seed, course.step)["torch"])
            for group in course.optimiser.param_groups:
                group["lr"] = rate(stage, course.step - first)
            network.train()
            course.optimiser.zero_grad()
            seen, asked = (torch.from_numpy(array).to(place.device) for array in (images, targets))
            with place.half():
                loss = self.training.network.cost(network, seen, asked, self.training.loss)
            loss.backward()
            course.optimiser.step()
            course.losses.append(self._checked(float(loss.detach())))
            course.step += 1
            self._look(course.step - first)
            if perf_counter() - self.saved >= self.saved_s:
                self._save()
            self.progress(course.step, self.training.steps)

    def _labelled(self, stage: Stage) -> Examples:
        """The examples of a stage; those without a label with one that the network gives them as it is now."""
        found = {name: self.examples[name] for name in stage.sources}
        return {
            name: examples if examples[0].label is not None else labelled(examples, self._pseudo(name, examples, stage))
            for name, examples in found.items()
        }

    def _pseudo(self, name: str, examples: Opened, stage: Stage) -> Labels:
        """Made once, at the beginning of a stage, and read again where the stage is gone on with."""
        number = self.course.stage
        if number == 0:
            raise RecipeError(f"stages[0]: '{name}' has no labels, and nothing is learnt yet; a later stage would do")
        path = self.folder / f"pseudo_{number}_{name}.safetensors"
        if not path.exists():
            labels = pseudo_labels(examples, self._says, stage.confidence)
            if not self.place.writes:
                return labels
            write_tensors(path, {f"{n:06d}": torch.from_numpy(label) for n, label in enumerate(labels)}, {})
        return [label.numpy() for _, label in sorted(read_tensors(path)[0].items())]

    def _look(self, done: int) -> None:
        """The mean Dice of the validation images, where it is time; the best weights are kept."""
        course, validation = self.course, self.training.validation
        if validation is None or done % validation.every:
            return
        score = self.place.agreed(self._score(self.examples[validation.source]))
        course.looks.append({"step": len(course.losses), "stage": course.stage, "dice": score})
        if course.score is None or score > course.score:
            course.score, course.waited = score, 0
            course.best = {name: value.clone() for name, value in course.network.state_dict().items()}
        else:
            course.waited += 1

    def _score(self, examples: Opened) -> float:
        classes = range(1, len(self.training.classes) + 1)
        found = [(self._says(example.image).argmax(axis=0), example.known()) for example in examples]
        return float(np.mean([dice(said == n, true == n) for said, true in found for n in classes]))

    def _says(self, image: np.ndarray) -> np.ndarray:
        return opinions(self.course.network, image, self.training, self.place.device).mean(axis=0)

    def _adapt(self, name: str, count: int) -> None:
        unlabelled = self.examples[name]
        empty = labelled(unlabelled, [np.zeros(example.shape, np.uint8) for example in unlabelled])
        plain = Batches(replace(self.training, augment=(), mix=()), {name: empty})
        stage, slots = Stage(sources={name: 1.0}, steps=count), range(self.training.batch)
        first = self.training.steps
        batches = plain.ahead(stage, range(first, first + count), slots)
        adapt(self.course.network, (torch.from_numpy(images).to(self.place.device) for images, _ in batches))

    def _checked(self, loss: float) -> float:
        if not np.isfinite(loss):
            stage = self.training.stages[self.course.stage]
            raise RecipeError(
                f"stages[{self.course.stage}]: the loss is {loss} at a rate of {stage.rate:g}; less would do"
            )
        return loss

    def _save(self) -> None:
        self.course.seconds = self._seconds()
        if self.place.writes:
            self.course.save(self.folder, self.training)
        self.saved = perf_counter()

    def _seconds(self) -> float:
        return perf_counter() - self.began


def history(losses: Sequence[float]) -> tuple[Mapping[str, Any], ...]:
    """{"step", "loss"}: means of pieces of equal length that end there."""
    pieces = np.array_split(np.array(losses), min(LOGGED, len(losses)))
    ends = np.cumsum([len(piece) for piece in pieces])
    return tuple({"step": int(end), "loss": float(piece.mean())} for end, piece in zip(ends, pieces, strict=True))


def seed(streams: Streams) -> None:
    """torch's own numbers, of weights and of dropout, by name as all others."""
    torch.manual_seed(int(streams.generator.integers(2**63)))
