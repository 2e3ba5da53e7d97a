"""Every block of the README and the guides is run, in the order of the page."""

import importlib.util
import re
import shlex
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.app import app

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return BLOCK.findall((ROOT / page).read_text())


def run(command, folder):
    """A line of a guide, in this process: what is compiled already serves all of them."""
    words = shlex.split(command, comments=True)
    if not words:
        return
    assert words[0] == "simdata", f"a guide runs simdata and nothing else, not {words[0]}"
    with chdir(folder):
        done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"


def python(arguments, folder):
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def readme_folder(tmp_path_factory):
    """Where the README was followed, command by command."""
    folder = tmp_path_factory.mktemp("readme")
    setup, windows, recipe, commands, reading = (text for kind, text in blocks("README.md")[:5])
    assert "make demo" in setup
    assert "pip install" in windows
    (folder / "recipe.yaml").write_text(recipe)
    for line in commands.splitlines():
        run(line.replace("--count 10000", "--count 3"), folder)
    python(["-c", reading], folder)
    return folder


def test_the_readme_runs_as_it_is_written(readme_folder):
    assert (readme_folder / "heart.json").is_file(), "its last command but one has run"


def test_the_page_of_datasets_runs_as_it_is_written(readme_folder):
    commands, *reading = blocks("docs/datasets.md")
    for line in commands[1].splitlines():
        run(line, readme_folder)
    assert len(reading) == 4
    for kind, text in reading:
        assert kind == "python"
        if "import torch" not in text or importlib.util.find_spec("torch"):
            python(["-c", text], readme_folder)


def test_the_guide_to_new_parts_runs_as_it_is_written(tmp_path, monkeypatch):
    """Every block of code goes to the file that the text before it names last."""
    page, tests = (ROOT / "docs/add_a_part.md").read_text(), 0
    monkeypatch.syspath_prepend(tmp_path)
    for block in BLOCK.finditer(page):
        kind, text = block.groups()
        if kind == "yaml" or text.startswith('"""'):
            path = tmp_path / re.findall(r"`([\w/]+\.(?:py|yaml))`", page[: block.start()])[-1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif kind == "python":
            python(["-c", text], tmp_path)
            tests += 1
        else:
            for line in text.splitlines():
                run(line, tmp_path)
    assert tests == 1
    assert (tmp_path / "counts" / "counts.csv").read_text().startswith("index,image,sum\n0,gammacamera,")


def test_every_export_of_the_guide_is_made(export_dataset, tmp_path, monkeypatch):
    from pipelines.export import FORMS

    ((_, commands),) = blocks("docs/exports.md")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(export_dataset)
    made = []
    for line in commands.splitlines():
        name, *words = shlex.split(line)
        done = CliRunner().invoke(app, words)
        assert (name, done.exit_code) == ("simdata", 0), f"{line}: {done.output} {done.exception}"
        made.append(words[words.index("--to") + 1])
    assert made == list(FORMS)


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("docs/**/*.md")) + sorted(ROOT.glob("*.md")), ids=lambda path: path.stem
)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", BLOCK.sub("", page.read_text())):
        assert target.startswith("https://") or (page.parent / target).is_file(), f"{page.name}: {target}"


def test_the_pages_that_follow_from_the_code_are_those_of_today():
    made = subprocess.run([sys.executable, "docs/pages.py", "labels"], cwd=ROOT, capture_output=True, check=True).stdout
    assert made.decode() == (ROOT / "docs/labels.md").read_text()


def test_the_gallery_shows_the_examples_as_they_are():
    page, examples = (ROOT / "docs/gallery.md").read_text(), sorted((ROOT / "docs/examples").glob("*.py"))
    assert page.count("```python") == len(examples) > 10
    for example in examples:
        assert len(example.read_text().splitlines()) < 40
        assert example.read_text().partition('"""\n')[2].strip() in page
        assert (ROOT / "docs/gallery" / f"{example.stem}.png").stat().st_size < 500_000


@pytest.mark.parametrize("name", ["own_labels", pytest.param("*", marks=pytest.mark.slow)])
def test_examples_draw_their_picture(name, tmp_path):
    for example in sorted((ROOT / "docs/examples").glob(f"{name}.py")):
        python([str(example)], tmp_path)
        assert (tmp_path / f"{example.stem}.png").stat().st_size > 20_000


GUIDES = {"label_maps": "maps.yaml", "own_meshes": "meshes.yaml", "paired": "paired.yaml"}


@pytest.mark.parametrize("page", GUIDES)
def test_a_guide_runs_as_it_is_written(page, tmp_path):
    if page == "label_maps":
        numbers = np.zeros((40, 40, 24), np.int16)
        numbers[4:36, 4:36], numbers[8:24, 8:30, 4:20], numbers[26:32, 10:20, 6:16] = 7, 1, 2
        (tmp_path / "maps").mkdir()
        nibabel.save(nibabel.Nifti1Image(numbers, np.diag([4.0, 4, 4, 1])), tmp_path / "maps" / "one.nii.gz")
    for kind, text in blocks(f"docs/{page}.md"):
        if kind == "python":
            python(["-c", text], tmp_path)
        elif kind in ("yaml", "csv"):
            (tmp_path / {"yaml": GUIDES[page], "csv": "ours.csv"}[kind]).write_text(text)
        elif not kind:
            for line in text.splitlines():
                run(line, tmp_path)


def test_the_news_are_gathered_as_users_read_them():
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for fragment in (ROOT / "changes").glob("*.md"):
        assert " ".join(fragment.read_text().split()) in " ".join(said.split())
        assert f"#{fragment.name.partition('.')[0]}" not in said


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_is_short_and_builds(recipe, tmp_path):
    from pipelines.recipe import load

    assert len(recipe.read_text().splitlines()) < 45
    (tmp_path / "brain.nii.gz").touch()
    changes = [f"phantom.folder={tmp_path}"] if "from_labels" in recipe.stem else []
    assert load(recipe, changes).draw(0).scan
