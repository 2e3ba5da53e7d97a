"""Diseases of vessels: each changes the graph as it says, moves the flow, and is told in the findings."""

from types import MappingProxyType

import numpy as np
import pytest
from numpy.random import Generator, Philox

from render.attenuation import attenuation
from render.tube import Tube
from simdata import Grid, Scene, SceneError, structure, vessel_tree
from vascular.aneurysm import Aneurysm
from vascular.dropout import Dropout
from vascular.flow import Periphery, circulation
from vascular.morphometry import tortuosity
from vascular.occlusion import Occlusion
from vascular.stenosis import Stenosis
from vascular.tortuosity import Tortuosity

HEALTHY_MMHG = 95.0


def rng(seed=0):
    return Generator(Philox(seed))


def tree(levels=5):
    """A full tree in a plane: each branch of three segments, radii by Murray's cube law from 2 mm down."""
    points, parent, radius = [(0.0, 0.0, -40.0)], [-1], [2.0]
    tips = [(0, np.pi / 2)]
    for level in range(levels):
        more = []
        for tip, heading in tips:
            for turn in (0.0,) if level == 0 else (0.5, -0.5):
                way, last = heading + turn, tip
                for _ in range(3):
                    x, y, z = points[last]
                    step = 8.0 * 0.8**level
                    points.append((x + step * np.cos(way), y, z + step * np.sin(way)))
                    parent.append(last)
                    radius.append(2.0 * 2 ** (-level / 3))
                    last = len(points) - 1
                more.append((last, way))
        tips = more
    vessels = vessel_tree(np.array(points), np.array(parent), np.array(radius))
    held = np.full(len(vessels), np.nan)
    held[0] = HEALTHY_MMHG
    beyond = Periphery(np.where(vessels.children == 0, 0.2, 0.0), np.full(len(vessels), 5.0))
    return circulation(vessels, held, periphery=beyond).onto()


@pytest.fixture(scope="module")
def patient():
    grid = Grid.regular((120, 60, 120), 1.0)
    labels = np.full(grid.shape, structure("liver").id, np.uint16)
    return Scene(grid, labels, vessels=MappingProxyType({"coronary": tree()}))


def flow(scene, point=1):
    return float(scene.vessels["coronary"].flow_mm3_s[point])


def test_a_healthy_change_of_nothing_keeps_the_flow(patient):
    from vascular.disease import after

    before = patient.vessels["coronary"]
    again = after(before, before)
    assert np.allclose(again.flow_mm3_s[1:], before.flow_mm3_s[1:], rtol=1e-3)
    assert np.allclose(again.pressure_mmhg, before.pressure_mmhg, rtol=1e-3)


@pytest.mark.parametrize("plaque", ["calcified", "soft"])
def test_a_stenosis_narrows_and_lets_less_through(patient, plaque):
    sick = Stenosis(percent=80, length_mm=10, plaque=plaque, point=2)(patient, rng())
    vessels, before = sick.vessels["coronary"], patient.vessels["coronary"]
    assert vessels.radius_mm[2] == pytest.approx(0.2 * before.radius_mm[2], rel=1e-3)
    assert vessels.length_mm.sum() == pytest.approx(before.length_mm.sum(), rel=1e-5)
    assert flow(sick) < 0.99 * flow(patient)
    found = sick.findings[0]
    assert (found.kind, found.structure) == ("stenosis", "liver")
    assert found.text.startswith(f"80 % stenosis of a 4 mm artery, {plaque} plaque of 10 mm; flow at ")
    assert f"{100 * flow(sick) / flow(patient):.0f} %" in found.text
    assert np.count_nonzero(sick.labels == found.label) > 10
    assert np.linalg.norm(np.array(found.centre_mm) - before.points_mm[2]) < 5
    assert set(sick.tissue_names()) - set(patient.tissue_names()) == {
        "calcification" if plaque == "calcified" else "soft_plaque"
    }


def test_plaques_attenuate_as_plaques_do():
    """Lipid-rich 14 +- 26 HU, fibrous 91 +- 21, calcified above 130 (the threshold of Agatston 1990)."""
    beam = Tube(filters_mm={"Al": 2.5}).beam(120.0)
    water, soft, calcified = (
        (attenuation(tissue, beam.energy_kev) * beam.photons_mm2_mas).sum()
        for tissue in ("water", "soft_plaque", "calcification")
    )
    assert -12 < 1000 * (soft / water - 1) < 40
    assert 1000 * (calcified / water - 1) > 130


def test_the_flow_falls_with_every_step_of_narrowing(patient):
    passed = [flow(Stenosis(percent=p, point=2)(patient, rng())) for p in (10, 50, 70, 90, 97)]
    assert passed == sorted(passed, reverse=True)
    assert passed[0] > 0.995 * flow(patient)
    assert passed[-1] < 0.5 * flow(patient)


