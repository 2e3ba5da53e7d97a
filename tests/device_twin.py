"""Run by test_device.py in a process of its own: the kernels of the GPU beside those of the CPU, on small volumes."""

import sys

import numpy as np
from numba import cuda

from render.kernels import cone, device, upright
from render.kernels.lanes import lanes
from render.views import Arc, Orbit, Panel, parallel
from simdata import Grid

GRID = Grid.regular((7, 6, 5), (2.0, 2.2, 2.5))
TURN = np.array([0.3, 1.9, 4.4])
PATHS = {
    "panel": Orbit(TURN, Panel(columns=8, rows=6, column_mm=4.0, row_mm=4.0), 60.0, 100.0).views,
    "helix": Orbit(
        TURN, Arc(columns=8, rows=4, column_mm=4.0, row_mm=4.0), 60.0, 100.0, np.array([-3.0, 0.0, 3.0])
    ).views,
    "parallel": parallel(TURN, Panel(columns=9, rows=6, column_mm=2.0, row_mm=2.5)),
}


def both(kernel, *arrays):
    """What the CPU and the device write into the last array, which is left as it was."""
    results = []
    for module in (upright, device):
        here = [np.copy(a) if isinstance(a, np.ndarray) else a for a in arrays]
        if module is device:
            here = [cuda.to_device(a) if isinstance(a, np.ndarray) and a.dtype == np.float32 else a for a in here]
        getattr(module, kernel)(*here)
        results.append(here[-1].copy_to_host() if module is device else here[-1])
    return results


def agree(name, cpu, gpu):
    scale = np.abs(cpu).max()
    assert scale > 0, name
    error = np.abs(cpu - gpu).max() / scale
    sys.stdout.write(f"{name}: {error:.1e}\n")
    assert error < 2e-5, f"{name}: {error}"


def main():
    device.THREADS = 8  # each is a thread of Python in the simulator
    rng = np.random.default_rng(1)
    for (name, views), materials in zip(PATHS.items(), (2, 1, 1), strict=True):
        cells = views.in_cells(GRID)
        way = np.empty((len(views), views.columns, upright.WAY))
        upright.ways(cells.focus, cells.borders, np.array(GRID.spacing_mm), way)
        place = way, cells.focus, cells.upward[:, 2].copy()
        sums = np.zeros((*GRID.shape[:2], GRID.shape[2] + 2, materials), np.float32)
        sums[:, :, 1:-1] = rng.random((*GRID.shape, materials)).cumsum(axis=2)
        sums[:, :, -1] = sums[:, :, -2]
        filled, flat = np.ones(GRID.shape[:2], bool), sums.reshape(*GRID.shape[:2], -1)
        rays = np.zeros((len(views), views.columns, views.rows, materials), np.float32)
        rays, twin = both("forward", flat, filled, *place, lanes(materials), rays)
        agree(f"forward {name} {materials}", rays, twin)
        up = np.zeros((len(views), views.columns, views.rows + 2, materials), np.float32)
        up, twin = both("weigh", rays, *place, up)
        agree(f"weigh {name} {materials}", up, twin)
        for axis in (0, 1):
            out = np.zeros((*GRID.shape, materials), np.float32)
            agree(f"adjoint {axis} {name} {materials}", *both("adjoint", up, *place, lanes(materials), axis, out))

    views = rng.random((3, 8, 6)).astype(np.float32)
    column, weight, rise = (rng.uniform(*s, (3, 5, 4)).astype(np.float32) for s in ((-2, 9), (0, 1), (-1, 1)))
    height = rng.uniform(0, 6, 3)
    image = np.zeros((5, 4, 6), np.float32)
    cone.backproject_cone(image, views, column, weight, rise, height)
    there = cuda.to_device(np.zeros_like(image))
    device.backproject_cone(there, cuda.to_device(views), column, weight, rise, height)
    agree("back-projection", image, there.copy_to_host())


def ptx():
    """float64 lines in the code of every kernel, compiled for an H100."""
    from numba import float32, int64
    from numba.cuda import compile_ptx

    a1, a2, a3, a4 = (float32[::1], float32[:, ::1], float32[:, :, ::1], float32[:, :, :, ::1])
    kernels = {
        "cast": (a4, a3, a2, a1, a4),
        "add_up": (a4, a3, a2, a1, a4),
        "bring_back": (a4, a3, a2, a1, int64, a4),
        "shine": (a3, a3, a3, a3, a3, a1),
    }
    for name, types in kernels.items():
        code, _ = compile_ptx(getattr(device, name).py_func, types, cc=(9, 0))
        sys.stdout.write(f"{name} {sum('.f64' in line for line in code.splitlines())}\n")


if __name__ == "__main__":
    {"parity": main, "ptx": ptx}[sys.argv[1]]()
