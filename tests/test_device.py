"""The kernels of the GPU give what those of the CPU give: on a GPU where there is one, else in numba's simulator."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
GPU = Path("/dev/nvidiactl").exists()


def twin(what, **environment):
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    env = {**os.environ, "PYTHONPATH": paths, **environment}
    command = [sys.executable, str(HERE / "device_twin.py"), what]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_gpu_sees_what_the_cpu_sees():
    """To 2e-5 of the largest number, forward, adjoint and back-projection."""
    said = twin("parity", **({} if GPU else {"NUMBA_ENABLE_CUDASIM": "1"}))
    assert len(said) == 3 * 4 + 1


def test_the_code_for_the_gpu_is_single_precision():
    """Compiled for an H100, which needs no GPU; a float64 would run at a half to a sixty-fourth of the speed."""
    if importlib.util.find_spec("numba_cuda") is None:
        pytest.skip("numba-cuda, of the extra 'gpu', is not installed")
    assert twin("ptx") == ["cast 0", "add_up 0", "bring_back 0", "shine 0"]


@pytest.mark.gpu
def test_a_volume_on_the_gpu_is_projected_there():
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("no GPU here")
    from device_twin import GRID, PATHS

    from render.projection import project, spread

    volume = np.random.default_rng(3).random((*GRID.shape, 2)).astype(np.float32)
    rays = project(volume, GRID, PATHS["panel"])
    there = project(cupy.asarray(volume), GRID, PATHS["panel"])
    np.testing.assert_allclose(there.get(), rays, rtol=1e-4, atol=1e-4)
    back = spread(there, GRID, PATHS["panel"])
    np.testing.assert_allclose(back.get(), spread(rays, GRID, PATHS["panel"]), rtol=1e-4, atol=1e-4)
