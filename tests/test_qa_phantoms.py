"""Phantoms of quality control: sizes, counts and distances are those that are published, and what cannot be is said."""

from itertools import combinations

import numpy as np
import pytest

from phantoms.qa.acr_ct import AcrCt, module_mm
from phantoms.qa.acr_mr import AcrMr, slice_mm
from phantoms.qa.defrise import Defrise
from phantoms.qa.derenzo import Derenzo
from phantoms.qa.line_pairs import LinePairs
from phantoms.qa.nema_body import NemaBody, outline
from simdata import RecipeError
from simdata.tissues import tissues


def shares(scene, tissue):
    """Of `tissue` in every voxel."""
    return scene.field({name: float(name == tissue) for name in tissues()})


def findings(scene, kind):
    return [finding for finding in scene.findings if finding.kind == kind]


def test_defrise_is_a_stack_of_equal_discs(rng):
    scene = Defrise(discs=3, diameter_mm=60.0, disc_mm=5.0, every_mm=12.5, shape=(64, 64, 40))(rng)
    heights = shares(scene, "pmma").sum(axis=(0, 1)) / (np.pi * 30**2)
    z = scene.grid.affine[2, 3] + np.arange(40)
    exact = sum(np.clip(3 - np.abs(z - at), 0, 1) for at in (-12.5, 0.0, 12.5))
    np.testing.assert_allclose(heights, exact, atol=0.005)
    assert [f.centre_mm[2] for f in findings(scene, "disc")] == [-12.5, 0.0, 12.5]
    with pytest.raises(RecipeError, match="discs of 10 mm every 9 mm touch"):
        Defrise(every_mm=9.0)


def test_bars_are_as_wide_as_their_line_pairs_say(rng):
    """Across the plates, aluminium comes and goes with the period that was asked for."""
    phantom = LinePairs(
        per_cm=(2.0, 5.0), ring_mm=30.0, diameter_mm=100.0, shape=(400, 400, 1), voxel_mm=(0.25, 0.25, 5.0)
    )
    scene = phantom(rng)
    metal = shares(scene, "aluminium")[..., 0]
    x, y = (scene.grid.affine[a, 3] + 0.25 * np.arange(400) for a in (0, 1))
    for x_mm, per_cm in ((30.0, 2.0), (-30.0, 5.0)):
        line = metal[np.abs(x - x_mm).argmin()]
        assert line.sum() * 0.25 == pytest.approx(5 * 5 / per_cm, rel=0.01)
        period_mm = np.diff(sorted(f.centre_mm[1] for f in findings(scene, "line_pairs") if f.centre_mm[0] * x_mm > 0))
        np.testing.assert_allclose(period_mm, 10 / per_cm)
        middle = np.abs(y) < 10 / per_cm / 4 - 0.2
        assert line[middle].min() > 0.99, "a plate lies in the middle of five"
    assert shares(scene, "aluminium").sum() * 0.0625 == pytest.approx(5 * 15 * (2.5 + 1.0), rel=0.003)


def test_turned_bars_keep_their_area(rng):
    """Also where one voxel holds parts of several."""
    area = sum(5 * 15 * 5 / pairs for pairs in LinePairs().per_cm)
    for pixel_mm, pixels in ((0.5, 420), (1.5, 140)):
        scene = LinePairs(shape=(pixels, pixels, 1), voxel_mm=(pixel_mm, pixel_mm, 5.0))(rng)
        assert shares(scene, "aluminium").sum() * pixel_mm**2 == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ring_mm": 95.0}, "reaches 103.1 mm from the middle of a body of 200 mm"),
        ({"ring_mm": 30.0}, "patterns of 2 and 3 per cm overlap"),
        ({"tissue": "aluminum"}, "did you mean 'aluminium'"),
    ],
)
def test_bars_that_do_not_fit_are_said(wrong, says):
    with pytest.raises(RecipeError, match=says):
        LinePairs(**wrong)


