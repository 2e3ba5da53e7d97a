"""Training: noise is put into patches and the network says what it was; gone on with bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_

from pipelines.diffuse.facts import encoded, read
from pipelines.diffuse.model import BY
from pipelines.diffuse.recipe import Diffusion
from pipelines.learn.batches import Batches
from pipelines.learn.course import CHECKPOINT, Course, check_same, optimiser_of
from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.examples import opened
from pipelines.learn.model import ABOUT, WEIGHTS, read_about, save
from pipelines.learn.opened import Opened
from pipelines.learn.place import Place, here
from pipelines.learn.recipe import Stage
from pipelines.learn.schedule import rate
from pipelines.learn.tensors import read_tensors
from pipelines.learn.train import SAVED_S, history, seed
from pipelines.progress import Progress
from simdata.errors import BackendError, DatasetError, RecipeError
from simdata.streams import Streams


@dataclass(frozen=True)
class Trained:
    """folder: of the model. steps: that were done. loss: the mean of the last of them."""

    folder: Path
    steps: int
    seconds: float
    loss: float


def train(
    recipe: Diffusion, folder: str | Path, progress: Progress = lambda done, wanted: None, saved_s: float = SAVED_S
) -> Trained:
    """Makes the model that a recipe describes, in a folder that is new or has begun with it.

    Ended or killed at any moment, it goes on from its last checkpoint, as `simdata learn` does. A loss that is no
    number ends it with RecipeError; the last checkpoint is of a step before, whose loss was one. Raises DatasetError,
    BackendError if a step does not fit into the memory of the GPU.
    """
    out = Path(folder)
    if (out / ABOUT).exists():
        about = read_about(out, BY)
        check_same(about.get("training"), recipe, out)
        return Trained(out, about["steps"], about["seconds"], about["history"][-1]["loss"])
    out.mkdir(parents=True, exist_ok=True)
    with here() as place:
        return _Run(recipe, out, place, progress, saved_s).to_the_end()


class _Run:
    """One process of a training. The course's `best` is the moving average of the weights."""

    def __init__(self, recipe: Diffusion, folder: Path, place: Place, progress: Progress, saved_s: float) -> None:
        if place.ranks > recipe.batch:
            raise RecipeError(f"batch: found {recipe.batch} patches for {place.ranks} processes; one for each would do")
        self.recipe, self.folder, self.place = recipe, folder, place
        self.progress, self.saved_s = progress, saved_s
        self.examples = {name: _told(examples) for name, examples in opened(recipe).items()}
        self.facts = {name: self._facts(name, examples.names) for name, examples in self.examples.items()}
        self.channels = len(next(iter(self.examples.values()))[0].image)
        seed(Streams(recipe.seed)["weights"])
        network = recipe.network(self.channels, recipe.conditions, len(recipe.patch)).to(place.device)
        if recipe.start:
            begin_with(network, Path(recipe.start))
        self.course = Course(network, optimiser_of(network, recipe.stages[0]))
        self.course.resume(folder, recipe)
        self.course.best = {name: value.to(place.device) for name, value in self.course.best.items()}
        self.began, self.saved = perf_counter() - self.course.seconds, perf_counter()

    def to_the_end(self) -> Trained:
        course = self.course
        while course.stage < len(self.recipe.stages):
            self._stage(self.recipe.stages[course.stage])
            course.next_stage(self.recipe)
            self._save()
        seconds, of_loss = self._seconds(), history(course.losses)
        if self.place.writes:
            told = {"steps": len(course.losses), "seconds": round(seconds, 1), "threads": torch.get_num_threads()}
            told |= {"device": self.place.device.type, "ranks": self.place.ranks, "history": of_loss}
            save(self.folder, course.network.state_dict(), self.recipe, self.channels, told)
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return Trained(self.folder, len(course.losses), seconds, of_loss[-1]["loss"])

    def _stage(self, stage: Stage) -> None:
        course, place = self.course, self.place
        first = sum(before.steps for before in self.recipe.stages[: course.stage])
        network = place.together(course.network)
        batches = Batches(self.recipe, {name: self.examples[name] for name in stage.sources})
        steps, slots = range(course.step, first + stage.steps), place.slots(self.recipe.batch)
        for images, labels in batches.ahead(stage, steps, slots):
            network.train()
            course.optimiser.zero_grad()
            for group in course.optimiser.param_groups:
                group["lr"] = rate(stage, course.step - first)
            facts = np.stack([self._fact(*batches.chosen(stage, course.step, slot)) for slot in slots])
            loss = self._loss(network, *map(torch.from_numpy, (images, labels, facts)))
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

    def _facts(self, name: str, examples: Sequence[str]) -> Sequence[ndarray]:
        """What is told of each example of a source; of none if there is no table of it."""
        file, none = self.recipe.tables.get(name), [{}] * len(examples)
        return [encoded(self.recipe.facts, told, file or name) for told in (read(file, examples) if file else none)]

    def _fact(self, name: str, number: int) -> ndarray:
        return self.facts[name][number]

    def _loss(self, network: torch.nn.Module, images: Tensor, labels: Tensor, facts: Tensor) -> Tensor:
        """How far off what the network says is, of a batch of patches between 0 and 1.

        Of a share of them nothing is told; of as many, drawn anew for each, neither the labels, nor one of the facts.
        Random numbers are those of the whole batch, of which this process has some patches.
        """
        process, place = self.recipe.process, self.place
        slots = list(place.slots(self.recipe.batch))
        seed(Streams(self.recipe.seed, self.course.step)["torch"])
        whole = torch.empty(self.recipe.batch, *images.shape[1:])
        times, noise = process.times(whole)[slots], torch.randn_like(whole)[slots]
        kinds = [self.recipe.labels, *(fact.width for fact in self.recipe.facts)]
        each = torch.rand(self.recipe.batch, 1 + len(kinds))[slots] >= self.recipe.dropped
        told = (each[:, :1] & each[:, 1:] if self.recipe.facts else each[:, :1]).repeat_interleave(
            torch.tensor(kinds), dim=1
        )

        flat = [1] * (labels.ndim - 2)
        everywhere = facts.reshape(*facts.shape, *flat).expand(-1, -1, *labels.shape[2:])
        condition = torch.cat([labels[:, : self.recipe.labels], everywhere], dim=1) * told.reshape(*told.shape, *flat)
        clean, noise, times = ((2 * images - 1).to(place.device), noise.to(place.device), times.to(place.device))
        try:
            with place.half():
                found = network(process.noisy(clean, noise, times), times, condition.to(place.device))
            return mse_loss(found.float(), process.target(clean, noise, times))
        except torch.OutOfMemoryError as reason:
            raise BackendError(
                f"a step does not fit on {place.device}: {reason}; {self._smaller()} would do"
            ) from reason

    def _smaller(self) -> str:
        if len(self.recipe.patch) == 2 and self.recipe.batch > self.place.ranks:
            return f"batch: {max(self.recipe.batch // 2, self.place.ranks)}, half as much,"
        step = self.recipe.network.step
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


def begin_with(network: torch.nn.Module, folder: Path) -> None:
    """Gives a network the weights of a model in a folder, which may be a part of it. Raises DatasetError if not."""
    weights, own = read_tensors(folder / WEIGHTS)[0], network.state_dict()
    wrong = [name for name, value in weights.items() if name not in own or own[name].shape != value.shape]
    if wrong:
        found = f"{len(wrong)} of its {len(weights)} weights, such as {wrong[0]}, are not those of this network"
        raise DatasetError(f"start: {folder}: {found}; a model with the same network would do")
    network.load_state_dict(weights, strict=False)


def _told(examples: Opened) -> Opened:
    """The examples; one without a label says nothing of any pixel."""

    def read(number: int) -> Example:
        example = examples[number]
        nothing = np.full(example.shape, UNKNOWN, np.uint8)
        return replace(example, label=nothing if example.label is None else example.label)

    return Opened(examples.names, read)
