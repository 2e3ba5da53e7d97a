"""SWC, the format of neuron tracers that vessel tools have taken over: id, type, x, y, z, radius, parent.

Type 10 + kind (the range for own types); any other type is an artery. What SWC has no column for stands in comments:
"#count points links described", "#point id flow pressure haematocrit oxygen" and "#link id id flow haematocrit".
Cannon et al. 1998, J Neurosci Methods 84: 49.
"""

from dataclasses import dataclass, field

import numpy as np

from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats.rows import PHYSICS, broken, check_count, numbers, text, vessels_of, whole_text, wholes

FIRST_TYPE = 10
ROW, COUNT, POINT, LINK = "", "#count", "#point", "#link"
WORDS = {
    ROW: (7, "id, type, x, y, z, radius and parent"),
    COUNT: (3, "how many points, links and lines of #point there are"),
    POINT: (5, "id, flow, pressure, haematocrit and oxygen"),
    LINK: (4, "two ids, flow and haematocrit"),
}
"""What a line begins with, how many words follow, and which."""
HEADER = "# vessels in mm, mm3/s, mmHg; type 10 artery, 11 vein, 12 capillary, 13 airway, 14 duct"


def encode(vessels: Vessels) -> bytes:
    """The vessels as SWC, parents before their children."""
    ids = np.arange(len(vessels)) + 1
    places = [text(column) for column in vessels.points_mm.T]
    radius_mm = text(vessels.radius_mm)
    physics = [getattr(vessels, name) for name in PHYSICS]
    known = np.flatnonzero(~np.isnan(physics).all(axis=0))
    counts = f"{COUNT} {len(vessels)} {len(vessels.links)} {len(known)}"
    lines = [HEADER, counts, "# id type x y z radius parent"]
    above = np.where(vessels.parent == ROOT, ROOT, vessels.parent + 1)
    for level in vessels.levels:
        for i in level.tolist():
            at = " ".join(column[i] for column in places)
            lines.append(f"{i + 1} {FIRST_TYPE + vessels.kind[i]} {at} {radius_mm[i]} {above[i]}")

    for row in zip(ids[known].tolist(), *(text(column[known]) for column in physics), strict=True):
        lines.append(" ".join([POINT, *map(str, row)]))
    of_links = [text(getattr(vessels, name)) for name in PER_LINK]
    for ends, *row in zip((vessels.links + 1).tolist(), *of_links, strict=True):
        lines.append(" ".join([LINK, *map(str, ends), *row]))
    return ("\n".join(lines) + "\n").encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of an SWC file. Raises SceneError with the line where it breaks."""
    said = _sorted(whole_text(content, name), name)
    table, points, links = said[ROW], said[POINT], said[LINK]
    if not len(table):
        raise broken(name, "its end", "no point", "lines of id, type, x, y, z, radius and parent")
    for row, counts in enumerate(said[COUNT].rows()):
        for told, of, what in zip(counts, (table, links, points), ("points", "links", "lines of #point"), strict=True):
            check_count(told, len(of), what, name, said[COUNT].place(row))

    ids = wholes(table.column(0), name, table.place)
    by_id = np.argsort(ids, kind="stable")
    for row in by_id[np.flatnonzero(np.diff(ids[by_id], prepend=-1) <= 0)][:1]:
        found = f"id {ids[row]} again" if ids[row] >= 0 else f"id {ids[row]}"
        raise broken(name, table.place(row), found, "an id of 0 or more for each point")
    ids, known = ids[by_id], (said[POINT].column(0), links.column(0), links.column(1))
    type, x, y, z, radius_mm = (numbers(table.column(k), name, table.place)[by_id] for k in range(1, 6))
    above = wholes(table.column(6), name, table.place)
    parent = np.where(above == ROOT, ROOT, _rows(np.where(above == ROOT, ids[0], above), ids, "parent", name, table))
    columns = {
        "points_mm": np.stack([x, y, z], axis=1),
        "radius_mm": radius_mm,
        "parent": parent[by_id],
        "kind": np.where(np.isin(type, FIRST_TYPE + np.arange(len(KINDS))), type - FIRST_TYPE, 0),
    }
    described, a, b = (
        _rows(wholes(words, name, of.place), ids, "id", name, of)
        for words, of in zip(known, (points, links, links), strict=True)
    )
    for again in np.setdiff1d(np.arange(len(described)), np.unique(described, return_index=True)[1])[:1]:
        raise broken(name, points.place(again), f"id {points.column(0)[again]} again", "one line for each point")
    for k, column in enumerate(PHYSICS, 1):
        columns[column] = np.full(len(ids), np.nan)
        columns[column][described] = numbers(points.column(k), name, points.place)
    columns["links"] = np.stack([a, b], axis=1)
    columns |= {column: numbers(links.column(k), name, links.place) for k, column in enumerate(PER_LINK, 2)}
    return vessels_of(name, lambda row: table.place(by_id[row]), columns)


@dataclass(frozen=True, eq=False)
class _Lines:
    """What lines of one sort tell: their numbers, and all their words one after another, so many a line."""

    wide: int
    numbers: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, k: int) -> list[str]:
        return self.words[k :: self.wide]

    def rows(self) -> list[tuple[str, ...]]:
        return list(zip(*(self.column(k) for k in range(self.wide)), strict=True))

    def place(self, row: int) -> str:
        return f"line {self.numbers[row]}"


def _sorted(text: str, name: str) -> dict[str, _Lines]:
    """The lines by what they tell; other comments are passed over."""
    said = {what: _Lines(wide) for what, (wide, _) in WORDS.items()}
    for number, line in enumerate(text.splitlines(), 1):
        words, what = line.split(), ROW
        if "#" in line:
            what = words[0] if words[0] in WORDS else ROW
            words = words[1:] if what != ROW else line.split("#")[0].split()
        if words:
            of = said[what]
            if len(words) != of.wide:
                raise broken(name, f"line {number}", f"{len(words)} numbers", WORDS[what][1])
            of.numbers.append(number)
            of.words.extend(words)
    return said


def _rows(wanted: np.ndarray, ids: np.ndarray, what: str, name: str, of: _Lines) -> np.ndarray:
    """The row of each wanted id among the sorted ids. Raises SceneError for the first that is not there."""
    row = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    for at in np.flatnonzero(ids[row] != wanted)[:1]:
        would_do = "-1 or the id of a point" if what == "parent" else "the id of a point"
        raise broken(name, of.place(at), f"{what} {wanted[at]}, which is not there", would_do)
    return row
