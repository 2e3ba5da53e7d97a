"""The whole engine in one table: seconds, beside a goal or a peer, and memory; each line in a process of its own.

python benchmarks/table.py              # some minutes; writes results/table.md
python benchmarks/table.py draw macula  # these lines alone, on the screen
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).parent
TIMES = 3
Row = tuple[str, float, str]
"""What was done, the shortest of its runs in seconds, and what that is beside a goal or a peer."""


def best(work: Callable[[], object], times: int = TIMES) -> float:
    """The shortest of so many runs after one that compiles, s."""
    work()
    taken = []
    for _ in range(times):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return min(taken)


def beside(seconds: float, goal: float) -> str:
    return f"goal {goal:g} s: {goal / seconds:.1f} times as fast"


def man(voxel_mm: float, shape: tuple[int, int, int]):
    from phantoms.people.population import Person
    from phantoms.torso import Torso
    from simdata import Streams

    who = Person(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0)
    return Torso(subject=who, voxel_mm=voxel_mm, shape=shape)(Streams(1)["body"].generator)


def help_page() -> Row:
    command = [sys.executable, "-m", "pipelines", "--help"]
    seconds = best(lambda: subprocess.run(command, capture_output=True, check=True))
    return "`simdata --help`", seconds, beside(seconds, 0.5)


def person() -> Row:
    start = perf_counter()
    man(1.5, (256, 256, 256))
    seconds = perf_counter() - start
    return "a man at 1.5 mm, 256^3, in a new process", seconds, beside(seconds, 3.0)


def draw() -> Row:
    from phantoms.anatomy.patient import average_patient
    from simdata import Subject

    patient = average_patient(Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0))
    grid = patient.grid(1.0, 235, -420)
    seconds = best(lambda: patient.draw(grid))
    speed = np.prod(grid.shape) / seconds / 1e6
    return f"his labels at 1 mm, {' x '.join(map(str, grid.shape))}", seconds, f"{speed:.0f} of 100 million voxels/s"


def phase() -> Row:
    from phantoms.breathing.breathing import Breathing
    from phantoms.heartbeat.heartbeat import Heartbeat
    from simdata import Streams

    scene = man(1.5, (256, 192, 300))
    for growth in (Breathing(), Heartbeat()):
        scene = growth(scene, Streams(2)[type(growth).__name__].generator)
    times_s = iter(np.linspace(1.0, 2.0, TIMES))
    seconds = best(lambda: _phase_at(scene, float(next(times_s))), TIMES - 1)
    return "a phase of breath and heartbeat at 1.5 mm, labels and displacement", seconds, beside(seconds, 2.0)


def _phase_at(scene, t_s: float):
    return scene.at(t_s, scene.motion.displacement(scene.grid, t_s))


def track() -> Row:
    from phantoms.breathing.breathing import Breathing
    from simdata import Streams

    scene = man(3.0, (136, 104, 150))
    motion = Breathing()(scene, Streams(2)["breath"].generator).motion
    points_mm = np.random.default_rng(1).uniform(-90, 90, (1_000_000, 3))
    seconds = best(lambda: motion.moved_mm(points_mm, scene.grid, 1.3), 2)
    return "10^6 points followed through a breath", seconds, beside(seconds, 1.0)


def lesion() -> Row:
    from phantoms.lesions.cyst import Cyst
    from simdata import Streams

    scene = man(1.5, (256, 192, 256))
    seconds = best(lambda: Cyst(diameter_mm=30.0)(scene, Streams(3).generator))
    return "a cyst of 30 mm into a liver at 1.5 mm, and what it pushes aside", seconds, beside(seconds, 0.3)


def macula() -> Row:
    from phantoms.retina import Retina as Wall
    from simdata import Streams
    from vascular.retina import Retina

    wall = Wall(field_mm=3.0, voxel_mm=0.02)(Streams(1)["wall"].generator)
    seconds = best(lambda: Retina(field_mm=3.0)(wall, Streams(1)["vessels"].generator))
    return "the vessels of a macula of 3 mm, with flow", seconds, beside(seconds, 1.5)


def angiograph() -> Row:
    from phantoms.retina import Retina as Wall
    from render.octa import OCTA
    from simdata import Streams
    from vascular.retina import Retina

    wall = Wall(field_mm=3.0, voxel_mm=0.01, depth_mm=0.26, depth_voxel_mm=0.004)(Streams(1)["wall"].generator)
    eye = Retina(field_mm=3.0)(wall, Streams(1)["vessels"].generator)
    seconds = best(lambda: OCTA(field_mm=3.0, pixels=304)(eye, Streams(1)["scan"]))
    return "its OCT angiograph, 304 x 304", seconds, beside(seconds, 1.0)


def photograph() -> Row:
    from phantoms.fundus import Fundus as Ground
    from render.fundus import Fundus
    from simdata import Streams
    from vascular.fundus_vessels import FundusVessels

    eye = FundusVessels(field_mm=18.0)(Ground()(Streams(1)["eye"].generator), Streams(1)["vessels"].generator)
    seconds = best(lambda: Fundus()(eye, Streams(1)["scan"]))
    return "a fundus photograph, 1024 x 1024", seconds, beside(seconds, 2.0)


def project() -> Row:
    from projectors import GRID, orbit, sphere
    from projectors import project as rays

    volume, views = sphere()[..., None], orbit().views
    seconds = best(lambda: rays(volume, GRID, views), 1)
    return "360 views of 384 x 256 through 256^3 voxels", seconds, "RTK: see projectors.md"


def write() -> Row:
    import h5py
    from hdf5 import ct_like, gzip4, isal

    array = ct_like()

    def to_memory(how: Callable) -> Callable[[], object]:
        return lambda: how(h5py.File(BytesIO(), "w"), array)

    ours, theirs = best(to_memory(isal)), best(to_memory(gzip4), 1)
    return "256^3 int16 to HDF5, compressed", ours, f"{theirs / ours:.1f} times as fast as h5py's gzip"


CASES = (help_page, person, draw, phase, track, lesion, macula, angiograph, photograph, project, write)


def measured(name: str) -> tuple[str, float, str, float]:
    """A line, and the peak of its process's memory, GB."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name], capture_output=True, text=True, check=True, cwd=HERE
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main(names: list[str]) -> None:
    lines = []
    for name in names or [case.__name__ for case in CASES]:
        what, seconds, compared, memory_gb = measured(name)
        lines.append(f"| {what} | {seconds:.2f} | {compared} | {memory_gb:.1f} |")
        print(lines[-1], flush=True)
    if not names:
        head = f"""# The engine in one table

`python benchmarks/table.py`, {os.cpu_count()} cores; the shortest of {TIMES} runs after one that compiles, each line
in a process of its own, with the peak of its memory.

| what | seconds | beside | GB |
|---|---|---|---|
"""
        (HERE / "results" / "table.md").write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        row = next(case for case in CASES if case.__name__ == sys.argv[2])()
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(json.dumps([*row, peak / 1e6]))
    else:
        main(sys.argv[1:])
