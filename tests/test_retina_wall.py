"""The wall at the back of an eye: layers as thick as they are published to be."""

import numpy as np
import pytest

from phantoms.retina import Retina
from phantoms.retina_layers import DIRECTIONS, layers, rows, thickness_mm
from simdata import SceneError, Streams
from simdata.structures import structures
from vascular.retina import Retina as Vessels

PLACE_MM = np.linspace(-3, 3, 401)
NASAL_MM, SUPERIOR_MM = np.meshgrid(PLACE_MM, PLACE_MM, indexing="ij")
TURN = {"nasal": 0.0, "superior": 90.0, "temporal": 180.0, "inferior": -90.0}


def sector(ring, direction):
    radius = np.hypot(NASAL_MM, SUPERIOR_MM)
    angle = np.degrees(np.arctan2(SUPERIOR_MM, NASAL_MM))
    away = np.abs((angle - TURN[direction] + 180) % 360 - 180)
    inner, outer = {"inner": (0.5, 1.5), "outer": (1.5, 3.0)}[ring]
    return (radius > inner) & (radius < outer) & (away < 45)


def test_every_layer_has_its_published_mean_in_the_disc_and_in_all_eight_sectors():
    thick_um = 1e3 * thickness_mm(NASAL_MM, SUPERIOR_MM)
    for row, map_um in zip(rows(), thick_um, strict=True):
        fovea = map_um[np.hypot(NASAL_MM, SUPERIOR_MM) < 0.5].mean()
        assert fovea == pytest.approx(float(row["fovea"]), rel=0.01), row["layer"]
        for ring in ("inner", "outer"):
            for direction in DIRECTIONS:
                found = map_um[sector(ring, direction)].mean()
                assert found == pytest.approx(float(row[f"{ring}_{direction}"]), rel=0.01), (row["layer"], ring)


def test_the_pit_has_hardly_an_inner_retina_and_the_most_photoreceptors():
    centre = dict(zip(layers(), 1e3 * thickness_mm(np.zeros((1, 1)), np.zeros((1, 1)))[:, 0, 0], strict=True))
    assert centre["ganglion_cell_layer"] < 5
    assert centre["outer_nuclear_layer"] > 85


def test_a_left_eye_is_the_mirror_of_a_right_one_and_its_layers_say_so():
    right, left = (
        Retina(laterality=side, voxel_mm=0.05, depth_mm=0.6, depth_voxel_mm=0.01)(Streams(1).generator)
        for side in ("right", "left")
    )
    names = [
        np.vectorize(lambda number: structures()[number].name.rsplit("_", 1)[0])(eye.labels) for eye in (right, left)
    ]
    assert (names[0] == names[1][::-1]).all()
    assert {structures()[id].laterality for id in np.unique(left.labels)} == {"left"}


def test_layers_lie_in_their_order():
    wall = Retina(voxel_mm=0.05, depth_mm=0.6, depth_voxel_mm=0.005)(Streams(2).generator)
    order = wall.labels.astype(int)
    assert (np.diff(order, axis=2) >= 0).all()
    assert (order[:, :, 0] == order.min()).all()


def test_vessels_of_a_right_eye_do_not_grow_in_a_left_one():
    left = Retina(laterality="left", field_mm=1.0)(Streams(3).generator)
    with pytest.raises(SceneError, match="laterality: left would do"):
        Vessels(field_mm=1.0)(left, Streams(3).generator)
