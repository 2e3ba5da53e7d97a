"""Gradient echoes and MPRAGE: their equations, a T1 of the patient's own, uneven coils and a short k-space."""

from math import acos, cos, degrees, exp, radians, sin
from types import MappingProxyType

import numpy as np
import pytest

from render.effects import ThermalNoise
from render.effects.coil_shading import CoilShading
from render.effects.truncation import Truncation
from render.mr import SpinEcho
from render.mr_gradient_echo import SpoiledGradientEcho
from render.mr_mprage import MPRAGE
from render.mr_scanner import RELATIVE_T1, T2_PRIME_MS
from render.properties import column
from render.shading import smooth
from simdata import Grid, Raw, RecipeError, Scene, Streams
from simdata.tissues import tissues

STREAMS = Streams(seed=3)
BRAIN = ("white_matter", "grey_matter", "csf")
T1_MS, LONG_MS = (300.0, 830.0, 1330.0, 4160.0), 1e12


def blocks(*names, size=8, **more):
    """One block of each tissue, side by side along x."""
    ids = np.repeat([tissues()[name] for name in names], size).astype(np.uint8)
    tissue = np.broadcast_to(ids[:, None, None], (len(ids), size, size)).copy()
    return Scene(Grid.regular(tissue.shape), np.zeros(tissue.shape, np.uint16), tissue, **more)


