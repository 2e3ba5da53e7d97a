"""What an OCT angiograph says of itself: the vessels of its slab and the avascular zone, at rest and in motion."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from phantoms.gaze import Fixation, Gaze
from phantoms.retina import Retina as Wall
from render.effects.slab_error import SlabError
from render.oct.avascular_zone import avascular_zone
from render.oct.vessel_pixels import vessel_pixels
from render.octa import DEEP, OCTA, SUPERFICIAL
from simdata import SceneError, Streams
from simdata.eye_wall import floor_mm, over
from simdata.motion import Still
from simdata.motion_tree import motion_of, motion_tree
from simdata.structures import structure
from simdata.vessels import ARTERY, CAPILLARY, vessel_tree
from vascular.fundus import fundus
from vascular.in_layers import GANGLION_CELLS, INNER_NUCLEAR, INNER_PLEXIFORM, InLayers
from vascular.retina import LAYERS, ZONE, Retina

PIXEL_MM = 0.01


def wall(**changes):
    return Wall(**{"field_mm": 1.6, "voxel_mm": 0.02, "depth_mm": 0.3, "depth_voxel_mm": 0.003, **changes})(
        Streams(1).generator
    )


@pytest.fixture(scope="module")
def grown():
    """A macula of 1.5 mm, its nets at their nominal depths."""
    return Retina(field_mm=1.5)(wall(), Streams(4).generator)


@pytest.fixture(scope="module")
def eye(grown):
    """With its nets in their layers."""
    return InLayers()(grown, Streams(4).generator)


def scanner(**changes):
    return OCTA(**{"field_mm": 1.4, "pixels": 140, "effects": (), **changes})


def tube(y_mm, depth_mm, radius_mm=0.012, kind=ARTERY):
    points = np.array([[-0.8, y_mm, -depth_mm], [0.0, y_mm, -depth_mm], [0.8, y_mm, -depth_mm]], np.float32)
    tree = vessel_tree(points, np.array([-1, 0, 1]), np.full(3, radius_mm), np.full(3, kind))
    return replace(tree, flow_mm3_s=np.full(3, 2e-3, np.float32))


def with_vessels(scene, **vessels):
    return replace(scene, vessels=MappingProxyType(vessels))


def rows_of(image, name):
    return np.flatnonzero((image.labels == structure(name).id).any(axis=(0, 2)))


def test_each_net_lies_in_its_layers_everywhere(grown, eye):
    """Of the nodes of each net as it was grown, most of those beside the pit lie in their layers."""
    nominal, placed = grown.vessels["retina"].points_mm, eye.vessels["retina"].points_mm
    capillary = grown.vessels["retina"].kind == CAPILLARY
    net = np.abs(-nominal[:, 2][:, None] - np.array([one.depth_mm for one in LAYERS])).argmin(axis=1)
    ganglion, plexiform, nuclear = (
        over(floor_mm(eye, layers), eye.grid, placed) for layers in (GANGLION_CELLS, INNER_PLEXIFORM, INNER_NUCLEAR)
    )
    deep = -placed[:, 2]
    in_ganglion = (deep > 0) & (deep < ganglion + 0.003)
    assert in_ganglion[capillary & (net == 0) & (ganglion > 0.03)].mean() > 0.97
    assert np.abs(deep - plexiform)[capillary & (net == 1)].mean() < 0.008
    assert np.abs(deep - nuclear)[capillary & (net == 2)].mean() < 0.008


def test_the_slabs_show_their_own_nets(eye):
    superficial, deep = (scanner(layers=layers)(eye, Streams(1)) for layers in (SUPERFICIAL, DEEP))
    depth = {name: -image.vessels["retina"].points_mm[:, 2].mean() for name, image in (("s", superficial), ("d", deep))}
    assert depth["d"] > depth["s"] + 0.02
    assert (superficial.labels != deep.labels).mean() > 0.1


def test_a_vessel_of_another_layer_is_not_in_the_truth():
    scene = wall()
    patient = with_vessels(scene, a=tube(0.5, 0.05), b=tube(-0.5, 0.2, kind=CAPILLARY))
    superficial, deep = (scanner(layers=layers)(patient, Streams(1)) for layers in (SUPERFICIAL, DEEP))
    assert len(rows_of(superficial, "retinal_artery_right"))
    assert not len(rows_of(superficial, "retinal_capillary_right"))
    assert not len(rows_of(deep, "retinal_artery_right"))
    assert len(superficial.vessels["a"]) == 3
    assert len(superficial.vessels["b"]) == 0


def test_blood_above_leaves_its_tail_in_the_deep_slab():
    patient = with_vessels(wall(), a=tube(0.5, 0.04, radius_mm=0.03))
    flow = np.sqrt(scanner(layers=DEEP).measure(patient).change).mean(axis=(0, 2))
    assert flow[118:121].mean() > 10 * flow[60:80].mean()


def test_the_avascular_zone_is_as_large_as_drawn(eye):
    """The superficial net leaves open what was drawn with the eye, the intermediate, at the edge of its slab, less."""
    drawn = np.pi * np.mean(fundus(Streams(4).generator).faz_mm ** 2)
    for layers, zone in ((SUPERFICIAL[:2], 1.0), (SUPERFICIAL, ZONE[1])):
        image = scanner(layers=layers)(eye, Streams(1))
        found = (image.labels == structure("foveal_avascular_zone_right").id).sum() * PIXEL_MM**2
        assert found == pytest.approx(zone**2 * drawn, rel=0.08)


def test_a_ring_bounds_a_zone_and_a_gap_in_it_opens_it():
    turn = np.radians(np.arange(0, 361, 5))
    ring = np.column_stack([0.3 * np.cos(turn), 0.3 * np.sin(turn), np.full(len(turn), -0.05)])
    closed = vessel_tree(ring, np.arange(len(ring)) - 1, np.full(len(ring), 0.003), "capillary")
    grid = scanner()(with_vessels(wall(), a=closed), Streams(1)).grid
    axes = vessel_pixels(closed, grid).centreline[..., 0] > 0
    zone = avascular_zone(axes, grid)
    assert zone.sum() * PIXEL_MM**2 == pytest.approx(np.pi * 0.295**2, rel=0.03)
    gap = vessel_pixels(closed.take(np.arange(len(ring)) > 3), grid).centreline[..., 0] > 0
    assert not avascular_zone(gap, grid).any()
    axes[70, 70] = True
    assert not avascular_zone(axes, grid).any()


def test_radius_and_axis_of_a_vessel_in_every_pixel():
    image = scanner()(with_vessels(wall(), a=tube(0.505, 0.04, radius_mm=0.025)), Streams(1))
    maps = vessel_pixels(image.vessels["a"], image.grid)
    assert (maps.centreline[..., 0].sum(axis=1) == 1).all()
    assert maps.radius_mm[maps.share > 128] == pytest.approx(0.025, rel=1e-4)


def jump(at_s, x_mm, y_mm):
    return Gaze((0.0, at_s, at_s + 1e-4, 9.0), (0.0, 0.0, x_mm, x_mm), (0.0, 0.0, y_mm, y_mm))


def test_an_eye_that_jumps_shears_the_vessels_and_their_truth_alike():
    patient = with_vessels(wall(), a=across(0.2))
    moved = replace(patient, motion=jump(0.7, 0.1, 0.0))
    held, seen = (scanner(window=scanner().window)(one, Streams(1)) for one in (patient, moved))
    artery = structure("retinal_artery_right").id
    columns = [
        np.array([np.flatnonzero(image.labels[:, j, 0] == artery).mean() for j in (20, 120)]) for image in (held, seen)
    ]
    assert columns[1] - columns[0] == pytest.approx([0, 10], abs=0.6)
    brightest = [seen.array[:, j, 0].argmax() for j in (20, 120)]
    assert brightest == pytest.approx(columns[1], abs=2.5)
    points = seen.grid.index(seen.vessels["a"].points_mm)
    assert points[points[:, 1] > 90][:, 0].mean() == pytest.approx(columns[1][1], abs=0.6)


def across(x_mm):
    """A vessel along y."""
    y = np.linspace(-0.7, 0.7, 30)
    points = np.column_stack([np.full(30, x_mm), y, np.full(30, -0.04)]).astype(np.float32)
    tree = vessel_tree(points, np.arange(30) - 1, np.full(30, 0.02), np.full(30, ARTERY))
    return replace(tree, flow_mm3_s=np.full(30, 5e-3, np.float32))


def test_a_line_in_which_the_eye_jumps_is_bright():
    moved = replace(with_vessels(wall(), a=tube(0.5, 0.05)), motion=jump(0.702, 0.03, 0.02))
    flow = np.sqrt(scanner().measure(moved).change)[:40].mean(axis=(0, 2))
    assert flow[70] > 10 * np.median(flow)
    assert int(flow.argmax()) == 70


def test_held_still_an_eye_that_moves_is_seen_as_it_lies(eye):
    moving = Fixation(lasting_s=2.0)(eye, Streams(7).generator)
    small = scanner(field_mm=1.0, pixels=100)
    back = replace(moving, motion=Still())
    assert (small(back, Streams(1)).array == small(eye, Streams(1)).array).all()
    assert (small(moving, Streams(1)).labels != small(eye, Streams(1)).labels).any()


def test_a_fixation_drifts_and_jumps():
    gaze = Fixation(lasting_s=60.0, saccades_hz=1.5).gaze(Streams(3).generator)
    way = np.hypot(np.diff(gaze.x_mm), np.diff(gaze.y_mm))
    jumps = way > 0.01
    assert jumps.sum() == pytest.approx(90, rel=0.3)
    assert np.median(way[~jumps]) == pytest.approx(0.3 * 0.288 * 0.02, rel=0.01)
    assert np.hypot(gaze.x_mm, gaze.y_mm).max() < 0.6
    assert motion_of(motion_tree(gaze)) == gaze


def test_an_eye_that_looks_away_from_its_wall_is_refused():
    far = replace(with_vessels(wall(), a=tube(0.5, 0.05)), motion=jump(0.5, 3.0, 0.0))
    with pytest.raises(SceneError, match="smaller field_mm"):
        scanner().measure(far)


def test_surfaces_found_too_deep_show_the_layers_below():
    patient = with_vessels(wall(), a=tube(0.5, 0.05))
    raw = scanner().measure(patient)
    shifted = SlabError(error_mm=0.0, shift_mm=0.012)(raw, Streams(1).generator)
    assert (shifted.slab[..., 4:] == raw.slab[..., :-4]).all()
    assert not shifted.slab[..., :4].any()
    uneven = SlabError(error_mm=0.008)(raw, Streams(1).generator)
    moved = (uneven.slab.argmin(axis=2) * uneven.slab[..., 0] - raw.slab.argmin(axis=2))[uneven.slab[..., 0]]
    assert np.abs(moved).max() >= 2
    assert (uneven.data == raw.data).all()
