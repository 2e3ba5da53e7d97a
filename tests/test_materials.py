"""A patient in materials: every voxel has the mass of its tissues, and what no table knows is said."""

from types import MappingProxyType

import numpy as np
import pytest

from render import materials
from render.materials import MATERIALS, WATER, Body, amounts
from render.orientation import orientation
from render.tube import Tube
from simdata import Grid, Scene, SceneError
from simdata.tissues import tissues

BEAM = Tube().beam(120)


def scene_of(*names, **fields):
    """A row of voxels, one of each tissue."""
    tissue = np.array([tissues()[name] for name in names], np.uint8)[:, None, None]
    grid = Grid.regular(tissue.shape, 1.0)
    values = {name: np.array(value, np.float32)[:, None, None] for name, value in fields.items()}
    return Scene(grid, np.zeros(tissue.shape, np.uint16), tissue, fields=MappingProxyType(values))


def body_of(scene):
    return Body.of(scene, orientation(scene.grid), BEAM)


def names(body):
    return [MATERIALS[i] for i in body.materials]


@pytest.mark.parametrize(
    ("tissue", "expected"),
    [
        ("water", ["water"]),
        ("muscle", ["water", "bone"]),
        ("thyroid", ["water", "bone", "iodine"]),
        ("titanium", ["water", "bone", "iron"]),
        ("gold", ["water", "gold"]),
        ("amalgam", ["water", "bone", "silver", "tin", "mercury"]),
        ("barium_contrast", ["water", "bone", "barium"]),
    ],
)
def test_only_what_occurs_is_projected(tissue, expected):
    assert names(body_of(scene_of("air", tissue))) == expected


def test_a_metal_beside_tissue_leaves_the_tissue_as_it_is():
    alone, beside = body_of(scene_of("liver")), body_of(scene_of("liver", "cobalt_chrome"))
    np.testing.assert_array_equal(alone.volume()[0, 0, 0], beside.volume()[0, 0, 0, :2])
    assert beside.volume()[0, 0, 0, 2] == 0


def test_heavy_elements_weigh_what_they_weigh():
    assert amounts(BEAM)["gold"][MATERIALS.index("gold")] == pytest.approx(19.3)
    assert amounts(BEAM)["iodine_contrast"][MATERIALS.index("iodine")] == pytest.approx(0.350, abs=1e-3)
    np.testing.assert_array_equal(amounts(BEAM)["water"], np.eye(len(MATERIALS))[WATER])


def test_density_and_contrast_come_on_top():
    body = body_of(scene_of("blood", "blood", density=[1.0, 0.5], iodine_mg_ml=[10.0, 0.0]))
    volume = body.volume()[:, 0, 0]
    np.testing.assert_allclose(volume[1, :2], volume[0, :2] / 2, rtol=1e-6)
    assert volume[0, 2] == pytest.approx(0.010)
    assert volume[1, 2] == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("field", ["density", "iodine_mg_ml"])
def test_a_field_that_is_not_finite_is_one_clear_error(field, bad):
    with pytest.raises(SceneError, match=f"X-rays: field '{field}' holds numbers that are not finite"):
        body_of(scene_of("blood", "liver", **{field: [1.0, bad]}))


def test_a_tissue_of_no_composition_is_one_clear_error(monkeypatch):
    known = {name: material for name, material in amounts(BEAM).items() if name != "liver"}
    monkeypatch.setattr(materials, "amounts", lambda beam: known)
    with pytest.raises(SceneError, match="X-rays: nothing is known of liver"):
        body_of(scene_of("blood", "liver"))
