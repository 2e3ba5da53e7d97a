"""Radiographs: Beer-Lambert, photons and their noise, automatic exposure, and the truth beside the picture."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from phantoms.patient_motion import Shift
from pipelines.recipe import load
from render.angiography import Angiography
from render.anti_scatter_grid import AntiScatterGrid
from render.attenuation import attenuation
from render.c_arm import CArm
from render.detector import EnergyIntegrating, PhotonCounting
from render.display import ForProcessing
from render.effects.quantum_noise import QuantumNoise
from render.effects.scatter import Scatter
from render.exposure import AutomaticExposure, FixedExposure, air_kerma_ugy
from render.flat_panel import Light, Opaque, moving_mean
from render.kernels.mix import mix_reference
from render.materials import IODINE, Body
from render.orientation import orientation
from render.technique import Technique
from render.tube import Tube
from render.xray import XRay
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure, vessel_tree
from simdata.scene import WHOLE
from simdata.tissues import tissues

STREAMS = Streams(seed=4)
STAND = CArm(columns=64, rows=48, pixel_mm=3.0)
TUBE = Tube(filters_mm={"Al": 3.5}, focal_spot_mm=(0.0, 0.0))
BEAM = TUBE.beam(125.0)
XRAY = XRay(tube=TUBE, stand=STAND, exposure=FixedExposure(product_mas=2.0), display=ForProcessing(), effects=())


def scene_of(tissue, voxel_mm=4.0, **fields):
    return Scene(
        Grid.regular(tissue.shape, voxel_mm),
        np.where(tissue > 0, structure("liver").id, 0).astype(np.uint16),
        tissue,
        fields=MappingProxyType(fields),
    )


def slab(*layers):
    """A box of 240 x 160 mm across the beam, its layers along the beam 40 mm thick."""
    tissue = np.zeros((60, 10 * len(layers), 40), np.uint8)
    for n, name in enumerate(layers):
        tissue[:, 10 * n : 10 * n + 10] = tissues()[name]
    return scene_of(tissue)


def middle(array):
    return float(array[30:34, 22:26].mean())


@pytest.mark.parametrize("layers", [("water",), ("water", "water", "water", "water"), ("adipose", "cortical_bone")])
def test_a_slab_lets_through_what_beer_and_lambert_say(layers):
    """Every keV for itself, weighted as the detector weighs it; water, bone and iodine stand for each tissue."""
    raw = XRAY.measure(slab(*layers))
    channel = XRAY.detector.channels(BEAM)[0]
    depth = sum(attenuation(name, channel.energy_kev) * 4.0 for name in layers)
    expected = (channel.photons_mm2_mas * np.exp(-depth)).sum() / channel.photons_mm2_mas.sum()
    assert middle(raw.data[0, 0] / raw.blank[0, 0]) == pytest.approx(expected, rel=0.01)


def test_a_step_wedge_reads_evenly_behind_a_hard_beam():
    tissue = np.zeros((60, 40, 40), np.uint8)
    for step in range(4):
        tissue[15 * step : 15 * step + 15, : 10 * (step + 1)] = tissues()["water"]
    read = replace(XRAY, stand=replace(STAND, pixel_mm=4.5))(scene_of(tissue), STREAMS).array[..., 0]
    seen = np.array([read[x, 24] for x in (54, 39, 24, 9)])
    assert (np.diff(seen) > 0).all()
    np.testing.assert_allclose(seen / np.arange(1, 5), seen[0], rtol=0.08)


def test_photons_in_air_are_those_of_the_tube():
    """By mAs, by the distance squared, by the slant of the ray, by the detector's share of them."""
    raw = XRAY.measure(slab("water"))
    channel = XRAY.detector.channels(BEAM)[0]
    straight = channel.photons_mm2_mas.sum() * (1000 / 1800) ** 2 * 9.0 * 2.0
    assert raw.blank[0, 0, 31:33, 23:25].mean() == pytest.approx(straight, rel=1e-3)
    slant = 1800 / np.hypot(1800, np.hypot(31.5 * 3, 23.5 * 3))
    assert raw.blank[0, 0, [0, 0], [0, 47]].mean() == pytest.approx(straight * slant**3, rel=0.01)
    assert raw.blank[0, 0, 32, 47] < 0.97 * raw.blank[0, 0, 32, 0], "the heel, at the anode's side"
    wide = replace(XRAY, stand=replace(STAND, pixel_mm=5.0)).measure(slab("water"))
    np.testing.assert_allclose(wide.data[0, 0, 0], wide.blank[0, 0, 0], rtol=1e-6, err_msg="beside the patient is air")


