"""HDF5: one dataset for each column of Vessels, by its own name, and the kinds as an attribute."""

from dataclasses import fields
from io import BytesIO

import h5py
import numpy as np

from simdata.errors import SceneError
from simdata.hdf5 import write_array
from simdata.vessels import KINDS, Vessels
from vascular.formats.rows import broken, vessels_of

GROUP = "vessels"


def encode(vessels: Vessels) -> bytes:
    """The vessels as an HDF5 file."""
    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        group = file.create_group(GROUP)
        group.attrs["kinds"] = list(KINDS)
        for column in fields(Vessels):
            write_array(group, column.name, getattr(vessels, column.name))
    return memory.getvalue()


def decode(content: bytes, name: str) -> Vessels:
    """The vessels of an HDF5 file. Raises SceneError if it is damaged, or a column is missing."""
    try:
        with h5py.File(BytesIO(content), "r") as file:
            group = file[GROUP]
            kinds = [str(kind) for kind in group.attrs.get("kinds", KINDS)]
            columns = {key: np.asarray(node[()]) for key, node in group.items()}  # pyright: ignore[reportAttributeAccessIssue]
    except Exception as reason:  # h5py raises many kinds where bits are wrong
        raise SceneError(f"{name}: cannot be read: {reason}; a file with a group '{GROUP}' would do") from reason
    if kinds != list(KINDS):
        raise broken(name, f"group '{GROUP}'", f"the kinds {', '.join(kinds)}", ", ".join(KINDS))
    for column in (column.name for column in fields(Vessels)):
        if column not in columns:
            raise broken(name, f"group '{GROUP}'", f"no dataset '{column}'", "one for each column of Vessels")
        if columns[column].dtype.kind not in "fiu":
            raise broken(name, f"dataset '{column}'", f"type {columns[column].dtype}", "numbers")
    return vessels_of(name, lambda row: f"row {row}", columns)
