"""XML for the formats that are made of it: read whole, or told where it breaks."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from simdata.errors import SceneError
from vascular.formats.rows import broken


def root(content: bytes, name: str, tag: str) -> Element:
    """The root element, without namespaces. Raises SceneError with the line where the file breaks."""
    try:
        found = ElementTree.fromstring(content)
    except ElementTree.ParseError as reason:
        line = reason.position[0]
        raise SceneError(f"{name}, line {line}: {str(reason).split(':')[0]}; a whole file would do") from reason
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    if found.tag != tag:
        raise broken(name, "its start", f"<{found.tag}>", f"<{tag}>")
    return found


def attribute(element: Element, key: str, name: str) -> str:
    """An attribute that must be there."""
    value = element.get(key)
    if value is None:
        raise broken(name, f"<{element.tag}>", f"no {key}", f"one on every <{element.tag}>")
    return value
