"""Random numbers by name: the same bytes for the same name, in any order, on any worker."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.random import Generator, Philox, SeedSequence

_WORDS = 4
"""32-bit words of the path's hash: 128 bits, so two names of one run never meet."""


@dataclass(frozen=True)
class Streams:
    """The random streams of one sample: streams["grow"]["lesion"].generator.

    A stream depends on the seed, the sample's index and its path alone, so that adding a part to a recipe, or
    drawing in another order, leaves the numbers of every other part unchanged.
    """

    seed: int
    index: int = 0
    path: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> "Streams":
        return Streams(self.seed, self.index, (*self.path, name))

    @property
    def generator(self) -> Generator:
        """A fresh generator at the start of this stream (Philox, Salmon et al. 2011)."""
        name = "".join(f"{len(step)}:{step}" for step in self.path)
        digest = blake2b(name.encode(), digest_size=4 * _WORDS).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        return Generator(Philox(SeedSequence(self.seed, spawn_key=(self.index, *words))))
