"""People: possible subjects, populations that go together, organs that grow, age and vary as they should."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from phantoms.people import (
    Person,
    Shape,
    draw_calibres,
    draw_organs,
    draw_shape,
    draw_subject,
    draw_vertebrae,
    mean_calibres,
    mean_organs,
    mean_shape,
    mean_vertebrae,
    populations,
    reference_adult,
)
from phantoms.people.curves import childhood
from phantoms.people.lungs import gas_ml
from phantoms.people.tables import rows, rows_of
from phantoms.people.traits import correlation, traits
from simdata import RecipeError, Subject
from simdata.subject import limits

SEXES = ("female", "male")
PEOPLE = Path(__file__).parent.parent / "phantoms" / "people" / "tables"
TRAIT_TABLES = ("organs", "calibres", "vertebrae", "shape")
# ICRP Publication 145 (2020), table of organ volumes with blood, mL: male, female
ICRP_145 = {
    ("liver",): (2226.4, 1707.5),
    ("spleen",): (215.5, 176.8),
    ("kidney_left", "kidney_right"): (400.9, 338.9),
    ("pancreas",): (166.3, 138.5),
    ("adrenal_gland_left", "adrenal_gland_right"): (16.8, 15.0),
    ("heart_wall",): (367.1, 276.8),
    ("heart_blood",): (481.1, 349.1),
    ("lung_left",): (1315.4, 1029.6),
    ("lung_right",): (1573.2, 1259.0),
    ("brain",): (1457.6, 1296.4),
    ("thyroid_gland",): (22.2, 18.6),
    ("thymus",): (25.1, 19.9),
    ("stomach_wall",): (187.3, 166.7),
    ("small_bowel_wall",): (831.8, 728.8),
    ("colon_wall",): (436.9, 404.0),
    ("urinary_bladder_contents",): (192.3, 192.3),
    ("skeletal_muscle",): (28358.8, 17072.8),
    ("adipose",): (19395.6, 23775.7),
}


def everything(subject):
    """Every mean of a person, by name."""
    vertebrae = {f"{level} {k}": v for level, one in mean_vertebrae(subject).items() for k, v in vars(one).items()}
    return {**mean_organs(subject), **mean_calibres(subject), **vars(mean_shape(subject)), **vertebrae}


def icrp_person(sex, age_y):
    return Subject(sex, age_y, childhood("height", sex, age_y), childhood("weight", sex, age_y))


@pytest.mark.parametrize(
    ("request_form", "limit"),
    [
        ({"height_cm": 40.0, "age_y": 30.0}, "height_cm is 40; for a female of 30 years 121.6 to 202.7 cm"),
        ({"weight_kg": 240.0}, "26.6 to 199 kg, an index of 10.0 to 75.0"),
        ({"age_y": -1.0}, "age_y is -1; for anyone 0 to 90 years"),
        ({"age_y": float("nan")}, "age_y is nan"),
        ({"age_y": 0.0}, "for a female of 0 years 38 to 60.3 cm"),
        ({"sex": "other"}, "'female' or 'male' would do"),
    ],
)
def test_an_impossible_subject_is_refused_with_the_limit(request_form, limit):
    with pytest.raises(RecipeError, match="Subject") as refused:
        Subject(**request_form)
    assert limit in str(refused.value)


def test_surface_and_body_mass_index():
    man = Subject("male", 40.0, 180.0, 80.0)
    assert man.bmi == pytest.approx(24.69, abs=0.01)
    assert man.surface_m2 == pytest.approx(2.0)


@pytest.mark.parametrize("sex", SEXES)
def test_every_reference_person_of_icrp_is_possible(sex):
    for age_y in np.linspace(0, 90, 500):
        icrp_person(sex, float(age_y))


@pytest.mark.parametrize("population", populations())
def test_two_thousand_people_are_possible(population, rng):
    people = [draw_subject(population, rng) for _ in range(2000)]
    youngest, oldest = populations()[population]
    assert all(youngest <= one.age_y <= oldest for one in people)
    assert 850 < sum(one.sex == "male" for one in people) < 1150


@pytest.mark.parametrize("population", populations())
def test_the_rarest_of_a_population_are_within_the_limits(population):
    for row in rows("populations"):
        if row["population"] == population:
            possible = limits(row["sex"], float(row["age_y"]))
            reach = 2.8 * float(row["height_sd_cm"])
            assert possible.height_cm[0] < float(row["height_cm"]) - reach
            assert possible.height_cm[1] > float(row["height_cm"]) + reach
            spread = np.exp(3.0 * float(row["log_bmi_sd"]))
            assert possible.bmi[0] < float(row["bmi"]) / spread
            assert possible.bmi[1] > float(row["bmi"]) * spread


def test_a_population_has_the_heights_and_weights_of_its_table(rng):
    men = [draw_subject("us_adults", rng, sex="male", age_y=45.0) for _ in range(3000)]
    heights, bmis = np.array([m.height_cm for m in men]), np.array([m.bmi for m in men])
    assert heights.mean() == pytest.approx(176.4, abs=0.5)
    assert heights.std() == pytest.approx(7.4, rel=0.06)
    assert np.exp(np.log(bmis).mean()) == pytest.approx(30.1, rel=0.02)
    assert np.corrcoef(heights, [m.weight_kg for m in men])[0, 1] == pytest.approx(0.42, abs=0.08)


def test_people_are_shorter_in_old_age(rng):
    young, old = (
        np.mean([draw_subject("japan_adults", rng, sex="female", age_y=age).height_cm for _ in range(400)])
        for age in (25.0, 85.0)
    )
    assert young - old > 8


def test_what_is_known_stays_and_draws_the_rest_with_it(rng):
    tall = [draw_subject("europe_adults", rng, height_cm=192.0) for _ in range(300)]
    assert all(one.height_cm == 192.0 for one in tall)
    assert sum(one.sex == "male" for one in tall) > 285
    heavy = [draw_subject("us_adults", rng, sex="male", age_y=40.0, weight_kg=140.0) for _ in range(300)]
    assert all(one.weight_kg == 140.0 for one in heavy)
    assert np.mean([one.height_cm for one in heavy]) > 178
    newborn = [draw_subject("world", rng, weight_kg=3.2) for _ in range(50)]
    assert max(one.age_y for one in newborn) < 0.5


@pytest.mark.parametrize(
    ("request_form", "said"),
    [
        ({"population": "mars"}, "us_adults"),
        ({"population": "us_adults", "age_y": 5.0}, "us_adults has people of 18 to 90 years"),
        ({"population": "world", "height_cm": 229.0}, "height_cm is 229"),
        ({"population": "world", "age_y": 30.0, "weight_kg": 5.0}, "weight_kg is 5"),
    ],
)
def test_a_request_that_nobody_meets_is_refused(request_form, said, rng):
    with pytest.raises(RecipeError, match=said):
        Person(**request_form)(rng)


@pytest.mark.parametrize("organ", ICRP_145, ids="+".join)
def test_the_reference_adults_have_the_organs_of_icrp_145(organ):
    for sex, volume in zip(("male", "female"), ICRP_145[organ], strict=True):
        measured = mean_organs(reference_adult(sex))
        assert sum(measured[name] for name in organ) == pytest.approx(volume, rel=0.02)


def test_children_have_the_organ_masses_of_icrp_89():
    """Liver of the five-year-old over the adult's: 570 g over 1800 g; brain of the one-year-old, 950 over 1450 g."""
    man = mean_organs(reference_adult("male"))
    assert mean_organs(icrp_person("male", 5.0))["liver"] / man["liver"] == pytest.approx(570 / 1800, rel=0.03)
    assert mean_organs(icrp_person("male", 1.0))["brain"] / man["brain"] == pytest.approx(950 / 1450, rel=0.03)


