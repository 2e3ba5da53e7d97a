"""Computed tomography: water is 0 HU, air is -1000, and the rest follows, axial and helical."""

from dataclasses import replace
from itertools import permutations, product
from types import MappingProxyType

import numpy as np
import pytest
from threads import one_thread

from phantoms.patient_motion import Shift, Turn
from render.attenuation import attenuation, mass_attenuation
from render.bowtie import Bowtie
from render.calibration import Calibration
from render.ct import CT
from render.current import Modulated
from render.detector import EnergyIntegrating, PhotonCounting
from render.effects import QuantumNoise
from render.gantry import Gantry
from render.illumination import illumination
from render.iterative import TotalVariation
from render.kernels.detect import detect, transmit_reference, water_path_reference
from render.matrix import Matrix
from render.orientation import orientation
from render.spectral import MaterialMap, Monoenergetic
from render.table_path import Helix
from render.technique import Technique
from render.tube import Tube
from render.views import Arc
from simdata import Grid, RecipeError, Scene, SceneError, Streams
from simdata.tissues import tissues

STREAMS = Streams(seed=11)
FAN = Gantry(views=360, element_mm=3.0, rows=2, row_mm=3.0)
WIDE = Gantry(views=160, element_mm=3.0, rows=16, row_mm=2.0)
COARSE = Gantry(views=40, element_mm=9.0, rows=8, row_mm=4.0)
AXIAL = CT(gantry=FAN, effects=())
HELICAL = CT(gantry=WIDE, table=Helix(), effects=())
TABLES = pytest.mark.parametrize(("scan", "slices"), [(AXIAL, 2), (HELICAL, 12)], ids=["axial", "helical"])


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


@TABLES
def test_water_is_0_hu_and_air_is_minus_1000(scan, slices):
    scene = cylinder(shape=(112, 112, slices))
    image = scan(scene, STREAMS)
    distance, hu = radius_mm(scene), image.array.astype(float)

    assert (image.unit, image.array.dtype, image.grid) == ("HU", np.int16, scene.grid)
    assert image.notes == ()
    assert hu[distance > 106].mean() == pytest.approx(-1000, abs=5)
    rings = [hu[(distance >= r) & (distance < r + 10)].mean() for r in range(0, 90, 10)]
    np.testing.assert_allclose(rings, 0, atol=2)
    heights = [hu[..., z][distance[..., z] < 90].mean() for z in range(slices)]
    np.testing.assert_allclose(heights, 0, atol=2)


def test_without_correction_water_is_cupped_as_the_harder_beam_says():
    """By what the middle's effective attenuation lies below the rim's, to a first order; a few percent at 120 kVp."""
    scene = cylinder()
    hu = replace(AXIAL, beam_hardening_correction="none")(scene, STREAMS).array.astype(float)
    middle, rim = hu[radius_mm(scene) < 15].mean(), hu[(radius_mm(scene) > 80) & (radius_mm(scene) < 92)].mean()
    assert 20 < rim - middle < 80


@pytest.mark.parametrize("kvp", [60, 80, 95, 140])
def test_water_is_0_hu_at_every_tube_voltage(kvp):
    scene = cylinder(shape=(112, 112, 1))
    hu = replace(AXIAL, kvp=kvp)(scene, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 97].mean() == pytest.approx(0, abs=2)


def test_behind_a_bowtie_and_its_heel_water_is_still_flat():
    scene = cylinder()
    hu = replace(AXIAL, bowtie=Bowtie())(scene, STREAMS).array.astype(float)
    rings = [hu[(radius_mm(scene) >= r) & (radius_mm(scene) < r + 10)].mean() for r in range(0, 90, 10)]
    np.testing.assert_allclose(rings, 0, atol=2)


def test_axial_and_helical_scans_show_the_same_patient():
    scene, rods = with_inserts(["cortical_bone", "adipose", "liver"])
    longer = {name: np.repeat(getattr(scene, name)[:, :, :1], 12, 2) for name in ("labels", "tissue")}
    scene = replace(scene, **longer, grid=cylinder(shape=(112, 112, 12)).grid)
    axial, helical = (scan(scene, STREAMS).array.astype(float) for scan in (AXIAL, HELICAL))
    for name, rod in rods.items():
        inside = np.repeat(rod[:, :, :1], 12, 2)
        assert helical[inside].mean() == pytest.approx(axial[inside].mean(), abs=5), name


