"""The page about diffusion: every command of it runs, on small eyes, with few steps; the recipes that ship build."""

from pathlib import Path

import pytest
from lines import draw
from test_docs import blocks, run

from pipelines.build import build
from pipelines.diffuse.recipe import diffusion, load
from pipelines.learn.kinds import Network
from pipelines.plain import parse_yaml

ROOT = Path(__file__).parents[1]
SMALL = (
    "--set patch=[16,16] --set batch=2 --set stages.0.steps=3 --set stages.0.warm_up=0 "
    "--set network.channels=[8,8] --set network.heads=8"
)
EYE = "phantom.field_mm=3.0 grow.retina.field_mm=3.0 scan.superficial.field_mm=3.0 scan.superficial.pixels=64"
LESS = {
    "diffuse train": SMALL,
    "diffuse sample": "--batch 2",
    "generate": " ".join(f"--set {change}" for change in EYE.split()),
    "diffuse report": "--count 8",
}


@pytest.mark.slow
def test_the_page_about_diffusion_runs_as_it_is_written(tmp_path, monkeypatch):
    (_, commands), (_, python), *_ = blocks("docs/diffusion.md")
    draw(tmp_path / "rossa_octa", 112, 20.0, 1)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    monkeypatch.chdir(tmp_path)
    fewer = (
        commands.replace("--count 16", "--count 2")
        .replace("--count 20", "--count 1")
        .replace("--steps 20", "--steps 5")
    )
    for line in fewer.splitlines():
        more = next((words for command, words in LESS.items() if line.startswith(f"simdata {command}")), "")
        run(f"{line} {more} --quiet", tmp_path)
    assert len(list((tmp_path / "drawn/images").iterdir())) == 2
    assert len(list((tmp_path / "translated/images").iterdir())) == 1
    assert (tmp_path / "report.html").is_file()
    exec(compile(python, "docs/diffusion.md", "exec"), {"__name__": "page"})


def test_what_the_page_shows_of_recipes_builds():
    masks, latent = (parse_yaml(text, kind) for kind, text in blocks("docs/diffusion.md") if kind == "yaml")
    assert build(masks["network"], Network, "network").samples == 3
    tree = parse_yaml((ROOT / "recipes/diffuse/octa.yaml").read_text(), "octa")
    assert diffusion(tree | latent).step == 4 * 4


@pytest.mark.parametrize("path", sorted((ROOT / "recipes/diffuse").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_of_diffusion_that_ships_is_short_and_builds(path):
    assert len(path.read_text().splitlines()) < 45
    assert load(path).steps >= 100