@pytest.mark.parametrize("sex", SEXES)
def test_nothing_jumps_from_birth_to_ninety(sex):
    ages = np.concatenate([np.linspace(0, 2, 101), np.linspace(2.05, 90, 1800)])
    means = [everything(icrp_person(sex, float(age))) for age in ages]
    for name in means[0]:
        curve = np.array([mean[name] for mean in means])
        assert np.isfinite(curve).all(), name
        if curve.any():
            assert (curve > 0).all(), name
            assert np.abs(np.diff(np.log(curve))).max() < 0.1, name


@pytest.mark.parametrize("sex", SEXES)
def test_growth_and_ageing_go_the_right_way(sex):
    baby, child, adult, old = (everything(icrp_person(sex, age)) for age in (0.0, 8.0, 40.0, 85.0))
    for name in ("liver", "lungs", "heart_wall", "ascending_aorta", "chest_breadth_mm", "L3 height_anterior_mm"):
        assert baby[name] < child[name] < adult[name]
    assert old["ascending_aorta"] > adult["ascending_aorta"] + 3
    assert old["thymus"] < adult["thymus"] < child["thymus"]
    assert old["kyphosis_deg"] > adult["kyphosis_deg"]
    assert old["brain"] < adult["brain"]
    assert baby["rib_slope_deg"] < 10 < 30 < adult["rib_slope_deg"]
    assert (
        baby["chest_depth_mm"] / baby["chest_breadth_mm"]
        > 0.88
        > adult["chest_depth_mm"] / adult["chest_breadth_mm"] - 0.02
    )


