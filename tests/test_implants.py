"""Metal in a patient has the volume that it has, at any voxel size, lies where it belongs, and is reported."""

import numpy as np
import pytest

from phantoms.filling import solid, wires
from phantoms.implants.contrast_tube import ContrastTube
from phantoms.implants.dental_filling import DentalFilling
from phantoms.implants.ecg_electrodes import EcgElectrodes
from phantoms.implants.hip_prosthesis import HipProsthesis
from phantoms.implants.pacemaker import Pacemaker
from phantoms.implants.pedicle_screws import PedicleScrews
from phantoms.implants.stent import Stent
from phantoms.implants.sternal_wires import SternalWires
from phantoms.implants.surgical_clips import SurgicalClips
from phantoms.solids import Ellipsoid
from simdata import Grid, Scene, SceneError, Streams, structure
from simdata.scene import WHOLE
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

VOXELS_MM = [0.5, 1.0, 2.0, (0.7, 0.9, 4.0)]


def body(size_mm, voxel_mm, **parts) -> Scene:
    """Fat in a box, 10 mm of air around it, with parts where a function of x, y, z says."""
    size = np.array(size_mm, float)
    grid = Grid.regular(tuple(np.ceil((size + 20) / np.array(voxel_mm)).astype(int).tolist()), voxel_mm)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    inside = (np.abs(x) < size[0] / 2) & (np.abs(y) < size[1] / 2) & (np.abs(z) < size[2] / 2)
    labels = np.where(inside, np.uint16(structure("subcutaneous_fat").id), np.uint16(0))
    for name, where in parts.items():
        labels[where(x, y, z)] = structure(name).id
    density = np.full(grid.shape, 1.2, np.float32)
    return Scene(grid, labels, fields={"density": density, "iodine_mg_ml": np.full(grid.shape, 2, np.float32)})


def grown(scene, part, seed=3):
    return part(scene, Streams(seed).generator)


def volume_mm3(scene, tissue):
    """Of a tissue, as a scanner meets it."""
    return float(scene.field({name: float(name == tissue) for name in tissues()}).sum()) * scene.grid.voxel_mm3


def rod(radius, axis=2, at=(0, 0)):
    across = [n for n in range(3) if n != axis]
    return lambda *p: np.hypot(p[across[0]] - at[0], p[across[1]] - at[1]) < radius


@pytest.mark.parametrize("voxel_mm", VOXELS_MM)
def test_a_wire_has_its_volume_and_its_place_however_coarse_the_voxels(voxel_mm):
    grid = Grid.regular((30, 30, 30), voxel_mm)
    ends = np.array([[-4.0, -3.0, -5.0], [3.0, 2.0, 6.0]])
    block, filled = wires(grid, [ends], 0.15)
    assert filled.sum() * grid.voxel_mm3 == pytest.approx(np.pi * 0.15**2 * np.linalg.norm(ends[1] - ends[0]), rel=1e-4)
    voxels_mm = grid.world_mm(np.argwhere(filled) + [side.start for side in block])
    middle = filled[filled > 0] @ voxels_mm / filled.sum()
    np.testing.assert_allclose(middle, ends.mean(axis=0), atol=0.3 * max(grid.spacing_mm))


def test_a_rod_is_solid_inside():
    grid = Grid.regular((30, 30, 30), 1.0)
    block, filled = wires(grid, [np.array([[-9.0, -1, -8], [8.0, 2, 9]])], 2.75)
    way = np.array([17.0, 3, 17]) / np.linalg.norm([17.0, 3, 17])
    places = grid.points_mm()[block] - np.array([-0.5, 0.5, 0.5])
    along = places @ way
    away = np.linalg.norm(places - along[..., None] * way, axis=-1)
    core = (away < 1.8) & (np.abs(along) < 8)
    assert core.sum() > 100
    assert filled[core].min() > 0.85


@pytest.mark.parametrize("voxel_mm", VOXELS_MM)
@pytest.mark.parametrize("radius_mm", [0.7, 2.0, 7.0])
def test_a_ball_has_its_volume_however_coarse_the_voxels(voxel_mm, radius_mm):
    grid = Grid.regular((40, 40, 40), voxel_mm)
    middle = np.array([0.3, -0.2, 0.4])
    ball = Ellipsoid(middle, (radius_mm,) * 3)
    _, filled = solid(grid, ball, middle - radius_mm - 1, middle + radius_mm + 1)
    assert filled.sum() * grid.voxel_mm3 == pytest.approx(
        4 / 3 * np.pi * radius_mm**3, rel=0.03 if radius_mm > 1 else 0.1
    )


