"""Studies: arms at equal steps on the same images, gone on with, and told in a page that says where they lose."""

import json

import numpy as np
import pytest
from lines import draw, tree
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.build import build
from pipelines.learn.example import Example
from pipelines.learn.study.degrade import Defocus, FieldOfView, GreyNoise, MotionLines, degraded
from pipelines.learn.study.findings import Findings
from pipelines.learn.study.outcome import PLAIN, Outcome, Scored
from pipelines.learn.study.overlay import AGREED, INVENTED, MISSED, compared
from pipelines.learn.study.page import page
from pipelines.learn.study.recipe import Study, load
from pipelines.learn.study.report import markdown
from pipelines.learn.study.runs import Run, Setting, runs, training_of
from pipelines.learn.study.verdict import summary
from pipelines.plain import dump_yaml
from simdata import RecipeError, Streams


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """Pictures, "real" and synthetic, and the recipe of a study of them."""
    folder = tmp_path_factory.mktemp("lines")
    draw(folder / "synthetic", 6, 10.0, 1)
    draw(folder / "real", 7, 40.0, 2)
    (folder / "study.yaml").write_text(dump_yaml(tree(folder)))
    return folder


def simdata(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def done(lines):
    """The folder of a study that is finished."""
    said = simdata("study", lines / "study.yaml", "--out", lines / "out", "--quiet")
    assert said.exit_code == 0, said.output
    return lines / "out"


def built(lines, **changes):
    return build({**tree(lines), **changes}, Study, "study")


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and "arms" in path.parts}


def test_every_arm_has_the_same_steps_and_as_many_images_as_its_setting_says(lines):
    study = built(lines)
    planned = {run: training_of(study, run) for run in runs(study)}
    assert {training.steps for training in planned.values()} == {5}
    assert [stage.steps for stage in planned[Run(Setting("pretrained", 1), 2)].stages] == [4, 1]
    scaled = planned[Run(Setting("synthetic", 0, 3), 1)]
    assert [len(source.open(1)) for source in scaled.sources] == [3]
    mixed = planned[Run(Setting("mixed", 2), 1)]
    assert {source.label: len(source.open(1)) for source in mixed.sources} == {"synthetic": 6, "real": 2}
    assert len(planned) == 2 * (3 * 2 + 1 + 4)


def test_arms_of_a_seed_learn_from_the_same_real_images_and_fewer_are_among_more(done):
    found = json.loads((done / "study.json").read_text())
    learnt = {
        (one["arm"], one["real_images"], run["seed"]): set(run["learnt_from"])
        for one in found["settings"]
        for run in one["runs"]
        if one["real_images"]
    }
    assert learnt["real", 2, 1] == learnt["mixed", 2, 1] == learnt["pretrained", 2, 1]
    assert learnt["real", 1, 1] < learnt["real", 2, 1]
    assert len(learnt["real", 1, 1]) == 1


def test_the_page_needs_nothing_and_says_who_loses(done):
    html, found = (done / "report.html").read_text(), json.loads((done / "study.json").read_text())
    assert "http" not in html
    assert "<script" not in html
    assert html.count("data:image/png;base64") == 1
    assert html.count("<svg") == 5, "Dice, clDice, scaling, degraded, learning curves"
    for sentence in found["summary"]:
        assert sentence.replace("'", "&#x27;") in html
    assert len(found["test_images"]) == 3
    assert {one["under"] for one in found["verdicts"]} == {PLAIN, "motionlines", "greynoise"}
    assert found["scaling"]["exponent"]["low"] <= found["scaling"]["exponent"]["mean"]
    text = (done / "tables.md").read_text()
    assert "| real images | real | synthetic | mixed | pretrained |" in text
    assert "3 test images, 5 steps an arm, seeds 1, 2." in text


def test_what_is_finished_is_kept_and_what_is_missing_is_made_the_same(lines, done):
    before, told = times(done), (done / "study.json").read_bytes()
    assert simdata("study", lines / "study.yaml", "--out", done, "-q").exit_code == 0
    assert times(done) == before
    gone = done / "arms" / "mixed_k1" / "seed_2"
    for path in gone.iterdir():
        path.unlink()
    assert simdata("study", lines / "study.yaml", "--out", done, "-q").exit_code == 0
    after = times(done)
    assert {path for path in before if before[path] != after[path]} == {path for path in before if gone in path.parents}
    again = json.loads((done / "study.json").read_text())
    assert {**again, "seconds": 0} == {**json.loads(told), "seconds": 0}


def test_a_folder_of_another_study_is_refused(lines, done):
    said = simdata("study", lines / "study.yaml", "--out", done, "-q", "--set", "steps=6")
    assert said.exit_code != 0


def test_a_demand_that_is_not_met_is_an_exit_code(lines, done):
    demand = "demands=[{arm: pretrained, against: pretrained}]"
    said = simdata("study", lines / "study.yaml", "--out", done, "-q", "--set", demand)
    assert said.exit_code == 1
    assert "demanded to be better: pretrained with 1 real image against pretrained" in said.output


