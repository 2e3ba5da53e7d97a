"""Files that are either whole or not there: temporary name, fsync, verify, rename, fsync of the folder."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from simdata.errors import DatasetError

TEMPORARY = ".part"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What a file system without hard links answers, as those of USB sticks are."""


def write_whole(path: Path, content: bytes | memoryview) -> str:
    """Writes a file so that a crash at any moment leaves the old file or the new one, never a half.

    Returns the sha256 of its bytes. Raises DatasetError if the disk refuses, or gives back other bytes.
    """
    with _temporary(path, content) as (temporary, digest):
        temporary.replace(path)
    return digest


def write_once(path: Path, content: bytes | memoryview) -> str | None:
    """Writes a file that no other writer may replace: of two that write it at once, the first stays.

    Returns the sha256 of its bytes, None if there is such a file already. Raises DatasetError as `write_whole` does.
    """
    with _temporary(path, content) as (temporary, digest):
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


@contextmanager
def _temporary(path: Path, content: bytes | memoryview) -> Iterator[tuple[Path, str]]:
    """The content under a name of its own, safely on the disk, with its sha256; then the folder of `path` is too."""
    temporary = path.with_name(f"{path.name}.{uuid4().hex}{TEMPORARY}")
    digest = sha256(content).hexdigest()
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if sha256_of(temporary) != digest:
            raise DatasetError(f"{path}: the disk gave back other bytes than were written; another disk would do")
        yield temporary, digest
        sync_folder(path.parent)
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
        return f"{found}; every file that is there is whole, and more room would do ('simdata generate' then goes on)"
    return f"{found}; a path that can be written would do"
