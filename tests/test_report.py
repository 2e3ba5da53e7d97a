"""The report of a dataset: one page that needs nothing, true to the dataset, and drawn by a real browser."""

import gzip
import json
import re
import shutil
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from chromium import NO_WEBGL, PROGRAM, SOFTWARE_WEBGL, Chromium
from nibabel.nifti1 import Nifti1Image
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.generate import generate
from pipelines.page.files import write_page
from pipelines.page.svg import Scale, number
from pipelines.recipe import recipe
from pipelines.report import report
from pipelines.report.coverage import coverage
from pipelines.report.dice import dice_of
from pipelines.report.diversity import diversity
from pipelines.report.looks import spread
from pipelines.report.parameters import counted
from pipelines.report.small_volumes import shown
from pipelines.report.truths import Column, Truths
from pipelines.report.volumes import lattice_of, measure
from pipelines.sheet import contact_row
from simdata import Dataset, Grid, Image, Sample, Scene, structure
from simdata.errors import DatasetError

HERE = Path(__file__).parent
HOSTILE = "<img src=x onerror=alert(1)>"
TREE = {
    "seed": 5,
    "count": 8,
    "phantom": {"kind": "toys.Block", "edge": {"integer": [12, 20]}, "subject": {"age_y": {"uniform": [20, 80]}}},
    "grow": [{"kind": "toys.Dot"}, {"kind": "toys.Stumble", "chance": 0.5}],
    "scan": [
        {"kind": "toys.Camera", "gain": {"loguniform": [1, 10]}, "mode": {"choice": ["plain", "negative"]}},
        {"kind": "toys.Camera", "name": "loud", "effects": [{"kind": "toys.Hiss", "sigma": {"normal": [3, 0.1]}}]},
    ],
}


CHOOSE_SECOND_IMAGE = """
document.getElementById("viewer").niivue.setCrosshairWidth(0);
document.getElementById("pick-image").selectedIndex = 1;
document.getElementById("pick-image").onchange();
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Eight toys, of which some stumble, in a folder with a name that a page must not believe."""
    folder = tmp_path_factory.mktemp("report") / HOSTILE
    outcome = generate(recipe(TREE, ("toys",)), folder)
    assert outcome.failures
    assert len(outcome.receipts) > 3
    return folder


@pytest.fixture(scope="module")
def made(dataset):
    return report(dataset)


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(made.html, encoding="utf-8")
    return path


@pytest.fixture
def copied(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "copy")
    return tmp_path / "copy"


needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="no chromium is installed (apt-get install chromium)")


@needs_chromium
def test_a_browser_draws_the_volumes_without_complaint_or_network(page, tmp_path):
    with Chromium(tmp_path, *SOFTWARE_WEBGL) as browser:
        browser.open(page, width=800)
        browser.wait_for("document.getElementById('viewer').dataset.state")
        assert browser.evaluate("document.getElementById('viewer').dataset.state") == "drawn"
        assert browser.evaluate("document.getElementById('planes').hidden")
        browser.evaluate(CHOOSE_SECOND_IMAGE)
        browser.wait_for("document.getElementById('viewer-at').textContent.includes('dot')")
        stage = np.asarray(browser.picture(".stage"), int)
        light = browser.picture().getpixel((3, 3))
        assert not browser.complaints
        assert {url.partition(":")[0] for url in browser.asked} == {"file", "data"}
        assert sum(url.startswith("file:") for url in browser.asked) == 1

        browser.open(page, dark=True, scripts=False)
        dark = browser.picture().getpixel((3, 3))
        planes = np.asarray(browser.picture("#planes img"), int)

    red = (stage[..., 0] - stage[..., 1:].max(axis=2)) > 30
    green = (stage[..., 1] - stage[..., [0, 2]].max(axis=2)) > 15
    assert red.sum() > 50  # the dot, in its own colour
    assert green.mean() > 0.02  # the liver
    assert len(np.unique(stage.reshape(-1, 3), axis=0)) > 100
    assert min(light) > 200
    assert max(dark) < 60
    assert planes.std() > 20


@needs_chromium
def test_without_webgl_a_browser_shows_the_planes(page, tmp_path):
    with Chromium(tmp_path, *NO_WEBGL) as browser:
        browser.open(page)
        browser.wait_for("document.getElementById('viewer').dataset.state")
        assert browser.evaluate("document.getElementById('viewer').dataset.state") == "planes"
        assert "no WebGL2" in browser.evaluate("document.getElementById('viewer-told').textContent")
        assert browser.evaluate("document.getElementById('planes').offsetHeight") > 200
        assert not browser.evaluate("document.querySelector('canvas').offsetHeight")
        assert np.asarray(browser.picture("#planes img"), int).std() > 20
        assert not browser.complaints


def test_the_page_holds_its_figures_and_asks_for_nothing(made):
    inside = re.search(r'<script type="application/json" id="figures">(.*?)</script>', made.html, re.S)
    assert inside
    assert json.loads(inside[1]) == json.loads(json.dumps(made.figures))
    without_library = made.html.replace((files("pipelines.report") / "niivue" / "niivue.umd.js").read_text("utf-8"), "")
    assert not re.findall(r'(?:src|href)="(?!data:|#)|@import|url\(|fetch\(', without_library)
    assert HOSTILE not in made.html
    assert len(made.html) < 15e6
    assert "BSD 2-Clause License" in made.html


