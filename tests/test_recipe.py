"""What a recipe may say, and the one clear error for each thing it may not."""

import copy

import pytest
from toys import Block, Camera, Hiss

from pipelines.build import build, describe
from pipelines.plain import parse_yaml
from pipelines.recipe import load, protocol, recipe
from simdata import Phantom, RecipeError, Scanner, Subject

TOYS = ("toys",)
PLAIN = {
    "phantom": {"kind": "toys.Block", "edge": 12},
    "grow": [{"kind": "toys.Dot"}],
    "scan": [{"kind": "toys.Camera", "effects": [{"kind": "toys.Hiss", "sigma": 2.0}]}],
}


def changed(path, value):
    tree = copy.deepcopy(PLAIN)
    *steps, last = path
    node = tree
    for step in steps:
        node = node[step]
    node[last] = value
    return tree


def test_parts_are_built_with_their_nested_parts_and_defaults():
    made = protocol(PLAIN, TOYS)
    assert made.phantom == Block(edge=12)
    assert made.scan == (Camera(effects=(Hiss(sigma=2.0),)),)


def test_a_described_part_builds_itself_again():
    camera = Camera(gain=3.0, effects=(Hiss(name="quiet", sigma=0.1), Hiss(sigma=2.0)))
    assert build(describe(camera), Scanner, "scan[0]", TOYS) == camera


def test_a_subject_needs_no_kind():
    made = build({"kind": "toys.Block", "subject": {"sex": "male", "age_y": 60}}, Phantom, "phantom", TOYS)
    assert made.subject.sex == "male"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("phantom", "egde"), 12, "phantom: Block has no 'egde'; did you mean 'edge'?"),
        (("phantom", "edge"), "12", "phantom: Block edge is '12'; it should be a valid integer"),
        (("phantom", "edge"), True, "phantom: Block edge is True"),
        (("phantom", "edge"), 3, "phantom: Block edge is 3; it should be greater than or equal to 8"),
        (("scan", 0, "gain"), float("inf"), "scan[0]: Camera gain is inf; it should be a finite number"),
        (("scan", 0, "gain"), float("nan"), "it should be a finite number"),
        (("scan", 0, "gain"), None, "scan[0]: Camera gain is None; it should be a valid number"),
        (("phantom", "edge"), {"unifrom": [8, 9]}, "did you mean 'uniform'?"),
        (("phantom", "subject"), {"age": 50}, "phantom.subject: Subject has no 'age'; did you mean 'age_y'?"),
        (("phantom", "subject"), {"sex": "x"}, "phantom.subject: Subject sex is 'x'; it should be 'female' or 'male'"),
        (("phantom", "kind"), "toys.Blok", "phantom: toys has no 'Blok'; did you mean 'toys.Block'?"),
        (("phantom", "kind"), "toys.Camera", "phantom: toys.Camera is not a Phantom"),
        (("phantom", "kind"), "simdata.parts.Phantom", "a kind of part, not a part"),
        (("phantom", "kind"), "os.path.join", "not in the packages simdata, phantoms"),
        (("phantom", "kind"), "subprocess.Popen", "allow it with --plugin subprocess"),
        (("phantom", "kind"), "toys.subprocess.Popen", "phantom: kind 'toys.subprocess.Popen'"),
        (("phantom", "kind"), 7, "a dotted path"),
        (("phantom",), {"edge": 12}, "phantom: no 'kind' found"),
        (("phantom",), None, "there is no 'phantom'"),
        (("grow",), {"kind": "toys.Dot"}, "grow: found dict; a list would do"),
        (("grow", 0), "toys.Dot", "grow[0]: found 'toys.Dot'; a mapping with 'kind' would do"),
        (("grow",), [{"kind": "toys.Dot"}] * 2, "grow[1]: another part is called 'dot' too"),
        (("scan", 0, "effects"), [{"kind": "toys.Hiss"}] * 2, "scan[0].effects[1]: another part is called 'hiss' too"),
        (("scan", 0, "effects"), [{"kind": "toys.Dot"}], "scan[0].effects[0]: toys.Dot is not a Effect"),
        (("scan", 0, "name"), "a/b", "letters, digits"),
        (("scna",), [], "a recipe has no 'scna'; did you mean 'scan'?"),
        (("seed",), -1, "seed: found -1"),
        (("count",), 0, "count: found 0"),
        (("count",), "many", "count: found 'many'"),
    ],
)
def test_a_wrong_recipe_says_where_what_and_what_would_do(path, value, said):
    with pytest.raises(RecipeError) as error:
        recipe(changed(path, value), TOYS)
    assert said in str(error.value)


