"""A mammogram obeys Beer and Lambert, dims towards the nipple, and knows where everything in it comes from."""

from dataclasses import replace

import numpy as np
import pytest

from phantoms.lesions import microcalcifications
from phantoms.lesions.microcalcifications import Microcalcifications
from phantoms.patient_motion import Shift, Turn
from render.attenuation import attenuation
from render.breast_stand import BreastStand
from render.detector import PhotonCounting
from render.display import ForProcessing
from render.effects.quantum_noise import QuantumNoise
from render.effects.scatter import Scatter
from render.exposure import AutomaticExposure, FixedExposure
from render.iterative import OrderedSubsets
from render.mammogram import Mammogram
from render.mammography import BUCKY, RHODIUM, Mammography
from render.photons import Photons
from render.swing import SwungBackProjection
from render.tomosynthesis import Tomosynthesis
from simdata import Grid, RecipeError, Scene, Streams, structure, vessel_tree
from simdata.tissues import tissues

FAT, GLAND = (structure(f"breast_{name}_left").id for name in ("fat", "gland"))
STAND = BreastStand(pixel_mm=0.5, columns=200, rows=120)
UNIT = Mammography(stand=STAND, exposure=FixedExposure(product_mas=80.0), effects=(), display=ForProcessing())
SWING = Tomosynthesis(
    stand=replace(STAND, pixel_mm=1.0, columns=100, rows=50),
    exposure=FixedExposure(product_mas=80.0),
    views=15,
    effects=(),
)


def _slab(thickness: int = 40, label: int = FAT, edge_mm: float = 1.0) -> Scene:
    """60 mm along the chest wall, so many voxels up, 40 mm out."""
    shape = (round(60 / edge_mm), thickness, round(40 / edge_mm))
    affine = np.diag([edge_mm, edge_mm, edge_mm, 1.0])
    affine[:3, 3] = edge_mm * (0.5 - np.array([shape[0] / 2, thickness / 2, 0]))
    return Scene(Grid(shape, affine), np.full(shape, label, np.uint16))


def _shot(scene: Scene, unit: Mammography = UNIT) -> Photons:
    raw = unit.measure(scene)
    assert isinstance(raw, Photons)
    return raw


@pytest.mark.parametrize(("label", "tissue"), [(FAT, "adipose"), (GLAND, "breast_glandular")])
def test_behind_a_slab_is_left_what_beer_and_lambert_leave(label, tissue):
    raw, light = _shot(_slab(label=label)), UNIT._light
    out_mm = STAND.pixel_mm * 10.5
    slant = np.hypot(1, out_mm / STAND.source_to_detector_mm)
    photons = light.channel.photons_mm2_mas * light.heel[10]
    left = photons @ np.exp(-attenuation(tissue, light.beam.energy_kev) * 4.0 * slant) / photons.sum()
    assert raw.data[0, 0, 100, 10] / raw.blank[0, 0, 100, 10] == pytest.approx(left, rel=0.01)


def test_the_beam_dims_from_the_chest_wall_to_the_nipple_beyond_what_distance_does():
    unit = replace(UNIT, stand=replace(STAND, rows=400))
    row = unit.measure(_slab()).blank[0, 0, 100]
    out_mm = 0.5 * (np.arange(400) + 0.5)
    by_distance = (1 + (out_mm / 650) ** 2) ** -1.5
    heel = row / row[0] / by_distance * by_distance[0]
    assert (np.diff(heel) < 0).all()
    assert 0.85 < heel[200] < 0.97  # 100 mm from the chest wall
    assert heel[399] < 0.85 * heel[200]
    steep = replace(unit, tube=replace(RHODIUM, anode_deg=16.0)).measure(_slab()).blank[0, 0, 100]
    assert steep[200] / steep[0] < row[200] / row[0]


def test_photons_grow_with_mas_and_with_the_area_of_a_pixel():
    one = _shot(_slab()).blank[0, 0, 100, 5]
    twice = _shot(_slab(), replace(UNIT, exposure=FixedExposure(product_mas=160.0))).blank[0, 0, 100, 5]
    fine = _shot(_slab(), replace(UNIT, stand=replace(STAND, pixel_mm=0.25, columns=400, rows=240))).blank[
        0, 0, 200, 11
    ]
    assert twice / one == pytest.approx(2, rel=1e-4)
    assert one / fine == pytest.approx(4, rel=1e-2)