@pytest.mark.parametrize("voxel_mm", [0.5, 1.0, 2.0])
def test_a_thin_shell_of_metal_has_its_volume(voxel_mm):
    grid = Grid.regular((40, 40, 40), voxel_mm)
    outer, inner = (Ellipsoid(np.zeros(3), (r, r, r)) for r in (8.0, 7.6))
    _, filled = solid(grid, outer - inner, np.full(3, -9.0), np.full(3, 9.0))
    assert filled.sum() * grid.voxel_mm3 == pytest.approx(4 / 3 * np.pi * (8**3 - 7.6**3), rel=0.05)


def test_what_lies_beyond_the_grid_is_cut_off():
    grid = Grid.regular((10, 10, 10), 1.0)
    _, half = wires(grid, [np.array([[0.0, 0, 0], [10.0, 0, 0]])], 0.2)
    assert half.sum() == pytest.approx(np.pi * 0.2**2 * 5, rel=0.02)
    _, none = wires(grid, [np.array([[20.0, 0, 0], [30.0, 0, 0]])], 0.2)
    assert none.size == 0


@pytest.mark.parametrize("voxel_mm", [0.6, 1.0, 1.5])
def test_clips_hold_their_titanium_at_the_surface_of_their_organ(voxel_mm):
    patient = body((60, 60, 60), voxel_mm, liver=lambda x, y, z: x**2 + y**2 + z**2 < 400)
    after = grown(patient, SurgicalClips(structure="liver", count=3))
    found = after.findings[0]
    assert volume_mm3(after, "titanium") == pytest.approx(found.volume_mm3, rel=0.06)
    assert found.volume_mm3 == pytest.approx(3 * np.pi * 0.4**2 * (2 * 6.8 + np.pi * 0.8), rel=0.02)
    assert np.linalg.norm(found.centre_mm) == pytest.approx(20, abs=6)
    assert (found.text, found.label) == ("3 surgical clips at the liver", FIRST_FINDING_ID)
    marked = after.labels == found.label
    titanium = tissues()["titanium"]
    assert marked.any()
    assert ((after.tissue[marked] == titanium) | (after.second[marked] == titanium)).all()
    elsewhere = (after.share == 0) & ~marked
    np.testing.assert_array_equal(after.tissue[elsewhere], patient.tissue[elsewhere])


def test_metal_has_its_own_density_and_no_contrast_agent():
    patient = body((60, 60, 60), 1.0, teeth=lambda x, y, z: np.hypot(x, y) < 12)
    after = grown(patient, DentalFilling(count=2, size_mm=7.0, tissue="gold"))
    metal = (after.tissue == tissues()["gold"]) & (after.share == 0)
    assert metal.any()
    assert (after.fields["density"][metal] == 1).all()
    assert not after.fields["iodine_mg_ml"][metal].any()
    assert (patient.fields["iodine_mg_ml"] == 2).all()
    assert (after.fields["density"][~metal & (after.share == 0)] > 1.1).all()


def test_fillings_lie_in_teeth_and_nowhere_else():
    patient = body((80, 80, 30), 1.0, teeth=lambda x, y, z: (np.abs(np.hypot(x, y) - 25) < 4) & (np.abs(z) < 6))
    after = grown(patient, DentalFilling(count=4))
    touched = (after.tissue != patient.tissue) | (after.share > 0)
    assert set(patient.labels[touched]) == {structure("teeth").id}
    assert after.findings[0].text == "4 dental fillings of amalgam"
    assert after.findings[0].volume_mm3 < 4 * (5 * 1.15) ** 3


def test_wires_go_around_the_breastbone():
    patient = body((90, 60, 130), 1.0, sternum=lambda x, y, z: (np.abs(x) < 18) & (np.abs(y) < 6) & (np.abs(z) < 55))
    after = grown(patient, SternalWires(count=5))
    found = after.findings[0]
    steel = (after.second == tissues()["stainless_steel"]) & (after.share > 0)
    x, y, z = np.moveaxis(patient.grid.points_mm()[steel], -1, 0)
    assert not ((np.abs(x) < 16) & (np.abs(y) < 4)).any()
    assert (x.min() < -17, x.max() > 17, y.min() < -5) == (True, True, True)
    level = np.bincount(np.digitize(z, np.linspace(-55, 55, 6)), minlength=7)
    assert (level[1:6] > 50).all()
    assert (found.structure, found.text) == ("sternum", "5 sternal wires after median sternotomy")
    with pytest.raises(SceneError, match="SternalWires: found no voxel of 'sternum' in this patient"):
        grown(body((40, 40, 40), 2.0), SternalWires())


