"""The shards of a dataset, opened when they are asked for, in the process that asks; the last few stay open."""

import os
from collections import OrderedDict
from typing import Any

import h5py

from simdata.errors import DatasetError
from simdata.hdf5 import sample_group
from simdata.manifest import Receipt
from simdata.store import REMAKE, Store

STAY_OPEN = 64
"""Files, far below the 256 that the strictest system lets a process open."""


class ShardFiles:
    """Finds the group of a sample, in a file that has the bytes that were written.

    libhdf5 may crash on a file with other bytes, so each is read once and checked before it is first opened. Nothing
    that is open goes to another process, be it pickled or forked.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._paths: dict[str, Any] = {}
        self._open: OrderedDict[str, h5py.File] = OrderedDict()
        self._process = os.getpid()

    def group(self, receipt: Receipt) -> h5py.Group:
        """The group that holds the sample. Raises DatasetError if its file is missing, changed, or holds no such."""
        return sample_group(self._file(receipt), receipt.group)

    def close(self) -> None:
        """Closes what is open; the next read opens it again."""
        while self._open:
            self._open.popitem()[1].close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}

    def _file(self, receipt: Receipt) -> h5py.File:
        if self._process != os.getpid():
            self._open, self._process = OrderedDict(), os.getpid()
        name = receipt.shard
        if name not in self._open:
            self._open[name] = self._opened(name, receipt.shard_sha256)
        self._open.move_to_end(name)
        while len(self._open) > STAY_OPEN:
            self._open.popitem(last=False)[1].close()
        return self._open[name]

    def _opened(self, name: str, sha256: str) -> h5py.File:
        if name not in self._paths:
            self._paths[name] = self.store.file(name, sha256)
        try:
            return h5py.File(self._paths[name], "r")
        except OSError as reason:
            found = reason.strerror or reason
            raise DatasetError(f"{self._paths[name]}: {found}; {REMAKE}") from reason
