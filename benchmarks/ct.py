"""How fast projection and back-projection run, beside what this machine can do at all in the same run.

    python benchmarks/ct.py        # about half a minute; writes benchmarks/results/ct.md

The limits: a linear gather of single numbers (one slice, one material: what a ray-by-ray projector cannot pass), and
the same of whole rows of slices out of the cache (what ours could reach at best).
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
from numba import njit, prange

from render.ct import VIEWS_AT_ONCE
from render.geometry import FanBeam
from render.kernels.backproject import backproject
from render.kernels.project import project

PIXELS, SLICES, VIEWS, VOXEL_MM = 256, 64, 360, 1.5
ROUNDS = 3
RESULT = Path(__file__).parent / "results" / "ct.md"


def seconds(task: Callable[[], object]) -> float:
    """The best of a few rounds, after one that compiles."""
    task()
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        task()
        times.append(perf_counter() - start)
    return min(times)


@njit(parallel=True)
def gather_numbers(table, at, weight, out):
    for i in prange(out.shape[0]):
        total = np.float32(0)
        for j in range(at.shape[0]):
            k = at[j]
            total += table[k] + weight[j] * (table[k + 1] - table[k])
        out[i] = total


@njit(parallel=True)
def gather_rows(table, repeats, out):
    for i in prange(out.shape[0]):
        row = out[i]
        for _ in range(repeats):
            for k in range(table.shape[0] - 1):
                for z in range(row.shape[0]):
                    row[z] += np.float32(0.3) * table[k, z] + np.float32(0.7) * table[k + 1, z]


@njit(parallel=True)
def triad(a, b, c):
    for i in prange(a.shape[0]):
        a[i] = b[i] + np.float32(3) * c[i]


def limits() -> dict[str, float]:
    """G samples/s of both gathers, and GB/s of memory."""
    rng = np.random.default_rng(0)
    at = np.sort(rng.integers(0, 4095, 1 << 14))
    table, weight, out = rng.random(4096, np.float32), rng.random(len(at), np.float32), np.empty(2048, np.float32)
    rows, sums, repeats = rng.random((512, SLICES), np.float32), np.zeros((16, SLICES), np.float32), 200
    a, b, c = np.ones((3, 1 << 26), np.float32)
    return {
        "numbers": len(at) * len(out) / seconds(lambda: gather_numbers(table, at, weight, out)) / 1e9,
        "rows": 511 * repeats * sums.size / seconds(lambda: gather_rows(rows, repeats, sums)) / 1e9,
        "memory": 3 * a.nbytes / seconds(lambda: triad(a, b, c)) / 1e9,
    }


def forward() -> tuple[float, float]:
    """Seconds, and G samples, of a projection."""
    geometry = FanBeam(views=VIEWS)
    rays = geometry.rays(geometry.elements(PIXELS * VOXEL_MM / 2))
    volume = np.pad(np.ones((PIXELS, PIXELS, SLICES), np.float32), ((1, 1), (1, 1), (0, 0)))
    spacing = (VOXEL_MM, VOXEL_MM)
    return seconds(lambda: project(volume, rays, spacing)), samples(*rays) * SLICES / 1e9


def samples(angle_rad: np.ndarray, offset_mm: np.ndarray) -> int:
    """How often Joseph's rays interpolate inside a slice."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    major, minor = np.where(np.abs(s) >= np.abs(c), (s, c), (c, s))
    steep, start = minor / major, offset_mm / major / VOXEL_MM
    columns = np.arange(PIXELS) - (PIXELS - 1) / 2
    return sum(int((np.abs(start - steep * column) < (PIXELS + 1) / 2).sum()) for column in columns)


def back() -> tuple[float, float]:
    """Seconds, and G samples, of a back-projection, a few views at a time as the scanner does it."""
    geometry = FanBeam(views=VIEWS)
    elements = geometry.elements(PIXELS * VOXEL_MM)
    x = ((np.arange(PIXELS) - (PIXELS - 1) / 2) * VOXEL_MM).astype(np.float32)
    maps = [geometry.shadow(x[:, None], x[None, :], angle, elements) for angle in geometry.view_rad]
    shadow, weight = (np.stack(which) for which in zip(*maps, strict=True))
    views = np.ones((VIEWS, elements, SLICES), np.float32)
    image = np.zeros((PIXELS, PIXELS, SLICES), np.float32)
    batches = [slice(first, first + VIEWS_AT_ONCE) for first in range(0, VIEWS, VIEWS_AT_ONCE)]

    def task() -> None:
        for batch in batches:
            backproject(image, views[batch], shadow[batch], weight[batch])

    return seconds(task), image.size * VIEWS / 1e9


def main() -> None:
    limit = limits()
    lines = [
        f"# CT kernels, {PIXELS} x {PIXELS} x {SLICES}, {VIEWS} views, {numba.get_num_threads()} threads",
        "",
        f"Limits of this machine in the same run: gather of numbers {limit['numbers']:.2f} G samples/s, of rows of "
        f"{SLICES} slices in cache {limit['rows']:.2f} G samples/s, memory (triad) {limit['memory']:.1f} GB/s.",
        "",
        "| kernel | s | G samples/s | times the gather of numbers | share of the gather of rows |",
        "|---|---|---|---|---|",
    ]
    for name, (duration, count) in {"forward, fan": forward(), "back, fan": back()}.items():
        rate = count / duration
        lines.append(
            f"| {name} | {duration:.2f} | {rate:.2f} | {rate / limit['numbers']:.1f} | {rate / limit['rows']:.2f} |"
        )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
