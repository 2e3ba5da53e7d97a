"""Vessels in the files that other programs read and write; nothing is lost on the way out and back.

A file of text without a single point counts as cut, so vessels of none come back from VTP and HDF5 only.
One module for each format, each with `encode(vessels) -> bytes` and `decode(content, name) -> Vessels`.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from simdata.errors import SceneError, did_you_mean
from simdata.vessels import Vessels

MODULES = {
    ".vtp": "vtp",
    ".swc": "swc",
    ".graphml": "graphml",
    ".gxl": "gxl",
    ".csv": "kreitner",
    ".h5": "hdf5",
}
"""Ending of a file to the module that knows its format."""


def encode(vessels: Vessels, name: str) -> bytes:
    """The content of a file called `name`, in the format that its ending tells."""
    return _module(name).encode(vessels)


def decode(content: bytes, name: str) -> Vessels:
    """The vessels in the `content` of a file called `name`. Raises SceneError with the place where it breaks."""
    return _module(name).decode(content, name)


def check_name(name: str) -> None:
    """Raises SceneError if no format has the ending of `name`."""
    _module(name)


def save(vessels: Vessels, path: str | Path) -> None:
    """Writes a .vtp, .swc, .graphml, .gxl, .csv or .h5 file."""
    Path(path).write_bytes(encode(vessels, str(path)))


def load(path: str | Path) -> Vessels:
    """Reads a .vtp, .swc, .graphml, .gxl, .csv or .h5 file. Raises SceneError with the place where it breaks."""
    try:
        content = Path(path).read_bytes()
    except OSError as reason:
        raise SceneError(f"{path}: cannot be read: {reason.strerror}; a file of vessels would do") from reason
    return decode(content, str(path))


def _module(name: str) -> ModuleType:
    ending = Path(name).suffix.lower()
    if ending not in MODULES:
        raise SceneError(f"{name}: no format of vessels ends in '{ending}'; {did_you_mean(ending, MODULES)}")
    return import_module(f"vascular.formats.{MODULES[ending]}")
