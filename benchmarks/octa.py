"""How long an OCT angiograph takes, step by step, beside what the machine can do: a copy of the same voxels.

python benchmarks/octa.py      # a minute; writes benchmarks/results/octa.md
"""

import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numba
import numpy as np

from phantoms.retina import Retina as Wall
from render.oct_scan import OCT
from render.octa import DEEP, OCTA
from simdata import Effect, Raw, Scene, Streams
from vascular.in_layers import InLayers
from vascular.retina import Retina

RESULT = Path(__file__).parent / "results" / "octa.md"
REPEATS = 3
PIXELS = 304


def patient(field_mm: float) -> Scene:
    """A wall with vessels in their layers."""
    wall = Wall(field_mm=field_mm, voxel_mm=field_mm / 300, depth_mm=0.7, depth_voxel_mm=0.004)
    eye = Retina(field_mm=field_mm)(wall(Streams(1)["wall"].generator), Streams(1)["vessels"].generator)
    return InLayers()(eye, Streams(1)["layers"].generator)


def timed(task: Callable[[], object]) -> tuple[float, float]:
    """The least wall time of some runs after a first one, which compiles, and the CPU seconds of that run."""
    task()
    runs = []
    for _ in range(REPEATS):
        wall, cpu = perf_counter(), process_time()
        task()
        runs.append((perf_counter() - wall, process_time() - cpu))
    return min(runs)


def steps(scene: Scene, scan: OCTA) -> dict[str, Callable[[], object]]:
    """What a scan does, one after the other."""
    raw = scan.measure(scene)
    image = scan.reconstruct(raw)
    effects = {type(one).__name__: _of(one, raw) for one in scan.effects}
    return {
        "measure": lambda: scan.measure(scene),
        **effects,
        "reconstruct": lambda: scan.reconstruct(raw),
        "truth": lambda: scan.truth(scene, image),
    }


def _of(effect: Effect, raw: Raw) -> Callable[[], object]:
    return lambda: effect(raw, Streams(1).generator)


def row(name: str, task: Callable[[], object], copy_s: float) -> str:
    wall, cpu = timed(task)
    print(f"{name}: {wall:.3f} s, CPU {cpu:.3f} s", flush=True)
    return f"| {name} | {wall:.3f} | {cpu:.3f} | {wall / copy_s:.0f} |"


def main() -> None:
    rows = []
    for field_mm in (3.0, 6.0):
        scene = patient(field_mm)
        bed = scene.vessels["retina"]
        tubes = len(bed.segments) + len(bed.links)
        scan = OCTA(field_mm=0.98 * field_mm, pixels=PIXELS)
        raw = scan.measure(scene)
        volume = np.empty_like(raw.data)
        copy_s, copy_cpu = timed(lambda raw=raw, volume=volume: np.copyto(volume, raw.data))
        name = f"{field_mm:g} mm, {tubes} segments"
        shape = " x ".join(map(str, raw.data.shape))
        rows += [f"| **{name}**: a copy of {shape} float32 | {copy_s:.3f} | {copy_cpu:.3f} | 1 |"]
        rows += [row(step, task, copy_s) for step, task in steps(scene, scan).items()]
        rows += [row(f"**{name}: all**", lambda scene=scene, scan=scan: scan(scene, Streams(1)), copy_s)]
        deep = OCTA(field_mm=0.98 * field_mm, pixels=PIXELS, layers=DEEP)
        rows += [row("the deep slab, all", lambda scene=scene, deep=deep: deep(scene, Streams(1)), copy_s)]
        line = OCT(field_mm=0.98 * field_mm)
        rows += [
            row("a B-scan of 768 columns, 16 visits", lambda scene=scene, line=line: line(scene, Streams(1)), copy_s)
        ]
    lines = [
        "# OCT angiographs",
        "",
        f"`python benchmarks/octa.py`: {PIXELS} x {PIXELS} pixels, {numba.get_num_threads()} threads; the least of",
        f"{REPEATS} runs after a first one. Load of the machine meanwhile: {os.getloadavg()[1]:.1f} (5 min).",
        "",
        "| | wall s | CPU s | times the copy |",
        "|---|---:|---:|---:|",
        *rows,
        "",
    ]
    RESULT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
