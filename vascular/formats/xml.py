"""XML of nodes and edges, read in one pass: what each element says about itself, and the words in it by their key."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from simdata.errors import SceneError, did_you_mean
from simdata.vessels import KINDS
from vascular.formats.rows import Place, broken, numbers


@dataclass(frozen=True, eq=False)
class Elements:
    """All elements of one tag, in order. words: key to the row and the text of everything that stands under it."""

    tag: str
    attributes: list[dict[str, str]] = field(default_factory=list)
    words: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.attributes)

    def attribute(self, key: str, name: str) -> list[str]:
        """One value of each element. Raises SceneError if an element has none."""
        for row, own in enumerate(self.attributes):
            if key not in own:
                raise broken(name, f"<{self.tag}> {row}", f"no {key}", f"one on every <{self.tag}>")
        return [own[key] for own in self.attributes]

    def text(self, key: str, name: str, place: Place, missing: str | list[str], parts: int = 1) -> list[str]:
        """(n * parts,) the words under `key` of each element. Raises SceneError where there are more or fewer."""
        rows, words = self.words.get(key, ([], []))
        count = np.bincount(np.array(rows, int), minlength=len(self))
        if (count == parts).all():
            return words
        for row in np.flatnonzero((count > 0) & (count != parts))[:1]:
            raise broken(name, place(row), f"{key} of {count[row]} words", f"{parts}")
        out = np.repeat(np.broadcast_to(np.array(missing, object), len(self))[:, None], parts, axis=1)
        out[count > 0] = np.array(words, object).reshape(-1, parts)
        return out.ravel().tolist()

    def numbers(
        self, key: str, name: str, place: Place, missing: str | list[str] = "", parts: int = 1
    ) -> Float[ndarray, " n"]:
        """(n * parts,) the numbers under `key` of each element. Raises SceneError where one is none, or not there."""
        words = self.text(key, name, place, missing, parts)
        for at in (at for at, word in enumerate(words) if not word):
            raise broken(name, place(at // parts), f"no {key}", "a number")
        return numbers(words, name, lambda at: f"{place(at // parts)}, {key}")

    def kinds(self, name: str, place: Place) -> Int[ndarray, " n"]:
        """(n,) index into KINDS of each element, artery where it tells of none."""
        words = self.text("kind", name, place, KINDS[0])
        for row in (row for row, word in enumerate(words) if word not in KINDS):
            raise broken(name, place(row), f"kind '{words[row]}'", ", ".join(KINDS))
        return np.array([KINDS.index(word) for word in words], int)

    def renamed(self, names: dict[str, str], name: str) -> "Elements":
        """The same, words under the names of their keys. Raises SceneError for a key that has none, or two with one."""
        words = {}
        for key, under in self.words.items():
            if key not in names:
                raise broken(name, f"<{self.tag}>", f"data of the unknown key '{key}'", did_you_mean(key, names))
            if names[key] in words:
                raise broken(name, f"<{self.tag}>", f"two keys called '{names[key]}'", "one")
            words[names[key]] = under
        return replace(self, words=words)


def graph(
    nodes: Elements, edges: Elements, ends: tuple[str, str], name: str
) -> tuple[Int[ndarray, "e 2"], Place, Place]:
    """Rows of the nodes that each edge joins, and how nodes and edges are called.

    ends: the attributes for the end nearer to the root, and the other. Raises SceneError if two nodes have one id, or
    an edge leads to no node.
    """
    if not len(nodes):
        raise broken(name, "its end", "no node", "a node for each point")
    ids = nodes.attribute("id", name)
    row_of = {id: row for row, id in enumerate(ids)}
    for row in (row for row, id in enumerate(ids) if len(row_of) < len(ids) and row_of[id] != row):
        raise broken(name, f"node '{ids[row]}'", "its id twice", "an id for each node")
    pairs = list(zip(*(edges.attribute(end, name) for end in ends), strict=True))
    for pair in pairs:
        for id in pair:
            if id not in row_of:
                raise broken(name, f"edge {pair[0]} - {pair[1]}", f"no node '{id}'", did_you_mean(id, row_of))
    rows = np.array([(row_of[a], row_of[b]) for a, b in pairs], int).reshape(-1, 2)
    return rows, lambda row: f"node '{ids[row]}'", lambda row: "edge {} - {}".format(*pairs[row])


def elements(
    content: bytes, name: str, root: str, tags: Collection[str], holder: str, key: str, leaves: Collection[str]
) -> dict[str, Elements]:
    """The elements of these tags. leaves: tags that hold words; a `holder`, they or what is about them, has their key.

    Namespaces are passed over. Raises SceneError with the line where the file breaks.
    """
    found = {tag: Elements(tag) for tag in tags}
    inside: list[Elements] = []
    first, named, word = "", "", None

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal first, named, word
        tag = tag.rpartition(":")[2]
        if tag == holder:
            named = attributes.get(key, "").strip()
        if tag in leaves and inside:
            rows, word = inside[-1].words.setdefault(named, ([], []))
            rows.append(len(inside[-1].attributes) - 1)
            word.append("")
        elif tag in found:
            inside.append(found[tag])
            inside[-1].attributes.append(attributes)
        first = first or tag

    def end(tag: str) -> None:
        nonlocal word
        word = None
        if inside and tag.endswith(inside[-1].tag):
            inside.pop()

    def text(letters: str) -> None:
        if word is not None:
            word[-1] += letters.strip()

    parser = expat.ParserCreate()
    parser.buffer_text, parser.buffer_size = True, 1 << 16
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as reason:
        raise _cut(name, reason.lineno, str(reason)) from reason
    except LookupError as reason:
        raise broken(name, "line 1", str(reason), "UTF-8") from reason
    if first != root:
        raise broken(name, "its start", f"<{first}>", f"<{root}>")
    return found


def root(content: bytes, name: str, tag: str) -> Element:
    """The root element, without namespaces. Raises SceneError with the line where the file breaks."""
    try:
        found = ElementTree.fromstring(content)
    except ElementTree.ParseError as reason:
        raise _cut(name, reason.position[0], str(reason)) from reason
    except LookupError as reason:
        raise broken(name, "line 1", str(reason), "UTF-8") from reason
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    if found.tag != tag:
        raise broken(name, "its start", f"<{found.tag}>", f"<{tag}>")
    return found


def _cut(name: str, line: int, reason: str) -> SceneError:
    return SceneError(f"{name}, line {line}: {reason.split(':')[0]}; a whole file would do")
