"""What grows pushes its surroundings aside: no shell loses volume, nothing folds, bone stands still."""

import numpy as np
import pytest

from phantoms.lesions.push import ENDS, FADES, at_rest_mm, now_mm, pushed
from simdata import Finding, Grid, Scene, structure
from simdata.vessels import vessel_tree

LIVER, FAT, SPINE = (structure(name).id for name in ("liver", "subcutaneous_fat", "vertebrae_L1"))
CENTRE_MM = np.array([1.0, -2.0, 0.5])


@pytest.fixture(scope="module")
def patient() -> Scene:
    """A liver of 60 mm across in fat, with a spine behind it."""
    grid = Grid.regular((60, 60, 60), 2.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    labels = np.where(np.sqrt(x**2 + y**2 + z**2) < 30, LIVER, FAT).astype(np.uint16)
    labels[np.hypot(x, y + 40) < 8] = SPINE
    return Scene(grid, labels, fields={"density": np.ones(grid.shape, np.float32)})


def test_every_shell_keeps_its_volume_near_the_ball():
    now = np.linspace(1.0, FADES, 200) * 10
    assert now**3 - at_rest_mm(now, 10.0) ** 3 == pytest.approx(10.0**3, rel=1e-9)


def test_what_lies_farther_out_stays_farther_out_and_far_away_nothing_moves():
    now = np.linspace(0.0, 6.0, 4000) * 10
    rest = at_rest_mm(now, 10.0)
    assert (np.diff(rest[now >= 10]) > 0).all()
    assert (rest[now >= ENDS * 10] == now[now >= ENDS * 10]).all()
    squeezed = np.gradient(rest[now > 10.2] ** 3, now[now > 10.2] ** 3)
    assert (squeezed.min(), squeezed.max()) == (pytest.approx(1, abs=0.01), pytest.approx(1.045, abs=0.02))


def test_to_and_fro_is_where_one_was():
    now = np.linspace(10.2, 50, 300)
    assert now_mm(at_rest_mm(now, 10.0), 10.0) == pytest.approx(now, abs=0.02)


def test_an_organ_grows_by_the_ball_that_grew_in_it(patient):
    after = pushed(patient, CENTRE_MM, 40.0)
    grown_mm3 = ((after.labels == LIVER).sum() - (patient.labels == LIVER).sum()) * patient.grid.voxel_mm3
    assert grown_mm3 == pytest.approx(np.pi / 6 * 40**3, rel=0.05)


def test_bone_stands_still(patient):
    after = pushed(patient, np.array([0.0, -22.0, 0.0]), 30.0)
    assert np.array_equal(after.labels == SPINE, patient.labels == SPINE)
    assert (after.labels != patient.labels).any()


def test_vessels_and_findings_go_along(patient):
    points = np.array([[1.0, -2.0, 12.5], [1.0, -2.0, 60.0]], np.float32)
    bed = vessel_tree(points, np.array([-1, 0]), np.ones(2), "vein")
    dot = Finding("dot", "liver", 30001, (13.0, -2.0, 0.5), (2, 2, 2), 8.0, "a dot")
    after = pushed(Scene(patient.grid, patient.labels, vessels={"hepatic": bed}, findings=(dot,)), CENTRE_MM, 20.0)
    outwards = (12.0**3 + 10.0**3) ** (1 / 3)
    assert after.vessels["hepatic"].points_mm[0] == pytest.approx([1.0, -2.0, 0.5 + outwards], abs=0.05)
    assert after.vessels["hepatic"].points_mm[1] == pytest.approx([1.0, -2.0, 60.0], abs=1e-4)
    assert after.findings[0].centre_mm == pytest.approx((1.0 + outwards, -2.0, 0.5), abs=0.05)


def test_the_ball_is_of_the_tissue_that_was_there(patient):
    after = pushed(patient, CENTRE_MM, 24.0)
    inside = np.linalg.norm(patient.grid.points_mm() - CENTRE_MM, axis=-1) < 12
    assert set(np.unique(after.labels[inside])) == {LIVER}
