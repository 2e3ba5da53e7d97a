"""What tests of faults share: a run in a process of its own that may be killed, and what must be true at the end."""

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.generate import generate
from pipelines.recipe import Recipe, recipe
from pipelines.validate import validate
from pipelines.workers import Mapper, in_process, processes
from simdata.manifest import read_manifest

TOYS = ("toys",)
TREE = {
    "seed": 7,
    "phantom": {"kind": "toys.Block", "edge": 8},
    "grow": [{"kind": "toys.Slow", "seconds": 0.02}],
    "scan": [{"kind": "toys.Camera"}],
}
PATIENCE_S = 300
STORE_BYTES = 100 * 2**20


def wanted(count: int) -> Recipe:
    return recipe({**TREE, "count": count}, TOYS)


def checksums(folder: Path) -> dict[int, str]:
    return {index: receipt.sha256 for index, receipt in read_manifest(folder).items()}


def undisturbed(count: int, folder: Path) -> dict[int, str]:
    generate(wanted(count), folder)
    return checksums(folder)


def check_nothing_is_lost(folder: Path, expected: Mapping[int, str]) -> None:
    """0 lost, 0 duplicated, 0 corrupt, the bytes of an undisturbed run, and nothing else in the folder."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    assert len(lines) == len(expected)
    assert checksums(folder) == dict(expected)
    wrong = validate(folder)
    assert not wrong, wrong


class Driver:
    """A run in a process of its own, started from a warm one."""

    def __init__(self, made: Recipe, folder: Path, mapper: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["pipelines.generate", "pipelines.validate", "pipelines.workers", "h5py", "toys"]
        )
        self.process = context.Process(target=drive, args=(made, folder, mapper, list(sys.path)))
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.is_alive()

    def join(self) -> int | None:
        self.process.join(PATIENCE_S)
        return self.process.exitcode


def drive(made: Recipe, folder: Path, mapper: str, paths: list[str]) -> None:
    sys.path[:] = paths
    outcome = generate(made, folder, mapper_named(mapper, folder))
    sys.exit(1 if outcome.failures else 0)


def mapper_named(name: str, folder: Path) -> Mapper:
    if name == "in process":
        return in_process
    if name == "processes":
        return processes(2)
    from pipelines.cluster import on_ray

    return on_ray("local", folder, most=2)


def killed_again_and_again(
    made: Recipe, folder: Path, mapper: str, kills: int, victim: Callable[[Driver, random.Random], int | None]
) -> int:
    """Runs to the end, whatever is killed on the way; returns how many kills there were."""
    dice, done = random.Random(kills), 0
    for _ in range(10 * kills + 10):
        driver = Driver(made, folder, mapper)
        while driver.running and done < kills:
            seen = lines(folder)
            wait_for(lambda seen=seen, driver=driver: lines(folder) > seen or not driver.running)
            time.sleep(dice.uniform(0, 0.05))
            done += kill(victim(driver, dice))
        if driver.join() == 0:
            return done
    raise AssertionError(f"not finished after {done} kills")


def kill(pid: int | None) -> bool:
    with suppress(ProcessLookupError):
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def lines(folder: Path) -> int:
    path = folder / "manifest.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def wait_for(true: Callable[[], Any], seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def descendants(pid: int) -> Iterator[int]:
    """Children of a process, their children and so on, as Linux tells them."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from descendants(child)


def called(pid: int) -> str:
    """The command line of a process; nothing if it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def below(pid: int, name: str) -> list[int]:
    """The processes below this one whose command line holds `name`."""
    return [child for child in descendants(pid) if name in called(child)]


def node(cpus: int, **more: Any) -> dict[str, Any]:
    """What `ray.cluster_utils.Cluster.add_node` takes for a small one."""
    return {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": STORE_BYTES, **more}
