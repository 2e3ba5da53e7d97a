"""Reading a dataset: its samples by position, one file opened at a time, in any process."""

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from simdata.convert import monai_dict, nifti_images, torchio_pairs
from simdata.errors import DatasetError
from simdata.hdf5 import read_sample, sample_group
from simdata.manifest import Receipt, read_manifest
from simdata.sample import Sample

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image


class Dataset:
    """A folder made by `simdata generate`: `len(dataset)`, `dataset[0]`, `for sample in dataset`.

    Files are opened when a sample is first asked for, in the process that asks, so a Dataset may be sent to the
    worker processes of a data loader. Raises DatasetError if the folder is no dataset, a file has not the bytes that
    were written (libhdf5 may crash on such a file, so it is not even opened) or a sample does not match its checksum;
    IndexError beyond the last sample.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.receipts: tuple[Receipt, ...] = tuple(read_manifest(self.path).values())
        self._sound: set[Path] = set()
        self._open_path: Path | None = None
        self._open_file: h5py.File | None = None

    def __len__(self) -> int:
        return len(self.receipts)

    def __getitem__(self, position: int) -> Sample:
        receipt = self.receipts[position]
        return read_sample(sample_group(self._file(receipt), receipt.index))

    def __iter__(self) -> Iterator[Sample]:
        return (self[position] for position in range(len(self)))

    def monai(self, position: int) -> dict[str, Any]:
        """A MONAI-style dictionary: NAME and "label" as (1, x, y, z), each with NAME_meta_dict holding its affine."""
        return monai_dict(self[position])

    def torchio(self, position: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """NAME and "label" to (array (1, x, y, z), affine (4, 4)), as torchio.ScalarImage and LabelMap take them."""
        return torchio_pairs(self[position])

    def nifti(self, position: int) -> dict[str, "Nifti1Image"]:
        """NAME and "labels" to a NIfTI-1 image in RAS+ mm."""
        return nifti_images(self[position])

    def close(self) -> None:
        """Closes the file that is open; the next read opens it again."""
        if self._open_file is not None:
            self._open_file.close()
        self._open_path = self._open_file = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open_path": None, "_open_file": None}

    def _file(self, receipt: Receipt) -> h5py.File:
        path = self.path / receipt.shard
        if self._open_path != path or self._open_file is None:
            self.close()
            try:
                if path not in self._sound:
                    _check_bytes(path, receipt.shard_sha256)
                self._open_file = h5py.File(path, "r")
            except OSError as reason:
                found = reason.strerror or reason
                raise DatasetError(
                    f"{path}: {found}; the 'simdata generate' of this dataset makes it again"
                ) from reason
            self._sound.add(path)
            self._open_path = path
        return self._open_file


def _check_bytes(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != sha256:
            raise OSError("its bytes have changed since it was written")