def cycled(scan, t1_ms, cycles=60):
    """What lies along the field at the middle flip of MPRAGE, one flip after the other from rest: the slow twin."""
    before_ms = scan.ti_ms - (scan.flips // 2) * scan.es_ms
    after_ms = scan.tr_ms - before_ms - scan.flips * scan.es_ms
    along = middle = 1.0
    for _ in range(cycles):
        along = 1 - (1 - along * cos(radians(scan.inversion_degrees))) * exp(-before_ms / t1_ms)
        for number in range(scan.flips):
            middle = along if number == scan.flips // 2 else middle
            along = 1 - (1 - along * cos(radians(scan.flip_degrees))) * exp(-scan.es_ms / t1_ms)
        along = 1 - (1 - along) * exp(-after_ms / t1_ms)
    return abs(middle)


def test_gradient_echo_of_white_matter_by_hand():
    scan = SpoiledGradientEcho(tr_ms=20, te_ms=4, flip_degrees=25, b0_t=3.0)
    e1, a = exp(-20 / 830), radians(25)
    t2_star_ms = 1 / (1 / 69 + 1 / T2_PRIME_MS[3.0])
    by_hand = 0.73 * sin(a) * (1 - e1) / (1 - cos(a) * e1) * exp(-4 / t2_star_ms)
    assert scan.echo()["white_matter"] == pytest.approx(by_hand, rel=1e-6)
    assert t2_star_ms == pytest.approx(53.2, abs=2), "as Peters et al. 2007 have measured"


def test_the_ernst_angle_gives_most():
    ernst = degrees(acos(exp(-20 / 830)))
    at, less, more = (
        SpoiledGradientEcho(tr_ms=20, b0_t=3.0, flip_degrees=angle).echo()["white_matter"]
        for angle in (ernst, ernst - 2, ernst + 2)
    )
    assert at > max(less, more)


@pytest.mark.parametrize("scan", [MPRAGE(b0_t=3.0), MPRAGE(tr_ms=1700, ti_ms=850, flips=171, inversion_degrees=160)])
def test_mprage_in_closed_form_equals_flip_after_flip(scan):
    for t1_ms in T1_MS:
        along = scan.signal(1.0, t1_ms, LONG_MS) * exp(scan.te_ms / T2_PRIME_MS[scan.b0_t])
        assert along == pytest.approx(sin(radians(scan.flip_degrees)) * cycled(scan, t1_ms), rel=1e-8)


def test_mprage_without_inversion_and_waits_is_the_spoiled_gradient_echo():
    train = MPRAGE(tr_ms=1280, ti_ms=640, es_ms=8, te_ms=3.7, flips=160, flip_degrees=8, inversion_degrees=0)
    steady = SpoiledGradientEcho(tr_ms=8, te_ms=3.7, flip_degrees=8)
    assert train.echo() == pytest.approx(steady.echo(), rel=1e-9)


def test_mprage_of_one_flip_and_a_long_wait_is_inversion_recovery():
    scan = MPRAGE(tr_ms=60_000, ti_ms=900, flips=1, flip_degrees=90)
    for t1_ms in T1_MS:
        seen = scan.signal(1.0, t1_ms, LONG_MS) * exp(scan.te_ms / T2_PRIME_MS[1.5])
        assert seen == pytest.approx(abs(1 - 2 * exp(-900 / t1_ms)), abs=2e-6)


@pytest.mark.parametrize("b0_t", [1.5, 3.0])
@pytest.mark.parametrize("kind", [SpoiledGradientEcho, MPRAGE])
def test_white_matter_is_brighter_than_grey_and_fluid_is_dark(kind, b0_t):
    white, grey, fluid = (kind(b0_t=b0_t).echo()[name] for name in BRAIN)
    assert white > 1.15 * grey
    assert grey > 1.8 * fluid


def test_a_train_too_long_says_what_would_do():
    with pytest.raises(RecipeError, match="a train of 300 flips is 300 ms too long for ti_ms 900 and tr_ms 2300"):
        MPRAGE(flips=300)
    with pytest.raises(RecipeError, match=r"MPRAGE: te_ms 9\.0 is not before es_ms 8\.0"):
        MPRAGE(te_ms=9.0)
    with pytest.raises(RecipeError, match=r"MPRAGE: no relaxation times are known at b0_t 7\.0; 1\.5 or 3\.0 would do"):
        MPRAGE(b0_t=7.0)


# A T1 of the patient's own


@pytest.mark.parametrize("scan", [SpinEcho(), SpoiledGradientEcho(), MPRAGE()])
def test_a_relative_t1_of_one_changes_nothing_and_another_is_that_of_the_equation(scan):
    plain = blocks(*BRAIN)
    ones = MappingProxyType({RELATIVE_T1: np.ones(plain.grid.shape, np.float32)})
    longer = MappingProxyType({RELATIVE_T1: np.full(plain.grid.shape, 1.25, np.float32)})
    np.testing.assert_allclose(scan.seen(blocks(*BRAIN, fields=ones)), scan.seen(plain), rtol=2e-5, atol=1e-6)
    t1_ms, t2_ms = (column("relaxation", f"{time}_ms_1p5T")["white_matter"] for time in ("t1", "t2"))
    seen = scan.seen(blocks(*BRAIN, fields=longer))[0, 0, 0]
    assert seen == pytest.approx(scan.signal(0.73, 1.25 * t1_ms, t2_ms), rel=1e-4)


def test_a_voxel_of_two_tissues_gives_their_signals_by_share():
    both = {
        "second": np.full((8, 8, 8), tissues()["csf"], np.uint8),
        "share": np.full((8, 8, 8), 51, np.uint8),
    }
    ones = MappingProxyType({RELATIVE_T1: np.ones((8, 8, 8), np.float32)})
    scan = MPRAGE()
    echo = scan.echo()
    expected = 0.8 * echo["white_matter"] + 0.2 * echo["csf"]
    for scene in (blocks("white_matter", **both), blocks("white_matter", **both, fields=ones)):
        assert scan.seen(scene)[3, 3, 3] == pytest.approx(expected, rel=1e-4)


# Coils


def test_a_coil_shades_the_image_and_not_the_noise():
    scene = blocks("grey_matter", size=16)
    clean = MPRAGE(effects=())(scene, STREAMS).array
    shaded = MPRAGE(effects=(CoilShading(strength=0.2),))(scene, STREAMS).array
    ratio = np.log(shaded / clean)
    assert ratio.std() == pytest.approx(0.2, rel=1e-3)
    assert ratio.mean() == pytest.approx(0, abs=1e-5)
    both = MPRAGE(effects=(CoilShading(strength=0.5), ThermalNoise(sigma=1e-4)))(scene, STREAMS).array
    noise = both - MPRAGE(effects=(CoilShading(strength=0.5),))(scene, STREAMS).array
    bright = clean * np.exp(0.5 * ratio / 0.2) > np.median(clean)
    assert noise[bright].std() == pytest.approx(noise[~bright].std(), rel=0.1)


def test_a_smooth_map_has_no_mean_a_spread_of_one_and_no_short_waves():
    shape = (40, 30, 1)
    shade = smooth(shape, 2, STREAMS["shade"].generator)
    assert shade.shape == shape
    assert shade.mean() == pytest.approx(0, abs=1e-6)
    assert shade.std() == pytest.approx(1, rel=1e-6)
    assert np.abs(np.diff(shade[:, :, 0], axis=0)).max() < 3 * 2 * np.pi / 40


# A short k-space


def test_an_edge_of_a_short_kspace_overshoots_as_gibbs_says():
    """By 8.95 % of the step, however much of k-space is left out (Wilbraham 1848; Gibbs 1899)."""
    tissue = np.zeros((512, 2, 2), np.uint8)
    tissue[128:384] = tissues()["csf"]
    scene = Scene(Grid.regular(tissue.shape), np.zeros(tissue.shape, np.uint16), tissue)
    whole = SpinEcho(effects=())(scene, STREAMS).array
    for share in (0.1, 0.2):
        short = SpinEcho(effects=(Truncation(x=share, y=1.0, z=1.0),))(scene, STREAMS).array
        assert short.max() / whole.max() == pytest.approx(1.0895, abs=0.005)
    np.testing.assert_array_equal(SpinEcho(effects=(Truncation(x=1.0, y=1.0, z=1.0),))(scene, STREAMS).array, whole)


def test_what_is_not_measured_has_no_noise():
    scene = blocks("csf", size=40)
    plain = SpinEcho(tr_ms=20_000, effects=(ThermalNoise(sigma=0.02),))(scene, STREAMS).array
    short = SpinEcho(tr_ms=20_000, effects=(ThermalNoise(sigma=0.02), Truncation(x=0.5, y=0.5, z=1.0)))(
        scene, STREAMS
    ).array
    measured = 21 / 40 * 21 / 40
    assert (short.std() / plain.std()) ** 2 == pytest.approx(measured, rel=0.05)


@pytest.mark.parametrize("effect", [CoilShading(), Truncation()])
def test_an_effect_of_mr_refuses_the_measurement_of_another_scanner(effect):
    photons = Raw(np.ones((4, 4, 4), np.float32), Grid.regular((4, 4, 4)), "photons")
    with pytest.raises(
        RecipeError, match=f"{type(effect).__name__}: found a measurement in photons, which is not k-sp"
    ):
        effect(photons, STREAMS["effect"].generator)
