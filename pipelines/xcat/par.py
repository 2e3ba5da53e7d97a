"""A parameter file of XCAT: a key, a value and a remark in each line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simdata.errors import RecipeError

LARGEST_BYTES = 2**20
LINE = re.compile(r"^\s*([A-Za-z]\w*)\s*=\s*([^\s#]+)\s*(?:#.*)?$")
"""key = value # remark."""


@dataclass(frozen=True)
class Entry:
    """What a key is given, and in which line."""

    text: str
    line: int


@dataclass(frozen=True)
class Par:
    """path: for errors. entries: by key, as they stand in the file."""

    path: Path
    entries: Mapping[str, Entry]

    def number(self, key: str, default: float = 0.0, least: float = -1e9, most: float = 1e9) -> float:
        """The number of a key; the default where the file does not name it. Raises RecipeError with the line."""
        entry = self.entries.get(key)
        if entry is None:
            return default
        try:
            value = float(entry.text)
        except ValueError:
            raise self.wrong(key, f"'{entry.text}'", "a number") from None
        if not least <= value <= most:
            raise self.wrong(key, f"{value:g}", f"{least:g} to {most:g}")
        return value

    def flag(self, key: str, choices: int = 2) -> int:
        """The number of a choice, 0 where the file does not name it. Raises RecipeError with the line."""
        value = self.number(key)
        if value not in range(choices):
            raise self.wrong(key, f"{value:g}", ", ".join(map(str, range(choices))))
        return int(value)

    def set(self, keys: str, neutral: float = 0.0) -> bool:
        """Whether any of these keys, parted by spaces, has another number."""
        return any(self.number(key, neutral) != neutral for key in keys.split())

    def wrong(self, key: str, found: str, would_do: str) -> RecipeError:
        """The error of a value that cannot be."""
        line = f"line {self.entries[key].line}" if key in self.entries else "nowhere given"
        return RecipeError(f"{self.path}: {line}: {key}: found {found}; {would_do} would do")


def read(path: Path) -> Par:
    """Raises RecipeError for a file that is not there, or a line that says nothing, with its number."""
    try:
        size = path.stat().st_size
        text = path.read_bytes().decode("utf-8") if size <= LARGEST_BYTES else ""
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror or error}; a parameter file of XCAT would do") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: byte {error.start} is no text; a parameter file of XCAT would do") from error
    if size > LARGEST_BYTES:
        raise RecipeError(f"{path}: has {size} bytes; a parameter file of XCAT, of some 30 000, would do")
    entries: dict[str, Entry] = {}
    for line, key, value in _lines(path, text):
        if key in entries:
            before = entries[key].line
            raise RecipeError(f"{path}: line {line}: '{key}' stands in line {before}, too; one of them would do")
        entries[key] = Entry(value, line)
    if not entries:
        raise RecipeError(f"{path}: has no line such as 'gender = 0'; a parameter file of XCAT would do")
    return Par(path, entries)


def _lines(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            found = LINE.match(line)
            if not found:
                shown = line.strip()[:60]
                raise RecipeError(f"{path}: line {number}: found '{shown}'; key = value # remark would do")
            yield number, found[1], found[2]