@pytest.mark.parametrize("voxel_mm", [0.8, 1.5])
def test_a_stent_keeps_its_wire_and_lies_on_the_wall_of_its_duct(voxel_mm):
    patient = body((30, 30, 90), voxel_mm, common_bile_duct=lambda x, y, z: rod(4)(x, y, z) & (np.abs(z) < 40))
    after = grown(patient, Stent(length_mm=40.0))
    wire_mm = 24 * 40 / np.cos(np.radians(55))
    assert after.findings[0].volume_mm3 == pytest.approx(wire_mm * np.pi * 0.085**2, rel=0.05)
    assert volume_mm3(after, "cobalt_chrome") == pytest.approx(after.findings[0].volume_mm3, rel=0.08)
    metal = patient.grid.points_mm()[(after.second == tissues()["cobalt_chrome"]) & (after.share > 0)]
    assert np.abs(np.hypot(metal[:, 0], metal[:, 1]) - 4).max() < 1.6 * voxel_mm
    assert after.findings[0].text in {f"stent of {wide} x 40 mm in the common bile duct" for wide in (8, 9)}
    with pytest.raises(SceneError, match="Stent: found no piece of 'common_bile_duct' that is 150 mm long"):
        grown(patient, Stent(length_mm=150.0))


def hip(x, y, z):
    """A socket around a ball of 24 mm at (-60, 0, 60), on the inner side and above."""
    away = np.sqrt((x + 60) ** 2 + y**2 + (z - 60) ** 2)
    return (away > 26) & (away < 34) & (x + (z - 60) > -60)


def femur(x, y, z):
    """That ball, a neck, and a shaft at x = -95 down to z = -120."""
    ball = np.sqrt((x + 60) ** 2 + y**2 + (z - 60) ** 2) < 24
    along = np.clip(((x + 60) * -35 + (z - 60) * -35) / 2450, 0, 1)
    neck = np.sqrt((x + 60 + 35 * along) ** 2 + y**2 + (z - 60 + 35 * along) ** 2) < 13
    return ball | neck | ((np.hypot(x + 95, y) < 14) & (z < 35))


def test_a_new_hip_sits_in_its_socket_and_its_shaft():
    patient = body((240, 80, 250), 2.0, femur_left=femur, hip_left=hip)
    after = grown(patient, HipProsthesis(stem_mm=100.0))
    points = patient.grid.points_mm()
    ball = points[(after.tissue == tissues()["cobalt_chrome"]) & (after.share == 0)]
    np.testing.assert_allclose((ball.min(axis=0) + ball.max(axis=0)) / 2, (-60, 0, 60), atol=2.5)
    assert volume_mm3(after, "cobalt_chrome") == pytest.approx(4 / 3 * np.pi * 16**3, rel=0.03)
    stem = points[(after.tissue == tissues()["titanium"]) & (points[..., 2] < 0)]
    assert (np.hypot(stem[:, 0] + 95, stem[:, 1]) < 14).all()
    assert stem[:, 2].min() < -65
    shell = points[(after.tissue == tissues()["titanium"]) & (points[..., 0] > -50) & (points[..., 2] > 65)]
    away = np.linalg.norm(shell - (-60, 0, 60), axis=1)
    assert len(shell)
    assert (away > 22).all()
    assert (away < 31).all()
    gone = (patient.labels == structure("femur_left").id) & (np.linalg.norm(points - (-60, 0, 60), axis=-1) < 10)
    assert (after.labels[gone] != structure("femur_left").id).all()
    assert after.findings[0].text == "total hip replacement on the left"
    with pytest.raises(
        SceneError, match=r"HipProsthesis: found 1.. mm of 'femur_left' below its neck for a stem of 190"
    ):
        grown(patient, HipProsthesis(stem_mm=190.0))


def vertebra(x, y, z):
    """A body in front of a canal at y = -20, pedicles beside it and a roof behind, 24 mm high."""
    column = (np.hypot(x, y - 8) < 20) & (np.abs(z) < 12)
    ring = (np.hypot(x, y + 20) < 19) & (np.hypot(x, y + 20) > 9) & (z > -2) & (z < 10)
    return column | ring


def test_screws_go_through_the_pedicles_and_not_through_the_canal():
    patient = body((120, 140, 80), 1.0, vertebrae_L4=vertebra, spinal_canal_csf=rod(8, at=(0, -20)))
    after = grown(patient, PedicleScrews(levels=("L4",)))
    metal = (after.tissue == tissues()["titanium"]) & (after.share == 0)
    assert not (metal & (patient.labels == structure("spinal_canal_csf").id)).any()
    x, y, z = np.moveaxis(patient.grid.points_mm()[metal], -1, 0)
    pedicle = np.abs(y + 20) < 2
    assert (np.abs(x[pedicle]) > 8).all()
    assert (np.abs(x[pedicle]) < 20).all()
    assert (x[pedicle] > 0).any()
    assert (x[pedicle] < 0).any()
    assert np.abs(z[pedicle].mean() - 5) < 3
    assert (metal & (patient.labels == structure("vertebrae_L4").id)).sum() > 1000
    assert after.findings[0].text == "2 pedicle screws and rods, L4"
    bare = body((120, 140, 80), 2.0, vertebrae_L4=vertebra)
    with pytest.raises(SceneError, match="PedicleScrews: found no spinal canal"):
        grown(bare, PedicleScrews(levels=("L4",)))


