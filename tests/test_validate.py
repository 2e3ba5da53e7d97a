"""Whatever breaks in a dataset is found, and said where."""

import json
import random

import h5py
import numpy as np
import pytest

from pipelines.folder import write_checksums
from pipelines.validate import validate
from simdata import DatasetError
from simdata.manifest import read_manifest


def said(folder):
    return "\n".join(f"{problem.where}: {problem.what}" for problem in validate(folder))


def test_a_fresh_dataset_is_sound(toy_dataset):
    assert validate(toy_dataset) == []


@pytest.mark.parametrize(
    "name",
    ["shards/000000001.h5", "dataset.h5", "labels.json", "recipe.yaml", "manifest.jsonl", "README.md", "sheet.png"],
)
def test_every_flipped_bit_is_found_in_every_file(toy_dataset, name):
    path = toy_dataset / name
    whole = path.read_bytes()
    for position in random.Random(name).sample(range(len(whole)), 12):
        broken = bytearray(whole)
        broken[position] ^= 1 << (position % 8)
        path.write_bytes(broken)
        assert name in said(toy_dataset), position
    path.write_bytes(whole)
    assert validate(toy_dataset) == []


def test_a_flipped_bit_in_the_checksums_themselves_is_found(toy_dataset):
    path = toy_dataset / "checksums.sha256"
    broken = bytearray(path.read_bytes())
    broken[5] ^= 1
    path.write_bytes(broken)
    assert validate(toy_dataset)


def test_a_shard_cut_short_is_named(toy_dataset):
    shard = toy_dataset / "shards" / "000000002.h5"
    shard.write_bytes(shard.read_bytes()[:1000])
    assert "shards/000000002.h5: its bytes have changed" in said(toy_dataset)


def test_a_missing_shard_and_a_foreign_file_are_named(toy_dataset):
    (toy_dataset / "shards" / "000000003.h5").unlink()
    (toy_dataset / "notes.txt").write_text("hello")
    assert "shards/000000003.h5: missing" in said(toy_dataset)
    assert "notes.txt: a foreign file" in said(toy_dataset)


def test_a_missing_sample_is_counted(toy_dataset):
    manifest = toy_dataset / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))
    assert "1 of 4 samples are missing, first 3" in said(toy_dataset)


def test_an_unfinished_run_is_said(toy_dataset):
    (toy_dataset / "checksums.sha256").unlink()
    (toy_dataset / "dataset.h5").unlink()
    assert "the run did not finish" in said(toy_dataset)
    assert "dataset.h5: missing; 'simdata repair' makes it again" in said(toy_dataset)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda g: g["labels"].__setitem__((0, 0, 0), 555), r"label ids [555] are in neither"),
        (lambda g: g["images/camera"].__setitem__((0, 0, 0), np.nan), "image camera, or a shadow in it, holds values"),
        (lambda g: g["seen/camera/shadows/liver"].__setitem__((0, 0, 0), np.nan), "a shadow in it, holds values"),
        (lambda g: g["labels"].attrs.__setitem__("affine", np.eye(4)), "labels carries another affine"),
        (lambda g: g["tissue"].attrs.__delitem__("affine"), "tissue has no affine"),
        (lambda g: set_truth(g, "affine", np.zeros((4, 4)).tolist()), "the affine's last row is"),
        (
            lambda g: set_truth(g, "images", {"camera": {"unit": " ", "affine": np.eye(4).tolist()}}),
            "unit ' '; a word such as HU",
        ),
        (lambda g: g.__delitem__("labels"), "labels missing"),
        (lambda g: g.__delitem__("truth"), "cannot be read"),
    ],
)
def test_a_wrong_content_is_found_even_when_every_file_checksum_agrees(toy_dataset, change, found):
    shard = toy_dataset / "shards" / "000000001.h5"
    with h5py.File(shard, "a") as file:
        change(file["000000001"])
    forge_checksums(toy_dataset)
    assert found in said(toy_dataset)


@pytest.mark.parametrize("unit", ["sRGB", "1/mm", "mg/ml", "counts"])
def test_an_image_has_the_unit_that_its_scanner_gives(toy_dataset, unit):
    """Fundus photographs, tomosynthesis, maps of iodine, and what scanners of others measure."""
    with h5py.File(toy_dataset / "shards" / "000000001.h5", "a") as file:
        images = json.loads(file["000000001/truth"][()])["images"]
        set_truth(file["000000001"], "images", {name: {**about, "unit": unit} for name, about in images.items()})
    forge_checksums(toy_dataset)
    assert "sha256" in said(toy_dataset)
    assert "unit" not in said(toy_dataset)


def set_truth(group, key, value):
    truth = json.loads(group["truth"][()])
    del group["truth"]
    group["truth"] = json.dumps(truth | {key: value})


def forge_checksums(folder):
    """Makes every file checksum agree with what is there now."""
    from pipelines.durable import sha256_of

    manifest = folder / "manifest.jsonl"
    entries = [json.loads(line) for line in manifest.read_text().splitlines()]
    for entry in entries:
        entry["shard_sha256"] = sha256_of(folder / entry["shard"])
    manifest.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    write_checksums(folder, list(read_manifest(folder).values()))


def test_a_line_that_is_no_receipt_is_named(toy_dataset):
    with (toy_dataset / "manifest.jsonl").open("a") as file:
        file.write('{"index": 9}\n')
    assert "line 5" in said(toy_dataset)


def test_a_folder_that_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="a folder made by 'simdata generate' would do"):
        validate(tmp_path)