def test_exposure_control_gives_a_thick_breast_more():
    unit = replace(UNIT, exposure=AutomaticExposure(detector_ugy=100, fields=((0.0, -0.25),), field=0.1))
    thin, thick = (_shot(_slab(thickness), unit) for thickness in (20, 50))
    assert thick.blank[0, 0, 100, 5] > 3 * thin.blank[0, 0, 100, 5]
    assert thick.data[0, 0, 100, 30] == pytest.approx(thin.data[0, 0, 100, 30], rel=0.2)


def test_exposure_control_measures_behind_the_grid_and_with_scatter():
    """As much reaches the detector behind the middle as without scatter and grid."""
    exposure = AutomaticExposure(detector_ugy=100, fields=((0.0, -0.25),), field=0.1)
    straight = _shot(_slab(), replace(UNIT, exposure=exposure)).data[0, 0, 95:105, 25:35].mean()
    unit = replace(UNIT, exposure=exposure, effects=(Scatter(grids=(BUCKY,)),))
    behind = unit.effects[0](_shot(_slab(), unit), Streams(1).generator)
    assert behind.data[0, 0, 95:105, 25:35].mean() == pytest.approx(straight, rel=0.03)


@pytest.mark.parametrize("motion", [Shift(), Turn(degrees=4.0)], ids=["shifted", "turned"])
def test_a_swing_over_one_who_moves_is_that_over_one_who_lies_there(motion):
    """From half of the swing on, views are those of the patient where the motion has taken her."""
    scene = _slab(30, edge_mm=2.0)
    scene.labels[10:14, 8:12, 6:10] = GLAND
    motion = replace(motion, start_s=0.5 * SWING.scan_s - 0.1, lasting_s=1e-3)
    rest, there, moving = (
        SWING.measure(one).data[0]
        for one in (
            scene,
            replace(motion, start_s=-1.0)(scene, Streams(1).generator),
            motion(scene, Streams(1).generator),
        )
    )
    half = SWING.views // 2
    np.testing.assert_allclose(moving[:half], rest[:half], rtol=1e-4)
    np.testing.assert_allclose(moving[half:], there[half:], rtol=1e-4)
    assert np.abs(there - rest).max() > 0.01 * rest.max()


def test_one_who_jerks_amid_an_exposure_is_seen_in_two_places():
    scene = _slab(30, edge_mm=2.0)
    scene.labels[10:14, 8:12, 6:10] = GLAND
    jerk = Shift(shift_mm=(5.0, 0.0, 2.0), start_s=0.04, lasting_s=1e-4)
    unit = replace(UNIT, tube_ma=1000.0)
    before, after = (_shot(one, unit).data for one in (scene, replace(jerk, start_s=-1.0)(scene, Streams(1).generator)))
    blurred = _shot(jerk(scene, Streams(1).generator), unit).data
    np.testing.assert_allclose(blurred, (before + after) / 2, rtol=1e-4)
    assert np.abs(after - before).max() > 0.1 * before.max()


def test_a_calcification_stands_out_by_its_volume_and_its_attenuation(monkeypatch):
    """The log of its contrast, summed over the picture, is (mu - mu of fat) times volume, magnified."""
    monkeypatch.setattr(microcalcifications, "SPREAD_OF_LN_SIZE", 0.0)
    fat = _slab(thickness=60, edge_mm=0.5)
    speck = Microcalcifications(count=1, diameter_mm=0.6, cluster_mm=1.0, form="round", centre_mm=(0.0, 0.0, 12.0))
    unit = replace(UNIT, stand=replace(STAND, pixel_mm=0.1, columns=200, rows=240))
    with_it, without = (_shot(scene, unit).data[0, 0] for scene in (speck(fat, Streams(3).generator), fat))
    contrast = np.log(without / with_it)

    light = unit._light
    spectrum = light.channel.photons_mm2_mas * np.exp(-attenuation("adipose", light.beam.energy_kev) * 3.0)
    excess = attenuation("microcalcification", light.beam.energy_kev) - attenuation("adipose", light.beam.energy_kev)
    thin = excess @ spectrum / spectrum.sum() / 10
    magnified = 650 / (650 - 17 - 15)
    expected = thin * np.pi / 6 * 0.6**3 * magnified**2
    assert contrast.sum() * 0.01 == pytest.approx(expected, rel=0.12)
    assert contrast.max() > 0.1


