"""What spoils an X-ray measurement does so by the known amount, the same on any number of threads."""

import numpy as np
import pytest
from test_ct import cylinder, radius_mm
from threads import one_thread

from render.ct import CT
from render.effects.crosstalk import Crosstalk
from render.effects.dead_elements import DeadElements
from render.effects.defect_correction import DefectCorrection
from render.effects.gain_error import GainError
from render.effects.lag import Lag
from render.effects.pulse_pile_up import PulsePileUp
from render.effects.saturation import Saturation
from render.effects.starved_rays import StarvedRays
from render.gantry import Gantry
from render.materials import Spectrum
from render.photons import Photons
from simdata import Grid, Raw, RecipeError, Streams

GRID = Grid.regular((4, 4, 4))
FLAT = Spectrum(np.ones(1), np.zeros((3, 1)))
COUNTING = PulsePileUp(bins_kev=(20.0, 120.0))
FEEDING = StarvedRays()
EFFECTS = [
    Crosstalk(),
    Lag(),
    Saturation(),
    DeadElements(share=0.1),
    DefectCorrection(),
    GainError(),
    COUNTING,
    FEEDING,
]


def measured(data, view_s=None, element_mm=(1.0, 1.0), blank=1000.0) -> Photons:
    """A measurement with these photons, (channels, views, columns, rows)."""
    data = np.asarray(data, np.float32)
    return Photons(
        data,
        GRID,
        "photons",
        blank=np.full((len(data), 1, *data.shape[2:]), blank, np.float32),
        view_s=np.arange(data.shape[1]) / 1000 if view_s is None else np.asarray(view_s, float),
        element_mm=element_mm,
        middle_to_detector_mm=500.0,
        focus_mm=(0.0, 0.0, 1000.0),
        spectra=(FLAT,) * len(data),
    )


def spoilt(effect, raw, seed=1):
    return effect(raw, Streams(seed).generator)


@pytest.fixture
def random():
    data = np.random.default_rng(3).uniform(1, 1000, (1, 5, 23, 17))
    data[..., 4, 4] = 0
    return measured(data)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.label)
def test_it_depends_on_the_stream_alone_and_leaves_the_measurement(random, effect):
    before = random.data.copy()
    once = spoilt(effect, random)
    with one_thread():
        again = spoilt(effect, random)
    np.testing.assert_array_equal(once.data, again.data)
    np.testing.assert_array_equal(random.data, before)
    assert once.data.dtype == np.float32
    assert (once.data != before).any()


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.label)
def test_a_measurement_of_another_kind_is_refused(effect):
    with pytest.raises(RecipeError, match=rf"{type(effect).__name__}: found a measurement in 'a.u.'; one of an X-ray"):
        spoilt(effect, Raw(np.ones((2, 2), np.float32), GRID, "a.u."))


def test_crosstalk_spreads_a_point_as_its_shares_say_and_keeps_the_sum(random):
    data = np.zeros((2, 3, 7, 7))
    data[1, 2, 3, 3] = 1000
    across, up = np.array([0.03, 0.94, 0.03]), np.array([0.01, 0.98, 0.01])
    point = spoilt(Crosstalk(columns=0.03, rows=0.01), measured(data)).data
    np.testing.assert_allclose(point[1, 2, 2:5, 2:5], 1000 * np.outer(across, up), rtol=1e-5)
    assert (np.count_nonzero(point), point[0].any()) == (9, False)
    blurred = spoilt(Crosstalk(columns=0.2, rows=0.3), random).data
    np.testing.assert_allclose(blurred.sum((2, 3)), random.data.sum((2, 3)), rtol=1e-6)


def test_crosstalk_leaves_an_even_field_and_a_single_row_alone():
    even = measured(np.full((1, 2, 5, 1), 70))
    np.testing.assert_allclose(spoilt(Crosstalk(), even).data, 70, rtol=1e-6)


def test_lag_of_one_flash_decays_as_its_times_say_and_loses_nothing():
    share, tau_s, view_s = 0.2, 0.003, np.arange(40) * 0.001
    flash = np.zeros((1, 40, 2, 3))
    flash[:, 2] = 1000
    out = spoilt(Lag(shares=(share,), times_s=(tau_s,)), measured(flash, view_s)).data[0, :, 1, 1]
    left = 1000 * share * tau_s / 0.001 * (1 - np.exp(-0.001 / tau_s))
    assert out[:2].tolist() == [0, 0]
    assert out[2] == pytest.approx(1000 - left, rel=1e-5)
    fresh = left * (1 - np.exp(-0.001 / tau_s))
    np.testing.assert_allclose(out[3:], fresh * np.exp(-0.001 / tau_s * np.arange(37)), rtol=1e-4)
    assert out.sum() + left * np.exp(-37 * 0.001 / tau_s) == pytest.approx(1000, rel=1e-5)


