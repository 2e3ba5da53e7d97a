"""Small datasets and attributes written straight through the HDF5 library: what h5py's comfort costs a sample is most
of what the engine costs it."""

from functools import cache, lru_cache

import h5py
import numpy as np
from h5py import h5a, h5d, h5p, h5s, h5t  # type: ignore[attr-defined] - compiled, without stubs

TEXT = h5py.string_dtype()
COMPACT_BYTES = 4096
"""Datasets up to this size lie in their own header, which HDF5 writes in one piece; it takes less than 64 KiB."""
KINDS = 256
"""Shapes and types of numbers that are remembered: few are met again and again."""


def put_array(group: h5py.Group, path: str, array: np.ndarray) -> h5py.Dataset:
    """As `group.create_dataset(path, data=array)` of numbers, in one piece and unfiltered."""
    return h5py.Dataset(_put(group, path, array, _numbers(array.dtype)))


def put_text(group: h5py.Group, path: str, text: str) -> None:
    """As `group[path] = text`, but of its own length: HDF5 keeps texts of any length apart from what they belong to."""
    content = text.encode() or b"\0"
    _put(group, path, np.array(content), _text_of(len(content)))


def put_attribute(node: h5py.Group | h5py.Dataset, name: str, value: str | np.generic | np.ndarray) -> None:
    """As `node.attrs[name] = value`, which the node must not have yet."""
    if isinstance(value, str):
        attribute = h5a.create(node.id, name.encode(), _text(), _space(()))
        attribute.write(np.array(value, dtype=TEXT), mtype=_text_here())
    else:
        array = np.asarray(value, order="C")
        dtype = _numbers(array.dtype)
        h5a.create(node.id, name.encode(), dtype, _space(array.shape)).write(array, mtype=dtype)


def _put(group: h5py.Group, path: str, array: np.ndarray, dtype: h5t.TypeID) -> h5d.DatasetID:
    space, layout = _space(array.shape), _layout(array.nbytes <= COMPACT_BYTES)
    dataset = h5d.create(group.id, path.encode(), dtype, space, layout, _with_groups())
    if array.size:
        dataset.write(h5s.ALL, h5s.ALL, array, dtype)
    return dataset


@lru_cache(KINDS)
def _space(shape: tuple[int, ...]) -> h5s.SpaceID:
    return h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)


@lru_cache(KINDS)
def _numbers(dtype: np.dtype) -> h5t.TypeID:
    return h5t.py_create(dtype, logical=True)


@lru_cache(KINDS)
def _text_of(length: int) -> h5t.TypeID:
    """Text of so many bytes of UTF-8."""
    dtype = h5t.C_S1.copy()
    dtype.set_size(length)
    dtype.set_cset(h5t.CSET_UTF8)
    dtype.set_strpad(h5t.STR_NULLPAD)
    return dtype


@cache
def _text() -> h5t.TypeID:
    """Text of any length as it is in the file."""
    return h5t.py_create(TEXT, logical=True)


@cache
def _text_here() -> h5t.TypeID:
    """Text of any length as NumPy holds it: objects of Python."""
    return h5t.py_create(TEXT)


@cache
def _layout(compact: bool) -> h5p.PropDCID:
    """In the header or behind it, and without the time of its making, so that equal content has equal bytes."""
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    properties.set_layout(h5d.COMPACT if compact else h5d.CONTIGUOUS)
    return properties


@cache
def _with_groups() -> h5p.PropLCID:
    """Groups on the way to a path are made, and names are UTF-8."""
    properties = h5p.create(h5p.LINK_CREATE)
    properties.set_create_intermediate_group(True)
    properties.set_char_encoding(h5t.CSET_UTF8)
    return properties