def test_rods_of_derenzo_stand_two_diameters_apart_and_in_their_sector(rng):
    phantom = Derenzo(voxel_mm=(1.0, 1.0, 44.0), shape=(220, 220, 2), rod_kbq_ml=100.0)
    scene = phantom(rng)
    for sector, rod_mm in enumerate(phantom.rods_mm):
        places = np.array(phantom.places_mm(sector))
        apart = np.linalg.norm(places[:, None] - places, axis=-1)[~np.eye(len(places), dtype=bool)]
        assert apart.min() == pytest.approx(2 * rod_mm)
        turn = np.degrees(np.arctan2(places[:, 1], places[:, 0])) - 60 * sector
        assert np.abs((turn + 180) % 360 - 180).max() < 30
        assert np.hypot(*places.T).max() <= 108 - 4 - rod_mm / 2
        water = scene.mask(f"rods_{sector + 1}")
        assert water.sum() * 44.0 == pytest.approx(len(places) * np.pi * rod_mm**2 / 4 * 88, rel=0.1)
    rods_mm3 = sum(f.volume_mm3 for f in findings(scene, "rod"))
    assert scene.fields["activity_kbq_ml"].sum() * 44.0 == pytest.approx(100 * rods_mm3, rel=0.003)
    with pytest.raises(RecipeError, match="no rod of 60 mm fits"):
        Derenzo(rods_mm=(4.8, 6.4, 7.9, 9.5, 11.1, 60.0))


def test_rods_of_two_sectors_do_not_touch():
    phantom = Derenzo()
    for a, b in combinations(range(6), 2):
        one, other = np.array(phantom.places_mm(a)), np.array(phantom.places_mm(b))
        apart = np.linalg.norm(one[:, None] - other, axis=-1).min()
        assert apart > 1.9 * min(phantom.rods_mm[a], phantom.rods_mm[b])


def test_the_nema_body_holds_its_spheres_and_their_activity(rng):
    scene = NemaBody()(rng)
    assert scene.latents["cut_off"] == 0
    spheres = findings(scene, "sphere")
    assert [round(f.extent_mm[0]) for f in spheres] == [37, 28, 22, 17, 13, 10]
    for finding in spheres:
        x, y, z = finding.centre_mm
        assert np.hypot(x, y - 35) == pytest.approx(57.2)
        assert z == 0
    water_mm3 = (
        outline(0.0).area_mm2 * 180 - np.pi * 25**2 * 180 - sum(np.pi / 6 * (f.extent_mm[0] + 2) ** 3 for f in spheres)
    )
    activity = 5.3 * water_mm3 + 21.2 * sum(f.volume_mm3 for f in spheres)
    assert scene.fields["activity_kbq_ml"].sum(dtype=float) * 8 == pytest.approx(activity, rel=0.003)
    lung = scene.mask("lung_insert")
    assert scene.fields["density"][lung].mean() * 0.26 == pytest.approx(0.30, abs=0.002)
    body = scene.labels > 0
    wide, high, _ = np.ptp(np.argwhere(body), axis=0) * 2
    assert wide == pytest.approx(300, abs=4)
    assert high == pytest.approx(230, abs=4)


def test_an_outline_covers_the_area_that_it_says():
    section = outline(3.0)
    x, y = np.arange(-160.5, 161), np.arange(-90.5, 161)
    assert section.shares(x, y, (1.0, 1.0)).sum() == pytest.approx(section.area_mm2, rel=1e-4)


def test_the_acr_ct_phantom_has_what_its_instructions_list(rng):
    scene = AcrCt(voxel_mm=(2.0, 2.0, 5.0), shape=(104, 104, 34))(rng)
    assert scene.latents["cut_off"] == 0
    rods = findings(scene, "ct_number")
    assert [f.text.split(",")[0] for f in rods] == ["polyethylene", "bone", "acrylic", "air", "water"]
    assert all(np.hypot(*f.centre_mm[:2]) == pytest.approx(63) for f in rods)
    assert rods[3].centre_mm[2] == -60
    rods_mm = [round(f.extent_mm[0]) for f in findings(scene, "low_contrast")]
    assert sorted(rods_mm) == sorted([25, *4 * [6, 5, 4, 3, 2]])
    one, other = (np.array(f.centre_mm) for f in findings(scene, "bead"))
    assert np.linalg.norm(one - other) == pytest.approx(100)
    assert module_mm(3)[0] < one[2] < module_mm(3)[1]
    assert len(findings(scene, "ball")) == 8
    assert {f.extent_mm[2] for f in findings(scene, "line_pairs")} == {38}
    assert len({f.label for f in findings(scene, "line_pairs")}) == 8
    for a, b in combinations(findings(scene, "low_contrast"), 2):
        apart = np.hypot(a.centre_mm[0] - b.centre_mm[0], a.centre_mm[1] - b.centre_mm[1])
        assert apart >= (a.extent_mm[0] + b.extent_mm[0]) / 2 * 1.6


