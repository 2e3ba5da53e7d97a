"""A motion as plain values, as a sample stores it, and back: {"kind": "phantoms.patient_motion.Shift", ...}."""

import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from simdata.errors import DatasetError
from simdata.motion import Motion

KIND = "kind"
OUR_PACKAGES = ("simdata", "phantoms", "vascular")


def motion_tree(motion: Motion) -> dict[str, Any]:
    """The plain tree that `motion_of` reads."""
    kind = {KIND: f"{type(motion).__module__}.{type(motion).__qualname__}"}
    return kind | {field.name: _plain(getattr(motion, field.name)) for field in fields(motion)}  # pyright: ignore[reportArgumentType]


def motion_of(tree: Mapping[str, Any]) -> Motion:
    """The motion of a plain tree.

    Its class is looked up in our own packages, or in a module that has been imported already: reading runs no foreign
    code. Raises DatasetError if there is no such motion.
    """
    module, _, name = tree[KIND].rpartition(".")
    found = getattr(_module(module), name, None)
    if not (isinstance(found, type) and issubclass(found, Motion)):
        raise DatasetError(
            f"motion: found kind '{tree[KIND]}', which is no motion that is known here; importing its package before "
            "would do"
        )
    return found(**{key: _built(value) for key, value in tree.items() if key != KIND})


def _module(name: str) -> Any:
    if name.partition(".")[0] not in OUR_PACKAGES:
        return sys.modules.get(name)
    try:
        return import_module(name)
    except ImportError:
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, Motion):
        return motion_tree(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _built(value: Any) -> Any:
    if isinstance(value, Mapping):
        return motion_of(value)
    return tuple(_built(item) for item in value) if isinstance(value, list) else value
