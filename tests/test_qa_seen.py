"""Phantoms of quality control as their scanners see them: what the protocol measures comes out."""

import numpy as np
import pytest

from phantoms.qa.acr_ct import NOMINAL_HU, AcrCt
from phantoms.qa.acr_mr import AcrMr, slice_mm
from phantoms.qa.line_pairs import LinePairs
from render.ct import CT
from render.gantry import Gantry
from render.matrix import Matrix
from render.mr import SpinEcho
from simdata import Streams

ACR_T1 = SpinEcho(tr_ms=500.0, te_ms=20.0, effects=())
"""The T1 series of the ACR."""


def mean_in(image, grid, finding, of_radius=0.6):
    """Over a round region of interest in the middle of a finding, all slices."""
    away = np.linalg.norm(grid.points_mm()[..., :2] - finding.centre_mm[:2], axis=-1)
    return float(image[away < of_radius * finding.extent_mm[0] / 2].mean())


def scanned(phantom, slice_of_mm, rng):
    scene = phantom(rng)
    scan = CT(effects=(), gantry=Gantry(rows=4, row_mm=slice_of_mm, views=240))
    return scene, scan(scene, Streams(1)["ct"]).array


def test_inserts_of_the_acr_ct_phantom_have_their_nominal_hu(rng):
    phantom = AcrCt(voxel_mm=(1.25, 1.25, 1.5), shape=(170, 170, 4), centre_mm=(0.0, 0.0, -45.0))
    scene, image = scanned(phantom, 1.5, rng)
    for finding in scene.findings:
        if finding.kind == "ct_number":
            nominal = NOMINAL_HU[finding.text.split(",")[0]]
            assert mean_in(image, scene.grid, finding) == pytest.approx(nominal, abs=5), finding.text


def test_low_contrast_of_the_acr_ct_phantom_is_six_hu(rng):
    phantom = AcrCt(voxel_mm=(1.25, 1.25, 2.5), shape=(170, 170, 4), centre_mm=(0.0, 0.0, -20.0))
    scene, image = scanned(phantom, 2.5, rng)
    middle = image[75:95, 75:95].mean()
    assert middle == pytest.approx(90, abs=2)
    large = next(finding for finding in scene.findings if finding.extent_mm[0] == 25)
    assert mean_in(image, scene.grid, large) - middle == pytest.approx(6, abs=0.7)


def test_a_scanner_loses_fine_bars_before_coarse_ones(rng):
    phantom = LinePairs(
        per_cm=(3.0, 5.0, 10.0), ring_mm=24.0, diameter_mm=80.0, shape=(204, 204, 2), voxel_mm=(0.4, 0.4, 2.0)
    )
    scene = phantom(rng)
    matrix = Matrix(pixels=205, field_of_view_mm=82.0, slice_mm=2.0, every_mm=2.0)
    scan = CT(
        effects=(), kernel="standard", matrix=matrix, gantry=Gantry(rows=2, row_mm=2.0, views=200, element_mm=1.0)
    )
    image = scan(scene, Streams(1)["ct"])
    swing = []
    for pairs in (3, 5, 10):
        places = [f for f in scene.findings if f.text.startswith(f"plate of a pattern of {pairs} ")]
        middle = np.mean([f.centre_mm for f in places], axis=0)
        across = np.array(places[-1].centre_mm) - places[0].centre_mm
        points = middle + np.linspace(-0.5, 0.5, 60)[:, None] * across
        line = image.array[..., 0][tuple(np.rint(image.grid.index(points)).astype(int).T[:2])]
        swing.append(float(np.ptp(line)))
    assert swing[0] > swing[1] > 3 * swing[2]


def test_the_acr_mr_phantom_is_190_mm_wide_and_148_mm_long(rng):
    phantom = AcrMr(voxel_mm=(1.6, 1.6, 2.0), shape=(130, 130, 84))
    scene = phantom(rng)
    image = ACR_T1(scene, Streams(1)["mr"]).array
    bright = image[:, :, 50].max()
    middle, level = 65, scene.grid.index(np.array([0.0, 0.0, slice_mm(7)]))[2]
    uniform = image[:, :, round(level)]
    width, height = (1.6 * (line / bright).sum() for line in (uniform[:, middle], uniform[middle]))
    assert width == pytest.approx(190, abs=1)
    assert height == pytest.approx(190, abs=1)
    i, j, _ = np.rint(scene.grid.index(np.array([70.0, -40.0, 0.0]))).astype(int)
    assert 2.0 * (image[i, j] / bright).sum() == pytest.approx(148, abs=1)


def test_the_ramps_of_the_acr_mr_phantom_tell_the_thickness_of_the_slice(rng):
    """0.2 times top times bottom over their sum: 5 mm, and still when the phantom lies 1.5 mm too high."""
    for off_mm in (0.0, 1.5):
        phantom = AcrMr(voxel_mm=(1.0, 0.8, 5.0), shape=(210, 20, 1), centre_mm=(0.0, 0.0, slice_mm(1) + off_mm))
        scene = phantom(rng)
        image = ACR_T1(scene, Streams(1)["mr"]).array[..., 0]
        y = scene.grid.points_mm()[0, :, 0, 1]
        lengths = []
        for row in ((y > 1) & (y < 4.5), (y < -1) & (y > -4.5)):
            line = image[22:188, row].mean(axis=1)
            lengths.append(float((line > line.max() / 2).sum()))
        top, bottom = lengths
        assert 0.2 * top * bottom / (top + bottom) == pytest.approx(5, abs=0.3)


def test_discs_of_low_contrast_are_brighter_by_what_the_sheet_takes(rng):
    phantom = AcrMr(voxel_mm=(1.0, 1.0, 1.0), shape=(100, 100, 5), centre_mm=(0.0, -7.0, slice_mm(11)))
    scene = phantom(rng)
    image = ACR_T1(scene, Streams(1)["mr"]).array.mean(axis=2)
    disc = next(finding for finding in scene.findings if finding.kind == "low_contrast")
    points = scene.grid.points_mm()[:, :, 0, :2]
    inside = image[np.linalg.norm(points - disc.centre_mm[:2], axis=-1) < 2.5].mean()
    away = np.linalg.norm(points - (0.0, -7.0), axis=-1)
    sheet = image[(away > 42) & (away < 43)].mean()
    assert 1 - sheet / inside == pytest.approx(0.051, abs=0.002)
