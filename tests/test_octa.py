"""OCT angiography: light that fades with depth, speckle, and echoes that change where blood flows."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from threads import one_thread

from phantoms.retina import Retina as Wall
from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle, gaussian, spreads_mm
from render.kernels.speckle import blend, fields, visits
from render.oct.beam import Beam
from render.oct.echoes import Echoes, changed
from render.oct.flow import change, kept
from render.oct.light import optics, returning
from render.octa import OCTA
from simdata import Grid, Raw, RecipeError, SceneError, Streams
from simdata.structures import structure, structures
from simdata.vessels import ARTERY, CAPILLARY, vessel_tree

STEP_MM = 0.003


def tube(y_mm, radius_mm, speed_mm_s, kind=ARTERY):
    """One straight vessel along x, 0.03 mm below the surface."""
    points = np.array([[-1.0, y_mm, -0.03], [1.0, y_mm, -0.03]], np.float32)
    tree = vessel_tree(points, np.array([-1, 0]), np.full(2, radius_mm), np.full(2, kind))
    return replace(tree, flow_mm3_s=np.full(2, np.pi * radius_mm**2 * speed_mm_s, np.float32))


def eye(**vessels):
    wall = Wall(field_mm=1.0, voxel_mm=0.01, depth_mm=0.15, depth_voxel_mm=0.003)(Streams(1).generator)
    return replace(wall, vessels=MappingProxyType(vessels))


def scanner(**changes):
    return OCTA(**{"field_mm": 0.9, "pixels": 64, "effects": (), **changes})


def echoes(power, changing, shape=(24, 20, 16)):
    data = changed(np.full(shape, power), np.full(shape, changing))
    return Echoes(data, Grid.regular((*shape[:2], 1), 1.0), "a.u.", np.ones(shape, bool), (0.02, 0.02, 0.02), Beam())


def test_an_echo_fades_with_depth_there_and_back():
    layer = structure("choroid_right")
    labels = np.full((2, 2, 50), layer.id, np.uint16)
    tissue, blood = returning(labels, np.zeros(labels.shape, np.float32), STEP_MM, structures())
    echo, per_mm = optics()["choroid"]
    depth_mm = STEP_MM * (np.arange(50) + 0.5)
    np.testing.assert_allclose(tissue[0, 0], echo * np.exp(-2 * per_mm * depth_mm), rtol=1e-5)
    assert not blood.any()


def test_blood_throws_a_shadow():
    labels = np.full((1, 2, 40), structure("choroid_right").id, np.uint16)
    share = np.zeros(labels.shape, np.float32)
    share[0, 1, 5:20] = 1
    tissue, _ = returning(labels, share, STEP_MM, structures())
    more = 2 * 15 * STEP_MM * (optics()["blood"][1] - optics()["choroid"][1])
    np.testing.assert_allclose(tissue[0, 1, 20:] / tissue[0, 0, 20:], np.exp(-more), rtol=1e-4)


@pytest.mark.parametrize("speed_mm_s", [0.0, 0.5, 1.0, 3.0])
def test_faster_blood_changes_more_and_saturates(speed_mm_s):
    one = np.ones((1, 1, 1), np.float32)
    g = kept(speed_mm_s * one, visit_s=0.005, radius_mm=0.0085)
    assert g[0, 0, 0] == pytest.approx(np.exp(-((speed_mm_s * 0.005 / 0.0085) ** 2)), rel=1e-5)
    assert change(0 * one, one, one, g, STEP_MM)[0, 0, 0] == pytest.approx(2 * (1 - g[0, 0, 0]), rel=1e-5)


def test_tissue_below_moving_blood_seems_to_move_and_above_it_does_not():
    tissue, share = np.ones((1, 1, 30), np.float32), np.zeros((1, 1, 30), np.float32)
    share[..., 10:15] = 1
    changing = change(tissue * (1 - share), share, share, 0 * share, STEP_MM)[0, 0]
    assert not changing[:10].any()
    np.testing.assert_allclose(changing[15:], 2 * (1 - np.exp(-20.0 * 5 * STEP_MM)), rtol=1e-4)


@pytest.mark.parametrize("count", [2, 4, 8])
def test_speckle_has_contrast_1_and_the_mean_of_m_visits_1_over_root_m(count):
    noise = np.empty((count, 64, 64, 8, 2), np.float32)
    fields((64, 64, 8), count, np.array([3, 4], np.uint32), noise)
    one, flat = np.ones(64 * 64 * 8, np.float32), noise.reshape(count, -1, 2)
    for changing, contrast in ((0.0, 1.0), (2.0, count**-0.5)):
        power, changes = np.empty_like(one), np.empty_like(one)
        visits(one, changing * one, flat, power, changes)
        assert power.mean() == pytest.approx(1, rel=0.02)
        assert power.std() / power.mean() == pytest.approx(contrast, rel=0.03)
        assert changes.mean() == pytest.approx(changing, rel=0.02, abs=1e-6)


@pytest.mark.parametrize("changing", [0.1, 0.7, 1.6])
def test_speckle_leaves_both_means_as_they_were(changing):
    seen = Speckle(visits=3)(echoes(1.0, changing, (48, 48, 16)), Streams(5).generator)
    assert seen.power.mean() == pytest.approx(1.0, rel=0.03)
    assert seen.change.mean() == pytest.approx(changing, rel=0.03)


def test_a_beam_wider_than_a_voxel_makes_neighbours_alike():
    raw = echoes(1.0, 2.0, (40, 40, 20))
    fine = replace(raw, step_mm=(0.004, 0.02, 0.02))
    seen = Speckle()(fine, Streams(5).generator).change
    alike = [
        np.corrcoef(seen.take(range(39), axis).ravel(), seen.take(range(1, 40), axis).ravel())[0, 1] for axis in (0, 1)
    ]
    expected = np.exp(-(0.004**2) / Beam().radius_mm ** 2 * 2)
    assert alike[0] == pytest.approx(expected, abs=0.06)
    assert abs(alike[1]) < 0.05


def test_speckle_in_one_go_is_that_step_by_step():
    """As rendered: the same fields, blurred along each axis in turn, and their visits; beside the slab the means."""
    rng, shape = np.random.default_rng(1), (21, 10, 15)
    power = rng.uniform(0.1, 2, shape).astype(np.float32)
    raw = replace(echoes(1.0, 0.0, shape), data=changed(power, power * rng.uniform(0, 2, shape).astype(np.float32)))
    slab = np.arange(15) > rng.integers(0, 4, (21, 10, 1))
    slab &= np.arange(15) < rng.integers(8, 15, (21, 10, 1))
    raw = replace(raw, slab=slab, step_mm=(0.004, 0.006, 0.002))
    seen = Speckle(visits=3)(raw, Streams(5).generator)

    noise, key = np.empty((3, *shape, 2), np.float32), Streams(5).generator.integers(0, 2**32, 2, dtype=np.uint32)
    fields(shape, 3, key, noise)
    for spread, step, planes in zip(
        spreads_mm(raw.beam), raw.step_mm, ((3, 21, 300), (63, 10, 30), (630, 15, 2)), strict=True
    ):
        blurred = np.empty_like(noise)
        blend(noise.reshape(planes), gaussian(spread / step), blurred.reshape(planes))
        noise = blurred
    expected = np.empty((2, power.size), np.float32)
    visits(raw.power.reshape(-1), raw.change.reshape(-1), noise.reshape(3, -1, 2), *expected)
    assert len(gaussian(spreads_mm(raw.beam)[0] / 0.004)) > 1
    np.testing.assert_allclose(seen.data[:, slab], expected.reshape(2, *shape)[:, slab], rtol=2e-4, atol=1e-6)
    assert (seen.data[:, ~slab] == raw.data[:, ~slab]).all()


def test_columns_in_one_go_are_light_and_flow_step_by_step():
    patient, one = eye(a=tube(0.2, 0.03, 0.7), b=tube(-0.2, 0.015, 3.0)), scanner()
    raw = one.measure(patient)
    labels, _ = one._wall(patient, raw.grid)
    share, radius, flow = one._blood(patient, Grid(labels.shape, raw.grid.affine))
    blood = share / np.float32(255)
    tissue, bled = returning(labels, blood, STEP_MM, patient.structures)
    speed = flow / (np.pi * np.maximum(radius, 1e-6) ** 2)
    still = kept(speed, one.visit_s, one.beam.radius_mm)
    np.testing.assert_allclose(raw.power, tissue + bled, rtol=1e-5)
    np.testing.assert_allclose(raw.change, change(tissue, bled, blood, still, STEP_MM), rtol=1e-3, atol=1e-6)


def test_sensor_noise_changes_at_every_visit():
    seen = SensorNoise(signal_db=20)(echoes(1.0, 0.0), Streams(1).generator)
    np.testing.assert_allclose(seen.power, 1.01, rtol=1e-5)
    np.testing.assert_allclose(seen.change, 0.02, rtol=1e-5)


def test_a_defocused_beam_is_wider():
    """Twice the waist at sqrt 3 Rayleigh lengths."""
    beam = Beam()
    rayleigh_mm = np.pi * beam.waist_mm**2 * 1.38 / 840e-6
    dioptres = np.sqrt(3) * rayleigh_mm * 1.38 / 22.3**2 * 1e3
    assert Beam(defocus_d=dioptres).radius_mm == pytest.approx(2 * beam.waist_mm, rel=1e-6)
    assert beam.axial_mm == pytest.approx(0.00451, rel=0.01)


def test_vessels_are_bright_and_slow_ones_dim():
    patient = eye(a=tube(0.25, 0.02, 5.0), b=tube(-0.25, 0.02, 0.3))
    flow = np.sqrt(scanner().measure(patient).change).sum(axis=2).mean(axis=0)
    fast, slow, none = (flow[round(32 + y / (0.9 / 64)) - 1 :][:2].mean() for y in (0.25, -0.25, 0.0))
    assert fast > 3 * slow > 9 * none


def test_the_truth_says_what_vessel_is_where():
    image = scanner()(eye(a=tube(0.25, 0.03, 5.0), c=tube(-0.25, 0.012, 1.0, CAPILLARY)), Streams(1))
    found = {structures()[int(n)].name: (image.labels == n).sum() for n in np.unique(image.labels)}
    pixel_mm = 0.9 / 64
    assert set(found) == {"eye_right", "retinal_artery_right", "retinal_capillary_right"}
    assert found["retinal_artery_right"] * pixel_mm**2 == pytest.approx(0.9 * 0.06, rel=0.15)
    assert found["retinal_capillary_right"] * pixel_mm**2 == pytest.approx(0.9 * 0.024, rel=0.45)
    rows = np.flatnonzero((image.labels == structure("retinal_artery_right").id).any(axis=(0, 2)))
    assert image.grid.points_mm()[0, rows, 0, 1].mean() == pytest.approx(0.25, abs=pixel_mm)


def test_the_same_bytes_on_any_number_of_threads():
    patient = eye(a=tube(0.1, 0.02, 3.0))
    whole = scanner(effects=OCTA().effects)
    many = whole(patient, Streams(2)).array
    with one_thread():
        one = whole(patient, Streams(2)).array
    assert (many == one).all()


def test_what_is_no_wall_or_too_small_is_refused():
    with pytest.raises(SceneError, match="smaller field_mm"):
        scanner(field_mm=3.0).measure(eye())
    with pytest.raises(SceneError, match="none of the layers"):
        scanner(layers=("retina_of_a_fly",)).measure(eye())
    bone = replace(eye(), labels=np.full(eye().labels.shape, structure("skull").id, np.uint16))
    with pytest.raises(SceneError, match="none of the layers"):
        scanner().measure(bone)


@pytest.mark.parametrize("effect", OCTA().effects, ids=lambda effect: type(effect).__name__)
def test_what_no_oct_measured_is_refused_by_its_effects(effect):
    photons = Raw(np.ones((2, 2, 1), np.float32), Grid.regular((2, 2, 1), 1.0), "photons")
    with pytest.raises(RecipeError, match=f"{type(effect).__name__}: found a measurement in 'photons'"):
        effect(photons, Streams(1).generator)
