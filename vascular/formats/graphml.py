"""GraphML: points as nodes, segments and links as edges from the root on; as networkx, igraph and Gephi read it.

Node: x, y, z (mm), radius_mm, kind, flow and so on. Edge: radius_mm and link (true for what closes a net).
Brandes et al. 2002, http://graphml.graphdrawing.org.
"""

import numpy as np

from simdata.errors import did_you_mean
from simdata.vessels import KINDS, PER_LINK, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, broken, forest, numbers, text, vessels_of

AXES = ("x", "y", "z")
OF_NODE = {**dict.fromkeys((*AXES, "radius_mm", *PHYSICS), "double"), "kind": "string"}
OF_EDGE = {"radius_mm": "double", "link": "boolean", **dict.fromkeys(PER_LINK, "double")}
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n{keys}\n<graph id="vessels" edgedefault="directed">'
)


def encode(vessels: Vessels) -> bytes:
    """The vessels as GraphML."""
    keys = [
        f'<key id="{of[0]}_{key}" for="{of}" attr.name="{key}" attr.type="{type}"/>'
        for of, table in (("node", OF_NODE), ("edge", OF_EDGE))
        for key, type in table.items()
    ]
    lines = [HEAD.format(keys="\n".join(keys))]
    columns = {axis: text(column) for axis, column in zip(AXES, vessels.points_mm.T, strict=True)}
    columns |= {key: text(getattr(vessels, key)) for key in ("radius_mm", *PHYSICS)}
    columns["kind"] = [KINDS[kind] for kind in vessels.kind]
    for i in range(len(vessels)):
        data = "".join(f'<data key="n_{key}">{column[i]}</data>' for key, column in columns.items())
        lines.append(f'<node id="n{i}">{data}</node>')
    for i, above in zip(vessels.segments.tolist(), vessels.parent[vessels.segments].tolist(), strict=True):
        data = f'<data key="e_radius_mm">{columns["radius_mm"][i]}</data><data key="e_link">false</data>'
        lines.append(f'<edge source="n{above}" target="n{i}">{data}</edge>')
    of_links = [text(getattr(vessels, key)) for key in PER_LINK]
    radius_mm = text(vessels.link_radius_mm)
    for k, (a, b) in enumerate(vessels.links.tolist()):
        data = f'<data key="e_radius_mm">{radius_mm[k]}</data><data key="e_link">true</data>'
        data += "".join(f'<data key="e_{key}">{of[k]}</data>' for key, of in zip(PER_LINK, of_links, strict=True))
        lines.append(f'<edge source="n{a}" target="n{b}">{data}</edge>')
    return ("\n".join([*lines, "</graph>", "</graphml>"]) + "\n").encode()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of a GraphML file. Raises SceneError with the node or edge where it breaks."""
    root = xml.root(content, name, "graphml")
    keys = {xml.attribute(key, "id", name): key.get("attr.name", "") for key in root.iter("key")}
    rows, ids = [], {}
    for node in root.iter("node"):
        id = xml.attribute(node, "id", name)
        if id in ids:
            raise broken(name, f"node '{id}'", "its id twice", "an id for each node")
        ids[id] = len(rows)
        rows.append(_data(node, keys))
    if not rows:
        raise broken(name, "its end", "no node", "a node for each point")
    names = list(ids)
    ends, edges = [], []
    for edge in root.iter("edge"):
        pair = [xml.attribute(edge, end, name) for end in ("source", "target")]
        for id in pair:
            if id not in ids:
                raise broken(name, f"edge {pair[0]} - {pair[1]}", f"no node '{id}'", did_you_mean(id, ids))
        ends.append([ids[id] for id in pair])
        edges.append(_data(edge, keys))
    at = np.array(ends, int).reshape(-1, 2)
    is_link = np.array([edge.get("link") == "true" for edge in edges], bool)
    parent, _, more, extra = forest(at[~is_link, 0], at[~is_link, 1], len(rows))
    links = [*np.flatnonzero(is_link).tolist(), *np.flatnonzero(~is_link)[extra].tolist()]

    def number(i: int, key: str, missing: str | None = None) -> float:
        word = rows[i].get(key, missing)
        if word is None:
            raise broken(name, f"node '{names[i]}'", f"no {key}", f"{', '.join(AXES)} and radius_mm")
        return numbers([word], name, f"node '{names[i]}'")[0]

    columns = {
        "points_mm": np.array([[number(i, axis) for axis in AXES] for i in range(len(rows))]),
        "parent": parent,
        "radius_mm": np.array([number(i, "radius_mm") for i in range(len(rows))]),
        "kind": np.array([_kind(row.get("kind", KINDS[0]), name, names[i]) for i, row in enumerate(rows)]),
        "links": np.concatenate([at[is_link], more]),
    }
    columns |= {key: np.array([number(i, key, "nan") for i in range(len(rows))]) for key in PHYSICS}
    for key in PER_LINK:
        columns[key] = np.array([numbers([edges[k].get(key, "nan")], name, f"edge {k}")[0] for k in links])
    return vessels_of(name, lambda row: f"node '{names[row]}'", columns)


def _data(element: xml.Element, keys: dict[str, str]) -> dict[str, str]:
    return {keys.get(data.get("key", ""), ""): (data.text or "").strip() for data in element.iter("data")}


def _kind(word: str, name: str, node: str) -> int:
    if word not in KINDS:
        raise broken(name, f"node '{node}'", f"kind '{word}'", ", ".join(KINDS))
    return KINDS.index(word)
