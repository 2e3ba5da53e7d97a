"""What the engine costs a sample beside its parts: the wall time of a run of parts that do almost nothing.

Written to results/overhead.md with the time of `simdata --help`, of an import, and of one fsync on this disk.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from pipelines.generate import generate
from pipelines.recipe import recipe
from simdata.manifest import read_manifest

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests"))
TREE = {
    "count": 300,
    "phantom": {"kind": "toys.Block", "edge": 8},
    "scan": [{"kind": "toys.Camera", "effects": []}],
}


def overhead_ms(samples_per_shard: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        generate(recipe({**TREE, "count": 3}, ("toys",)), Path(folder) / "warm")
        start = perf_counter()
        generate(recipe(TREE, ("toys",)), Path(folder) / "out", samples_per_shard=samples_per_shard)
        wall_s = perf_counter() - start
        parts_s = sum(receipt.seconds for receipt in read_manifest(Path(folder) / "out").values())
    return 1000 * (wall_s - parts_s) / TREE["count"]


def fsync_ms(rounds: int = 100) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        for number in range(rounds):
            with (Path(folder) / str(number)).open("wb") as file:
                file.write(b"x" * 10_000)
                file.flush()
                os.fsync(file.fileno())
        return 1000 * (perf_counter() - start) / rounds


def command_s(*arguments: str, rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(perf_counter() - start)
    return sorted(times)[rounds // 2]


def main() -> None:
    rows = [
        ("engine overhead, one sample a file", f"{overhead_ms(1):.2f} ms a sample", "5 ms"),
        ("engine overhead, 16 samples a file", f"{overhead_ms(16):.2f} ms a sample", "5 ms"),
        ("a new file of 10 kB with one fsync, for comparison", f"{fsync_ms():.2f} ms", ""),
        ("simdata --help", f"{command_s('-m', 'pipelines', '--help'):.2f} s", "0.5 s"),
        ("import simdata", f"{command_s('-c', 'import simdata'):.2f} s", ""),
    ]
    lines = ["# Engine overhead", "", "| what | measured | limit |", "|---|---|---|"]
    lines += [f"| {what} | {measured} | {limit} |" for what, measured, limit in rows]
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "overhead.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
