"""A CT asks for the patient anew only when something has moved."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from render import patient
from render.ct import CT
from render.effects import QuantumNoise
from render.gantry import Gantry
from render.patient import quiet
from simdata import Grid, Scene, Streams, structure
from simdata.motion_flow import Flow, Velocity

FAN = Gantry(views=200, element_mm=3.0, rows=2, row_mm=3.0, rotation_s=0.5)
VIEW_S = np.arange(200) / 400
PERIODS = [(first, first + 7) for first in range(0, 200, 8)]


class Bulge(Flow):
    """The middle of the body goes aside by up to 3 mm from 0.2 to 0.4 s, and is still before and after."""

    def velocity(self, t_s):
        knots = np.zeros((12, 12, 12, 3))
        knots[4:8, 4:8, 4:8, 0] = 3 * np.clip((t_s - 0.2) / 0.2, 0, 1)
        return Velocity(knots, np.full(3, -165.0), 30.0)


@cache
def body() -> Scene:
    grid = Grid.regular((64, 56, 6), 3.0)
    x, y, _ = np.moveaxis(grid.points_mm(), -1, 0)
    labels = np.where((x / 85) ** 2 + (y / 70) ** 2 < 1, structure("liver").id, 0).astype(np.uint16)
    labels[np.hypot(x - 20, y) < 12] = structure("visceral_fat").id
    return Scene(grid, labels, motion=Bulge())


def test_who_holds_still_is_asked_for_once_and_who_moves_often():
    groups = list(quiet(body(), PERIODS, VIEW_S))
    assert groups[0][0] == 0
    assert groups[-1][1] == 199
    assert all(after[0] == before[1] + 1 for before, after in pairwise(groups))
    assert VIEW_S[groups[0][1]] > 0.2
    assert VIEW_S[groups[-1][0]] < 0.42
    assert 4 <= len(groups) <= 13  # of 25


def test_the_image_is_that_of_a_patient_asked_for_all_the_time(monkeypatch):
    clean = CT(gantry=FAN, effects=())(body(), Streams(1)["scan"]).array
    noisy = CT(gantry=FAN, mas=20.0, effects=(QuantumNoise(),))(body(), Streams(1)["scan"]).array
    monkeypatch.setattr(patient, "MOVES", 0.0)
    dense = CT(gantry=FAN, effects=())(body(), Streams(1)["scan"]).array
    inside = body().labels > 0
    assert (clean - dense)[inside].std() < (noisy - clean)[inside].std()
    assert (clean - dense)[inside].mean() == pytest.approx(0, abs=0.2)
