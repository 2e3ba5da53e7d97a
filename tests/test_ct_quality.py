"""What a physicist measures of a CT scanner: CT numbers, sharpness, noise and its texture, and each artifact."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from phantoms.cylinder import Cylinder, Insert
from render.attenuation import attenuation
from render.ct import CT
from render.effects import ElectronicNoise, QuantumNoise, Scatter
from render.effects.crosstalk import Crosstalk
from render.effects.dead_elements import DeadElements
from render.effects.gain_error import GainError
from render.effects.lag import Lag
from render.effects.saturation import Saturation
from render.filters import window
from render.gantry import Gantry
from render.matrix import Matrix
from render.table_path import Helix
from render.tube import Monochromatic
from simdata import Streams

STREAMS = Streams(seed=5)
FAN = Gantry(views=360, element_mm=3.0, rows=2, row_mm=3.0)
CONE = Gantry(views=120, element_mm=6.0, rows=32, row_mm=4.0)
AXIAL = CT(gantry=FAN, effects=())
WATER = Cylinder(shape=(144, 144, 1), voxel_mm=(1.5, 1.5, 3.0))


def made(cylinder):
    return cylinder(STREAMS["phantom"].generator)


def hu(scan, cylinder, streams=STREAMS):
    return scan(made(cylinder), streams).array.astype(float)


def away_mm(grid, x=0.0, y=0.0):
    points = grid.points_mm()
    return np.hypot(points[..., 0] - x, points[..., 1] - y)


# CT numbers


RODS = ("air", "polymethylpentene", "polyethylene", "polystyrene", "pmma", "delrin", "teflon")
ROD_MM, AT_MM = 8.0, 58.0
PLACES = [(AT_MM * np.cos(a), AT_MM * np.sin(a), 0.0) for a in 2 * np.pi * np.arange(len(RODS)) / len(RODS)]
CATPHAN = replace(
    WATER,
    inserts=tuple(Insert(tissue=t, centre_mm=at, radius_mm=ROD_MM) for t, at in zip(RODS, PLACES, strict=True)),
)


@cache
def catphan(kvp):
    return hu(replace(AXIAL, kvp=kvp), CATPHAN)


def expected_hu(tissue, kvp):
    """What mu/rho tables say of a rod in water: the path through water that lets as much signal pass as it does.

    Rays from all sides through the rod's middle, along its mean chord, pi/2 of its radius.
    """
    (channel,) = AXIAL.detector.channels(AXIAL.tube.beam(kvp))
    water = attenuation("water", channel.energy_kev) / 10
    rod = attenuation(tissue, channel.energy_kev) / 10 if tissue != "air" else 0 * water
    thickness, chord = np.linspace(0, 400, 4001), np.pi / 2 * ROD_MM
    passing = np.exp(-np.outer(thickness, water)) @ channel.photons_mm2_mas
    across = 2 * np.sqrt(100.0**2 - (AT_MM * np.sin(np.linspace(0, np.pi, 181))) ** 2)
    found = np.exp(-np.outer(across - chord, water) - chord * rod) @ channel.photons_mm2_mas
    as_water = np.interp(-np.log(found), -np.log(passing), thickness)
    return 1000 * ((as_water - across).mean() / chord)


@pytest.mark.parametrize("kvp", [80, 120])
@pytest.mark.parametrize("tissue", RODS)
def test_inserts_have_the_ct_numbers_of_their_attenuation(tissue, kvp):
    image, at = catphan(kvp), PLACES[RODS.index(tissue)]
    found = image[away_mm(made(CATPHAN).grid, *at[:2]) < 0.6 * ROD_MM].mean()
    expected = expected_hu(tissue, kvp)
    assert found == pytest.approx(expected, abs=max(5.0, 0.01 * abs(expected + 1000)))


# Sharpness


WIRE = Cylinder(
    body=Insert(tissue="polyethylene", radius_mm=20.0),
    inserts=(Insert(tissue="titanium", centre_mm=(3.25, 2.25, 0.0), radius_mm=0.2),),
    shape=(90, 90, 1),
    voxel_mm=(0.5, 0.5, 3.0),
)
FINE_MM = 0.15


def sinc(per_mm, width_mm):
    return np.sinc(per_mm * width_mm)


def mtf(image, per_mm):
    """Of the wire in the middle of a picture, without what a scan of no wire shows."""
    size = len(image)
    along = FINE_MM * (np.arange(size) - (size - 1) / 2)
    waves = np.exp(-2j * np.pi * np.outer(per_mm, along))
    both = [np.abs(waves @ image.sum(axis=axis)) for axis in (0, 1)]
    return np.mean([one / one[0] for one in both], axis=0)


@pytest.mark.parametrize(("kernel", "element_mm"), [("soft", 0.8), ("standard", 0.8), ("soft", 1.2)])
def test_a_wire_is_as_sharp_as_aperture_and_kernel_let_it_be(kernel, element_mm):
    """The scene's voxel and the element, both boxes, the mean of two neighbours, and the kernel."""
    gantry = Gantry(views=360, element_mm=element_mm, rows=4, row_mm=3.0)
    matrix = Matrix(pixels=128, field_of_view_mm=128 * FINE_MM, slice_mm=3.0, every_mm=3.0)
    scan = CT(gantry=gantry, table=Helix(), kernel=kernel, matrix=matrix, effects=())
    with_wire, without = (hu(scan, one)[..., 0] for one in (WIRE, replace(WIRE, inserts=())))
    per_mm = np.linspace(0, 0.6, 13)
    step = element_mm / gantry.magnification
    expected = window(kernel, per_mm, step) * sinc(per_mm, step) ** 3 * sinc(per_mm, 0.5)
    np.testing.assert_allclose(mtf(with_wire - without, per_mm), expected, atol=0.03)