def test_lag_of_a_steady_beam_ends_in_that_beam_whatever_the_pace():
    view_s = np.cumsum(np.random.default_rng(0).uniform(0.5e-3, 2e-3, 400))
    rate = np.append(np.diff(view_s), np.diff(view_s)[-1]) * 1e6
    steady = measured(np.broadcast_to(rate[None, :, None, None], (1, 400, 2, 2)), view_s)
    out = spoilt(Lag(shares=(0.3, 0.1), times_s=(0.002, 0.01)), steady).data[0, :, 0, 0]
    assert out[0] < 0.85 * rate[0]
    np.testing.assert_allclose(out[-100:], rate[-100:], rtol=1e-4)


def test_a_flood_before_the_scan_glows_over_it_and_makes_a_steady_beam_steady_from_the_first_view():
    dark = measured(np.zeros((1, 50, 2, 2)), np.arange(50) * 0.01)
    glow = spoilt(Lag(shares=(0.02,), times_s=(0.1,), flooded_s=100.0), dark).data[0, :, 0, 0]
    np.testing.assert_allclose(glow, 1000 * 0.02 * 10 * (1 - np.exp(-0.1)) * np.exp(-0.1 * np.arange(50)), rtol=1e-4)
    bright = measured(np.full((1, 50, 2, 2), 1000), np.arange(50) * 0.01)
    np.testing.assert_allclose(spoilt(Lag(flooded_s=1e4), bright).data, 1000, rtol=1e-5)


def test_lag_without_times_or_shares_that_go_together_is_refused():
    with pytest.raises(
        RecipeError, match=r"Lag: found shares that add up to 1.2, and 1 times_s for 2 of them; a time for each"
    ):
        Lag(shares=(0.6, 0.6), times_s=(1.0,))
    with pytest.raises(RecipeError, match="Lag: found 1 views, not one after the other in time"):
        spoilt(Lag(), measured(np.ones((1, 1, 2, 2))))


def test_saturation_clips_at_the_full_well_and_rounds_to_its_bits():
    data = np.array([-7.0, 0, 3, 100, 2999, 3001, 1e6]).reshape(1, 1, 7, 1)
    out = spoilt(Saturation(full_mm2=1000, bits=4), measured(data, element_mm=(2.0, 1.5))).data.ravel()
    np.testing.assert_allclose(out, [0, 0, 0, 0, 3000, 3000, 3000])
    fine = spoilt(Saturation(full_mm2=1000, bits=12), measured(data, element_mm=(2.0, 1.5))).data.ravel()
    np.testing.assert_allclose(fine[:6], np.minimum(data.ravel()[:6], 3000), atol=3000 / 4095 / 2 + 1e-3)
    assert fine[0] < 0


def test_as_many_elements_are_dead_as_are_asked_for_in_all_views_and_channels():
    raw = measured(np.full((2, 3, 100, 100), 9))
    out = spoilt(DeadElements(share=0.02, elements=((7, 9),)), raw).data
    dead = (out == 0).all((0, 1))
    assert ((out == 0).any((0, 1)) == dead).all()
    assert dead.sum() == pytest.approx(200, abs=5 * np.sqrt(200))
    assert dead[7, 9]
    assert (out[..., ~dead] == 9).all()
    with pytest.raises(RecipeError, match=r"found element \(100, 0\) on a detector of 100 columns and 100 rows"):
        spoilt(DeadElements(elements=((100, 0),)), raw)


def test_neighbours_stand_in_for_dead_elements():
    column, row = np.meshgrid(np.arange(12.0), np.arange(9.0), indexing="ij")
    raw = measured(np.broadcast_to(50 + 3 * column - 2 * row, (2, 4, 12, 9)))
    dead = spoilt(DeadElements(share=0.0, elements=((5, 4), (9, 2))), raw)
    mended = spoilt(DefectCorrection(), dead).data
    np.testing.assert_allclose(mended, raw.data, rtol=1e-5)
    assert (dead.data[:, :, 5, 4] == 0).all()
    with pytest.raises(RecipeError, match="DefectCorrection: found no living element"):
        spoilt(DefectCorrection(), measured(np.zeros((1, 2, 3, 3))))


def test_gain_errors_have_their_sd_and_drift_as_slowly_as_is_said():
    raw = measured(np.full((1, 3, 120, 100), 1000), view_s=[0.0, 20.0, 31.4159])
    gain = spoilt(GainError(sigma=0.01, drift_s=20.0), raw).data[0] / 1000 - 1
    np.testing.assert_allclose(gain.std((1, 2)), 0.01, rtol=0.03)
    np.testing.assert_allclose(gain.mean((1, 2)), 0, atol=5e-4)
    correlation = np.corrcoef(gain.reshape(3, -1))[0]
    np.testing.assert_allclose(correlation, [1, np.cos(1), 0], atol=0.03)


def test_gain_errors_make_rings_around_the_middle_of_a_slice():
    patient = cylinder(shape=(90, 90, 1), radius=80.0)
    scanner = CT(gantry=Gantry(views=180, element_mm=3.0, rows=1, row_mm=3.0), kernel="hann", effects=())
    raw = scanner.measure(patient)
    clean = scanner.reconstruct(raw).array[..., 0].astype(float)
    rings = scanner.reconstruct(spoilt(GainError(sigma=0.01), raw)).array[..., 0] - clean
    inside = radius_mm(patient)[..., 0] < 70
    turned = np.rot90(rings)
    assert 2 < rings[inside].std() < 40
    assert np.corrcoef(rings[inside], turned[inside])[0, 1] > 0.9