def test_figures_are_those_of_the_dataset(dataset, made):
    samples = list(Dataset(dataset))
    figures = made.figures
    ages = [sample.scene.subject.age_y for sample in samples]
    drawn = figures["parameters"]["drawn"]
    assert drawn["phantom subject age_y"]["most"] == max(ages)
    assert drawn["phantom edge"]["asked"] == [12, 20]
    assert sum(drawn["camera mode"]["counts"].values()) == len(samples)
    livers = [np.count_nonzero(sample.scene.labels != structure("visceral_fat").id) * 0.008 for sample in samples]
    assert figures["organs_ml"]["liver"]["most"] == pytest.approx(max(livers))
    assert figures["samples"] == len(samples)
    assert figures["asked"] == TREE["count"]
    assert figures["failed"] == TREE["count"] - len(samples)
    assert figures["coverage"]["findings"] == {"dot in liver": len(samples)}
    assert figures["effort"]["bytes_total"] == sum(path.stat().st_size for path in (dataset / "shards").iterdir())
    high = figures["intensities"]["camera"]["percentiles"][str(samples[0].index)]["100"]
    assert high == pytest.approx(samples[0].images["camera"].array.max())


def test_failed_samples_are_told_with_their_replay_command(dataset, made):
    failed = json.loads(next((dataset / "failed").iterdir()).read_text())
    assert f"Sample {failed['index']}" in made.html
    assert "stumbled" in made.html
    assert f"{failed['index']} --plugin=toys</pre>" in made.html


def test_damaged_shards_are_told_and_the_rest_goes_on(copied, made):
    first, second, *_ = sorted((copied / "shards").iterdir())
    first.write_bytes(first.read_bytes()[:-40])
    second.unlink()
    (copied / "failed" / "000000099.json").write_text("{")
    found = report(copied)
    assert [entry["sample"] for entry in found.figures["unread"]] == [int(first.stem), int(second.stem)]
    assert found.figures["samples"] == made.figures["samples"] - 2
    assert "2 samples cannot be read" in found.html
    assert "000000099.json cannot be read" in found.html
    for shard in (copied / "shards").iterdir():
        shard.write_bytes(b"no shard")
    with pytest.raises(DatasetError, match="no sample can be read; the first says"):
        report(copied)


def test_bad_input_is_one_clear_error(dataset, tmp_path):
    with pytest.raises(DatasetError, match="no manifest"):
        report(tmp_path)
    (tmp_path / "manifest.jsonl").touch()
    with pytest.raises(DatasetError, match="holds no finished sample"):
        report(tmp_path)
    for out, says in {
        tmp_path / "report.pdf": "ends in .html would do",
        tmp_path / "nowhere" / "report.html": "there is no folder",
        dataset / "report.html": "lies in the dataset",
    }.items():
        said = CliRunner().invoke(app, ["report", str(dataset), "--out", str(out), "-q"])
        assert isinstance(said.exception, DatasetError)
        assert says in str(said.exception)
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(DatasetError, match="a path that can be written would do"):
        write_page(tmp_path / "taken.html", "", {})


def test_the_command_writes_the_same_page_and_figures_again(dataset, made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["report", str(dataset), "--json"])
    assert said.exit_code == 0, said.output
    assert Path("report.html").read_text(encoding="utf-8") == made.html
    assert json.loads(Path("report.json").read_text()) == json.loads(said.stdout)
    (example,) = re.findall(r"```python\n(.*?)```", (HERE.parent / "docs" / "report.md").read_text(), re.S)
    exec(example, {})
    nearest = made.figures["diversity"]["nearest_pairs"][0]
    assert capsys.readouterr().out == f"{nearest['samples']} {nearest['distance']}\n"


def test_dice_inside_choices_and_lists_are_found_by_what_fell():
    part = {"choice": [{"kind": "a.Small", "size": {"uniform": [1, 2]}}, {"kind": "a.Big", "size": 9}, None]}
    dice = dice_of(
        {
            "seed": 1,
            "phantom": {"kind": "p.P", "part": part},
            "scan": [{"kind": "s.CT", "kvp": {"choice": [80, 100, 80]}}],
        }
    )
    assert [die.name for die in dice] == ["phantom part", "phantom part (small) size", "ct kvp"]

    def fell(kind, kvp, size=1.5):
        drawn = {
            "phantom": {"part": kind and {"kind": kind, "size": size, "more": 0}},
            "scan": [{"kind": "s.CT", "kvp": kvp}],
        }
        return [die.fell(drawn) for die in dice]

    assert fell("a.Small", 80.0) == ["small", 1.5, "80"]
    assert fell("a.Big", 100.0, 9.0) == ["big", None, "100"]
    assert fell(None, 90.0) == ["none", None, None]
    column = Column(words=["80", "100", "80"])
    assert counted(dice[2], column) == {"80": 2, "100": 1}


