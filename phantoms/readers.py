"""Label map files as arrays: NIfTI, FreeSurfer's MGH and NRRD, in any orientation, turned to the patient's own axes.

Every reader ends in `_upright`: axes are permuted and flipped, never resampled, so that x runs closest to the
patient's right, y forward and z up (nibabel's `as_closest_canonical`). The affine follows, so no voxel moves in mm.
"""

import bz2
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import nibabel as nib
import nrrd
import numpy as np
from jaxtyping import Float, Shaped, UInt16
from nibabel import orientations
from numpy import ndarray

from simdata.errors import SceneError
from simdata.grid import Grid

MM_PER_UNIT = {0: 1.0, 1: 1e3, 2: 1.0, 3: 1e-3}
"""NIfTI-1 xyzt_units: unknown (taken as mm), metre, millimetre, micrometre."""
TO_RAS = {
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
}
"""NRRD "space" to the signs that turn its axes into RAS+."""
WHOLE = 1e-3
"""How far a label stored as a float may lie from a whole number."""
LARGEST_LABEL = 65535
MOST_BYTES = 2**32
"""Of a label map, unpacked: 1024 x 1024 x 1024 voxels of 4 bytes."""
UNPACKERS: dict[str, Callable[[io.BufferedIOBase], io.BufferedIOBase]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
    "gz": lambda stream: gzip.GzipFile(fileobj=stream),
    "bzip2": lambda stream: bz2.BZ2File(stream),
    "bz2": lambda stream: bz2.BZ2File(stream),
}
GZIP_MAGIC = b"\x1f\x8b"
NIFTI2_HEADER_BYTES = 540

Volume = tuple[Shaped[ndarray, "..."], Float[ndarray, "4 4"]]


@dataclass(frozen=True, eq=False)
class LabelFile:
    """A label map as it was stored, but upright. sha256: of the file's bytes."""

    labels: UInt16[ndarray, "x y z"]
    grid: Grid
    sha256: str


def read_labels(path: Path) -> LabelFile:
    """The label map at `path`; SceneError, naming the file, if it is not one that can be trusted."""
    try:
        data = path.read_bytes()
    except OSError as reason:
        raise SceneError(f"{path}: cannot be read ({reason.strerror}); the path of a label map would do") from reason
    try:
        array, affine = _reader(path)(_unzipped(data))
        return LabelFile(*_upright(_whole(_three_axes(array)), affine), sha256(data).hexdigest())
    except SceneError as reason:
        raise SceneError(f"{path}: {reason}") from reason


def readable(path: Path) -> bool:
    """True if the file's name ends as one of the formats that can be read."""
    return path.name.lower().endswith(tuple(READERS)) and not path.name.startswith(".")


def _reader(path: Path) -> Callable[[bytes], Volume]:
    for suffix, reader in READERS.items():
        if path.name.lower().endswith(suffix):
            return reader
    raise SceneError(f"files ending in '{path.suffix}' cannot be read; {', '.join(READERS)} would do")


def _unzipped(data: bytes) -> bytes:
    if not data:
        raise SceneError("the file is empty (0 bytes); a whole copy of it would do")
    if not data.startswith(GZIP_MAGIC):
        return data
    return _unpacked(gzip.GzipFile(fileobj=io.BytesIO(data)), "gzip")


def _unpacked(stream: io.BufferedIOBase, name: str) -> bytes:
    """What a compressed stream holds; SceneError if it is damaged, or if a few bytes stand for more than any map."""
    try:
        data = stream.read(MOST_BYTES + 1)
    except Exception as reason:
        raise SceneError(
            f"the {name} stream is cut short or damaged ({reason}); a whole copy of the file would do"
        ) from reason
    if len(data) > MOST_BYTES:
        raise SceneError(f"the {name} stream holds more than {MOST_BYTES:.2g} bytes; a smaller label map would do")
    return data


def _nifti(data: bytes) -> Volume:
    header_bytes = {int.from_bytes(data[:4], order) for order in ("little", "big")}
    kind = nib.Nifti2Image if NIFTI2_HEADER_BYTES in header_bytes else nib.Nifti1Image
    image, array = _by_nibabel(kind, data, "NIfTI")
    if image.header["sform_code"] == 0 and image.header["qform_code"] == 0:
        raise SceneError(
            "the header has no orientation (sform_code and qform_code are 0), so left and right cannot be told apart; "
            "a file whose qform or sform is set would do"
        )
    scale = MM_PER_UNIT.get(int(image.header["xyzt_units"]) & 7, 1.0)
    return array, np.diag((scale, scale, scale, 1.0)) @ image.affine


def _mgh(data: bytes) -> Volume:
    image, array = _by_nibabel(nib.MGHImage, data, "MGH")
    if not image.header["goodRASFlag"]:
        raise SceneError(
            "the header has no orientation (goodRASFlag is 0), so left and right cannot be told apart; "
            "a file that sets it would do"
        )
    return array, image.affine


