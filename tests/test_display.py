"""From photons to a picture: grey levels, pyramids, and the light of a scintillator."""

import numpy as np
import pytest

from render.display import ForPresentation, ForProcessing, attenuation, pyramid, rebuilt
from render.effects.scintillator_light import ScintillatorLight
from render.photons import Photons
from simdata import Grid, Raw, RecipeError


def measured(data, blank=1000.0, pixel_mm=0.2):
    data = np.asarray(data, np.float32)[None, None]
    return Photons(
        data=data,
        grid=Grid.regular((*data.shape[2:], 1), pixel_mm),
        unit="photons",
        blank=np.full(data.shape, blank, np.float32),
        view_s=np.zeros(1),
        element_mm=(pixel_mm, pixel_mm),
        middle_to_detector_mm=150.0,
        focus_mm=(0.0, 0.0, 1000.0),
        spectra=(),
    )


def wedge(steps=(0.5, 1.0, 2.0, 3.0), rows=40):
    return measured(1000 * np.exp(-np.repeat(steps, 25))[:, None].repeat(rows, 1))


def test_for_processing_is_the_attenuation():
    np.testing.assert_allclose(ForProcessing()(wedge())[0, ::25, 0], [0.5, 1, 2, 3], rtol=1e-6)


def test_an_element_that_saw_nothing_stays_finite():
    assert np.isfinite(attenuation(measured(np.zeros((16, 16))))).all()
    assert ForPresentation()(measured(np.zeros((16, 16)))).max() <= 4095


def test_beyond_the_beam_nothing_is_attenuated():
    assert (attenuation(measured(np.zeros((16, 16)), blank=0.0)) == 0).all()


@pytest.mark.parametrize("shape", [(64, 64), (57, 33), (200, 11)])
def test_a_pyramid_rebuilds_the_picture(shape):
    picture = np.random.default_rng(1).random(shape).astype(np.float32)
    np.testing.assert_allclose(rebuilt(pyramid(picture)), picture, atol=1e-5)


def test_a_flat_picture_has_no_details():
    *details, _ = pyramid(np.full((64, 48), 3.0, np.float32))
    assert max(np.abs(detail).max() for detail in details) < 1e-5


def test_what_attenuates_more_is_whiter():
    """Twelve bits, bone white (MONOCHROME2)."""
    picture = ForPresentation()(wedge())[0]
    assert picture.dtype == np.uint16
    levels = picture[12::25, 20].astype(int)
    assert (np.diff(levels) > 100).all()
    assert 0 <= picture.min() < picture.max() <= 4095


def test_beside_the_patient_it_is_black():
    picture = ForPresentation()(wedge((-0.02, 0.0, 0.3, 1.0)))[0]
    assert picture[:48].max() == 0
    assert picture[52:].min() > 0


def test_equalisation_lifts_the_faint_and_leaves_the_strong():
    """A line a hundredth as strong as an edge gains against it."""
    path = np.full((256, 256), 1.0)
    path[128:] = 3.0
    path[40:44] += 0.02
    picture = measured(1e6 * np.exp(-path), blank=1e6)

    def share(display):
        grey = display(picture)[0][:, 128].astype(float)
        grey = np.log(grey / (4096 - grey))
        return (grey[42] - grey[36]) / (grey[200] - grey[80])

    plain = share(ForPresentation(equalisation=1.0, latitude=1.0))
    assert plain == pytest.approx(0.01, rel=0.2)
    assert share(ForPresentation(equalisation=0.6, latitude=1.0)) > 2 * plain


def test_a_window_upside_down_says_what_would_do():
    with pytest.raises(RecipeError, match="low, then high, would do"):
        ForPresentation(window=(90.0, 10.0))


# The light of a scintillator.


@pytest.mark.parametrize("per_mm", [0.5, 1.0, 2.0])
def test_light_leaves_of_a_grating_what_the_transfer_says(per_mm):
    x = (np.arange(200) + 0.5) * 0.2
    grating = 1000 + 100 * np.cos(2 * np.pi * per_mm * x)[:, None].repeat(10, 1)
    seen = ScintillatorLight()(measured(grating), np.random.default_rng()).data[0, 0, :, 5]
    wave = 2 * (seen * np.cos(2 * np.pi * per_mm * x)).mean()
    assert wave == pytest.approx(100 / (1 + 0.45 * per_mm**2), rel=1e-4)


def test_light_keeps_the_sum_and_smooths_the_noise():
    noise = np.random.default_rng(3).poisson(400, (128, 128))
    seen = ScintillatorLight()(measured(noise), np.random.default_rng()).data
    assert seen.sum() == pytest.approx(noise.sum(), rel=1e-5)
    f = np.arange(128) / (2 * 128 * 0.2)
    expected = 400 * (1 / (1 + 0.45 * (f[:, None] ** 2 + f**2)) ** 2).mean()
    assert seen.var() == pytest.approx(expected, rel=0.05)


def test_light_belongs_to_x_rays():
    with pytest.raises(RecipeError, match=r"ScintillatorLight: found a measurement in 'a.u.'"):
        ScintillatorLight()(Raw(np.zeros(3), Grid.regular((1, 1, 1)), "a.u."), np.random.default_rng())
