"""CPU or GPU: the array decides. The one place of the ground floor that may import cupy."""

from types import ModuleType
from typing import Any, Literal

import numpy as np

from simdata.errors import BackendError

Device = Literal["cpu", "gpu"]


def namespace(array: Any) -> ModuleType:
    """The module whose functions work on `array`: numpy, or cupy for a device array."""
    if type(array).__module__.partition(".")[0] == "cupy":
        return _cupy()
    return np


def move(array: Any, device: Device) -> Any:
    """`array` on `device`; the very same object if it lies there already."""
    on_gpu = namespace(array) is not np
    if device == "gpu":
        return array if on_gpu else _cupy().asarray(array)
    if device == "cpu":
        return array.get() if on_gpu else array
    raise BackendError(f"device '{device}' is unknown; 'cpu' or 'gpu' would do")


def _cupy() -> ModuleType:
    try:
        import cupy
    except ImportError as reason:
        raise BackendError(
            "a GPU was asked for but cupy is not installed; pip install 'simdata[gpu]' would do"
        ) from reason
    if not cupy.cuda.is_available():
        raise BackendError("a GPU was asked for but CUDA finds none on this machine; device 'cpu' would do")
    return cupy
