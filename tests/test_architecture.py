"""The house stands: the floors hold, and a broken floor is seen."""

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("simdata", "phantoms", "vascular", "render", "pipelines")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder):
    command = [sys.executable, "-c", LINT, "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def house(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_floors_hold(house):
    said = lint(house)
    assert said.returncode == 0, said.stdout
    assert "0 broken" in said.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("render/ct.py", "import phantoms.torso"),
        ("phantoms/labelmap.py", "import pipelines.recipe"),
        ("simdata/grid.py", "import render.ct"),
        ("render/ct.py", "import torch"),
        ("simdata/scene.py", "import ray"),
        ("phantoms/labelmap.py", "import cupy"),
    ],
)
def test_a_broken_floor_is_seen(house, file, line):
    path = house / file
    path.write_text(path.read_text() + f"\n{line}\n")
    said = lint(house)
    assert said.returncode == 1
    assert "BROKEN" in said.stdout


def test_files_and_functions_stay_short():
    """docs/decisions/0034: three kernels are longer."""
    long = {"_fill", "grow", "spiral"}
    for path in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= 500, path
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.FunctionDef) and one.name not in long:
                assert (one.end_lineno or 0) - one.lineno < 60, f"{path}: {one.name}"


def test_every_part_of_ours_is_a_frozen_dataclass_with_a_docstring():
    import dataclasses

    from pipelines.catalogue import installed_parts

    for path, part in installed_parts().items():
        assert dataclasses.is_dataclass(part), path
        assert part.__dataclass_params__.frozen, path
        assert part.__doc__, path
        assert not part.__doc__.startswith(f"{part.__name__}("), (
            f"{path}: a docstring that says what it is for would do"
        )


def test_every_part_of_ours_is_built_from_its_own_description(tmp_path):
    """Defaults are complete and plain: what is stored with a sample replays it."""
    from pipelines.build import build, describe
    from pipelines.catalogue import installed_parts
    from pipelines.learn.recipe import Stage
    from pipelines.learn.sources.pictures import Pictures
    from pipelines.learn.truths.vessels import VesselTruth
    from simdata import Part

    label_map, mesh = tmp_path / "map.nii", tmp_path / "liver.stl"
    label_map.touch()
    mesh.touch()
    truth, eyes = VesselTruth(), {"images": "eyes"}
    of_files = {
        "phantoms.labelmap.Labelmap": {"file": str(label_map)},
        "phantoms.meshes.Meshes": {"folder": str(tmp_path)},
        "pipelines.diffuse.inpaint.Inpaint": {"model": str(tmp_path), "truth": truth, "classes": ("lesion",)},
        "pipelines.diffuse.latent.Autoencoder": {"stages": (Stage(sources={"eyes": 1.0}),)},
        "pipelines.diffuse.synthesise.Synthesise": {"model": str(tmp_path), "truth": truth},
        "pipelines.diffuse.translate.Translate": {"model": str(tmp_path)},
        "pipelines.learn.sources.made.Made": {"recipe": "retina_octa.yaml", "truth": truth},
        "pipelines.learn.sources.pictures.Pictures": eyes,
        "pipelines.learn.sources.simulated.Simulated": {"folder": "octa", "truth": truth},
        "pipelines.learn.sources.volumes.Volumes": eyes,
        "pipelines.learn.study.few.Few": {"of": Pictures(**eyes)},
        "pipelines.learn.style.histogram.Histogram": eyes,
        "pipelines.learn.style.spectrum.Spectrum": eyes,
        "pipelines.learn.truths.structures.StructureTruth": {"classes": (("liver",),)},
    }
    for path, part_class in installed_parts().items():
        needed = [field.name for field in fields(part_class) if field.default is field.default_factory is MISSING]
        given = of_files.get(path, {})
        assert set(needed) <= set(given), f"{path} needs {needed}: defaults, or a line above with values, would do"
        part = part_class(**given)
        assert build(describe(part), Part, path) == part


def test_what_a_benchmark_takes_from_the_house_is_there():
    """Benchmarks are run by hand: what they need must not leave unnoticed."""
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        for line in ast.walk(ast.parse(path.read_text())):
            if not isinstance(line, ast.ImportFrom) or not line.module:
                continue
            if line.module.partition(".")[0] in PACKAGES:
                module = import_module(line.module)
                missing = [name.name for name in line.names if not hasattr(module, name.name)]
                assert not [name for name in missing if not find_spec(f"{line.module}.{name}")], path
            else:
                beside = [ROOT / folder / f"{line.module}.py" for folder in ("benchmarks", "tests")]
                assert find_spec(line.module) or any(file.is_file() for file in beside), f"{path}: {line.module}"


def test_no_kernel_lets_the_compiler_choose_the_order_of_a_sum():
    """It would choose another one when it loads what it compiled: decision 33."""
    kernels = {path: path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert any("fastmath" in text for text in kernels.values())
    for path, text in kernels.items():
        for flags in re.findall(r"fastmath\W+(True|\{[^}]*\})", text):
            assert flags != "True", path
            assert "reassoc" not in flags, path
