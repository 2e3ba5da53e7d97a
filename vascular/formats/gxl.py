"""GXL as VascuSynth and OpenCCO write it: nodes with a position, edges from the root on with radius and flow.

Nodes carry our further columns as attributes that those programs pass over. Hamarneh, Jassi 2010, Comput Med Imaging
Graph 34: 605; Winter, Kullbach, Riediger 2001, LNCS 2269: 324.
"""

import numpy as np

from simdata.errors import did_you_mean
from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, broken, forest, numbers, text, vessels_of

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gxl>\n'
    '<graph id="vessels" edgeids="true" edgemode="directed" hypergraph="false">'
)
ROLES = ("root node", "terminal node", "bifurication")
"""VascuSynth's own words, with its spelling."""


def encode(vessels: Vessels) -> bytes:
    """The vessels as GXL."""
    places = [text(column) for column in vessels.points_mm.T]
    columns = {key: text(getattr(vessels, key)) for key in ("radius_mm", *PHYSICS)}
    role = np.where(vessels.parent == ROOT, 0, np.where(vessels.children == 0, 1, 2))
    lines = [HEAD]
    for i in range(len(vessels)):
        at = "".join(f"<float>{column[i]}</float>" for column in places)
        own = "".join(_number(key, column[i]) for key, column in columns.items())
        lines.append(
            f'<node id="n{i}">{_word("nodeType", ROLES[role[i]])}<attr name="position"><tup>{at}</tup></attr>'
            f"{_word('kind', KINDS[vessels.kind[i]])}{own}</node>"
        )
    for i, above in zip(vessels.segments.tolist(), vessels.parent[vessels.segments].tolist(), strict=True):
        data = _number("radius", columns["radius_mm"][i]) + _number("flow", columns["flow_mm3_s"][i])
        lines.append(f'<edge id="e{i}" from="n{above}" to="n{i}">{data}</edge>')
    radius_mm, flow, haematocrit = (text(vessels.link_radius_mm), *(text(getattr(vessels, key)) for key in PER_LINK))
    for k, (a, b) in enumerate(vessels.links.tolist()):
        data = _number("radius", radius_mm[k]) + _number("flow", flow[k]) + _number("haematocrit", haematocrit[k])
        lines.append(f'<edge id="l{k}" from="n{a}" to="n{b}">{_word("role", "link")}{data}</edge>')
    return ("\n".join([*lines, "</graph>", "</gxl>"]) + "\n").encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of a GXL file. Raises SceneError with the node or edge where it breaks."""
    root = xml.root(content, name, "gxl")
    ids: dict[str, int] = {}
    rows = []
    for node in root.iter("node"):
        id = xml.attribute(node, "id", name)
        if id in ids:
            raise broken(name, f"node '{id}'", "its id twice", "an id for each node")
        ids[id] = len(rows)
        rows.append(_attributes(node))
    if not rows:
        raise broken(name, "its end", "no node", "a node for each point")
    names, edges, ends, edge_names = list(ids), [], [], []
    for edge in root.iter("edge"):
        pair = [xml.attribute(edge, end, name) for end in ("from", "to")]
        for id in pair:
            if id not in ids:
                raise broken(name, f"edge {pair[0]} - {pair[1]}", f"no node '{id}'", did_you_mean(id, ids))
        ends.append([ids[id] for id in pair])
        edges.append(_attributes(edge))
        edge_names.append(f"edge {pair[0]} - {pair[1]}")
    at = np.array(ends, int).reshape(-1, 2)
    is_link = np.array([edge.get("role") == ["link"] for edge in edges], bool)
    segments = np.flatnonzero(~is_link)
    parent, own, more, extra = forest(at[segments, 0], at[segments, 1], len(rows))
    edge_of = np.where(own >= 0, segments[own] if segments.size else -1, -1)
    links = [*np.flatnonzero(is_link).tolist(), *segments[extra].tolist()]

    def of_edge(k: int, key: str, missing: list[str] | None = None) -> float:
        words = edges[k].get(key, missing)
        if not words:
            raise broken(name, edge_names[k], f"no {key}", "a radius on every edge")
        return numbers(words[:1], name, edge_names[k])[0]

    radius_mm = np.array([of_edge(k, "radius") if k >= 0 else 0.0 for k in edge_of.tolist()])
    thickest = radius_mm.copy()
    np.maximum.at(thickest, parent[parent != ROOT], radius_mm[parent != ROOT])
    radius_mm = np.where(edge_of >= 0, radius_mm, thickest)
    given = enumerate(_with(rows, radius_mm))
    columns = {
        "points_mm": np.array([_position(row, names[i], name) for i, row in enumerate(rows)]),
        "parent": parent,
        "radius_mm": np.array([_own(row, "radius_mm", r, names[i], name) for i, (row, r) in given]),
        "kind": np.array([_kind(row.get("kind", [KINDS[0]])[0], name, names[i]) for i, row in enumerate(rows)]),
        "links": np.concatenate([at[is_link], more]),
    }
    flow = [of_edge(k, "flow", ["nan"]) if k >= 0 else np.nan for k in edge_of.tolist()]
    for key in PHYSICS:
        missing = flow if key == "flow_mm3_s" else [np.nan] * len(rows)
        columns[key] = np.array([_own(row, key, m, names[i], name) for i, (row, m) in enumerate(_with(rows, missing))])
    for key, of in zip(PER_LINK, ("flow", "haematocrit"), strict=True):
        columns[key] = np.array([of_edge(k, of, ["nan"]) for k in links])
    return vessels_of(name, lambda row: f"node '{names[row]}'", columns)


def _number(key: str, value: str) -> str:
    return f'<attr name="{key}"><float>{value}</float></attr>'


def _word(key: str, value: str) -> str:
    return f'<attr name="{key}"><string>{value}</string></attr>'


def _attributes(element: xml.Element) -> dict[str, list[str]]:
    """Attribute name to its words; VascuSynth writes names and words with spaces around them."""
    leaves = ("float", "string")
    return {
        attr.get("name", "").strip(): [(part.text or "").strip() for part in attr.iter() if part.tag in leaves]
        for attr in element.iter("attr")
    }


def _position(row: dict[str, list[str]], node: str, name: str) -> list[float]:
    found = numbers(row.get("position", []), name, f"node '{node}'")
    if len(found) != 3:
        raise broken(name, f"node '{node}'", f"a position of {len(found)} numbers", "three")
    return found


def _own(row: dict[str, list[str]], key: str, missing: float, node: str, name: str) -> float:
    return numbers(row[key], name, f"node '{node}'")[0] if row.get(key) else float(missing)


def _kind(word: str, name: str, node: str) -> int:
    if word not in KINDS:
        raise broken(name, f"node '{node}'", f"kind '{word}'", ", ".join(KINDS))
    return KINDS.index(word)


def _with(rows: list, others: "list[float] | np.ndarray") -> zip:
    return zip(rows, others, strict=True)
