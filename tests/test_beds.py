"""Beds of organs: in a patient of blocks they start from its large vessels and stay in the organ."""

from types import MappingProxyType

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.vessels import ROOT, merge
from vascular import brain, cco, coronary, kidney, liver, lung
from vascular.apart import overlaps


def rng(seed: int = 1):
    return Streams(seed)["vessels"].generator


def patient(parts) -> Scene:
    """Ellipsoids and boxes of structures: {name: mask of x, y, z}, the later over the earlier."""
    grid = Grid.regular((100, 80, 90), 2.0)
    places = np.moveaxis(grid.points_mm(), -1, 0)
    labels = np.zeros(grid.shape, np.uint16)
    for name, inside in parts.items():
        labels[inside(*places)] = structure(name).id
    return Scene(grid, labels)


def ball(x, y, z, rx, ry, rz):
    return lambda a, b, c: ((a - x) / rx) ** 2 + ((b - y) / ry) ** 2 + ((c - z) / rz) ** 2 < 1


def rod(x, y, z, half, axis="z", radius=5.0):
    """A rod of that half length along an axis."""

    def inside(a, b, c):
        off = {"x": a - x, "y": b - y, "z": c - z}
        along = off.pop(axis)
        return (np.hypot(*off.values()) < radius) & (abs(along) < half)

    return inside


def abdomen() -> Scene:
    return patient({
        "liver_segment_3": ball(-25, 10, 20, 60, 40, 30),
        "liver_segment_6": ball(30, 0, 0, 55, 55, 60),
        "inferior_vena_cava": rod(10, -50, 0, 85, radius=9),
        "hepatic_vein": rod(12, -30, 35, 16, "y", 5),
        "portal_vein_and_splenic_vein": rod(-10, 0, -30, 16, radius=5),
        "portal_vein_branch": rod(4, 0, -14, 14, "x", 4),
        "hepatic_artery": rod(-22, 6, -30, 16, radius=3),
        "common_bile_duct": rod(-2, 12, -50, 10, radius=3),
    })  # fmt: skip


@pytest.fixture(scope="module")
def grown():
    return liver.Liver(terminals=400)(abdomen(), rng())


def at(scene, points_mm):
    """The names of the structures at these places."""
    voxel = np.rint(scene.grid.index(points_mm)).astype(int)
    return [scene.structures[id].name if id else "" for id in scene.labels[tuple(voxel.T)].tolist()]


def test_the_liver_has_four_trees_that_start_from_its_vessels(grown):
    assert set(grown.vessels) == {"liver_portal_vein", "liver_artery", "liver_bile_duct", "liver_vein"}
    for name, vessels in grown.vessels.items():
        kind = "artery" if name == "liver_artery" else "duct" if name == "liver_bile_duct" else "vein"
        assert at(grown, vessels.points_mm[vessels.roots]) == [
            {"artery": "hepatic_artery", "duct": "common_bile_duct"}.get(
                kind, "inferior_vena_cava" if name == "liver_vein" else "portal_vein_and_splenic_vein"
            )
        ]
        assert len(vessels.ends) >= 160


def test_every_end_lies_in_the_liver(grown):
    for vessels in grown.vessels.values():
        inside = grown.mask("liver")[tuple(np.rint(grown.grid.index(vessels.points_mm[vessels.ends])).astype(int).T)]
        assert inside.mean() > 0.98


def test_trees_of_the_liver_do_not_overlap(grown):
    assert overlaps(grown.vessels.values()) == 0


def test_an_artery_that_leaves_right_beside_the_portal_vein_does_not_run_into_it():
    scene = abdomen()
    x, y, z = np.moveaxis(scene.grid.points_mm(), -1, 0)
    labels = np.where(scene.labels == structure("hepatic_artery").id, 0, scene.labels)
    labels[(np.hypot(x + 10, y - 7) < 2.5) & (z > -46) & (z < -14)] = structure("hepatic_artery").id
    crowded = liver.Liver(terminals=200)(Scene(scene.grid, labels), rng())
    artery = crowded.vessels["liver_artery"]
    assert at(crowded, artery.points_mm[artery.roots]) == ["hepatic_artery"]
    assert overlaps(crowded.vessels.values()) == 0


def test_blood_flows_from_the_portal_vein_and_the_artery_to_the_hepatic_veins(grown):
    portal, artery, veins = (grown.vessels[name] for name in ("liver_portal_vein", "liver_artery", "liver_vein"))
    flow_in = artery.flow_mm3_s[artery.roots].sum() - portal.flow_mm3_s[portal.roots].sum()
    assert flow_in == pytest.approx(veins.flow_mm3_s[veins.roots].sum(), rel=1e-4)
    for vessels, downstream in ((portal, -1), (artery, -1), (veins, 1)):
        moved = vessels.segments
        drop = vessels.pressure_mmhg[moved] - vessels.pressure_mmhg[vessels.parent[moved]]
        assert (downstream * drop >= 0).all()


