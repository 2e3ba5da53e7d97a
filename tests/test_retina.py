"""The retina: a closed net around the fovea, between arteries and veins that do not touch its centre."""

import numpy as np
import pytest
from toys import Block

from simdata import Scene, SceneError, Streams
from simdata.vessels import ARTERY, CAPILLARY, ROOT, VEIN, vessel_tree
from vascular.fundus import as_seen, fundus
from vascular.morphometry import Field, report
from vascular.plexus import Layer, close_circulation, net
from vascular.retina import LAYERS, Retina, example
from vascular.rheology import red_cell_speed_mm_s
from vascular.supply import ARTERIAL_MMHG, EXPONENT, VENOUS_MMHG


def stream(seed):
    return Streams(seed)["vessels"].generator


@pytest.fixture(scope="module")
def eyes():
    return [example(stream(seed)) for seed in range(6)]


@pytest.fixture(scope="module")
def macula(eyes):
    return eyes[1]


@pytest.fixture(scope="module")
def small():
    return Retina(field_mm=1.5).grow(stream(3))


def test_a_macula_has_the_segments_of_an_eye(macula):
    assert len(macula.segments) + len(macula.links) > 12_000
    assert np.abs(macula.points_mm[:, :2]).max() <= 1.5 + 1e-6
    assert {ARTERY, VEIN, CAPILLARY} == set(np.unique(macula.kind))


def test_every_capillary_is_fed_by_an_artery_and_some_drain_into_veins(macula):
    top = np.arange(len(macula))
    while (macula.parent[top] != ROOT).any():
        top = np.where(macula.parent[top] == ROOT, top, macula.parent[top])
    assert (macula.kind[top[macula.kind == CAPILLARY]] == ARTERY).all()
    joined = np.sort(macula.kind[macula.links], axis=1)
    assert (joined == (VEIN, CAPILLARY)).all(axis=1).sum() > 50


def test_no_vessel_crosses_the_fovea(eyes):
    for seed, grown in enumerate(eyes):
        eye = fundus(stream(seed))
        u, v = grown.points_mm[grown.kind == CAPILLARY, :2].T
        assert (np.hypot(u, v) > 0.75 * eye.faz_radius_mm(u, v)).all()


def test_arteries_and_veins_that_cross_do_so_in_depth(macula):
    a, v = (np.flatnonzero(macula.kind == kind) for kind in (ARTERY, VEIN))
    apart = np.linalg.norm(macula.points_mm[a, None] - macula.points_mm[None, v], axis=-1)
    assert (apart > macula.radius_mm[a, None] + macula.radius_mm[None, v]).mean() > 0.9999


def test_what_flows_to_a_point_flows_on(macula):
    own, above = macula.segments, macula.parent[macula.segments]
    away = np.where(macula.kind[own] == VEIN, -1, 1) * macula.flow_mm3_s[own]
    came, passed = (np.zeros(len(macula)) for _ in range(2))
    for at, flow in ((own, away), (above, -away), (macula.links[:, 1], macula.link_flow_mm3_s)):
        np.add.at(came, at, flow)
        np.add.at(passed, at, np.abs(flow))
    np.add.at(came, macula.links[:, 0], -macula.link_flow_mm3_s)
    inner = (macula.parent != ROOT) & (np.abs(macula.points_mm[:, :2]).max(axis=1) < 1.4999)
    assert np.abs(came[inner]).max() < 1e-6 * passed.max()
    # enters through arteries, leaves through veins
    edge = ~inner
    assert came[edge & (macula.kind == ARTERY)].sum() == pytest.approx(
        -came[edge & (macula.kind == VEIN)].sum(), rel=1e-3
    )
    assert came[edge & (macula.kind == ARTERY)].sum() < 0


def test_pressure_falls_from_arteries_through_capillaries_to_veins(macula):
    artery, capillary, vein = (macula.pressure_mmhg[macula.kind == kind] for kind in (ARTERY, CAPILLARY, VEIN))
    assert ARTERIAL_MMHG > np.median(artery) > np.median(capillary) > np.median(vein) > VENOUS_MMHG
    assert np.nanmean(macula.haematocrit[macula.kind == CAPILLARY]) < 0.45


