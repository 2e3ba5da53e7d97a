"""Small datasets and attributes written straight through the HDF5 library: what h5py's comfort costs a sample is most
of what the engine costs it."""

from functools import cache

import h5py
import numpy as np
from h5py import h5a, h5d, h5p, h5s, h5t  # type: ignore[attr-defined] - compiled, without stubs

TEXT = h5py.string_dtype()


def put_array(group: h5py.Group, path: str, array: np.ndarray) -> h5py.Dataset:
    """As `group.create_dataset(path, data=array)` of numbers, contiguous and unfiltered."""
    dtype = h5t.py_create(array.dtype, logical=True)
    dataset = h5d.create(group.id, path.encode(), dtype, _space(array.shape), _undated(), _with_groups())
    if array.size:
        dataset.write(h5s.ALL, h5s.ALL, array)
    return h5py.Dataset(dataset)


def put_text(group: h5py.Group, path: str, text: str) -> None:
    """As `group[path] = text`."""
    dataset = h5d.create(group.id, path.encode(), _text_type(), _space(()), _undated(), _with_groups())
    dataset.write(h5s.ALL, h5s.ALL, np.array(text, dtype=TEXT), _text_here())


def put_attribute(node: h5py.Group | h5py.Dataset, name: str, value: str | np.generic | np.ndarray) -> None:
    """As `node.attrs[name] = value`, which the node must not have yet."""
    if isinstance(value, str):
        attribute = h5a.create(node.id, name.encode(), _text_type(), _space(()))
        attribute.write(np.array(value, dtype=TEXT), mtype=_text_here())
    else:
        array = np.asarray(value, order="C")
        dtype = h5t.py_create(array.dtype, logical=True)
        h5a.create(node.id, name.encode(), dtype, _space(array.shape)).write(array, mtype=dtype)


def _space(shape: tuple[int, ...]) -> h5s.SpaceID:
    return h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)


@cache
def _text_type() -> h5t.TypeID:
    """Text as it is in the file."""
    return h5t.py_create(TEXT, logical=True)


@cache
def _text_here() -> h5t.TypeID:
    """Text as NumPy holds it: objects of Python."""
    return h5t.py_create(TEXT)


@cache
def _undated() -> h5p.PropDCID:
    """Without the time of its making, so that equal content has equal bytes."""
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    return properties


@cache
def _with_groups() -> h5p.PropLCID:
    """Groups on the way to a path are made, and names are UTF-8."""
    properties = h5p.create(h5p.LINK_CREATE)
    properties.set_create_intermediate_group(True)
    properties.set_char_encoding(h5t.CSET_UTF8)
    return properties
