"""Spin echo: the signal equation, thermal noise that turns Rician, and brains that look like brains."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from render.effects import ThermalNoise
from render.mr import SpinEcho
from simdata import Grid, RecipeError, Scene, Streams
from simdata.tissues import tissues

STREAMS = Streams(seed=3)


def blocks(*names, size=8):
    """One block of each tissue, side by side along x."""
    ids = np.repeat([tissues()[name] for name in names], size).astype(np.uint8)
    tissue = np.broadcast_to(ids[:, None, None], (len(ids), size, size)).copy()
    return Scene(Grid.regular(tissue.shape), np.zeros(tissue.shape, np.uint16), tissue)


def means(image, names, size=8):
    return dict(zip(names, image.array.reshape(len(names), -1).mean(axis=1), strict=True))


def test_signal_of_white_matter_and_fluid_by_hand():
    names = ("white_matter", "csf")
    seen = means(SpinEcho(tr_ms=500, te_ms=15, effects=())(blocks(*names), STREAMS), names)
    assert seen["white_matter"] == pytest.approx(0.73 * (1 - exp(-500 / 560)) * exp(-15 / 72), rel=1e-5)
    assert seen["csf"] == pytest.approx(1.0 * (1 - exp(-500 / 4280)) * exp(-15 / 2030), rel=1e-5)


def test_noiseless_image_is_the_echo_of_every_voxel():
    scene = blocks("air", "liver", "adipose", "spleen")
    scan = SpinEcho(tr_ms=2000, te_ms=60, b0_t=3.0, effects=())
    image = scan(scene, STREAMS)
    assert image.unit == "a.u."
    assert image.array.dtype == np.float32
    assert image.grid == scene.grid
    np.testing.assert_allclose(image.array, scene.field(scan.echo()), atol=1e-6)


def test_kspace_of_two_patients_is_the_sum():
    scan = SpinEcho(effects=())
    left, right, both = (scan.measure(blocks(*n)) for n in (("liver", "air"), ("air", "adipose"), ("liver", "adipose")))
    np.testing.assert_allclose(left.data + right.data, both.data, atol=1e-5)


def test_air_is_rayleigh():
    """Its mean is sigma sqrt(pi / 2) = 1.2533 sigma and its SD 0.6551 sigma."""
    image = SpinEcho(effects=(ThermalNoise(sigma=0.05),))(blocks("air", "air", size=40), STREAMS)
    assert image.array.mean() / 0.05 == pytest.approx(1.2533, rel=0.01)
    assert image.array.std() / 0.05 == pytest.approx(0.6551, rel=0.01)


def test_sigma_is_the_standard_deviation_where_signal_is_strong():
    image = SpinEcho(tr_ms=20_000, effects=(ThermalNoise(sigma=0.02),))(blocks("csf", "csf", size=40), STREAMS)
    assert image.array.std() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("b0_t", [1.5, 3.0])
def test_brain_looks_weighted_by_t1_and_by_t2(b0_t):
    names = ("white_matter", "grey_matter", "csf", "muscle", "cortical_bone")
    t1w = means(SpinEcho(tr_ms=500, te_ms=15, b0_t=b0_t, effects=())(blocks(*names), STREAMS), names)
    t2w = means(SpinEcho(tr_ms=4000, te_ms=100, b0_t=b0_t, effects=())(blocks(*names), STREAMS), names)
    assert t1w["white_matter"] > t1w["grey_matter"] > t1w["csf"] > t1w["cortical_bone"]
    assert max(t2w, key=t2w.get) == "csf"
    assert t2w["csf"] > t2w["grey_matter"] > t2w["white_matter"] > t2w["muscle"]


def test_same_patient_same_stream_same_bytes():
    scene = blocks("liver", "spleen")
    np.testing.assert_array_equal(SpinEcho()(scene, STREAMS).array, SpinEcho()(scene, STREAMS).array)
    assert (SpinEcho()(scene, STREAMS).array != SpinEcho()(scene, replace(STREAMS, seed=4)).array).any()


def test_unknown_field_strength_says_what_would_do():
    with pytest.raises(RecipeError, match=r"b0_t 2\.0; 1\.5 or 3\.0 would do"):
        SpinEcho(b0_t=2.0)


def test_echo_after_the_repetition_says_what_would_do():
    with pytest.raises(RecipeError, match="te_ms 600 is not before tr_ms 500"):
        SpinEcho(tr_ms=500, te_ms=600)