def test_coverage_tells_the_tenths_that_no_sample_has():
    dice = dice_of(
        {"a": {"uniform": [0, 100]}, "b": {"loguniform": [1, 1024]}, "c": {"integer": [1, 3]}, "d": {"normal": [0, 1]}}
    )
    truths = Truths()
    for name, values in {"a": [5, 15, 99], "b": [1, 1024], "c": [1, 1, 3], "d": [-9, 0.1, 9]}.items():
        truths.drawn[name] = Column()
        for index, value in enumerate(values):
            truths.drawn[name].add(index, float(value))
    uniform, log, whole, normal = coverage(dice, truths)
    assert (uniform.hit, uniform.missed[0], uniform.span) == (3, "20 to 30", pytest.approx(0.94))
    assert (log.hit, log.missed[0], log.span) == (2, "2 to 4", 1.0)
    assert whole.missed == ("2",)
    assert whole.chance == pytest.approx((2 / 3) ** 3)
    assert (normal.hit, normal.missed[0]) == (3, "-1.282 to -0.8416")
    assert not uniform.surprising


def test_two_samples_with_one_label_map_are_found():
    def sample(index, width):
        labels = np.zeros((20, 20, 20), np.uint16)
        labels[2:18, 2:18, 2:18] = structure("liver").id
        labels[2 : 2 + width, 2:18, 2:18] = structure("spleen").id
        return Sample(index, 0, {}, Scene(Grid.regular(labels.shape, 2.0), labels), {}, {}, {})

    samples = [sample(0, 4), sample(1, 8), sample(2, 4)]
    lattice = lattice_of(samples[0].scene.grid)
    truths = Truths(alike={0: [0, 2], 1: [1]})
    found = diversity([measure(one, lattice, {}) for one in samples], truths).figures()
    assert found["same_label_maps"] == [[0, 2]]
    assert found["same_patients"] == [[0, 2]]
    assert found["nearest_pairs"][1]["distance"] == pytest.approx(0.25)


def test_a_small_volume_lies_where_the_large_one_does():
    grid = Grid((40, 30, 50), np.array([[-1.0, 0, 0, 9], [0, 2, 0, -5], [0, 0, 1.5, 3], [0, 0, 0, 1]]))
    labels = np.zeros(grid.shape, np.uint16)
    labels[4:12, 6:14, 30:40] = structure("liver").id
    values = np.where(labels > 0, 60, -1000).astype(np.int16)
    sample = Sample(0, 0, {"ct": Image(values, "HU", grid)}, Scene(grid, labels), {}, {}, {})
    (small,) = shown(sample, 8000, {structure("liver").id: 1})
    image, marks = (Nifti1Image.from_bytes(gzip.decompress(content)) for content in (small.image, small.labels))
    assert image.shape == marks.shape == small.grid.shape
    assert np.prod(image.shape) < 1.1 * 8000
    assert np.array_equal(image.affine, marks.affine)
    spacing_mm = np.array(small.grid.spacing_mm)
    marked = small.grid.world_mm(np.argwhere(np.asarray(marks.dataobj) == 1)).mean(axis=0)
    weight = np.asarray(image.dataobj).astype(float) + 1000
    bright = (small.grid.points_mm() * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum()
    middle = grid.world_mm(np.argwhere(labels > 0)).mean(axis=0)
    assert (np.abs(marked - middle) <= spacing_mm / 2).all()
    assert (np.abs(bright - middle) < 0.1 * spacing_mm).all()
    assert np.asarray(image.dataobj)[np.asarray(marks.dataobj) == 1].max() == 60
    assert np.asarray(image.dataobj).min() == -1000


def test_a_contact_row_shows_every_scanner(dataset):
    sample = Dataset(dataset)[0]
    assert len(sample.images) == 2
    row = contact_row(sample)
    assert row.size == (5 * 300 + 4 * 6, 300)  # a plane under each scanner, three with labels
    first, second = (np.asarray(row.crop((left, 30, left + 300, 300)), int) for left in (0, 306))
    assert np.abs(first - second).mean() > 5


def test_scales_have_round_numbers():
    assert Scale(3, 97, 0, 100).ticks() == [20, 40, 60, 80]
    assert Scale(1, 1000, 0, 300, log=True).ticks() == pytest.approx([1, 3, 10, 30, 100, 300, 1000])
    assert Scale(1, 100, 0, 200, log=True)(10) == pytest.approx(100)
    assert [number(value) for value in (0.00012345, 12345.6, float("nan"))] == [
        "0.0001234",
        "12\u202f346",
        "not a number",
    ]
    assert spread(100, 3) == [0, 50, 99]
    assert spread(2, 6) == [0, 1]


def test_niivue_is_as_it_comes_from_npm():
    folder = Path(str(files("pipelines.report") / "niivue"))
    told = re.search(r"`([0-9a-f]{64})`", (folder / "README.md").read_text())
    assert told
    assert sha256((folder / "niivue.umd.js").read_bytes()).hexdigest() == told[1]
    assert "</script" not in (folder / "niivue.umd.js").read_text(encoding="utf-8").lower()