def test_tissues_have_their_hounsfield_units():
    """At 120 kVp. ICRU-46 tissues in a SpekPy beam behind 20 cm of water."""
    expected = {"muscle": 43, "liver": 54, "blood": 57, "spongy_bone": 156, "lung": -742, "adipose": -103}
    scene, rods = with_inserts(expected)
    hu = AXIAL(scene, STREAMS).array.astype(float)
    for name, value in expected.items():
        assert hu[rods[name]].mean() == pytest.approx(value, abs=5), name


@pytest.mark.parametrize("kvp", [80, 120])
def test_a_thin_bone_has_its_hounsfield_units_and_a_thick_one_hardens_the_beam(kvp):
    """Those of its mean attenuation for the photons that 20 cm of water leave."""
    (channel,) = EnergyIntegrating().channels(Tube().beam(kvp))
    water, cortical = (attenuation(tissue, channel.energy_kev) for tissue in ("water", "cortical_bone"))
    left = channel.photons_mm2_mas * np.exp(-water * 20)
    expected = 1000 * (left @ cortical / (left @ water) - 1)
    scan = CT(kvp=kvp, kernel="ram-lak", gantry=replace(FAN, views=480, element_mm=1.5), effects=())
    bone = []
    for rod_mm in (5, 16):
        scene = cylinder(shape=(112, 112, 1))
        scene.tissue[radius_mm(scene, x=60) < rod_mm] = tissues()["cortical_bone"]
        bone.append(scan(scene, STREAMS).array[radius_mm(scene, x=60) < 3].mean())
    assert bone[0] == pytest.approx(expected, rel=0.04)
    assert bone[1] < 0.92 * bone[0]


def iodine_in_blood():
    scene, rods = with_inserts(["blood"])
    iodine = np.where(scene.tissue == tissues()["blood"], 5, 0).astype(np.float32)
    return scene, replace(scene, fields=MappingProxyType({"iodine_mg_ml": iodine})), rods["blood"]


def test_iodine_shines_more_at_low_voltage():
    """About 30 HU per mg/ml at 120 kVp, and 1.57 times that at 80 kVp; two exposures of one scan show both."""
    scene, contrast, rod = iodine_in_blood()
    rise = {}
    for kvp in (80, 120):
        before, after = (replace(AXIAL, kvp=kvp)(s, STREAMS).array for s in (scene, contrast))
        rise[kvp] = after[rod].mean() - before[rod].mean()
    assert rise[120] / 5 == pytest.approx(29, rel=0.12)
    assert rise[80] / rise[120] == pytest.approx(1.57, rel=0.05)

    both = replace(AXIAL, kvp=80, also=(Technique(kvp=120),))(contrast, STREAMS)
    assert both.array.shape == (2, *scene.grid.shape)
    low, high = (replace(AXIAL, kvp=kvp)(contrast, STREAMS).array[rod].mean() for kvp in (80, 120))
    assert both.array[0][rod].mean() == pytest.approx(low, abs=1)
    assert both.array[1][rod].mean() == pytest.approx(high, abs=1)


def test_a_photon_counting_detector_sees_iodine_best_just_above_its_k_edge():
    scene, contrast, rod = iodine_in_blood()
    scan = replace(AXIAL, detector=PhotonCounting(thresholds_kev=(35, 65)))
    rise = [
        after[rod].mean() - before[rod].mean()
        for before, after in zip(scan(scene, STREAMS).array, scan(contrast, STREAMS).array, strict=True)
    ]
    assert rise[0] > 1.5 * rise[1] > 0


def test_two_exposures_show_iodine_alone_and_one_energy_and_one_exposure_cannot():
    scene, contrast, rod = iodine_in_blood()
    dual = replace(AXIAL, kvp=80, also=(Technique(kvp=140, tube=Tube(filters_mm={"Al": 7.0, "Sn": 0.4})),))
    image = replace(dual, spectral=MaterialMap(material="iodine"))(contrast, STREAMS)
    assert image.unit == "mg/ml"
    assert image.array[rod].mean() == pytest.approx(5, abs=0.3)
    assert np.abs(image.array[radius_mm(scene) < 30].mean()) < 0.2
    mono = replace(dual, spectral=Monoenergetic(kev=60))(contrast, STREAMS)
    expected = 1000 * (attenuation("blood", np.array([60.0])) + 0.005 * mass_attenuation({"I": 1.0}, np.array([60.0])))
    water = attenuation("water", np.array([60.0]))
    assert mono.array[rod].mean() == pytest.approx(float((expected / water - 1000)[0]), abs=8)
    with pytest.raises(RecipeError, match="water and iodine to be told apart by 1 channel"):
        replace(AXIAL, spectral=MaterialMap())


