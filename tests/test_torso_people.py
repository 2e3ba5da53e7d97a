"""Who cannot be drawn is refused in one line that names the limit; who can be drawn has the size that was asked for."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from typer.testing import CliRunner

from phantoms.anatomy.girths import chest_share
from phantoms.anatomy.patient import average_patient
from phantoms.anatomy.proportions import SEAT_MM, SUPINE, VERTEX_MM
from phantoms.people import mean_shape
from phantoms.people.curves import childhood
from phantoms.torso import OrganVolumes, Torso
from pipelines.app import app
from pipelines.build import build
from simdata import Grid, Phantom, RecipeError, SceneError, Streams, Subject

MAN = {"sex": "male", "age_y": 40.0, "height_cm": 176.0, "weight_kg": 73.0}
IMPOSSIBLE = [
    ({"age_y": 30.0, "height_cm": 40.0}, "height_cm is 40; for a"),
    ({"age_y": 30.0, "sex": "male", "height_cm": 176.0, "weight_kg": 279.0}, "an index of 10.0 to 75.0"),
    ({"age_y": -1.0}, "age_y"),
    ({"age_y": 91.0}, "age_y"),
    ({"population": "us_adults", "age_y": 5.0}, "18 to 90 years"),
    ({"population": "moon"}, "us_adults"),
    ({"sex": "hen"}, "female"),
]


def person(sex, age_y, bmi=None, height_cm=None):
    """The ICRP 89 reference person of that sex and age, or one as tall and stout as given."""
    usual_cm = childhood("height", sex, age_y)
    bmi = bmi or childhood("weight", sex, age_y) / (usual_cm / 100) ** 2
    height_cm = height_cm or usual_cm
    return Subject(sex, age_y, height_cm, bmi * (height_cm / 100) ** 2)


def torso(**settings):
    made = build({"kind": "phantoms.torso.Torso", **settings}, Phantom, "phantom")
    assert isinstance(made, Torso)
    return made


def patient(**settings):
    return torso(**settings).patient(Streams(3)["phantom"].generator)


@pytest.mark.parametrize(("known", "said"), IMPOSSIBLE)
def test_an_impossible_person_of_a_recipe_is_refused_with_the_limit(known, said):
    with pytest.raises(RecipeError) as refused:
        patient(subject=known)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("known", "said"), IMPOSSIBLE)
def test_an_impossible_person_on_the_command_line_is_refused_with_the_limit(known, said, tmp_path):
    options = {"age_y": "--age", "height_cm": "--height", "weight_kg": "--weight"}
    words = [word for name, value in known.items() for word in (options.get(name, f"--{name}"), str(value))]
    done = CliRunner().invoke(app, ["body", *words, "--out", str(tmp_path / "body.nii.gz"), "--quiet"])
    assert isinstance(done.exception, RecipeError)
    assert said in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (["four_lumbar", "six_lumbar"], "exclude each other"),
        (["eleven_ribs", "thirteen_ribs"], "exclude each other"),
        (["absent_gallbladder", "gallstones"], "exclude each other"),
        (["twelve_lumbar"], "did you mean 'six_lumbar'"),
    ],
)
def test_variants_that_contradict_each_other_are_refused(variants, said, tmp_path):
    with pytest.raises(RecipeError, match=said):
        torso(variants=variants)
    words = [word for name in variants for word in ("--variant", name)]
    done = CliRunner().invoke(app, ["body", *words, "--out", str(tmp_path / "body.nii.gz"), "--quiet"])
    assert isinstance(done.exception, RecipeError)
    assert said in str(done.exception)


@pytest.mark.parametrize("volume", [0.0, -5.0, float("nan"), float("inf"), "large"])
def test_a_volume_that_is_none_is_refused(volume):
    with pytest.raises(RecipeError, match="liver_ml"):
        torso(organs={"liver_ml": volume})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"subject": {**MAN, "sex": "female"}, "organs": {"prostate_ml": 20.0}}, r"prostate of 20 mL .*\(female\)"),
        ({"subject": MAN, "organs": {"uterus_ml": 80.0}}, r"uterus of 80 mL .*\(male\)"),
        (
            {"subject": MAN, "variants": ["absent_gallbladder"], "organs": {"gallbladder_ml": 30.0}},
            "absent_gallbladder",
        ),
    ],
)
def test_what_a_person_has_not_cannot_have_a_volume(settings, said):
    with pytest.raises(SceneError, match=said):
        patient(**settings)


def test_an_organ_that_does_not_fit_is_refused_with_what_would():
    with pytest.raises(SceneError, match=r"liver of 15000 mL does not fit .* room for about \d+ mL"):
        patient(subject=MAN, variants=[], organs={"liver_ml": 15000.0})


def test_what_was_asked_for_is_what_the_latents_tell():
    built = Torso(organs=OrganVolumes(spleen_ml=333.0), variants=()).patient(Streams(4)["phantom"].generator)
    assert built.latents["spleen_ml"] == pytest.approx(333.0)


@pytest.mark.parametrize(
    "who",
    [
        person("female", 0.0),
        pytest.param(person("male", 1.0), marks=pytest.mark.slow),
        person("female", 5.0),
        pytest.param(person("male", 15.0), marks=pytest.mark.slow),
        person("female", 40.0, bmi=14.0),
        person("male", 40.0, bmi=45.0),
        pytest.param(person("male", 40.0, height_cm=140.0), marks=pytest.mark.slow),
        person("male", 40.0, height_cm=205.0),
        pytest.param(person("female", 90.0), marks=pytest.mark.slow),
    ],
    ids=lambda who: f"{who.sex} {who.age_y:g} y {who.height_cm:.0f} cm {who.weight_kg:.0f} kg",
)
def test_a_person_is_as_tall_and_as_round_as_asked(who):
    built, shape = average_patient(who), mean_shape(who)
    seat, vertex = built.made.patient_height_mm(np.array([SEAT_MM, VERTEX_MM]))
    assert vertex - seat == pytest.approx(SUPINE * shape.sitting_height_mm, rel=0.01)
    assert drawn_height_mm(built) == pytest.approx(vertex - seat, rel=0.03)

    _, depth, girth = section(built, 34.0)
    assert girth == pytest.approx(chest_share(who.age_y) * shape.chest_circumference_mm, rel=0.05)
    assert depth == pytest.approx(shape.chest_depth_mm, rel=0.14)
    breadth, _, girth = section(built, -170.0)
    assert girth == pytest.approx(shape.waist_circumference_mm, rel=0.12)
    assert breadth == pytest.approx(shape.waist_breadth_mm, rel=0.12)
    breadth, depth, _ = section(built, 410.0)
    assert breadth == pytest.approx(shape.head_breadth_mm, rel=0.07)
    assert depth == pytest.approx(shape.head_length_mm, rel=0.05)


def drawn_height_mm(built):
    """From the seat of the patient to the highest voxel of the head."""
    low, high = built.made.patient_height_mm(np.array([SEAT_MM, 560.0]))
    count = int(high - low)
    grid = Grid.regular((1, 160, count), (2.0, 2.0, 1.0), (0.0, 0.0, float(low + high) / 2))
    heights = np.flatnonzero((built.draw(grid).labels > 0).any(axis=(0, 1)))
    return float(heights[-1]) + 1.0


def section(built, height_mm):
    """Breadth, depth and girth of the skin at a reference height, mm."""
    voxel_mm = 2.0 * float(built.made.at(0.0).mean())
    centre = (0.0, 0.0, float(built.made.patient_height_mm(height_mm)))
    size = (int(800 / voxel_mm), int(600 / voxel_mm), 1)
    places = np.argwhere(built.draw(Grid.regular(size, voxel_mm, centre)).labels[:, :, 0] > 0) * voxel_mm
    breadth, depth = np.ptp(places, axis=0) + voxel_mm
    return breadth, depth, ConvexHull(places).area + 3 * voxel_mm
