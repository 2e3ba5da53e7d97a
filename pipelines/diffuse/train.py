"""Training: first the autoencoder, if there is one, then the network that takes noise out; gone on with bit for bit."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy import ndarray
from torch.nn import Module

from pipelines.diffuse.autoencode import Autoencoding
from pipelines.diffuse.denoise import Denoising
from pipelines.diffuse.facts import encoded, read
from pipelines.diffuse.latent import FOLDER, Encoding
from pipelines.diffuse.model import BY, space_of
from pipelines.diffuse.recipe import Diffusion
from pipelines.diffuse.run import Run, Trained
from pipelines.learn.course import check_same
from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.examples import Examples, opened
from pipelines.learn.model import ABOUT, WEIGHTS, read_about
from pipelines.learn.opened import Opened
from pipelines.learn.place import Place, here
from pipelines.learn.recipe import Lessons
from pipelines.learn.tensors import read_tensors
from pipelines.learn.train import SAVED_S, seed
from pipelines.progress import Progress
from simdata.errors import DatasetError, RecipeError
from simdata.streams import Streams


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
        return _done(recipe, out)
    out.mkdir(parents=True, exist_ok=True)
    with here() as place:
        if place.ranks > recipe.batch:
            raise RecipeError(f"batch: found {recipe.batch} patches for {place.ranks} processes; one for each would do")
        examples = {name: _told(found) for name, found in opened(recipe).items()}
        first = recipe.before.steps if recipe.before else 0
        whole = first + recipe.steps
        if recipe.before:
            _autoencoder(recipe.before, out / FOLDER, place, examples, lambda done, _: progress(done, whole), saved_s)
            place.agreed(0.0)  # the others wait until the first process has written it
        task = _denoising(recipe, out, place, examples)
        return Run(task, examples, out, lambda done, _: progress(first + done, whole), saved_s).to_the_end()


def begin_with(network: Module, folder: Path) -> None:
    """Gives a network the weights of a model in a folder, which may be a part of it. Raises DatasetError if not."""
    weights, own = read_tensors(folder / WEIGHTS)[0], network.state_dict()
    wrong = [name for name, value in weights.items() if name not in own or own[name].shape != value.shape]
    if wrong:
        found = f"{len(wrong)} of its {len(weights)} weights, such as {wrong[0]}, are not those of this network"
        raise DatasetError(f"start: {folder}: {found}; a model with the same network would do")
    network.load_state_dict(weights, strict=False)


def _done(recipe: Lessons, folder: Path) -> Trained:
    """What a folder with a whole model has. Raises DatasetError if it is of another recipe."""
    about = read_about(folder, BY)
    check_same(about.get("training"), recipe, folder)
    return Trained(folder, about["steps"], about["seconds"], about["history"][-1]["loss"])


def _autoencoder(
    lessons: Encoding, folder: Path, place: Place, examples: Examples, progress: Progress, saved_s: float
) -> None:
    """Trains the autoencoder of a recipe, unless that is done."""
    if (folder / ABOUT).exists():
        _done(lessons, folder)
        return
    folder.mkdir(exist_ok=True)
    seed(Streams(lessons.seed)["autoencoder"])
    channels = _channels(examples)
    network = lessons.latent(channels, len(lessons.patch)).to(place.device)
    task = Autoencoding(recipe=lessons, place=place, channels=channels, network=network)
    Run(task, examples, folder, progress, saved_s).to_the_end()


def _denoising(recipe: Diffusion, folder: Path, place: Place, examples: Examples) -> Denoising:
    """The task of the denoiser, with its first weights."""
    channels, dimensions = _channels(examples), len(recipe.patch)
    facts = {name: _facts(recipe, name, found.names) for name, found in examples.items()}
    space = space_of(recipe, channels, folder, place.device)
    seed(Streams(recipe.seed)["weights"])
    network = recipe.network(space.channels, recipe.conditions, dimensions).to(place.device)
    if recipe.start:
        begin_with(network, Path(recipe.start))
    return Denoising(recipe=recipe, place=place, channels=channels, network=network, space=space, facts=facts)


def _channels(examples: Examples) -> int:
    return len(next(iter(examples.values()))[0].image)


def _facts(recipe: Diffusion, name: str, examples: Sequence[str]) -> Sequence[ndarray]:
    """What is told of each example of a source; of none if there is no table of it."""
    file, none = recipe.tables.get(name), [{}] * len(examples)
    return [encoded(recipe.facts, told, file or name) for told in (read(file, examples) if file else none)]


def _told(examples: Opened) -> Opened:
    """The examples; one without a label says nothing of any pixel."""

    def read(number: int) -> Example:
        example = examples[number]
        nothing = np.full(example.shape, UNKNOWN, np.uint8)
        return replace(example, label=nothing if example.label is None else example.label)

    return Opened(examples.names, read)