def test_least_variation_shows_a_patient_from_few_views_better_than_back_projection():
    scene = cylinder(shape=(56, 56, 1), voxel_mm=(4.0, 4.0, 3.0))
    scene.tissue[radius_mm(scene, x=50) < 15] = tissues()["adipose"]
    truth = AXIAL(scene, STREAMS).array.astype(float)
    few = replace(AXIAL, gantry=Gantry(views=30, element_mm=6.0, rows=2, row_mm=3.0))
    iterative = replace(few, iterative=TotalVariation(iterations=8, subsets=3, strength=3e-4))
    seen = radius_mm(scene) < 90
    wrong, better = (np.sqrt(np.mean((scan(scene, STREAMS).array - truth)[seen] ** 2)) for scan in (few, iterative))
    assert better < 0.75 * wrong


def test_density_scales_a_tissue():
    scene = cylinder(shape=(112, 112, 1))
    thin = replace(scene, fields=MappingProxyType({"density": np.full(scene.grid.shape, 0.5, np.float32)}))
    hu = AXIAL(thin, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 90].mean() == pytest.approx(-500, abs=3)


@TABLES
def test_noise_falls_with_the_root_of_the_dose(scan, slices):
    scene = cylinder(shape=(112, 112, slices))
    centre = radius_mm(scene) < 60
    clean = scan(scene, STREAMS).array.astype(float)
    sd = {}
    for mas in (2, 32):
        noisy = replace(scan, mas=mas, effects=(QuantumNoise(),))(scene, STREAMS).array
        sd[mas] = (noisy - clean)[centre].std()
    assert sd[2] / sd[32] == pytest.approx(4, rel=0.07)


def test_noise_in_30_cm_of_water_is_that_of_a_clinic():
    """Slices of 1 mm, 150 mAs, soft kernel: 10 to 20 HU."""
    scene = cylinder(radius=150, shape=(160, 160, 1), voxel_mm=(2.0, 2.0, 1.0))
    scan = CT(gantry=Gantry(rows=1, row_mm=1.0))
    assert 10 < scan(scene, STREAMS).array[radius_mm(scene) < 60].std() < 20


def test_the_current_follows_the_patient_and_saves_noise_across_his_shoulders():
    """An ellipse three times as wide as deep: streaks along its length weaken, the mAs stay."""
    scene = cylinder(shape=(150, 60, 1))
    points = scene.grid.points_mm()
    tissue = np.where((points[..., 0] / 135) ** 2 + (points[..., 1] / 45) ** 2 < 1, tissues()["water"], 0)
    scene = replace(scene, tissue=tissue.astype(np.uint8))
    scan = replace(AXIAL, mas=10, effects=(QuantumNoise(),))
    modulated = replace(scan, current=Modulated(strength=0.5))
    output = modulated.measure(scene).output
    assert output.mean() == pytest.approx(1)
    assert output.argmax() % 180 == pytest.approx(90, abs=5), "along x he is thickest"
    middle = (points[..., 0] / 100) ** 2 + (points[..., 1] / 30) ** 2 < 1
    steady_sd, modulated_sd = (s(scene, STREAMS).array[middle].std() for s in (scan, modulated))
    assert modulated_sd < 0.93 * steady_sd


def test_counts_vary_as_their_mean():
    """Variance equals mean in the measurement, before any reconstruction."""
    raw = AXIAL.measure(cylinder(shape=(112, 112, 1)))
    spread = (QuantumNoise()(raw, STREAMS.generator).data.astype(float) - raw.data) / np.sqrt(raw.data)
    assert raw.unit == "photons"
    assert spread.mean() == pytest.approx(0, abs=5 / np.sqrt(spread.size))
    assert spread.var() == pytest.approx(1, abs=5 * np.sqrt(2 / spread.size))