def test_prostates_grow_and_only_men_have_them():
    assert "prostate" not in mean_organs(reference_adult("female"))
    assert "uterus" not in mean_organs(reference_adult("male"))
    young, old = (mean_organs(Subject("male", age, 176.0, 80.0))["prostate"] for age in (30.0, 75.0))
    assert old > 1.8 * young


def test_the_liver_follows_body_surface_as_in_vauthey_2002():
    """-794.41 + 1267.28 BSA, relative to the reference man."""
    reference = reference_adult("male")
    for height_cm, weight_kg in ((165.0, 60.0), (185.0, 90.0), (176.0, 100.0)):
        man = Subject("male", 40.0, height_cm, weight_kg)
        ratio = mean_organs(man)["liver"] / mean_organs(reference)["liver"]
        vauthey = (1267.28 * man.surface_m2 - 794.41) / (1267.28 * reference.surface_m2 - 794.41)
        assert ratio == pytest.approx(vauthey, rel=0.05)


def test_lung_capacities_of_gli_2021():
    """A man of 40 years and 176 cm: FRC 3.37 L, TLC 7.0 L within the spline; a newborn about 27 mL/kg."""
    assert gas_ml("FRC", "male", 40.0, 176.0) == pytest.approx(3350, rel=0.05)
    assert gas_ml("TLC", "male", 40.0, 176.0) == pytest.approx(6900, rel=0.05)
    assert gas_ml("FRC", "male", 0.0, 51.0) / 3.5 == pytest.approx(27, abs=4)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("bmi", [16.0, 20.0, 25.0, 32.0, 40.0, 55.0])
def test_the_organs_weigh_as_much_as_the_person(sex, bmi):
    """Fat, muscle, skin, organs and trunk bones make 85 to 105 % of an adult; arm and leg bones are not counted."""
    height_cm = reference_adult(sex).height_cm
    adult = Subject(sex, 40.0, height_cm, bmi * (height_cm / 100) ** 2)
    volumes = mean_organs(adult)
    wholes = [trait.name for trait in traits("organs", sex) if trait.name not in ("lung_gas", "visceral_fat")]
    density = {name: 1.9 if name.endswith("_cortical") else 0.94 if name == "adipose" else 1.05 for name in wholes}
    assert 0.85 < sum(volumes[name] * density[name] for name in wholes) / 1000 / adult.weight_kg < 1.05


