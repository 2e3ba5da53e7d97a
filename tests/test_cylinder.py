"""The phantom of a physicist: volumes are those of cylinders, however thin, and what is wrong is said."""

import numpy as np
import pytest

from phantoms.cylinder import Cylinder, Insert
from simdata import RecipeError
from simdata.tissues import tissues


def volume_mm3(scene, tissue):
    """By the shares of voxels."""
    id, share = tissues()[tissue], scene.share / 255
    return ((scene.tissue == id) * (1 - share) + (scene.second == id) * share).sum() * scene.grid.voxel_mm3


@pytest.mark.parametrize(
    ("radius_mm", "height_mm"), [(0.15, 20.0), (3.3, 4.0), (9.0, 0.7)], ids=["wire", "rod", "disc"]
)
def test_an_insert_fills_its_volume(rng, radius_mm, height_mm):
    insert = Insert(tissue="teflon", centre_mm=(8.2, -5.1, 0.3), radius_mm=radius_mm, height_mm=height_mm)
    body = Insert(tissue="water", radius_mm=25.0)
    scene = Cylinder(body=body, inserts=(insert,), shape=(60, 60, 30))(rng)
    assert volume_mm3(scene, "teflon") == pytest.approx(np.pi * radius_mm**2 * height_mm, rel=0.03)
    whole = volume_mm3(scene, "teflon") + volume_mm3(scene, "water")
    assert whole == pytest.approx(np.pi * 25**2 * 30, rel=0.005)


def test_inserts_are_structures_where_they_fill_most_of_a_voxel(rng):
    rods = (Insert(tissue="delrin", centre_mm=(10.0, 0.0, 0.0)), Insert(tissue="air", centre_mm=(-10.0, 0.0, 0.0)))
    scene = Cylinder(body=Insert(tissue="water", radius_mm=25.0), inserts=rods, shape=(60, 60, 2))(rng)
    for name, x_mm in (("insert_1", 10.0), ("insert_2", -10.0)):
        places = scene.grid.world_mm(np.argwhere(scene.mask(name)))
        np.testing.assert_allclose(places.mean(axis=0), (x_mm, 0, 0), atol=1e-6)
        assert np.hypot(*(places - (x_mm, 0, 0))[:, :2].T).max() <= 6.1
    assert scene.mask("cylinder").sum() > scene.mask("insert_1").sum()


def test_a_tissue_that_is_not_known_says_what_would_do():
    with pytest.raises(RecipeError, match="Insert: no tissue is called 'teflan'; did you mean 'teflon'"):
        Insert(tissue="teflan")
