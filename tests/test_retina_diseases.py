"""Diabetic retinopathy and occlusions of a retina: what closes, what bulges, what blood is left, what is told of it."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from phantoms.retina import Retina as Wall
from simdata import SceneError, Streams
from simdata.vessels import ARTERY, CAPILLARY, ROOT, VEIN
from vascular.diabetic_retinopathy import DiabeticRetinopathy
from vascular.fundus import retina_grid
from vascular.morphometry import exponents, forks
from vascular.retina import Retina
from vascular.retinal_occlusion import RetinalOcclusion

FIELD_MM = 2.0


def stream(seed):
    return Streams(seed)["disease"].generator


@pytest.fixture(scope="module")
def healthy():
    wall = Wall(field_mm=FIELD_MM, voxel_mm=0.02, depth_voxel_mm=0.01)(stream(1))
    return Retina(field_mm=FIELD_MM)(wall, Streams(3)["vessels"].generator)


@pytest.fixture(scope="module")
def diabetic(healthy):
    return [DiabeticRetinopathy(grade=grade)(healthy, stream(2)) for grade in ("mild", "moderate", "severe")]


def retina(scene):
    return scene.vessels["retina"]


def capillary_flow(scene):
    vessels = retina(scene)
    return float(np.abs(vessels.flow_mm3_s[vessels.kind == CAPILLARY]).sum())


def test_the_wall_lies_where_the_vessels_are(healthy):
    same = retina_grid(FIELD_MM, healthy.grid.shape, 0.13)
    assert np.allclose(same.affine, healthy.grid.affine)
    index = healthy.grid.index(retina(healthy).points_mm)
    assert (index > -0.51).all()
    assert (index < np.array(healthy.grid.shape) - 0.49).all()


def test_every_grade_closes_more_capillaries(healthy, diabetic):
    counts = [np.sum(retina(scene).kind == CAPILLARY) for scene in (healthy, *diabetic)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < 0.86 * counts[0]
    sacs = [sum(f.kind == "microaneurysm" for f in scene.findings) for scene in diabetic]
    assert sacs == sorted(sacs)
    assert sacs[-1] > 4


def test_the_avascular_zone_grows(healthy, diabetic):
    def nearest(scene):
        vessels = retina(scene)
        return np.hypot(*vessels.points_mm[vessels.kind == CAPILLARY, :2].T).min()

    zones = [nearest(scene) for scene in (healthy, *diabetic)]
    assert zones == sorted(zones)
    assert zones[-1] > 1.25 * zones[0]


def test_vessels_fork_into_wider_daughters(healthy, diabetic):
    for kind, least in ((ARTERY, 0.3), (VEIN, 0.1)):
        found = []
        for scene in (healthy, diabetic[-1]):
            at = forks(retina(scene))
            found.append(np.nanmedian(exponents(retina(scene), at)[retina(scene).kind[at.mother] == kind]))
        assert found[1] > found[0] + least


def test_microaneurysms_lie_at_the_edge_of_closed_capillaries_and_hold_still_blood(healthy, diabetic):
    sick = diabetic[-1]
    sacs = [found for found in sick.findings if found.kind == "microaneurysm"]
    for found in sacs:
        vessels = retina(sick)
        sac = np.argmin(np.linalg.norm(vessels.points_mm - np.array(found.centre_mm), axis=1))
        assert vessels.radius_mm[sac] >= 0.008
        assert abs(vessels.flow_mm3_s[sac]) < 1e-12
        assert vessels.kind[vessels.parent[sac]] == CAPILLARY
        away = np.linalg.norm(retina(healthy).points_mm - vessels.points_mm[sac], axis=1)
        gone = ~np.isin(retina(healthy).points_mm.view("V12").ravel(), vessels.points_mm.view("V12").ravel())
        assert away[gone].min() < 0.2
    assert (sick.labels == sacs[-1].label).any()


def test_all_that_is_left_is_fed_by_an_artery(diabetic):
    vessels = retina(diabetic[-1])
    top = np.arange(len(vessels))
    while (vessels.parent[top] != ROOT).any():
        top = np.where(vessels.parent[top] == ROOT, top, vessels.parent[top])
    assert (vessels.kind[top[vessels.kind == CAPILLARY]] == ARTERY).all()
    assert np.isfinite(vessels.pressure_mmhg).all()


def test_a_closed_central_artery_leaves_the_retina_without_blood(healthy):
    sick = RetinalOcclusion(vessel="artery", site="central")(healthy, stream(1))
    assert capillary_flow(sick) < 0.3 * capillary_flow(healthy)
    assert np.median(retina(sick).pressure_mmhg) < np.median(retina(healthy).pressure_mmhg) - 5
    first, second = sick.findings
    assert first.text.startswith("Occlusion of the central artery; flow at 0 %")
    assert second.kind == "non_perfusion"
    assert np.count_nonzero(sick.labels == second.label) > 0.3 * sick.labels.size


def test_a_closed_central_vein_raises_the_pressure_before_it_and_capillaries_close(healthy):
    sick = RetinalOcclusion(vessel="vein", site="central")(healthy, stream(1))
    before, now = retina(healthy), retina(sick)
    assert capillary_flow(sick) < 0.7 * capillary_flow(healthy)
    assert np.median(now.pressure_mmhg[now.kind == VEIN]) > np.median(before.pressure_mmhg[before.kind == VEIN]) + 5
    assert 0.6 < np.sum(now.kind == CAPILLARY) / np.sum(before.kind == CAPILLARY) < 0.8
    assert "central vein" in sick.findings[0].text


@pytest.mark.parametrize("vessel", ["artery", "vein"])
def test_a_closed_branch_starves_its_territory_only(healthy, vessel):
    sick = RetinalOcclusion(vessel=vessel)(healthy, stream(4))
    before, now = retina(healthy), retina(sick)
    assert sick.findings[0].text.startswith("Occlusion of a")
    trees = np.flatnonzero(before.kind != CAPILLARY)
    closed = trees[now.radius_mm[trees] < 0.5 * before.radius_mm[trees]]
    assert (before.kind[closed] == (ARTERY if vessel == "artery" else VEIN)).all()
    assert (np.abs(now.flow_mm3_s[closed]) < 0.5 * np.abs(before.flow_mm3_s[closed])).all()
    place = before.points_mm[closed].mean(axis=0)

    def flow(vessels, least_mm, most_mm):
        away = np.linalg.norm(vessels.points_mm - place, axis=1)
        within = (vessels.kind == CAPILLARY) & (away >= least_mm) & (away < most_mm)
        return np.abs(vessels.flow_mm3_s[within]).sum()

    near, far = (flow(now, *ring) / flow(before, *ring) for ring in ((0, 0.6), (1.3, 9)))
    assert near < 0.8
    assert far == pytest.approx(1, abs=0.1)


def test_what_has_no_capillaries_or_no_such_branch_is_refused(healthy):
    vessels = retina(healthy)
    trees = vessels.take(vessels.kind != CAPILLARY)
    bare = replace(healthy, vessels=MappingProxyType({"retina": trees}))
    with pytest.raises(SceneError, match="have no capillaries; those of a retina would do"):
        DiabeticRetinopathy()(bare, stream(1))
    with pytest.raises(SceneError, match="found no vessels 'liver' in this patient"):
        RetinalOcclusion(bed="liver")(healthy, stream(1))
    with pytest.raises(SceneError, match="found no artery of 'retina' that serves"):
        RetinalOcclusion(vessel="artery")(bare, stream(1))


def test_the_same_numbers_give_the_same_disease(healthy):
    one, same = (DiabeticRetinopathy()(healthy, stream(5)) for _ in range(2))
    assert retina(one).points_mm.tobytes() == retina(same).points_mm.tobytes()
    assert one.findings == same.findings
