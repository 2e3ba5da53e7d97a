"""Files that are either whole or not there: temporary name, fsync, verify, rename, fsync of the folder."""

import errno
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from simdata.errors import DatasetError

TEMPORARY = ".part"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, content: bytes) -> str:
    """Writes a file so that a crash at any moment leaves the old file or the new one, never a half.

    Returns the sha256 of its bytes. Raises DatasetError if the disk refuses, or gives back other bytes.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    digest = sha256(content).hexdigest()
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if sha256_of(temporary) != digest:
            raise DatasetError(f"{path}: the disk gave back other bytes than were written; another disk would do")
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as reason:
        raise DatasetError(disk_refused(path, reason)) from reason
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return digest


def append_line(path: Path, line: str) -> None:
    """Adds one line to a journal and waits until it is on the disk; after a torn last line it starts a new one.

    Raises DatasetError if the disk refuses.
    """
    try:
        with path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
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
