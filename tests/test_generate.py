"""The engine's promises: the same bytes whatever the workers, nothing finished is lost, what fails is set aside."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.generate import generate
from pipelines.recipe import load, with_seed_and_count
from pipelines.replay import replay
from pipelines.validate import validate
from pipelines.workers import in_process, processes
from simdata import DatasetError
from simdata.manifest import read_manifest

TOYS = ("toys",)
HERE = Path(__file__).parent
COMMAND = [sys.executable, "-m", "pipelines", "generate"]


def checksums(folder):
    return {index: receipt.sha256 for index, receipt in read_manifest(folder).items()}


def shuffled(task, items):
    return in_process(task, random.Random(1).sample(items, len(items)))


def test_one_worker_two_workers_and_any_order_give_the_same_bytes(toy_recipe, tmp_path):
    for name, mapper in {"one": in_process, "two": processes(2), "shuffled": shuffled}.items():
        generate(toy_recipe, tmp_path / name, mapper)
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two") == checksums(tmp_path / "shuffled")
    assert len(checksums(tmp_path / "one")) == toy_recipe.count


def test_the_size_of_a_shard_does_not_change_a_sample(toy_recipe, tmp_path):
    generate(toy_recipe, tmp_path / "one")
    generate(toy_recipe, tmp_path / "three", samples_per_shard=3)
    assert checksums(tmp_path / "one") == checksums(tmp_path / "three")
    assert len(list((tmp_path / "three" / "shards").iterdir())) == 2
    assert validate(tmp_path / "three") == []


def test_every_sample_is_different(toy_dataset):
    assert len(set(checksums(toy_dataset).values())) == 4


def test_the_count_may_grow_and_what_is_there_is_not_made_again(toy_recipe, tmp_path):
    out = tmp_path / "out"
    generate(with_seed_and_count(toy_recipe, None, 2), out)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "shards").iterdir()}
    generate(toy_recipe, out)
    after = {path.name: path.stat().st_mtime_ns for path in (out / "shards").iterdir()}
    assert len(after) == 4
    assert before.items() <= after.items()
    generate(toy_recipe, tmp_path / "whole")
    assert checksums(out) == checksums(tmp_path / "whole")


def test_a_run_killed_half_way_goes_on_to_the_same_bytes(tmp_path):
    recipe_file = tmp_path / "slow.yaml"
    recipe_file.write_text(
        "seed: 5\ncount: 8\nphantom: {kind: toys.Block}\ngrow: [{kind: toys.Slow, seconds: 0.3}]\n"
        "scan: [{kind: toys.Camera}]\n"
    )
    out = tmp_path / "out"
    arguments = [*COMMAND, str(recipe_file), "--out", str(out), "--plugin", "toys", "--workers", "2"]
    run = subprocess.Popen(arguments, cwd=HERE, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(lambda: (out / "manifest.jsonl").exists() and (out / "manifest.jsonl").read_bytes().count(b"\n") >= 2)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    recipe = load(recipe_file, plugins=TOYS)
    half = checksums(out)
    assert 0 < len(half) < 8
    generate(recipe, out)
    generate(recipe, tmp_path / "undisturbed")
    assert checksums(out) == checksums(tmp_path / "undisturbed")
    assert half.items() <= checksums(out).items()
    assert validate(out) == []


def test_an_interrupt_ends_with_130_and_keeps_what_is_finished(tmp_path):
    recipe_file = tmp_path / "slow.yaml"
    recipe_file.write_text("count: 9\nphantom: {kind: toys.Block}\ngrow: [{kind: toys.Slow, seconds: 0.5}]\n")
    out = tmp_path / "out"
    arguments = [*COMMAND, str(recipe_file), "--out", str(out), "--plugin", "toys", "--workers", "2"]
    run = subprocess.Popen(arguments, cwd=HERE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: (out / "manifest.jsonl").exists() and (out / "manifest.jsonl").stat().st_size > 0)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert checksums(out)


def test_what_a_worker_killed_while_it_wrote_has_left_is_gone(toy_recipe, tmp_path):
    def torn(task, items):
        for item, result in in_process(task, items):
            killed_while_writing(task, (7,))
            yield item, result

    generate(toy_recipe, tmp_path / "out", torn)
    assert validate(tmp_path / "out") == []


def killed_while_writing(task, indices):
    """Its file is whole under its first name, and has no other yet."""
    child = os.fork()
    if not child:
        os.link = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
        task(indices)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def test_a_worker_thought_dead_writes_nothing_once_the_run_is_over(toy_recipe, tmp_path):
    tasks = []

    def kept(task, items):
        tasks.append(task)
        return in_process(task, items)

    generate(toy_recipe, tmp_path / "out", kept)
    with pytest.raises(DatasetError, match="No such file or directory"):
        tasks[0]((1, 2))
    assert validate(tmp_path / "out") == []


def test_a_shard_that_the_journal_missed_is_taken_in(toy_recipe, toy_dataset):
    manifest = toy_dataset / "manifest.jsonl"
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(lines[:2]) + lines[2][:40])
    made = [path.stat().st_mtime_ns for path in sorted((toy_dataset / "shards").iterdir())]
    generate(toy_recipe, toy_dataset)
    assert made == [path.stat().st_mtime_ns for path in sorted((toy_dataset / "shards").iterdir())]
    assert validate(toy_dataset) == []


@pytest.mark.parametrize("damage", ["a flipped checksum", "another index", "a line cut out", "rubbish"])
def test_a_damaged_journal_is_mended_from_the_shards(toy_recipe, toy_dataset, damage):
    before, manifest = checksums(toy_dataset), toy_dataset / "manifest.jsonl"
    lines = manifest.read_text().splitlines(keepends=True)
    lines[1] = {
        "a flipped checksum": lines[1].replace(before[1], before[1][::-1]),
        "another index": lines[1].replace('"index": 1', '"index": 9'),
        "a line cut out": "",
        "rubbish": '{"index": []}\n\x00\n',
    }[damage]
    manifest.write_text("".join(lines))
    made = [path.stat().st_mtime_ns for path in sorted((toy_dataset / "shards").iterdir())]
    assert validate(toy_dataset)
    generate(toy_recipe, toy_dataset)
    assert checksums(toy_dataset) == before
    assert made == [path.stat().st_mtime_ns for path in sorted((toy_dataset / "shards").iterdir())]
    assert validate(toy_dataset) == []


def test_the_manifest_has_one_line_per_sample_in_order(toy_recipe, tmp_path):
    generate(toy_recipe, tmp_path / "out", shuffled)
    (tmp_path / "out" / "shards" / "000000000.h5").unlink()
    generate(toy_recipe, tmp_path / "out")
    lines = (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["index"] for line in lines] == [0, 1, 2, 3]


def test_a_broken_shard_is_made_again(toy_recipe, toy_dataset):
    before = checksums(toy_dataset)
    shard = toy_dataset / "shards" / "000000001.h5"
    shard.write_bytes(shard.read_bytes()[:-100])
    (toy_dataset / "shards" / "000000002.h5").unlink()
    generate(toy_recipe, toy_dataset)
    assert checksums(toy_dataset) == before
    assert validate(toy_dataset) == []


def test_a_sample_that_fails_is_set_aside_and_the_rest_is_written(tmp_path):
    recipe_file = tmp_path / "stumble.yaml"
    recipe_file.write_text("seed: 2\ncount: 8\nphantom: {kind: toys.Block}\ngrow: [{kind: toys.Stumble}]\n")
    recipe = load(recipe_file, plugins=TOYS)
    outcome = generate(recipe, tmp_path / "out", samples_per_shard=3)
    failed = {failure.index for failure in outcome.failures}
    assert 0 < len(failed) < 8
    assert set(checksums(tmp_path / "out")) == set(range(8)) - failed
    story = json.loads((tmp_path / "out" / "failed" / f"{min(failed):09d}.json").read_text())
    assert "ValueError: stumbled (in stage grow/stumble)" in story["error"]
    assert "Traceback" in story["traceback"]
    assert story["replay"].startswith("simdata replay")
    with pytest.raises(ValueError, match="stumbled"):
        replay(tmp_path / "out", min(failed), TOYS)


def test_a_sample_that_kills_its_worker_is_set_aside_and_the_rest_is_written(tmp_path):
    recipe_file = tmp_path / "die.yaml"
    recipe_file.write_text("seed: 3\ncount: 6\nphantom: {kind: toys.Block}\ngrow: [{kind: toys.Die}]\n")
    outcome = generate(load(recipe_file, plugins=TOYS), tmp_path / "out", processes(2))
    failed = {failure.index for failure in outcome.failures}
    assert 0 < len(failed) < 6
    assert set(checksums(tmp_path / "out")) == set(range(6)) - failed
    assert all("the worker process died here" in failure.error for failure in outcome.failures)


def test_a_worker_that_dies_just_before_the_next_item_is_handed_out_loses_none(monkeypatch):
    calls = iter(range(100))

    def submit(pool, task, item):
        if next(calls) == 3:
            raise BrokenProcessPool
        return pool.submit(task, item)

    monkeypatch.setattr("pipelines.workers._submit", submit)
    assert sorted(processes(1)(abs, [-1, -2, -3, -4, -5])) == [(-5, 5), (-4, 4), (-3, 3), (-2, 2), (-1, 1)]


def test_a_folder_made_from_another_recipe_is_refused(toy_recipe, toy_dataset):
    before = sorted(path.name for path in toy_dataset.rglob("*"))
    with pytest.raises(DatasetError, match="made from another recipe or seed"):
        generate(with_seed_and_count(toy_recipe, 6, None), toy_dataset)
    assert before == sorted(path.name for path in toy_dataset.rglob("*"))


def test_a_folder_with_other_things_in_it_is_refused(toy_recipe, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"but no recipe.yaml; an empty or new folder would do"):
        generate(toy_recipe, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".lock") == ["thesis.txt", "toy.yaml"]


def test_a_folder_in_use_is_refused(toy_recipe, toy_dataset):
    from filelock import FileLock

    with FileLock(toy_dataset / ".lock"), pytest.raises(DatasetError, match="another run is writing here"):
        generate(toy_recipe, toy_dataset)


def test_a_path_that_is_no_folder_is_refused(toy_recipe, toy_file):
    with pytest.raises(DatasetError, match="a folder that can be written would do"):
        generate(toy_recipe, toy_file)


def test_a_read_only_folder_is_refused(toy_recipe, toy_dataset):
    """Root may write anywhere, so root steps aside for the attempt."""
    with tempfile.TemporaryDirectory() as parent:
        closed = Path(parent) / "closed"
        closed.mkdir()
        closed.chmod(0o555)
        Path(parent).chmod(0o755)
        with (
            not_as_root(),
            pytest.raises(DatasetError, match="Permission denied; a folder that can be written would do"),
        ):
            generate(toy_recipe, closed)
        assert not list(closed.iterdir())


def test_a_full_disk_leaves_no_half_file_and_loses_nothing(toy_file, toy_recipe, tmp_path):
    """A limit on the size of files stands for the full disk: the write fails half way with an error of the system."""
    out = tmp_path / "out"
    generate(with_seed_and_count(toy_recipe, None, 2), out)
    before = checksums(out)
    said = run_with_file_limit(toy_file, out, 30_000)
    assert said.returncode == 2
    assert "more room would do" in said.stderr
    assert "Traceback" not in said.stderr
    assert not list(out.rglob("*.part"))
    assert before.items() <= checksums(out).items()
    generate(toy_recipe, out)
    assert validate(out) == []


def run_with_file_limit(recipe_file, out, file_bytes):
    def limit():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    arguments = [*COMMAND, str(recipe_file), "--out", str(out), "--plugin", "toys"]
    return subprocess.run(arguments, cwd=HERE, capture_output=True, text=True, preexec_fn=limit, check=False)


@contextmanager
def not_as_root():
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def wait_for(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
