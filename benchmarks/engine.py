"""What the engine costs a sample beside its parts, in process and on Ray, and how well workers use the cores.

    python benchmarks/engine.py        # five minutes; writes results/engine.md

The parts of the first rows do almost nothing, so that what is left is the engine. Two workers make real samples beside
two bare processes that make the same ones and write nothing: this machine's own limit.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time

from pipelines.cluster import on_ray
from pipelines.cluster_door import connected
from pipelines.generate import generate
from pipelines.make import make
from pipelines.plain import dump_yaml, read_tree
from pipelines.recipe import Recipe, recipe
from pipelines.workers import Mapper, cap_threads, in_process, processes

HERE = Path(__file__).parent
TESTS, QUICKSTART = HERE.parent / "tests", HERE.parent / "recipes" / "quickstart.yaml"
sys.path.append(str(TESTS))
EMPTY = {"phantom": {"kind": "toys.Block", "edge": 8}, "scan": [{"kind": "toys.Camera", "effects": []}]}
REAL = {
    "phantom": {"kind": "phantoms.cylinder.Cylinder", "voxel_mm": [2, 2, 2], "shape": [112, 112, 16]},
    "scan": [{"kind": "render.ct.CT", "gantry": {"views": 180, "element_mm": 4, "rows": 8, "row_mm": 4}}],
}
SAMPLES, REAL_SAMPLES, WORKERS, ROUNDS = 300, 36, 2, 3
FIRST = """
from time import perf_counter
start = perf_counter()
import sys
sys.path.append({tests!r})
sys.argv = ["simdata", "generate", {recipe!r}, "--out", {out!r}, "--count", "1", "-q", "--plugin", "toys"]
from pipelines.cli import main
try: main()
except SystemExit: pass
print(perf_counter() - start)
"""


def made(tree: dict, count: int) -> Recipe:
    return recipe({**tree, "count": count}, ("toys",))


def run(tree: dict, count: int, mapper_of, **options) -> tuple[float, float, float]:
    """Seconds on the clock, of this process's CPU, and of the parts, for a run of `count` samples."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        start, cpu = perf_counter(), process_time()
        outcome = generate(made(tree, count), out, mapper_of(out), **options)
        parts_s = sum(receipt.seconds for receipt in outcome.receipts)
        return perf_counter() - start, process_time() - cpu, parts_s


def overhead_ms(mapper_of, **options) -> tuple[float, float]:
    """Milliseconds a sample beside its parts: on the clock, and of this process's CPU. The difference of two runs, so
    that starting and closing a dataset are no part of it; the best of three."""
    found = []
    for _ in range(ROUNDS):
        short, long = (run(EMPTY, count, mapper_of, **options) for count in (SAMPLES // 10, SAMPLES))
        wall, cpu, parts = (b - a for a, b in zip(short, long, strict=True))
        found.append((1000 * (wall - parts) / (0.9 * SAMPLES), 1000 * cpu / (0.9 * SAMPLES)))
    return min(found)


def bare(count: int, worker: int) -> None:
    cap_threads(1)
    real = made(REAL, count)
    for index in range(worker, count, WORKERS):
        make(real.draw(index), real.seed, index)


def against_bare() -> tuple[float, float]:
    """Seconds of two bare processes, and of a run by two workers, for the same samples; start and compiling left out
    by taking the difference of a long and a short run. The best of three, in turns."""
    context = get_context("spawn")

    def bare_s(count: int) -> float:
        start = perf_counter()
        workers = [context.Process(target=bare, args=(count, worker)) for worker in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return perf_counter() - start

    def engine_s(count: int) -> float:
        return run(REAL, count, lambda out: processes(WORKERS))[0]

    rounds = [
        tuple(timed(REAL_SAMPLES + WORKERS) - timed(WORKERS) for timed in (bare_s, engine_s)) for _ in range(ROUNDS)
    ]
    return min(b for b, _ in rounds), min(e for _, e in rounds)


def first_sample_s(tree: dict) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file, times = Path(folder) / "recipe.yaml", []
        file.write_text(dump_yaml(tree))
        for turn in range(ROUNDS + 1):
            code = FIRST.format(recipe=str(file), out=f"{folder}/{turn}", tests=str(TESTS))
            done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            times.append(float(done.stdout.split()[-1]))
        return min(times[1:])


def command_s(*arguments: str) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(perf_counter() - start)
    return min(times)


def fsync_ms(rounds: int = 100) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        for number in range(rounds):
            with (Path(folder) / str(number)).open("wb") as file:
                file.write(b"x" * 10_000)
                file.flush()
                os.fsync(file.fileno())
        return 1000 * (perf_counter() - start) / rounds


def on_a_cluster(out: Path) -> Mapper:
    return on_ray("local", out, most=WORKERS)


def rows() -> Iterator[tuple[str, str, str]]:
    """What, measured, goal: each as soon as it is known."""
    here, cpu = overhead_ms(lambda out: in_process)
    yield "in process, one sample a file", f"{here:.2f} ms a sample ({cpu:.2f} ms of CPU)", "2 ms"
    packed, cpu = overhead_ms(lambda out: in_process, samples_per_shard=16)
    yield "in process, 16 samples a file", f"{packed:.2f} ms a sample ({cpu:.2f} ms of CPU)", "2 ms"
    yield "a new file of 10 kB with one fsync, for comparison", f"{fsync_ms():.2f} ms", ""
    with connected("local", WORKERS):
        run(EMPTY, 20, on_a_cluster)
        ray, cpu = overhead_ms(on_a_cluster)
    yield f"on Ray, {WORKERS} workers", f"{ray:.2f} ms a sample ({cpu:.2f} ms of the driver's CPU)", "5 ms"
    bare_s, engine_s = against_bare()
    yield f"{WORKERS} workers against {WORKERS} bare processes", f"{bare_s / engine_s:.2f}", "0.9"
    for what, tree in {"a small recipe's": EMPTY, "the quickstart's": read_tree(QUICKSTART)}.items():
        yield f"{what} first sample, from the start of Python, warm", f"{first_sample_s(tree):.2f} s", "2 s"
    yield "simdata --help", f"{command_s('-m', 'pipelines', '--help'):.2f} s", "0.5 s"
    yield "import simdata", f"{command_s('-c', 'import simdata'):.2f} s", ""


def main() -> None:
    lines = ["# The engine", "", f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it was begun.", ""]
    lines += ["| what | measured | goal |", "|---|---|---|"]
    for row in rows():
        lines.append(f"| {' | '.join(row)} |")
        print(lines[-1], flush=True)
    (HERE / "results" / "engine.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