def test_arteries_run_with_the_portal_vein(grown):
    def near(name):
        ends = grown.vessels[name].points_mm[grown.vessels[name].ends]
        return np.median(KDTree(grown.vessels["liver_portal_vein"].points_mm).query(ends)[0])

    assert near("liver_artery") < near("liver_vein")


def test_an_organ_out_of_view_is_told():
    empty = patient({"inferior_vena_cava": rod(10, -50, 0, 85, radius=9)})
    with pytest.raises(SceneError, match="Liver: found no voxel of liver"):
        liver.Liver()(empty, rng())
    with pytest.raises(SceneError, match="Kidney: no kidney is in view"):
        kidney.Kidney()(empty, rng())


def test_no_bed_changes_what_is_there(grown):
    before = abdomen()
    assert isinstance(grown.vessels, MappingProxyType)
    assert np.array_equal(before.labels, grown.labels)


@pytest.fixture(scope="module")
def lungs():
    chest = lung.shape()
    return chest, lung.Lung(terminals=3000)(chest, rng()).vessels


@pytest.fixture(scope="module")
def hearts():
    return coronary.shape(), coronary.Coronary().grow(coronary.shape(), rng())


@pytest.fixture(scope="module")
def brains():
    scene = brain.shape()
    return brain.Head(scene), brain.Brain()(scene, rng()).vessels


@pytest.fixture(scope="module")
def kidneys():
    cortex, border, starts = kidney.shape()
    return cortex, kidney.Kidney().grow(cortex, border, starts, rng())


@pytest.mark.parametrize(
    ("bed", "grown_before"),
    [(lung, "lungs"), (coronary, "hearts"), (brain, "brains"), (kidney, "kidneys")],
    ids=("lung", "coronary", "brain", "kidney"),
)
def test_a_bed_grown_again_has_the_same_bytes(bed, grown_before, request):
    _, before = request.getfixturevalue(grown_before)
    again = bed.example(rng())
    assert merge(list(before.values())).points_mm.tobytes() == again.points_mm.tobytes()
    check_example(again)


@pytest.mark.parametrize("bed", [cco, liver])
def test_a_bed_without_a_patient(bed):
    vessels, again = bed.example(rng()), bed.example(rng())
    assert vessels.points_mm.tobytes() == again.points_mm.tobytes()
    check_example(vessels)


def check_example(vessels):
    assert len(vessels.ends) > 1000
    assert np.isfinite(vessels.flow_mm3_s).all()
    assert np.isfinite(vessels.pressure_mmhg).all()
    assert (vessels.parent[vessels.ends] != ROOT).all()


def test_vessels_of_the_kidney_go_round_its_pyramids_and_each_other(kidneys):
    cortex, trees = kidneys
    assert all(cortex.holds(tree).all() for tree in trees.values())
    assert overlaps(trees.values()) == 0


def test_no_airway_leaves_its_lobe_and_all_hang_on_the_trachea(lungs):
    chest, beds = lungs
    airways = beds[lung.AIRWAY]
    assert at(chest, airways.points_mm[airways.roots]) == ["trachea"]
    assert len(airways.ends) > 2200
    ends = at(chest, airways.points_mm[airways.ends])
    assert all(name.startswith("lung_") for name in ends)


def test_every_lobe_keeps_its_airways_though_an_artery_meets_its_bronchus(lungs):
    chest, beds = lungs
    ends = at(chest, beds[lung.AIRWAY].points_mm[beds[lung.AIRWAY].ends])
    size = {name: chest.mask(lung._tissue(name)).sum() for name in lung.LOBES}
    for lobe in lung.LOBES:
        share = np.mean([end.startswith(lung._tissue(lobe)) for end in ends])
        assert share == pytest.approx(size[lobe] / sum(size.values()), rel=0.25)


def test_arteries_and_veins_of_the_lung_end_in_its_lobes(lungs):
    chest, beds = lungs
    for name in (lung.ARTERY, lung.VEIN):
        ends = at(chest, beds[name].points_mm[beds[name].ends])
        assert np.mean([end.startswith("lung_") for end in ends]) > 0.995


def test_arteries_go_with_the_airways_and_veins_between(lungs):
    beds = lungs[1]
    middle = {
        name: vessels.points_mm[vessels.segments] / 2 + vessels.points_mm[vessels.parent[vessels.segments]] / 2
        for name, vessels in beds.items()
    }
    away = {name: np.median(KDTree(middle[lung.AIRWAY]).query(middle[name])[0]) for name in middle}
    assert away[lung.ARTERY] < 0.7 * away[lung.VEIN]
    assert len(beds[lung.ARTERY].ends) > 1.3 * len(beds[lung.AIRWAY].ends)


def test_trees_of_the_lung_do_not_overlap(lungs):
    assert overlaps(lungs[1].values()) == 0


def test_breath_and_blood_are_those_of_lungs_of_their_size(lungs):
    beds = lungs[1]
    air, blood = (beds[name].flow_mm3_s[beds[name].roots].sum() * 60 / 1e6 for name in (lung.AIRWAY, lung.ARTERY))
    assert air / blood == pytest.approx(6 / 5, rel=0.05)


