"""How fast and how right X-rays run through a volume, beside the limits of this machine, ITK-RTK and LEAP.

    python benchmarks/projectors.py [rtk=PYTHON] [leap=FOLDER]     # some minutes; writes results/projectors.md

PYTHON: an interpreter in whose environment itk-rtk is installed. FOLDER: where leapctype.py and libleapct.so of LEAP
lie (benchmarks/peers/leap.py says how it is built). What is not given is left out.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numba
import numpy as np
from numba import njit, prange

from render.fdk import fdk
from render.projection import project, spread
from render.views import Orbit, Panel
from simdata import Grid

HERE = Path(__file__).parent
N, VIEWS, COLUMNS, ROWS, PITCH_MM = 256, 360, 384, 256, 1.5
FOCUS_MM, DETECTOR_MM = 1000.0, 1500.0
SPHERE_MM, WIRE_MM = 100.0, 0.5
GRID = Grid.regular((N, N, N), 1.0)
NAMES = {"rtk": "RTK (Joseph)", "leap": "LEAP (separable footprint)"}

Seconds = dict[str, float]


def orbit(views: int = VIEWS, finer: int = 1) -> Orbit:
    panel = Panel(columns=COLUMNS * finer, rows=ROWS * finer, column_mm=PITCH_MM / finer, row_mm=PITCH_MM / finer)
    return Orbit(2 * np.pi * np.arange(views) / views, panel, FOCUS_MM, DETECTOR_MM)


def sphere(fine: int = 4) -> np.ndarray:
    """The share of each voxel within SPHERE_MM of the middle."""
    distance = np.linalg.norm(GRID.points_mm(), axis=-1)
    volume = (distance < SPHERE_MM).astype(np.float32)
    edge = np.argwhere(np.abs(distance - SPHERE_MM) < 1)
    parts = np.stack(np.meshgrid(*[(np.arange(fine) + 0.5) / fine - 0.5] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = np.mean([np.linalg.norm(GRID.world_mm(edge + part), axis=1) < SPHERE_MM for part in parts], axis=0)
    volume[tuple(edge.T)] = inside
    return volume


def wire(fine: int = 32) -> np.ndarray:
    """The share of each voxel within WIRE_MM / 2 of an upright wire at (30.3, 11.1) mm."""
    flat = np.zeros((N, N), np.float32)
    parts = (np.arange(fine) + 0.5) / fine - 0.5
    x, y = (int(np.floor(at + N / 2)) for at in (30.3, 11.1))
    for i in range(x - 1, x + 2):
        for j in range(y - 1, y + 2):
            cx, cy = i - (N - 1) / 2 - 30.3, j - (N - 1) / 2 - 11.1
            flat[i, j] = (np.hypot((cx + parts)[:, None], (cy + parts)[None, :]) < WIRE_MM / 2).mean()
    return np.repeat(flat[:, :, None], N, axis=2)


def blobs() -> np.ndarray:
    """Soft everywhere: what any two good projectors agree on."""
    points, rng = GRID.points_mm(), np.random.default_rng(1)
    each = [
        np.exp(-((points - rng.uniform(-60, 60, 3)) ** 2).sum(-1) / (2 * rng.uniform(8, 25) ** 2)) for _ in range(6)
    ]
    return np.sum(each, axis=0).astype(np.float32)


def chords(finer: int = 3) -> np.ndarray:
    """mm of sphere in front of each element, its mean over the element; the same in every view."""
    views = orbit(views=1, finer=finer).views
    rows = np.arange(views.rows) + 0.5 - views.rows / 2
    place = ((views.borders[0, :-1] + views.borders[0, 1:]) / 2)[:, None] + rows[:, None] * views.upward[0]
    along = place - views.focus[0, :3]
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    nearest = (place**2).sum(-1) - (place * along).sum(-1) ** 2
    fine = 2 * np.sqrt(np.maximum(SPHERE_MM**2 - nearest, 0))
    return fine.reshape(COLUMNS, finer, ROWS, finer).mean(axis=(1, 3))


def timed(task: Callable[[], Any]) -> tuple[Any, Seconds]:
    wall, cpu = perf_counter(), process_time()
    out = task()
    return out, {"wall": perf_counter() - wall, "cpu": process_time() - cpu}


def warm() -> None:
    """Compile everything once."""
    small, few = Grid.regular((8, 8, 8), 20.0), orbit(views=8)
    for materials in (1, 4, 8):
        rays = project(np.ones((8, 8, 8, materials), np.float32), small, few.views)
    spread(rays[..., :1].copy(), small, few.views)
    fdk(rays[..., 0].copy(), few, small)


@njit(parallel=True)
def gather(table, at, weight, out):
    for i in prange(out.shape[0]):
        total = np.float32(0)
        for j in range(at.shape[0]):
            k = at[j]
            total += table[k] + weight[j] * (table[k + 1] - table[k])
        out[i] = total


@njit(parallel=True)
def triad(a, b, c):
    for i in prange(a.shape[0]):
        a[i] = b[i] + np.float32(3) * c[i]


def limits() -> dict[str, float]:
    """What this machine can do: G numbers interpolated a second, and GB/s through memory."""
    rng = np.random.default_rng(0)
    at = np.sort(rng.integers(0, 4095, 1 << 14))
    table, weight, out = rng.random(4096, np.float32), rng.random(len(at), np.float32), np.empty(2048, np.float32)
    a, b, c = np.ones((3, 1 << 26), np.float32)
    least = {}
    for name, task in (("numbers", lambda: gather(table, at, weight, out)), ("memory", lambda: triad(a, b, c))):
        task()
        least[name] = min(timed(task)[1]["wall"] for _ in range(3))
    return {
        "numbers": len(at) * len(out) / least["numbers"] / 1e9,
        "memory": 3 * a.nbytes / least["memory"] / 1e9,
    }


def peer(name: str, where: str, volumes: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, Seconds]]:
    """Rays and seconds of a peer, in a process of its own."""
    case = {
        "threads": numba.get_num_threads(),
        "views": VIEWS,
        "columns": COLUMNS,
        "rows": ROWS,
        "pitch_mm": PITCH_MM,
        "source_to_isocentre_mm": FOCUS_MM,
        "source_to_detector_mm": DETECTOR_MM,
        "voxels": N,
    }
    python, library = (where, ()) if name == "rtk" else (sys.executable, (where,))
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "case.json").write_text(json.dumps(case))
        for file, volume in volumes.items():
            np.save(folder / f"{file}.npy", volume)
        subprocess.run([python, str(HERE / "peers" / f"{name}.py"), str(folder), *library], check=True)
        rays = {file: np.load(folder / name / f"{file}.npy") for file in volumes}
        return rays, json.loads((folder / name / "seconds.json").read_text())


def rms(error: np.ndarray, scale: float) -> float:
    return float(np.sqrt(np.mean(np.square(error, dtype=np.float64))) / scale)


def seen(rays: np.ndarray) -> np.ndarray:
    """mm2 of wire that the elements of a row see together in each view: rays times their width at the wire."""
    view_rad = orbit().view_rad
    away = FOCUS_MM + 30.3 * np.sin(view_rad) - 11.1 * np.cos(view_rad)
    return rays[:, :, ROWS // 2].sum(axis=1) * PITCH_MM * away / DETECTOR_MM


def main() -> None:
    warm()
    volumes = {"blobs": blobs(), "sphere": sphere(), "wire": wire()}
    ours, seconds = {}, {}
    for name, volume in volumes.items():
        ours[name] = project(volume[..., None], GRID, orbit().views)[..., 0]
    _, seconds["adjoint"] = timed(lambda: spread(ours["blobs"][..., None], GRID, orbit().views))
    _, seconds["fdk"] = timed(lambda: fdk(ours["blobs"], orbit(), GRID))
    dense = np.random.default_rng(2).random((N, N, N, 8)).astype(np.float32)
    for m in (8, 4, 1):
        part = dense[..., :m].copy()
        _, seconds[f"{m}"] = timed(lambda p=part: project(p, GRID, orbit().views))
    seconds["forward"] = seconds["1"]
    del dense, part
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    peers = {name: peer(name, given[name], volumes) for name in NAMES if name in given}
    limit = limits()

    threads, samples = numba.get_num_threads(), VIEWS * COLUMNS * ROWS * N / 1e9
    heads = [f"{NAMES[name]}: wall s | CPU s | wall / ours | CPU / ours" for name in peers]
    lines = [
        f"# X-rays through {N}^3 voxels of 1 mm, {VIEWS} views of {COLUMNS} x {ROWS} elements, {threads} threads",
        "",
        "Cone beam, 1000 mm from focus to axis and 1500 mm to a panel with elements of 1.5 mm. CPU seconds are those "
        "of all threads; RTK's adjoint runs on one. Forward has no air to skip.",
        "",
        "| " + " | ".join(["", "wall s | CPU s", *heads]) + " |",
        "|---" * (3 + 4 * len(peers)) + "|",
    ]
    for name in ("forward", "adjoint", "fdk"):
        own = seconds[name]
        cells = [*own.values()]
        for _, other in peers.values():
            cells += [*other[name].values(), *(other[name][k] / own[k] for k in own)]
        lines.append(f"| {name} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    rate = samples / seconds["forward"]["cpu"] * threads
    passes = {m: m * seconds["1"]["cpu"] / seconds[f"{m}"]["cpu"] for m in (4, 8)}
    lines += [
        "",
        f"Forward runs {rate:.2f} G voxel rows a second on {threads} threads, where this machine gathers "
        f"{limit['numbers']:.2f} G single numbers and moves {limit['memory']:.0f} GB/s (triad) in the same run. "
        f"In one pass, 4 materials are {passes[4]:.1f} and 8 are {passes[8]:.1f} times as fast as one by one.",
        "",
        "| " + " | ".join(["what is right", "ours", *(NAMES[name] for name in peers)]) + " |",
        "|---" * (2 + len(peers)) + "|",
    ]
    expected = chords()
    area = np.pi * WIRE_MM**2 / 4

    def right(rays: dict[str, np.ndarray]) -> list[str]:
        wires = seen(rays["wire"]) / area
        apart = rms(rays["blobs"] - ours["blobs"], ours["blobs"].max())
        found = f"{rms(rays['sphere'] - expected, expected.max()):.2e}"
        return [found, f"{wires.min():.3f} ... {wires.max():.3f}", f"{apart:.1e}"]

    columns = [right(rays) for rays in (ours, *(rays for rays, _ in peers.values()))]
    names = (
        "chords of a sphere of 100 mm, rms",
        f"share of a wire {WIRE_MM} mm thick that is seen, over all views",
        "soft blobs: how far from ours, rms over the largest ray",
    )
    lines += [f"| {name} | " + " | ".join(row) + " |" for name, *row in zip(names, *columns, strict=True)]
    (HERE / "results" / "projectors.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
