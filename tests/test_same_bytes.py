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
  - {kind: render.ct.CT, geometry: {kind: render.geometry.FanBeam, views: 120, pitch_mm: 5}}
  - {kind: render.mr.SpinEcho}
"""


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def checksums(folder):
    return {index: receipt.sha256 for index, receipt in read_manifest(folder).items()}


def test_workers_do_not_change_the_bytes_of_a_real_sample(recipe_file, tmp_path):
    generate(load(recipe_file), tmp_path / "one")
    generate(load(recipe_file), tmp_path / "two", processes(2))
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")


def test_threads_and_hash_seeds_do_not_change_the_bytes_of_a_real_sample(recipe_file, tmp_path):
    for threads in ("1", "2"):
        names = ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED")
        out = ["--out", str(tmp_path / threads), "-q"]
        command = [sys.executable, "-m", "pipelines", "generate", str(recipe_file), *out]
        subprocess.run(command, env={**os.environ, **dict.fromkeys(names, threads)}, check=True)
    assert checksums(tmp_path / "1") == checksums(tmp_path / "2")
