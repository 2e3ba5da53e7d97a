"""Datasets become one: every sample there once, its bytes as they were, and it can still be replayed."""

import json
from dataclasses import replace

import pytest

from pipelines.generate import generate
from pipelines.merge import merge
from pipelines.recipe import with_seed_and_count
from pipelines.replay import replay
from pipelines.validate import validate
from simdata import Dataset, DatasetError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMDATA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def other(toy_recipe, tmp_path):
    generate(with_seed_and_count(toy_recipe, 6, 3), tmp_path / "other", samples_per_shard=2)
    return tmp_path / "other"


def test_a_merged_dataset_is_sound_and_holds_every_sample_once(toy_dataset, other, tmp_path):
    out = tmp_path / "both"
    merge([toy_dataset, other], out)
    both = Dataset(out)
    assert [receipt.index for receipt in both.receipts] == list(range(7))
    assert [receipt.seed for receipt in both.receipts] == [5] * 4 + [6] * 3
    wanted = [receipt.sha256 for part in (toy_dataset, other) for receipt in Dataset(part).receipts]
    assert [receipt.sha256 for receipt in both.receipts] == wanted
    assert [(sample.seed, sample.index) for sample in both] == [(5, i) for i in range(4)] + [(6, i) for i in range(3)]
    assert validate(out) == []
    assert replay(out, 5, ("toys",))[0], "sample 5 is sample 1 of the other seed"
    assert len(both.where("seed == 6")) == 3


def test_shards_are_linked_and_a_merge_may_be_merged(toy_dataset, other, toy_recipe, tmp_path):
    merge([toy_dataset, other], tmp_path / "both")
    old = toy_dataset / "shards" / "000000002.h5"
    assert old.samefile(tmp_path / "both" / "shards" / "000000002.h5")
    generate(with_seed_and_count(toy_recipe, 7, 1), tmp_path / "third")
    merge([tmp_path / "third", tmp_path / "both"], tmp_path / "all")
    assert validate(tmp_path / "all") == []
    assert len(Dataset(tmp_path / "all")) == 8
    with pytest.raises(DatasetError, match="another recipe or seed"):
        generate(toy_recipe, tmp_path / "all")


def test_shards_are_copied_where_no_link_can_be(toy_dataset, tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("pipelines.merge.os.link", refuse)
    merge([toy_dataset], tmp_path / "copy")
    assert validate(tmp_path / "copy") == []
    assert not (tmp_path / "copy" / "shards" / "000000002.h5").samefile(toy_dataset / "shards" / "000000002.h5")


def test_what_cannot_be_one_dataset_is_refused_and_leaves_nothing(toy_dataset, other, tmp_path, monkeypatch):
    out = tmp_path / "out2"
    with pytest.raises(DatasetError, match="sample 0 is there already, as sample 0 of"):
        merge([toy_dataset, other, toy_dataset], out)
    with pytest.raises(DatasetError, match="holds files already"):
        merge([toy_dataset], other)
    shard = other / "shards" / "000000000-000000001.h5"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + b"x")
    with pytest.raises(DatasetError, match="its bytes have changed"):
        merge([toy_dataset, other], out)
    shard.write_bytes(whole)
    labels = json.loads((other / "labels.json").read_text())
    (other / "labels.json").write_text(json.dumps(labels[1:]))
    with pytest.raises(DatasetError, match=r"labels\.json differs"):
        merge([toy_dataset, other], out)
    assert not out.exists()
    assert not list(tmp_path.glob("*.merging"))


def test_versions_must_agree(toy_dataset, other, tmp_path, monkeypatch):
    real = Dataset.facts

    def older(self, position):
        facts = real(self, position)
        return replace(facts, version="0.0.1") if self.path == other else facts

    monkeypatch.setattr(Dataset, "facts", older)
    with pytest.raises(DatasetError, match=r"was made by simdata 0\.0\.1"):
        merge([toy_dataset, other], tmp_path / "out2")