def chest():
    """What a pacemaker and electrodes look for, as boxes and rods."""
    return body(
        (300, 140, 260),
        2.0,
        sternum=lambda x, y, z: (np.abs(x) < 15) & (y > 50) & (y < 60) & (z > -70) & (z < 90),
        clavicula_left=lambda x, y, z: (np.abs(y - 40) < 6) & (np.abs(z - 95) < 6) & (x > -130) & (x < -20),
        subclavian_vein_left=lambda x, y, z: rod(5, 0, (20, 85))(x, y, z) & (x > -110) & (x < -50),
        brachiocephalic_vein_left=lambda x, y, z: rod(6, 0, (15, 80))(x, y, z) & (x >= -50) & (x < 20),
        superior_vena_cava=lambda x, y, z: rod(9, 2, (25, 10))(x, y, z) & (z > 10) & (z < 80),
        heart_right_atrium=lambda x, y, z: (x - 25) ** 2 + (y - 10) ** 2 + (z + 15) ** 2 < 25**2,
        heart_right_ventricle=lambda x, y, z: ((x + 20) / 35) ** 2 + ((y - 20) / 20) ** 2 + ((z + 40) / 20) ** 2 < 1,
    )


def test_a_pacemaker_lies_under_the_skin_and_its_leads_end_in_the_heart():
    patient = chest()
    after = grown(patient, Pacemaker())
    points = patient.grid.points_mm()
    shell = points[after.tissue == tissues()["titanium"]]
    assert (shell[:, 1] < 70).all()
    assert shell[:, 1].mean() == pytest.approx(58, abs=4)
    assert shell[:, 0].mean() < -60
    assert shell[:, 2].max() < 89
    tips = points[(after.second == tissues()["platinum"]) & (after.share > 60)]
    inside = [np.abs(patient.labels[tuple(np.rint(patient.grid.index(tip)).astype(int))]) for tip in tips]
    assert {structure("heart_right_ventricle").id, structure("heart_right_atrium").id} <= set(inside)
    assert after.findings[0].text == "pacemaker on the left with 2 leads"
    assert after.structures[FIRST_FINDING_ID].meaning == "Cardiac pacemaker, device"


def test_electrodes_stick_to_the_skin_and_their_cables_leave_the_picture():
    patient = chest()
    after = grown(patient, EcgElectrodes())
    changed = (after.tissue != patient.tissue) | (after.share > 0)
    _, y, z = np.moveaxis(patient.grid.points_mm()[changed], -1, 0)
    assert y.min() > 66
    assert y.max() < 80
    assert z.max() > 125
    assert after.findings[0].structure == ""
    assert after.structures[FIRST_FINDING_ID].parent == 0


def test_a_tube_of_contrast_medium_lies_beside_the_patient_from_end_to_end():
    patient = body((60, 60, 60), 1.0)
    after = grown(patient, ContrastTube(gap_mm=0.0, bore_mm=1.6, wall_mm=0.3))
    length_mm = patient.grid.shape[2]
    assert volume_mm3(after, "iodine_contrast") == pytest.approx(np.pi * 0.8**2 * length_mm, rel=0.06)
    where = patient.grid.points_mm()[after.labels == FIRST_FINDING_ID]
    assert where[:, 0].min() > 29
    assert np.ptp(where[:, 2]) == length_mm - 1
    with pytest.raises(SceneError, match=r"ContrastTube: found .* mm too little room on the left of the patient"):
        grown(patient, ContrastTube(side="left", gap_mm=9.0))


@pytest.mark.parametrize("part", [SurgicalClips(structure="liver"), Stent(structure="aorta"), DentalFilling()])
def test_a_structure_that_is_not_there_is_refused(part):
    with pytest.raises(
        SceneError, match=rf"{type(part).__name__}: found no voxel of '\w+' in this patient; choose from"
    ):
        grown(body((40, 40, 40), 2.0), part)


def test_the_same_stream_gives_the_same_metal_and_a_second_finding_leaves_the_first():
    patient = body((60, 60, 60), 1.0, liver=lambda x, y, z: x**2 + y**2 + z**2 < 400)
    clips = SurgicalClips(structure="liver", count=2)
    one, again = grown(patient, clips), grown(patient, clips)
    np.testing.assert_array_equal(one.share, again.share)
    both = grown(one, clips, seed=8)
    assert [finding.label for finding in both.findings] == [FIRST_FINDING_ID, FIRST_FINDING_ID + 1]
    assert both.findings[0] == one.findings[0]
    assert volume_mm3(both, "titanium") == pytest.approx(sum(f.volume_mm3 for f in both.findings), rel=0.06)
    assert both.share.max() <= WHOLE