def _by_nibabel(kind: Any, data: bytes, name: str) -> tuple[Any, Shaped[ndarray, "..."]]:
    """nibabel's image and its values; whatever a damaged file makes nibabel raise becomes one SceneError."""
    try:
        image = kind.from_bytes(data)
        return image, np.asarray(image.dataobj)
    except Exception as reason:
        raise _not_whole(name, reason) from reason


def _nrrd(data: bytes) -> Volume:
    """NRRD stores a vector for each axis in a named space; most writers use LPS, so x and y change sign."""
    stream = io.BytesIO(data)
    try:
        header = _attached(nrrd.read_header(stream))
        array, affine = nrrd.read_data(*_raw(header, stream)), _nrrd_affine(header)
    except SceneError:
        raise
    except Exception as reason:
        raise _not_whole("NRRD", reason) from reason
    return array.reshape([n for n, axis in zip(array.shape, _spatial(header, array), strict=True) if axis]), affine


def _attached(header: dict[str, Any]) -> dict[str, Any]:
    if "data file" in header or "datafile" in header:
        raise SceneError("its voxels lie in another file; a .nrrd file that holds header and voxels would do")
    return header


def _raw(header: dict[str, Any], stream: io.BytesIO) -> tuple[dict[str, Any], io.BytesIO]:
    """The header and voxels of a NRRD file as if they had not been compressed."""
    encoding = str(header.get("encoding", "")).lower()
    opener = UNPACKERS.get(encoding)
    if opener is None:
        return header, stream
    if int(header.get("line skip", header.get("lineskip", 0))):
        raise SceneError("its header skips lines of compressed voxels; a file without 'line skip' would do")
    return {**header, "encoding": "raw"}, io.BytesIO(_unpacked(opener(stream), encoding))


def _nrrd_affine(header: dict[str, Any]) -> Float[ndarray, "4 4"]:
    signs = TO_RAS.get(str(header.get("space", "")).lower())
    if signs is None or "space directions" not in header or "space origin" not in header:
        raise SceneError(
            f"the header has no orientation (its space is '{header.get('space', '')}'), so left and right cannot be "
            "told apart; the space left-posterior-superior with space directions and a space origin would do"
        )
    if set(header.get("space units", ())) - {"", "mm"}:
        raise SceneError(f"found space units {list(header['space units'])}; mm would do")
    directions = np.array(header["space directions"], float)
    directions = directions[np.isfinite(directions).all(axis=1)]
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions.T, header["space origin"]
    return np.diag((*signs, 1)) @ affine


def _spatial(header: dict[str, Any], array: Shaped[ndarray, "..."]) -> list[bool]:
    """Which axes run through space; SceneError if another one has more than one value."""
    spatial = [bool(np.isfinite(axis).all()) for axis in np.array(header["space directions"], float)]
    if any(n != 1 for n, axis in zip(array.shape, spatial, strict=True) if not axis):
        raise _not_three_axes(array)
    return spatial


READERS: dict[str, Callable[[bytes], Volume]] = {
    ".nii": _nifti,
    ".nii.gz": _nifti,
    ".mgh": _mgh,
    ".mgz": _mgh,
    ".nrrd": _nrrd,
}


def _not_whole(name: str, reason: Exception) -> SceneError:
    found = " ".join(str(reason).split())[:200] or type(reason).__name__
    return SceneError(f"not a whole {name} file ({found}); a whole copy of the file would do")


def _three_axes(array: Shaped[ndarray, "..."]) -> Shaped[ndarray, "x y z"]:
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3 or array.size == 0:
        raise _not_three_axes(array)
    return array


def _not_three_axes(array: Shaped[ndarray, "..."]) -> SceneError:
    return SceneError(f"found {array.ndim} axes of {array.shape} voxels; one label map of three axes would do")


def _whole(array: Shaped[ndarray, "x y z"]) -> UInt16[ndarray, "x y z"]:
    """The labels as uint16, if they are whole numbers from 0 to 65535."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"found values of type {array.dtype}; a label map of whole numbers would do")
    lowest, highest = array.min(), array.max()
    if not (lowest >= 0 and highest <= LARGEST_LABEL):
        raise SceneError(
            f"found values from {lowest} to {highest}; a label map of whole numbers from 0 to {LARGEST_LABEL} would do"
        )
    labels = np.rint(array).astype(np.uint16)
    if array.dtype.kind == "f" and np.abs(array - labels).max() > WHOLE:
        off = array[np.abs(array - labels) > WHOLE][0]
        raise SceneError(f"found the value {off:g}, so it is an image and not a label map; whole numbers would do")
    return labels


def _upright(labels: UInt16[ndarray, "x y z"], affine: Float[ndarray, "4 4"]) -> tuple[UInt16[ndarray, "x y z"], Grid]:
    stored = Grid(labels.shape, affine)
    turn = orientations.io_orientation(stored.affine)
    turned = np.ascontiguousarray(orientations.apply_orientation(labels, turn))
    return turned, Grid(turned.shape, stored.affine @ orientations.inv_ornt_aff(turn, labels.shape))
