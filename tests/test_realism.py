"""The realism report: every measure on a patient whose answer is known, and the page made of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from phantoms.people import mean_organs, reference_adult
from phantoms.people.traits import traits
from pipelines.generate import generate
from pipelines.realism import realism
from pipelines.realism.atlas import Atlas, Piece
from pipelines.realism.contacts import Surfaces, faces
from pipelines.realism.ellipsoids import ellipsoid_torso
from pipelines.realism.figures import rows
from pipelines.realism.grey import common_levels, emd_hu, likeness, noise_hu
from pipelines.realism.levels import level_figures
from pipelines.realism.organs import organ_figures
from pipelines.realism.partition import astray, holes, partition_figures
from pipelines.realism.scans import Scan, read_scans
from pipelines.realism.spine import spine_figures
from pipelines.realism.vertebrae import LEVELS, Ladder, vertebral_bodies
from pipelines.recipe import load
from simdata import DatasetError, Grid, Scene, structure
from simdata.structures import structures

REAL = Path(os.environ.get("SIMDATA_REAL_DATA", "")) / "ct_real"


def blocks(shape, voxel_mm=1.0, **where):
    """A patient of fat with a structure in each block of voxels."""
    labels = np.full(shape, structure("visceral_fat").id, np.uint16)
    for name, block in where.items():
        labels[block] = structure(name).id
    return Atlas.of(Scene(Grid.regular(shape, voxel_mm), labels))


def test_an_organ_one_spread_larger_than_the_mean_has_a_z_score_of_one():
    subject = reference_adult("male")
    spread = next(trait.spread for trait in traits("organs", "male") if trait.name == "spleen")
    wanted_ml = mean_organs(subject)["spleen"] * np.exp(spread - spread**2 / 2)
    edge = round((wanted_ml * 1000) ** (1 / 3))
    atlas = blocks((90, 90, 90), spleen=np.s_[5 : 5 + edge, 5 : 5 + edge, 5 : 5 + edge], liver=np.s_[70:, 70:, 70:])
    (spleen,) = organ_figures(atlas, subject)
    assert spleen.what == "spleen", "the liver reaches the border of the field, so it is not judged"
    assert spleen.value == pytest.approx(1, abs=0.1)
    assert spleen.within


def test_a_breath_makes_the_expected_lungs_larger():
    lobes = next(row for row in rows("names") if row["name"] == "lungs")["structures"].split()
    atlas = blocks(
        (60, 60, 60), 3.0, **{name: np.s_[8 * n + 5 : 8 * n + 13, 5:50, 5:50] for n, name in enumerate(lobes)}
    )
    at_rest, deep = (organ_figures(atlas, reference_adult("female"), breath)[0].value for breath in (0.0, 1.0))
    assert deep < at_rest - 1


def test_only_what_no_way_leads_out_of_is_a_hole():
    labels = np.full((12, 12, 12), structure("visceral_fat").id, np.uint16)
    labels[0], labels[5:7, 5:7, 5:7], labels[8, 8, :] = 0, 0, 0
    whole = Scene(Grid.regular(labels.shape, 2), labels)
    assert holes(Atlas.of(whole)) == 8 + 12, "a gap that top and bottom cut open lies inside"


def test_organs_in_pieces_and_missing_structures_are_told():
    atlas = blocks((40, 40, 60), liver=np.s_[4:20, 4:20, 4:20], vertebrae_T10=np.s_[30:36, 4:10, 20:30])
    assert astray(atlas, "liver") == 0
    split = blocks((40, 40, 60), vertebrae_T10=np.s_[30:36, 4:10, 20:30], liver=np.s_[4:20:12, 4:20, 4:20])
    assert astray(split, "liver") == 0.5
    unlabelled, seen, pieces = partition_figures(split, None)
    assert (unlabelled.within, seen.within, pieces.within) == (True, False, False)
    assert "spleen" in seen.about
    assert "liver (50% apart)" in pieces.about


@pytest.mark.parametrize("turn_deg", [0, 20, 45])
def test_a_plane_of_any_direction_has_its_area(turn_deg):
    turn = Rotation.from_euler("xyz", (turn_deg, turn_deg / 2, 10 if turn_deg else 0), degrees=True).as_matrix()
    points = np.moveaxis(np.indices((60, 60, 60)), 0, -1) - 29.5
    inside = (abs(points @ turn) < (15, 12, 9)).all(axis=-1)
    _, area = faces(Piece(inside, np.ones(3), np.zeros(3)))
    assert area.sum() == pytest.approx(8 * (15 * 12 + 12 * 9 + 15 * 9), rel=0.05)


def test_contact_areas_and_gaps():
    """20 by 30 mm face to face, one voxel of fat between the liver and the kidney."""
    atlas = blocks(
        (30, 40, 50), 2.0,
        liver=np.s_[5:15, 5:20, 10:20], gallbladder=np.s_[5:15, 5:20, 20:25], kidney_right=np.s_[5:15, 5:20, 5:9],
        spleen=np.s_[20:25, 30:35, 40:45],
    )  # fmt: skip
    surfaces = Surfaces(atlas)
    assert surfaces.contact_mm2("liver", "gallbladder", 1) == pytest.approx(600, rel=0.1)
    assert surfaces.contact_mm2("liver", "kidney_right", 1) == 0
    assert surfaces.contact_mm2("liver", "kidney_right", 3) == pytest.approx(600, rel=0.1)
    assert surfaces.gap_mm("liver", "gallbladder") == 0
    assert surfaces.gap_mm("liver", "kidney_right") == 2
    assert surfaces.gap_mm("liver", "spleen") == pytest.approx(2 * np.linalg.norm((5, 10, 20)), abs=2)


def spine(voxel_mm=1.5, kyphosis_deg=40.0):
    """T1 to L1: cylinders with an arch and a process behind, tilted evenly from T4 to T12; a liver at T11."""
    levels = LEVELS[7:20]
    grid = Grid.regular((int(80 / voxel_mm), int(260 / voxel_mm), int(420 / voxel_mm)), voxel_mm)
    points = grid.points_mm()
    labels = np.zeros(grid.shape, np.uint16)
    middle = np.array([0.0, 70.0, 170.0])
    for number, level in enumerate(levels):
        tilt = np.radians(kyphosis_deg * ((number - 7) / 8))
        axes = Rotation.from_euler("x", tilt).as_matrix()
        x, y, z = np.moveaxis((points - middle) @ axes, -1, 0)
        body = ((x / 16) ** 2 + (y / 14) ** 2 < 1) & (abs(z) < 11)
        arch = (abs(x) < 3) & (y < -24) & (y > -50) & (abs(z + 6) < 6)
        pedicle = (abs(abs(x) - 10) < 3) & (y <= -8) & (y > -28) & (abs(z) < 4)
        lamina = (abs(x) < 13) & (abs(y + 26) < 3) & (abs(z) < 7)
        labels[body | arch | pedicle | lamina] = structure(f"vertebrae_{level}").id
        middle = middle - axes @ (0, 0, 27.0)
    eleventh = np.argwhere(labels == structure("vertebrae_T11").id).mean(axis=0).astype(int)
    liver = tuple(slice(c - 4, c + 5) for c in (6, eleventh[1], eleventh[2]))
    labels[liver] = structure("liver").id
    return Atlas.of(Scene(grid, labels))


def test_cobb_angle_heights_and_levels_of_a_spine_that_is_known():
    atlas = spine()
    bodies = vertebral_bodies(atlas)
    assert list(bodies) == list(LEVELS[7:20])
    found = {figure.what: figure for figure in spine_figures(bodies, reference_adult("male"), 1.5)}
    assert found["kyphosis T4-T12"].value == pytest.approx(40, abs=4)
    assert found["scoliosis (coronal Cobb)"].value < 2
    assert [found[f"height of {level}"].value for level in ("T2", "T8", "L1")] == pytest.approx([22, 22, 22], abs=1.2)
    assert "lordosis L1-S1" not in found, "there is no sacrum"
    levels = {figure.what: figure for figure in level_figures(atlas, Ladder(bodies))}
    assert levels["liver centroid"].value == pytest.approx(LEVELS.index("T11"), abs=0.3)
    assert levels["liver centroid"].within
    assert Ladder(bodies).level(-1000.0) is None


def torso_scan(shift_hu=0, slices=60, sigma=0.0, table=True):
    """An elliptic body of 40 HU in air, with lungs in its upper half and a table under it."""
    x, y, z = np.meshgrid(np.arange(96) - 47.5, np.arange(80) - 39.5, np.arange(slices), indexing="ij")
    hu = np.full(x.shape, -1000.0)
    body = (x / 42) ** 2 + (y / 26) ** 2 < 1
    hu[body] = 40 + shift_hu
    hu[((abs(x) - 18) ** 2 + (y / 1.2) ** 2 < (z - 20) * 6) & (z > 20) & (z < 50) & body] = -800 + shift_hu
    if table:
        hu[(abs(y + 32) < 2)] = 200
    noise = np.random.Generator(np.random.Philox(7)).normal(0, sigma, hu.shape) if sigma else 0
    return Scan("toy", np.rint(hu + noise).astype(np.int16), (4.0, 4.0, 5.0))


def test_the_body_is_cut_out_of_a_scan_without_the_table():
    scan = torso_scan()
    assert scan.body.sum() == (torso_scan(table=False).hu > -1000).sum()
    assert not scan.body[:, :12].any()
    assert scan.lung_share == pytest.approx((scan.hu[scan.body] == -800).mean())


def test_a_shift_of_all_grey_values_is_the_earth_movers_distance():
    assert emd_hu(torso_scan(), torso_scan(30)) == pytest.approx(30, abs=1)
    assert emd_hu(torso_scan(), torso_scan()) == 0


def test_scans_of_different_parts_are_compared_where_they_show_the_same():
    whole = torso_scan()
    part = whole.slices(15, 45)
    assert common_levels(whole, part) == ((15, 45), (0, 30))
    assert likeness(whole, part).emd_hu == 0
    assert emd_hu(whole, part) > 5


def test_noise_is_its_standard_deviation():
    assert noise_hu(torso_scan(sigma=15.0)) == pytest.approx(15, abs=1)


def test_the_ellipsoids_have_the_volumes_of_their_formulas():
    scene, step_mm = ellipsoid_torso(3.0, 3.0, 150)
    voxel_ml = 9 * step_mm / 1000
    volume = {name: scene.mask(name).sum() * voxel_ml for name in ("lung_upper_lobe_right", "kidney_left")}
    assert volume["kidney_left"] == pytest.approx(4 / 3 * np.pi * 4.5 * 1.5 * 5.5, rel=0.05)
    assert volume["lung_upper_lobe_right"] == pytest.approx(2 / 3 * np.pi * 5 * 7.5 * 24, rel=0.05)
    assert (scene.labels > 0).sum() * voxel_ml == pytest.approx(np.pi * 20 * 10 * 70, rel=0.03)
    liver, heart = (np.argwhere(scene.mask(name)).mean(axis=0)[0] for name in ("liver", "heart"))
    middle = scene.grid.shape[0] / 2
    assert heart < middle < liver, "x grows to the right"


def test_every_name_in_the_tables_is_a_structure():
    known = {entry.name for entry in structures().values()} | {row["name"] for row in rows("names")}
    named = {word for row in rows("names") for word in f"{row['structures']} {row['without']}".split()}
    named |= {word for row in rows("expected") for word in row["structures"].split()}
    named |= {row[end] for row in rows("contacts") for end in ("one", "other")}
    named |= {row["structure"] for row in rows("levels")}
    assert named <= known
    assert all(row["source"] for table in ("contacts", "levels") for row in rows(table))


CT_RECIPE = """
seed: 5
count: 2
phantom: {kind: toys.Block, edge: 24, voxel_mm: 4}
scan:
  - {kind: toys.Camera}
  - {kind: render.ct.CT, name: ct, gantry: {views: 40, element_mm: 4, rows: 8, row_mm: 4}}