def test_the_noise_of_a_flat_field_is_poisson():
    flat = QuantumNoise()(XRAY.measure(slab("water", "water", "water")), np.random.default_rng(2))
    expected = XRAY.measure(slab("water", "water", "water"))
    inside = np.s_[0, 0, 8:56, 6:42]
    z = (flat.data[inside] - expected.data[inside]) / np.sqrt(expected.data[inside])
    assert z.var() == pytest.approx(1, abs=0.1)
    assert z.mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("elements", [1.0, 1.4, 3.0, 5.21])
def test_a_moving_mean_is_as_wide_as_it_is_asked_for(elements):
    weights = moving_mean(elements)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() == pytest.approx(1 / elements)
    np.testing.assert_allclose(weights, weights[::-1])
    assert len(weights) - 2 < elements + 1


def test_slanted_edges_show_no_steps_of_voxels():
    """A wedge of bone whose surface climbs by one voxel in ten: what it casts climbs evenly."""
    tissue = np.zeros((80, 12, 40), np.uint8)
    for x in range(80):
        tissue[x, 1 : 2 + x // 10] = tissues()["cortical_bone"]
    stand = CArm(source_to_detector_mm=1e5, patient_to_detector_mm=100.0, columns=240, rows=40, pixel_mm=0.25)
    read = replace(XRAY, stand=stand)(scene_of(tissue, 1.0), STREAMS).array[..., 0][:, 20]
    elements, voxels = np.abs(np.diff(read)), np.abs(read[6:] - read[:-6])
    assert elements.max() < 0.3 * voxels.max(), "a step is spread over the four elements of a voxel"


@pytest.mark.parametrize(("spot_mm", "across"), [((4.0, 0.0), 0), ((0.0, 4.0), 1)])
def test_a_focal_spot_blurs_by_one_less_than_the_magnification(spot_mm, across):
    """An edge in the middle, twice as large on the detector, becomes a ramp as wide as the spot.

    Voxels of 1 mm, whose contents are interpolated, are 2 mm wide there, and elements 0.5 mm.
    """
    tissue = np.zeros((40, 3, 40), np.uint8)
    tissue[:20, 1, :20] = tissues()["cortical_bone"]
    stand = CArm(source_to_detector_mm=1000.0, patient_to_detector_mm=500.0, columns=64, rows=64, pixel_mm=0.5)
    xray = replace(XRAY, stand=stand, tube=replace(TUBE, focal_spot_mm=spot_mm))
    picture = xray(scene_of(tissue, 1.0), STREAMS).array[..., 0]
    for axis, wide_mm in ((across, 4.0), (1 - across, 0.0)):
        edge = picture[:, 12] if axis == 0 else picture[52]
        spread = np.abs(np.diff(edge[20:44]))
        at = np.arange(len(spread)) * 0.5
        mean = (spread * at).sum() / spread.sum()
        expected = np.sqrt((wide_mm**2 + 2.0**2 + 0.5**2) / 12)
        assert np.sqrt((spread * (at - mean) ** 2).sum() / spread.sum()) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("layers", [("water",) * 2, ("water",) * 5])
@pytest.mark.parametrize("detector_ugy", [1.0, 2.5])
def test_automatic_exposure_reaches_its_kerma(layers, detector_ugy):
    """Behind thin and thick patients the measuring fields get the same."""
    fields = ((-0.1, 0.0), (0.1, 0.1))
    xray = replace(XRAY, exposure=AutomaticExposure(detector_ugy=detector_ugy, fields=fields))
    raw = xray.measure(slab(*layers))
    depth = sum(attenuation(name, BEAM.energy_kev) * 4.0 for name in layers)
    by_mas = air_kerma_ugy(BEAM.photons_mm2_mas * np.exp(-depth), BEAM.energy_kev) * (1000 / 1800) ** 2
    mas = raw.blank[0, 0, 32, 24] / XRAY.measure(slab(*layers)).blank[0, 0, 32, 24] * 2.0
    assert mas * by_mas == pytest.approx(detector_ugy, rel=0.02)


@pytest.mark.parametrize("metal", ["cobalt_chrome", "stainless_steel"])
def test_a_slab_of_metal_gets_all_that_the_generator_has(metal):
    """What stands for a metal fits where there are photons; at a few keV it would attenuate by less than nothing."""
    xray = replace(XRAY, exposure=AutomaticExposure(most_mas=4.0))
    assert xray.measure(slab(metal)).blank == pytest.approx(2 * XRAY.measure(slab(metal)).blank)


@pytest.mark.parametrize("grids", [(), (AntiScatterGrid(),)], ids=["no grid", "grid"])
def test_automatic_exposure_counts_scatter_and_what_the_grid_lets_through(grids):
    """The measuring field gets as much with scatter as it would get of primary radiation alone."""
    exposure = AutomaticExposure(detector_ugy=2.5, fields=((0.0, 0.0),), field=0.3)
    alone = replace(XRAY, exposure=exposure)
    behind = replace(alone, effects=(Scatter(grids=grids),))
    patient = slab(*("water",) * 4)
    straight = alone.measure(patient).data
    veiled = behind.effects[0](behind.measure(patient), STREAMS.generator).data
    assert middle(veiled[0, 0]) == pytest.approx(middle(straight[0, 0]), rel=0.03)
    assert middle(behind.measure(patient).data[0, 0]) < 0.8 * middle(straight[0, 0]) or grids


def test_one_who_jerks_amid_an_exposure_is_seen_in_two_places():
    patient = slab("water", "cortical_bone")
    patient.tissue[:25] = 0
    jerk = Shift(shift_mm=(7.0, 0.0, -3.0), start_s=0.04, lasting_s=1e-4)
    long = replace(XRAY, tube_ma=25.0)
    before, after = (
        long.measure(one).data for one in (patient, replace(jerk, start_s=-1.0)(patient, STREAMS.generator))
    )
    blurred = long.measure(jerk(patient, STREAMS.generator)).data
    np.testing.assert_allclose(blurred, (before + after) / 2, rtol=1e-5)
    assert np.abs(after - before).max() > 0.1 * before.max()


def test_automatic_exposure_ends_where_the_generator_does():
    exposure = AutomaticExposure(detector_ugy=5.0, most_mas=20.0)
    assert exposure.mas(np.full((9, 9), 0.5)) == pytest.approx(10.0)
    assert exposure.mas(np.full((9, 9), 1e-9)) == 20.0
    assert exposure.mas(np.zeros((9, 9))) == 20.0


def test_air_kerma_of_monochromatic_photons():
    """1e6 photons of 60 keV a mm2: 1e8 / cm2 x 60 keV x 0.03041 cm2/g."""
    expected = 1e8 * 60 * 1.602176634e-16 * 0.03041 * 1e3 * 1e6
    assert air_kerma_ugy(np.array([1e6]), np.array([60.0])) == pytest.approx(expected)


def test_a_photon_counting_detector_has_a_channel_for_each_bin():
    raw = replace(XRAY, detector=PhotonCounting(thresholds_kev=(20.0, 60.0))).measure(slab("water"))
    assert raw.data.shape == (2, 1, 64, 48)
    assert len(raw.spectra) == 2
    soft, hard = raw.data[:, 0, 32, 24] / raw.blank[:, 0, 32, 24]
    assert soft < hard


def test_contrast_and_density_are_seen():
    body = slab("water")
    plain = middle(XRAY(body, STREAMS).array[..., 0])
    thin = replace(body, fields=MappingProxyType({"density": np.full(body.grid.shape, 0.5, np.float32)}))
    iodine = replace(body, fields=MappingProxyType({"iodine_mg_ml": np.full(body.grid.shape, 5.0, np.float32)}))
    assert middle(XRAY(thin, STREAMS).array[..., 0]) == pytest.approx(plain / 2, rel=0.03)
    assert middle(XRAY(iodine, STREAMS).array[..., 0]) > 1.15 * plain


def test_voxels_are_mixed_as_the_reference_does():
    rng = np.random.default_rng(5)
    names = [tissues()[name] for name in ("water", "cortical_bone", "thyroid", "lung")]
    tissue, second = (rng.choice(names, (6, 5, 4)).astype(np.uint8) for _ in range(2))
    share = (rng.random((6, 5, 4)) > 0.5) * rng.integers(0, 255, (6, 5, 4)).astype(np.uint8)
    fields = {name: rng.random((6, 5, 4)).astype(np.float32) for name in ("density", "iodine_mg_ml")}
    whole = replace(scene_of(tissue, **fields), second=second, share=share.astype(np.uint8))
    nothing, ones = np.zeros((6, 5, 4), np.float32), np.ones((6, 5, 4), np.float32)
    for scene in (whole, replace(whole, share=nothing.astype(np.uint8)), replace(whole, fields=MappingProxyType({}))):
        body = Body.of(scene, orientation(scene.grid), BEAM)
        density, iodine = (scene.fields.get(n, none) for n, none in (("density", ones), ("iodine_mg_ml", nothing)))
        grams, lane = body.grams[:, body.materials], body.materials.index(IODINE) if IODINE in body.materials else 0
        expected = mix_reference(tissue, second, scene.share, density, iodine, grams, WHOLE, lane)
        np.testing.assert_allclose(body.volume(), expected, rtol=1e-5, atol=1e-7)


def test_the_patient_may_lie_askew():
    """A scene on a grid turned by 20 degrees about two axes: the same picture of the same ball."""
    a, b = np.radians(20), np.radians(-15)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    )
    straight = Grid.regular((48, 48, 48), 3.0)
    affine = straight.affine.copy()
    affine[:3] = turn @ straight.affine[:3]
    pictures = []
    for grid in (straight, Grid((48, 48, 48), affine)):
        ball = np.linalg.norm(grid.points_mm(), axis=-1) < 60
        scene = Scene(grid, np.where(ball, structure("liver").id, 0).astype(np.uint16))
        pictures.append(XRAY(scene, STREAMS).array[..., 0])
    assert np.sqrt(((pictures[1] - pictures[0]) ** 2).mean()) < 0.012 * pictures[0].max()
    assert pictures[1].sum() == pytest.approx(pictures[0].sum(), rel=3e-3)


