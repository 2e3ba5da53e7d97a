"""Computed tomography: water is 0 HU, air is -1000, and the rest follows."""

from dataclasses import replace
from itertools import permutations, product
from types import MappingProxyType

import numba
import numpy as np
import pytest

from render.attenuation import tube
from render.calibration import Calibration
from render.ct import CT
from render.effects import QuantumNoise
from render.filters import ramp_samples
from render.geometry import FanBeam, ParallelBeam
from render.kernels.backproject import backproject, backproject_reference
from render.kernels.detect import detect, transmit_reference, water_path, water_path_reference
from render.kernels.project import line_integrals_reference, project
from render.materials import binned, spectrum
from render.orientation import orientation
from simdata import Grid, RecipeError, Scene, SceneError, Streams
from simdata.tissues import tissues

STREAMS = Streams(seed=11)
FAN, PARALLEL = FanBeam(views=360, pitch_mm=3.0), ParallelBeam(views=270, pitch_mm=1.8)
COARSE = FanBeam(views=40, pitch_mm=9.0)
GEOMETRIES = pytest.mark.parametrize("geometry", [FAN, PARALLEL], ids=["fan", "parallel"])


def scene_of(tissue, voxel_mm):
    return Scene(Grid.regular(tissue.shape, voxel_mm), np.zeros(tissue.shape, np.uint16), tissue)


def radius_mm(scene, x=0.0, y=0.0):
    points = scene.grid.points_mm()
    return np.hypot(points[..., 0] - x, points[..., 1] - y)


def cylinder(tissue="water", radius=100.0, shape=(112, 112, 2), voxel_mm=(2.0, 2.0, 3.0)):
    scene = scene_of(np.zeros(shape, np.uint8), voxel_mm)
    return replace(scene, tissue=np.where(radius_mm(scene) < radius, tissues()[tissue], 0).astype(np.uint8))


def with_inserts(names, body="water", at_mm=60.0, insert_mm=16.0):
    """A cylinder with one rod of each tissue around its axis, and where each rod lies."""
    scene = cylinder(body)
    tissue, rods = scene.tissue.copy(), {}
    for name, angle in zip(names, 2 * np.pi * np.arange(len(names)) / len(names), strict=True):
        distance = radius_mm(scene, at_mm * np.cos(angle), at_mm * np.sin(angle))
        tissue[distance < insert_mm] = tissues()[name]
        rods[name] = distance < insert_mm - 6
    return replace(scene, tissue=tissue), rods


@GEOMETRIES
def test_water_is_0_hu_and_air_is_minus_1000(geometry):
    scene = cylinder()
    image = CT(geometry=geometry, effects=())(scene, STREAMS)
    distance, hu = radius_mm(scene), image.array.astype(float)

    assert image.unit == "HU"
    assert image.array.dtype == np.int16
    assert image.grid == scene.grid
    assert hu[distance < 97].mean() == pytest.approx(0, abs=2)
    assert hu[distance > 106].mean() == pytest.approx(-1000, abs=5)
    rings = [hu[(distance >= r) & (distance < r + 10)].mean() for r in range(0, 90, 10)]
    assert np.abs(rings).max() < 2, "no cupping"


@pytest.mark.parametrize("kvp", [70, 80, 95, 140])
def test_water_is_0_hu_at_every_tube_voltage(kvp):
    scene = cylinder(shape=(112, 112, 1))
    hu = CT(kvp=kvp, geometry=FAN, effects=())(scene, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 97].mean() == pytest.approx(0, abs=2)


