"""The JSON Schema of a recipe with every installed part, so that an editor completes and checks what one writes."""

from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import TypeAdapter

from pipelines.build import KIND, describe, field_types, fields_model, slot_of
from pipelines.catalogue import installed_parts
from pipelines.dice import CHOICE, NUMBER_DICE
from pipelines.recipe import LISTS
from simdata.parts import Part, Phantom

DIE = {"$ref": "#/$defs/die"}


def schema(plugins: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema (draft 2020-12) of a recipe tree."""
    parts = installed_parts(plugins)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simdata recipe",
        "type": "object",
        "required": ["phantom"],
        "additionalProperties": False,
        "properties": {
            "seed": {"type": "integer", "minimum": 0},
            "count": {"type": "integer", "minimum": 1},
            "phantom": _slot(Phantom, parts),
            **{name: {"type": "array", "items": _slot(slot, parts)} for name, slot in LISTS.items()},
        },
        "$defs": {"die": _dice()} | {path: _fields(part, parts, path) for path, part in parts.items()},
    }


def _slot(slot: type, parts: Mapping[str, type[Part]]) -> dict[str, Any]:
    """What may stand where `slot` is asked for: any installed part of that kind, or a choice.

    A part that can be of one kind alone needs not name it.
    """
    if not issubclass(slot, Part):
        return {"anyOf": [_fields(slot, parts), DIE]}
    fitting = [{"$ref": f"#/$defs/{path}"} for path, part in parts.items() if issubclass(part, slot)]
    alone = [] if getattr(slot, "__abstractmethods__", None) else [_fields(slot, parts)]
    return {"anyOf": [*fitting, *alone, DIE]}


def _fields(owner: type, parts: Mapping[str, type[Part]], kind: str = "") -> dict[str, Any]:
    """A mapping with the fields of the dataclass `owner`, headed by its kind if it is a part."""
    named = {KIND: {"const": kind}} if kind else {}
    model = fields_model(owner).model_fields
    properties = {
        name: _field(hint, parts) | ({} if model[name].is_required() else {"default": describe(model[name].default)})
        for name, hint in field_types(owner).items()
        if name in model
    }
    required = [name for name, field in model.items() if field.is_required()]
    return {
        "description": (owner.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": named | properties,
        "required": [*named, *required],
        "additionalProperties": False,
    }


def _field(hint: Any, parts: Mapping[str, type[Part]]) -> dict[str, Any]:
    slot = slot_of(hint)
    if slot is None:
        return _or_die(TypeAdapter(hint).json_schema())
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _slot(slot, parts)}
    return _slot(slot, parts)


def _or_die(plain: dict[str, Any]) -> dict[str, Any]:
    """What a plain value may be, or a die; and so for each item of a list."""
    inside = {}
    if "prefixItems" in plain:
        inside["prefixItems"] = [_or_die(item) for item in plain["prefixItems"]]
    if isinstance(plain.get("items"), dict):
        inside["items"] = _or_die(plain["items"])
    return {"anyOf": [plain | inside, DIE]}


def _dice() -> dict[str, Any]:
    pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    arguments = dict.fromkeys(NUMBER_DICE, pair) | {CHOICE: {"type": "array", "minItems": 1}}
    return {"anyOf": [_die(name, argument) for name, argument in arguments.items()]}


def _die(name: str, argument: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: argument}, "required": [name], "additionalProperties": False}