def test_the_image_lies_in_the_plane_of_the_detector():
    image = XRAY(slab("water"), STREAMS)
    assert image.array.shape == image.grid.shape == (64, 48, 1)
    assert image.unit == "a.u."
    np.testing.assert_allclose(image.grid.world_mm(np.array([31.5, 23.5, 0])), (0, 180, 0), atol=1e-9)


def test_truth_goes_with_the_picture():
    """The shadow of a structure is 40 mm deep where the slab is; vessels lie in the plane of the picture."""
    tree = vessel_tree(np.array([[0.0, 0, 0], [20, 0, 10]]), np.array([-1, 0]), np.array([2.0, 1.0]))
    scene = replace(slab("liver"), vessels=MappingProxyType({"liver": tree}))
    image = replace(XRAY, stand=replace(STAND, rows=40))(scene, STREAMS)
    path = image.shadow("liver").over(image.grid.shape)
    assert middle(path[..., 0]) == pytest.approx(40, rel=1e-3)
    np.testing.assert_allclose(image.vessels["liver"].points_mm[:, 1], 180, atol=1e-3)
    np.testing.assert_allclose(image.vessels["liver"].radius_mm, [2 / 0.9, 1 / 0.9], rtol=1e-5)
    assert image.notes == ("the patient goes on beyond the picture: left, right, lower, upper",)
    assert replace(XRAY, shadows=())(scene, STREAMS).shadows == {}
    assert replace(XRAY, stand=replace(STAND, pixel_mm=8.0))(scene, STREAMS).notes == ()