def test_a_disc_casts_a_shadow_of_2_sqrt_r2_minus_s2():
    """Within 0.5 mm of up to 120 mm, more than 5 mm from its edge, and 0.01 mm in the mean. Voxels of 1 mm."""
    radius, fine = 60.0, 4
    edge = (np.arange(140 * fine) + 0.5) / fine - 70
    disc = np.hypot(edge[:, None], edge[None, :]) < radius
    disc = disc.reshape(140, fine, 140, fine).mean(axis=(1, 3)).astype(np.float32)
    rays = PARALLEL.rays(PARALLEL.elements(70))

    chords = project(np.pad(disc, 1)[..., None], rays, (1.0, 1.0))[..., 0]

    expected = 2 * np.sqrt(np.maximum(radius**2 - rays[1] ** 2, 0))
    inside, outside = np.abs(rays[1]) < radius - 5, np.abs(rays[1]) > radius + 2
    np.testing.assert_allclose(chords[inside], expected[inside], atol=0.5)
    assert (chords - expected)[inside].mean() == pytest.approx(0, abs=0.01)
    assert not chords[outside].any()


def test_fan_and_parallel_beam_show_the_same_patient():
    scene, rods = with_inserts(["cortical_bone", "adipose", "liver"])
    fan, parallel = (CT(geometry=g, effects=())(scene, STREAMS).array.astype(float) for g in (FAN, PARALLEL))
    for name, rod in rods.items():
        assert fan[rod].mean() == pytest.approx(parallel[rod].mean(), abs=4), name
    assert np.abs(fan - parallel)[radius_mm(scene) < 35].mean() < 4


def test_tissues_have_their_hounsfield_units():
    """At 120 kVp. ICRU-46 tissues in a SpekPy beam behind 20 cm of water."""
    expected = {"muscle": 43, "liver": 54, "blood": 57, "spongy_bone": 156, "lung": -742, "adipose": -103}
    scene, rods = with_inserts(expected)
    hu = CT(geometry=FAN, effects=())(scene, STREAMS).array.astype(float)
    for name, value in expected.items():
        assert hu[rods[name]].mean() == pytest.approx(value, abs=5), name


@pytest.mark.parametrize(("kvp", "expected"), [(80, 2242), (120, 1663)])
def test_a_thin_bone_has_its_hounsfield_units_and_a_thick_one_hardens_the_beam(kvp, expected):
    scan = CT(kvp=kvp, kernel="ram-lak", geometry=FanBeam(views=480), effects=())
    bone = []
    for rod_mm in (5, 16):
        scene = cylinder(shape=(112, 112, 1))
        scene.tissue[radius_mm(scene, x=60) < rod_mm] = tissues()["cortical_bone"]
        bone.append(scan(scene, STREAMS).array[radius_mm(scene, x=60) < 3].mean())
    assert bone[0] == pytest.approx(expected, rel=0.03)
    assert bone[1] < 0.92 * bone[0]


def test_iodine_shines_more_at_low_voltage():
    """About 30 HU per mg/ml at 120 kVp, and 1.57 times that at 80 kVp."""
    scene, rods = with_inserts(["blood"])
    iodine = np.where(scene.tissue == tissues()["blood"], 5, 0).astype(np.float32)
    contrast = replace(scene, fields=MappingProxyType({"iodine_mg_ml": iodine}))
    rise = {}
    for kvp in (80, 120):
        before, after = (CT(kvp=kvp, geometry=FAN, effects=())(s, STREAMS).array for s in (scene, contrast))
        rise[kvp] = after[rods["blood"]].mean() - before[rods["blood"]].mean()
    assert rise[120] / 5 == pytest.approx(29, rel=0.12)
    assert rise[80] / rise[120] == pytest.approx(1.57, rel=0.05)


def test_density_scales_a_tissue():
    scene = cylinder(shape=(112, 112, 1))
    thin = replace(scene, fields=MappingProxyType({"density": np.full(scene.grid.shape, 0.5, np.float32)}))
    hu = CT(geometry=FAN, effects=())(thin, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 90].mean() == pytest.approx(-500, abs=3)