def test_what_hangs_on_an_occlusion_runs_dry(patient):
    point = 8
    sick = Occlusion(point=point, length_mm=2.0)(patient, rng())
    vessels, before = sick.vessels["coronary"], patient.vessels["coronary"]
    jump = np.arange(len(before))
    below = np.zeros(len(before), bool)
    below[point] = True
    for i in jump[1:]:
        below[i] |= below[before.parent[i]]
    share = abs(vessels.flow_mm3_s[: len(before)]) / before.flow_mm3_s
    assert share[below].max() < 1e-3
    assert share[~below][1:].max() > 0.99
    assert "flow at 0 %" in sick.findings[0].text
    assert f"{below[before.ends].sum()} of {len(before.ends)} ends" in sick.findings[0].text


def test_a_spindle_widens_and_a_sac_holds_still_blood(patient):
    before = patient.vessels["coronary"]
    spindle = Aneurysm(bed="coronary", shape="fusiform", diameter_mm=9, point=2)(patient, rng())
    assert spindle.vessels["coronary"].radius_mm.max() == pytest.approx(4.5, rel=1e-3)
    assert flow(spindle) > flow(patient)
    sac = Aneurysm(bed="coronary", diameter_mm=7)(patient, rng(3))
    vessels = sac.vessels["coronary"]
    new = np.arange(len(before), len(vessels))
    assert vessels.radius_mm[new].max() == pytest.approx(3.5, rel=0.03)
    assert abs(vessels.flow_mm3_s[new]).max() < 1e-12
    assert flow(sac) == pytest.approx(flow(patient), rel=1e-3)
    volume = np.pi / 6 * 7**3
    assert 0.7 * volume < sac.findings[0].volume_mm3 < 1.6 * volume
    assert "blood" in sac.tissue_names()


def test_tortuous_vessels_are_longer_and_carry_less(patient):
    sick = Tortuosity(diameter_mm=(0.5, 10))(patient, rng())
    vessels, before = sick.vessels["coronary"], patient.vessels["coronary"]
    ends = [*before.ends, *np.flatnonzero(before.children == 2)]
    assert np.allclose(vessels.points_mm[ends], before.points_mm[ends], atol=1e-4)
    assert vessels.length_mm.sum() > 1.05 * before.length_mm.sum()
    assert np.median(tortuosity(vessels)) > np.median(tortuosity(before)) + 0.03
    assert flow(sick) < flow(patient)


def test_drop_out_takes_whole_twigs_and_their_flow(patient):
    before = patient.vessels["coronary"]
    centre = tuple(float(x) for x in before.points_mm[before.ends[0]])
    sick = Dropout(centre_mm=centre, region_mm=20, most_diameter_mm=3)(patient, rng())
    vessels = sick.vessels["coronary"]
    assert len(vessels) < len(before)
    assert len(vessels.roots) == 1
    assert flow(sick) < flow(patient)
    gone = len(before.ends) - np.isin(before.points_mm[before.ends], vessels.points_mm[vessels.ends]).all(axis=1).sum()
    assert f"{gone} of {len(before.ends)} ends" in sick.findings[0].text
    assert sick.mask("liver").all()


@pytest.mark.parametrize("disease", [Stenosis, Occlusion, Aneurysm, Tortuosity, Dropout])
def test_one_seed_gives_one_disease(patient, disease):
    more = {"most_diameter_mm": 3.0} if disease is Dropout else {}
    one, two, other = (disease(bed="coronary", **more)(patient, rng(seed)) for seed in (1, 1, 2))
    assert one.findings == two.findings
    assert np.array_equal(one.labels, two.labels)
    assert np.array_equal(one.vessels["coronary"].flow_mm3_s, two.vessels["coronary"].flow_mm3_s, equal_nan=True)
    assert other.findings != one.findings or disease is Tortuosity


@pytest.mark.parametrize("disease", [Stenosis, Occlusion, Aneurysm, Tortuosity, Dropout])
def test_a_patient_without_the_bed_or_its_flow_is_refused(patient, disease):
    with pytest.raises(SceneError, match=r"no vessels 'coronray' in this patient; did you mean 'coronary'\?"):
        disease(bed="coronray")(patient, rng())
    dry = vessel_tree(np.eye(3), np.array([-1, 0, 1]), np.ones(3))
    scene = Scene(patient.grid, patient.labels, vessels=MappingProxyType({"coronary": dry}))
    with pytest.raises(SceneError, match="know no flow"):
        disease(bed="coronary")(scene, rng())


@pytest.mark.parametrize(
    ("disease", "said"),
    [
        (Stenosis(least_diameter_mm=9), "no vessel of radius 4.5 to inf mm"),
        (Stenosis(point=99999), "Stenosis.point: found 99999"),
        (Occlusion(diameter_mm=(8, 9)), "no vessel of radius 4 to 4.5 mm"),
        (Aneurysm(bed="coronary", least_diameter_mm=9), "no fork of 9 mm"),
        (Aneurysm(bed="coronary", shape="fusiform", diameter_mm=2, point=2), "more would do"),
        (Tortuosity(diameter_mm=(8, 9)), "no vessel of 8 to 9 mm"),
        (Dropout(most_diameter_mm=0.01), "no vessel to lose"),
    ],
)
def test_a_disease_without_a_place_is_one_clear_error(patient, disease, said):
    with pytest.raises(SceneError, match=said):
        disease(patient, rng())