def test_the_sum_of_energies_varies_as_the_photons_of_its_unit():
    """A compound Poisson number: mean n E, variance n E^2, here drawn energy by energy."""
    (channel,) = EnergyIntegrating().channels(Tube().beam(120))
    counts = channel.photons_mm2_mas * channel.unit_kev / channel.energy_kev * 1e-4
    drawn = STREAMS.generator.poisson(counts, (20_000, len(counts))) @ channel.energy_kev / channel.unit_kev
    assert drawn.var() / drawn.mean() == pytest.approx(1, abs=0.04)


def test_a_patient_too_thick_for_the_dose_stays_finite():
    hu = CT(kvp=80, mas=0.01, gantry=FAN)(cylinder("cortical_bone"), STREAMS).array
    assert hu.min() >= -1024
    assert hu.max() <= 3071


def wire(mm, at_mm=32.0):
    """A thin wire of bone along the axis."""
    scene = cylinder(radius=20, shape=(170, 170, 1), voxel_mm=(0.5, 0.5, 3.0))
    scene.tissue[radius_mm(scene, x=at_mm) < mm] = tissues()["cortical_bone"]
    return scene, radius_mm(scene, x=at_mm) < 6


def test_a_wide_focal_spot_and_a_turning_gantry_blur_a_wire_but_keep_its_sum():
    scene, around = wire(1.0)
    scan = CT(gantry=replace(FAN, views=120, element_mm=1.0), kernel="ram-lak", effects=())
    sharp = scan(scene, STREAMS).array[around].astype(float) + 1000
    wide = replace(scan, rays=7, tube=Tube(focal_spot_mm=(4.0, 1.0)))(scene, STREAMS).array[around].astype(float) + 1000
    assert wide.max() < 0.85 * sharp.max()
    assert wide.sum() == pytest.approx(sharp.sum(), rel=0.05)


@pytest.mark.parametrize("scan", [AXIAL, HELICAL], ids=["axial", "helical"])
def test_the_image_may_have_pixels_and_slices_of_its_own(scan):
    scene = cylinder(shape=(56, 56, 12), voxel_mm=(4.0, 4.0, 2.0))
    scene.labels[scene.tissue > 0] = 5
    scene.labels[..., :6] = 0
    image = replace(scan, matrix=Matrix(pixels=80, field_of_view_mm=120, slice_mm=4.0, every_mm=4.0))(scene, STREAMS)
    assert image.grid.shape == (80, 80, 6)
    assert image.grid.spacing_mm == pytest.approx((1.5, 1.5, 4.0))
    np.testing.assert_allclose(image.grid.world_mm(np.array([39.5, 39.5, 2.5])), 0, atol=1e-9)
    assert image.array.mean() == pytest.approx(0, abs=3)
    assert (image.labels[..., :3] == 0).all()
    assert (image.labels[..., 3:] == 5).all()


def test_a_patient_who_jerks_is_seen_in_two_places():
    """Half a turn before, half after: both edges show half, and the labels are those of the middle of the scan."""
    scene = cylinder(radius=50, shape=(112, 112, 1))
    scene.labels[scene.tissue > 0] = 5
    still = AXIAL(scene, STREAMS)
    moved = Shift(shift_mm=(8.0, 0.0, 0.0), start_s=0.25, lasting_s=0.001)(scene, STREAMS.generator)
    image = AXIAL(moved, STREAMS)
    assert np.abs(image.array - still.array.astype(int))[radius_mm(scene) < 80].mean() > 20
    assert image.labelled
    instant = replace(AXIAL, gantry=replace(FAN, rotation_s=1e-6))(moved, STREAMS)
    np.testing.assert_array_equal(instant.array, still.array)


@pytest.mark.parametrize(
    "motion",
    [
        Shift(shift_mm=(1.3, -0.7, 0.0), start_s=-1.0),
        Turn(degrees=20.0, axis=(0.0, 0.0, 1.0), start_s=-1.0),
        Turn(degrees=8.0, axis=(1.0, 0.0, 0.0), start_s=-1.0),
    ],
    ids=["shifted", "rolled", "nodding"],
)
def test_one_who_moves_as_a_whole_is_seen_where_he_is_to_a_tenth_of_a_voxel(motion):
    """Voxels of 4 mm. The centre of mass of a block lies where the pose has taken it."""
    scene = scene_of(np.zeros((40, 40, 10), np.uint8), 4.0)
    scene.tissue[16:22, 24:30, 3:7] = tissues()["water"]
    moved = motion(scene, STREAMS.generator)
    scan = CT(gantry=replace(COARSE, views=80, element_mm=4.0), effects=())
    before, after = (centre_mm(scan(one, STREAMS)) for one in (scene, moved))
    np.testing.assert_allclose(after, motion.moved_mm(before, scene.grid, 0.0), atol=0.4)
    assert np.linalg.norm(after - before) > 1.2


