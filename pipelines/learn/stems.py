"""Files by the stem of their names: which of a folder are meant, and which two belong together."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from simdata.errors import DatasetError, did_you_mean

NUMBER = re.compile(r"\d+")
RANGE = re.compile(r"(\d+)(?:-(\d+))?")
SHOWN = 3
"""So many names stand in a message."""


def files(folder: str | Path, endings: Sequence[str], what: str) -> dict[str, Path]:
    """Stem to file of what in a folder has one of these endings, by name. Raises DatasetError if nothing has."""
    place = Path(folder)
    if not place.is_dir():
        raise DatasetError(f"{folder}: there is no such folder; one with {what} would do")
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()):
        ending = next((ending for ending in endings if path.name.lower().endswith(ending)), None)
        if ending is None or path.name.startswith("."):
            continue
        stem = path.name[: -len(ending)]
        if stem in found:
            raise DatasetError(f"{folder}: {found[stem].name} and {path.name} are both '{stem}'; one of them would do")
        found[stem] = path
    if not found:
        raise DatasetError(f"{folder}: no {', '.join(endings)} found; a folder with {what} would do")
    return found


def chosen(there: Mapping[str, Path], ids: str, where: str) -> dict[str, Path]:
    """The files that `ids` means: "001-010,case_3", all for "". Raises DatasetError for an id that nothing answers to.

    An id is a stem, or the first number of a stem, however many zeros it has, or two between which that lies.
    """
    if not ids.strip():
        return dict(there)
    wanted: set[str] = set()
    for word in (word.strip() for word in ids.split(",")):
        between = RANGE.fullmatch(word)
        found = [word] if word in there else _numbered(there, *between.groups()) if between else []
        if not found:
            raise DatasetError(f"{where}: ids: no file answers to '{word}'; {did_you_mean(word, _few(there))}")
        wanted.update(found)
    return {stem: path for stem, path in there.items() if stem in wanted}


def pairs(images: Mapping[str, Path], labels: Mapping[str, Path], ids: str, where: str) -> list[tuple[Path, Path]]:
    """Image and label of every id. Raises DatasetError if one has no partner."""
    pictures, truths = chosen(images, ids, where), chosen(labels, ids, where)
    if alone := [stem for stem in pictures if stem not in truths]:
        raise DatasetError(f"{where}: {_list(alone)} without a label; a label of the same name for each would do")
    if alone := [stem for stem in truths if stem not in pictures]:
        raise DatasetError(f"{where}: {_list(alone)} without an image; an image of the same name for each would do")
    return [(path, truths[stem]) for stem, path in pictures.items()]


def _numbered(there: Mapping[str, Path], low: str, high: str | None) -> list[str]:
    numbers = {stem: NUMBER.search(stem) for stem in there}
    return [stem for stem, number in numbers.items() if number and int(low) <= int(number.group()) <= int(high or low)]


def _list(stems: Sequence[str]) -> str:
    more = f" and {len(stems) - SHOWN} more" if len(stems) > SHOWN else ""
    return f"{', '.join(stems[:SHOWN])}{more}"


def _few(there: Mapping[str, Path]) -> list[str]:
    stems = list(there)
    return stems if len(stems) <= 2 * SHOWN else [*stems[:SHOWN], *stems[-SHOWN:]]
