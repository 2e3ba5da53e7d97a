"""The patches that are compared: of real images in two halves, of made ones, of what they were before, of noise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.kinds import Sampler
from pipelines.diffuse.model import Diffuser, untrained
from pipelines.diffuse.processes import Flow
from pipelines.diffuse.samplers import DDIM, Euler
from pipelines.learn.example import Example
from simdata.errors import DatasetError
from simdata.streams import Streams

REFERENCE, FLOOR, BEFORE, MADE, CEILING = "reference", "real", "before", "made", "untrained"
FEWEST = 8
"""Patches of a kind, with which a distance says little, but something."""
BATCH = 16
ROUGH = 10
"""Steps of the untrained model's sampler: more change nothing of noise."""

Patches = Float32[ndarray, "n c ..."]


@dataclass(frozen=True, eq=False)
class Groups:
    """Name to patches. The reference is one half of the real images, the floor the other one."""

    of: Mapping[str, Patches]

    @property
    def fewest(self) -> int:
        """As many as all have."""
        return min(map(len, self.of.values()))


def equally(clouds: Mapping[str, ndarray], rng: Generator) -> dict[str, ndarray]:
    """Of each kind as many as of the rarest, any of them."""
    fewest = min(map(len, clouds.values()))
    return {name: all[rng.permutation(len(all))[:fewest]] for name, all in clouds.items()}


def groups(
    model: Diffuser, real: Sequence[Example], made: Sequence[Example], before: Sequence[Example], seed: int, count: int
) -> Groups:
    """The patches of all. made: nothing, and the model draws `count`. Raises DatasetError if there are too few."""
    if len(real) < 2:
        raise DatasetError(f"found {len(real)} real image; two or more, to compare them with each other, would do")
    found = {
        REFERENCE: tiles(model, real[0::2]),
        FLOOR: tiles(model, real[1::2]),
        **({BEFORE: tiles(model, before)} if before else {}),
        MADE: tiles(model, made) if made else drawn(Hand(model=model), count, Streams(seed)["made"]),
        CEILING: drawn(Hand(model=untrained(model), sampler=_rough(model)), count, Streams(seed)["untrained"]),
    }
    for name, patches in found.items():
        if len(patches) < FEWEST:
            raise DatasetError(f"{name}: found {len(patches)} patches of {model.recipe.patch}; {FEWEST} would do")
    return Groups(found)


def tiles(model: Diffuser, examples: Sequence[Example]) -> Patches:
    """Pieces of images as large as the model's patches, side by side, 0 to 1 as it sees them."""
    found = [
        piece for example in examples for piece in _pieces(model.recipe.intensity(example.image), model.recipe.patch)
    ]
    if not found:
        raise DatasetError(f"no image is as large as a patch of {model.recipe.patch}; larger ones would do")
    return np.stack(found)


def drawn(hand: Hand, count: int, streams: Streams) -> Patches:
    """Patches that a model draws of anything."""
    blocks = [
        hand.synthesise(untold(min(BATCH, count - first), hand.model.recipe.patch), streams[str(first)].generator)
        for first in range(0, count, BATCH)
    ]
    return np.concatenate(blocks)


def _pieces(image: Float32[ndarray, "c ..."], patch: Sequence[int]) -> Iterator[Float32[ndarray, "c ..."]]:
    starts = [range(0, n - edge + 1, edge) for n, edge in zip(image.shape[1:], patch, strict=True)]
    for place in product(*starts):
        yield image[(slice(None), *(slice(a, a + edge) for a, edge in zip(place, patch, strict=True)))]


def _rough(model: Diffuser) -> Sampler:
    return Euler(steps=ROUGH) if isinstance(model.recipe.process, Flow) else DDIM(steps=ROUGH)
