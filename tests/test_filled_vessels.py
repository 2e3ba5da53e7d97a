"""Grown vessels are filled: as much blood as they hold, where they run, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from phantoms.filled_vessels import WALL, FilledVessels
from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.scene import DENSITY
from simdata.tissues import tissues
from simdata.vessels import AIRWAY, ARTERY, DUCT, Vessels, vessel_tree

SHAPE, VOXEL_MM = (40, 40, 60), 0.5


def tube(radius_mm, kind, aside_mm=0.0, length_mm=20.0) -> Vessels:
    """One straight vessel along z, its ends well inside."""
    ends = np.array([[aside_mm, 0.3, -length_mm / 2], [aside_mm, 0.3, length_mm / 2]])
    tree = vessel_tree(ends, np.array([-1, 0]), np.full(2, radius_mm))
    return replace(tree, kind=np.full(2, kind, np.uint8))


def filled(name="liver", **beds) -> Scene:
    labels = np.full(SHAPE, structure(name).id, np.uint16)
    density = np.full(SHAPE, 0.8, np.float32)
    scene = Scene(Grid.regular(SHAPE, VOXEL_MM), labels, fields={DENSITY: density}, vessels=beds)
    return FilledVessels()(scene, Streams(1).generator)


def mm3(scene, name):
    id, part = tissues()[name], scene.share / 255
    return float(((scene.tissue == id) * (1 - part) + (scene.second == id) * part).sum() * scene.grid.voxel_mm3)


@pytest.mark.parametrize(("radius_mm", "tolerance"), [(3.0, 0.01), (0.8, 0.02), (0.2, 0.1)])
@pytest.mark.parametrize(("kind", "what"), [(ARTERY, "blood"), (DUCT, "bile")])
def test_a_vessel_holds_its_volume(radius_mm, tolerance, kind, what):
    """With round ends; a vessel thinner than a voxel too."""
    scene = filled(one=tube(radius_mm, kind))
    assert mm3(scene, what) == pytest.approx(np.pi * radius_mm**2 * (20 + 4 / 3 * radius_mm), rel=tolerance)


def test_an_airway_has_a_wall_and_air_in_it():
    scene = filled("lung_upper_lobe_left", airways=tube(2.0, AIRWAY))
    assert mm3(scene, "air") == pytest.approx(np.pi * 4 * (20 + 4 / 3 * 2), rel=0.03)
    outer = 2.0 * (1 + WALL)
    whole = np.pi * outer**2 * (20 + 4 / 3 * outer)
    assert mm3(scene, "air") + mm3(scene, "connective") == pytest.approx(whole, rel=0.05)
    line = scene.tissue[:, 20, 30]
    runs = line[np.flatnonzero(np.diff(line.astype(int), prepend=-1))]
    lung, wall, air = (tissues()[name] for name in ("lung", "connective", "air"))
    assert runs.tolist() == [lung, wall, air, wall, lung]


def test_it_belongs_to_its_organ_and_is_as_dense_as_blood():
    scene = filled(one=tube(3.0, ARTERY))
    assert (scene.labels == structure("liver").id).all()
    full = (scene.tissue == tissues()["blood"]) & (scene.share == 0)
    assert full.any()
    assert (scene.fields[DENSITY][full] == 1).all()
    assert (scene.fields[DENSITY][scene.second + scene.share == 0][0]) == np.float32(0.8)


def test_where_there_is_air_nothing_is_filled():
    labels = np.full(SHAPE, structure("liver").id, np.uint16)
    labels[:, :, :30] = 0
    scene = Scene(Grid.regular(SHAPE, VOXEL_MM), labels, vessels={"one": tube(2.0, ARTERY)})
    after = FilledVessels()(scene, Streams(1).generator)
    assert (after.tissue[:, :, :30] == tissues()["air"]).all()
    assert not after.share[:, :, :30].any()
    assert mm3(after, "blood") > 0


def test_beds_are_filled_by_name_and_one_that_has_not_grown_is_told():
    labels = np.full(SHAPE, structure("liver").id, np.uint16)
    beds = {"near": tube(1.0, ARTERY, -4.0), "far": tube(1.0, ARTERY, 4.0)}
    scene = Scene(Grid.regular(SHAPE, VOXEL_MM), labels, vessels=beds)
    one = FilledVessels(beds=("near",))(scene, Streams(1).generator)
    both = FilledVessels()(scene, Streams(1).generator)
    assert mm3(both, "blood") == pytest.approx(2 * mm3(one, "blood"), rel=1e-3)
    with pytest.raises(SceneError, match=r"FilledVessels.beds: no bed is called 'neer'; did you mean 'near'"):
        FilledVessels(beds=("neer",))(scene, Streams(1).generator)


def test_vessels_outside_the_grid_change_nothing():
    scene = filled(one=tube(1.0, ARTERY, 100.0))
    assert not (scene.tissue == tissues()["blood"]).any()
    assert not scene.share.any()
