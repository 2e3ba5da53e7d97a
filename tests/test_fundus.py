"""Fundus photographs: layers that return light, blood that takes it, and a camera that counts what is left."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from threads import one_thread

from phantoms.eye_ground.cotton_wool_spots import CottonWoolSpots
from phantoms.eye_ground.haemorrhages import Haemorrhages
from phantoms.eye_ground.hard_exudates import HardExudates
from phantoms.eye_ground.microaneurysms import Microaneurysms
from phantoms.fundus import Fundus as Eye
from render.effects.bayer_mosaic import BayerMosaic
from render.effects.eye_optics import EyeOptics
from render.effects.quantum_noise import QuantumNoise
from render.effects.uneven_flash import UnevenFlash
from render.fundus import RETINA_MM_PER_DEG, Fundus
from render.kernels.fundus_light import BLOOD, DEOXYGENATED, FIELDS, OXYGENATED, light, over, wall
from render.properties import curve
from render.retinal_camera.electrons import Electrons
from render.retinal_camera.optics import optics
from render.retinal_camera.vessels import blood
from simdata import Grid, Raw, RecipeError, SceneError, Streams
from simdata.blood import pressure_mmhg, saturation
from simdata.structures import FIRST_FINDING_ID, structure, structures
from simdata.subject import Subject
from simdata.vessels import ARTERY, VEIN, vessel_tree
from vascular.fundus_vessels import LEFT_MM, NARROWING, FundusVessels, narrowing

RED, GREEN = 0, 1
WALL = MappingProxyType({"rpe_melanin": 0.2, "choroid_melanin": 0.42, "choroid_blood": 0.11})
DELORI = np.array([[540, 1.88, 1.44], [560, 2.25, 1.61], [590, 3.4, 2.2], [610, 6.36, 3.99], [640, 8.46, 5.79]])
"""nm, and per cent that nasal fundus and perifovea return. Delori and Pflibsen 1989, table I; 590: its neighbours."""


def tube(y_mm, radius_mm, kind, saturation):
    """One straight vessel along x."""
    points = np.array([[-6.0, y_mm, -0.1], [6.0, y_mm, -0.1]], np.float32)
    tree = vessel_tree(points, np.array([-1, 0]), np.full(2, radius_mm), np.full(2, kind))
    return replace(tree, oxygen_mmhg=np.full(2, pressure_mmhg(saturation), np.float32))


@pytest.fixture(scope="module")
def eye():
    return Eye(field_mm=10.0, voxel_mm=0.05, subject=Subject(age_y=60.0))(Streams(1).generator)


def with_vessels(eye, **vessels):
    return replace(eye, vessels=MappingProxyType(vessels))


def camera(**changes):
    return Fundus(**{"field_deg": 30.0, "columns": 128, "rows": 128, "effects": (), **changes})


def seen(full_mm, empty_mm, **fields):
    """Red, green and blue light from a wall in front of which there is so much blood with and without oxygen."""
    places = {**dict.fromkeys(FIELDS, 0.0), **WALL, **fields}
    maps = np.broadcast_to(np.array([places[name] for name in FIELDS], np.float32), (2, 2, len(FIELDS))).copy()
    full, empty = (np.array([[mm]], np.float32) for mm in (full_mm, empty_mm))
    out = np.empty((3, 1, 1), np.float32)
    light(maps, np.zeros(1), np.zeros(1), full, empty, np.zeros((1, 1), np.float32), optics(40.0), out)
    return out[:, 0, 0]


def taken(data):
    data = np.asarray(data, np.float32)
    columns, rows = data.shape[1:3]
    stop = np.ones((columns, rows, 1), np.float32)
    return Electrons(data, Grid.regular((columns, rows, 1), 0.02), "electrons", 20000.0, stop, 0.02)


@pytest.mark.parametrize("mm", [0.001, 0.05, 0.2])
def test_light_fades_with_the_depth_of_a_vessel_there_and_back(mm):
    """Beer-Lambert, where blood scatters nothing."""
    assert over(20.0, 1e-9, mm, 0.3) == pytest.approx(0.3 * np.exp(-2 * 20.0 * mm), rel=1e-6)


def test_a_layer_over_a_layer_is_one_layer_of_both():
    once = over(2.0, 3.0, 0.5, 0.4)
    assert over(2.0, 3.0, 0.3, over(2.0, 3.0, 0.2, 0.4)) == pytest.approx(once, rel=1e-9)
    assert over(0.0, 3.0, 0.5, 1.0) == pytest.approx(1.0, rel=2e-3)
    assert over(2.0, 3.0, 0.0, 0.4) == 0.4


@pytest.mark.parametrize(("site", "melanin", "tolerance"), [(1, 0.12, 0.3), (2, 0.3, 0.3)])
def test_the_wall_returns_what_was_measured(site, melanin, tolerance):
    """With the photoreceptors' own 1.2 %, which a reflectometer sees and a camera does not."""
    nm = curve("fundus_spectra", "wavelength_nm")
    place = np.array([{**dict.fromkeys(FIELDS, 0.0), **WALL, "rpe_melanin": melanin}[name] for name in FIELDS])
    known = optics(28.0)
    media = known[:, 5]
    share = np.array([wall(place, row) for row in known]) + 0.017
    np.testing.assert_allclose(100 * np.interp(DELORI[:, 0], nm, share * media), DELORI[:, site], rtol=tolerance)