def test_a_wide_focal_spot_blurs_what_lies_far_from_the_detector():
    fat = _slab(thickness=60, edge_mm=0.5)
    speck = Microcalcifications(count=1, diameter_mm=0.5, cluster_mm=1.0, form="round", centre_mm=(0.0, 10.0, 12.0))
    scene = speck(fat, Streams(3).generator)
    unit = replace(UNIT, stand=replace(STAND, pixel_mm=0.2, columns=60, rows=120, support_to_detector_mm=200.0))
    sharp, blurred = (
        _shot(scene, replace(unit, tube=replace(RHODIUM, focal_spot_mm=(mm, mm)))).data[0, 0] for mm in (0.0, 2.0)
    )
    assert blurred.min() > sharp.min() * 1.04
    inside = (slice(20, 40), slice(40, 100))
    assert blurred[inside].mean() == pytest.approx(sharp[inside].mean(), rel=2e-3)


def test_quanta_vary_by_the_root_of_their_number():
    raw = _shot(_slab())
    noisy = QuantumNoise()(raw, Streams(5).generator).data[0, 0]
    there = (slice(60, 140), slice(5, 60))
    deviation = (noisy - raw.data[0, 0])[there] / np.sqrt(raw.data[0, 0][there])
    assert deviation.std() == pytest.approx(1, abs=0.03)
    assert deviation.mean() == pytest.approx(0, abs=0.05)


def test_shadows_are_as_long_as_the_way_of_the_rays():
    scene = _slab()
    image = UNIT.truth(scene, UNIT.reconstruct(UNIT.measure(scene)))
    way = image.shadow("breast_fat_left").over(image.grid.shape)[100, 10, 0]
    assert way == pytest.approx(40 * np.hypot(1, 5.25 / 650), rel=2e-3)
    assert image.shadow("breast_left").path_mm.sum() == pytest.approx(image.shadow("breast_fat_left").path_mm.sum())


def test_a_breast_larger_than_the_detector_is_told():
    scene, small = _slab(), replace(UNIT, stand=replace(STAND, columns=100, rows=60))
    whole, part = (unit.truth(scene, unit.reconstruct(unit.measure(scene))).notes for unit in (UNIT, small))
    assert whole == ()
    assert part == ("the patient goes on beyond the picture: left, right, upper",)


def test_ducts_fall_where_their_rays_meet_the_detector():
    scene = _slab()
    points = np.array([[0, 0, 5], [10, 0, 20]], np.float32)
    tree = vessel_tree(points, np.array([-1, 0]), np.array([0.5, 0.5]), "duct")
    scene = replace(scene, vessels={"milk_ducts_left": tree})
    image = UNIT.truth(scene, UNIT.reconstruct(UNIT.measure(scene)))
    at = image.grid.index(image.vessels["milk_ducts_left"].points_mm)
    magnified = 650 / (650 - 17 - 20)
    assert at[1, 0] - at[0, 0] == pytest.approx(10 * magnified / 0.5, rel=1e-3)
    assert at[1, 1] - at[0, 1] == pytest.approx(15 * magnified / 0.5, rel=1e-3)


def test_a_picture_in_an_oblique_view_lies_below_the_breast():
    scene = _slab()
    turn = np.eye(4)
    turn[:3, :3] = [[0.8, -0.6, 0], [0, 0, 1], [0.6, 0.8, 0]]
    oblique = replace(scene, grid=Grid(scene.grid.shape, turn @ scene.grid.affine))
    straight, turned = UNIT.measure(scene), UNIT.measure(oblique)
    assert np.allclose(straight.data, turned.data)
    assert turned.grid.affine == pytest.approx(turn @ straight.grid.affine)
    below = turned.grid.world_mm(np.array([100, 20, 0])) - oblique.grid.world_mm(np.array([30, 20, 10]))
    assert below @ turn[:3, 1] == pytest.approx(-(20.5 + 17), abs=0.1)


