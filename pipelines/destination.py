"""Where a dataset goes: a folder, or a URL, to which it is uploaded when it is whole, and read back to be believed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.folder import CHECKSUMS, FAILED, checksum_lines, listed_checksums
from simdata.errors import DatasetError
from simdata.manifest import MANIFEST
from simdata.store import cache_folder, filesystem, is_url, key_of

TRIES = 3
"""Uploads of one file before the other side is given up."""
BLOCK_BYTES = 2**20


@contextmanager
def destination(out: str) -> Iterator[Path]:
    """The folder in which to make the dataset `out`; that of a URL is uploaded when all is done, without an error.

    The folder of a URL is in the cache folder, holds what the URL holds already, and stays until every file was read
    back from there with the right bytes, or as long as a failed sample waits to be replayed. Raises DatasetError.
    """
    if not is_url(out):
        yield Path(out)
        return
    url = out.rstrip("/")
    folder = cache_folder() / "staging" / key_of(url.encode())[:16]
    if not folder.exists():
        _fetch(url, folder)
    yield folder
    _upload(folder, url)
    if not any((folder / FAILED).glob("*.json")):
        shutil.rmtree(folder)


def _fetch(url: str, folder: Path) -> None:
    """What an earlier run has uploaded, so that this one goes on with it."""
    system, root = filesystem(url)
    arriving = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    for name, digest in _listed(system, root).items():
        _check_stays_inside(name, url)
        (arriving / name).parent.mkdir(parents=True, exist_ok=True)
        (arriving / name).write_bytes(_whole(system, f"{root}/{name}", digest, url))
    arriving.replace(folder)


def _upload(folder: Path, url: str) -> None:
    """Shards first, then what names them: whoever reads the URL meanwhile finds the old dataset or the new one."""
    system, root = filesystem(url)
    wanted, there = listed_checksums(folder), _listed(system, root)
    for name in sorted(wanted, key=lambda name: (name == MANIFEST, name)):
        if there.get(name) != wanted[name] or _digest(system, f"{root}/{name}") != wanted[name]:
            _put(system, folder / name, f"{root}/{name}", wanted[name], url)
    _put(system, folder / CHECKSUMS, f"{root}/{CHECKSUMS}", key_of(checksum_lines(wanted).encode()), url)
    for name in sorted(set(there) - set(wanted)):
        _check_stays_inside(name, url)
        system.rm_file(f"{root}/{name}")


def _put(system: Any, file: Path, path: str, digest: str, url: str) -> None:
    found: object = "its bytes are not those that were sent"
    for _ in range(TRIES):
        try:
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.put_file(str(file), path)
            if _digest(system, path) == digest:
                return
        except Exception as reason:  # every file system of fsspec has errors of its own
            found = reason
    raise DatasetError(
        f"{url}: {path} could not be written: {found}; what is finished stays in {file.parent}, and the same command, "
        "once the other side takes it, goes on"
    )


def _listed(system: Any, root: str) -> dict[str, str]:
    """File to sha256, as the checksums of the other side have them; nothing if there are none."""
    try:
        text = system.cat_file(f"{root}/{CHECKSUMS}").decode()
    except FileNotFoundError:
        return {}
    except Exception as reason:
        raise DatasetError(f"{root}: {reason}; a URL that can be read and written would do") from reason
    return {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}


def _whole(system: Any, path: str, digest: str, url: str) -> bytes:
    content = system.cat_file(path)
    if key_of(content) != digest:
        raise DatasetError(f"{url}: {path} has changed since it was written; another --out would do")
    return content


def _digest(system: Any, path: str) -> str | None:
    """sha256 of what is there, read back; None if nothing is."""
    digest = sha256()
    try:
        with system.open(path, "rb", cache_type="none") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _check_stays_inside(name: str, url: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise DatasetError(f"{url}: {CHECKSUMS} names '{name}', which leads out of the dataset; another --out would do")
