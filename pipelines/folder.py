"""The folder of a dataset: opened for one recipe and one run at a time, and closed with its checksums."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

import h5py
from filelock import FileLock, Timeout

from pipelines.durable import TEMPORARY, append_lines, disk_refused, sha256_of, write_whole
from pipelines.plain import dump_yaml, read_tree
from pipelines.recipe import Recipe
from pipelines.shards import adopt_shard, is_shard_name, receipts_of
from simdata.dataset import Dataset
from simdata.errors import DatasetError, RecipeError
from simdata.hdf5 import group_name
from simdata.layout import canonical_json
from simdata.manifest import MANIFEST, SHARDS, Receipt, parse_receipt, read_manifest
from simdata.sample import Sample
from simdata.structures import structures

RECIPE, LABELS, MASTER, CHECKSUMS, LOCK = "recipe.yaml", "labels.json", "dataset.h5", "checksums.sha256", ".lock"
CARD, SHEET, REPORT = "README.md", "sheet.png", "report.html"
FAILED = "failed"
SHEET_SAMPLES = 4
"""Samples in the picture of a dataset."""


@contextmanager
def open_folder(folder: Path, recipe: Recipe) -> Iterator[None]:
    """Readies `folder` for the recipe: new, or as an earlier run of the same recipe left it.

    Raises DatasetError if it cannot be written, is in use by another run, or was made from another recipe.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_is_ours(folder, recipe)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout as reason:
        raise DatasetError(
            f"{folder}: another run is writing here; another --out, or waiting for it, would do"
        ) from reason
    except OSError as reason:
        raise DatasetError(f"{folder}: {reason.strerror or reason}; a folder that can be written would do") from reason
    try:
        _prepare(folder, recipe)
        yield
    except OSError as reason:
        raise DatasetError(disk_refused(folder, reason)) from reason
    finally:
        lock.release()
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)


@contextmanager
def desk_in(folder: Path) -> Iterator[Path]:
    """A folder in `folder`, of this run alone, for files that are not whole yet; at the end it is gone at once.

    A worker that was thought dead and writes on has no place to write to from then on: the dataset is closed to it.
    """
    desk = folder / f"{uuid4().hex}{TEMPORARY}"
    desk.mkdir()
    try:
        yield desk
    finally:
        _clear(desk)


def _clear(desk: Path) -> None:
    """Under another name nobody finds it, so that nothing is put into it while it is emptied."""
    rmtree(desk.rename(desk.with_name(f"{uuid4().hex}{TEMPORARY}")), ignore_errors=True)


def stored_tree(folder: Path) -> dict[str, Any]:
    """The recipe that a dataset was made from, as a plain tree. Raises DatasetError if there is none."""
    try:
        tree = read_tree(folder / RECIPE)
    except RecipeError as reason:
        raise DatasetError(f"{reason}; a folder made by 'simdata generate' has a {RECIPE}") from reason
    if not isinstance(tree, dict) or not isinstance(tree.get("count"), int):
        raise DatasetError(f"{folder / RECIPE}: no count found; the {RECIPE} that 'simdata generate' wrote would do")
    return tree


def finished(folder: Path, recipe: Recipe) -> dict[int, Receipt]:
    """The receipts of the samples whose shard is there, unbroken.

    A shard of this recipe that the journal missed, or of which it says something else than the shard itself, is taken
    in; one whose bytes are not those of its receipt is removed, so that its samples are made again.
    """
    journal: dict[str, list[Receipt]] = {}
    for receipt in read_manifest(folder).values():
        journal.setdefault(receipt.shard, []).append(receipt)
    done: dict[int, Receipt] = {}
    for path in sorted((folder / SHARDS).glob("*.h5")):
        name = path.relative_to(folder).as_posix()
        if not is_shard_name(name):
            continue
        known = journal.get(name, [])
        found = known if _is_sound(folder, name, known) else _taken_in(folder, name, known, recipe)
        done |= {receipt.index: receipt for receipt in found}
        if not found:
            path.unlink()
    return dict(sorted(done.items()))


def record(folder: Path, receipts: Sequence[Receipt]) -> None:
    """Writes finished samples into the journal, and forgets that they failed before."""
    append_lines(folder / MANIFEST, "".join(receipt.line() for receipt in receipts))
    for receipt in receipts:
        failure_path(folder, receipt.index).unlink(missing_ok=True)


def failure_path(folder: Path, index: int) -> Path:
    """Where the story of a failed sample is kept."""
    return folder / FAILED / f"{index:09d}.json"


def write_manifest(folder: Path, receipts: Sequence[Receipt]) -> None:
    """Writes the journal anew: one line per sample, in order of index, whatever the way there was."""
    write_whole(folder / MANIFEST, "".join(receipt.line() for receipt in receipts).encode())


def write_master(folder: Path, receipts: Sequence[Receipt]) -> None:
    """Writes dataset.h5: one link per sample into its shard; a shard that is missing is an error to read, not zeros.

    It holds a copy of the recipe too, from which `recipe.yaml` can be mended.
    """
    memory = BytesIO()
    with h5py.File(memory, "w", libver="v110") as file:
        file.attrs[RECIPE] = (folder / RECIPE).read_text(encoding="utf-8")
        for receipt in receipts:
            stored = f"/{group_name(receipt.group)}"
            file[group_name(receipt.index)] = h5py.ExternalLink(receipt.shard, stored)
    write_whole(folder / MASTER, memory.getvalue())


def write_sheet(folder: Path) -> None:
    """Writes sheet.png, a picture of the first samples, once the journal is written."""
    from pipelines.sheet import contact_sheet, png

    dataset = Dataset(folder)
    rows = [dataset[position] for position in range(min(len(dataset), SHEET_SAMPLES))]
    write_whole(folder / SHEET, png(contact_sheet(rows)))
    dataset.close()