def test_a_heavier_person_is_wider_and_fatter():
    slim, heavy = (everything(Subject("male", 40.0, 176.0, weight)) for weight in (65.0, 120.0))
    for name in ("waist_breadth_mm", "waist_depth_mm", "fat_abdomen_anterior_mm", "adipose", "visceral_fat"):
        assert heavy[name] > slim[name]
    assert heavy["visceral_fat"] / slim["visceral_fat"] > heavy["waist_breadth_mm"] / slim["waist_breadth_mm"]
    assert heavy["sitting_height_mm"] == pytest.approx(slim["sitting_height_mm"], rel=0.02)


@pytest.mark.parametrize("table", TRAIT_TABLES)
def test_draws_have_the_mean_spread_and_correlation_of_the_table(table, rng):
    subject = reference_adult("female")
    draws = {"organs": draw_organs, "calibres": draw_calibres, "shape": draw_shape, "vertebrae": draw_vertebrae}
    names = [trait.name for trait in traits(table, "female")]
    many = [flat(draws[table](subject, rng)) for _ in range(1500)]
    log = np.log([[one[name] for name in names] for one in many])
    means = flat(
        {"organs": mean_organs, "calibres": mean_calibres, "shape": mean_shape, "vertebrae": mean_vertebrae}[table](
            subject
        )
    )
    for column, trait in zip(log.T, traits(table, "female"), strict=True):
        assert np.exp(column).mean() == pytest.approx(means[trait.name], rel=0.03 + 0.1 * trait.spread)
        assert column.std() == pytest.approx(trait.spread, rel=0.1)
    assert np.abs(np.corrcoef(log.T) - correlation(table, "female")).max() < 0.13


def flat(drawn):
    if isinstance(drawn, Shape):
        return vars(drawn)
    if "L1" in drawn:
        return {f"{level}_{k}": v for level, one in drawn.items() for k, v in vars(one).items()}
    return drawn


def test_correlations_say_what_they_should():
    names = [trait.name for trait in traits("organs", "male")]
    r = correlation("organs", "male")
    assert r[names.index("kidney_left"), names.index("kidney_right")] > 0.8
    assert 0.2 < r[names.index("liver"), names.index("spleen")] < 0.5
    assert r[names.index("adipose"), names.index("skeletal_muscle")] < -0.4


def test_the_same_generator_draws_the_same_person():
    subject = reference_adult("male")
    one, again = (draw_organs(subject, np.random.default_rng(4)) for _ in range(2))
    assert one == again


def test_every_latent_is_plain(rng):
    subject = draw_subject("world", rng)
    drawn = [draw_organs(subject, rng), draw_calibres(subject, rng), vars(draw_shape(subject, rng))]
    drawn += [vars(one) for one in draw_vertebrae(subject, rng).values()]
    assert all(type(value) is float for one in drawn for value in one.values())
    assert json.loads(json.dumps(drawn)) == drawn
    assert json.loads(json.dumps(dataclasses.asdict(subject)))["age_y"] == subject.age_y


@pytest.mark.parametrize("file", sorted(PEOPLE.glob("*.csv")), ids=lambda file: file.stem)
def test_every_number_has_a_source(file):
    with file.open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            assert len(row["source"]) > 3, row
            assert None not in row.values(), row


@pytest.mark.parametrize("table", TRAIT_TABLES)
def test_every_curve_and_pair_that_a_table_names_is_there(table):
    for sex in SEXES:
        curves = {row["curve"] for row in rows_of("growth", sex)}
        ageings = {row["curve"] for row in rows_of("ageing", sex)}
        for trait in traits(table, sex):
            assert trait.growth in curves
            assert trait.ageing in ageings
    names = {trait.name for sex in SEXES for trait in traits(table, sex)}
    for row in rows("correlations"):
        if row["table"] == table:
            assert {row["one"], row["other"]} <= names
