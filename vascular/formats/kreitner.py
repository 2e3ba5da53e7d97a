"""The table of retinal vessel graphs: node1, node2, radius; places and radii in fields of 3 mm, node2 nearer the root.

As `aiforvision/OCTA-autosegmentation` reads and writes it (Menten 2022, Kreitner 2024). Columns that its readers pass
over hold the rest: row and parent of the point, kind, flow and so on; a root is a row from a point to itself.
"""

import csv
from io import StringIO

import numpy as np

from simdata.errors import did_you_mean
from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats.rows import PHYSICS, Place, broken, forest, numbers, text, vessels_of, whole

FIELD_MM = 3.0
NODES = ("node1", "node2")
LINK = "link"
ENDS = ("parent", "point")
OWN = ("point", "parent", "kind", *PHYSICS)


def encode(vessels: Vessels) -> bytes:
    """The vessels as a table: points in order, then links."""
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*NODES, "radius", *OWN])
    places = [_vector(point) for point in (vessels.points_mm.astype(float) / FIELD_MM).tolist()]
    radius = (vessels.radius_mm.astype(float) / FIELD_MM).tolist()
    physics = list(zip(*(text(getattr(vessels, name)) for name in PHYSICS), strict=True))
    for i, above in enumerate(vessels.parent.tolist()):
        ends = places[i], places[i if above == ROOT else above]
        table.writerow([*ends, radius[i], i, above, KINDS[vessels.kind[i]], *physics[i]])
    of_links = [text(getattr(vessels, name)) for name in PER_LINK]
    for (a, b), flow, haematocrit in zip(vessels.links.tolist(), *of_links, strict=True):
        table.writerow([places[b], places[a], min(radius[a], radius[b]), b, a, LINK, flow, "nan", haematocrit, "nan"])
    return out.getvalue().encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of such a table; without our columns, equal places are one point. Raises SceneError with the line."""
    table = csv.DictReader(StringIO(content.decode(errors="replace")))
    columns = table.fieldnames or []
    for wanted in (*NODES, "radius"):
        if wanted not in columns:
            raise broken(name, "line 1", f"no column '{wanted}'", did_you_mean(wanted, columns))
    rows, lines = [], []
    for row in table:
        if None in row.values() or None in row:
            raise broken(name, f"line {table.line_num}", "a row that is cut short or too long", f"{len(columns)} cells")
        rows.append(row)
        lines.append(table.line_num)
    if not rows:
        raise broken(name, "its end", "no vessel", "rows of node1, node2 and radius")
    at = {node: _points(rows, node, name, lines) for node in NODES}
    radius_mm = FIELD_MM * np.array(
        [numbers([row["radius"]], name, f"line {line}")[0] for row, line in _with(rows, lines)]
    )
    if set(OWN) <= set(columns):
        return _own(rows, lines, at["node1"], radius_mm, name)
    return _foreign(lines, at, radius_mm, name)


def _own(rows: list, lines: list, points_mm: np.ndarray, radius_mm: np.ndarray, name: str) -> Vessels:
    is_link = np.array([row["kind"] == LINK for row in rows])
    here = [i for i, link in enumerate(is_link) if not link]
    for order, i in enumerate(here):
        if rows[i]["point"] != str(order):
            raise broken(name, f"line {lines[i]}", f"point {rows[i]['point']}", f"{order}, as no row may be missing,")
        if rows[i]["kind"] not in KINDS:
            raise broken(name, f"line {lines[i]}", f"kind '{rows[i]['kind']}'", ", ".join(KINDS))
    links = np.flatnonzero(is_link).tolist()
    columns = {
        "points_mm": points_mm[here],
        "parent": np.array([whole(rows[i]["parent"], name, f"line {lines[i]}") for i in here]),
        "radius_mm": radius_mm[here],
        "kind": np.array([KINDS.index(rows[i]["kind"]) for i in here], int),
        "links": np.array([[whole(rows[i][end], name, f"line {lines[i]}") for end in ENDS] for i in links], int),
    }
    columns["links"] = columns["links"].reshape(-1, 2)
    for column in PHYSICS:
        columns[column] = np.array([numbers([rows[i][column]], name, f"line {lines[i]}")[0] for i in here])
    for column, of in zip(PER_LINK, ("flow_mm3_s", "haematocrit"), strict=True):
        columns[column] = np.array([numbers([rows[i][of]], name, f"line {lines[i]}")[0] for i in links])
    return vessels_of(name, lambda row: f"line {lines[here[row]]}", columns)


def _foreign(lines: list, at: dict, radius_mm: np.ndarray, name: str) -> Vessels:
    both = np.concatenate([at["node1"], at["node2"]]).astype(np.float32)
    points_mm, number = np.unique(both, axis=0, return_inverse=True)
    lower, upper = number.reshape(2, -1)
    parent, edge, links, _ = forest(upper, lower, len(points_mm))
    radii = np.where(edge >= 0, radius_mm[edge], 0)
    np.maximum.at(radii, upper, np.where(parent[upper] == ROOT, radius_mm, 0))
    place: Place = lambda row: f"line {lines[edge[row]]}"  # noqa: E731
    return vessels_of(name, place, {"points_mm": points_mm, "parent": parent, "radius_mm": radii, "links": links})


def _vector(point: list[float]) -> str:
    return "[" + " ".join(map(repr, point)) + "]"


def _points(rows: list, node: str, name: str, lines: list) -> np.ndarray:
    out = np.empty((len(rows), 3))
    for i, (row, line) in enumerate(_with(rows, lines)):
        place = numbers(row[node].strip("[] ").replace(",", " ").split(), name, f"line {line}")
        if len(place) != 3:
            raise broken(name, f"line {line}", f"{node} with {len(place)} numbers", "[x y z]")
        out[i] = place
    return FIELD_MM * out


def _with(rows: list, lines: list) -> zip:
    return zip(rows, lines, strict=True)
