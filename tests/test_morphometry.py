"""Measures of vessels have the values that a ruler would give."""

import numpy as np
import pytest

from simdata import vessel_tree
from vascular.morphometry import (
    Field,
    angles_deg,
    exponents,
    faz_area_mm2,
    forks,
    fractal_dimension,
    of_field,
    orders,
    report,
    skeleton_length,
    table,
    tortuosity,
)


def fork(exponent=2.7, angle_deg=80.0, kind="artery"):
    """A stem of 5 mm and two daughters of 4 mm, the wider 0.8 of their mother's radius."""
    half = np.radians(angle_deg / 2)
    places = [(0, 0, 0), (0, 0, 5), *((s * 4 * np.sin(half), 0, 5 + 4 * np.cos(half)) for s in (1, -1))]
    wide = 0.8
    narrow = (1 - wide**exponent) ** (1 / exponent)
    return vessel_tree(np.array(places), np.array([-1, 0, 1, 1]), np.array([1, 1, narrow, wide]), kind)


@pytest.mark.parametrize("exponent", [1.95, 2.59, 3.0])
def test_the_exponent_of_a_fork_is_found(exponent):
    vessels = fork(exponent)
    at = forks(vessels)
    assert (at.mother.tolist(), at.first.tolist(), at.second.tolist()) == ([1], [3], [2])
    assert exponents(vessels, at) == pytest.approx([exponent], abs=1e-5)


def test_a_daughter_as_wide_as_her_mother_has_no_exponent():
    same = vessel_tree(np.eye(4)[:, :3], np.array([-1, 0, 1, 1]), np.array([1, 1, 1, 0.2]))
    assert np.isnan(exponents(same, forks(same))).all()


@pytest.mark.parametrize("angle_deg", [30.0, 78.0, 120.0])
def test_the_angle_of_a_fork_is_found(angle_deg):
    vessels = fork(angle_deg=angle_deg)
    assert angles_deg(vessels, forks(vessels)) == pytest.approx([angle_deg], abs=0.01)


def test_a_direction_is_taken_over_four_radii_not_over_the_first_step():
    """Both daughters leave at right angles for 0.1 mm, then turn straight on."""
    places = [(0, 0, 0), (0, 0, 9), (0.1, 0, 9), (0.1, 0, 19), (-0.1, 0, 9), (-0.1, 0, 19)]
    bent = vessel_tree(np.array(places), np.array([-1, 0, 1, 2, 1, 4]), np.array([1, 1, 0.8, 0.8, 0.7, 0.7]))
    assert angles_deg(bent, forks(bent))[0] < 5


def test_orders_of_a_full_tree_double_and_halve():
    n = 2**7 - 1
    parent = (np.arange(n) - 1) // 2
    depth = np.log2(np.arange(n) + 1).astype(int)
    places = np.cumsum(np.ones((n, 3)), axis=0)
    rows = orders(vessel_tree(places, parent, 0.5**depth), "artery")
    assert [row["elements"] for row in rows] == [64, 32, 16, 8, 4, 2]
    assert [row.get("branching_ratio") for row in rows] == [2] * 5 + [None]
    assert [row["diameter_ratio"] for row in rows[:-1]] == pytest.approx([2] * 5)


def test_a_half_circle_is_longer_than_its_chord_by_half_of_pi():
    angle = np.linspace(0, np.pi, 200)
    arc = vessel_tree(np.c_[np.cos(angle), np.sin(angle), 0 * angle], np.arange(200) - 1, np.full(200, 0.01))
    assert tortuosity(arc) == pytest.approx([np.pi / 2 - 1], abs=1e-3)


def test_boxes_count_a_line_as_one_dimension_and_a_square_as_two():
    line, square = np.zeros((256, 256), bool), np.ones((256, 256), bool)
    line[128] = True
    assert fractal_dimension(line) == pytest.approx(1)
    assert fractal_dimension(square) == pytest.approx(2)
    carpet = np.ones((1, 1), bool)
    for _ in range(6):
        hole = np.zeros_like(carpet)
        carpet = np.block([[carpet] * 3, [carpet, hole, carpet], [carpet] * 3])
    assert fractal_dimension(carpet) == pytest.approx(np.log(8) / np.log(3), abs=0.06)


def test_a_skeleton_is_as_long_as_the_line():
    bar, slope = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    bar[48:53, 10:90] = True
    for i in range(10, 90):
        slope[i - 1 : i + 2, i - 1 : i + 2] = True
    assert skeleton_length(bar) == pytest.approx(79, abs=5)
    assert skeleton_length(slope) == pytest.approx(79 * np.sqrt(2), abs=5)


def test_a_straight_vessel_covers_its_diameter_of_the_field():
    across = vessel_tree(np.array([(-2, 0.2, 0.4), (2, 0.2, 0)]), np.array([-1, 0]), np.array([0.05, 0.05]))
    thin = vessel_tree(np.array([(-2, 1, 0), (2, 1, 0)]), np.array([-1, 0]), np.array([0.005, 0.005]))
    seen = of_field(across, Field())
    assert seen["density"] == pytest.approx(0.1 / 3, rel=0.05)
    assert seen["skeleton_mm_per_mm2"] == pytest.approx(1 / 3, rel=0.05)
    assert of_field(thin, Field())["density"] == 0


def test_the_avascular_zone_is_what_a_ring_encloses_even_if_it_has_gaps():
    pixel_mm = 3 / 304
    x, y = (np.indices((304, 304)) - 152) * pixel_mm
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    ring = (r > 0.3) & (np.cos(60 * phi) > 0.5)
    assert faz_area_mm2(ring, pixel_mm) == pytest.approx(np.pi * 0.3**2, rel=0.08)
    assert faz_area_mm2(np.ones((304, 304), bool), pixel_mm) == 0


def test_the_report_is_plain_numbers_and_a_table():
    import json

    made = report(fork(2.59), Field())
    assert json.loads(json.dumps(made))["exponent_artery"] == pytest.approx(2.59, abs=1e-4)
    assert made["exponent_vein"] is None
    assert {"density", "skeleton_mm_per_mm2", "fractal_dimension", "faz_area_mm2"} <= set(made)
    assert "exponent_artery          2.59" in table(made)
