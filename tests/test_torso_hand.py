"""Hands have five fingers, each with its bones, whole and within the skin, on both sides."""

import numpy as np
import pytest
from scipy import ndimage

from phantoms.anatomy.hand import FINGERS, hand
from phantoms.anatomy.person import draw_person
from phantoms.anatomy.proportions import warp
from phantoms.anatomy.regions import frame
from phantoms.solids import Layer, draw
from simdata import Grid, Streams, Subject
from simdata.structures import structure

MM = 0.7
FIELD = Grid.regular((130, 200, 320), MM, (0.0, 10.0, -85.0))


def mask(solid):
    return draw([Layer(solid, "skin")], FIELD).labels > 0


def pieces(mask):
    numbered, _ = ndimage.label(mask)  # pyright: ignore[reportGeneralTypeIssues]
    return int(numbered.max())


@pytest.fixture(scope="module")
def right():
    return hand(np.zeros(3), np.array([0.0, 0.0, -1.0]))


def test_a_hand_is_as_long_and_broad_as_a_mans(right):
    places = np.argwhere(mask(right.outer)) * MM
    below_wrist = FIELD.world_mm(np.argwhere(mask(right.outer)).astype(float))[:, 2].min()
    assert 180 < -below_wrist < 205
    palm = np.argwhere(mask(right.palm))
    breadth = np.ptp(palm[palm[:, 2] > np.quantile(palm[:, 2], 0.3), 1]) * MM
    assert 75 < breadth < 105
    assert np.ptp(places[:, 0]) < 75  # no claw


def test_every_finger_stands_alone(right):
    """Across the middle of the fingers the hand is in four pieces, and the thumb is one more nearer the wrist."""
    outer = mask(right.outer.grown(2.5))
    height = int(FIELD.index(np.array([0.0, 0.0, -130.0]))[2])
    assert pieces(outer[:, :, height]) == len(FINGERS)
    assert pieces(outer[:, :, int(FIELD.index(np.array([0.0, 0.0, -105.0]))[2])]) >= 2


def test_bones_of_a_hand_are_27_and_do_not_touch_but_in_the_wrist(right):
    assert pieces(mask(right.phalanges)) == 14
    assert pieces(mask(right.metacarpals)) == 5
    bones = mask(right.carpals) | mask(right.metacarpals) | mask(right.phalanges)
    assert (bones & ~mask(right.outer)).sum() == 0


def test_a_man_with_his_arms_down_has_both_hands_beside_his_thighs():
    body, made = draw_person(Subject("male", 40, 176, 73), Streams(1), 0.5, frozenset({"arms_down"}))
    low, high = made.patient_height_mm(np.array([-610.0, -400.0]))
    grid = Grid.regular((270, 80, int((high - low) / 2)), 2.0, (0.0, 20.0, float(low + high) / 2))
    made_of = frame(body)
    layers = [Layer(~made_of.skin, ""), *made_of.skeleton, Layer(made_of.skin, "skin")]
    labels = draw(layers, grid, warp(body, made)).labels
    for name in ("carpal", "metacarpal", "hand_phalanx"):
        sides = [(labels == structure(f"{name}_{side}").id).sum() for side in ("left", "right")]
        assert min(sides) > 100, name
        assert abs(sides[0] - sides[1]) < 0.25 * max(sides), name
    thigh = np.argwhere(labels == structure("femur_right").id)[:, 0].mean()
    assert np.argwhere(labels == structure("metacarpal_right").id)[:, 0].mean() > thigh + 30
