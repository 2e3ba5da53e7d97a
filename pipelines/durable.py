"""Files that are either whole or not there: temporary name, fsync, verify, rename, fsync of the folder."""

import errno
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from simdata.errors import DatasetError

TEMPORARY = ".part"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What a file system without hard links answers, as those of USB sticks are."""
SYNC_S = 1.0
"""What was written in so long a time may be lost to a power cut, and is made again."""
SYNC_THREADS = 8
"""Files for which a disk waits at once costs little more than one: it commits them together."""


def write_whole(path: Path, content: bytes | memoryview) -> str:
    """Writes a file so that a crash at any moment leaves the old file or the new one, never a half.

    Returns the sha256 of its bytes. Raises DatasetError if the disk refuses, or gives back other bytes.
    """
    with _temporary(path, content, path.parent) as (temporary, digest):
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    return digest


def write_once(path: Path, content: bytes | memoryview, desk: Path) -> str | None:
    """Writes a file that no other writer may replace: of two that write it at once, the first stays.

    desk: a folder on the same disk, where the file lies until it is whole. A crash of the process leaves the whole file
    or none; `Syncing` is for a crash of the machine. Returns the sha256 of its bytes, None if there is such a file
    already. Raises DatasetError as `write_whole` does.
    """
    with _temporary(path, content, desk) as (temporary, digest):
        try:
            os.link(temporary, path)
        except FileExistsError:
            return None
        except OSError as reason:
            if reason.errno not in NO_LINKS:
                raise
            if path.exists():
                return None
            temporary.replace(path)
    return digest


class Syncing:
    """Waits until files are safe from a power cut, for many of them at once: every second, and when it is told to."""

    def __init__(self) -> None:
        self._files: set[Path] = set()
        self._waited_s = time.monotonic()

    def add(self, files: Iterable[Path]) -> None:
        """Takes in files that are whole. Raises DatasetError if the disk refuses one now."""
        self._files.update(files)
        if time.monotonic() - self._waited_s > SYNC_S:
            self.wait()

    def wait(self) -> None:
        """Until all of them are safe. Raises DatasetError if the disk refuses one."""
        with ThreadPoolExecutor(SYNC_THREADS) as threads:
            list(threads.map(_sync_or_tell, self._files))
        for folder in {file.parent for file in self._files}:
            sync_folder(folder)
        self._files.clear()
        self._waited_s = time.monotonic()


@contextmanager
def _temporary(path: Path, content: bytes | memoryview, desk: Path) -> Iterator[tuple[Path, str]]:
    """The content under a name of its own in the folder `desk`, with its sha256; gone at the end."""
    temporary = desk / f"{path.name}.{uuid4().hex}{TEMPORARY}"
    digest = sha256(content).hexdigest()
    try:
        temporary.write_bytes(content)
        if sha256_of(temporary) != digest:
            raise DatasetError(f"{path}: the disk gave back other bytes than were written; another disk would do")
        yield temporary, digest
    except OSError as reason:
        raise DatasetError(disk_refused(path, reason)) from reason
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def append_lines(path: Path, lines: str) -> None:
    """Adds lines to a journal, all or none. Raises DatasetError if the disk refuses.

    It does not wait for the disk: what a power cut takes from a journal, the shards themselves tell.
    """
    try:
        with path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(lines.encode())
                file.flush()
            except OSError:
                file.truncate(end)
                raise
    except OSError as reason:
        raise DatasetError(disk_refused(path, reason)) from reason


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Makes the bytes of a file durable."""
    with path.open("rb+" if os.name == "nt" else "rb") as file:  # Windows asks for the right to write
        os.fsync(file.fileno())


def _sync_or_tell(path: Path) -> None:
    try:
        sync_file(path)
    except OSError as reason:
        raise DatasetError(disk_refused(path, reason)) from reason


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` durable, where the system can (Windows does so by itself)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_refused(path: Path, reason: OSError) -> str:
    """The message for a file that could not be written."""
    found = f"{path}: {reason.strerror or reason}"
    if reason.errno in NO_ROOM:
        return f"{found}; every file that is there is whole, and the same command with more room would do"
    return f"{found}; a path that can be written would do"
