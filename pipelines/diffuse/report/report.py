"""What is said of a model's images: distances, diversity, memory and labels, each beside what it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from pipelines.build import describe
from pipelines.diffuse.model import Diffuser
from pipelines.diffuse.report.distances import frechet, kernel, precision, scaled
from pipelines.diffuse.report.diversity import likeness
from pipelines.diffuse.report.features import KINDS
from pipelines.diffuse.report.groups import BEFORE, FLOOR, MADE, REFERENCE, Groups, equally, groups
from pipelines.diffuse.report.memory import Seen, alarms, halved
from pipelines.diffuse.report.page import page
from pipelines.learn.evaluate import evaluate
from pipelines.learn.example import Example
from pipelines.learn.examples import opened
from pipelines.learn.model import Model, learning_versions
from pipelines.progress import Progress
from simdata.errors import DatasetError
from simdata.streams import Streams

ROUNDS = 5
"""Draws of patches, over which distances are averaged."""
LOOKED_FOR = 30
"""Made patches that are looked for in the training images, and as many unseen real ones."""
PLANTED = 10
LEARNT = 100
"""Training images that are looked into, at most."""
NOISE = 0.05
"""SD of what is added to a planted copy."""


@dataclass(frozen=True)
class Report:
    """html: a page that needs nothing from anywhere. figures: all numbers, for programs."""

    html: str
    figures: Mapping[str, Any]


def report(
    model: Diffuser,
    real: Sequence[Example],
    made: Sequence[Example] = (),
    before: Sequence[Example] = (),
    segmenter: Model | None = None,
    count: int = 96,
    seed: int = 0,
    progress: Progress = lambda done, wanted: None,
) -> Report:
    """Compares images with real ones that the model has not seen.

    made: images to judge, labelled for a segmenter; none for `count` patches that the model draws itself. before: what
    they were made from, if anything. Raises DatasetError for images that it has learnt from.
    """
    examples = opened(model.recipe)
    _check_unseen(real, [name for one in examples.values() for name in one.names])
    compared = groups(model, real, made, before, seed, count)
    figures = {
        "patch": list(model.recipe.patch),
        "patches": {name: len(patches) for name, patches in compared.of.items()},
        "compared": compared.fewest,
        "distances": distances(compared, seed),
        "diversity": {
            name: likeness(patches, Streams(seed)["pairs"].generator)
            for name, patches in compared.of.items()
            if name != REFERENCE
        },
        "memory": memory(model, compared, [example for one in examples.values() for example in one[:LEARNT]], progress),
        "labels": fidelity(segmenter, {MADE: made, BEFORE: before}) if segmenter else {},
        "sampler": describe(model.recipe.sampler),
        "versions": learning_versions(),
        "recipe": model.recipe.plain(),
    }
    return Report(page(figures, compared), figures)


def distances(compared: Groups, seed: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Kind of vector to group to measure to (mean, SD over draws), all of them from the reference."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for kind, vectors in KINDS.items():
        own = {name: vectors(patches) for name, patches in compared.of.items()}
        real = own.pop(REFERENCE)
        clouds = dict(zip((REFERENCE, *own), scaled(real, *own.values()), strict=True))
        rounds: dict[str, list[dict[str, float]]] = {}
        for turn in range(ROUNDS):
            drawn = equally(clouds, Streams(seed, turn)["patches"].generator)
            reference = drawn.pop(REFERENCE)
            for name, cloud in drawn.items():
                rounds.setdefault(name, []).append(
                    {
                        "frechet": frechet(reference, cloud),
                        "kernel": kernel(reference, cloud),
                        "precision": precision(cloud, reference),
                        "recall": precision(reference, cloud),
                    }
                )
        found[kind] = {
            name: {what: [float(f([one[what] for one in all])) for f in (np.mean, np.std)] for what in all[0]}
            for name, all in rounds.items()
        }
    return found


def memory(
    model: Diffuser, compared: Groups, learnt: Sequence[Example], progress: Progress = lambda done, wanted: None
) -> dict[str, Any]:
    """Shares of made patches, of unseen real ones and of planted copies that are taken for copies.

    Copies are planted to see that they are found: training patches from anywhere, mirrored, darkened, with noise.
    """
    patch = [edge // 2 for edge in model.recipe.patch]
    rng = Streams(0)["memory"].generator
    greys = [_grey(example.image) for example in learnt]
    greys = [grey for grey in greys if all(n >= edge for n, edge in zip(grey.shape, model.recipe.patch, strict=True))]
    if not greys:
        raise DatasetError("no training image is as large as a patch; without one nothing can be said of copies")
    seen = Seen([halved(grey) for grey in greys], patch)
    made, real = (_some(compared.of[name], rng) for name in (MADE, FLOOR))
    planted = [_planted(greys[int(rng.integers(len(greys)))], model.recipe.patch, rng) for _ in range(PLANTED)]
    half = len(real) // 2
    asked = [*made, *real[half:], *planted]
    said = alarms(seen, asked, real[:half], progress)
    of_made, of_real, of_planted = np.split(said, [len(made), len(made) + len(real) - half])
    return {
        "made": float(of_made.mean()),
        "unseen real": float(of_real.mean()),
        "planted copies": float(of_planted.mean()),
        "patches": {"made": len(made), "unseen real": len(of_real), "planted copies": PLANTED},
        "images": len(greys),
    }


def fidelity(segmenter: Model, images: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, float]]:
    """Group to class to the mean Dice of what a segmenter finds in its images against their labels."""
    classes = segmenter.training.classes
    return {
        name: dict(zip(classes, evaluate(segmenter.predict, examples, len(classes)).mean("dice"), strict=True))
        for name, examples in images.items()
        if examples and examples[0].label is not None
    }


def _grey(image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "..."]:
    return image.mean(axis=0)


def _some(patches: Float32[ndarray, "n c ..."], rng: np.random.Generator) -> list[Float32[ndarray, "..."]]:
    chosen = rng.permutation(len(patches))[:LOOKED_FOR]
    return [halved(_grey(patch)) for patch in patches[chosen]]


def _planted(grey: Float32[ndarray, "..."], patch: Sequence[int], rng: np.random.Generator) -> Float32[ndarray, "..."]:
    start = [int(rng.integers(n - edge + 1)) for n, edge in zip(grey.shape, patch, strict=True)]
    piece = grey[tuple(slice(a, a + edge) for a, edge in zip(start, patch, strict=True))]
    mirrored = np.flip(piece, tuple(axis for axis in range(piece.ndim) if rng.random() < 0.5))
    return halved((0.8 * mirrored + rng.normal(0, NOISE, piece.shape)).astype(np.float32))


def _check_unseen(real: Sequence[Example], learnt: Sequence[str]) -> None:
    if both := sorted({example.name for example in real} & set(learnt)):
        raise DatasetError(f"{both[0]}: the model has learnt from it; real images that it has not seen would do")
