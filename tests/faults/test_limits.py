"""A full disk, Ctrl-C once and twice, and a poison sample in a hundred: what is there stays, and the run goes on."""

import json
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.harness import (
    TREE,
    check_nothing_is_lost,
    checksums,
    descendants,
    lines,
    undisturbed,
    wait_for,
    wanted,
)
from pipelines.generate import generate
from pipelines.plain import dump_yaml
from pipelines.workers import in_process, processes
from simdata import DatasetError, Streams

TESTS = Path(__file__).parent.parent


def recipe_file(tmp_path, tree):
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_yaml(tree))
    return path


def simdata(*arguments):
    command = [sys.executable, "-m", "pipelines", *map(str, arguments), "--plugin", "toys"]
    return subprocess.Popen(command, cwd=TESTS, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def small_disk(folder, size):
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("mapper", [in_process, processes(2)])
def test_a_disk_that_is_full_keeps_what_it_has_and_goes_on_with_more_room(tmp_path, mapper):
    expected = undisturbed(30, tmp_path / "undisturbed")
    with small_disk(tmp_path / "disk", "400k") as disk:
        out = disk / "out"
        with pytest.raises(DatasetError, match="No space left on device; every file that is there is whole"):
            generate(wanted(30), out, mapper)
        kept = checksums(out)
        assert kept
        assert kept.items() <= expected.items()
        assert not list(out.rglob("*.part"))
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        generate(wanted(30), out, mapper)
        check_nothing_is_lost(out, expected)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_interrupt_leaves_at_once_and_loses_nothing(tmp_path, workers):
    tree = {**TREE, "count": 40, "grow": [{"kind": "toys.Slow", "seconds": 0.02}]}
    out = tmp_path / "out"
    run = simdata("generate", recipe_file(tmp_path, tree), "--out", out, "--workers", workers)
    wait_for(lambda: lines(out) >= 2)
    family = [run.pid, *descendants(run.pid)]
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=20)[1]
    assert run.returncode in (-signal.SIGINT, 130), said
    assert "Traceback" not in said
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 20)
    generate(wanted(40), out)
    check_nothing_is_lost(out, undisturbed(40, tmp_path / "undisturbed"))


def test_a_second_interrupt_ends_what_hangs_after_the_first(tmp_path):
    code = """
import time
from pipelines.interrupt import leaving_well
try:
    with leaving_well():
        print("ready", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("first", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for said in ("ready\n", "first\n"):
            assert run.stdout.readline() == said
            run.send_signal(signal.SIGINT)
        start = time.monotonic()
        assert run.wait(30) == -signal.SIGINT
        assert time.monotonic() - start < 30


def one_poison_sample(count, chance):
    """A seed with which just one sample of `count` kills its worker."""
    for seed in range(1000):
        rolls = [Streams(seed, index)["grow"]["die"].generator.random() for index in range(count)]
        if len(poison := [index for index, roll in enumerate(rolls) if roll < chance]) == 1:
            return seed, poison[0]
    raise AssertionError


@pytest.mark.parametrize("shard_samples", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_a_poison_sample_in_a_hundred_is_set_aside_alone(tmp_path, shard_samples):
    seed, poison = one_poison_sample(100, 0.01)
    tree = {"seed": seed, "count": 100, "phantom": TREE["phantom"], "grow": [{"kind": "toys.Die", "chance": 0.01}]}
    out = tmp_path / "out"
    run = simdata(
        "generate", recipe_file(tmp_path, tree), "--out", out, "--workers", 2, "--shard-samples", shard_samples
    )
    said = run.communicate()[1]
    assert run.returncode == 1
    assert sorted(checksums(out)) == [index for index in range(100) if index != poison]
    (story,) = (out / "failed").iterdir()
    again = json.loads(story.read_text())["replay"]
    assert f"sample {poison} failed: the worker process died here 3 times" in said
    assert f"again: {again}" in said
    assert shlex.split(again)[1:4] == ["replay", str(out), str(poison)]