def test_pile_up_loses_counts_as_either_counter_does():
    photons = np.geomspace(10, 1e5, 9).reshape(1, 1, 9, 1) * np.ones((1, 2, 1, 1))
    raw = measured(photons, view_s=[0.0, 1e-3], element_mm=(0.6, 0.8))
    loss = photons[0, 0, :, 0] / 1e-3 / 4 * 50e-9
    pixels = {"pixel_mm": (0.3, 0.4), "bins_kev": (20.0, 120.0)}
    busy = spoilt(PulsePileUp(nonparalysable_ns=50.0, **pixels), raw)
    np.testing.assert_allclose(busy.data[0, 1, :, 0], photons[0, 0, :, 0] / (1 + loss), rtol=1e-5)
    prolonged = spoilt(PulsePileUp(nonparalysable_ns=0.0, paralysable_ns=50.0, **pixels), raw)
    np.testing.assert_allclose(prolonged.data[0, 1, :, 0], photons[0, 0, :, 0] * np.exp(-loss), rtol=1e-5)
    air = spoilt(PulsePileUp(**pixels), measured(np.full((1, 3, 2, 2), 1000)))
    np.testing.assert_allclose(air.data, np.broadcast_to(air.blank, air.data.shape), rtol=1e-6)
    assert busy.blank[0, 0, 0, 0] == pytest.approx(1000 / (1 + 1000 / 1e-3 / 4 * 50e-9), rel=1e-5)


def test_pile_up_moves_counts_to_higher_bins_and_never_below():
    low = np.zeros((3, 2, 1, 1))
    low[0] = 4000
    edges, tau_s = (20.0, 40.0, 80.0, 120.0), 1e-8
    effect = PulsePileUp(nonparalysable_ns=10.0, bins_kev=edges, pixel_mm=(1.0, 1.0))
    out = spoilt(effect, measured(low, view_s=[0.0, 1e-3])).data[:, 0, 0, 0]
    n = 4000 / 1e-3 * tau_s
    first, second, overlap = np.random.default_rng(5).uniform(0, 1, (3, 400_000))
    higher = np.mean(20 + 20 * first + overlap * (20 + 20 * second) >= 40)
    assert out.sum() == pytest.approx(4000 / (1 + n), rel=1e-5)
    assert out[1] / out.sum() == pytest.approx((1 - np.exp(-n)) * higher, rel=0.01)
    assert out[2] == 0
    high = np.roll(low, 2, axis=0)
    assert not spoilt(effect, measured(high, view_s=[0.0, 1e-3])).data[:2].any()


def test_pile_up_asks_for_the_bins_of_the_measurement():
    with pytest.raises(RecipeError, match="PulsePileUp: found 1 channels and 5 bins_kev"):
        spoilt(PulsePileUp(), measured(np.ones((1, 2, 2, 2))))
    with pytest.raises(RecipeError, match=r"PulsePileUp: found bins_kev \[60.0, 20.0\]; two edges"):
        PulsePileUp(bins_kev=(60.0, 20.0))
    with pytest.raises(RecipeError, match="PulsePileUp: found one view"):
        spoilt(COUNTING, measured(np.ones((1, 1, 2, 2))))


def amplified(mean, seed=4):
    """Counts of so many photons, read by an amplifier, (1, views, columns, rows)."""
    rng = np.random.default_rng(seed)
    return measured((rng.poisson(mean) + rng.normal(0, FEEDING.electronic, np.shape(mean)))[None])


@pytest.mark.parametrize("photons", [4.0, 12.0, 40.0])
def test_starved_rays_become_as_sure_as_is_asked_for_and_keep_their_mean(photons):
    noisy = amplified(np.full((24, 60, 12), photons))
    fed = spoilt(FEEDING, noisy).data[0, 6:-6, 10:-10, 2:-2]
    assert np.log(fed).std() < 1.15 * FEEDING.deviation
    assert fed.mean() == pytest.approx(photons, rel=0.03)
    assert noisy.data.std() > 1.7 * FEEDING.deviation * photons


def test_rays_with_enough_photons_stay_as_they_are_and_do_not_shine_into_the_shadow_of_metal():
    mean = np.full((12, 40, 6), 5000.0)
    mean[:, 15:25] = 1.0
    noisy = amplified(mean)
    fed = spoilt(FEEDING, noisy).data
    np.testing.assert_array_equal(fed[:, :, mean[0, :, 0] > 1], noisy.data[:, :, mean[0, :, 0] > 1])
    assert fed[0, :, 15:25].max() < 3 * FEEDING.electronic < noisy.data[0, :, 15:25].max()
    assert fed[0, :, 15:25].mean() == pytest.approx(1.0, abs=0.3)
