"""What a model found over the image, beside what a person drew."""

from pathlib import Path, PurePath

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.durable import write_whole
from pipelines.learn.evaluate import Score
from pipelines.learn.example import REST, UNKNOWN, Example
from pipelines.learn.intensity import Percentiles
from pipelines.learn.study.overlay import Seen, sheet
from pipelines.sheet import png

MEASURED = "found"


def write_overlay(folder: Path, example: Example, found: UInt8[ndarray, "..."], score: Score) -> None:
    """Writes NAME.png: the image, and over it agreement, misses and inventions, of all classes together.

    Of a volume the axial slice that holds most. Raises DatasetError if the disk refuses.
    """
    grey = Percentiles()(example.image).mean(axis=0)
    said, true = ((label != REST) & (label != UNKNOWN) for label in (found, example.known()))
    if grey.ndim == 3:
        fullest = int((said | true).sum(axis=(0, 1)).argmax())
        grey, said, true = (array[..., fullest].T[::-1, ::-1] for array in (grey, said, true))
    folder.mkdir(parents=True, exist_ok=True)
    stem = PurePath(example.name).name.partition(".")[0]
    page = sheet([Seen(stem, grey, true, {MEASURED: (said, float(np.mean(score.dice)))})])
    write_whole(folder / f"{stem}.png", png(page))