def test_without_blood_there_is_no_vessel(eye):
    bare = camera().measure(eye).data
    pale = with_vessels(eye, retina=tube(0.0, 1e-7, ARTERY, 0.92))
    np.testing.assert_allclose(camera().measure(pale).data, bare, rtol=1e-4)


@pytest.mark.parametrize("saturation", [0.55, 0.92])
def test_vessels_are_darker_in_green_than_in_red(saturation):
    dark = 1 - seen(0.1 * saturation, 0.1 * (1 - saturation)) / seen(0, 0)
    assert dark[GREEN] > 0.15
    assert dark[GREEN] > 2 * dark[RED]


def test_an_artery_is_paler_than_a_vein_as_wide_in_red_light():
    artery, vein = seen(0.1 * 0.92, 0.1 * 0.08), seen(0.1 * 0.56, 0.1 * 0.44)
    assert artery[RED] > 1.08 * vein[RED]
    known = optics(40.0)
    nm = curve("fundus_spectra", "wavelength_nm")
    difference = known[nm == 640, DEOXYGENATED] / known[nm == 640, OXYGENATED]
    assert difference == pytest.approx(4346 / 443, rel=0.01)


def test_an_artery_and_a_vein_as_full_of_oxygen_take_as_much_light():
    grid = Grid.regular((64, 64, 1), (0.02, 0.02, 0.001))
    artery, vein = (blood((tube(0.0, 0.05, kind, 0.7),), grid) for kind in (ARTERY, VEIN))
    np.testing.assert_array_equal(artery.oxygenated_mm, vein.oxygenated_mm)
    np.testing.assert_array_equal(artery.deoxygenated_mm, vein.deoxygenated_mm)
    assert saturation(np.array([pressure_mmhg(0.7)])) == pytest.approx(0.7)


def test_a_vessel_holds_its_blood_however_thin():
    grid = Grid.regular((64, 64, 1), (0.02, 0.02, 0.001))
    for radius in (0.002, 0.01, 0.05):
        chord = blood((tube(0.003, radius, VEIN, 0.5),), grid).chord_mm[VEIN]
        assert chord.sum(axis=1).mean() * 0.02 == pytest.approx(np.pi * radius**2, rel=0.05)
    assert chord.max() == pytest.approx(2 * radius, rel=0.02)


def test_walls_mirror_light_along_the_axis():
    grid = Grid.regular((16, 65, 1), (0.004, 0.004, 0.001))
    streak = blood((tube(0.0, 0.06, ARTERY, 0.9),), grid).reflex[8]
    assert streak.argmax() == 32
    assert streak[32] > 20 * streak[32 + 10]


def test_photons_come_one_by_one():
    flat = taken(np.full((3, 200, 200, 1), 900.0))
    counts = QuantumNoise()(flat, Streams(3).generator).data
    assert counts.mean() == pytest.approx(900, rel=0.001)
    assert counts.var() == pytest.approx(900, rel=0.02)


def test_stray_light_and_blur_keep_the_sum():
    data = np.zeros((3, 64, 48, 1))
    data[:, 30, 20] = 1e4
    spread = EyeOptics(blur_mm=0.03)(taken(data), Streams(1).generator).data
    np.testing.assert_allclose(spread.sum(axis=(1, 2, 3)), 1e4, rtol=1e-3)
    assert spread[0].max() < 0.5 * 1e4


