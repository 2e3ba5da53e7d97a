"""Which images people should label or correct first: those about which several models disagree most.

As AbdomenAtlas chose what its annotators should correct (Qu 2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePath

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from pipelines.durable import write_whole
from pipelines.learn.example import Example
from pipelines.learn.metrics import dice, entropy_bits
from pipelines.learn.model import Model
from pipelines.learn.opened import Opened
from pipelines.learn.rank_sheet import sheet
from pipelines.progress import Progress
from pipelines.sheet import png
from simdata.errors import DatasetError

ENDING = ".csv"
SHOWN = 12
"""Images on the page."""
HEADS = ("rank", "image", "disagreement", "entropy_bits")


@dataclass(frozen=True)
class Doubt:
    """About one image. disagreement: mean of 1 - Dice over pairs of models and classes. entropy_bits: of a pixel.

    entropy_bits is that of the models' mean probabilities, on average over the image: also what all of them are unsure
    of together, about which they cannot disagree.
    """

    image: str
    disagreement: float
    entropy_bits: float


def rank(models: Sequence[Model], examples: Sequence[Example], progress: Progress) -> tuple[Doubt, ...]:
    """The images, those first about which the models disagree most. Raises DatasetError for unlike models."""
    _check(models)
    doubts = []
    for done, example in enumerate(examples, 1):
        doubts.append(doubt(example.name, [model.probabilities(example.image) for model in models]))
        progress(done, len(examples))
    return tuple(sorted(doubts, key=lambda one: (-one.disagreement, -one.entropy_bits, one.image)))


def doubt(name: str, probabilities: Sequence[Float32[ndarray, "classes ..."]]) -> Doubt:
    """What models disagree about in one image; of each its probabilities, the rest first."""
    labels = [one.argmax(axis=0) for one in probabilities]
    classes = range(1, len(probabilities[0]))
    apart = [1 - dice(a == n, b == n) for a, b in combinations(labels, 2) for n in classes]
    bits = entropy_bits(np.mean(probabilities, axis=0))
    return Doubt(name, float(np.mean(apart)), float(bits.mean()))


def check_name(out: Path) -> None:
    """Raises DatasetError if `out` is no name for a ranking, or lies in a folder that is not there."""
    if out.suffix != ENDING:
        raise DatasetError(f"{out}: a name that ends in {ENDING} would do")
    if not out.absolute().parent.is_dir():
        raise DatasetError(f"{out}: there is no folder {out.absolute().parent}; one that is there would do")


def write(doubts: Sequence[Doubt], models: Sequence[Model], examples: Opened, out: Path) -> None:
    """Writes the ranking, and beside it a page of its first images. Raises DatasetError if the disk refuses."""
    write_whole(out, table(doubts).encode())
    places = {name: place for place, name in enumerate(examples.names)}
    tiles = []
    for one in doubts[:SHOWN]:
        image = examples[places[one.image]].image
        seen = np.sum([model.predict(image) > 0 for model in models], axis=0, dtype=np.uint8)
        tiles.append((f"{PurePath(one.image).name}  {one.disagreement:.3f}", image, seen))
    write_whole(out.with_suffix(".png"), png(sheet(tiles, len(models))))


def table(doubts: Sequence[Doubt]) -> str:
    """The ranking as CSV, first to last."""
    rows = [
        (str(n), one.image, f"{one.disagreement:.4f}", f"{one.entropy_bits:.4f}") for n, one in enumerate(doubts, 1)
    ]
    return "".join(f"{','.join(map(_quoted, row))}\n" for row in (HEADS, *rows))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\n') else cell


def _check(models: Sequence[Model]) -> None:
    if len(models) < 2:
        raise DatasetError(f"found {len(models)} model; two or more, which may disagree, would do")
    classes = [model.training.classes for model in models]
    if len(set(classes)) > 1:
        told = "; ".join(dict.fromkeys(", ".join(names) for names in classes))
        raise DatasetError(f"found models of unlike classes: {told}; models of the same would do")
