"""GraphML: points as nodes, segments and links as edges from the root on; as networkx, igraph and Gephi read it.

Node: x, y, z (mm), radius_mm, kind, flow and so on. Edge: radius_mm and link (true for what closes a net).
Brandes et al. 2002, http://graphml.graphdrawing.org.
"""

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from simdata.vessels import KINDS, PER_LINK, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, Place, broken, check_count, forest, text, vessels_of

AXES = ("x", "y", "z")
OF_NODE = {**dict.fromkeys((*AXES, "radius_mm", *PHYSICS), "double"), "kind": "string"}
OF_EDGE = {"radius_mm": "double", "link": "boolean", **dict.fromkeys(PER_LINK, "double")}
COUNTS = ("parse.nodes", "parse.edges")
"""What the format itself offers to tell how many nodes and edges there are."""
BOOLEAN = {"true": True, "1": True, "false": False, "0": False}
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n{keys}\n'
    '<graph id="vessels" edgedefault="directed" parse.nodes="{nodes}" parse.edges="{edges}">'
)


def encode(vessels: Vessels) -> bytes:
    """The vessels as GraphML."""
    keys = [
        f'<key id="{of[0]}_{key}" for="{of}" attr.name="{key}" attr.type="{type}"/>'
        for of, table in (("node", OF_NODE), ("edge", OF_EDGE))
        for key, type in table.items()
    ]
    edges = len(vessels.segments) + len(vessels.links)
    lines = [HEAD.format(keys="\n".join(keys), nodes=len(vessels), edges=edges)]
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
    found = xml.elements(content, name, "graphml", ("key", "graph", "node", "edge"), "data", "key", ("data",))
    names = {own.get("id", ""): own.get("attr.name", own.get("id", "")) for own in found["key"].attributes}
    nodes, edges = (found[tag].renamed(names, name) for tag in ("node", "edge"))
    for of, told in zip((nodes, edges), COUNTS, strict=True):
        for own in found["graph"].attributes:
            check_count(own.get(told), len(of), f"<{of.tag}>", name, "<graph>")
    ends, place, of_edge = xml.graph(nodes, edges, ("source", "target"), name)

    is_link = _links(edges, name, of_edge)
    segments = np.flatnonzero(~is_link)
    parent, _, more, extra = forest(
        ends[segments, 0], ends[segments, 1], len(nodes), name, lambda k: of_edge(int(segments[k]))
    )
    links = np.concatenate([np.flatnonzero(is_link), segments[extra]])
    columns = {
        "points_mm": np.stack([nodes.numbers(axis, name, place) for axis in AXES], axis=1),
        "parent": parent,
        "radius_mm": nodes.numbers("radius_mm", name, place),
        "kind": nodes.kinds(name, place),
        "links": np.concatenate([ends[is_link], more]),
    }
    columns |= {key: nodes.numbers(key, name, place, "nan") for key in PHYSICS}
    columns |= {key: edges.numbers(key, name, of_edge, "nan")[links] for key in PER_LINK}
    return vessels_of(name, place, columns)


def _links(edges: xml.Elements, name: str, place: Place) -> Bool[ndarray, " e"]:
    """(e,) true for links. Raises SceneError for a word that is no boolean."""
    words = [word.lower() for word in edges.text("link", name, place, "false")]
    for row in (row for row, word in enumerate(words) if word not in BOOLEAN):
        raise broken(name, place(row), f"link '{words[row]}'", "true or false")
    return np.array([BOOLEAN[word] for word in words], bool)