# Noise


def shots(scan, cylinder):
    """Two measurements of the same patient."""
    raw = scan.measure(made(cylinder))
    return [QuantumNoise()(raw, Streams(n)["noise"].generator) for n in (1, 2)]


def noise(scan, pair):
    """Their difference over root 2."""
    one, two = (scan.reconstruct(raw).array.astype(float) for raw in pair)
    return (one - two) / np.sqrt(2)


def power(samples, pixel_mm):
    """Noise power spectrum, HU2 mm2, of square pictures (n, x, y), and the frequency of each of its points, 1/mm."""
    samples = samples - samples.mean(axis=(1, 2), keepdims=True)
    size = samples.shape[1]
    per_mm = np.fft.fftfreq(size, pixel_mm)
    spectrum = (np.abs(np.fft.fft2(samples)) ** 2).mean(axis=0) * pixel_mm**2 / size**2
    return spectrum, np.hypot(per_mm[:, None], per_mm)


STEP_MM = 2.0
"""Of elements, seen at the isocentre."""


LOUD = CT(gantry=replace(FAN, element_mm=STEP_MM * FAN.magnification, rows=8), mas=40.0, effects=())


@cache
def loud_shots():
    return shots(LOUD, replace(WATER, shape=(230, 230, 8), voxel_mm=(1.0, 1.0, 3.0)))


@cache
def spectrum(kernel):
    """Of an 8 cm square in the middle of 20 cm of water; and the variance there."""
    samples = np.moveaxis(noise(replace(LOUD, kernel=kernel), loud_shots()), 2, 0)[:, 75:155, 75:155]
    return *power(samples, 1.0), (samples - samples.mean(axis=(1, 2), keepdims=True)).var()


@pytest.mark.parametrize("kernel", ["hann", "cosine", "ram-lak"])
def test_the_power_of_noise_adds_up_to_its_variance(kernel):
    nps, per_mm, variance = spectrum(kernel)
    assert nps.sum() * (per_mm[1, 0] - per_mm[0, 0]) ** 2 == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize("kernel", ["hann", "cosine", "ram-lak"])
