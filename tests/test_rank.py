"""Images that several models disagree about come first."""

import csv

import numpy as np
import pytest
from lines import draw
from PIL import Image as Picture
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.learn.rank import Doubt, doubt, table
from pipelines.learn.rank_sheet import disputed
from pipelines.learn.recipe import training
from pipelines.learn.study.overlay import AGREED, INVENTED
from pipelines.learn.train import train


def sure(mask):
    """Probabilities of a model that has no doubt."""
    return np.stack([~mask, mask]).astype(np.float32)


LEFT, RIGHT = np.arange(8)[None] < 4 * np.ones((8, 1)), np.arange(8)[None] >= 4 * np.ones((8, 1))


def test_models_that_agree_leave_no_doubt():
    assert doubt("eye", [sure(LEFT)] * 3) == Doubt("eye", 0.0, 0.0)
    assert doubt("eye", [sure(np.zeros((8, 8), bool))] * 2).disagreement == 0, "nor where there is nothing"


def test_models_that_contradict_each_other_disagree_wholly_and_leave_one_bit():
    found = doubt("eye", [sure(LEFT), sure(RIGHT)])
    assert found.disagreement == 1
    assert found.entropy_bits == pytest.approx(1)


def test_disagreement_is_the_mean_over_pairs():
    assert doubt("eye", [sure(LEFT), sure(LEFT), sure(RIGHT)]).disagreement == pytest.approx(2 / 3)


def test_models_that_are_unsure_together_have_entropy_without_disagreement():
    unsure = np.stack([np.full((8, 8), 0.6), np.full((8, 8), 0.4)]).astype(np.float32)
    found = doubt("eye", [unsure, unsure])
    assert found.disagreement == 0
    assert found.entropy_bits == pytest.approx(-(0.6 * np.log2(0.6) + 0.4 * np.log2(0.4)), abs=1e-5)


def test_the_ranking_is_a_csv_that_any_program_reads():
    rows = list(csv.reader(table([Doubt("a,b.png", 0.5, 0.25), Doubt("c.png", 0.1, 0.2)]).splitlines()))
    assert rows == [
        ["rank", "image", "disagreement", "entropy_bits"],
        ["1", "a,b.png", "0.5000", "0.2500"],
        ["2", "c.png", "0.1000", "0.2000"],
    ]


def test_what_some_models_see_has_another_colour_than_what_all_see():
    rgb = disputed(np.zeros((1, 3), np.float32), np.array([[0, 1, 2]], np.uint8), 2)
    assert [tuple(pixel) for pixel in rgb[0].tolist()] == [(0, 0, 0), INVENTED, AGREED]


def model(folder, seed, classes=("line",)):
    tree = {
        "classes": list(classes),
        "seed": seed,
        "patch": [32, 32],
        "batch": 2,
        "network": {"kind": "pipelines.learn.networks.UNet", "channels": [4, 8], "strides": [2]},
        "sources": [
            {
                "kind": "pipelines.learn.sources.pictures.Pictures",
                "name": "all",
                "images": f"{folder}/images",
                "labels": f"{folder}/labels",
            }
        ],
        "stages": [{"sources": {"all": 1}, "steps": 3}],
    }
    return train(training(tree), folder / f"model_{seed}_{len(classes)}").folder


def simdata(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_command_ranks_a_folder_and_shows_the_first(tmp_path):
    draw(tmp_path, 5, 20.0, 1)
    models = [model(tmp_path, seed) for seed in (1, 2)]
    out = tmp_path / "first.csv"
    said = simdata("rank", *models, "--images", tmp_path / "images", "--out", out)
    assert said.exit_code == 0, said.output
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert sorted(row["image"][-7:] for row in rows) == [f"{number:03d}.png" for number in range(5)]
    apart = [float(row["disagreement"]) for row in rows]
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 0
    with Picture.open(out.with_suffix(".png")) as sheet:
        assert sheet.width > 900

    with_another = (*models, model(tmp_path, 3, ("line", "dot")))
    for chosen, name, wrong in (
        (models[:1], "x.csv", "two or more"),
        (with_another, "x.csv", "unlike classes: line; line, dot"),
        (models, "x.txt", "a name that ends in .csv would do"),
        (models, "nowhere/x.csv", "there is no folder"),
    ):
        said = simdata("rank", *chosen, "--images", tmp_path / "images", "--out", tmp_path / name)
        assert wrong in str(said.exception)
