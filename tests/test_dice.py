import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dice import draw, probe, probes
from simdata import RecipeError, Streams


def rolls(die, count=2000):
    return np.array([draw({"x": die}, Streams(1, index))["x"] for index in range(count)])


def test_uniform_covers_its_range_evenly():
    fell = rolls({"uniform": [2, 4]})
    assert fell.min() >= 2
    assert fell.max() <= 4
    assert fell.mean() == pytest.approx(3, abs=0.05)


def test_integer_includes_both_ends():
    assert set(rolls({"integer": [1, 3]}, 100)) == {1, 2, 3}


def test_loguniform_gives_every_decade_its_share():
    fell = rolls({"loguniform": [1, 100]})
    assert (fell < 10).mean() == pytest.approx(0.5, abs=0.05)
    assert fell.min() >= 1
    assert fell.max() <= 100


def test_normal_has_its_mean_and_deviation():
    fell = rolls({"normal": [5, 2]})
    assert fell.mean() == pytest.approx(5, abs=0.2)
    assert fell.std() == pytest.approx(2, abs=0.15)


def test_choice_takes_any_value_and_rolls_dice_inside_it():
    fell = [draw({"x": {"choice": [7, {"integer": [1, 2]}]}}, Streams(1, index))["x"] for index in range(50)]
    assert set(fell) == {7, 1, 2}


def test_a_drawn_tree_has_no_dice_and_keeps_its_plain_values():
    tree = {"phantom": {"kind": "a.B", "size": [1, {"uniform": [0, 1]}], "word": "uniform"}}
    drawn = draw(tree, Streams(3))
    assert drawn["phantom"]["word"] == "uniform"
    assert isinstance(drawn["phantom"]["size"][1], float)
    assert drawn == draw(drawn, Streams(4))


def test_inserting_a_part_leaves_the_dice_of_the_others_alone():
    lesion = {"kind": "x.Lesion", "mm": {"uniform": [0, 1]}}
    cyst = {"kind": "x.Cyst", "mm": {"uniform": [0, 1]}}
    alone = draw({"grow": [lesion]}, Streams(1))["grow"]
    both = draw({"grow": [cyst, lesion]}, Streams(1))["grow"]
    assert both[1] == alone[0]
    assert both[0]["mm"] != both[1]["mm"]


@given(st.integers(0, 2**40), st.integers(0, 1000))
def test_the_same_seed_and_index_roll_the_same(seed, index):
    tree = {"a": {"uniform": [0, 1]}, "b": [{"choice": [1, 2, 3]}]}
    assert draw(tree, Streams(seed, index)) == draw(tree, Streams(seed, index))


def test_probing_shows_every_extreme():
    tree = {"a": {"uniform": [1, 2]}, "b": {"choice": ["x", "y", "z"]}}
    seen = [probe(tree, turn) for turn in range(probes(tree))]
    assert {tree["a"] for tree in seen} == {1, 2}
    assert {tree["b"] for tree in seen} == {"x", "y", "z"}


@pytest.mark.parametrize(
    ("die", "said"),
    [
        ({"uniform": [4, 2]}, "the lower number first"),
        ({"uniform": [4]}, "two numbers"),
        ({"uniform": 4}, "a list would do"),
        ({"uniform": ["a", "b"]}, "two numbers"),
        ({"uniform": [0, float("inf")]}, "finite"),
        ({"integer": [1, 2.5]}, "whole"),
        ({"integer": [1, 2**63]}, "finite numbers would do, of at most 9.2e"),
        ({"uniform": [1, 10**400]}, "finite numbers would do, of at most 1.8e"),
        ({"loguniform": [0, 2]}, "above 0"),
        ({"normal": [0, -1]}, "deviation of at least 0"),
        ({"choice": []}, "at least one"),
    ],
)
def test_an_impossible_die_says_where_and_what_would_do(die, said):
    with pytest.raises(RecipeError, match=said) as error:
        draw({"grow": [{"kind": "x.Y", "mm": die}]}, Streams(1))
    assert str(error.value).startswith("grow[0].mm: the die is")
