"""The page from synthetic eyes to real ones: every command of it runs, on small made-up ones."""

import importlib.util
import json
import shlex
from pathlib import Path

import pytest
from lines import draw
from test_docs import blocks
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.learn.study.recipe import load

ROOT = Path(__file__).parent.parent
SMALL_EYE = "phantom.field_mm=3.0 grow.retina.field_mm=3.0 scan.superficial.field_mm=3.0 scan.superficial.pixels=64"
SMALL = "patch=[32,32] batch=2 stages.0.steps=2"
SMALL_STUDY = (
    "training.patch=[32,32] training.batch=2 steps=2 seeds=[1] ks=[1] scale.counts=[1] test.ids=101-103 "
    "degrade=[{kind: pipelines.learn.study.degrade.Defocus}]"
)
LESS = {"generate": SMALL_EYE, "learn": SMALL, "study": SMALL_STUDY, "evaluate": "", "rank": ""}


def sets(changes):
    return [
        word for change in changes.replace("kind: ", "kind:~").split() for word in ("--set", change.replace("~", " "))
    ]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Where the page was followed, command by command."""
    folder = tmp_path_factory.mktemp("eyes")
    draw(folder / "rossa_octa", 104, 20.0, 1)
    (folder / "recipes").symlink_to(ROOT / "recipes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for _, text in blocks("docs/sim_to_real.md"):
            fewer = text.replace("--count 200 --workers 2", "--count 1").replace("001-100 --out", "001-005 --out")
            for line in fewer.splitlines():
                name, command, *words = shlex.split(line, comments=True)
                assert name == "simdata"
                done = CliRunner().invoke(app, [command, *words, *sets(LESS[command]), "--quiet"])
                assert done.exit_code == 0, f"{line}: {done.output} {done.exception}"
    return folder


def test_every_command_of_the_page_runs(followed):
    for name in ("report.html", "study.json", "tables.md", "dice.svg", "cldice.svg", "scaling.svg", "examples.png"):
        assert (followed / "study" / name).is_file(), name
    assert len(json.loads((followed / "synthetic.json").read_text())["images"]) == 3
    assert (followed / "first.png").is_file()


def test_the_tables_of_a_study_are_put_into_the_page_and_put_there_again(followed, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("sim_to_real", ROOT / "benchmarks" / "sim_to_real.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = tmp_path / "sim_to_real.md"
    page.write_text((ROOT / "docs" / "sim_to_real.md").read_text())
    monkeypatch.setattr(script, "PAGE", page)
    monkeypatch.setattr(script, "RESULTS", tmp_path / "results.md")
    script.put_into_page(followed / "study")
    once = page.read_text()
    assert "| real images | real | synthetic | mixed | pretrained |" in once
    assert "## What to label next" in once
    assert (tmp_path / "sim_to_real_examples.png").stat().st_size < 500_000
    assert (tmp_path / "sim_to_real_dice.svg").read_text().startswith("<svg")
    script.put_into_page(followed / "study")
    assert page.read_text() == once


@pytest.mark.parametrize("path", sorted((ROOT / "recipes" / "study").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_that_ships_is_short_and_builds(path):
    assert len(path.read_text().splitlines()) < 50
    assert load(path).arms


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes" / "study" / "eyes").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_eyes_of_the_smoke_study_build(path):
    from pipelines.recipe import load as load_recipe

    assert load_recipe(path).draw(0).scan