def test_an_even_flash_changes_nothing_and_a_vignette_dims_the_rim():
    flat = taken(np.full((3, 65, 65, 1), 100.0))
    even = UnevenFlash(vignette=0.0, tilt=0.0, patches=0.0)(flat, Streams(1).generator)
    np.testing.assert_allclose(even.data, 100.0)
    dim = UnevenFlash(vignette=0.4, tilt=0.0, patches=0.0)(flat, Streams(1).generator).data[0, :, 32, 0]
    assert dim[32] == pytest.approx(100)
    assert dim[0] == pytest.approx(60, rel=0.05)


def test_a_mosaic_leaves_what_is_even_and_what_a_pixel_saw(rng):
    flat = taken(np.full((3, 16, 16, 1), 100.0))
    np.testing.assert_allclose(BayerMosaic()(flat, rng).data, 100.0)
    noisy = taken(rng.random((3, 16, 16, 1)))
    mosaic = BayerMosaic()(noisy, rng).data
    np.testing.assert_allclose(mosaic[0, ::2, ::2], noisy.data[0, ::2, ::2])
    assert mosaic[0].std() < noisy.data[0].std()


def test_the_picture_is_round_and_red(eye):
    image = camera()(eye, Streams(1))
    assert image.array.dtype == np.uint8
    assert image.array.shape == (3, 128, 128, 1)
    assert not image.array[:, 0, 0].any()
    red, green, blue = image.array[:, 40:90, 40:90].reshape(3, -1).mean(axis=1)
    assert red > 2 * green > 2 * blue


def test_every_pixel_says_what_it_shows(eye):
    patient = with_vessels(eye, a=tube(1.0, 0.08, ARTERY, 0.92), v=tube(-1.0, 0.1, VEIN, 0.56))
    image = camera(gaze_mm=(0.3, 0.0))(patient, Streams(1))
    names = {structures()[int(n)].name for n in np.unique(image.labels) if n}
    assert {"retinal_artery_right", "retinal_vein_right", "macula_right", "fovea_right", "optic_disc_right"} <= names
    at = image.grid.points_mm()[:, :, 0]
    artery = image.labels[..., 0] == structure("retinal_artery_right").id
    assert at[artery][:, 1].mean() == pytest.approx(1.0, abs=0.02)
    wide = artery.sum() * camera().pixel_mm ** 2 / np.ptp(at[artery][:, 0])
    assert wide == pytest.approx(0.16, rel=0.15)
    fovea = image.shadow("fovea_right").over(image.grid.shape)[..., 0] > 0
    np.testing.assert_allclose(at[fovea].mean(axis=0)[:2], 0, atol=0.02)
    assert (image.labels[0, 0] == 0).all()


def test_a_darker_macula_and_a_bright_disc(eye):
    green = camera(gaze_mm=(0.3, 0.0)).measure(eye).data[GREEN, ..., 0]
    image = camera(gaze_mm=(0.3, 0.0))(eye, Streams(1))
    mean = {
        name: green[image.labels[..., 0] == structure(f"{name}_right").id].mean()
        for name in ("retina", "macula", "fovea", "optic_disc")
    }
    assert mean["fovea"] < 0.85 * mean["macula"]
    assert mean["macula"] < mean["retina"]
    assert mean["optic_disc"] > 2 * mean["retina"]


def test_a_left_eye_is_a_right_eye_in_the_mirror():
    right, left = (Eye(field_mm=8.0, voxel_mm=0.1, laterality=side)(Streams(2).generator) for side in ("right", "left"))
    for name in ("disc", "pallor", "macular_pigment"):
        np.testing.assert_allclose(left.fields[name], right.fields[name][::-1], atol=0.02)


def test_vessels_come_out_of_the_patients_disc():
    eye = Eye(field_mm=14.0, voxel_mm=0.1, laterality="left")(Streams(5).generator)
    grown = FundusVessels(field_mm=13.0)(eye, Streams(5)["v"].generator).vessels["retina"]
    disc = eye.grid.world_mm(np.argwhere(eye.mask("optic_disc_left")).mean(axis=0))
    roots = grown.points_mm[grown.roots]
    within = np.linalg.norm(roots[:, :2] - disc[:2], axis=1) < 0.3
    assert set(grown.kind[grown.roots[within]]) == {ARTERY, VEIN}
    full = [saturation(grown.oxygen_mmhg[grown.kind == kind].astype(float)) for kind in (ARTERY, VEIN)]
    assert np.ptp(full[0]) == 0
    assert full[0][0] > 0.75 > full[1][0]
    with pytest.raises(SceneError, match="no optic disc"):
        FundusVessels()(
            replace(eye, labels=np.full_like(eye.labels, structure("retina_left").id)), Streams(1).generator
        )


