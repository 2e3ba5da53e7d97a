"""Oxygen: blood holds what Hill says, what it loses is burnt, and tissue around a capillary is as Krogh says."""

import numpy as np
import pytest

from simdata import Grid, SceneError, vessel_tree
from simdata.blood import HALF_SATURATION_MMHG, saturation
from simdata.centrelines import resample
from vascular.flow import circulation
from vascular.oxygen import (
    BOUND_ML_MM3,
    CRITICAL_MMHG,
    KROGH_ML_MM_S_MMHG,
    content,
    supply,
)

WIDTH_MM, LENGTH_MM, VOXEL_MM, RADIUS_MM = 0.1, 0.4, 0.02, 0.0025
COLUMN = Grid.regular((5, 5, 20), VOXEL_MM, (0.0, 0.0, LENGTH_MM / 2))
DEMAND = 3e-7


def capillary(drop_mmhg=60.0):
    ends = vessel_tree(np.array([(0, 0, 0), (0, 0, LENGTH_MM)]), np.array([-1, 0]), np.full(2, RADIUS_MM), "capillary")
    line = resample(ends, VOXEL_MM)
    held = np.full(len(line), np.nan)
    held[line.roots], held[line.ends] = 20 + drop_mmhg, 20
    return circulation(line, held).onto()


@pytest.fixture(scope="module")
def fed():
    return supply(capillary(), np.ones(COLUMN.shape, bool), COLUMN, DEMAND)


def test_blood_holds_what_hill_says():
    assert saturation(np.array([HALF_SATURATION_MMHG])) == pytest.approx(0.5)
    assert saturation(np.array([95.0])) == pytest.approx(0.97, abs=0.01)
    assert content(np.array([95.0]), np.array([0.45])) == pytest.approx(0.2e-3 * 1.1, rel=0.03)
    assert content(np.array([1e9]), np.array([1.0])) > BOUND_ML_MM3


def test_what_blood_loses_is_what_tissue_burns(fed):
    assert fed.delivered_ml_s == pytest.approx(fed.consumed_ml_s, rel=5e-3)
    volume = WIDTH_MM**2 * LENGTH_MM
    assert fed.consumed_ml_s == pytest.approx(DEMAND * volume, rel=0.1)
    vessels = fed.vessels
    flow, cells = (float(getattr(vessels, key)[-1]) for key in ("flow_mm3_s", "haematocrit"))
    at = vessels.oxygen_mmhg[[vessels.roots[0], vessels.ends[0]]].astype(float)
    first, last = content(at, np.full(2, cells))
    assert flow * (first - last) == pytest.approx(fed.delivered_ml_s, rel=0.01)


def test_oxygen_falls_along_the_capillary_and_away_from_it(fed):
    along = fed.vessels.oxygen_mmhg[np.argsort(fed.vessels.points_mm[:, 2])]
    assert (np.diff(along) < 0).all()
    slice_mmhg = fed.tissue_mmhg[:, :, 10]
    assert slice_mmhg[2, 2] == slice_mmhg.max()
    assert slice_mmhg[0, 0] == slice_mmhg.min()


def test_the_tissue_around_a_capillary_is_as_krogh_says(fed):
    """P(R) = Pc - M R^2 / 4K (ln(R^2/r^2) - 1 + r^2/R^2), R of the circle as large as the column. Krogh 1919."""
    edge2, wall2 = WIDTH_MM**2 / np.pi, RADIUS_MM**2
    burnt = DEMAND * float(np.mean(fed.tissue_mmhg / (fed.tissue_mmhg + CRITICAL_MMHG)))
    drop = burnt * edge2 / (4 * KROGH_ML_MM_S_MMHG) * (np.log(edge2 / wall2) - 1 + wall2 / edge2)
    middle = np.abs(fed.vessels.points_mm[:, 2] - COLUMN.world_mm(np.array([2, 2, 10]))[2]).argmin()
    found = fed.vessels.oxygen_mmhg[middle] - fed.tissue_mmhg[:, :, 10].min()
    assert found == pytest.approx(drop, rel=0.15)


def test_less_flow_leaves_the_far_tissue_without_oxygen(fed):
    slow = supply(capillary(10.0), np.ones(COLUMN.shape, bool), COLUMN, DEMAND)
    assert slow.vessels.oxygen_mmhg[slow.vessels.ends[0]] < fed.vessels.oxygen_mmhg[fed.vessels.ends[0]]
    assert slow.tissue_mmhg.min() < 1 < fed.tissue_mmhg.min()
    assert slow.consumed_ml_s < fed.consumed_ml_s
    assert slow.delivered_ml_s == pytest.approx(slow.consumed_ml_s, rel=2e-2)


def test_what_cannot_be_fed_is_refused():
    tissue = np.ones(COLUMN.shape, bool)
    dry = vessel_tree(np.array([(0, 0, 0), (0, 0, 0.01)]), np.array([-1, 0]), np.full(2, RADIUS_MM))
    with pytest.raises(SceneError, match="point 1 has no flow_mm3_s"):
        supply(dry, tissue, COLUMN, DEMAND)
    with pytest.raises(SceneError, match="cubes would do"):
        supply(capillary(), tissue, Grid.regular((5, 5, 20), (0.02, 0.02, 0.03)), DEMAND)
    with pytest.raises(SceneError, match=r"resample\(vessels, 0.002\) would do"):
        supply(capillary(), tissue, Grid.regular((5, 5, 20), 0.002), DEMAND)
