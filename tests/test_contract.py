"""A newcomer's part that lacks something: one line says what, and what would do."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.make import make
from pipelines.recipe import protocol
from simdata import RecipeError, SceneError, SimdataError
from simdata.errors import did_you_mean, noted

ALLOWED = ("toys", "unfinished")


def tree(slot, part):
    """A recipe of toys with `part` in one of its slots."""
    made = {"phantom": {"kind": "toys.Block", "edge": 8}, "scan": [{"kind": "toys.Camera"}]}
    if slot == "effects":
        made["scan"][0]["effects"] = [part]
    else:
        made[slot] = part if slot == "phantom" else [part]
    return made


@pytest.mark.parametrize(
    ("name", "slot", "given", "said"),
    [
        ("NoDecorator", "grow", {}, "is no dataclass; '@dataclass(frozen=True, kw_only=True)' above it would do"),
        ("NoVerb", "grow", {}, "has no __call__; the verbs of its kind"),
        ("NoReconstruct", "scan", {}, "has no reconstruct; the verbs of its kind"),
        ("ListField", "grow", {"at_mm": [1.0]}, "'at_mm' is a list, which a recipe cannot give; 'at_mm: tuple[float"),
        ("ArrayField", "grow", {}, "'at_mm' is a ndarray, which a recipe cannot give"),
        ("NoType", "grow", {"width_mm": 4.0}, "has a 'width_mm' without a type; 'width_mm: float = ...' in the class"),
        ("UnknownType", "grow", {}, "the type of a field is not known: name 'Dice' is not defined; importing it"),
        ("Refuses", "grow", {}, "grow[0]: Refuses: ValueError: never"),
        ("Refuzes", "grow", {}, "unfinished has no 'Refuzes'; did you mean 'unfinished.Refuses'?"),
    ],
)
def test_an_unfinished_class_is_refused_with_the_recipe(name, slot, given, said):
    with pytest.raises(RecipeError) as error:
        protocol(tree(slot, {"kind": f"unfinished.{name}", **given}), ALLOWED)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "slot", "said"),
    [
        ("GivesNoPatient", "phantom", "givesnopatient gave NoneType; a Scene would do (in stage phantom)"),
        ("GivesNothing", "grow", "givesnothing gave NoneType; a Scene would do (in stage grow/givesnothing)"),
        ("SpoilsInPlace", "effects", "camera.effects.spoilsinplace gave NoneType; a Raw would do"),
        ("GivesArray", "scan", "givesarray.measure gave ndarray; a Raw would do"),
        ("GivesComplex", "scan", "its values are complex128; real numbers, such as float32 or int16, would do"),
        ("GivesNaN", "scan", "givesnan: its image holds NaN or infinite values; finite numbers would do"),
    ],
)
def test_a_part_that_gives_something_else_is_named_in_its_own_stage(name, slot, said):
    with pytest.raises(SceneError) as error:
        make(protocol(tree(slot, {"kind": f"unfinished.{name}"}), ALLOWED), 1, 0)
    assert said in f"{error.value}{noted(error.value)}"


def test_labels_of_another_type_are_refused_where_nobody_checks_annotations():
    code = f"""
from pipelines.make import make
from pipelines.recipe import protocol
make(protocol({tree("grow", {"kind": "unfinished.WideLabels"})}, {ALLOWED}), 1, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert "SceneError: Scene: labels holds int64; labels.astype(np.uint16) would do" in done.stderr


def test_a_long_list_of_what_would_do_is_cut():
    said = did_you_mean("zebra", [f"part_{n:03d}" for n in range(300)])
    assert said.endswith("part_019 and 280 more")
    assert did_you_mean("zebra", ["b", "a"]) == "choose from: a, b"


def test_a_package_that_is_not_there_says_where_it_may_lie():
    with pytest.raises(
        SimdataError, match=r"'nolab' cannot be imported: .*; its folder as the working folder, or 'pip"
    ):
        protocol(tree("grow", {"kind": "nolab.oct.OCT"}), (*ALLOWED, "nolab"))
