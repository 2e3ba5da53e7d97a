"""Self-training: images that nobody has labelled are labelled by what was learnt so far (Lee 2013)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.opened import Opened

Says = Callable[[Float32[ndarray, "c ..."]], Float32[ndarray, "classes ..."]]
Labels = Sequence[UInt8[ndarray, "..."]]


def pseudo_labels(examples: Sequence[Example], says: Says, confidence: float) -> Labels:
    """The most likely class of each pixel, unknown where it is less likely than `confidence`."""
    return [_label(says(example.image), confidence) for example in examples]


def labelled(examples: Opened, labels: Labels) -> Opened:
    """The examples with these labels."""
    return Opened(examples.names, lambda number: replace(examples[number], label=labels[number]))


def _label(shares: Float32[ndarray, "classes ..."], confidence: float) -> UInt8[ndarray, "..."]:
    label = shares.argmax(axis=0).astype(np.uint8)
    return np.where(shares.max(axis=0) < confidence, np.uint8(UNKNOWN), label)
