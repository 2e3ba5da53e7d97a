"""A chest tube goes in between two ribs, lies along the wall, and ends where gas or fluid gathers."""

import numpy as np
import pytest

from phantoms.implants.chest_tube import KIND, ChestTube
from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.tissues import tissues

VOXEL_MM = 2.0


@pytest.fixture(scope="module")
def side() -> Scene:
    """A right lung of two lobes in a wall of muscle with the fifth and sixth rib around it."""
    grid = Grid.regular((70, 80, 130), VOXEL_MM)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    labels = np.where(np.hypot((x + 60) / 125, y / 75) < 1, structure("skeletal_muscle").id, 0).astype(np.uint16)
    within = ((x + 60) / 105) ** 2 + (y / 62) ** 2 + (z / 110) ** 4 < 1
    labels[within] = structure("lung_lower_lobe_right").id
    labels[within & (z > 10)] = structure("lung_upper_lobe_right").id
    around = np.hypot((x + 60) / 112, y / 67)
    for name, middle_mm in (("rib_right_5", 15.0), ("rib_right_6", -9.0)):
        labels[(np.abs(around - 1) < 0.05) & (np.abs(z - middle_mm) < 5)] = structure(name).id
    return Scene(grid, labels)


def _drained(side: Scene, **fields) -> tuple[Scene, np.ndarray]:
    after = ChestTube(**fields)(side, Streams(5).generator)
    return after, after.grid.world_mm(np.argwhere(after.labels == after.findings[0].label))


@pytest.mark.parametrize(("towards", "french"), [("apex", 20.0), ("base", 28.0)])
def test_it_goes_between_two_ribs_and_lies_along_the_wall(side, towards, french):
    after, tube_mm = _drained(side, towards=towards, french=french)
    bone = np.isin(side.labels, [structure(name).id for name in ("rib_right_5", "rib_right_6")])
    assert not (bone & (after.labels != side.labels)).any()
    gap = np.abs(np.hypot((tube_mm[:, 0] + 60) / 112, tube_mm[:, 1] / 67) - 1) < 0.05
    assert gap.any()
    assert tube_mm[gap, 2].mean() == pytest.approx(3, abs=6)
    lung = (side.labels == structure("lung_lower_lobe_right").id) | (
        side.labels == structure("lung_upper_lobe_right").id
    )
    inside = tube_mm[lung[after.labels == after.findings[0].label]]
    away = 1 - np.sqrt(((inside[:, 0] + 60) / 105) ** 2 + (inside[:, 1] / 62) ** 2 + (inside[:, 2] / 110) ** 4)
    assert np.quantile(away, 0.9) * 62 < 2 * french / 3 + 6


def test_for_gas_it_ends_in_front_at_the_apex_and_for_fluid_behind_at_the_base(side):
    (_, up), (_, down) = (_drained(side, towards=towards) for towards in ("apex", "base"))
    assert up[:, 2].max() > 75
    assert down[:, 2].min() < -50
    assert up[up[:, 2].argmax(), 1] > 0 > down[down[:, 2].argmin(), 1] + 20


def test_it_is_a_hollow_pipe_with_a_line_that_its_last_hole_interrupts(side):
    after, tube_mm = _drained(side, towards="apex", french=30.0)
    chalk = after.field({name: float(name == "bone_cement") for name in tissues()})
    for tissue in ("pvc", "air"):
        assert ((after.labels == after.findings[0].label) & (after.tissue == tissues()[tissue])).any()
    heights = side.grid.world_mm(np.argwhere(chalk > 0.05))[:, 2]
    filled = np.histogram(heights[heights > 10], np.arange(10, tube_mm[:, 2].max() - 6, 4.0))[0]
    assert (filled == 0).any()
    assert filled[-1] > 0
    assert after.findings[0].text == "right chest tube of 30 French, its tip at the apex"
    assert after.findings[0].kind == KIND.name


def test_a_side_without_lung_is_refused(side):
    with pytest.raises(SceneError, match="ChestTube: found no voxel of 'lung_upper_lobe_left' in this patient"):
        ChestTube(side="left")(side, Streams(5).generator)