def test_twigs_narrow_to_their_ends_and_what_bears_them_does_not():
    """Half a millimetre that bears two twigs, of half and of one millimetre."""
    x, y = np.array([0, 0.25, 0.5, 0.75, 1.0, 0.5, 0.5]), np.array([0, 0, 0, 0, 0, 0.5, 1.0])
    points = np.column_stack([x, y, np.zeros(7)]).astype(np.float32)
    even = vessel_tree(
        points, np.array([-1, 0, 1, 2, 3, 2, 5]), np.full(7, 0.02), np.full(7, ARTERY), flow_mm3_s=np.ones(7)
    )
    flow = narrowing(even).flow_mm3_s
    half, one = LEFT_MM / (0.25 + LEFT_MM), LEFT_MM / (0.5 + LEFT_MM)
    np.testing.assert_allclose(flow, [1, 1, 1, 1, half, 1, one], rtol=1e-6)
    np.testing.assert_allclose(narrowing(even).radius_mm, 0.02 * flow**NARROWING, rtol=1e-6)


LESIONS = (
    Microaneurysms(count=6, diameter_mm=0.1),
    Haemorrhages(blots=4, flames=3),
    HardExudates(clusters=3),
    CottonWoolSpots(count=3),
)


@pytest.mark.parametrize("lesion", LESIONS, ids=lambda lesion: type(lesion).__name__)
def test_lesions_are_found_where_they_are_seen(eye, lesion):
    sick = lesion(eye, Streams(4).generator)
    assert sick.findings
    before, after = (camera().measure(patient).data[GREEN, ..., 0] for patient in (eye, sick))
    shown = camera()(sick, Streams(1)).labels[..., 0] >= FIRST_FINDING_ID
    change = (after / before)[shown]
    if isinstance(lesion, Microaneurysms | Haemorrhages):
        assert np.median(change) < 0.85
    else:
        assert np.median(change) > 1.2
    for finding in sick.findings:
        at = sick.grid.world_mm(np.argwhere(sick.labels == finding.label).mean(axis=0))
        np.testing.assert_allclose(at, finding.centre_mm, atol=1e-6)


def test_the_same_bytes_on_any_number_of_threads(eye):
    patient = with_vessels(eye, a=tube(0.5, 0.05, ARTERY, 0.9))
    whole = camera(effects=Fundus().effects)
    many = whole(patient, Streams(2)).array
    with one_thread():
        one = whole(patient, Streams(2)).array
    assert (many == one).all()


def test_what_is_no_eye_or_too_small_is_refused(eye):
    with pytest.raises(SceneError, match="smaller field_deg"):
        camera(field_deg=60.0).measure(eye)
    with pytest.raises(SceneError, match=r"no field 'rpe_melanin'; phantoms\.fundus\.Fundus"):
        camera().measure(replace(eye, fields=MappingProxyType({})))
    with pytest.raises(SceneError, match="Haemorrhages: the patient has no field"):
        Haemorrhages()(replace(eye, fields=MappingProxyType({})), Streams(1).generator)


@pytest.mark.parametrize(
    "effect", [UnevenFlash(), EyeOptics(), BayerMosaic()], ids=lambda effect: type(effect).__name__
)
def test_what_no_camera_measured_is_refused_by_its_effects(effect):
    counts = Raw(np.ones((2, 2, 1), np.float32), Grid.regular((2, 2, 1), 1.0), "photons")
    with pytest.raises(RecipeError, match=f"{type(effect).__name__}: found a measurement in 'photons'"):
        effect(counts, Streams(1).generator)


def test_a_field_is_as_wide_as_its_angle():
    one = camera(fill=0.5)
    assert one.pixel_mm * 64 == pytest.approx(30.0 * RETINA_MM_PER_DEG)
    assert optics(70.0)[0, BLOOD] == optics(20.0)[0, BLOOD]
