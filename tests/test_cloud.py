"""A dataset behind a URL: uploaded whole or not believed, read back through a cache, and gone on with."""

import shutil
import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.destination import destination
from pipelines.make import make
from pipelines.recipe import Recipe, load
from pipelines.shard_size import samples_per_shard
from pipelines.validate import validate
from simdata import Dataset, DatasetError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMDATA_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    return f"memory://bucket/{tmp_path.name}" if request.param == "memory" else (tmp_path / "bucket").as_uri()


def generate(toy_file, url, *more):
    command = ["generate", str(toy_file), "--out", url, "--plugin", "toys", "--quiet", *map(str, more)]
    return CliRunner().invoke(app, command, catch_exceptions=True)


def test_a_dataset_behind_a_url_reads_as_that_of_the_folder(toy_file, toy_dataset, url, cache):
    assert generate(toy_file, url, "--shard-samples", 2).exit_code == 0
    far, near = Dataset(url), Dataset(toy_dataset)
    assert [r.sha256 for r in far.receipts] == [r.sha256 for r in near.receipts]
    assert len(far.where("age > 0 and dot")) == 4
    assert not (cache / "shards").exists(), "the truth is read where it lies"
    assert np.array_equal(far[3].images["camera"].array, near[3].images["camera"].array)
    assert np.array_equal(far.patch(0, "loud", (1, 2, 3), (4, 5, 6)), near.patch(0, "loud", (1, 2, 3), (4, 5, 6)))
    assert len(list((cache / "shards").rglob("*.h5"))) == 2
    assert not list((cache / "staging").iterdir())


def test_a_run_goes_on_with_what_the_url_holds(toy_file, url, cache, tmp_path, monkeypatch):
    assert generate(toy_file, url, "--count", 2).exit_code == 0
    made = []
    monkeypatch.setattr("pipelines.generate.make", lambda *args: (made.append(args[2]), make(*args))[1])
    assert generate(toy_file, url, "--count", 3).exit_code == 0
    assert made == [2]
    system, root = fsspec.core.url_to_fs(url)
    system.get(root, str(tmp_path / "copy"), recursive=True)
    assert validate(tmp_path / "copy") == []
    other = generate(toy_file, url, "--seed", 9)
    assert isinstance(other.exception, DatasetError)
    assert "another recipe or seed" in str(other.exception)


def test_an_upload_that_arrives_broken_is_tried_again_and_then_said(toy_file, cache, monkeypatch):
    real, sent = MemoryFileSystem.put_file, []

    def flaky(self, here, there, **options):
        real(self, here, there, **options)
        sent.append(there)
        if sent.count(there) <= tries and there.endswith("000000001.h5"):
            content = bytearray(self.cat_file(there))
            content[100] ^= 1
            self.pipe_file(there, bytes(content))

    monkeypatch.setattr(MemoryFileSystem, "put_file", flaky)
    tries = 1
    assert generate(toy_file, "memory://a").exit_code == 0
    assert sent.count("/a/shards/000000001.h5") == 2
    tries = 99
    broken = generate(toy_file, "memory://b")
    assert isinstance(broken.exception, DatasetError)
    assert "its bytes are not those that were sent" in str(broken.exception)
    with pytest.raises(DatasetError, match=r"no manifest\.jsonl"):
        Dataset("memory://b")
    tries = 0
    assert generate(toy_file, "memory://b").exit_code == 0, "the finished samples were kept"
    assert len(Dataset("memory://b")) == 4


def test_a_changed_shard_is_not_believed_and_a_broken_copy_is_fetched_again(toy_file, cache):
    generate(toy_file, "memory://c")
    dataset = Dataset("memory://c")
    dataset[0]
    (kept,) = (cache / "shards").rglob("*.h5")
    kept.write_bytes(b"broken")
    assert Dataset("memory://c")[0].index == 0
    MemoryFileSystem().pipe_file("/c/shards/000000001.h5", b"other bytes")
    with pytest.raises(DatasetError, match=r"000000001\.h5: its bytes have changed"):
        Dataset("memory://c")[1]


def test_a_url_that_leads_nowhere_or_out_is_one_clear_error(toy_file, tmp_path):
    for url in ("nosuch://bucket/x", "memory://empty"):
        with pytest.raises(DatasetError, match="would do"):
            Dataset(url)
    assert isinstance(generate(toy_file, "nosuch://bucket/x").exception, DatasetError)
    MemoryFileSystem().pipe_file("/evil/checksums.sha256", b"0" * 64 + b"  ../../../escaped\n")
    with (
        pytest.raises(DatasetError, match=r"names '\.\./\.\./\.\./escaped', which leads out"),
        destination("memory://evil"),
    ):
        pass
    assert not list(Path(tmp_path).rglob("escaped"))


def test_a_url_without_fsspec_says_what_to_install(toy_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(DatasetError, match=r"pip install 'simdata\[cloud\]'"):
        Dataset("s3://bucket/x")


def test_files_of_some_megabytes_hold_as_many_samples_as_fit(toy_file, tmp_path):
    recipe = load(toy_file, plugins=("toys",))
    assert samples_per_shard(recipe, 0.001) == 1
    many = samples_per_shard(recipe, 1.0)
    out = tmp_path / "out"
    assert generate(toy_file, out, "--count", many + 1, "--shard-mb", 1).exit_code == 0
    first, _ = sorted((out / "shards").iterdir())
    assert first.name == f"000000000-{many - 1:09d}.h5"
    assert 0.5e6 < first.stat().st_size < 1.5e6
    shutil.rmtree(out)
    assert generate(toy_file, out, "--shard-mb", 1, "--shard-samples", 3).exit_code == 2
    nothing = {"phantom": {"kind": "toys.Block"}, "grow": [{"kind": "toys.Stumble", "chance": 1.0}]}
    assert samples_per_shard(Recipe(0, 3, nothing, ("toys",)), 1.0) == 1
