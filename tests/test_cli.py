"""The command line as a stranger types it: exit codes, one clear message, nothing half written."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from pipelines.plain import read_tree

HERE = Path(__file__).parent


def simdata(*arguments, **options):
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, **options)


def test_generate_then_everything_one_does_with_a_dataset(toy_file, tmp_path):
    out = tmp_path / "out"
    made = simdata("generate", toy_file, "--out", out, "--count", 2, "--set", "scan.camera.gain=2", "--plugin", "toys")
    assert made.returncode == 0, made.stderr
    assert "2 samples in" in made.stdout
    assert "sheet.png" in made.stdout
    assert simdata("validate", out).stdout == f"{out} is sound\n"
    assert "agrees" in simdata("replay", out, 1, "--plugin", "toys").stdout
    assert simdata("export", out, "--to", "nifti", "--out", tmp_path / "nii").returncode == 0
    assert len(list((tmp_path / "nii").glob("*.nii.gz"))) == 10
    (out / "shards" / "000000001.h5").unlink()
    broken = simdata("validate", out, "--json")
    assert broken.returncode == 1
    assert any("000000001" in problem["where"] for problem in json.loads(broken.stdout)["problems"])


def test_a_flipped_bit_in_a_shard_is_one_clear_error(toy_dataset, tmp_path):
    shard = toy_dataset / "shards" / "000000001.h5"
    broken = bytearray(shard.read_bytes())
    broken[len(broken) // 2] ^= 1
    shard.write_bytes(broken)
    for command in (("replay", toy_dataset, 1), ("export", toy_dataset, "--to", "nifti", "--out", tmp_path / "nii")):
        done = simdata(*command, "--plugin", "toys") if command[0] == "replay" else simdata(*command)
        assert done.returncode == 2
        assert "000000001.h5: its bytes have changed" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_folder_of_another_recipe_is_refused_in_one_line(toy_file, toy_dataset):
    done = simdata("generate", toy_file, "--out", toy_dataset, "--seed", 6, "--plugin", "toys")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {toy_dataset}: holds a dataset made from another recipe or seed")
    assert done.stderr.count("\n") == 1


def test_replay_says_when_the_bytes_differ(toy_file, tmp_path):
    simdata("generate", toy_file, "--out", tmp_path / "out", "--count", 1, "--plugin", "toys")
    toys = tmp_path / "toys.py"
    toys.write_text((HERE / "toys.py").read_text().replace("rng.normal(1, 0.1", "rng.normal(1, 0.2"))
    command = [sys.executable, "-m", "pipelines", "replay", str(tmp_path / "out"), "0", "--plugin", "toys"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "differs" in said.stdout


def test_json_and_quiet_modes(toy_file, tmp_path):
    made = simdata("generate", toy_file, "--out", tmp_path / "a", "--plugin", "toys", "--json")
    assert json.loads(made.stdout) == {"folder": str(tmp_path / "a"), "samples": 4, "failed": []}
    quiet = simdata("generate", toy_file, "--out", tmp_path / "b", "--plugin", "toys", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_every_command_that_does_something_has_a_json_and_a_quiet_mode(toy_file, toy_dataset, tmp_path):
    allow = ("--plugin", "toys")
    commands = {
        ("show", toy_file, 0, "--out", tmp_path / "s.png", *allow): {"picture": str(tmp_path / "s.png")},
        ("validate", toy_dataset): {"problems": []},
        ("replay", toy_dataset, 1, *allow): {"index": 1, "agrees": True},
        ("export", toy_dataset, "--to", "nifti", "--out"): {"samples": 4},
    }
    for command, expected in commands.items():
        there = [[tmp_path / "json"], [tmp_path / "quiet"]] if command[0] == "export" else [[], []]
        done = simdata(*command, *there[0], "--json")
        assert expected.items() <= json.loads(done.stdout).items()
        quiet = simdata(*command, *there[1], "--quiet")
        assert (quiet.stdout, quiet.stderr, quiet.returncode) == ("", "", 0)


def test_plan_counts_and_writes_nothing(toy_file, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    said = simdata("plan", toy_file, "--count", 1000, "--plugin", "toys", "--json")
    plan = json.loads(said.stdout)
    assert plan["count"] == 1000
    assert plan["bytes"] > 10_000
    assert plan["total_seconds"] == pytest.approx(1000 * plan["seconds"])
    assert plan["peak_bytes"] > 10e6
    assert sorted(tmp_path.rglob("*")) == before
    text = simdata("plan", toy_file, "--plugin", "toys", "--workers", 2).stdout
    assert "peak memory" in text
    assert "on disk" in text


def test_show_draws_the_sample_with_its_labels(toy_file, tmp_path):
    assert simdata("show", toy_file, 3, "--out", tmp_path / "s.png", "--plugin", "toys").returncode == 0
    picture = np.asarray(Image.open(tmp_path / "s.png").convert("RGB")).astype(int)
    assert picture.shape[0] >= 600
    coloured = np.ptp(picture, axis=2) > 40
    assert coloured.mean() > 0.05


def test_a_failed_sample_ends_with_1_and_a_command_that_replays_it(tmp_path):
    recipe = tmp_path / "s.yaml"
    recipe.write_text("phantom: {kind: toys.Block}\ngrow: [{kind: toys.Stumble, chance: 1.0}]\n")
    out = tmp_path / "my data"
    made = simdata("generate", recipe, "--out", out, "--plugin", "toys")
    assert made.returncode == 1
    assert made.stdout == f"0 samples in {out}\n", "there is no picture to name"
    assert "sample 0 failed: ValueError: stumbled (in stage grow/stumble)" in made.stderr
    (command,) = [line.partition("again: ")[2] for line in made.stderr.splitlines() if "again: " in line]
    assert json.loads((out / "failed" / "000000000.json").read_text())["replay"] == command
    again = simdata(*shlex.split(command)[1:])
    assert again.returncode == 1
    assert "Traceback" in again.stderr
    assert "sample 0 failed: ValueError: stumbled" in again.stderr
    assert simdata("replay", out, 7, "--plugin", "toys").returncode == 2


def test_a_patient_that_cannot_be_is_a_failed_sample_for_every_command(tmp_path):
    recipe = tmp_path / "s.yaml"
    recipe.write_text(
        "phantom: {kind: toys.Block}\ngrow: [{kind: phantoms.lesions.nodule.Nodule, structure: spleen}]\n"
    )
    out, picture = tmp_path / "o", tmp_path / "s.png"
    for command in (("generate", recipe, "--out", out), ("show", recipe, 0, "--out", picture), ("plan", recipe)):
        done = simdata(*command, "--plugin", "toys")
        assert done.returncode == 1
        assert "sample 0 failed: Nodule.structure: found no voxel of 'spleen'" in done.stderr
        assert "Traceback" not in done.stderr
    assert simdata("replay", out, 0, "--plugin", "toys").returncode == 1


def test_a_package_that_cannot_be_imported_is_one_clear_error(tmp_path):
    (tmp_path / "sick" / "deep").mkdir(parents=True)
    (tmp_path / "sick" / "__init__.py").touch()
    (tmp_path / "sick" / "__main__.py").write_text("raise SystemExit('ran')\n")
    assert parts_of("sick", tmp_path).returncode == 0, "__main__ is not a place for parts, so it is not run"
    for broken in ("deep/__init__.py", "module.py"):
        (tmp_path / "sick" / broken).write_text("import nosuch\n")
        said = parts_of("sick", tmp_path)
        assert said.returncode == 2
        assert "cannot be imported: ModuleNotFoundError: No module named 'nosuch'; mending it would do" in said.stderr
        assert "Traceback" not in said.stderr
        (tmp_path / "sick" / broken).unlink()


def parts_of(plugin, folder):
    command = [sys.executable, "-m", "pipelines", "parts", "--plugin", plugin]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate", "none.yaml", "--out", "x"], "none.yaml: No such file"),
        (["generate", "toys.py", "--out", "x"], "toys.py"),
        (["validate", "."], "a folder made by 'simdata generate' would do"),
        (["replay", ".", "0"], "no manifest.jsonl found"),
        (["export", ".", "--to", "nifti", "--out", "x"], "no manifest.jsonl found"),
        (["export", ".", "--to", "dicon", "--out", "x"], "did you mean 'dicom'"),
        (["parts", "--plugin", "nosuch"], "package 'nosuch' cannot be imported"),
        (["generate"], "Missing argument"),
        (["generate", "toys.py", "--out", "x", "--workers", "0"], "--workers"),
    ],
)
def test_a_wrong_command_ends_with_2_and_no_traceback(arguments, said):
    done = simdata(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (HERE / "x").exists()


def test_parts_lists_ours_and_the_allowed_ones():
    parts = json.loads(simdata("parts", "--plugin", "toys", "--json").stdout)
    assert parts["toys.Camera"] == {"kind": "Scanner", "about": "Sees the tissue id times its gain."}
    assert parts["pipelines.sinks.nifti.Nifti"]["kind"] == "Sink"
    assert "simdata.parts.Scanner" not in parts


def test_the_schema_accepts_what_we_ship_and_refuses_what_is_wrong(toy_file):
    schema = json.loads(simdata("schema", "--plugin", "toys").stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    tree = read_tree(toy_file)
    validator.validate(tree)
    for recipe in (HERE.parent / "recipes").glob("*.yaml"):
        validator.validate(read_tree(recipe))
    tree["phantom"]["egde"] = 3
    assert not validator.is_valid(tree)
    assert not validator.is_valid({"phantom": {"kind": "toys.Camera"}})


@pytest.mark.parametrize("statement", ["import simdata", "import pipelines.cli", "from simdata import Dataset"])
def test_imports_stay_light(statement):
    heavy = "('torch', 'ray', 'monai', 'cupy', 'matplotlib')"
    code = f"{statement}; import sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_needs_nothing_that_is_slow_to_import():
    """0.5 s is measured in benchmarks; here, that none of what costs it is loaded."""
    code = "import sys; sys.argv = ['simdata', '--help']\nfrom pipelines.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += (
        "print([n for n in ('numpy', 'numba', 'scipy', 'h5py', 'pydantic', 'nibabel', 'trimesh') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
