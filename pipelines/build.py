"""From plain numbers to parts, and back: every type and range is checked here, before any work starts."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from pipelines.contract import check_part, field_types, untyped
from pipelines.dice import DICE
from simdata.errors import RecipeError, SimdataError, did_you_mean
from simdata.parts import Part

OUR_PACKAGES = ("simdata", "phantoms", "vascular", "render", "pipelines")
KIND = "kind"

T = TypeVar("T")


def build(tree: Any, slot: type[T], where: str, plugins: tuple[str, ...] = ()) -> T:
    """The part that `tree` describes, of the kind that `slot` asks for.

    tree: {"kind": "render.ct.CT", "kvp": 120, ...}, no dice left. where: its place in the recipe, for messages.
    plugins: packages beside our own whose parts may be built. Raises RecipeError.
    """
    if not isinstance(tree, Mapping):
        raise RecipeError(f"{where}: found {tree!r}; a mapping with 'kind' would do")
    part_class = _class_of(tree, slot, where, plugins)
    model = fields_model(part_class)
    values = {
        key: _build_value(value, field_types(part_class).get(key), f"{where}.{key}", plugins)
        for key, value in tree.items()
        if key != KIND
    }
    try:
        checked = model.model_validate(values)
    except ValidationError as errors:
        raise RecipeError("\n".join(_explain(error, part_class, where) for error in errors.errors())) from errors
    try:
        return part_class(**{name: getattr(checked, name) for name in checked.model_fields_set})
    except SimdataError as reason:
        raise RecipeError(f"{where}: {reason}") from reason
    except Exception as reason:  # a part of somebody else's may raise anything
        raise RecipeError(f"{where}: {part_class.__name__}: {type(reason).__name__}: {reason}") from reason


def describe(part: Any) -> Any:
    """The plain tree that builds `part` again, every parameter written out."""
    if dataclasses.is_dataclass(part):
        named = {KIND: f"{type(part).__module__}.{type(part).__qualname__}"} if isinstance(part, Part) else {}
        return named | {field.name: describe(getattr(part, field.name)) for field in dataclasses.fields(part)}
    if isinstance(part, tuple):
        return [describe(value) for value in part]
    return part


@cache
def fields_model(part_class: type) -> type[BaseModel]:
    """A pydantic model with the fields of a plain dataclass, that forbids any other."""
    config = ConfigDict(
        extra="forbid", strict=True, arbitrary_types_allowed=True, protected_namespaces=(), allow_inf_nan=False
    )
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(part_class):
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        else:
            default = ...
        fields[field.name] = (field_types(part_class)[field.name], default)
    return create_model(part_class.__name__, __config__=config, **fields)


def _class_of(tree: Mapping[str, Any], slot: type, where: str, plugins: tuple[str, ...]) -> type:
    if issubclass(slot, Part):
        if KIND not in tree and not getattr(slot, "__abstractmethods__", None):
            return slot
        if KIND not in tree:
            raise RecipeError(f"{where}: no 'kind' found; the dotted path of a {slot.__name__} would do")
        return find_part(tree[KIND], slot, where, plugins)
    if KIND in tree:
        raise RecipeError(f"{where}: found 'kind', but this is always a {slot.__name__}; leave 'kind' out")
    return slot


def find_part(kind: Any, slot: type, where: str, plugins: tuple[str, ...] = ()) -> type:
    """The class at the dotted path `kind`, which must be a final kind of `slot`. Raises RecipeError."""
    if not isinstance(kind, str) or not kind.isascii() or not all(word.isidentifier() for word in kind.split(".")):
        raise RecipeError(f"{where}: kind is {kind!r}; a dotted path such as 'render.ct.CT' would do")
    module_path, _, class_name = kind.rpartition(".")
    package = module_path.partition(".")[0]
    if not package:
        raise RecipeError(f"{where}: kind is '{kind}'; a dotted path such as 'render.ct.CT' would do")
    if package not in (*OUR_PACKAGES, *plugins):
        allowed = ", ".join((*OUR_PACKAGES, *plugins))
        raise RecipeError(f"{where}: kind '{kind}' is not in the packages {allowed}; allow it with --plugin {package}")
    try:
        module = import_module(module_path)
    except ModuleNotFoundError as reason:
        raise RecipeError(f"{where}: kind '{kind}': {reason}; {_near_kind(kind, slot, plugins)}") from reason
    except Exception as reason:
        raise RecipeError(
            f"{where}: importing {module_path} failed: {type(reason).__name__}: {reason}; mending it would do"
        ) from reason
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise RecipeError(f"{where}: {module_path} has no '{class_name}'; {_near_kind(kind, slot, plugins)}")
    if not issubclass(found, slot):
        raise RecipeError(f"{where}: {kind} is not a {slot.__name__}; {_near_kind(kind, slot, plugins)}")
    check_part(found, f"{where}: {kind}")
    return found


def slot_of(hint: Any) -> type | None:
    """The dataclass that a field's type asks for, looked for inside tuples and unions; None for plain values."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    return next((slot for argument in get_args(hint) if (slot := slot_of(argument))), None)


def _build_value(value: Any, hint: Any, where: str, plugins: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return tuple(_build_value(item, hint, f"{where}[{number}]", plugins) for number, item in enumerate(value))
    if isinstance(value, Mapping) and hint is not None and get_origin(hint) is not Mapping:
        slot = slot_of(hint)
        if slot is None:
            key = next(iter(value), "")
            raise RecipeError(
                f"{where}: found {dict(value)!r}; a plain value, or a die would do: {did_you_mean(key, DICE)}"
            )
        return build(value, slot, where, plugins)
    return value


def _explain(error: Any, part_class: type, where: str) -> str:
    field = ".".join(str(step) for step in error["loc"])
    name = part_class.__name__
    if error["type"] == "extra_forbidden":
        if untyped(part_class, field):
            return f"{where}: {name} has a '{field}' without a type; '{field}: float = ...' in the class would do"
        return f"{where}: {name} has no '{field}'; {did_you_mean(field, field_types(part_class))}"
    if error["type"] == "missing" and len(error["loc"]) == 1:
        return f"{where}: {name} needs '{field}'"
    would_do = error["msg"].replace("Input should be", "it should be")
    return f"{where}: {name} {field} is {error['input']!r}; {would_do}"


def _near_kind(kind: str, slot: type, plugins: tuple[str, ...]) -> str:
    from pipelines.catalogue import installed_parts

    try:
        parts = installed_parts(plugins)
    except RecipeError as reason:
        return str(reason)
    return did_you_mean(kind, [path for path, part in parts.items() if issubclass(part, slot)])
