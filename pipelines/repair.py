"""Repair: what validation finds broken is made again from the recipe in the folder, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.durable import disk_refused
from pipelines.folder import RECIPE, mend_recipe, stored_tree
from pipelines.generate import generate
from pipelines.merge import MERGED
from pipelines.recipe import Recipe, recipe
from pipelines.shards import is_shard_name
from pipelines.validate import Problem, validate
from pipelines.workers import Mapper, in_process
from simdata.errors import DatasetError
from simdata.manifest import MANIFEST, Receipt, parse_receipt


@dataclass(frozen=True)
class Repair:
    """What was done. found: what was wrong. made: samples made again. differing: those of them whose bytes are not
    those that were lost. left: what is wrong still."""

    found: tuple[Problem, ...]
    made: tuple[int, ...]
    differing: tuple[int, ...]
    left: tuple[Problem, ...]


def repair(
    folder: Path,
    plugins: tuple[str, ...] = (),
    mapper: Mapper = in_process,
    progress: Callable[[int, int], None] = lambda done, wanted: None,
) -> Repair:
    """Makes again every sample whose file is missing, broken or wrong, and writes anew what tells of all of them.

    A sound file is not touched; of a broken one all samples are made again. A foreign file is left where it is. Raises
    DatasetError if the folder is no dataset of its own, or the recipe and its copy are both lost.
    """
    found = validate(folder)
    if not found:
        return Repair((), (), (), ())
    before = _known(folder)
    if mend_recipe(folder) and all(problem.where == RECIPE for problem in found):
        return Repair(tuple(found), (), (), tuple(validate(folder)))
    made = _recipe(folder, plugins)
    _remove_wrong_shards(folder, found)
    outcome = generate(made, folder, mapper, progress=progress)
    now = {receipt.index: receipt.sha256 for receipt in outcome.receipts}
    differing = [index for index in outcome.made if index in before and now[index] != before[index].sha256]
    return Repair(tuple(found), outcome.made, tuple(differing), tuple(validate(folder)))


def _recipe(folder: Path, plugins: tuple[str, ...]) -> Recipe:
    tree = stored_tree(folder)
    if MERGED in tree:
        raise DatasetError(f"{folder}: merged of other datasets; repairing those, and merging them again, would do")
    return recipe(tree, plugins)


def _known(folder: Path) -> dict[int, Receipt]:
    """The receipts that can still be read."""
    receipts: list[Receipt] = []
    path = folder / MANIFEST
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            receipts.append(parse_receipt(line))
        except DatasetError:
            continue
    return {receipt.index: receipt for receipt in receipts}


def _remove_wrong_shards(folder: Path, found: list[Problem]) -> None:
    """Files whose bytes are those of the receipt, yet whose content is wrong, would be taken for sound."""
    names = {problem.where.partition(",")[0] for problem in found}
    for name in filter(is_shard_name, names):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as reason:
            raise DatasetError(disk_refused(folder / name, reason)) from reason
