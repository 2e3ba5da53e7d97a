"""What is written is safe: from a crash of the process at once, from a power cut within a second and at the end."""

import errno
import os
import sys
from pathlib import Path

import pytest

from pipelines.durable import Syncing
from pipelines.generate import generate
from simdata import DatasetError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what a descriptor is of")


@pytest.fixture
def synced(monkeypatch):
    """The files and folders for which the disk was waited for, in that order."""
    found = []

    def fsync(descriptor):
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_every_shard_is_safe_before_the_manifest_names_it_for_good(synced, toy_recipe, tmp_path):
    out = tmp_path / "out"
    generate(toy_recipe, out)
    shards = set((out / "shards").iterdir())
    assert len(shards) == toy_recipe.count
    assert shards <= set(synced)
    last = {path: turn for turn, path in enumerate(synced)}
    manifest = [path.name.startswith("manifest") for path in synced].index(True)
    assert max(last[shard] for shard in shards) < last[out / "shards"] < manifest


def test_the_shards_of_a_run_that_was_killed_are_made_safe_by_the_next(synced, toy_recipe, toy_dataset):
    (toy_dataset / "manifest.jsonl").write_bytes(b"")
    generate(toy_recipe, toy_dataset)
    assert set((toy_dataset / "shards").iterdir()) <= set(synced)


def test_files_of_one_second_are_waited_for_together(synced, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    files = [tmp_path / name for name in "abc"]
    safe = Syncing()
    for file in files:
        file.touch()
        safe.add([file])
    assert synced == []
    now[0] = 1.5
    safe.add([files[0]])
    assert sorted(synced) == [tmp_path, *files]
    assert synced[-1] == tmp_path
    safe.wait()
    assert len(synced) == 4


def test_a_disk_that_fails_late_is_one_error_that_names_the_file(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "a.h5").touch()
    safe = Syncing()
    safe.add([tmp_path / "a.h5"])
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DatasetError, match=r"a\.h5: Input/output error"):
        safe.wait()