def test_fat_is_as_grey_at_the_thin_edge_as_in_the_middle():
    scene = _slab()
    x, y, z = np.indices(scene.grid.shape)
    edge = np.minimum(np.minimum(x, 59 - x), 39 - z) + 0.5
    round_edge = np.abs(y - 19.5) < np.sqrt(np.maximum(400 - np.maximum(20 - edge, 0) ** 2, 0))
    breast = Scene(scene.grid, np.where(round_edge, FAT, 0).astype(np.uint16))
    speck = breast.paint(
        (abs(x - 30) < 2) & (abs(z - 15) < 2) & (abs(y - 20) < 2), structure("breast_gland_left"), "calcification"
    )
    raw = _shot(speck)
    plain, hung = (Mammogram(equalisation=share, sharpening=0.0)(raw)[0].astype(float) for share in (0.0, 1.0))
    thin, thick = (100, 72), (100, 20)
    assert plain[thick] - plain[thin] > 0.1 * 4095
    assert hung[thin] == pytest.approx(hung[thick], abs=0.06 * 4095)
    assert hung.max() == 4095
    assert hung[100, 33] > 2 * hung[thick]
    assert hung[5, 5] == 0


def test_a_swing_tells_how_high_a_thing_lies():
    scene = _slab()
    x, y, z = np.indices(scene.grid.shape)
    ball = (x - 30) ** 2 + (y - 27) ** 2 + (z - 18) ** 2 < 9
    scene = scene.paint(ball, structure("breast_gland_left"), "calcification")
    image = SWING.truth(scene, SWING.reconstruct(SWING.measure(scene)))
    profile = image.array[30, :, 18]
    high = np.flatnonzero(profile > (profile.max() + np.median(profile)) / 2)
    assert high.mean() == pytest.approx(27, abs=1)
    assert 6 <= np.ptp(high) <= 12
    assert image.labels[30, 27, 18] == GLAND
    assert image.labels[30, 20, 18] == FAT


def test_iteration_finds_the_attenuation_of_fat_from_a_swing():
    swing = replace(SWING, reconstruction=OrderedSubsets(iterations=3, subsets=5))
    image = swing.reconstruct(swing.measure(_slab()))
    inside = image.array[15:45, 8:32, 8:32]
    light = swing._light
    photons = light.channel.photons_mm2_mas * np.exp(-attenuation("adipose", light.beam.energy_kev) * 2.0)
    fat = photons @ attenuation("adipose", light.beam.energy_kev) / photons.sum() / 10
    assert inside.mean() == pytest.approx(fat, rel=0.06)


def test_back_projection_gets_the_mean_about_right_and_detail_wholly():
    volume = SWING.reconstruct(SWING.measure(_slab())).array[15:45, 8:32, 8:32]
    assert 0.02 < volume.mean() < 0.09
    assert SWING.reconstruction == SwungBackProjection()


def test_a_detector_of_several_signals_is_refused():
    with pytest.raises(RecipeError, match=r"found PhotonCounting with 2 signals; one with a single signal"):
        replace(UNIT, detector=PhotonCounting(thresholds_kev=(8.0, 20.0))).measure(_slab())


def test_a_focus_within_the_patient_is_refused():
    with pytest.raises(RecipeError, match=r"the focus, 50.0 mm above the detector, lies within what is on the support"):
        replace(UNIT, stand=replace(STAND, source_to_detector_mm=50.0)).measure(_slab())


def test_an_axis_above_the_focus_is_refused():
    with pytest.raises(RecipeError, match=r"the axis of the swing, 700 mm above the detector, lies above the focus"):
        replace(SWING, pivot_mm=700)


def test_the_default_unit_makes_a_picture_with_scatter_and_noise():
    unit = Mammography(stand=STAND)
    image = unit(_slab(), Streams(9))
    assert image.array.dtype == np.uint16
    assert image.array.shape == (200, 120, 1)
    assert tissues()["adipose"] in _slab().tissue