"""


@pytest.fixture
def ct_dataset(tmp_path):
    (tmp_path / "ct.yaml").write_text(CT_RECIPE)
    generate(load(tmp_path / "ct.yaml", plugins=("toys",)), tmp_path / "ct")
    return tmp_path / "ct"


@pytest.fixture
def real_folder(tmp_path):
    (tmp_path / "real").mkdir()
    for name, scan in {"chest": torso_scan(sigma=10.0), "belly": torso_scan().slices(0, 25)}.items():
        nib.save(nib.Nifti1Image(scan.hu, np.diag((*scan.spacing_mm, 1.0))), tmp_path / "real" / f"{name}.nii.gz")
    return tmp_path / "real"


def simdata(*arguments):
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)


def test_the_report_is_one_page_that_needs_nothing_and_its_figures(ct_dataset, real_folder, tmp_path):
    out = tmp_path / "report.html"
    said = simdata("realism", ct_dataset, "--real", real_folder, "--out", out, "--json")
    assert said.returncode == 0, said.stderr
    figures = json.loads(out.with_suffix(".json").read_text())
    assert json.loads(said.stdout) == figures
    assert [scan["scan"] for scan in figures["real"]] == ["belly", "chest"]
    for scan in figures["real"]:
        assert scan["share_of_ceiling"] == pytest.approx(scan["mean_hu"] / scan["ceiling_ellipsoids_hu"])
        assert sum(scan["distance_by_band_hu"].values()) == pytest.approx(scan["mean_hu"], rel=0.05)
    assert [sample["index"] for sample in figures["samples"]] == [0, 1]
    page = out.read_text()
    assert page.count("data:image/png;base64") == 4, "two samples beside two real scans"
    assert "<svg" in page
    assert "<script" not in page
    assert "http" not in page


def test_without_real_scans_the_body_is_judged_all_the_same(ct_dataset):
    report = realism(ct_dataset)
    assert report.figures["real"] == []
    assert {line.what: line.good for line in report.summary}["unlabelled voxels inside the body"] is True
    assert "sample 0" in report.html


def test_bad_input_is_one_clear_error(toy_dataset, ct_dataset, tmp_path):
    with pytest.raises(DatasetError, match="there is no such folder"):
        realism(tmp_path / "nothing")
    with pytest.raises(DatasetError, match=r"sample 0: found camera \(a.u.\), loud \(a.u.\); an image in HU"):
        realism(toy_dataset)
    with pytest.raises(DatasetError, match="no such folder"):
        realism(ct_dataset, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"no .nii or .nii.gz found"):
        realism(ct_dataset, tmp_path / "empty")
    (tmp_path / "empty" / "x.nii.gz").write_bytes(b"no NIfTI")
    with pytest.raises(DatasetError, match=r"x.nii.gz: cannot be read"):
        realism(ct_dataset, tmp_path / "empty")
    mr = nib.Nifti1Image(np.full((8, 8, 8), 100, np.int16), np.eye(4))
    nib.save(mr, tmp_path / "empty" / "x.nii.gz")
    with pytest.raises(DatasetError, match="one CT volume in Hounsfield units"):
        read_scans(tmp_path / "empty")
    said = simdata("realism", ct_dataset, "--out", tmp_path / "report.pdf")
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert "a name that ends in .html would do" in said.stderr


@pytest.mark.skipif(not REAL.is_dir(), reason="set SIMDATA_REAL_DATA to a folder that holds ct_real")
def test_real_scans_have_the_noise_and_the_fat_that_were_measured():
    found = {scan.name: scan for scan in read_scans(REAL)}
    assert noise_hu(found["body"]) == pytest.approx(21, abs=3)
    assert 0.1 < found["body"].lung_share < 0.2
    assert likeness(found["body"], found["abdomen"]).emd_hu > emd_hu(*found["body"].halves())
