"""What a class must be so that a recipe can build it: a dataclass with its verb, and fields that a recipe can write."""

import dataclasses
from abc import ABC
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from simdata.errors import RecipeError

UNWRITABLE = {list: "tuple[float, ...]", set: "tuple[float, ...]", dict: "Mapping[str, float]", np.ndarray: "tuple"}
"""What a frozen part cannot hold, or a recipe cannot store, and what would do."""


def check_part(found: type, kind: str) -> None:
    """Raises RecipeError, that begins with `kind`, if `found` lacks something that every part has."""
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing and ABC in found.__bases__:
        raise RecipeError(f"{kind} is a kind of part, not a part; one that 'simdata parts' lists would do")
    if missing:
        raise RecipeError(
            f"{kind} has no {' and no '.join(missing)}; the verbs of its kind, with these names, would do"
        )
    if "__dataclass_params__" not in vars(found):
        raise RecipeError(f"{kind} is no dataclass; '@dataclass(frozen=True, kw_only=True)' above it would do")
    hints = field_types(found)
    for field in dataclasses.fields(found):
        for held in _held(hints[field.name]):
            if held in UNWRITABLE:
                raise RecipeError(
                    f"{kind}: its field '{field.name}' is a {held.__name__}, which a recipe cannot give; "
                    f"'{field.name}: {UNWRITABLE[held]}' would do"
                )


@cache
def field_types(part_class: type) -> Mapping[str, Any]:
    """Field name to its annotated type. Raises RecipeError if an annotation means nothing."""
    try:
        hints = get_type_hints(part_class, include_extras=True)
    except (NameError, TypeError, SyntaxError) as reason:
        raise RecipeError(
            f"{part_class.__name__}: the type of a field is not known: {reason}; importing it would do"
        ) from reason
    return {field.name: hints[field.name] for field in dataclasses.fields(part_class)}


def untyped(part_class: type, name: str) -> bool:
    """True if the class has a plain value of that name, which is no field because it has no type."""
    return isinstance(vars(part_class).get(name), (int, float, str, tuple))


def _held(hint: Any) -> Iterator[Any]:
    """The types that a field's type speaks of."""
    yield get_origin(hint) or hint
    for argument in get_args(hint):
        yield from _held(argument)
