"""What a file may hold to be read as a sample: plain numbers that lie in it, and no more than it has room for.

A dataset may come from a stranger. HDF5 can point to other files (external and soft links, virtual and external
storage), hold Python objects and references, and declare arrays of any size in a few bytes; none of that is read.
"""

import re

import h5py

from simdata.errors import DatasetError, did_you_mean

NUMBERS = "biufc"
MOST_EXPANDED = 1032
"""Bytes that deflate can make of one: 258 bytes from a match of 2 bits. zlib's "technical details", zlib.net."""
DEEPEST = 8
"""Levels of groups in a sample: more than any path of it has."""
NAME = re.compile(r"[\w.-]*\w[\w.-]*")
WOULD_DO = "a file written by simdata would do"


def stored_arrays(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """Every array below `group` by its path, in the order of the paths. Raises DatasetError at what may not be read."""
    found: dict[str, h5py.Dataset] = {}
    _walk(group, "", found, DEEPEST)
    return dict(sorted(found.items()))


def stored_array(group: h5py.Group, path: str) -> h5py.Dataset:
    """The array at `path` below `group`. Raises DatasetError if it is missing or may not be read."""
    *steps, last = path.split("/")
    for step in steps:
        group = _group(group, step)
    return _checked(_array(group, last))


def stored_text(group: h5py.Group, name: str) -> str | dict[str, str]:
    """The text `name` in `group`; every text below it where it is a group, as the truth was in simdata's first shards.

    Raises DatasetError at what may not be read.
    """
    node = _child(group, name)
    if isinstance(node, h5py.Group):
        return {key: _text(_array(node, key)) for key in list(node)}
    return _text(_array(group, name))


def _walk(group: h5py.Group, above: str, found: dict[str, h5py.Dataset], levels: int) -> None:
    if not levels:
        raise _refused(group, f"its groups are more than {DEEPEST} deep")
    for name in list(group):
        node = _child(group, name)
        if isinstance(node, h5py.Group):
            _walk(node, f"{above}{name}/", found, levels - 1)
        elif h5py.check_string_dtype(_array(group, name).dtype) is None:
            found[f"{above}{name}"] = _checked(_array(group, name))


def _group(group: h5py.Group, name: str) -> h5py.Group:
    node = _child(group, name)
    if not isinstance(node, h5py.Group):
        raise _refused(node, "it is not a group")
    return node


def _array(group: h5py.Group, name: str) -> h5py.Dataset:
    node = _child(group, name)
    if not isinstance(node, h5py.Dataset):
        raise _refused(node, "it is not an array")
    return node


def _child(group: h5py.Group, name: str) -> h5py.HLObject:
    if not NAME.fullmatch(name):
        raise _refused(group, f"it holds {name!r}, which is no name of simdata's")
    link = group.get(name, getlink=True)
    if link is None:
        raise _refused(group, f"it has no '{name}'", did_you_mean(name, group))
    if type(link) is not h5py.HardLink:
        raise _refused(group, f"'{name}' in it is a link to {_target(link)}, not data")
    return group[name]


def _target(link: object) -> str:
    return " in ".join(filter(None, (getattr(link, "path", ""), getattr(link, "filename", ""))))


def _checked(array: h5py.Dataset) -> h5py.Dataset:
    _check_lies_here(array)
    if array.shape is None or array.dtype.kind not in NUMBERS or array.dtype.subdtype:
        raise _refused(array, f"its values are {array.dtype}, not plain numbers")
    here = array.id.get_storage_size()
    if array.nbytes > MOST_EXPANDED * here:
        raise _refused(array, f"it declares {array.shape} {array.dtype}, {array.nbytes:.2g} bytes, and stores {here}")
    return array


def _text(array: h5py.Dataset) -> str:
    _check_lies_here(array)
    if h5py.check_string_dtype(array.dtype) is None or array.shape != ():
        raise _refused(array, f"it is {array.dtype} of shape {array.shape}, not one text")
    return str(array.asstr()[()])


def _check_lies_here(array: h5py.Dataset) -> None:
    if array.is_virtual or array.external:
        raise _refused(array, "its values lie in another file")


def _refused(node: h5py.HLObject, what: str, would_do: str = WOULD_DO) -> DatasetError:
    return DatasetError(f"{node.file.filename}: {node.name} may not be read: {what}; {would_do}")
