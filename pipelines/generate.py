"""Generation: every sample of a recipe that the folder does not hold yet, made and written by any number of workers."""

import json
import shlex
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.card import card
from pipelines.durable import Syncing, write_whole
from pipelines.folder import (
    CARD,
    desk_in,
    failure_path,
    finished,
    open_folder,
    record,
    write_checksums,
    write_manifest,
    write_master,
    write_sheet,
)
from pipelines.make import make
from pipelines.recipe import Recipe
from pipelines.shards import write_shard, written_by_another
from pipelines.workers import Crash, Mapper, Task, in_process
from simdata.errors import SimdataError, noted
from simdata.manifest import Receipt
from simdata.sample import Sample


@dataclass(frozen=True)
class Failure:
    """A sample that could not be made, and why."""

    index: int
    error: str
    trace: str


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: all receipts of the folder, in order of index, and the samples that it made or that failed."""

    receipts: tuple[Receipt, ...]
    failures: tuple[Failure, ...]
    made: tuple[int, ...]


Progress = Callable[[int, int], None]
"""(samples done, samples wanted), called after every shard."""


def generate(
    recipe: Recipe,
    folder: Path,
    mapper: Mapper = in_process,
    samples_per_shard: int = 1,
    progress: Progress = lambda done, wanted: None,
) -> Outcome:
    """Makes the samples 0 to `recipe.count` - 1 that `folder` does not hold yet.

    A sample that fails is quarantined in failed/ and the rest goes on. Raises DatasetError if the folder cannot be
    used or the disk refuses.
    """
    with open_folder(folder, recipe):
        done = finished(folder, recipe)
        missing = [index for index in range(recipe.count) if index not in done]
        told = recipe.count - len(missing)
        progress(told, recipe.count)

        failures: list[Failure] = []
        made: list[int] = []
        safe = Syncing()
        safe.add(folder / receipt.shard for receipt in done.values())
        with desk_in(folder) as desk:
            task = partial(make_shard, recipe, folder, desk)
            for indices, result in _worked(mapper, task, _batches(missing, samples_per_shard)):
                receipts, failed = _outcome(result, indices)
                if receipts:
                    record(folder, receipts)
                safe.add(folder / receipt.shard for receipt in receipts)
                done |= {receipt.index: receipt for receipt in receipts}
                made += [receipt.index for receipt in receipts]
                for failure in failed:
                    _quarantine(folder, recipe, failure)
                failures += failed
                told += len(indices)
                progress(told, recipe.count)
        safe.wait()

        receipts = tuple(done[index] for index in sorted(done))
        _close(folder, recipe, receipts, failures)
    return Outcome(receipts, tuple(failures), tuple(sorted(made)))


def make_shard(recipe: Recipe, folder: Path, desk: Path, indices: Sequence[int]) -> tuple[list[Receipt], list[Failure]]:
    """One piece of work: makes the samples `indices` and writes those that succeed as one shard.

    It may run twice, and at once on two machines: what another worker has written by then is taken as it is.
    """
    if twins := written_by_another(folder, indices):
        return twins, []
    failures: list[Failure] = []

    def samples() -> Iterator[Sample]:
        for index in indices:
            try:
                sample = make(recipe.draw(index), recipe.seed, index)
            except (Exception, SystemExit) as error:
                failures.append(_failure(index, error))
            else:
                yield sample

    return write_shard(folder, desk, samples()), failures


def replay_command(folder: Path, index: int, plugins: Sequence[str]) -> str:
    """What one types to make a failed sample again and see it fail."""
    return shlex.join(["simdata", "replay", str(folder), str(index), *(f"--plugin={plugin}" for plugin in plugins)])


def _worked(mapper: Mapper, task: Task, batches: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """(indices, result) of each batch; one at which a worker died is taken apart, so that one sample pays for it."""
    apart = []
    for indices, result in mapper(task, batches):
        if isinstance(result, Crash) and len(indices) > 1:
            apart += [(index,) for index in indices]
        else:
            yield indices, result
    if apart:
        yield from mapper(task, apart)


def _batches(indices: Sequence[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(indices[start : start + size]) for start in range(0, len(indices), size)]


def _outcome(result: Any, indices: Sequence[int]) -> tuple[list[Receipt], list[Failure]]:
    if isinstance(result, Crash):
        return [], [Failure(index, result.reason, "") for index in indices]
    receipts, failures = result
    return receipts, failures


def _failure(index: int, error: BaseException) -> Failure:
    kind = "" if isinstance(error, SimdataError) else f"{type(error).__name__}: "
    return Failure(index, f"{kind}{error}{noted(error)}", traceback.format_exc())


def _quarantine(folder: Path, recipe: Recipe, failure: Failure) -> None:
    path = failure_path(folder, failure.index)
    path.parent.mkdir(exist_ok=True)
    story = {
        "index": failure.index,
        "seed": recipe.seed,
        "error": failure.error,
        "replay": replay_command(folder, failure.index, recipe.plugins),
        "traceback": failure.trace,
    }
    write_whole(path, (json.dumps(story, indent=1) + "\n").encode())


def _close(folder: Path, recipe: Recipe, receipts: Sequence[Receipt], failures: Sequence[Failure]) -> None:
    if receipts:
        write_sheet(folder)
    write_manifest(folder, receipts)
    write_master(folder, receipts)
    write_whole(folder / CARD, card(recipe, receipts, failures).encode())
    write_checksums(folder, receipts)