def outcome(dice):
    images = tuple(f"{number}.png" for number in range(len(dice)))
    return Outcome(("a.png",), images, {PLAIN: Scored(tuple(dice), tuple(dice))}, ((1, 1.0), (2, 0.5)), 1.0)


def findings(lines, **means):
    """A study without degradations whose arms have these mean scores, the same for every seed and k."""
    study = built(lines, degrade=[], scale=None)
    images = Streams(5).generator.normal(0, 0.02, 30)
    return Findings(study, {run: outcome(means[run.setting.arm] + images) for run in runs(study)})


def test_harm_is_said_first_and_in_plain_words(lines):
    found = findings(lines, real=0.8, synthetic=0.7, mixed=0.82, pretrained=0.8)
    first, second, third = summary(found.verdicts)
    assert first == "Synthetic data loses: synthetic against real with 1, 2 real images."
    assert second == "Synthetic data wins: mixed against real, each with 1, 2 real images."
    assert third == "No difference is shown: pretrained against real, each with 1, 2 real images."
    assert "mixed with 2 real images against real with 2 real images: +0.020" in found.verdicts[4].sentence
    html = page(found, {}, None, {})
    assert f'<p class="wrong">{first}</p>' in html
    assert html.count('<tr class="bad">') == 2
    assert "| synthetic against real with 1 real image | -0.100 (-0.100 to -0.100) | worse |" in markdown(found)
    assert summary(findings(lines, real=0.8, synthetic=0.9, mixed=0.9, pretrained=0.9).verdicts)[0] == (
        "Nowhere is a loss by synthetic data shown."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"against": "reel"}, r"against: no arm is called 'reel'; did you mean 'real'\?"),
        ({"arms": [{"name": "real", "stages": [{"sources": {"real": 1}, "share": 0.5}]}]}, "add up to 0.5; 1 would do"),
        ({"seeds": [1, 1]}, r"seeds: found \[1, 1\]; each number once would do"),
        ({"demands": [{"k": 7}]}, r"'pretrained' is not tried with 7 real images; 1, 2 would do"),
        ({"training": {"classes": ["line"], "sources": []}}, "arm real"),
        ({"steps": 0}, "steps is 0"),
    ],
)
def test_a_wrong_recipe_is_one_clear_error(lines, tmp_path, changes, said):
    (tmp_path / "study.yaml").write_text(dump_yaml({**tree(lines), **changes}))
    with pytest.raises(RecipeError, match=said):
        load(tmp_path / "study.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("test.ids=003-006", "003.png, on which it is tested; other ids would do"),
        (
            "training.sources.synthetic.augment="
            "[{kind: pipelines.learn.style.histogram.Histogram, images: FOLDER/real/images, ids: 000-004}]",
            "004.png, on which it is tested; other ids would do",
        ),
        ("ks=[1, 9]", "real holds 4 images, and 9 are asked for"),
    ],
)
def test_test_images_are_never_learnt_from_and_too_few_images_are_told_before_any_work(lines, tmp_path, change, said):
    result = simdata(
        "study", lines / "study.yaml", "--out", tmp_path / "out", "-q", "--set", change.replace("FOLDER", str(lines))
    )
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


def example():
    label = np.zeros((64, 64), np.uint8)
    label[:, 20:24], label[30:33] = 1, 1
    return Example("eye.png", (40 + 150 * label[None]).astype(np.float32), label)


def test_motion_moves_image_and_labels_together():
    (moved,) = degraded([example()], MotionLines(jerks=4, aside=0.1))
    white = (moved.image[0] != 40) & (moved.image[0] != 190)
    np.testing.assert_array_equal(moved.known()[~white], (moved.image[0] == 190)[~white])
    assert (moved.known() != example().known()).any()
    assert white.any()
    assert moved.image.max() <= 190


def test_noise_has_its_spread_and_defocus_keeps_the_light():
    flat = np.full((1, 64, 64), 0.5, np.float32)
    noisy, label = GreyNoise(sigma=0.1)(flat, np.zeros((64, 64), np.uint8), Streams(1).generator)
    assert noisy.std() == pytest.approx(0.1, rel=0.05)
    assert not label.any()
    (blurred,) = degraded([example()], Defocus(sigma_px=1.5))
    assert blurred.image.mean() == pytest.approx(example().image.mean(), rel=0.01)
    assert blurred.image.std() < example().image.std()
    np.testing.assert_array_equal(blurred.known(), example().known())


def test_half_the_field_shows_everything_twice_as_wide():
    (near,) = degraded([example()], FieldOfView(share=0.5))
    assert near.shape == (64, 64)
    assert near.known()[:, 0].sum() == 2 * 3
    assert ((near.image[0] > 115) == (near.known() == 1)).mean() > 0.97


def test_degraded_images_are_the_same_in_every_study():
    one, other = (degraded([example()], GreyNoise())[0].image for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_an_overlay_tells_apart_what_was_missed_and_what_was_invented():
    drawn, found = np.array([[True, True, False, False]]), np.array([[True, False, True, False]])
    rgb = compared(np.ones((1, 4), np.float32), drawn, found)
    assert [tuple(pixel) for pixel in rgb[0, :3].tolist()] == [AGREED, MISSED, INVENTED]
    assert rgb[0, 3].max() < 150
