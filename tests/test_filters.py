"""Kernels from smooth to bone: a thin wire tells how sharp they are, white noise what they leave of it."""

from functools import cache, partial

import numpy as np
import pytest

from render.fdk import fdk
from render.filters import window
from render.helix import wfbp
from render.projection import project
from render.properties import rows
from render.views import Arc, Orbit, Panel
from simdata import Grid

CLINICAL = ("smooth", "soft", "standard", "lung", "bone", "edge")
REACHED_PER_CM = {
    "smooth": (2.96, 5.24),
    "soft": (4.11, 7.28),
    "standard": (6.20, 8.46),
    "lung": (8.36, 10.34),
    "bone": (10.52, 12.54),
    "edge": (13.16, 15.68),
}
"""Where each kernel leaves 50 % and 10 %."""

STEP_MM = 0.25
"""Of elements, seen at the isocentre, and of pixels."""

PIXELS = 96
WIRE_MM = np.array([1.1, -0.8, 0.0])


def turn(views):
    return 2 * np.pi * np.arange(views) / views


def sinc(per_mm, width_mm):
    return np.sinc(per_mm * width_mm)


def mtf(image, place_mm):
    """Of the upright wire in a slice, by the distance in frequency from 0: 1/mm, and the MTF."""
    size = len(image)
    along = STEP_MM * (np.arange(size) - (size - 1) / 2)
    fade = np.exp(-((((along[:, None] - place_mm[0]) ** 2 + (along[None, :] - place_mm[1]) ** 2) / 64) ** 4))
    spectrum = np.abs(np.fft.fft2(image * fade))
    per_mm = np.fft.fftfreq(size, STEP_MM)
    far = np.hypot(per_mm[:, None], per_mm[None, :])
    spectrum /= np.abs(sinc(per_mm[:, None], STEP_MM) * sinc(per_mm[None, :], STEP_MM))
    rings = np.round(far * size * STEP_MM).astype(int)
    use = far < 1.9
    count = np.bincount(rings[use])
    return np.bincount(rings[use], far[use]) / count, np.bincount(rings[use], spectrum[use]) / count / spectrum[0, 0]


def wire(depth=1):
    """One voxel wide, where the wire is, on a grid that is `depth` mm high."""
    grid = Grid.regular((PIXELS, PIXELS, depth), (STEP_MM, STEP_MM, 1.0))
    volume = np.zeros(grid.shape, np.float32)
    x, y, _ = np.round(np.linalg.solve(grid.affine, [*WIRE_MM, 1])[:3]).astype(int)
    volume[x, y] = 1
    return volume, grid, grid.world_mm(np.array([x, y, 0]))[:2]


SLICE = Grid.regular((PIXELS, PIXELS, 1), (STEP_MM, STEP_MM, 1.0))


@cache
def by_fdk():
    """What shows the wire with any kernel, from a circle, and where it is."""
    volume, grid, place = wire()
    panel = Panel(columns=160, rows=1, column_mm=2 * STEP_MM, row_mm=2.0)
    orbit = Orbit(turn(360), panel, 500.0, 1000.0)
    return partial(fdk, project(volume[..., None], grid, orbit.views)[..., 0], orbit, SLICE), place


@cache
def by_wfbp():
    """The same, from a helix."""
    volume, grid, place = wire(depth=30)
    arc = Arc(columns=160, rows=8, column_mm=2 * STEP_MM, row_mm=4.0)
    view = np.arange(1080) - 540
    orbit = Orbit(2 * np.pi * view / 360, arc, 500.0, 1000.0, 12.0 * view / 360)
    return partial(wfbp, project(volume[..., None], grid, orbit.views)[..., 0], orbit, SLICE), place