def centre_mm(image):
    """Centre of mass of what is no air."""
    mass = np.clip(image.array + 700.0, 0, None)
    points = image.grid.points_mm()
    return (points * mass[..., None]).sum(axis=(0, 1, 2)) / mass.sum()


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_the_image_does_not_depend_on_how_the_array_lies(axes):
    scene = asymmetric()
    upright = CT(gantry=COARSE, effects=())(scene, STREAMS).array
    for flips in product((False, True), repeat=3):
        image = CT(gantry=COARSE, effects=())(stored(scene, axes, flips), STREAMS)
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
    hu = AXIAL(scene, STREAMS).array.astype(float)
    assert hu[radius_mm(scene) < 95].mean() == pytest.approx(0, abs=2)
    assert hu[radius_mm(scene) > 107].mean() == pytest.approx(-1000, abs=5)


def test_beyond_the_field_of_view_there_is_air():
    scene = cylinder(radius=60)
    hu = replace(AXIAL, field_of_view_mm=180)(scene, STREAMS).array
    assert (hu[radius_mm(scene) > 91] == -1000).all()
    assert hu[radius_mm(scene) < 55].mean() == pytest.approx(0, abs=2)


def test_a_focus_inside_the_field_of_view_says_what_would_do():
    with pytest.raises(RecipeError, match="focus at 200 mm lies inside the field of view of 500"):
        CT(gantry=Gantry(source_to_isocentre_mm=200))
    with pytest.raises(RecipeError, match="larger source_to_detector_mm"):
        Gantry(source_to_detector_mm=300)


def test_what_lies_beyond_the_field_of_view_is_said():
    scene = cylinder(radius=60)
    scene.labels[scene.tissue > 0] = 5
    image = replace(AXIAL, field_of_view_mm=100)(scene, STREAMS)
    assert "lies beyond the field of view of 100 mm (truncation)" in image.notes[0]
    share = float(image.notes[0].split("%")[0])
    assert share == pytest.approx(100 * (1 - 50**2 / 60**2), abs=2)


def test_any_number_of_threads_gives_the_same_bytes():
    scene = asymmetric()
    scan = CT(gantry=COARSE)
    many = scan(scene, STREAMS).array
    with one_thread():
        one = scan(scene, STREAMS).array
    np.testing.assert_array_equal(one, many)


# Parity: every fast kernel equals its NumPy reference.


def test_fast_detection_equals_its_reference():
    rng = np.random.default_rng(3)
    path, across, along, per_mm = (rng.random(n).astype(np.float32) for n in ((4, 5, 6, 2), (5, 14), (6, 14), (2, 14)))
    path[1, 2] = 0
    fast = detect(path, across, along, per_mm)
    np.testing.assert_allclose(fast, transmit_reference(path, across, along, per_mm), rtol=1e-5)


def test_fast_water_path_equals_its_reference_and_undoes_the_beam():
    (channel,) = EnergyIntegrating().channels(Tube().beam(120))
    plane = Arc(columns=4, rows=5, column_mm=1.0, row_mm=1.0)
    light = illumination(channel, Technique(mas=1), Bowtie(), plane, 900.0, [0]).binned()
    water = Calibration.water(light.across, light.per_mm[0])
    thickness = np.linspace(0, 500, 60, dtype=np.float32).reshape(3, 4, 5)
    output = np.array([0.5, 1.0, 2.0])
    seen = (
        detect(thickness[..., None], light.across, light.along, light.per_mm) * output.astype(np.float32)[:, None, None]
    )

    fast = water.path_mm(seen, light.blank, output)

    reference = water_path_reference(seen, light.blank, output, 1.0, water.path, water.first, water.step)
    np.testing.assert_allclose(fast, reference, atol=2e-3)
    np.testing.assert_allclose(fast[seen > 1], thickness[seen > 1], atol=0.05)