def test_noise_falls_with_the_root_of_the_dose():
    scene, centre = cylinder(), radius_mm(cylinder()) < 60
    clean = CT(geometry=FAN, effects=())(scene, STREAMS).array.astype(float)
    sd = {}
    for mas in (4, 64):
        noisy = CT(mas=mas, geometry=FAN, effects=(QuantumNoise(),))(scene, STREAMS).array
        sd[mas] = (noisy - clean)[centre].std()
    assert sd[4] / sd[64] == pytest.approx(4, rel=0.05)


def test_noise_in_30_cm_of_water_is_that_of_a_clinic():
    """Slices of 1 mm, 150 mAs, soft kernel: 10 to 20 HU."""
    scene = cylinder(radius=150, shape=(160, 160, 1), voxel_mm=(2.0, 2.0, 1.0))
    assert 10 < CT()(scene, STREAMS).array[radius_mm(scene) < 60].std() < 20


def test_counts_vary_as_their_mean():
    """Variance equals mean in the measurement, before any reconstruction."""
    raw = CT(geometry=PARALLEL).measure(cylinder(shape=(112, 112, 1)))
    spread = (QuantumNoise()(raw, STREAMS.generator).data.astype(float) - raw.data) / np.sqrt(raw.data)
    assert raw.unit == "photons"
    assert spread.mean() == pytest.approx(0, abs=5 / np.sqrt(spread.size))
    assert spread.var() == pytest.approx(1, abs=5 * np.sqrt(2 / spread.size))


def test_a_patient_too_thick_for_the_dose_stays_finite():
    scene = cylinder("cortical_bone")
    hu = CT(kvp=80, mas=0.01, geometry=FAN)(scene, STREAMS).array
    assert hu.min() >= -1024
    assert hu.max() <= 3071


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_the_image_does_not_depend_on_how_the_array_lies(axes):
    scene = asymmetric()
    upright = CT(geometry=COARSE, effects=())(scene, STREAMS).array
    for flips in product((False, True), repeat=3):
        image = CT(geometry=COARSE, effects=())(stored(scene, axes, flips), STREAMS)
        np.testing.assert_array_equal(turned(image.array, axes, flips, back=True), upright)


def asymmetric():
    tissue = np.zeros((40, 36, 5), np.uint8)
    tissue[6:34, 8:30], tissue[8:14, 10:20, 1:3], tissue[24:30, 20:26, 3:] = (
        tissues()[name] for name in ("muscle", "cortical_bone", "lung")
    )
    return scene_of(tissue, (6.0, 7.0, 4.0))


def turned(array, axes, flips, back=False):
    flip = tuple(slice(None, None, -1 if f else 1) for f in flips)
    return array[flip].transpose(np.argsort(axes)) if back else array.transpose(axes)[flip]


def stored(scene, axes, flips):
    """The same patient with its array axes in another order and some of them reversed."""
    tissue = np.ascontiguousarray(turned(scene.tissue, axes, flips))
    to_old = np.zeros((4, 4))
    to_old[3, 3] = 1
    for new, (old, flip) in enumerate(zip(axes, flips, strict=True)):
        to_old[old, new] = -1 if flip else 1
        to_old[old, 3] = tissue.shape[new] - 1 if flip else 0
    grid = Grid(tissue.shape, scene.grid.affine @ to_old)
    return Scene(grid, np.zeros(tissue.shape, np.uint16), tissue)


def test_a_sheared_grid_says_what_would_do():
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[0, 1] = 0.5
    with pytest.raises(SceneError, match="right angles; a scene resampled"):
        orientation(Grid((4, 4, 4), affine))


def test_pixels_need_not_be_square():
    scene = cylinder(shape=(84, 150, 2), voxel_mm=(2.6, 1.5, 3.0))
    hu = CT(geometry=FAN, effects=())(scene, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 95].mean() == pytest.approx(0, abs=2)
    assert hu[radius_mm(scene) > 107].mean() == pytest.approx(-1000, abs=5)


def test_beyond_the_field_of_view_there_is_air():
    scene = cylinder(radius=60)
    hu = CT(geometry=FAN, effects=(), field_of_view_mm=180)(scene, STREAMS).array
    assert (hu[radius_mm(scene) > 91] == -1000).all()
    assert hu[radius_mm(scene) < 55].mean() == pytest.approx(0, abs=2)


