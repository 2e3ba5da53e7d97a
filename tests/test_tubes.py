"""A breathing tube ends above the carina, a catheter in the vena cava; both have the plastic that they have."""

import numpy as np
import pytest

from phantoms.implants.central_line import CentralLine
from phantoms.implants.endotracheal_tube import EndotrachealTube
from phantoms.implants.ways import by_height
from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.tissues import tissues

RNG = Streams(5).generator


@pytest.fixture(scope="module")
def neck() -> Scene:
    """A trachea of 18 mm from z -60 to 90 mm, and veins of 14 mm from the neck to the heart, in fat."""
    grid = Grid.regular((80, 70, 200), 1.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    labels = np.where(np.hypot(x / 38, y / 33) < 1, structure("subcutaneous_fat").id, 0).astype(np.uint16)
    labels[(np.hypot(x, y + 10) < 9) & (z > -60) & (z < 90)] = structure("trachea").id
    for name, low, high in (
        ("superior_vena_cava", -70, 0),
        ("brachiocephalic_vein_right", 0, 40),
        ("internal_jugular_vein_right", 40, 98),
    ):
        labels[(np.hypot(x - 22, y + 4) < 7) & (z > low) & (z < high)] = structure(name).id
    return Scene(grid, labels)


def _mm3(scene: Scene, tissue: str) -> float:
    return float(scene.field({name: float(name == tissue) for name in tissues()}).sum()) * scene.grid.voxel_mm3


def _lowest_mm(scene: Scene) -> float:
    return float(scene.grid.world_mm(np.argwhere(scene.labels > 30000))[:, 2].min())


def test_the_tip_of_a_tube_is_as_far_above_the_carina_as_was_asked(neck):
    after = EndotrachealTube(inner_mm=8.0, tip_mm=40.0)(neck, RNG)
    found = after.findings[0]
    assert _lowest_mm(after) == pytest.approx(-60 + 40, abs=2)
    assert found.text == "endotracheal tube of 8 mm, tip 40 mm above the carina"
    assert found.structure == "trachea"


def test_a_tube_has_the_volume_of_its_wall(neck):
    after = EndotrachealTube(inner_mm=8.0, tip_mm=30.0)(neck, RNG)
    length_mm = after.findings[0].extent_mm[2]
    wall_mm2 = np.pi * (5.35**2 - 4.0**2)
    assert _mm3(after, "pvc") == pytest.approx(wall_mm2 * length_mm, rel=0.12)
    inside = (np.hypot(*np.moveaxis(neck.grid.points_mm()[..., :2] - [0, -10], -1, 0)) < 3) & (after.labels > 30000)
    assert (after.tissue[inside] == 0).mean() > 0.9


def test_a_tube_wider_than_the_trachea_or_a_trachea_too_short_is_refused(neck):
    narrow = neck.labels.copy()
    x, y, _ = np.moveaxis(neck.grid.points_mm(), -1, 0)
    narrow[(narrow == structure("trachea").id) & (np.hypot(x, y + 10) > 4)] = structure("subcutaneous_fat").id
    with pytest.raises(SceneError, match=r"trachea 8\.\d mm wide for a tube of 10\.7 mm"):
        EndotrachealTube(inner_mm=8.0)(Scene(neck.grid, narrow), RNG)
    with pytest.raises(SceneError, match="found less than 40 mm of trachea over a tip 120 mm above"):
        EndotrachealTube(tip_mm=120.0)(neck, RNG)


@pytest.mark.parametrize("tip_mm", [30.0, 0.0, -20.0])
def test_a_catheter_ends_where_it_was_asked_to(neck, tip_mm):
    after = CentralLine(french=9.0, tip_mm=tip_mm)(neck, RNG)
    found = after.findings[0]
    assert _lowest_mm(after) == pytest.approx(-70 + tip_mm, abs=2)
    assert ("in the right atrium" in found.text) == (tip_mm < 0)
    assert found.text.startswith("right central venous catheter of 9 French, its tip ")
    assert found.volume_mm3 > np.pi * 1.5**2 * 100


def test_a_catheter_comes_from_the_skin(neck):
    after = CentralLine()(neck, RNG)
    y = neck.grid.world_mm(np.argwhere(after.labels > 30000))[:, 1]
    assert y.max() > 20


def test_a_patient_without_the_veins_is_told(neck):
    with pytest.raises(SceneError, match="CentralLine: found no voxel of 'internal_jugular_vein_left'"):
        CentralLine(side="left")(neck, RNG)


def test_middles_by_height_are_those_of_the_part():
    z = np.arange(0, 40, 1.0)
    part = np.column_stack([0.5 * z, np.zeros_like(z), z])
    middle = by_height(part)
    assert middle[:, 0] == pytest.approx(0.5 * middle[:, 2])
    assert np.diff(middle[:, 2]) == pytest.approx(8.0, abs=2.1)
