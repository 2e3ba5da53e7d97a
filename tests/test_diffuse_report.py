"""The report: distances with known answers, planted copies that are found, and one page."""

import json

import numpy as np
import pytest
from diffusing import one_thread, recipe, tiny, write_discs  # noqa: F401
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.diffuse.recipe import diffusion
from pipelines.diffuse.report.distances import frechet, kernel, precision, scaled
from pipelines.diffuse.report.diversity import likeness
from pipelines.diffuse.report.features import KINDS, radiomics, random_features
from pipelines.diffuse.report.memory import Seen, alarms, halved
from pipelines.diffuse.report.page import closed
from pipelines.diffuse.train import train
from simdata import Streams
from simdata.errors import DatasetError


def rng(number=0):
    return Streams(11, number).generator


def blobs(count, size, seed, coarse=2.0):
    """Smooth random images between 0 and 1, each another."""
    noise = Streams(13, seed).generator.standard_normal((count, *size))
    smooth = gaussian_filter(noise, (0, *[coarse] * len(size)))
    return np.clip(0.5 + 0.2 * smooth / smooth.std(), 0, 1).astype(np.float32)


def test_the_frechet_distance_is_that_of_two_normal_distributions():
    one, other = rng(1).normal(0, 1, (40_000, 3)), rng(2).normal([1, 0, 0], [1, 2, 3], (40_000, 3))
    assert frechet(one, other) == pytest.approx(1 + (1 - 2) ** 2 + (1 - 3) ** 2, rel=0.03)
    assert frechet(one, one) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_is_unbiased():
    same = [kernel(rng(2 * n).normal(size=(60, 4)), rng(2 * n + 1).normal(size=(60, 4))) for n in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(60)
    assert kernel(rng(1).normal(size=(60, 4)), rng(2).normal(1, 1, (60, 4))) > 5 * np.std(same)


def test_precision_and_recall_tell_what_is_wrong():
    real = rng(1).normal(size=(200, 2))
    narrow, wide = rng(2).normal(0, 0.05, (200, 2)), rng(3).normal(0, 8, (200, 2))
    assert precision(narrow, real) > 0.95 > 0.5 > precision(real, narrow), "all of them real, few of the real ones"
    assert precision(wide, real) < 0.4 < 0.9 < precision(real, wide)


def test_numbers_that_never_differ_are_left_out():
    real = np.column_stack([rng(1).normal(3, 5, 50), np.full(50, 7.0)])
    one, other = scaled(real, real + np.array([5, 1]))
    assert one.shape == (50, 1)
    assert np.allclose([one.mean(), one.std(), (other - one).mean()], [0, 1, 5 / real[:, 0].std()])


def test_a_number_that_seldom_differs_decides_no_distance():
    """A random feature may answer to one patch in fifty: how far apart clouds are must not hang on that one."""
    many = rng(2).normal(size=(200, 4))
    real, made = many[:100], many[100:]
    seldom = np.zeros((100, 1))
    seldom[7] = 1e-3
    near = frechet(*scaled(real, made))
    of_seldom = [np.column_stack([real, seldom]), np.column_stack([made, np.ones(100)])]
    assert frechet(*scaled(*of_seldom)) == near
    often = np.column_stack([real, rng(3).random(100) < 0.4]), np.column_stack([made, np.ones(100)])
    assert frechet(*scaled(*often)) > near + 1, "what often differs counts"


@pytest.mark.parametrize("size", [(32, 32), (16, 16, 16)])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_tell_textures_apart(kind, size):
    vectors = KINDS[kind]
    fine, again, coarse = (vectors(blobs(40, size, seed, width)[:, None]) for seed, width in ((1, 1), (2, 1), (3, 2)))
    reference, same, other = scaled(fine, again, coarse)
    assert np.isfinite(reference).all()
    assert frechet(reference, other) > 4 * frechet(reference, same)
    assert np.array_equal(vectors(blobs(40, size, 1, 1)[:, None]), fine), "the same for everyone"


def test_co_occurrence_has_the_values_of_a_checkerboard():
    board = np.indices((16, 16)).sum(axis=0) % 2
    contrast, correlation, homogeneity, energy = radiomics(board[None, None].astype(np.float32))[0, 8:12]
    assert (contrast, correlation) == (225, pytest.approx(-1)), "neighbours differ by all 15 levels"
    assert (homogeneity, energy) == (pytest.approx(1 / 226), 0.5)
    assert random_features(np.zeros((2, 1, 16, 16), np.float32)).shape == (2, 80)


def test_diversity_is_1_of_equal_images():
    differing = blobs(20, (64, 64), 1)[:, None]
    assert likeness(np.repeat(differing[:1], 5, axis=0), rng()) == pytest.approx(1, abs=1e-5)
    assert likeness(differing, rng()) < 0.6
    assert likeness(differing[..., :8, :8], rng()) is None


def test_planted_copies_are_found_and_unseen_images_are_not_taken_for_some():
    learnt, unseen = blobs(12, (64, 64), 1), blobs(120, (32, 32), 2)
    copies = []
    for number in range(20):
        row, column, image = *rng(number).integers(0, 33, 2), learnt[number % 12]
        piece = np.flip(image[row : row + 32, column : column + 32], number % 2)
        copies.append(halved((0.7 * piece + rng(number).normal(0, 0.05, piece.shape)).astype(np.float32)))
    seen = Seen([halved(image) for image in learnt], (16, 16))
    asked = [halved(image) for image in unseen]
    said = alarms(seen, [*copies, *asked[40:]], asked[:40], lambda done, wanted: None)
    assert said[:20].all(), "recall"
    assert said[20:].mean() <= 0.05, "false alarms"
    found = seen.likeness(halved(learnt[5])[8:24, 3:19])
    assert (found.image, found.correlation) == (5, pytest.approx(1, abs=1e-6))


def test_the_share_of_the_way_that_is_gone():
    of = {"before": {"frechet": [10, 0]}, "real": {"frechet": [2, 0]}, "made": {"frechet": [4, 0]}}
    assert closed(of) == 0.75
    assert closed({"real": {"frechet": [2, 0]}, "made": {"frechet": [4, 0]}}) is None


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The folder of a model of a few steps, of pictures of its kind, and of a segmenter."""
    folder = tmp_path_factory.mktemp("report")
    write_discs(folder / "learnt", 20)
    write_discs(folder / "real", 20, seed=8)
    train(diffusion(tiny(folder / "learnt", patch=[32, 32])), folder / "model")
    learn = recipe(folder / "learnt")
    kept = ("seed", "classes", "patch", "intensity", "sources")
    segmenter = {key: learn[key] for key in kept} | {"stages": [{"sources": {"discs": 1}, "steps": 40, "rate": 0.01}]}
    from pipelines.learn.recipe import training
    from pipelines.learn.train import train as learn_to_segment

    small = {"kind": "pipelines.learn.networks.UNet", "channels": [8, 16], "strides": [2]}
    learn_to_segment(training(segmenter | {"network": small}), folder / "segmenter")
    return folder


def run(*words):
    return CliRunner().invoke(app, ["diffuse", "report", *map(str, words)])


def test_the_command_writes_one_page_and_its_numbers(told, tmp_path):
    out, real = tmp_path / "r.html", told / "real"
    judged = ("--images", real / "images", "--before", told / "learnt/images", "--labels", real / "labels")
    done = run(told / "model", "--real", told / "real/images", "--count", 8, "--segmenter", told / "segmenter", *judged,
               "--out", out)  # fmt: skip
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    figures = json.loads(out.with_suffix(".json").read_text())
    for kind in KINDS:
        of = figures["distances"][kind]
        assert set(of) == {"real", "before", "made", "untrained"}
        assert of["untrained"]["frechet"][0] > 3 * of["real"]["frechet"][0]
    assert figures["memory"]["planted copies"] == 1
    assert figures["labels"]["made"]["bright"] > 0.5 > figures["labels"]["before"]["bright"], "labels of other images"
    page = out.read_text()
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    for words in ("floor", "ceiling", "planted copies", "Dice of a segmenter"):
        assert words in page


def test_the_report_of_what_a_model_draws_itself(told, tmp_path):
    done = run(told / "model", "--real", told / "real/images", "--count", 8, "--out", tmp_path / "r.html", "--json")
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    assert json.loads(done.stdout)["patches"]["made"] == 8
    assert json.loads(done.stdout)["labels"] == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--real", "learnt/images"], "the model has learnt from it; real images that it has not seen would do"),
        (["--real", "real/images", "--ids", "1"], "found 1 real image; two or more"),
        (["--real", "real/images", "--labels", "real/labels"], "found one without another"),
        (["--real", "real/images", "--out", "r.htm"], "a name that ends in .html would do"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_error(told, monkeypatch, words, said):
    monkeypatch.chdir(told)
    monkeypatch.setattr("pipelines.diffuse.report.groups.ROUGH", 1)
    full = [str(told / word) if "/" in word else word for word in words]
    done = run(told / "model", *full)
    assert isinstance(done.exception, DatasetError), done.output
    assert said in str(done.exception)