def mend_recipe(folder: Path) -> bool:
    """Writes the recipe anew from its copy, if it is not what the checksums say; whether it did.

    Where the recipe and its copy agree, it is the list of checksums that is damaged. Raises DatasetError if all three
    differ.
    """
    wanted = listed_checksums(folder).get(RECIPE)
    if wanted is None or _has_sha256(folder / RECIPE, wanted):
        return False
    copy = _copy_of_recipe(folder)
    if (folder / RECIPE).is_file() and (folder / RECIPE).read_bytes() == copy:
        return False
    if sha256(copy).hexdigest() != wanted:
        raise DatasetError(
            f"{folder / RECIPE}: damaged, and so is its copy in {MASTER}; "
            "'simdata generate' with the recipe file of this dataset would do, once that stands in its place"
        )
    write_whole(folder / RECIPE, copy)
    return True


def _copy_of_recipe(folder: Path) -> bytes:
    try:
        with h5py.File(folder / MASTER, "r") as file:
            return str(file.attrs[RECIPE]).encode()
    except Exception:
        return b""


def listed_checksums(folder: Path) -> dict[str, str]:
    """File to sha256, as checksums.sha256 has them; nothing if there is none."""
    path = folder / CHECKSUMS
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if path.is_file() else []
    pairs = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in pairs}


def write_checksums(folder: Path, receipts: Sequence[Receipt]) -> None:
    """Writes checksums.sha256, in the form of `sha256sum -c`, over every file that a run writes."""
    shards = _shards(receipts)
    ours = (RECIPE, LABELS, MASTER, MANIFEST, CARD, SHEET)
    names = [name for name in files_of(folder) if name in ours or name.startswith(f"{FAILED}/")]
    listed = shards | {name: sha256_of(folder / name) for name in names}
    write_whole(folder / CHECKSUMS, checksum_lines(listed).encode())


def checksum_lines(listed: Mapping[str, str]) -> str:
    """The text of checksums.sha256 for files, relative to the dataset, and the sha256 of each."""
    return "".join(f"{listed[name]}  {name}\n" for name in sorted(listed))


def files_of(folder: Path) -> list[str]:
    """Every file in the folder of a dataset, relative to it, but for those that no checksum can cover."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in names if name not in (CHECKSUMS, LOCK, REPORT))


def _shards(receipts: Iterable[Receipt]) -> dict[str, str]:
    return {receipt.shard: receipt.shard_sha256 for receipt in receipts}


def _is_sound(folder: Path, name: str, known: Sequence[Receipt]) -> bool:
    """True if the shard has the bytes of its receipts and says the same of its samples as they do."""
    return _has_bytes_of(folder, name, known) and receipts_of(folder, name, known[0].shard_sha256) == known


def _taken_in(folder: Path, name: str, known: Sequence[Receipt], recipe: Recipe) -> list[Receipt]:
    if known and not _has_bytes_of(folder, name, known):
        return []
    found = adopt_shard(folder, name, partial(_is_of, recipe))
    record(folder, found)
    return found


def _is_of(recipe: Recipe, sample: Sample) -> bool:
    """True if the recipe makes this sample; a file of another dataset with the same name is a stranger."""
    drawn = recipe.draw(sample.index).describe()
    return sample.seed == recipe.seed and canonical_json(sample.recipe) == canonical_json(drawn)


def _has_sha256(path: Path, digest: str) -> bool:
    return path.is_file() and sha256_of(path) == digest


def _has_bytes_of(folder: Path, name: str, known: Sequence[Receipt]) -> bool:
    return bool(known) and {receipt.shard_sha256 for receipt in known} == {sha256_of(folder / name)}


def _check_is_ours(folder: Path, recipe: Recipe) -> None:
    if not (folder / RECIPE).exists():
        strangers = [path.name for path in folder.iterdir() if path.name != LOCK and not path.name.endswith(TEMPORARY)]
        if strangers:
            raise DatasetError(f"{folder}: found {strangers[0]} but no {RECIPE}; an empty or new folder would do")
        return
    if _without_count(stored_tree(folder)) != _without_count(recipe.plain()):
        raise DatasetError(
            f"{folder}: holds a dataset made from another recipe or seed (see {RECIPE} in it); another --out, "
            "or the same recipe and --seed, would do"
        )


def _without_count(tree: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe makes: all but the count, which may grow."""
    return {key: value for key, value in tree.items() if key != "count"}


def _prepare(folder: Path, recipe: Recipe) -> None:
    (folder / SHARDS).mkdir(exist_ok=True)
    (folder / CHECKSUMS).unlink(missing_ok=True)
    for torn in list(folder.rglob(f"*{TEMPORARY}")):
        _clear(torn) if torn.is_dir() else torn.unlink(missing_ok=True)
    write_whole(folder / LABELS, _labels_json().encode())
    write_whole(folder / RECIPE, dump_yaml(recipe.plain()).encode())
    (folder / MANIFEST).touch()
    _mend_journal(folder / MANIFEST)


def _mend_journal(path: Path) -> None:
    """Drops every line that is no receipt: the last one, torn by a crash, or one damaged since."""
    content = path.read_bytes()
    whole = b"".join(line for line in content.splitlines(keepends=True) if _is_receipt(line))
    if whole != content:
        write_whole(path, whole)


def _is_receipt(line: bytes) -> bool:
    try:
        parse_receipt(line)
    except DatasetError:
        return False
    return line.endswith(b"\n")


def _labels_json() -> str:
    return json.dumps([asdict(structure) for structure in structures().values()], indent=1) + "\n"
