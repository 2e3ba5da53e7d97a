"""Parameter files of XCAT become recipes, and what has no counterpart is told."""

import json

import pytest
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.recipe import load
from pipelines.xcat.translate import translate
from simdata import RecipeError

PAR = """# A patient who breathes and whose heart beats.
mode = 0
motion_option = 2   # both
gender = 1          # female
arms_flag = 1
phantom_height_scale = 1.05
vol_liver = 1500
vol_rthyroid = 6
vol_lthyroid = 5
resp_period = 4
resp_start_ph_index = 0.25
max_diaphragm_motion = 1.5
max_AP_exp = 0.6 #0.5
hrt_period = 0.8
hrt_v1 = 120.0
hrt_v2 = 48.0
coronary_art_flag = 1
pixel_width = 0.3
slice_width = 0.6
array_size = 128
startslice = 180
endslice = 239
x_location = 40
y_location = 60
z_location = 20
lesn_diameter = 18.0
p_id = lad1
p_height = 1.85
p_length = 6
motion_defect_flag = 0
ThetaCenter = 90.0
ThetaWidth = 100
XCenterIndex = 0.5
XWidthIndex = 40
motion_scale = 0.2
thickness_ribs = 0.5
thickness_skull = 0.2
liver_activity = 75
"""


def par(tmp_path, **changes):
    lines = [line for line in PAR.splitlines() if line.split(" ")[0] not in changes]
    path = tmp_path / "patient.par"
    path.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in changes.items()), ""]))
    return path


def part(made, name):
    return next(piece.tree for piece in made.pieces if piece.tree["kind"].endswith(f".{name}"))


def test_a_body_has_the_sex_size_organs_and_grid_of_the_file(tmp_path):
    torso = part(translate(par(tmp_path)), "Torso")
    assert torso["subject"] == {"sex": "female", "age_y": 40.0, "height_cm": 171.2, "weight_kg": 63.0}
    assert torso["organs"] == {"liver_ml": 1500.0, "thyroid_gland_ml": 11.0}
    assert torso["arms"] == "down"
    assert torso["voxel_mm"] == 3.0
    assert torso["shape"] == [128, 128, 120]
    assert torso["centre_mm"][2] == pytest.approx(209 * 6 - 1182 * 1.05, abs=0.1)


def test_breath_and_heartbeat_are_those_of_the_file(tmp_path):
    made = translate(par(tmp_path))
    breathing, heartbeat = part(made, "Breathing"), part(made, "Heartbeat")
    assert breathing["diaphragm_mm"] == 15.0
    assert breathing["sternum_share"] == 0.4
    assert (breathing["trace"]["period_s"], breathing["trace"]["start"]) == (4.0, 0.25)
    assert heartbeat["rate_bpm"] == 75.0
    assert heartbeat["end_diastolic_ml"] == 120.0
    assert heartbeat["ejection_fraction"] == 0.6
    alone = [piece.tree["kind"] for piece in translate(par(tmp_path, motion_option=1)).pieces]
    assert not any(kind.endswith("Heartbeat") for kind in alone)
    alone = [piece.tree["kind"] for piece in translate(par(tmp_path, motion_option=0)).pieces]
    assert not any(kind.endswith("Breathing") for kind in alone)


def test_a_defect_of_motion_lies_in_the_segments_that_it_covers(tmp_path):
    lateral = part(translate(par(tmp_path, motion_defect_flag=1)), "Heartbeat")
    assert lateral["hypokinesia"] == [[11, 0.2], [12, 0.2]]
    apex = part(translate(par(tmp_path, motion_defect_flag=1, XCenterIndex=1.0, ThetaWidth=360)), "Heartbeat")
    assert [segment for segment, _ in apex["hypokinesia"]] == [13, 14, 15, 16, 17]


def test_a_lesion_and_a_plaque_are_drawn_in_their_modes_alone(tmp_path):
    kinds = [piece.tree["kind"].rpartition(".")[2] for piece in translate(par(tmp_path)).pieces]
    assert not {"Nodule", "Stenosis"} & set(kinds)
    nodule = part(translate(par(tmp_path, mode=2)), "Nodule")
    assert nodule["diameter_mm"] == 18.0
    centre = part(translate(par(tmp_path, mode=2)), "Torso")["centre_mm"]
    wanted = (centre[0] + 3 * 23.5, centre[1] + 3 * 3.5, centre[2] + 3 * (40 - 59.5))
    assert nodule["centre_mm"] == pytest.approx(wanted, abs=0.01)
    stenosis = part(translate(par(tmp_path, mode=3)), "Stenosis")
    assert (stenosis["percent"], stenosis["length_mm"]) == (50.0, 6.0)


def test_what_has_no_counterpart_is_told_with_its_line_and_why(tmp_path):
    made = translate(par(tmp_path, nobody_knows=3))
    mattering = {key.key: key for key in made.lost if key.matters}
    assert set(mattering) == {"thickness_ribs", "nobody_knows"}
    assert mattering["thickness_ribs"].line == 1 + PAR.splitlines().index("thickness_ribs = 0.5")
    assert {key.key for key in made.lost} > {"thickness_skull", "liver_activity", "ThetaCenter", "lesn_diameter"}
    assert made.found + len(made.lost) == PAR.count(" = ") + 1
    assert "thickness_ribs: the thickness of walls" in made.recipe()


def test_the_command_writes_a_recipe_that_can_be_run(tmp_path):
    out = tmp_path / "recipe.yaml"
    said = CliRunner().invoke(app, ["import-xcat", str(par(tmp_path, mode=2)), "--out", str(out), "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    assert "vol_liver" in told["translated"]
    assert load(out).tree["phantom"]["arms"] == "down"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gender": 2}, "line 38: gender: found 2; 0, 1 would do"),
        ({"hrt_v2": 130}, "hrt_v2: found 130 mL; less than 120 mL"),
        ({"hrt_v2": 5}, "at most 0.85 would do"),
        ({"resp_period": "slow"}, "line 38: resp_period: found 'slow'; a number would do"),
        ({"max_AP_exp": 4}, "max_AP_exp: found 4 cm"),
        ({"pixel_width": 2}, "pixel_width: found 2 cm; 0.03 to 0.8 cm would do"),
        ({"endslice": 3}, "endslice: found 3; 180"),
        ({"mode": 3, "p_id": "aorta"}, "p_id: found 'aorta'; rca1"),
        ({"mode": 3, "p_height": 9}, "p_height: found 9 mm"),
        ({"motion_defect_flag": 1, "XCenterIndex": 0.35, "XWidthIndex": 9}, "ThetaWidth: found 100 degrees by 9 mm"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path, changes, said):
    with pytest.raises(RecipeError, match=r"patient\.par") as error:
        translate(par(tmp_path, **changes))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no line such as"),
        ("gender = 0\narms flag 1\n", "line 2: found 'arms flag 1'"),
        ("gender = 0\n# gender\ngender = 1\n", "line 3: 'gender' stands in line 1, too"),
        ("gender =\n", "line 1: found 'gender ='"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path, text, said):
    path = tmp_path / "broken.par"
    path.write_text(text)
    with pytest.raises(RecipeError) as error:
        translate(path)
    assert said in str(error.value)
    with pytest.raises(RecipeError, match="No such file"):
        translate(tmp_path / "nowhere.par")