def test_slices_of_a_module_say_what_they_leave_out(rng):
    scene = AcrCt(voxel_mm=(2.0, 2.0, 5.0), shape=(104, 104, 4), centre_mm=(0.0, 0.0, -20.0))(rng)
    assert scene.latents["cut_off"] == pytest.approx(7 / 8, abs=0.002)
    assert {f.kind for f in scene.findings} == {"low_contrast"}


def test_the_acr_mr_phantom_measures_what_it_should(rng):
    scene = AcrMr(voxel_mm=(2.0, 2.0, 2.0), shape=(104, 104, 84))(rng)
    (inside,) = findings(scene, "inside")
    assert inside.extent_mm == (190, 190, 148)
    assert len(findings(scene, "low_contrast")) == 4 * 30
    assert len(findings(scene, "resolution_hole")) == 3 * 32
    assert [slice_mm(n) for n in (1, 5, 11)] == [-50, -10, 50]
    holes = [f for f in findings(scene, "resolution_hole") if f.extent_mm[0] < 0.95]
    upper = np.array([f.centre_mm[:2] for f in holes[:16]])
    np.testing.assert_allclose(np.diff(upper[:4], axis=0), 3 * [[-1.8, 0.0]], atol=1e-9)
    largest, smallest = findings(scene, "low_contrast")[0], findings(scene, "low_contrast")[29]
    assert (largest.extent_mm[0], smallest.extent_mm[0]) == pytest.approx((7.0, 1.5))
    assert scene.fields["relative_t1"][scene.mask("solution")].max() == pytest.approx(150 / 4000)


@pytest.mark.parametrize(("sheet", "contrast"), list(enumerate((0.014, 0.025, 0.036, 0.051))))
def test_a_sheet_takes_the_share_of_the_slice_that_it_is_known_for(rng, sheet, contrast):
    """In slices of 5 mm, up to the step of a share."""
    scene = AcrMr(voxel_mm=(2.0, 2.0, 5.0), shape=(50, 50, 1), centre_mm=(0.0, -7.0, slice_mm(8 + sheet)))(rng)
    water = shares(scene, "water")[..., 0]
    away = np.linalg.norm(scene.grid.points_mm()[..., 0, :2] - (0, -7), axis=-1)
    assert water[(away > 42) & (away < 43)].mean() == pytest.approx(1 - contrast, abs=0.5 / 255)
    largest = findings(scene, "low_contrast")[1]
    within = np.linalg.norm(scene.grid.points_mm()[..., 0, :2] - largest.centre_mm[:2], axis=-1) < 2
    assert water[within].mean() == pytest.approx(1, abs=1e-6)


def test_wedges_are_as_long_as_each_other_in_the_first_and_the_last_slice(rng):
    """And 1 mm off makes one 1 mm longer and the other as much shorter; between them is no gap."""
    for number, off_mm in ((1, 0.0), (1, 3.0), (11, 0.0), (11, -2.0)):
        z = slice_mm(number) + off_mm
        scene = AcrMr(voxel_mm=(1.0, 1.0, 0.5), shape=(13, 120, 1), centre_mm=(0.0, 40.0, z))(rng)
        plastic = shares(scene, "pmma")[..., 0]
        y = scene.grid.affine[1, 3] + np.arange(120)
        left, right = (plastic[i, (y > 20) & (y < 95)].sum() for i in (3, 9))
        assert left - right == pytest.approx(2 * off_mm, abs=0.2)
        assert plastic[6, (y > 66) & (y < 95)].min() > 0.99
