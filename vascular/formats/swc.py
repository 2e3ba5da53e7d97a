"""SWC, the format of neuron tracers that vessel tools have taken over: id, type, x, y, z, radius, parent.

Type 10 + kind (the range for own types); any other type is an artery. What SWC has no column for stands in comments:
"#count points links", "#point id flow pressure haematocrit oxygen" and "#link id id flow haematocrit". Cannon et al.
1998, J Neurosci Methods 84: 49.
"""

import numpy as np

from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats.rows import PHYSICS, broken, numbers, text, vessels_of, whole

FIRST_TYPE = 10
POINT, LINK = "#point", "#link"
COUNT = "#count"
HEADER = "# vessels in mm, mm3/s, mmHg; type 10 artery, 11 vein, 12 capillary, 13 airway, 14 duct"


def encode(vessels: Vessels) -> bytes:
    """The vessels as SWC, parents before their children."""
    ids = np.arange(len(vessels)) + 1
    places = [text(column) for column in vessels.points_mm.T]
    radius_mm = text(vessels.radius_mm)
    lines = [HEADER, f"{COUNT} {len(vessels)} {len(vessels.links)}", "# id type x y z radius parent"]
    above = np.where(vessels.parent == ROOT, ROOT, vessels.parent + 1)
    for level in vessels.levels:
        for i in level.tolist():
            at = " ".join(column[i] for column in places)
            lines.append(f"{i + 1} {FIRST_TYPE + vessels.kind[i]} {at} {radius_mm[i]} {above[i]}")

    physics = [getattr(vessels, name) for name in PHYSICS]
    known = np.flatnonzero(~np.isnan(physics).all(axis=0))
    for row in zip(ids[known].tolist(), *(text(column[known]) for column in physics), strict=True):
        lines.append(" ".join([POINT, *map(str, row)]))
    of_links = [text(getattr(vessels, name)) for name in PER_LINK]
    for ends, *row in zip((vessels.links + 1).tolist(), *of_links, strict=True):
        lines.append(" ".join([LINK, *map(str, ends), *row]))
    return ("\n".join(lines) + "\n").encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of an SWC file. Raises SceneError with the line where it breaks."""
    rows, points, links, lines, told = [], [], [], [], []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        words = line.split() if line.startswith((POINT, LINK, COUNT)) else line.split("#")[0].split()
        place = f"line {number}"
        if not words:
            continue
        if words[0] == COUNT:
            told = [whole(word, name, place) for word in words[1:]]
            continue
        if words[0] in (POINT, LINK):
            wanted = 6 if words[0] == POINT else 5
            if len(words) != wanted:
                raise broken(name, place, f"{len(words)} words", f"{wanted}")
            (points if words[0] == POINT else links).append((number, words[1:]))
            continue
        if len(words) != 7:
            raise broken(name, place, f"{len(words)} numbers", "id, type, x, y, z, radius and parent")
        rows.append((whole(words[0], name, place), *numbers(words[1:6], name, place), whole(words[6], name, place)))
        lines.append(number)
    if not rows:
        raise broken(name, "its end", "no point", "lines of id, type, x, y, z, radius and parent")
    if told and told != [len(rows), len(links)]:
        raise broken(name, "its end", f"{len(rows)} points and {len(links)} links", " and ".join(map(str, told)))

    ids = np.array([row[0] for row in rows])
    by_id = np.argsort(ids, kind="stable")
    ids, lines = ids[by_id], np.array(lines)[by_id]
    for twice in np.flatnonzero(ids[1:] == ids[:-1])[:1]:
        raise broken(name, f"line {lines[twice + 1]}", f"id {ids[twice]} again", "an id for each point")
    row_of = {id: row for row, id in enumerate(ids.tolist())}
    table = np.array([row[1:6] for row in rows])[by_id]
    parent = np.empty(len(ids), np.int32)
    for row, id in enumerate(np.array([row[6] for row in rows])[by_id].tolist()):
        if id != ROOT and id not in row_of:
            raise broken(name, f"line {lines[row]}", f"parent {id}, which is not there", "-1 or the id of a point")
        parent[row] = ROOT if id == ROOT else row_of[id]
    kind = table[:, 0].astype(int) - FIRST_TYPE
    columns = {
        "points_mm": table[:, 1:4],
        "radius_mm": table[:, 4],
        "parent": parent,
        "kind": np.where((kind >= 0) & (kind < len(KINDS)), kind, 0),
    }
    columns |= {column: np.full(len(ids), np.nan) for column in PHYSICS}
    for number, (id, *words) in points:
        row = _row(id, row_of, name, f"line {number}")
        for column, value in zip(PHYSICS, numbers(words, name, f"line {number}"), strict=True):
            columns[column][row] = value
    ends = [[_row(id, row_of, name, f"line {number}") for id in words[:2]] for number, words in links]
    of_links = np.array([numbers(words[2:], name, f"line {number}") for number, words in links]).reshape(-1, 2)
    columns |= {"links": np.array(ends, int).reshape(-1, 2)} | dict(zip(PER_LINK, of_links.T, strict=True))
    return vessels_of(name, lambda row: f"line {lines[row]}", columns)


def _row(id: str, row_of: dict[int, int], name: str, place: str) -> int:
    found = row_of.get(whole(id, name, place))
    if found is None:
        raise broken(name, place, f"id {id}, which is not there", "the id of a point")
    return found
