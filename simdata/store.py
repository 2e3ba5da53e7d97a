"""Where a dataset's files lie: in a folder, or behind a URL, from which they are fetched once and kept.

A URL is one that fsspec knows: s3://bucket/data, gs://..., https://..., memory://... What is fetched is kept in
$SIMDATA_CACHE, or else $XDG_CACHE_HOME/simdata, or else ~/.cache/simdata; every file is checked before it is kept.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any, Protocol
from uuid import uuid4

from simdata.errors import DatasetError

CHANGED = "its bytes have changed since it was written"
REMAKE = "the 'simdata generate' of this dataset makes it again"


class Store(Protocol):
    """The files of one dataset, by their names relative to it."""

    def read(self, name: str) -> bytes | None:
        """The whole of a small file; None if there is none."""
        ...

    def file(self, name: str, sha256: str) -> Path:
        """A file of this machine with these bytes. Raises DatasetError if it is missing or its bytes are others."""
        ...

    def glance(self, name: str) -> Any:
        """Opens a file to read a little of it, unchecked, as a context manager of what h5py.File takes."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    path: Path

    def read(self, name: str) -> bytes | None:
        path = self.path / name
        return path.read_bytes() if path.is_file() else None

    def file(self, name: str, sha256: str) -> Path:
        path = self.path / name
        try:
            _check(path, sha256)
        except OSError as reason:
            raise DatasetError(f"{path}: {reason.strerror or reason}; {REMAKE}") from reason
        return path

    @contextmanager
    def glance(self, name: str):
        yield self.path / name


@dataclass(frozen=True)
class Remote:
    """A folder behind a URL."""

    url: str

    def read(self, name: str) -> bytes | None:
        system, root = filesystem(self.url)
        try:
            return system.cat_file(f"{root}/{name}")
        except FileNotFoundError:
            return None
        except Exception as reason:
            raise _unreachable(f"{self.url}/{name}", reason) from reason

    def file(self, name: str, sha256: str) -> Path:
        kept = cache_folder() / "shards" / sha256[:2] / f"{sha256}.h5"
        try:
            _check(kept, sha256)
        except OSError:
            self._fetch(name, sha256, kept)
        return kept

    @contextmanager
    def glance(self, name: str):
        system, root = filesystem(self.url)
        try:
            file: IO[bytes] = system.open(f"{root}/{name}", "rb")
        except Exception as reason:
            raise _unreachable(f"{self.url}/{name}", reason) from reason
        with file:
            yield file

    def _fetch(self, name: str, sha256: str, kept: Path) -> None:
        system, root = filesystem(self.url)
        arriving = kept.with_name(f"{uuid4().hex}.part")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(f"{root}/{name}", str(arriving))
            _check(arriving, sha256)
            arriving.replace(kept)
        except Exception as reason:
            raise _unreachable(f"{self.url}/{name}", reason) from reason
        finally:
            arriving.unlink(missing_ok=True)


def store(path: str | Path) -> Store:
    """The store at a path or a URL."""
    return Remote(str(path).rstrip("/")) if is_url(path) else Folder(Path(path))


def is_url(path: str | Path) -> bool:
    """True for what fsspec is to read."""
    return "://" in str(path)


def filesystem(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path in it. Raises DatasetError if there is none."""
    try:
        from fsspec.core import url_to_fs

        system, root = url_to_fs(url)
    except ImportError as reason:
        raise DatasetError(f"{url}: {reason}; pip install 'simdata[cloud]' and what it names would do") from reason
    except Exception as reason:
        raise _unreachable(url, reason) from reason
    return system, str(root).rstrip("/")


def cache_folder() -> Path:
    """Where copies of what lies elsewhere are kept."""
    if own := os.environ.get("SIMDATA_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simdata"


def key_of(content: bytes) -> str:
    """A file name for something that these bytes alone decide."""
    return sha256(content).hexdigest()


def _check(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != sha256:
            raise OSError(CHANGED)


def _unreachable(url: str, reason: Exception) -> DatasetError:
    found = str(reason) or type(reason).__name__
    return DatasetError(f"{url}: {found}; a URL that can be reached, with your rights to it, would do")
