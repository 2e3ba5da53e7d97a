"""How well a model agrees with people: scores, intervals, pictures, and what the command says."""

import json
import subprocess
import sys

import numpy as np
import pytest
from learning import recipe, write_pictures
from PIL import Image
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.learn.evaluate import evaluate
from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.folders import source_of
from pipelines.plain import dump_yaml
from simdata.errors import DatasetError, SimdataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("learnt")
    (out / "line.yaml").write_text(dump_yaml(recipe(folder)))
    done = simdata("learn", out / "line.yaml", "--out", out / "model", "--set", "stages.0.steps=60", "--json")
    assert (done.exit_code, json.loads(done.stdout)["steps"]) == (0, 60), done.output
    return out / "model"


def simdata(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def said(*words):
    """What is wrong with a command; `pipelines.cli.main` makes one line of it."""
    error = simdata(*words).exception
    assert isinstance(error, SimdataError), repr(error)
    return str(error)


def examples():
    label = np.zeros((8, 8), np.uint8)
    label[:4], label[6:] = 1, UNKNOWN
    return [Example("a.png", label[None].astype(np.float32), label), Example("b.png", 0 * label[None] + 1.0, label * 0)]


def test_every_image_has_its_score_and_the_unknown_has_none():
    found = evaluate(lambda image: (image[0] > 0).astype(np.uint8), examples())
    assert [score.name for score in found.scores] == ["a.png", "b.png"]
    assert found.table("dice").tolist() == [[1.0], [0.0]]
    assert found.mean("cldice") == (0.5,)
    tree = found.plain(("line",))
    assert tree["images"][0] == {"name": "a.png", "dice": {"line": 1.0}, "cldice": {"line": 1.0}}
    assert found.told(("line",)).startswith("2 images\nline: Dice 0.500 (")
    (often,) = evaluate(lambda image: (image[0] > 0).astype(np.uint8), 20 * examples()).interval("dice")
    assert (often.low, often.high) == pytest.approx((0.35, 0.65), abs=0.04), "a coin thrown forty times"
    with pytest.raises(DatasetError, match=r"a\.png: found \(2, 8\) for a label of \(8, 8\)"):
        evaluate(lambda image: image[0, :2].astype(np.uint8), examples())


def test_the_command_scores_a_folder_and_draws_what_was_found(model, folder, tmp_path):
    words = ("evaluate", model, "--images", folder / "images", "--labels", folder / "labels", "--ids", "5-6")
    done = simdata(*words, "--json", tmp_path / "scores.json", "--overlays", tmp_path / "seen")
    assert done.exit_code == 0, done.output
    tree = json.loads((tmp_path / "scores.json").read_text())
    assert [image["name"] for image in tree["images"]] == ["005.png", "006.png"]
    assert tree["mean"]["dice"]["line"] > 0.6, "sixty steps teach a line"
    assert f"line: Dice {tree['mean']['dice']['line']:.3f}" in done.stdout
    pictures = sorted((tmp_path / "seen").iterdir())
    assert [path.name for path in pictures] == ["005.png", "006.png"]
    assert np.asarray(Image.open(pictures[0]).convert("RGB")).std() > 20


def test_pictures_are_opened_in_the_colours_that_a_model_knows(tmp_path):
    red = np.zeros((6, 5, 3), np.uint8)
    red[..., 0] = 200
    Image.fromarray(red).save(tmp_path / "red.png")
    (colours,) = source_of(tmp_path, channels=3).open(1)
    (grey,) = source_of(tmp_path).open(1)
    assert colours.image[:, 0, 0].tolist() == [200, 0, 0]
    assert grey.image[:, 0, 0] == pytest.approx(0.299 * 200)


def test_a_folder_that_does_not_fit_is_one_clear_error(model, folder, tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    there = ("evaluate", model, "--images", tmp_path / "images", "--labels", tmp_path / "labels")
    assert "images: no image found; files that end in .png" in said(*there)
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "images/a.png")
    Image.fromarray(np.zeros((48, 40), np.uint8)).save(tmp_path / "labels/a.png")
    assert "a.png: an image of (48, 48) with a label of (48, 40); equal sizes would do" in said(*there)
    (tmp_path / "labels/a.png").rename(tmp_path / "labels/b.png")
    assert "a without a label; a label of the same name for each would do" in said(*there)
    assert "no model.json found" in said("evaluate", tmp_path, *there[2:])
    assert "numbers such as '1 2, 3' would do" in said(*there, "--values", "one")


def test_learning_says_which_extra_it_needs(tmp_path):
    """As without torch: no part is missing, and the command names what to install."""
    code = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'monai', 'safetensors'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, No())\n"
        "from pipelines.catalogue import installed_parts\n"
        "assert 'pipelines.learn.networks.UNet' in installed_parts()\n"
        "from pipelines.cli import main\n"
        "for command in sys.argv[1:]:\n"
        "    sys.argv = ['simdata', *command.split()]\n"
        "    try: main()\n"
        "    except SystemExit as end: print(end.code)\n"
    )
    (tmp_path / "line.yaml").write_text(dump_yaml(recipe(tmp_path)))
    commands = [
        "learn line.yaml --out m",
        "study line.yaml --out m",
        "evaluate m --images m --labels m",
        "rank m m --images m --out m.csv",
        "diffuse train line.yaml --out m",
        "diffuse sample m --out n",
        "diffuse report m --real m",
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *commands], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["2"] * len(commands)
    assert done.stderr == "error: learning needs torch; pip install 'simdata[learn]' would do\n" * len(commands)
