"""How fast a body is drawn: voxels per second, against filling memory and against voxelising its meshes by trimesh.

Written to results/anatomy.md.
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import trimesh

from phantoms.anatomy.patient import Patient, average_patient
from phantoms.surfaces import surface
from phantoms.torso import scene
from simdata import Grid, Subject

HERE = Path(__file__).parent
MAN = Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0)
LARGE = "512 x 512 x 400 at 0.8 mm"
ORGANS = ("liver", "spleen", "kidney_left", "stomach", "urinary_bladder")
COLD = """
import re, time
start = time.perf_counter()
from phantoms.anatomy.patient import average_patient
from simdata import Subject
imported = time.perf_counter()
patient = average_patient(Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0))
grid = patient.grid(1.5, 235, -420)
solved = time.perf_counter()
patient.tape, patient.warp

def memory(which):
    return 1024 * int(re.search(which + r":\\s+(\\d+)", open("/proc/self/status").read())[1])

open("/proc/self/clear_refs", "w").write("5")  # forgets the peak so far
held = memory("VmRSS")
drawn = patient.draw(grid)
done = time.perf_counter()
share = (memory("VmHWM") - held) / drawn.labels.nbytes
print(imported - start, solved - imported, done - solved, share, time.process_time())
"""


def best(work, times: int = 3) -> float:
    """Shortest of so many runs, s."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def drawing(patient: Patient, grid: Grid, mixed: bool = False) -> tuple[float, float]:
    """Seconds, and million voxels a second."""
    seconds = best(lambda: patient.draw(grid, mixed))
    return seconds, np.prod(grid.shape) / seconds / 1e6


def main() -> None:
    patient = average_patient(MAN)
    rows, large_s = [], 0.0
    for name, grid in {
        "trunk at 1.5 mm": patient.grid(1.5, 235, -420),
        "trunk at 1 mm": patient.grid(1.0, 235, -420),
        LARGE: Grid.regular((512, 512, 400), 0.8, (0.0, 0.0, -60.0)),
        "512 x 512 x 400 at 0.5 mm, liver and kidney": Grid.regular((512, 512, 400), 0.5, (40.0, 0.0, -90.0)),
    }.items():
        for mixed in (False, True):
            seconds, speed = drawing(patient, grid, mixed)
            shape = " x ".join(map(str, grid.shape))
            large_s = seconds if name == LARGE and not mixed else large_s
            rows.append(f"| {name} ({shape}) | {'mixed' if mixed else 'labels'} | {seconds:.2f} | {speed:.0f} |")

    array = np.empty((512, 512, 400), np.uint16)
    fill = best(lambda: array.fill(1))
    bytes_ = np.empty((512, 512, 400), np.uint8)
    fill += best(lambda: bytes_.fill(1))

    body = scene(patient, patient.grid(2.0, 60, -420))
    ratios = []
    for name in ORGANS:
        mesh = surface(body, name)
        theirs = best(lambda mesh=mesh: trimesh.voxel.creation.voxelize(mesh, 1.5).fill(), 1)
        low, high = mesh.bounds
        shape = np.ceil((high - low) / 1.5).astype(int)
        grid = Grid.regular((int(shape[0]), int(shape[1]), int(shape[2])), 1.5, tuple(((low + high) / 2).tolist()))
        ours = drawing(patient, grid)[0]
        ratios.append(f"| {name} | {theirs:.2f} | {ours:.3f} | {theirs / ours:.0f} |")

    start = time.perf_counter()
    cold = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True).stdout.split()
    whole_s = time.perf_counter() - start
    import_s, solve_s, draw_s, memory, cpu_s = map(float, cold)
    lines = [
        "# Drawing a body: the reference man, every structure",
        "",
        "| grid | what | s | million voxels a second |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Filling labels and tissues of 512 x 512 x 400 with one number, memory's limit here, takes {fill:.3f} s; "
        f"drawing them at 0.8 mm takes {large_s / fill:.0f} times as long.",
        "",
        f"A new process, compiled code on disk, has the trunk at 1.5 mm after {whole_s:.1f} s: {import_s:.1f} s to "
        f"import, {solve_s:.1f} s for the person with its organ volumes, {draw_s:.1f} s to draw; "
        f"{cpu_s:.1f} CPU seconds in all. Drawing takes {memory:.1f} times the memory of the labels, labels "
        "and tissues included.",
        "",
        "| one organ at 1.5 mm | trimesh voxelises its mesh, s | this draws all that lies there, s | ratio |",
        "|---|---|---|---|",
        *ratios,
    ]
    text = "\n".join(lines) + "\n"
    (HERE / "results" / "anatomy.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
