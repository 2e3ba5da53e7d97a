"""GXL as VascuSynth and OpenCCO write it: nodes with a position, edges from the root on with radius and flow.

Nodes carry our further columns as attributes that those programs pass over. Hamarneh, Jassi 2010, Comput Med Imaging
Graph 34: 605; Winter, Kullbach, Riediger 2001, LNCS 2269: 324.
"""

import numpy as np

from simdata.vessels import KINDS, PER_LINK, ROOT, Vessels
from vascular.formats import xml
from vascular.formats.rows import PHYSICS, check_count, forest, text, vessels_of

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gxl>\n'
    '<graph id="vessels" edgeids="true" edgemode="directed" hypergraph="false">'
)
LEAVES = ("float", "int", "bool", "string")
COUNTS = ("nodes", "edges")
"""Attributes of our graph that tell how many there are."""
ROLES = ("root node", "terminal node", "bifurication")
"""VascuSynth's own words, with its spelling."""


def encode(vessels: Vessels) -> bytes:
    """The vessels as GXL."""
    places = [text(column) for column in vessels.points_mm.T]
    columns = {key: text(getattr(vessels, key)) for key in ("radius_mm", *PHYSICS)}
    role = np.where(vessels.parent == ROOT, 0, np.where(vessels.children == 0, 1, 2))
    counts = len(vessels), len(vessels.segments) + len(vessels.links)
    lines = [HEAD, *(_count(key, count) for key, count in zip(COUNTS, counts, strict=True))]
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
    found = xml.elements(content, name, "gxl", ("graph", "node", "edge"), "attr", "name", LEAVES)
    nodes, edges = found["node"], found["edge"]
    for of, told in zip((nodes, edges), COUNTS, strict=True):
        for count in found["graph"].words.get(told, ([], []))[1]:
            check_count(count, len(of), f"<{of.tag}>", name, "<graph>")
    ends, place, of_edge = xml.graph(nodes, edges, ("from", "to"), name)

    is_link = np.array([word == "link" for word in edges.text("role", name, of_edge, "")], bool)
    segments = np.flatnonzero(~is_link)
    parent, own, more, extra = forest(
        ends[segments, 0], ends[segments, 1], len(nodes), name, lambda k: of_edge(int(segments[k]))
    )
    links = np.concatenate([np.flatnonzero(is_link), segments[extra]])
    edge_of = np.append(segments, ROOT)[own]

    of_edges = np.append(edges.numbers("radius", name, of_edge), 0.0)[edge_of]
    thickest = of_edges.copy()
    with np.errstate(invalid="ignore"):
        np.maximum.at(thickest, parent[parent != ROOT], of_edges[parent != ROOT])
    radius = [repr(mm) for mm in np.where(edge_of == ROOT, thickest, of_edges).tolist()]
    flow = [*edges.text("flow", name, of_edge, "nan"), "nan"]
    missing = {**dict.fromkeys(PHYSICS, "nan"), "radius_mm": radius, "flow_mm3_s": [flow[edge] for edge in edge_of]}
    columns = {
        "points_mm": nodes.numbers("position", name, place, parts=3).reshape(-1, 3),
        "parent": parent,
        "kind": nodes.kinds(name, place),
        "links": np.concatenate([ends[is_link], more]),
    }
    columns |= {key: nodes.numbers(key, name, place, words) for key, words in missing.items()}
    for key, of in zip(PER_LINK, ("flow", "haematocrit"), strict=True):
        columns[key] = edges.numbers(of, name, of_edge, "nan")[links]
    return vessels_of(name, place, columns)


def _number(key: str, value: str) -> str:
    return f'<attr name="{key}"><float>{value}</float></attr>'


def _count(key: str, value: int) -> str:
    return f'<attr name="{key}"><int>{value}</int></attr>'


def _word(key: str, value: str) -> str:
    return f'<attr name="{key}"><string>{value}</string></attr>'