def test_noise_power_rises_as_the_ramp_and_falls_with_the_kernel(kernel):
    """NPS(f) ~ (f window sinc^2)^2 / f, of what elements can sample; Kak and Slaney 1988, sec. 5.2.

    Ring by ring, to a twentieth of all of it: only some thousand waves fit into the square.
    """
    nps, per_mm, _ = spectrum(kernel)
    form = per_mm * (window(kernel, per_mm, STEP_MM) * np.sinc(per_mm * STEP_MM) ** 2) ** 2
    use = (per_mm > 0.02) & (per_mm < 0.25)
    for low, high in ((0.02, 0.06), (0.06, 0.1), (0.1, 0.15), (0.15, 0.2), (0.2, 0.25)):
        ring = (per_mm >= low) & (per_mm < high)
        assert nps[ring].sum() / nps[use].sum() == pytest.approx(form[ring].sum() / form[use].sum(), abs=0.05)


def variance(mas, row_mm):
    """In the middle of water, of slices at the height of a row each."""
    scan = CT(gantry=replace(FAN, rows=4, row_mm=row_mm), mas=mas)
    water = replace(WATER, shape=(144, 144, 4), voxel_mm=(1.5, 1.5, row_mm))
    return noise(scan, shots(scan, water))[away_mm(made(water).grid) < 40].var()


def test_variance_falls_with_dose_and_with_the_height_of_rows():
    loud = variance(mas=10.0, row_mm=1.25)
    assert loud / variance(mas=40.0, row_mm=1.25) == pytest.approx(4, rel=0.06)
    assert loud / variance(mas=10.0, row_mm=5.0) == pytest.approx(4, rel=0.06)


# Artifacts


DISCS = Cylinder(
    body=Insert(tissue="air", radius_mm=60.0),
    inserts=tuple(
        Insert(tissue="pmma", centre_mm=(0.0, 0.0, z), radius_mm=50.0, height_mm=8.0) for z in np.arange(-48, 49, 16.0)
    ),
    shape=(60, 60, 60),
    voxel_mm=(2.0, 2.0, 2.0),
)


def contrast(image):
    """Of each disc of Defrise against the gap above it, along the axis of the cylinder."""
    grid = made(DISCS).grid
    along = image[away_mm(grid)[..., 0] < 20].mean(axis=0)
    z_mm = grid.affine[2, 3] + 2.0 * np.arange(60)
    disc, gap = (np.interp(np.arange(-48, 49, 16.0) + shift, z_mm, along) for shift in (0, 8))
    return (disc - gap)[:-1]


def test_discs_blur_away_from_the_middle_plane_of_a_cone_beam_but_not_in_a_helix():
    axial = contrast(hu(CT(gantry=CONE, effects=()), DISCS))
    helical = contrast(hu(CT(gantry=replace(CONE, rows=8), table=Helix(), effects=()), DISCS))
    assert axial[2:4].min() > 1.15 * axial[[0, -1]].max()
    assert np.ptp(helical) < 0.1 * helical.mean()


ROD_END = Cylinder(
    body=Insert(tissue="water", radius_mm=70.0),
    inserts=(Insert(tissue="cortical_bone", centre_mm=(25.0, 0.0, -20.0), radius_mm=10.0, height_mm=40.0),),
    shape=(80, 80, 40),
    voxel_mm=(2.0, 2.0, 2.0),
)


def wheel(scan):
    """SD around the rod of what it does to the water 3 mm below and above its end, less what is the same all around."""
    image, away = hu(scan, ROD_END), away_mm(made(ROD_END).grid, 25.0)[..., 0]
    rings = [image[(away >= r) & (away < r + 3)][:, [18, 21]] for r in (15, 18, 21, 24)]
    return np.sqrt(np.mean([ring.var(axis=0) for ring in rings]))