def test_a_focus_inside_the_field_of_view_says_what_would_do():
    with pytest.raises(RecipeError, match="focus at 200 mm lies inside the field of view of 500"):
        CT(geometry=FanBeam(source_to_isocentre_mm=200))
    with pytest.raises(RecipeError, match="larger source_to_detector_mm"):
        FanBeam(source_to_detector_mm=300)


def test_any_number_of_threads_gives_the_same_bytes():
    scene = asymmetric()
    many = CT(geometry=FAN)(scene, STREAMS).array
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = CT(geometry=FAN)(scene, STREAMS).array
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one, many)


def test_slices_do_not_mix():
    scene = cylinder(shape=(40, 40, 70), voxel_mm=(6, 6, 3))
    tissue = scene.tissue.copy()
    tissue[:, :, 66:] = 0
    hu = CT(geometry=COARSE, effects=())(replace(scene, tissue=tissue), STREAMS).array
    np.testing.assert_array_equal(hu[:, :, 0], hu[:, :, 65])
    assert (hu[:, :, 66:] == -1000).all()


def test_the_ramp_has_no_mean():
    """Its samples fall to nothing in sum as they go on, as |frequency| is 0 at frequency 0."""
    samples = ramp_samples(20_001, 1.5)
    assert samples[0] == pytest.approx(1 / (4 * 1.5**2))
    assert samples[0] + 2 * samples[1:].sum() == pytest.approx(0, abs=1e-4)


# Parity: every fast kernel equals its NumPy reference.


@GEOMETRIES
def test_fast_projection_equals_its_reference(geometry):
    volume = np.random.default_rng(1).random((13, 17, 5)).astype(np.float32)
    rays = tuple(values[::40] for values in geometry.rays(61))
    fast = project(np.pad(volume, ((1, 1), (1, 1), (0, 0))), rays, (4.0, 3.0))
    np.testing.assert_allclose(fast, line_integrals_reference(volume, *rays, (4.0, 3.0)), rtol=1e-4, atol=1e-3)


def test_fast_back_projection_equals_its_reference():
    rng = np.random.default_rng(2)
    views = rng.random((6, 20, 7)).astype(np.float32)
    shadow = rng.uniform(-3, 23, (6, 9, 8)).astype(np.float32)
    weight = rng.random((6, 9, 8)).astype(np.float32)
    fast, reference = np.zeros((2, 9, 8, 7), np.float32)
    backproject(fast, views, shadow, weight)
    backproject_reference(reference, views, shadow, weight)
    np.testing.assert_allclose(fast, reference, rtol=1e-4, atol=1e-5)


def test_fast_detection_equals_its_reference():
    rng = np.random.default_rng(3)
    path, signal, per_mm = (rng.random(n).astype(np.float32) for n in ((4, 5, 2, 6), 14, (2, 14)))
    np.testing.assert_allclose(detect(path, signal, per_mm), transmit_reference(path, signal, per_mm), rtol=1e-5)


def test_fast_water_path_equals_its_reference_and_undoes_the_beam():
    beam = binned(spectrum(tube(120, 7)))
    water = Calibration.of(beam, blank=1e5)
    thickness = np.linspace(0, 500, 60, dtype=np.float32).reshape(3, 4, 5)
    photons = (1e5 * beam.transmission(thickness[..., None] * [1, 0, 0])).astype(np.float32)

    fast = np.empty_like(photons)
    water_path(photons, 1e5, 1.0, water.path, water.first, water.step, fast)

    reference = water_path_reference(photons, 1e5, 1.0, water.path, water.first, water.step)
    np.testing.assert_allclose(fast, reference, atol=1e-3)
    seen = photons > 1
    np.testing.assert_allclose(water.path_mm(photons)[seen], thickness[seen], atol=0.02)
