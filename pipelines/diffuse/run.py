"""One process of a training of the networks that make images, from its last checkpoint to the model in its folder."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.utils import clip_grad_norm_

from pipelines.diffuse.lessons import Averaged
from pipelines.learn.batches import Batches
from pipelines.learn.course import CHECKPOINT, Course, optimiser_of
from pipelines.learn.examples import Examples
from pipelines.learn.model import save
from pipelines.learn.place import Place
from pipelines.learn.recipe import Stage
from pipelines.learn.schedule import rate
from pipelines.learn.train import history
from pipelines.progress import Progress
from simdata.errors import BackendError, RecipeError


@dataclass(frozen=True)
class Trained:
    """folder: of the model. steps: that were done. loss: the mean of the last of them."""

    folder: Path
    steps: int
    seconds: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """What is learnt. recipe: by whose stages. channels: of the images. network: what learns."""

    recipe: Averaged
    place: Place
    channels: int
    network: Module

    @abstractmethod
    def loss(
        self, network: Module, step: int, images: Tensor, labels: Tensor, chosen: Sequence[tuple[str, int]]
    ) -> Tensor:
        """How far off the network is, of the patches of a step that this process has, between 0 and 1.

        network: the task's own, with its gradients averaged over all processes. labels: (b, classes, *space), shares.
        chosen: source and number of the example that each is a patch of.
        """

    def finish(self, images: Tensor) -> None:  # noqa: B027 - most tasks have nothing left
        """What is left to do when all stages are done. images: a batch that was not learnt from."""


class Run:
    """A task's course. Its `best` is the moving average of the weights."""

    def __init__(self, task: Task, examples: Examples, folder: Path, progress: Progress, saved_s: float) -> None:
        self.task, self.recipe, self.place, self.examples = task, task.recipe, task.place, examples
        self.folder, self.progress, self.saved_s = folder, progress, saved_s
        self.course = Course(task.network, optimiser_of(task.network, self.recipe.stages[0]))
        self.course.resume(folder, self.recipe)
        self.course.best = {name: value.to(self.place.device) for name, value in self.course.best.items()}
        self.began, self.saved = perf_counter() - self.course.seconds, perf_counter()

    def to_the_end(self) -> Trained:
        course, recipe = self.course, self.recipe
        while course.stage < len(recipe.stages):
            self._stage(recipe.stages[course.stage])
            course.next_stage(recipe)
            self._save()
        images, _ = self._batches(recipe.stages[-1]).batch(recipe.stages[-1], recipe.steps, range(recipe.batch))
        self.task.finish(torch.from_numpy(images).to(self.place.device))
        seconds, of_loss = self._seconds(), history(course.losses)
        if self.place.writes:
            told = {"steps": len(course.losses), "seconds": round(seconds, 1), "threads": torch.get_num_threads()}
            told |= {"device": self.place.device.type, "ranks": self.place.ranks, "history": of_loss}
            save(self.folder, course.network.state_dict(), recipe, self.task.channels, told)
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return Trained(self.folder, len(course.losses), seconds, of_loss[-1]["loss"])

    def _stage(self, stage: Stage) -> None:
        course = self.course
        first = sum(before.steps for before in self.recipe.stages[: course.stage])
        network = self.place.together(course.network)
        for images, labels, chosen in self._ahead(stage, range(course.step, first + stage.steps)):
            network.train()
            course.optimiser.zero_grad()
            for group in course.optimiser.param_groups:
                group["lr"] = rate(stage, course.step - first)
            loss = self._loss(network, images, labels, chosen)
            said = self._checked(float(loss.detach()), stage)
            if perf_counter() - self.saved >= self.saved_s:
                self._save()  # before the step is done: these weights are known to be good
            loss.backward()
            clip_grad_norm_(network.parameters(), self.recipe.clip)
            course.optimiser.step()
            course.losses.append(said)
            course.step += 1
            course.best = self._averaged(course.step - first)
            self.progress(course.step, self.recipe.steps)

    def _batches(self, stage: Stage) -> Batches:
        return Batches(self.recipe, {name: self.examples[name] for name in stage.sources})

    def _ahead(self, stage: Stage, steps: range) -> Iterator[tuple[Tensor, Tensor, list[tuple[str, int]]]]:
        batches, slots = self._batches(stage), self.place.slots(self.recipe.batch)
        for step, (images, labels) in zip(steps, batches.ahead(stage, steps, slots), strict=True):
            chosen = [batches.chosen(stage, step, slot) for slot in slots]
            yield torch.from_numpy(images), torch.from_numpy(labels), chosen

    def _loss(self, network: Module, images: Tensor, labels: Tensor, chosen: list[tuple[str, int]]) -> Tensor:
        try:
            return self.task.loss(network, self.course.step, images, labels, chosen)
        except torch.OutOfMemoryError as reason:
            raise BackendError(
                f"a step does not fit on {self.place.device}: {reason}; {self._smaller()} would do"
            ) from reason

    def _smaller(self) -> str:
        if len(self.recipe.patch) == 2 and self.recipe.batch > self.place.ranks:
            return f"batch: {max(self.recipe.batch // 2, self.place.ranks)}, half as much,"
        step = self.recipe.step
        return f"patch: {[max(edge // 2 // step, 1) * step for edge in self.recipe.patch]}, half as long,"

    def _averaged(self, done: int) -> dict[str, Tensor]:
        """The average of the weights, which remembers little at first: what came before the first steps is noise."""
        now = {name: value.detach() for name, value in self.course.network.state_dict().items()}
        if not self.course.best:
            return {name: value.clone() for name, value in now.items()}
        kept = min(self.recipe.average, done / (done + 9))
        return {name: torch.lerp(now[name], value, kept) for name, value in self.course.best.items()}

    def _checked(self, loss: float, stage: Stage) -> float:
        if not np.isfinite(loss):
            kept = self.folder / CHECKPOINT
            found = f"stages[{self.course.stage}]: the loss of step {self.course.step} is {loss}"
            last = f"; {kept} is of a step before" if kept.exists() else ""
            raise RecipeError(f"{found} at a rate of {stage.rate:g}{last}; a lower rate would do")
        return loss

    def _save(self) -> None:
        self.course.seconds = self._seconds()
        if self.place.writes:
            self.course.save(self.folder, self.recipe)
        self.saved = perf_counter()

    def _seconds(self) -> float:
        return perf_counter() - self.began
