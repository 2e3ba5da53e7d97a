"""The table of retinal vessel graphs: node1, node2, radius; places and radii in fields of 3 mm, node2 nearer the root.

As `aiforvision/OCTA-autosegmentation` reads and writes it (Menten 2022, Kreitner 2024). Columns that its readers pass
over hold the rest: row and parent of the point, kind, flow and so on, and how many rows are still to come, so that a
table cut short is told; a root is a row from a point to itself. Nothing tells that a table of another program was cut
between two rows.
"""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import chain

import numpy as np

from simdata.errors import did_you_mean
from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats.rows import PHYSICS, Place, broken, forest, numbers, text, vessels_of, whole_text, wholes

FIELD_MM = 3.0
NODES = ("node1", "node2")
LINK = "link"
ENDS = ("parent", "point")
OWN = ("point", "parent", "kind", *PHYSICS, "rows_left")


def encode(vessels: Vessels) -> bytes:
    """The vessels as a table: points in order, then links."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*NODES, "radius", *OWN])
    places = [_vector(point) for point in (vessels.points_mm.astype(float) / FIELD_MM).tolist()]
    radius = (vessels.radius_mm.astype(float) / FIELD_MM).tolist()
    rows = len(vessels) + len(vessels.links)
    physics = list(zip(*(text(getattr(vessels, name)) for name in PHYSICS), strict=True))
    for i, above in enumerate(vessels.parent.tolist()):
        ends = places[i], places[i if above == ROOT else above]
        table.writerow([*ends, radius[i], i, above, KINDS[vessels.kind[i]], *physics[i], rows - 1 - i])
    of_links = [text(getattr(vessels, name)) for name in PER_LINK]
    for k, ((a, b), flow, haematocrit) in enumerate(zip(vessels.links.tolist(), *of_links, strict=True), 1):
        ends = places[b], places[a], min(radius[a], radius[b])
        table.writerow([*ends, b, a, LINK, flow, "nan", haematocrit, "nan", len(vessels.links) - k])
    return out.getvalue().encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of such a table; without our columns, equal places are one point. Raises SceneError with the line."""
    header, rows, lines = _rows(content, name)
    for wanted in (*NODES, "radius", *(OWN if set(OWN) & set(header) else ())):
        if wanted not in header:
            raise broken(name, "line 1", f"no column '{wanted}'", did_you_mean(wanted, header))
    if not rows:
        raise broken(name, "its end", "no vessel", "rows of node1, node2 and radius")
    cells = dict(zip(header, zip(*rows, strict=True), strict=True))
    place: Place = lambda row: f"line {lines[row]}"  # noqa: E731
    radius_mm = FIELD_MM * numbers(cells["radius"], name, place)
    if "rows_left" in cells:
        return _own(cells, radius_mm, name, place)
    return _foreign(cells, radius_mm, name, place)


def _rows(content: bytes, name: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The header, the rows and their lines. Raises SceneError for a row that does not fit the header."""
    table = csv.reader(StringIO(whole_text(content, name)))
    rows, lines = [], []
    try:
        for row in table:
            if row:
                rows.append(row)
                lines.append(table.line_num)
    except csv.Error as reason:
        raise broken(name, f"line {table.line_num}", str(reason), "a table") from reason
    header = rows[0] if rows else []
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise broken(name, f"line {line}", "a row that is cut short or too long", f"{len(header)} cells")
    return header, rows[1:], lines[1:]


def _own(cells: Mapping[str, Sequence[str]], radius_mm: np.ndarray, name: str, place: Place) -> Vessels:
    count = len(radius_mm)
    for row, left in enumerate(cells["rows_left"]):
        if left != str(count - 1 - row):
            raise broken(name, place(row), f"{count - 1 - row} more rows where it tells of '{left}'", "a whole file")
    is_link = np.array([kind == LINK for kind in cells["kind"]])
    here, links = np.flatnonzero(~is_link), np.flatnonzero(is_link)
    for order, row in enumerate(here.tolist()):
        point, kind = cells["point"][row], cells["kind"][row]
        if point != str(order):
            raise broken(name, place(row), f"point {point}", f"{order}, as no row may be missing,")
        if kind not in KINDS:
            raise broken(name, place(row), f"kind '{kind}'", ", ".join(KINDS))
    above, below = (wholes(cells[end], name, place) for end in ENDS)
    physics = {key: numbers(cells[key], name, place) for key in PHYSICS}
    columns = {
        "points_mm": _points(cells["node1"], "node1", name, place)[here],
        "parent": above[here],
        "radius_mm": radius_mm[here],
        "kind": np.array([KINDS.index(cells["kind"][row]) for row in here.tolist()], int),
        "links": np.c_[above, below][links],
    }
    columns |= {key: values[here] for key, values in physics.items()}
    columns |= {f"link_{key}": physics[key][links] for key in ("flow_mm3_s", "haematocrit")}
    return vessels_of(name, lambda point: place(int(here[point])), columns)


def _foreign(cells: Mapping[str, Sequence[str]], radius_mm: np.ndarray, name: str, place: Place) -> Vessels:
    both = np.concatenate([_points(cells[node], node, name, place) for node in NODES]).astype(np.float32)
    points_mm, number = np.unique(both, axis=0, return_inverse=True)
    ends = number.reshape(2, -1)
    rows = np.flatnonzero(ends[0] != ends[1])
    lower, upper = ends[:, rows]
    parent, edge, links, _ = forest(upper, lower, len(points_mm), name, lambda k: place(int(rows[k])))

    radii = np.zeros(len(points_mm))
    at_root = parent[ends[1]] == ROOT
    with np.errstate(invalid="ignore"):
        np.maximum.at(radii, ends[1][at_root], radius_mm[at_root])
    radii = np.where(edge == ROOT, radii, np.append(radius_mm[rows], 0.0)[edge])
    row_of = np.empty(len(points_mm), int)
    row_of[ends[1]] = np.arange(len(radius_mm))
    row_of[lower] = rows
    columns = {"points_mm": points_mm, "parent": parent, "radius_mm": radii, "links": links}
    return vessels_of(name, lambda point: place(int(row_of[point])), columns)


def _vector(point: list[float]) -> str:
    return "[" + " ".join(map(repr, point)) + "]"


def _points(cells: Sequence[str], node: str, name: str, place: Place) -> np.ndarray:
    """(rows, 3) mm."""
    words = [cell.strip("[] ").replace(",", " ").split() for cell in cells]
    for row, of_row in enumerate(words):
        if len(of_row) != len("xyz"):
            raise broken(name, place(row), f"{node} with {len(of_row)} numbers", "[x y z]")
    return FIELD_MM * numbers([*chain(*words)], name, lambda at: place(at // len("xyz"))).reshape(-1, len("xyz"))
