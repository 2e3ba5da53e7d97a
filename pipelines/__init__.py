"""The roof: recipes in, datasets out. The only floor that knows yaml, the terminal, ray and torch."""

from importlib import import_module
from typing import Any

LATE = ("OnTheFly", "EndlessPatches")
"""What brings torch along, and so only when it is asked for."""


def __getattr__(name: str) -> Any:
    if name in LATE:
        return getattr(import_module("pipelines.torch_data"), name)
    raise AttributeError(f"module 'pipelines' has no attribute '{name}'")
