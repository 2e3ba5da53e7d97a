"""`simdata vessels`: one bed as a file, a picture and numbers."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pipelines.eye import DISEASES
from pipelines.vessel_portrait import vessel_portrait
from pipelines.vessels import BEDS, about, grow, page
from simdata import vessel_tree
from vascular.formats import load


def simdata(*arguments):
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_bed_becomes_a_file_a_picture_and_numbers(tmp_path):
    files = [tmp_path / name for name in ("tree.vtp", "tree.png", "tree.json")]
    out, picture, numbers = files
    done = simdata("vessels", "cco", "--seed", 1, "--out", out, "--png", picture, "--json", numbers)
    assert done.returncode == 0, done.stderr
    assert "exponent_artery" in done.stdout
    made, vessels = json.loads(numbers.read_text()), load(out)
    assert made["segments"] == len(vessels.segments) == 3999
    assert made["seconds"] > 0
    assert 60 < made["bifurcation_angle_deg"] < 90
    assert len(np.unique(np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3), axis=0)) > 50
    first = out.read_bytes()
    assert simdata("vessels", "cco", "--seed", 1, "--out", out, "--quiet").stdout == ""
    assert out.read_bytes() == first
    simdata("vessels", "cco", "--seed", 2, "--out", out)
    assert out.read_bytes() != first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kidny", "--out", "x.vtp"], "no bed is called 'kidny'; did you mean 'kidney'?"),
        (["cco", "--out", "x.stl"], "x.stl: no format of vessels ends in '.stl'"),
        (["cco"], "Missing option"),
        (["cco", "--out", "x.vtp", "--png", "x.foo"], "--png: found 'x.foo'; a file that ends in .png would do"),
        (
            ["retina", "--out", "x.vtp", "--disease", "retinopathy"],
            "'retinopathy'; did you mean 'diabetic_retinopathy'?",
        ),
        (["retina", "--out", "x.vtp", "--field-mm", 30], "--field-mm: found 30; 1 to 12"),
        (["liver", "--out", "x.vtp", "--field-mm", 3], "--field-mm is of a retina, found with 'liver'"),
        (["liver", "--out", "x.vtp", "--disease", "healthy"], "--disease is of a retina, found with 'liver'"),
    ],
)
def test_a_wrong_request_ends_with_2_and_one_line(arguments, said):
    done = simdata("vessels", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("bed", BEDS)
def test_every_bed_has_an_example_that_can_be_measured_and_drawn(bed):
    grown = grow(bed, 1)
    assert len(grown.vessels) > 1000
    assert about(grown)["bifurcations"] > 500
    picture = page(grown)
    assert picture.width > picture.height * 0.8


@pytest.mark.parametrize("disease", DISEASES)
def test_a_retina_has_the_field_and_the_disease_that_are_asked_for(disease):
    grown = grow("retina", 3, 2.0, disease)
    found = about(grown)
    assert (found["field_mm"], found["disease"]) == (2.0, disease)
    assert np.abs(grown.vessels.points_mm[:, :2]).max() == pytest.approx(1.0, abs=0.02)
    kind = {"healthy": None, "occlusion": "occlusion", "retinopathy": "microaneurysm"}[disease.split("_")[-1]]
    assert (kind in found["findings"]) if kind else not found["findings"]


def test_a_near_vessel_hides_a_far_one_and_links_are_drawn():
    points = np.array([(-9.0, -5, 0), (9, -5, 0), (0, 5, -9), (0, 5, 9)])
    cross = vessel_tree(points, np.array([-1, 0, -1, 2]), np.full(4, 2.0), links=np.array([(0, 3)]))
    red, green = (200, 0, 0), (0, 200, 0)
    picture = np.asarray(vessel_portrait(cross, np.array([red, red, green, green]), 200))
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert middle[1] > 100 > middle[0]
    quarter = picture[picture.shape[0] // 4, 150 - 1]
    assert quarter.max() > 60
