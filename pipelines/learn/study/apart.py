"""Test images stay apart: no source of an arm may hold one, nor any folder whose looks are lent."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.learn.folders import source_of
from pipelines.learn.kinds import Source
from pipelines.learn.recipe import Training
from pipelines.learn.study.few import Few
from simdata.errors import RecipeError


def check_apart(training: Training, tests: Sequence[str], where: str) -> None:
    """Raises RecipeError if a training could see a test image, drawn or not; or wants more images than there are."""
    tested = {_file(name): name for name in tests}
    for what, names in (*_sources(training), *_folders(training.plain())):
        if both := sorted(tested[name] for name in tested.keys() & set(map(_file, names))):
            found = f"{where} learns from {what}, which holds {both[0]}, on which it is tested"
            raise RecipeError(f"test: {found}; other ids would do")


def _sources(training: Training) -> Iterator[tuple[str, Sequence[str]]]:
    """The names of all images of each source."""
    for source in training.sources:
        source.open(len(training.classes))
        yield f"'{source.label}'", _whole(source).open(len(training.classes)).names


def _folders(tree: Any) -> Iterator[tuple[str, Sequence[str]]]:
    """The images of every folder that a recipe names anywhere, as parts do that lend the looks of real images."""
    if isinstance(tree, Mapping):
        if tree.get("images") and isinstance(tree["images"], str) and Path(tree["images"]).is_dir():
            yield f"'{tree['images']}'", source_of(Path(tree["images"]), None, tree.get("ids", ""), "").open(1).names
        tree = list(tree.values())
    if isinstance(tree, list):
        for inside in tree:
            yield from _folders(inside)


def _whole(source: Source) -> Source:
    return source.of if isinstance(source, Few) else source


def _file(name: str) -> str:
    return str(Path(name).resolve())