def test_blood_passes_all_three_layers_at_the_speed_of_capillaries(macula):
    capillary = (macula.kind == CAPILLARY) & (macula.kind[macula.parent] == CAPILLARY)
    flow, radius, cells = (column.astype(float) for column in (macula.flow_mm3_s, macula.radius_mm, macula.haematocrit))
    speed_mm_s = red_cell_speed_mm_s(flow, 2000 * radius, cells)
    for layer in LAYERS:
        here = capillary & (np.abs(-macula.points_mm[:, 2] - layer.depth_mm) < 0.012)
        assert 0.5 < np.median(speed_mm_s[here]) < 2.0
        assert (speed_mm_s[here] < 0.04).mean() < 0.05


def test_a_whole_fundus_has_one_artery_and_one_vein():
    trees = fundus(stream(2)).trunks
    assert sorted(trees.kind[trees.roots].tolist()) == [ARTERY, VEIN]


def test_vessels_that_leave_the_field_end_at_its_edge(macula):
    edge = np.isclose(np.abs(macula.points_mm[:, :2]).max(axis=1), 1.5, atol=1e-5)
    trees = edge & (macula.kind != CAPILLARY)
    assert (trees & ((macula.parent == ROOT) | (macula.children == 0))).sum() == trees.sum() > 20


def test_eyes_are_like_eyes(eyes):
    measured = [report(one, Field()) for one in eyes]
    mean = {name: np.mean([one[name] for one in measured]) for name in ("density", "faz_area_mm2", "exponent_artery")}
    assert 0.04 < mean["density"] < 0.10
    assert 0.12 < mean["faz_area_mm2"] < 0.40
    assert mean["exponent_artery"] == pytest.approx(EXPONENT[ARTERY], abs=0.2)
    assert np.std([one["faz_area_mm2"] for one in measured]) > 0.03


def test_a_left_eye_is_a_right_eye_in_the_mirror(small):
    left = Retina(laterality="left", field_mm=1.5).grow(stream(3))
    assert np.array_equal(small.points_mm * np.array([-1, 1, 1], np.float32), left.points_mm)
    assert np.array_equal(as_seen(np.array([[1.0, 2, 3]]), "left"), [[-1, 2, -3]])


def test_wider_meshes_hold_fewer_capillaries(macula):
    sparse = Retina(mesh=1.6).grow(stream(1))
    assert np.sum(sparse.kind == CAPILLARY) < 0.6 * np.sum(macula.kind == CAPILLARY)


def test_the_same_numbers_give_the_same_bytes_in_any_scene(small, rng):
    grown = Retina(field_mm=1.5)(Block()(rng), stream(3))
    assert isinstance(grown, Scene)
    assert len(small) > 3_000
    for name in ("points_mm", "radius_mm", "flow_mm3_s"):
        assert getattr(grown.vessels["retina"], name).tobytes() == getattr(small, name).tobytes()
    assert Retina(field_mm=1.5).grow(stream(6)).points_mm.tobytes() != small.points_mm.tobytes()


def test_three_capillaries_meet_at_every_node():
    made = net((Layer(0.03, 0.06),), (1.0, 1.0), lambda layer, at: np.ones(len(at), bool), 0.1, stream(1))
    meet = np.bincount(made.edges.ravel())
    assert set(np.unique(meet)) <= {2, 3}
    assert (meet == 3).mean() > 0.8


def test_a_net_without_an_artery_is_refused():
    made = net((Layer(0.03, 0.06),), (1.0, 1.0), lambda layer, at: np.ones(len(at), bool), 0.1, stream(1))
    far = vessel_tree(np.array([[5.0, 5, 0], [6, 6, 0]]), np.array([ROOT, 0]), np.full(2, 0.01), "artery")
    with pytest.raises(SceneError, match="no artery ends within"):
        close_circulation(far, made, {ARTERY: (1.0,)}, stream(1))
