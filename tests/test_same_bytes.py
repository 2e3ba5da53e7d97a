"""The real parts keep the engine's promise: the bytes of a sample do not follow the number of threads or workers."""

import os
import subprocess
import sys

import pytest

from pipelines.generate import generate
from pipelines.recipe import load
from pipelines.workers import processes
from simdata.manifest import read_manifest

RECIPE = """
seed: 3
count: 2
phantom: {kind: phantoms.torso.Torso, voxel_mm: 5, shape: [80, 60, 50]}
grow: [{kind: phantoms.lesions.nodule.Nodule, diameter_mm: {uniform: [25, 35]}}]
scan:
  - {kind: render.ct.CT, gantry: {views: 120, element_mm: 5, rows: 8, row_mm: 4}}
  - {kind: render.mr.SpinEcho}
"""
HELIX = """
  - kind: render.ct.CT
    name: helix
    gantry: {views: 120, element_mm: 5, rows: 8, row_mm: 4}
    table: {kind: render.table_path.Helix}
    also: [{kvp: 80, mas: 100}]
    spectral: {kind: render.spectral.Monoenergetic, kev: 60}
"""


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def checksums(folder):
    return {index: receipt.sha256 for index, receipt in read_manifest(folder).items()}


def test_a_second_run_compiles_nothing():
    code = """
from numba.core import event
from phantoms.deformation import Deformation
from render.ct import CT
from render.mr import SpinEcho
from simdata import Grid, Scene, Streams, structure
import numpy as np

with event.install_recorder("numba:compile") as recorder:
    labels = np.full((24, 24, 4), structure("liver").id, np.uint16)
    grid = Grid.regular(labels.shape, 4.0)
    Deformation(4.0, 40.0).spline(grid, Streams(1).generator).pull(labels)
    for scanner in (CT(), SpinEcho()):
        scanner(Scene(grid, labels), Streams(1))
print(len(recorder.buffer))
"""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_workers_do_not_change_the_bytes_of_a_real_sample(recipe_file, tmp_path):
    generate(load(recipe_file), tmp_path / "one")
    generate(load(recipe_file), tmp_path / "two", processes(2))
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")


@pytest.mark.slow
def test_threads_and_hash_seeds_do_not_change_the_bytes_of_a_real_sample(recipe_file, tmp_path):
    for threads in ("1", "2"):
        names = ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED")
        out = ["--out", str(tmp_path / threads), "-q"]
        command = [sys.executable, "-m", "pipelines", "generate", str(recipe_file), *out]
        subprocess.run(command, env={**os.environ, **dict.fromkeys(names, threads)}, check=True)
    assert checksums(tmp_path / "1") == checksums(tmp_path / "2")


@pytest.mark.slow
def test_what_is_loaded_makes_the_bytes_of_what_was_compiled(recipe_file, tmp_path):
    """A kernel is optimised anew for what is kept of it (decision 33)."""
    recipe_file.write_text(RECIPE + HELIX.lstrip("\n"))
    for run in ("compiled", "loaded"):
        command = [sys.executable, "-m", "pipelines", "generate", str(recipe_file), "--out", str(tmp_path / run), "-q"]
        subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}, check=True)
    assert checksums(tmp_path / "compiled") == checksums(tmp_path / "loaded")