def test_the_right_coronary_artery_feeds_less_where_the_left_is_dominant():
    heart, share = coronary.shape(), {}
    for dominance in ("right", "left"):
        bed = coronary.Coronary(terminals=200, dominance=dominance)
        trees = [bed.grow(heart, rng(seed))[coronary.BED] for seed in range(2)]
        share[dominance] = np.mean(
            [tree.flow_mm3_s[tree.roots[1]] / tree.flow_mm3_s[tree.roots].sum() for tree in trees]
        )
    assert 0.05 < share["left"] < 0.9 * share["right"]


def test_coronary_vessels_run_in_the_wall_of_the_heart_and_apart(hearts):
    heart, beds = hearts
    for vessels in beds.values():
        voxel = np.rint(heart.grid.index(vessels.points_mm)).astype(int)
        assert (heart.left | heart.right)[tuple(voxel.T)].mean() < 0.001
    assert overlaps(beds.values()) == 0


def test_every_coronary_vessel_ends_in_the_muscle_or_the_fat_on_it(hearts):
    heart, beds = hearts
    for vessels in beds.values():
        voxel = np.rint(heart.grid.index(vessels.points_mm[vessels.ends])).astype(int)
        assert (heart.muscle | heart.fat)[tuple(voxel.T)].all()


def test_coronary_veins_go_with_the_arteries_to_the_right_atrium(hearts):
    heart, beds = hearts
    arteries, veins = beds[coronary.BED], beds[coronary.VEINS]
    assert len(veins.roots) == 1
    assert heart.right_atrium[tuple(np.rint(heart.grid.index(veins.points_mm[veins.roots[0]])).astype(int))]
    assert veins.flow_mm3_s[veins.roots].sum() == pytest.approx(arteries.flow_mm3_s[arteries.roots].sum(), rel=1e-4)
    large = [vessels.points_mm[vessels.radius_mm > radius] for vessels, radius in ((arteries, 0.5), (veins, 1.0))]
    assert np.median(KDTree(large[0]).query(large[1])[0]) < 12


def test_the_brain_is_fed_by_four_arteries_in_a_circle_and_drained_by_two_sinuses(brains):
    _, beds = brains
    arteries, veins = beds[brain.ARTERY], beds[brain.VEIN]
    scene = brain.shape()
    assert at(scene, arteries.points_mm[arteries.roots]) == [
        "internal_carotid_artery_left", "internal_carotid_artery_right", "head_artery", "head_artery",
    ]  # fmt: skip
    assert at(scene, veins.points_mm[veins.roots]) == ["dural_venous_sinus"] * 2
    assert len(arteries.links) == 4
    length = np.linalg.norm(arteries.points_mm[arteries.links[:, 0]] - arteries.points_mm[arteries.links[:, 1]], axis=1)
    assert length.max() < 30
    assert arteries.flow_mm3_s[arteries.roots].sum() == pytest.approx(veins.flow_mm3_s[veins.roots].sum(), rel=1e-4)
    assert overlaps(beds.values()) == 0


def test_each_artery_of_the_brain_has_its_territory(brains):
    _, beds = brains
    arteries = beds[brain.ARTERY]
    left, tree = (arteries.subtree(int(root)) for root in arteries.roots[:2])
    assert (left.points_mm[left.ends, 0] < 8).mean() > 0.93
    assert (tree.points_mm[tree.ends, 0] > -8).mean() > 0.93
    basilar = arteries.subtree(int(arteries.roots[2]))
    assert np.median(basilar.points_mm[basilar.ends, 1]) < np.median(tree.points_mm[tree.ends, 1]) - 20


def test_large_arteries_of_the_brain_stay_at_its_surface(brains):
    head, beds = brains
    vessels = beds[brain.ARTERY]
    voxel = np.rint(head.grid.index(vessels.points_mm)).astype(int)
    away = np.asarray(distance_transform_edt(~head.fluid, sampling=head.grid.spacing_mm))[tuple(voxel.T)]
    assert (away[vessels.radius_mm > 0.6] < 4.0).mean() > 0.9


def test_small_arteries_dive_into_the_cortex_at_right_angles(brains):
    head, beds = brains
    vessels = beds[brain.ARTERY]
    ends = vessels.ends
    voxel = np.rint(head.grid.index(vessels.points_mm[ends])).astype(int)
    deep = head.tissue[tuple(voxel.T)]
    assert deep.mean() > 0.6
    way = vessels.points_mm[ends] - vessels.points_mm[vessels.parent[ends]]
    inwards = np.stack(list(np.gradient(head.depth_mm)), axis=-1)[tuple(voxel.T)]
    known = deep & (np.linalg.norm(inwards, axis=1) > 0.5) & (vessels.length_mm[ends] < 3)
    cosine = (way * inwards).sum(axis=1) / (np.linalg.norm(way, axis=1) * np.linalg.norm(inwards, axis=1)).clip(1e-9)
    assert np.median(cosine[known]) > 0.85
