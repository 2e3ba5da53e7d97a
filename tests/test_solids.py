"""Solids are drawn as their reference says, on any grid, through any deformation, by any number of threads."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from phantoms.solids import (
    Ellipsoid,
    Layer,
    Plane,
    Polar,
    Warp,
    common,
    depths,
    draw,
    raster,
    sampled,
    sheet,
    smooth_common,
    smooth_union,
    tube,
    union,
    waves,
)
from phantoms.solids.bounds import cone_bounds, leaf_bounds
from phantoms.solids.program import FIRST, OPERATION, TUBE
from phantoms.solids.tape import tape
from simdata import Grid, SceneError
from simdata.structures import structure
from simdata.tissues import tissues

FIELD = Grid.regular((90, 80, 70), (2.0, 2.0, 2.5), (3.0, -4.0, 5.0))


def turned(rng):
    return np.linalg.qr(rng.standard_normal((3, 3)))[0]


def leaves(rng):
    angles = np.radians(np.linspace(-180, 180, 121))
    radii = 60 + 8 * np.cos(2 * angles) + np.linspace(-10, 10, 41)[:, None]
    path = np.cumsum(rng.normal(0, 14, (12, 3)), axis=0)
    return {
        "ellipsoid": Ellipsoid((5, 3, -8), (40, 22, 30), turned(rng)),
        "cushion": Ellipsoid((-5, 3, 8), (40, 22, 30), turned(rng), roundness=4),
        "plane": Plane((3, 1, 2), rng.standard_normal(3)),
        "tube": tube(path, rng.uniform(4, 9, 12), 5.0),
        "flat tube": tube(path, 8.0, 5.0, flat=(0, 1.8, 0)),
        "ball": tube([(0, 0, 0), (0, 0, 0)], 20.0),
        "sheet": sheet(lambda u, v: 15 * np.sin(u / 30) * np.cos(v / 25), (-80, 80), (-80, 80), axes=turned(rng)),
        "polar": Polar(radii, np.stack([np.linspace(-5, 5, 41), np.linspace(9, -9, 41)], axis=-1), -100.0, 5.0),
        "lattice": sampled(lambda x, y, z: 35 - np.sqrt(x * x + y * y + 2 * z * z), (-60, -60, -60), (60, 60, 60), 5.0),
        "bumps": Ellipsoid((0, 0, 0), (35, 35, 35)) + waves(3.0, (25, 60), rng),
    }


def bent(grid):
    """A smooth deformation of the space around a grid."""
    first, step = (-140.0, -140.0, -140.0), 10.0
    axis = np.arange(-140.0, 141.0, step)
    at = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    return Warp((1.1 * at + 4 * np.sin(at[..., [1, 2, 0]] / 30)).astype(np.float32), first, step)


def reference(layers, grid, warp, voxels):
    """Label and tissue at some voxels, by NumPy and one layer after the other."""
    points = grid.world_mm(voxels)
    if warp:
        where = ((points - np.array(warp.first)) / warp.step_mm).T
        points = np.stack([map_coordinates(warp.places[..., n], where, order=1, mode="nearest") for n in range(3)], -1)
    label, tissue = np.zeros(len(points), int), np.zeros(len(points), int)
    for layer in reversed(layers):
        inside = layer.solid.depth(points) > 0
        label[inside] = structure(layer.structure).id if layer.structure else 0
        name = layer.tissue or (structure(layer.structure).tissue if layer.structure else "air")
        tissue[inside] = tissues()[name]
    return label, tissue


def agrees(layers, grid, warp=None, wrong=1e-4):
    voxels = np.stack(np.unravel_index(np.arange(0, np.prod(grid.shape), 7), grid.shape), axis=-1)
    drawn = draw(layers, grid, warp)
    label, tissue = reference(layers, grid, warp, voxels)
    assert label.any()
    assert (drawn.labels[tuple(voxels.T)] != label).mean() < wrong
    assert (drawn.tissue[tuple(voxels.T)] != tissue).mean() < wrong


@pytest.mark.parametrize("name", list(leaves(np.random.Generator(np.random.Philox(0)))))
def test_a_leaf_is_drawn_as_its_reference_says(name, rng):
    agrees([Layer(leaves(rng)[name], "liver")], FIELD)


def crowd(rng):
    """Layers that use every leaf, every combination, shared solids and the outside."""
    made = leaves(rng)
    room = made["polar"].grown(-6) - made["plane"]
    bone = made["flat tube"] | made["tube"]
    soft = smooth_union(made["ellipsoid"], made["ball"], made["cushion"], round_mm=9)
    return [
        Layer(~made["polar"], ""),
        Layer(bone.grown(-2.0), "rib_left_3", "spongy_bone"),
        Layer(bone, "rib_left_3", "cortical_bone"),
        Layer(smooth_common(soft, room, round_mm=6), "spleen"),
        Layer(common(made["bumps"], room, ~made["sheet"]), "liver"),
        Layer(union(made["lattice"].moved((20, 0, 0)), made["lattice"].mirrored()), "pancreas"),
        Layer(made["polar"].grown(-6), "skeletal_muscle"),
        Layer(made["polar"], "skin"),
    ]


def test_a_crowd_of_layers_is_drawn_as_its_reference_says(rng):
    agrees(crowd(rng), FIELD)


def test_a_deformed_body_is_drawn_as_its_reference_says(rng):
    agrees(crowd(rng), FIELD, bent(FIELD))


def test_a_grid_may_be_turned(rng):
    affine = FIELD.affine.copy()
    affine[:3, :3] = turned(rng) @ affine[:3, :3]
    agrees(crowd(rng), Grid(FIELD.shape, affine), bent(FIELD))


def test_thin_slices_are_no_harder_than_cubes(rng):
    agrees(crowd(rng), Grid.regular((70, 60, 11), (2.2, 2.4, 13.0)))


def test_a_crop_is_cut_from_the_same_body(rng):
    layers = tape(crowd(rng))
    whole = draw(layers, FIELD, bent(FIELD))
    part = draw(layers, FIELD.crop((13, 21, 5), (50, 41, 37)), bent(FIELD))
    same = whole.labels[13:63, 21:62, 5:42] == part.labels
    assert same.mean() > 1 - 1e-5


def test_threads_change_nothing(rng, monkeypatch):
    layers = tape(crowd(rng))
    many = draw(layers, FIELD, bent(FIELD), mixed=True)
    monkeypatch.setattr(raster, "get_num_threads", lambda: 1)
    one = draw(layers, FIELD, bent(FIELD), mixed=True)
    for name in ("labels", "tissue", "other", "share"):
        assert getattr(many, name).tobytes() == getattr(one, name).tobytes()


@pytest.mark.parametrize("name", ["ellipsoid", "cushion", "plane", "tube", "flat tube", "sheet", "lattice", "bumps"])
def test_a_solid_that_is_placed_is_the_same_solid_elsewhere(name, rng):
    solid, turn, shift = leaves(rng)[name], turned(rng), rng.uniform(-20, 20, 3)
    points = rng.uniform(-60, 60, (500, 3))
    moved = solid.placed(turn, 1.3, shift).depth(1.3 * points @ turn.T + shift)
    assert moved == pytest.approx(1.3 * solid.depth(points), abs=1e-3)


def test_an_outline_is_mirrored_scaled_and_shifted_but_not_turned(rng):
    outline, points = leaves(rng)["polar"], rng.uniform(-50, 50, (400, 3))
    outline = replace(
        outline, radii=outline.radii + np.linspace(-4, 4, outline.radii.shape[1] - 1).tolist().__add__([-4.0])
    )
    mirror, shift = np.diag([-1.0, 1.0, 1.0]), np.array([5.0, -3.0, 8.0])
    moved = outline.placed(mirror, 1.2, shift).depth(1.2 * points @ mirror + shift)
    assert moved == pytest.approx(1.2 * outline.depth(points), abs=1e-6)
    with pytest.raises(SceneError, match="cannot be turned"):
        outline.placed(turned(rng))


def test_the_fast_depth_is_the_reference(rng):
    points = rng.uniform(-70, 70, (40, 33, 3))
    for layer in crowd(rng):
        assert depths(layer.solid, points) == pytest.approx(layer.solid.depth(points), abs=2e-3)


def bounds(program, middle, reach):
    """Lowest and highest depth of a leaf within reach of a point, as the kernel bounds it."""
    x, y, z, reach = (np.float32(number) for number in (*middle, reach))
    operation, first = program.nodes[0, OPERATION], program.nodes[0, FIRST]
    if operation != TUBE:
        return leaf_bounds(operation, x, y, z, reach, program.numbers, first)
    low, high = (np.empty(program.cones.shape[1], np.float32) for _ in range(2))
    cone_bounds(x, y, z, reach, program.cones[None], 0, len(low), low, high)
    return low.max(), high.max()


@pytest.mark.parametrize("name", sorted(set(leaves(np.random.default_rng(0))) - {"bumps"}))
def test_a_leaf_lies_between_its_bounds_and_they_are_near(name, rng):
    solid = leaves(rng)[name]
    program = tape([Layer(solid, "")]).program
    width = []
    for reach in (1.0, 8.0, 60.0):
        for middle in rng.uniform(-70, 70, (20, 3)):
            off = rng.standard_normal((200, 3))
            off *= (reach * rng.uniform(0.5, 1, 200) / np.linalg.norm(off, axis=1))[:, None]
            depth = depths(solid, middle + off)
            low, high = bounds(program, middle, reach)
            assert low - 1e-3 <= depth.min() <= depth.max() <= high + 1e-3
            width.append((high - low) / (2 * reach))
    assert np.median(width) < (5 if name == "cushion" else 3)


def test_depths_are_millimetres(rng):
    points = rng.uniform(-90, 90, (4000, 3))
    for name, solid in leaves(rng).items():
        depth = solid.depth(points)
        near = points[np.abs(depth) < 3]
        step = 0.05 * np.eye(3)
        slope = np.stack([(solid.depth(near + d) - solid.depth(near - d)) / 0.1 for d in step], axis=-1)
        assert np.median(np.linalg.norm(slope, axis=1)) == pytest.approx(1, abs=0.12), name


BALL = Layer(Ellipsoid((0.3, 0.2, 0.1), (30, 30, 30)), "liver")


@pytest.mark.parametrize(
    "layers", [[BALL, Layer(Plane((0, 0, -900), (0, 0, 1)), "spleen")], [BALL]], ids=["spleen", "air"]
)
def test_shares_make_up_for_coarse_voxels(layers):
    true_ml = 4 / 3 * np.pi * 3**3
    for voxel_mm, error in ((1.0, 0.001), (4.0, 0.004), (8.0, 0.025)):
        grid = Grid.regular((int(80 / voxel_mm),) * 3, voxel_mm)
        drawn = draw(layers, grid, mixed=True)
        liver, share = drawn.labels == structure("liver").id, drawn.share / 255
        filled = np.where(liver, 1 - share, np.where(drawn.other == tissues()["liver"], share, 0)).sum()
        assert filled * grid.voxel_mm3 / 1000 == pytest.approx(true_ml, rel=error), voxel_mm


def test_a_voxel_deep_inside_is_all_one_tissue():
    drawn = draw([Layer(Ellipsoid((0, 0, 0), (30, 30, 30)), "liver")], Grid.regular((40, 40, 40), 2.0), mixed=True)
    assert not drawn.share[18:22, 18:22, 18:22].any()
    edge = (drawn.share > 0).sum() / (drawn.labels > 0).sum()
    assert 0.02 < edge < 0.2


def test_the_topmost_layer_wins():
    big, small = Ellipsoid((0, 0, 0), (30, 30, 30)), Ellipsoid((0, 0, 0), (10, 10, 10))
    grid = Grid.regular((11, 11, 11), 6.0)
    over = draw([Layer(small, "spleen"), Layer(big, "liver")], grid).labels[5, 5, 5]
    under = draw([Layer(big, "liver"), Layer(small, "spleen")], grid).labels[5, 5, 5]
    assert (over, under) == (structure("spleen").id, structure("liver").id)
    assert draw([replace(Layer(big, "liver"), structure="")], grid).labels.max() == 0
