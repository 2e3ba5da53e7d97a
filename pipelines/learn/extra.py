"""The door to torch, MONAI and safetensors, which only learning needs."""

import warnings
from functools import cache
from importlib import import_module
from types import ModuleType

from simdata.errors import BackendError


def check_torch() -> None:
    """Raises BackendError if torch is not installed: before the modules are imported that begin with it."""
    extra("torch")


@cache
def extra(module: str) -> ModuleType:
    """A module of the extra 'learn'. Raises BackendError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MONAI about libraries of its own
            return import_module(module)
    except ModuleNotFoundError as reason:
        raise BackendError(f"learning needs {reason.name}; pip install 'simdata[learn]' would do") from reason
