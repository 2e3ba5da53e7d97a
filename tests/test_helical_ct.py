"""A helical scanner: the same patient as slice by slice, in Hounsfield units."""

from dataclasses import replace

import numpy as np
import pytest
from test_ct import cylinder, radius_mm, stored, with_inserts

from render.ct import CT
from render.geometry import FanBeam
from render.helical_ct import HelicalCT
from simdata import RecipeError, Streams
from simdata.tissues import tissues

STREAMS = Streams(seed=11)
COARSE = HelicalCT(views=160, element_mm=3.0, rows=16, row_mm=2.0, effects=())
SHAPE = (112, 112, 12)


def test_water_is_0_hu_and_air_is_minus_1000():
    scene = cylinder(shape=SHAPE)
    image = COARSE(scene, STREAMS)
    distance, hu = radius_mm(scene), image.array.astype(float)
    assert (image.unit, image.array.dtype, image.grid) == ("HU", np.int16, scene.grid)
    assert hu[distance > 106].mean() == pytest.approx(-1000, abs=5)
    rings = [hu[(distance >= r) & (distance < r + 10)].mean() for r in range(0, 90, 10)]
    np.testing.assert_allclose(rings, 0, atol=3)
    slices = [hu[..., z][distance[..., z] < 90].mean() for z in range(SHAPE[2])]
    np.testing.assert_allclose(slices, 0, atol=3)


def test_tissues_are_what_they_are_slice_by_slice():
    scene, rods = with_inserts(["muscle", "liver", "blood", "spongy_bone", "lung", "adipose"])
    longer = {name: np.repeat(getattr(scene, name)[:, :, :1], 12, 2) for name in ("labels", "tissue")}
    scene = replace(scene, **longer, grid=cylinder(shape=SHAPE).grid)
    helical = COARSE(scene, STREAMS).array.astype(float)
    flat = CT(geometry=FanBeam(views=360, pitch_mm=3.0), effects=())(scene, STREAMS).array.astype(float)
    for name, rod in rods.items():
        inside = np.repeat(rod[:, :, :1], 12, 2)
        assert helical[inside].mean() == pytest.approx(flat[inside].mean(), abs=5), name


def test_noise_falls_with_the_root_of_the_dose():
    scene = cylinder(shape=(112, 112, 6))
    centre, clean, sd = radius_mm(scene) < 60, COARSE(scene, STREAMS).array.astype(float), {}
    for mas in (1, 16):
        sd[mas] = (replace(COARSE, mas=mas, effects=HelicalCT().effects[:1])(scene, STREAMS).array - clean)[
            centre
        ].std()
    assert sd[1] / sd[16] == pytest.approx(4, rel=0.07)


def test_the_array_may_lie_any_way():
    scene = cylinder(shape=(60, 64, 8), voxel_mm=(4.0, 4.0, 4.0), radius=90)
    scene.tissue[20:30, 20:34, 2:5] = tissues()["cortical_bone"]
    upright = COARSE(scene, STREAMS).array
    other = COARSE(stored(scene, (2, 0, 1), (True, False, True)), STREAMS).array
    back = other[::-1, :, ::-1].transpose(np.argsort((2, 0, 1)))
    np.testing.assert_array_equal(back, upright)


def test_what_cannot_be_scanned_says_what_would_do():
    with pytest.raises(RecipeError, match="a focus outside of it"):
        HelicalCT(field_of_view_mm=1200)
