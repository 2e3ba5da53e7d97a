"""YAML and TOML as a recipe needs them: a repeated key is an error, and 1e-3 is a number."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml as pyyaml

from simdata.errors import RecipeError

DEEPEST = 100
"""Levels of a recipe: far more than any part has, and few enough for Python to walk through."""
MOST_VALUES = 100_000
"""Values of a recipe, every alias written out."""
LARGEST_BYTES = 2**22


class _Loader(pyyaml.SafeLoader):
    """SafeLoader that refuses a key written twice, where plain YAML silently keeps the last."""

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if node is not None and _values(node, {}) > MOST_VALUES:
            raise pyyaml.constructor.ConstructorError(
                None, None, f"its aliases stand for more than {MOST_VALUES} values", node.start_mark
            )
        return node

    def construct_mapping(self, node: pyyaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise pyyaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is not a word", key_node.start_mark
                )
            if key in seen:
                raise pyyaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _values(node: Any, known: dict[int, int]) -> int:
    """How many values a YAML node has with every alias written out; each node is looked at once."""
    if id(node) not in known:
        known[id(node)] = 1  # of a node that holds itself, which has no end and is refused for that
        inside = node.value if isinstance(node, pyyaml.CollectionNode) else ()
        children = (child for entry in inside for child in (entry if isinstance(entry, tuple) else (entry,)))
        known[id(node)] = 1 + sum(_values(child, known) for child in children)
    return known[id(node)]


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_tree(path: Path) -> Any:
    """The plain tree in a .yaml, .yml or .toml file. Raises RecipeError if it cannot be read or parsed."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, ValueError) as reason:
        raise RecipeError(f"{path}: {_reason(reason)}; a readable .yaml or .toml file would do") from reason
    if len(content) > LARGEST_BYTES:
        raise RecipeError(f"{path}: found more than {LARGEST_BYTES} bytes; a recipe of a few lines would do")
    if path.suffix != ".toml":
        return parse_yaml(text, str(path))
    try:
        return _not_too_deep(tomllib.loads(text), str(path))
    except RecursionError as reason:
        raise _too_deep(str(path)) from reason
    except ValueError as reason:  # tomllib's own error, and what Python says of a number too long or a day too many
        raise RecipeError(f"{path}: not TOML: {reason}") from reason


def parse_yaml(text: str, where: str) -> Any:
    """The plain tree in a YAML text. Raises RecipeError that names the line."""
    try:
        return _not_too_deep(pyyaml.load(text, Loader=_Loader), where)
    except pyyaml.MarkedYAMLError as reason:
        line = reason.problem_mark.line + 1 if reason.problem_mark else "?"
        raise RecipeError(f"{where}, line {line}: {reason.problem}; valid YAML would do") from reason
    except (pyyaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as reason:
        raise RecipeError(f"{where}: {reason}; valid YAML would do") from reason
    except RecursionError as reason:
        raise _too_deep(where) from reason


def dump_yaml(tree: Any) -> str:
    """A plain tree as YAML, in the order of its keys."""
    return pyyaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)


def _not_too_deep(tree: Any, where: str) -> Any:
    """The tree itself. Raises RecipeError if it has no end, as a YAML alias to what holds it makes it."""
    level = [tree]
    for _ in range(DEEPEST):
        parts = (part for part in level if isinstance(part, (dict, list)))
        inside = (child for part in parts for child in (part.values() if isinstance(part, dict) else part))
        level = list({id(child): child for child in inside}.values())
        if not level:
            return tree
    raise _too_deep(where)


def _too_deep(where: str) -> RecipeError:
    return RecipeError(f"{where}: found values inside values more than {DEEPEST} deep; a recipe of few levels would do")


def _reason(reason: Exception) -> str:
    return (reason.strerror or str(reason)) if isinstance(reason, OSError) else "not UTF-8 text"