def test_the_same_streams_give_the_same_picture():
    xray = replace(XRAY, effects=(QuantumNoise(),))
    one, two = (xray(slab("water"), STREAMS).array for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (xray(slab("water"), Streams(seed=5)).array != one).any()


# Bad input: where, what was found, what would do.


def test_rays_that_miss_the_patient_say_what_would_do():
    light = Light(Technique(kvp=125.0, mas=1.0, tube=TUBE), STAND, EnergyIntegrating(absorber="csi"))
    elsewhere = STAND.view(slab("water")).moved(np.array([0.0, 0.0, 2000.0]))
    with pytest.raises(RecipeError, match="do rays meet the object"):
        Opaque.of(slab("water"), elsewhere, light.technique.beam)


def test_a_tube_inside_the_patient_says_what_would_do():
    close = replace(STAND, source_to_detector_mm=200.0, patient_to_detector_mm=190.0)
    with pytest.raises(RecipeError, match=r"inside the object.*farther away"):
        replace(XRAY, stand=close).measure(slab("water"))


def test_numbers_that_are_none_are_refused():
    body = slab("water")
    density = np.ones(body.grid.shape, np.float32)
    density[3, 3, 3] = np.nan
    with pytest.raises(SceneError, match="without NaN"):
        XRAY.measure(replace(body, fields=MappingProxyType({"density": density})))


@pytest.mark.parametrize(("recipe", "scanners"), [("chest_xray", XRay), ("angiography", Angiography)])
def test_the_recipe_is_right(recipe, scanners):
    drawn = load(Path(__file__).parent.parent / "recipes" / f"{recipe}.yaml").draw(0)
    assert all(isinstance(scanner, scanners) for scanner in drawn.scan)
