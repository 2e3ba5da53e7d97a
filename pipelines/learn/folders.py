"""Folders of images and labels as they are given to a command: pictures or volumes, by what they hold."""

from pathlib import Path

from pipelines.learn.kinds import Source
from pipelines.learn.sources.pictures import ENDINGS as PICTURES
from pipelines.learn.sources.pictures import Pictures
from pipelines.learn.sources.volumes import ENDINGS as VOLUMES
from pipelines.learn.sources.volumes import Volumes
from pipelines.learn.values import Values
from simdata.errors import DatasetError, RecipeError

COLOURS = 3
"""Channels of a picture in red, green and blue."""


def source_of(
    images: str | Path,
    labels: str | Path | None = None,
    ids: str = "",
    values: str = "",
    scale: float = 1.0,
    channels: int = 1,
) -> Source:
    """The source of two folders; of unlabelled images without the second one. ids, scale: as `Pictures` has them.

    values: "1 2, 3" for the first class and the second one, "" for masks. channels: 3 for pictures in colours.
    Raises DatasetError if the first holds neither pictures nor volumes, RecipeError for values that are no numbers.
    """
    if not Path(images).is_dir():
        raise DatasetError(f"{images}: there is no such folder; one with images would do")
    names = [path.name.lower() for path in Path(images).iterdir()]
    both = {"images": str(images), "labels": str(labels or ""), "ids": ids, "values": _values(values)}
    if any(name.endswith(PICTURES) for name in names):
        return Pictures(**both, scale=scale, colours="rgb" if channels == COLOURS else "grey")
    if any(name.endswith(VOLUMES) for name in names):
        return Volumes(**both)
    raise DatasetError(f"{images}: no image found; files that end in {', '.join((*PICTURES, *VOLUMES))} would do")


def _values(text: str) -> Values:
    try:
        return tuple(tuple(map(int, words.split())) for words in text.split(",")) if text.strip() else ()
    except ValueError as reason:
        raise RecipeError(f"--values {text}: {reason}; numbers such as '1 2, 3' would do") from reason
