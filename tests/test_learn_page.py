"""The page about learning runs as it is written, with fewer samples and steps."""

import pytest
from learning import write_pictures
from test_docs import ROOT, blocks, python, run

from pipelines.learn.recipe import load, training
from pipelines.plain import parse_yaml


@pytest.mark.slow
def test_the_page_about_learning_runs_as_it_is_written(tmp_path):
    commands, recipe, reading = (text for _, text in blocks("docs/learning.md"))
    write_pictures(tmp_path / "eyes", count=2)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    (tmp_path / "learn.yaml").write_text(recipe.replace("steps: 600", "steps: 2"))
    for line in commands.splitlines():
        run(line.replace("--count 200", "--count 2"), tmp_path)
    python(["-W", "ignore", "-c", reading], tmp_path)
    assert (tmp_path / "scores.json").is_file()
    assert len(list((tmp_path / "seen").iterdir())) == 2


def test_every_recipe_of_training_that_ships_is_short_and_can_be_built():
    _, recipe, _ = (text for _, text in blocks("docs/learning.md"))
    assert training(parse_yaml(recipe, "docs/learning.md")).steps == 600
    for recipe in (ROOT / "recipes/learn").glob("*.yaml"):
        assert len(recipe.read_text().splitlines()) < 45
        assert load(recipe).steps >= 100
