"""Samples in HDF5: ordinary gzip chunks that every HDF5 tool reads, compressed by isal and written directly.

One group per sample, named by its index in nine digits:
    images/NAME, labels, tissue, fields/NAME, vessels/BED/COLUMN     arrays, with "affine" and "unit" attributes
    seen/NAME/labels, seen/NAME/shadows/STRUCTURE, seen/NAME/vessels/BED/COLUMN     the truth as image NAME sees it
    truth                                                            JSON: recipe, findings, subject, structures ...
and the attributes index, seed, sha256, versions and seconds (JSON).
"""

import json
from collections.abc import Mapping
from itertools import product
from typing import Any

import h5py
import numpy as np

from simdata.errors import DatasetError
from simdata.hdf5_door import NAME, WOULD_DO, stored_arrays, stored_text
from simdata.hdf5_small import put_array, put_attribute, put_text
from simdata.layout import (
    IMAGES,
    LABELS,
    SEEN,
    SHADOWS,
    arrays_of,
    canonical_json,
    checksum,
    checksum_of,
    sample_of,
    truth_of,
)
from simdata.sample import Sample

CHUNK_EDGE = 64
SMALL_BYTES = 4096
"""Arrays up to this size are stored plain: a compressed chunk would be no smaller."""
DEFLATE_LEVEL = 1
TRUTH = "truth"


def group_name(index: int) -> str:
    """The group that holds sample `index`."""
    return f"{index:09d}"


def write_sample(file: h5py.Group, sample: Sample) -> str:
    """Adds the sample to an open HDF5 file; returns its sha256."""
    arrays, truth = arrays_of(sample), truth_of(sample)
    group = file.create_group(group_name(sample.index))
    for path, array in arrays.items():
        _describe(write_array(group, path, array), path, truth)
    told = canonical_json(truth)
    put_text(group, TRUTH, told)
    digest = checksum_of(arrays, told)
    put_attribute(group, "index", np.int64(sample.index))
    put_attribute(group, "seed", np.uint64(sample.seed))
    put_attribute(group, "sha256", digest)
    put_attribute(group, "versions", canonical_json(dict(sample.versions)))
    put_attribute(group, "seconds", canonical_json(dict(sample.seconds)))
    return digest


def sample_group(file: h5py.File, index: int) -> h5py.Group:
    """The group of sample `index`. Raises DatasetError if the file holds none."""
    try:
        group = file.get(group_name(index))
    except Exception as reason:
        raise _damaged(file, index, reason) from reason
    if not isinstance(group, h5py.Group):
        raise DatasetError(f"{file.filename}: sample {index} is missing; 'simdata validate' tells more")
    return group


def read_sample(group: h5py.Group) -> Sample:
    """The sample in `group`. Raises DatasetError if it is damaged, or does not match its stored sha256."""
    try:
        arrays, truth = read_layout(group)
        stored, versions, seconds = str(group.attrs["sha256"]), _json(group, "versions"), _json(group, "seconds")
        found = checksum(arrays, truth)
        if found == stored:
            return sample_of(arrays, truth, versions, seconds)
    except DatasetError:
        raise
    except Exception as reason:
        raise _damaged(group.file, group.name, reason) from reason
    raise _damaged(group.file, group.name, f"sha256 {found[:12]} differs from the stored {stored[:12]}")


def read_layout(group: h5py.Group) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a stored sample by path, and its truth. Raises DatasetError at what no sample may hold."""
    return {path: array[()] for path, array in stored_arrays(group).items()}, read_truth(group)


def read_truth(group: h5py.Group) -> dict[str, Any]:
    """What is true of a stored sample beside its arrays, which stay unread. Raises DatasetError."""
    told = stored_text(group, TRUTH)
    truth = json.loads(told) if isinstance(told, str) else {key: json.loads(text) for key, text in told.items()}
    if strange := [name for name in truth["images"] if not NAME.fullmatch(name)]:
        raise DatasetError(f"{group.file.filename}: an image is called {strange[0]!r}; {WOULD_DO}")
    return truth


def write_array(group: h5py.Group, path: str, array: np.ndarray) -> h5py.Dataset:
    """Stores `array` as shuffled deflate chunks of at most 64 voxels an edge."""
    array = np.ascontiguousarray(array)
    if array.nbytes <= SMALL_BYTES:
        return put_array(group, path, array)
    chunk = tuple(min(n, CHUNK_EDGE) for n in array.shape) if array.ndim > 1 else (min(array.size, CHUNK_EDGE**3),)
    dataset = group.create_dataset(path, array.shape, array.dtype, chunks=chunk, compression="gzip", shuffle=True)
    for start in product(*(range(0, n, edge) for n, edge in zip(array.shape, chunk, strict=True))):
        dataset.id.write_direct_chunk(start, _deflate(_chunk(array, start, chunk)))
    return dataset


def _chunk(array: np.ndarray, start: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    block = array[tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))]
    if block.shape == shape:
        return block
    return np.pad(block, [(0, n - have) for n, have in zip(shape, block.shape, strict=True)])


def _deflate(block: np.ndarray) -> bytes:
    from isal import isal_zlib

    shuffled = np.ascontiguousarray(block).view(np.uint8).reshape(-1, block.dtype.itemsize).T.tobytes()
    return isal_zlib.compress(shuffled, DEFLATE_LEVEL)


def _describe(dataset: h5py.Dataset, path: str, truth: Mapping[str, Any]) -> None:
    branch, _, name = path.partition("/")
    if branch == IMAGES:
        put_attribute(dataset, "unit", truth["images"][name]["unit"])
        put_attribute(dataset, "affine", np.array(truth["images"][name]["affine"]))
    elif branch == SEEN:
        image, _, what = name.partition("/")
        about = truth["images"][image]
        if what.startswith(f"{SHADOWS}/"):
            put_attribute(dataset, "start", np.array(about[SHADOWS][what.partition("/")[2]]))
        elif what == LABELS:
            put_attribute(dataset, "affine", np.array(about["affine"]))
    elif dataset.ndim == 3:
        put_attribute(dataset, "affine", np.array(truth["affine"]))


def _json(group: h5py.Group, name: str) -> Any:
    return json.loads(str(group.attrs[name]))


def _damaged(file: h5py.File, sample: object, reason: object) -> DatasetError:
    """One error for all that h5py raises where a bit has flipped."""
    remedy = "'simdata validate' says which file broke, generate remakes it"
    return DatasetError(f"{file.filename}: sample {sample} cannot be read: {reason}; {remedy}")
