"""Flat images as pictures: right way up, the truth over them, and in the sheets."""

from types import MappingProxyType

import numpy as np

from pipelines.flat import fullest, outlined, outlines, plain
from pipelines.sheet import contact_sheet, sample_sheet
from simdata import Grid, Image, Sample, Scene, Shadow, structure, vessel_tree

TABLE = {structure(name).id: structure(name) for name in ("liver", "skin", "lung_upper_lobe_left", "liver_segment_2")}
GRID = Grid.regular((40, 60, 1), (1.0, 1.0, 1.0))


def picture(**truth):
    array = np.zeros((40, 60, 1), np.float32)
    array[30:, 50:] = 1
    return Image(array, "a.u.", GRID, **truth)


def shadow(columns, rows):
    path = np.zeros((40, 60, 1), np.float32)
    path[columns, rows] = 5
    return Shadow.of(path)


def test_the_second_axis_runs_upwards():
    seen = np.array(plain(picture(), 60))[..., 0]
    assert seen.shape == (60, 40)
    assert seen[3, 37] == 255
    assert seen[57, 37] == seen[3, 3] == 0


def test_a_run_shows_its_fullest_frame():
    array = np.zeros((3, 40, 60, 1), np.float32)
    array[1, 10:20] = 1
    assert fullest(Image(array, "a.u.", GRID)) == 1
    assert np.array(plain(Image(array, "a.u.", GRID), 60))[30, 15, 0] == 255


def test_the_edge_of_a_shadow_has_the_colour_of_its_structure():
    image = picture(shadows={"liver": shadow(slice(5, 15), slice(10, 30))})
    seen = np.array(outlined(image, TABLE, 60))
    assert tuple(seen[59 - 10, 8]) == structure("liver").colour
    assert tuple(seen[59 - 20, 5]) == structure("liver").colour
    assert not seen[59 - 20, 10].any(), "inside nothing is drawn"
    assert not seen[59 - 5, 8].any(), "nor outside"


def test_skin_all_over_parts_and_what_is_not_there_have_no_outline():
    shadows = {
        "skin": shadow(slice(0, 40), slice(0, 60)),
        "liver": shadow(slice(5, 15), slice(10, 30)),
        "liver_segment_2": shadow(slice(5, 9), slice(10, 30)),
        "lung_upper_lobe_left": Shadow.of(np.zeros((40, 60, 1), np.float32)),
        "coronary": shadow(slice(20, 22), slice(0, 60)),
    }
    assert list(outlines(picture(shadows=shadows), TABLE)) == ["liver"]


def test_vessels_are_drawn_where_they_are_projected():
    points = GRID.world_mm(np.array([[10.0, 5, 0], [10, 40, 0]]))
    tree = vessel_tree(points, np.array([-1, 0]), np.full(2, 2.0))
    thin = vessel_tree(points + np.array([20, 0, 0]), np.array([-1, 0]), np.full(2, 0.3))
    seen = np.array(outlined(picture(vessels={"coronary": tree, "thin": thin}), TABLE, 60))
    assert seen[59 - 20, 10].any()
    assert not seen[59 - 20, 12:].any(), "thin vessels are left out"


def test_sheets_show_flat_images_beside_their_truth():
    labels = np.full((8, 8, 8), structure("liver").id, np.uint16)
    image = picture(shadows={"liver": shadow(slice(5, 15), slice(10, 30))})
    scene = Scene(Grid.regular((8, 8, 8), 2.0), labels)
    sample = Sample(0, 1, MappingProxyType({"pa": image}), scene, {}, {}, {})
    for sheet in (sample_sheet(sample), contact_sheet([sample])):
        assert sheet.height == 450
        assert (np.array(sheet) == structure("liver").colour).all(axis=2).sum() > 100


def test_a_volume_on_voxels_of_its_own_is_in_the_sheet_with_the_labels_under_it():
    grid = Grid.regular((16, 16, 16), 4.0)
    labels = np.zeros(grid.shape, np.uint16)
    labels[4:12, 4:12, 4:12] = structure("liver").id
    finer = Grid.regular((40, 40, 40), 1.5)
    image = Image(np.full(finer.shape, 7, np.float32), "a.u.", finer)
    drawn = np.asarray(sample_sheet(Sample(0, 0, {"own": image}, Scene(grid, labels), {}, {}, {}))).astype(int)
    planes, over = drawn[100:200, 100:200], drawn[406:506, 100:200]
    assert np.ptp(planes, axis=2).max() == 0, "grey above"
    assert np.ptp(over, axis=2).min() > 20, "and the liver's colour below"