def test_a_rod_that_ends_makes_a_windmill_in_a_helix_unless_rows_are_low():
    """One row reaches across the end and its neighbour does not; in an axial scan all around the same one does."""
    low = replace(CONE, rows=24, row_mm=4 / 3, element_mm=3.0, views=160)
    axial = CT(gantry=low, tube=Monochromatic(), effects=())
    helix = replace(axial, table=Helix())
    windmill = wheel(replace(helix, gantry=replace(low, rows=8, row_mm=4.0)))
    assert windmill > 2 * wheel(helix)
    assert windmill > 2 * wheel(axial)


BONES = replace(
    WATER,
    inserts=tuple(Insert(tissue="cortical_bone", centre_mm=(x, 0.0, 0.0), radius_mm=14.0) for x in (-45.0, 45.0)),
)


def test_two_bones_darken_the_way_between_them_unless_the_beam_has_one_energy():
    points = made(BONES).grid.points_mm()
    between = (np.abs(points[..., 0]) < 15) & (np.abs(points[..., 1]) < 6)
    beside = (np.abs(points[..., 0]) < 15) & (np.abs(points[..., 1]) > 55) & (np.abs(points[..., 1]) < 75)
    dark = [hu(scan, BONES) for scan in (AXIAL, replace(AXIAL, tube=Monochromatic()))]
    many, one = (image[beside].mean() - image[between].mean() for image in dark)
    assert many > 25
    assert abs(one) < 5


def test_a_patient_wider_than_the_field_of_view_is_bright_at_its_rim():
    image = hu(replace(AXIAL, field_of_view_mm=140.0), WATER)
    away = away_mm(made(WATER).grid)
    middle, rim = image[away < 20].mean(), image[(away > 62) & (away < 68)].mean()
    assert rim - middle > 80
    whole = hu(AXIAL, WATER)
    assert abs(whole[(away > 62) & (away < 68)].mean() - whole[away < 20].mean()) < 3


def test_an_error_of_gain_makes_rings():
    """What is left after the mean around the axis is taken away is little; no other noise is on."""
    scan = replace(AXIAL, effects=(GainError(sigma=0.004),))
    rings = hu(scan, WATER) - hu(AXIAL, WATER)
    away = away_mm(made(WATER).grid)
    within = (away > 6) & (away < 90)
    ring = np.rint(away[within] / 1.5).astype(int)
    mean = np.bincount(ring, rings[within]) / np.maximum(np.bincount(ring), 1)
    assert rings[within].std() > 1.5
    assert mean[ring].var() > 0.5 * rings[within].var()


SPOILERS = (
    Scatter(),
    GainError(sigma=0.01),
    Crosstalk(),
    Lag(),
    DeadElements(share=0.01),
    Saturation(full_mm2=200.0),
    ElectronicNoise(),
)


@pytest.mark.parametrize("spoiler", SPOILERS, ids=lambda spoiler: spoiler.label)
def test_a_pair_with_and_without_an_effect_has_the_same_noise(spoiler):
    """After the noise, the effect acts on the very photons that were counted without it; a stream has its name."""
    scan = CT(gantry=replace(FAN, views=120, element_mm=9.0), mas=2.0, effects=(QuantumNoise(),))
    scene = made(replace(WATER, shape=(36, 36, 1), voxel_mm=(6.0, 6.0, 3.0)))
    without, spoiled = scan(scene, STREAMS), replace(scan, effects=(QuantumNoise(), spoiler))(scene, STREAMS)

    counted = QuantumNoise()(scan.measure(scene), STREAMS["quantumnoise"].generator)
    np.testing.assert_array_equal(without.array, scan.reconstruct(counted).array)
    again = spoiler(counted, STREAMS[spoiler.label].generator)
    np.testing.assert_array_equal(spoiled.array, scan.reconstruct(again).array)
    assert not np.array_equal(spoiled.array, without.array)
