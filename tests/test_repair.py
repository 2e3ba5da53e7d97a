"""What is broken in a dataset is made again, to the byte, and nothing else is touched."""

import shutil
from pathlib import Path

import pytest

from pipelines.generate import generate
from pipelines.repair import repair
from pipelines.validate import validate
from simdata import DatasetError
from simdata.manifest import read_manifest

TOYS = ("toys",)


def checksums(folder):
    return {index: receipt.sha256 for index, receipt in read_manifest(folder).items()}


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)


def test_exactly_the_broken_samples_are_made_again(toy_dataset):
    before = checksums(toy_dataset)
    shards = sorted((toy_dataset / "shards").iterdir())
    times = [path.stat().st_mtime_ns for path in shards]
    flip(shards[1], 40_000)
    shards[3].unlink()
    done = repair(toy_dataset, TOYS)
    assert (done.made, done.differing, done.left) == ((1, 3), (), ())
    assert {problem.where for problem in done.found} == {"shards/000000001.h5", "shards/000000003.h5"}
    assert checksums(toy_dataset) == before
    assert [shards[i].stat().st_mtime_ns for i in (0, 2)] == [times[0], times[2]]


@pytest.mark.parametrize(
    "name", ["dataset.h5", "labels.json", "recipe.yaml", "manifest.jsonl", "README.md", "sheet.png", "checksums.sha256"]
)
def test_a_damaged_file_about_the_samples_costs_no_sample(toy_dataset, name):
    whole = (toy_dataset / name).read_bytes()
    for damage in (whole[:-1], whole.replace(b"5", b"6", 1)):
        (toy_dataset / name).write_bytes(damage)
        done = repair(toy_dataset, TOYS)
        assert done.found
        assert (done.made, done.left) == ((), ())
        assert validate(toy_dataset) == []
    assert (toy_dataset / name).read_bytes() == whole


def test_a_damaged_checksum_of_the_recipe_is_not_taken_for_a_damaged_recipe(toy_dataset):
    path = toy_dataset / "checksums.sha256"
    whole = path.read_text()
    line = next(line for line in whole.splitlines() if line.endswith("  recipe.yaml"))
    path.write_text(whole.replace(line, line[::-1][-64:] + "  recipe.yaml"))
    done = repair(toy_dataset, TOYS)
    assert (done.made, done.left) == ((), ())
    assert path.read_text() == whole


def test_a_recipe_and_its_copy_both_lost_are_one_clear_error(toy_dataset):
    (toy_dataset / "recipe.yaml").write_text("phantom: {}\n")
    flip(toy_dataset / "dataset.h5", 0)
    with pytest.raises(DatasetError, match=r"recipe.yaml: damaged, and so is its copy"):
        repair(toy_dataset, TOYS)


def test_a_foreign_file_is_told_and_left(toy_dataset, toy_recipe):
    (toy_dataset / "notes.txt").write_text("mine")
    generate(toy_recipe, toy_dataset)
    done = repair(toy_dataset, TOYS)
    assert [problem.where for problem in done.left] == ["notes.txt"]
    assert (toy_dataset / "notes.txt").read_text() == "mine"


def test_a_shard_of_another_dataset_is_not_taken_for_ours(toy_dataset, toy_recipe, tmp_path):
    from pipelines.recipe import with_seed_and_count

    before = checksums(toy_dataset)
    generate(with_seed_and_count(toy_recipe, 6, None), tmp_path / "other")
    shutil.copy(tmp_path / "other/shards/000000002.h5", toy_dataset / "shards/000000002.h5")
    manifest = toy_dataset / "manifest.jsonl"
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(True) if '"index": 2,' not in line))
    assert repair(toy_dataset, TOYS).made == (2,)
    assert checksums(toy_dataset) == before


def test_a_merged_dataset_is_refused_before_anything_is_touched(toy_dataset, toy_recipe, tmp_path):
    from pipelines.merge import merge
    from pipelines.recipe import with_seed_and_count

    generate(with_seed_and_count(toy_recipe, 6, None), tmp_path / "other")
    merge([toy_dataset, tmp_path / "other"], tmp_path / "merged")
    (tmp_path / "merged/shards/000000005.h5").unlink()
    with pytest.raises(DatasetError, match="merged of other datasets; repairing those"):
        repair(tmp_path / "merged", TOYS)
    assert len(list((tmp_path / "merged/shards").iterdir())) == 7


def test_a_sound_dataset_is_left_alone(toy_dataset):
    times = {path: path.stat().st_mtime_ns for path in toy_dataset.rglob("*")}
    assert repair(toy_dataset, TOYS).found == ()
    assert times == {path: path.stat().st_mtime_ns for path in toy_dataset.rglob("*")}
