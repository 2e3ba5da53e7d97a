"""Array shapes in annotations are checked while the tests run; nobody pays for it outside."""

import os
import shutil
import sys
from pathlib import Path

from hypothesis import settings
from jaxtyping import install_import_hook

GROUND = ("grid", "image", "motion", "scene", "vessels")
RENDER = (
    "calibration",
    "ct",
    "filters",
    "gantry",
    "illumination",
    "matrix",
    "materials",
    "orientation",
    "projection",
    "properties",
    "views",
    "attenuation",
)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # two test processes share the cores: who waits must not spin
CHECKED = [*(f"simdata.{name}" for name in GROUND), *(f"render.{name}" for name in RENDER)]
sys.path.append(str(Path(__file__).parent))
install_import_hook(CHECKED, "shape_checker.checked")

settings.register_profile("patient", deadline=None)  # the first call of a kernel may compile it
settings.load_profile("patient")

import pytest  # noqa: E402

from simdata import Streams  # noqa: E402

TOY_RECIPE = """
seed: 5
count: 4
phantom: {kind: toys.Block, edge: {integer: [12, 20]}, subject: {age_y: {uniform: [20, 80]}}}
grow:
  - {kind: toys.Dot}
scan:
  - {kind: toys.Camera, gain: {loguniform: [1, 10]}}
  - {kind: toys.Camera, name: loud, effects: [{kind: toys.Hiss, sigma: {normal: [3, 0.1]}}]}
"""


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What is kept of datasets goes into a folder of this run, not into that of the user."""
    os.environ["SIMDATA_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def rng():
    return Streams(2025).generator


@pytest.fixture
def toy_file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(TOY_RECIPE)
    return path


@pytest.fixture
def toy_recipe(toy_file):
    from pipelines.recipe import load

    return load(toy_file, plugins=("toys",))


@pytest.fixture(scope="session")
def made_toy_dataset(tmp_path_factory):
    from pipelines.generate import generate
    from pipelines.plain import parse_yaml
    from pipelines.recipe import recipe

    folder = tmp_path_factory.mktemp("toys") / "out"
    generate(recipe(parse_yaml(TOY_RECIPE, "the toy recipe"), ("toys",)), folder)
    return folder


@pytest.fixture
def toy_dataset(made_toy_dataset, tmp_path):
    """A copy that a test may spoil."""
    return Path(shutil.copytree(made_toy_dataset, tmp_path / "out"))


@pytest.fixture(scope="session")
def export_dataset(tmp_path_factory):
    """Three samples of a patient with a bone on the left, by CT, magnetic resonance and X-rays."""
    from exports import RECIPE

    from pipelines.generate import generate
    from pipelines.recipe import load

    folder = tmp_path_factory.mktemp("export")
    (folder / "recipe.yaml").write_text(RECIPE)
    generate(load(folder / "recipe.yaml", plugins=("marked",)), folder / "data")
    return folder / "data"


@pytest.fixture(scope="session")
def exported(export_dataset, tmp_path_factory):
    """The folder of an export to a form, made once."""
    from pipelines.export import export

    folder, made = tmp_path_factory.mktemp("exports"), {}

    def once(form, **choices):
        key = f"{form}{len(made)}"
        if (form, repr(choices)) not in made:
            assert export(export_dataset, form, folder / key, **choices) == 3
            made[form, repr(choices)] = folder / key
        return made[form, repr(choices)]

    return once