@pytest.mark.parametrize("scan", [by_fdk, by_wfbp])
@pytest.mark.parametrize("kernel", CLINICAL)
def test_a_wire_shows_how_sharp_a_kernel_is(scan, kernel):
    """An element and the way between two of them take their part: sinc, and of two neighbours the mean, sinc^2."""
    show, place = scan()
    per_mm, seen = mtf(show(kernel)[..., 0], place)
    alone = seen / sinc(per_mm, STEP_MM) ** 3
    for level, per_cm in zip((0.5, 0.1), REACHED_PER_CM[kernel], strict=True):
        last = np.flatnonzero(alone >= level)[-1]
        at = np.interp(-level, -alone[last : last + 2], per_mm[last : last + 2])
        assert 10 * at == pytest.approx(per_cm, rel=0.03)


def test_kernels_grow_sharper_in_order_and_lung_bone_and_edge_lift_edges():
    per_mm = np.linspace(0, 2, 2001)
    curves = [window(kernel, per_mm, 0.1) for kernel in CLINICAL]
    for curve, (half, tenth) in zip(curves, REACHED_PER_CM.values(), strict=True):
        assert curve[0] == 1
        np.testing.assert_allclose(np.interp([half / 10, tenth / 10], per_mm, curve), [0.5, 0.1], atol=0.01)
    assert [curve.max() > 1.1 for curve in curves] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("kernel", CLINICAL)
def test_a_clinical_kernel_is_the_same_on_every_detector(kernel):
    per_mm = np.linspace(0, 0.8, 50)
    np.testing.assert_array_equal(window(kernel, per_mm, 0.3), window(kernel, per_mm, 0.6))


def test_every_kernel_of_the_table_says_where_it_is_from():
    assert {row["kernel"] for row in rows("kernels")} == set(CLINICAL)
    assert all(row["source"].strip() for row in rows("kernels"))


def noise_power(kernel, per_mm, step_mm, views):
    """NPS(f) = (pi / views) step (|f'| W(f'))^2 sinc^4 / f of noise of variance 1: f' is f as elements sample it.

    Kak and Slaney 1988, ch. 5, eq. 5.59, with the mean of two neighbours that back-projection takes.
    """
    sampled = np.abs((per_mm + 0.5 / step_mm) % (1 / step_mm) - 0.5 / step_mm)
    ramp = sampled * window(kernel, sampled, step_mm) * sinc(per_mm, step_mm) ** 2
    return np.pi / views * step_mm * np.divide(ramp**2, per_mm, out=np.zeros_like(per_mm), where=per_mm > 0)


@pytest.mark.parametrize("kernel", ["ram-lak", "hann", "soft", "bone"])
def test_noise_of_an_image_rises_as_the_ramp_and_falls_with_the_kernel(kernel):
    """Rays are all but parallel, and each row of the detector is a slice with noise of its own."""
    step, views, slices, pixels, pixel = 0.5, 240, 48, 100, 0.25
    panel = Panel(columns=121, rows=slices, column_mm=step, row_mm=step)
    orbit = Orbit(turn(views), panel, 1e6, 1e6 + 1)
    noise = np.random.default_rng(3).standard_normal((views, 121, slices)).astype(np.float32)
    image = fdk(noise, orbit, Grid.regular((pixels, pixels, slices), (pixel, pixel, step)), kernel)

    per_mm = np.fft.fftfreq(pixels, pixel)
    far = np.hypot(per_mm[:, None], per_mm[None, :])
    taper = np.outer(*2 * [np.hanning(pixels + 2)[1:-1]]).astype(np.float32)
    power = (np.abs(np.fft.fft2(image * taper[..., None], axes=(0, 1))) ** 2).mean(axis=2)
    power *= pixel**2 / (taper**2).sum()
    expected = noise_power(kernel, far, step, views)
    for low, high in ((0.1, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8)):
        ring = (far >= low) & (far < high)
        assert power[ring].mean() == pytest.approx(expected[ring].mean(), rel=0.05)

    fine = np.linspace(0, 4, 8001)
    whole = (2 * np.pi * fine * noise_power(kernel, fine, step, views)).sum() * fine[1]
    assert image.var() == pytest.approx(whole, rel=0.02)