def test_two_parts_of_one_kind_live_side_by_side_with_a_name():
    tree = changed(("grow",), [{"kind": "toys.Dot"}, {"kind": "toys.Dot", "name": "second"}])
    assert [part.label for part in recipe(tree, TOYS).draw(0).grow] == ["dot", "second"]


def test_a_die_whose_end_is_out_of_range_is_refused_before_any_work():
    with pytest.raises(RecipeError, match="edge is 4"):
        recipe(changed(("phantom", "edge"), {"integer": [4, 20]}), TOYS)


def test_every_option_of_a_choice_is_checked():
    options = {"choice": [{"kind": "toys.Block"}, {"kind": "toys.Block"}, {"kind": "toys.Nothing"}]}
    with pytest.raises(RecipeError, match="toys has no 'Nothing'"):
        recipe(changed(("phantom",), options), TOYS)


def test_a_foreign_package_needs_permission():
    with pytest.raises(RecipeError, match="allow it with --plugin toys"):
        recipe(PLAIN)


def test_set_changes_one_value_by_name_or_number(toy_file):
    assert load(toy_file, ["scan.loud.gain=7"], TOYS).draw(0).scan[1].gain == 7
    assert load(toy_file, ["scan.1.gain=7.5", "seed=9"], TOYS).seed == 9
    assert load(toy_file, ["phantom.edge={integer: [30, 30]}"], TOYS).draw(0).phantom.edge == 30


def test_set_reaches_into_what_the_recipe_left_to_its_default(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text("phantom: {kind: toys.Block}\n")
    assert load(path, ["phantom.subject.sex=male", "phantom.subject.age_y=50"], TOYS).draw(0).phantom == Block(
        subject=Subject(sex="male", age_y=50)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("scan.loud.gain", "found no '='"),
        ("scan.lout.gain=1", "did you mean 'loud'?"),
        ("scan.9.gain=1", "a name (camera, loud) or 0 to 1 would do"),
        ("phantm.edge=9", "did you mean 'phantom'?"),
        ("phantom.subjct.age_y=50", "phantom: Block has no 'subjct'; did you mean 'subject'?"),
        ("phantom.edge.low=9", "phantom.edge.low=9: 'phantom.edge' is {'integer': [12, 20]}"),
        ("phantom.edge.integer.0=9.5", "two whole numbers"),
        ("phantom.edge=[", "--set phantom.edge=["),
    ],
)
def test_a_wrong_change_is_refused(toy_file, change, said):
    with pytest.raises(RecipeError) as error:
        load(toy_file, [change], TOYS)
    assert said in str(error.value)


def test_toml_is_read_too(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(
        'seed = 3\n[phantom]\nkind = "toys.Block"\nedge = {integer = [9, 12]}\n[[scan]]\nkind = "toys.Camera"\n'
    )
    assert 9 <= load(path, plugins=TOYS).draw(0).phantom.edge <= 12


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", b"seed: 1\nseed: 2\n", "line 2: the key 'seed' is there twice"),
        ("a.yaml", b"phantom: {kind: \n", "line 2"),
        ("a.yaml", b"1: 2\n", "the key 1 is not a word"),
        ("a.yaml", b"\xff\xfe\x00", "not UTF-8 text"),
        ("a.yaml", b"- 1\n", "found list; a mapping"),
        ("a.yaml", b"", "a mapping with seed"),
        ("a.yaml", b"phantom: !!python/object:os.system {}\n", "could not determine a constructor"),
        ("a.yaml", b"phantom: &it {kind: toys.Block, subject: *it}\n", "more than 100 deep"),
        ("a.yaml", b"phantom: &it [*it, *it]\n", "more than 100 deep"),
        ("a.yaml", b"phantom: " + 2000 * b"[", "more than 100 deep"),
        ("a.toml", b"seed = " + 2000 * b"[", "more than 100 deep"),
        ("a.toml", b"seed = \n", "not TOML"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecipeError) as error:
        load(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(RecipeError, match="No such file"):
        load(tmp_path / "none.yaml")


def test_a_number_in_scientific_notation_is_a_number():
    assert parse_yaml("a: [1e-3, 2.5E6, -1e+2, 1.e3]", "here") == {"a": [1e-3, 2.5e6, -100.0, 1e3]}
