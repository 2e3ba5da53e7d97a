"""A tree, its flow and its voxels have the same bytes for any number of threads and workers."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np

from pipelines.workers import in_process, processes
from simdata import Grid, Streams
from simdata.voxelise import voxelise
from vascular.cco import grow, seeds
from vascular.domain import Domain
from vascular.flow import circulation, held_pressures

GRID = Grid.regular((40, 40, 40), 1.5)
SEEDS = [1, 2, 3]


def digest(seed):
    domain = Domain.of_mask(np.ones(GRID.shape, bool), GRID)
    tree = grow(
        domain, seeds([(0.0, 0.0, -29.0)], 2.0), 400, 500.0, Streams(seed)["vessels"].generator, flow_spread=0.3
    )
    vessels = tree.vessels(90.0)
    held = held_pressures(vessels, 90.0, 10.0, 20.0)
    flowing = circulation(vessels, held).onto()
    maps = voxelise(flowing, GRID)
    arrays = (tree.points_mm, tree.radius_mm, flowing.flow_mm3_s, flowing.pressure_mmhg, maps.share, maps.branch)
    return sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_workers_do_not_change_the_bytes():
    assert dict(processes(2)(digest, SEEDS)) == dict(in_process(digest, SEEDS))


def test_threads_and_hash_seeds_do_not_change_the_bytes():
    told = []
    for threads in ("1", "2"):
        environment = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED"), threads)
        command = [sys.executable, "-c", "from test_vessel_same_bytes import digest; print(digest(1))"]
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout)
    assert told == 2 * [digest(1) + "\n"]
