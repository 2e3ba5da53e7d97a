"""Reading a dataset: its samples by position, whole or in patches, in any process; chosen, and parted by patient."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simdata.blocks import read_block
from simdata.condition import condition
from simdata.convert import monai_dict, nifti_images, torchio_pairs
from simdata.errors import DatasetError
from simdata.facts import Facts, Known
from simdata.hdf5 import read_sample, read_truth
from simdata.hdf5_door import stored_array
from simdata.layout import IMAGES, LABELS, SECOND, SHARE, TISSUE
from simdata.manifest import MANIFEST, Receipt, no_manifest, parse_manifest
from simdata.sample import Sample
from simdata.shard_files import ShardFiles
from simdata.store import is_url, store

if TYPE_CHECKING:
    import h5py
    from nibabel.nifti1 import Nifti1Image

BESIDE_IMAGES = (LABELS, TISSUE, SECOND, SHARE)


class Dataset:
    """A folder made by `simdata generate`, or its URL: `len(dataset)`, `dataset[0]`, `for sample in dataset`.

    Files are opened when a sample is first asked for, in the process that asks, so a Dataset may be sent to the
    worker processes of a data loader. Those of a URL (s3://bucket/data, and all that fsspec knows) are fetched then,
    and kept in the cache folder. Raises DatasetError if the folder is no dataset, a file has not the bytes that were
    written (libhdf5 may crash on such a file, so it is not even opened) or a sample does not match its checksum;
    IndexError beyond the last sample.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path) if is_url(path) else Path(path)
        files = store(path)
        manifest = files.read(MANIFEST)
        if manifest is None:
            raise no_manifest(path)
        self.receipts: tuple[Receipt, ...] = tuple(parse_manifest(manifest, f"{path}/{MANIFEST}").values())
        self._shards = ShardFiles(files)
        self._known = Known(files, self.receipts)

    def __len__(self) -> int:
        return len(self.receipts)

    def __getitem__(self, position: int) -> Sample:
        return read_sample(self._shards.group(self.receipts[position]))

    def __iter__(self) -> Iterator[Sample]:
        return (self[position] for position in range(len(self)))

    def patch(self, position: int, image: str, start: Sequence[int], shape: Sequence[int]) -> np.ndarray:
        """A block of one image, or of "labels", "tissue" or "fields/NAME": only the chunks that hold it are read.

        start, shape: voxels along x, y, z. Gives (x, y, z), or (channel, x, y, z) with every channel. Raises
        DatasetError if there is no such array, the block reaches beyond it, or a chunk is damaged.
        """
        array = self.stored(position, image)
        room = array.shape[-3:]
        if not _inside(start, shape, room):
            block = f"a block of {tuple(shape)} from {tuple(start)}"
            raise DatasetError(f"{array.file.filename}: {array.name} has {room} voxels; {block} is not inside")
        channels = array.shape[:-3]
        return read_block(array, (*(0 for _ in channels), *start), (*channels, *shape))

    def stored(self, position: int, image: str) -> "h5py.Dataset":
        """The h5py.Dataset of an image, or of "labels", "tissue", "fields/NAME", "seen/IMAGE/labels"; yet unread."""
        group = self._shards.group(self.receipts[position])
        return stored_array(group, image if image in BESIDE_IMAGES or "/" in image else f"{IMAGES}/{image}")

    def has(self, position: int, path: str) -> bool:
        """True if the sample has an array at a path such as "seen/ct/labels"."""
        return path in self._shards.group(self.receipts[position])

    def truth(self, position: int) -> dict[str, Any]:
        """What is true of a sample beside its arrays, as a plain tree: images, findings, subject, recipe ..."""
        return read_truth(self._shards.group(self.receipts[position]))

    def facts(self, position: int) -> Facts:
        """What is known of a sample without its arrays. The first call reads the truth of all samples, and keeps it."""
        return self._known.by_index[self.receipts[position].index]

    def where(self, text: str) -> "Dataset":
        """The samples for which a condition holds, such as "age > 60 and lesion" (simdata.condition).

        Raises DatasetError if it is no condition, or names what no sample has.
        """
        holds, facts = condition(text, self._known), self._known.by_index
        return self._with(receipt for receipt in self.receipts if holds(facts[receipt.index]))

    def split(self, seed: int = 0, **shares: float) -> dict[str, "Dataset"]:
        """Parts by patient: `split(train=0.8, validation=0.1, test=0.1)`, name to Dataset.

        The name of a patient and the seed alone decide in which part all samples of that patient are: the same in
        every run, and where the dataset grows. Sizes are therefore about, not exactly, the shares. A patient is the
        segmentation a sample was made of, or else its seed and index. Raises DatasetError if shares do not add to 1.
        """
        if not shares or min(shares.values()) < 0 or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
            raise DatasetError(f"split: found shares {shares}; shares that add to 1, as train=0.8, test=0.2, would do")
        facts = self._known.by_index
        part = {receipt.index: _part(facts[receipt.index].patient, seed, shares) for receipt in self.receipts}
        return {name: self._with(r for r in self.receipts if part[r.index] == name) for name in shares}

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
        """Closes the files that are open; the next read opens them again."""
        self._shards.close()

    def _with(self, receipts: Iterable[Receipt]) -> "Dataset":
        """These samples of it; open files and what is known of the samples are shared."""
        fewer = copy(self)
        fewer.receipts = tuple(receipts)
        return fewer


def _inside(start: Sequence[int], shape: Sequence[int], room: Sequence[int]) -> bool:
    if not len(start) == len(shape) == len(room):
        return False
    return all(0 <= s < s + n <= most for s, n, most in zip(start, shape, room, strict=True))


def _part(patient: str, seed: int, shares: Mapping[str, float]) -> str:
    """The part whose stretch of [0, 1) the patient's hash falls into."""
    place = int.from_bytes(sha256(f"{seed}:{patient}".encode()).digest()[:8]) / 2**64
    edge = 0.0
    for name, share in shares.items():
        edge += share
        if place < edge:
            return name
    return [name for name, share in shares.items() if share][-1]
