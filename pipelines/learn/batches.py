"""Batches of patches: number n is always the same, whoever makes it and whatever came before."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.example import REST, UNKNOWN, Example
from pipelines.learn.examples import Examples
from pipelines.learn.recipe import Lessons, Stage
from simdata.streams import Streams

AHEAD = 2
"""Batches that are made while the network learns from one."""

Batch = tuple[Float32[ndarray, "b c ..."], Float32[ndarray, "b classes ..."]]


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a training. examples: those of each source by its name, 0 to 1, and labelled."""

    training: Lessons
    examples: Examples

    def batch(self, stage: Stage, step: int, slots: Sequence[int]) -> Batch:
        """Images (b, c, *patch) and targets (b, classes, *patch) of some places of the batch of a step."""
        drawn = [self._patch(stage, step, slot) for slot in slots]
        images = np.stack([image for image, _ in drawn])
        targets = np.stack([shares(label, len(self.training.classes) + 1) for _, label in drawn])
        for mixing in self.training.mix:
            images, targets = mixing(images, targets, self._streams(step)["mix"][mixing.label].generator)
        return images, targets

    def ahead(self, stage: Stage, steps: range, slots: Sequence[int]) -> Iterator[Batch]:
        """The batches of these steps, made in another thread while the last one is in use."""
        coming: deque[Future[Batch]] = deque()
        with ThreadPoolExecutor(1) as thread:
            for step in steps:
                coming.append(thread.submit(self.batch, stage, step, slots))
                if len(coming) > AHEAD:
                    yield coming.popleft().result()
            yield from (batch.result() for batch in coming)

    def chosen(self, stage: Stage, step: int, slot: int) -> tuple[str, int]:
        """The source, and the number of the example in it, that a place of the batch of a step is a patch of."""
        streams = self._streams(step)[str(slot)]
        name = _drawn(stage.sources, streams["source"].generator)
        source, rng = self.training.source(name, "stage"), streams["example"].generator
        return name, source.pick(len(self.examples[name]), step, slot, self.training.batch, rng)

    def _streams(self, step: int) -> Streams:
        return Streams(self.training.seed, step)["batch"]

    def _patch(self, stage: Stage, step: int, slot: int) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        training, streams = self.training, self._streams(step)[str(slot)]
        name, number = self.chosen(stage, step, slot)
        source, examples = training.source(name, "stage"), self.examples[name]
        image, label = patch(examples[number], training.patch, training.foreground, streams["place"].generator)
        for part in source.augment:
            image, label = part(image, label, streams["source augment"][part.label].generator)
        for part in training.augment:
            image, label = part(image, label, streams["augment"][part.label].generator)
        return image, label


def patch(
    example: Example, shape: Sequence[int], foreground: float, rng: Generator
) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
    """A piece of an example, anywhere, or around a pixel of a class; beyond a small image's edge nothing is known."""
    image, label = example.image, example.known()
    lacking = [max(wanted - there, 0) for wanted, there in zip(shape, example.shape, strict=True)]
    if any(lacking):
        around = [(lack // 2, lack - lack // 2) for lack in lacking]
        image, label = np.pad(image, [(0, 0), *around], "edge"), np.pad(label, around, constant_values=UNKNOWN)
    room = np.array(label.shape) - np.array(shape, int)
    start = rng.integers(0, room, endpoint=True)
    if rng.random() < foreground and (inside := np.argwhere((label != REST) & (label != UNKNOWN))).size:
        start = np.clip(inside[rng.integers(len(inside))] - np.array(shape) // 2, 0, room)
    block = tuple(slice(int(a), int(a) + n) for a, n in zip(start, shape, strict=True))
    return image[(slice(None), *block)], label[block]


def shares(label: UInt8[ndarray, "..."], classes: int) -> Float32[ndarray, "classes ..."]:
    """1 for the class of each pixel, 0 for the others; 0 for all where it is unknown."""
    return (label[None] == np.arange(classes, dtype=np.uint8).reshape(-1, *(1,) * label.ndim)).astype(np.float32)


def _drawn(weights: Mapping[str, float], rng: Generator) -> str:
    """One of the names, by its weight."""
    names = list(weights)
    edges = np.cumsum(list(weights.values()))
    return names[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]
