"""Scatter: photons one by one agree with the books, and the fast model agrees with them."""

from dataclasses import replace

import numba
import numpy as np
import pytest
import xraydb

from render.anti_scatter_grid import AntiScatterGrid
from render.attenuation import Beam, attenuation, compositions, mass_attenuation
from render.effects.scatter import Scatter
from render.kernels.lamellae import transmitted
from render.materials import spectrum
from render.photons import Photons
from render.scatter_body import ellipses
from render.scatter_matter import ENERGY_KEV, Matter
from render.scatter_reference import Medium, emerging, energy_integrating, seen
from render.views import Orbit, Panel
from simdata import Grid, Raw, RecipeError, Scene, structure
from simdata.tissues import tissues

WATER = compositions()["water"]
MANY = 1e6
"""Photons per steradian."""


def mono(kev):
    return Beam(np.array([kev]), np.array([1.0]))


def slab(thickness_mm, wide_mm=400.0):
    """Water across the rays of the first view, in one voxel."""
    grid = Grid((1, 1, 1), np.diag([wide_mm, thickness_mm, wide_mm, 1.0]))
    return Medium(grid, np.zeros((1, 1, 1), np.uint8), np.ones((1, 1, 1), np.float32), [WATER])


def view(thickness_mm, gap_mm, columns=6, column_mm=50.0, far_mm=1500.0):
    panel = Panel(columns=columns, rows=columns, column_mm=column_mm, row_mm=column_mm)
    return Orbit(np.zeros(1), panel, far_mm - gap_mm - thickness_mm / 2, far_mm).views


@pytest.mark.parametrize("element", ["H", "C", "O", "Ca"])
def test_cross_sections_are_those_of_the_tables(element):
    """Elam, Ravel and Sieber 2002 by xraydb: Rayleigh within 1 %, Compton within 0.7 %."""
    matter = Matter.of([{element: 1.0}])
    for kev in (15, 20, 30, 60, 100, 140):
        at = int(kev - ENERGY_KEV[0])
        assert matter.rayleigh[0, at] == pytest.approx(xraydb.coherent_cross_section_elam(element, kev * 1e3), rel=1e-2)
        assert matter.compton[0, at] == pytest.approx(
            xraydb.incoherent_cross_section_elam(element, kev * 1e3), rel=7e-3
        )


@pytest.mark.parametrize("kev", [20.0, 60.0, 120.0])
def test_what_comes_straight_is_what_beer_and_lambert_say(kev):
    """Both when counted and when calculated; through 5 mean free paths at most."""
    thickness_mm = 50.0
    narrow = view(thickness_mm, 100, columns=1, column_mm=1.0)
    left = float(np.exp(-attenuation("water", np.array([kev]))[0] * thickness_mm / 10))
    photons = 200_000

    flown = emerging(slab(thickness_mm), narrow, mono(kev), photons, np.random.default_rng(1))
    straight = seen(slab(thickness_mm), narrow, mono(kev), energy_integrating(), 64, np.random.default_rng(1))

    assert straight.primary.sum() * 1500**2 / kev == pytest.approx(left, rel=1e-4)
    counted = flown.weight[flown.collisions == 0].sum()
    assert counted == pytest.approx(left, abs=4 * np.sqrt(left * (1 - left) / photons))


def test_a_voxel_is_what_most_of_it_is():
    """Of a patient with voxels of two tissues, and of one without."""
    grid = Grid.regular((3, 1, 1), 2.0)
    pure = Scene(grid, np.full(grid.shape, structure("liver").id, np.uint16))
    share = np.array([0, 100, 200], np.uint8).reshape(grid.shape)
    bone = np.full(grid.shape, tissues()["cortical_bone"], np.uint8)
    mixed = replace(pure, second=bone, share=share)
    assert np.unique(Medium.of(pure).matter).tolist() == [0]
    assert [len(Medium.of(one).mixtures) for one in (pure, mixed)] == [1, 2]
    heavier = Medium.of(mixed).density_g_cm3.ravel() > Medium.of(pure).density_g_cm3.ravel()
    assert heavier.tolist() == [False, False, True]


def test_photons_are_told_where_they_leave():
    flown = emerging(slab(50.0), view(50.0, 50), mono(60.0), 5_000, np.random.default_rng(9))
    to_rim = np.minimum(flown.place_mm, [400, 50, 400] - flown.place_mm).min(axis=1)
    np.testing.assert_allclose(to_rim, 0, atol=1e-9)


def test_no_energy_is_lost():
    flown = emerging(slab(200.0), view(200.0, 50), mono(60.0), 50_000, np.random.default_rng(2))
    assert (flown.weight * flown.energy_kev).sum() + flown.deposited.sum() == pytest.approx(60.0, rel=5e-3)


def test_photons_lose_what_compton_says():
    """One scatter straight back leaves 60 keV with 60 / (1 + 120 / 511)."""
    flown = emerging(slab(50.0), view(50.0, 50), mono(60.0), 100_000, np.random.default_rng(3))
    once = flown.collisions == 1
    assert flown.energy_kev[once].min() == pytest.approx(60 / (1 + 120 / 511), rel=5e-3)
    assert flown.energy_kev.max() == 60


def test_forced_detection_sees_what_arrives():
    """The energy on the detector once and more often scattered: photons that fly there against chances to do so."""
    thickness_mm, gap_mm = 100.0, 200.0
    panel = view(thickness_mm, gap_mm)
    chance = seen(slab(thickness_mm), panel, mono(60.0), energy_integrating(), 200_000, np.random.default_rng(4))
    flown = emerging(slab(thickness_mm), panel, mono(60.0), 400_000, np.random.default_rng(5))

    ahead = flown.direction[:, 1] < 0
    way = (-gap_mm - flown.place_mm[:, 1]) / flown.direction[:, 1]
    place = flown.place_mm + way[:, None] * flown.direction - [200, 0, 200]
    on = ahead & (np.abs(place[:, 0]) < 150) & (np.abs(place[:, 2]) < 150)
    straight = (flown.weight * flown.energy_kev)[on & (flown.collisions == 0)].sum()
    for orders, expected in (((1, 1), chance.once), ((2, 99), chance.often)):
        these = on & (flown.collisions >= orders[0]) & (flown.collisions <= orders[1])
        arrived = (flown.weight * flown.energy_kev)[these].sum() / straight
        assert expected.sum() / chance.primary.sum() == pytest.approx(arrived, rel=0.03)


def test_tg195_slab_absorbs_as_in_four_codes():
    """33171.4 eV of a 56.4 keV photon stay in 39 x 39 x 20 cm of tissue behind 155 cm of air. AAPM TG-195, case 2."""
    tissue = {"H": 10.5, "C": 25.6, "N": 2.7, "O": 60.2, "Na": 0.1, "P": 0.2, "S": 0.3, "Cl": 0.2, "K": 0.2}
    tissue = {element: percent / 100 for element, percent in tissue.items()}
    grid = Grid((1, 174, 1), np.array([[390.0, 0, 0, 0], [0, 10, 0, -95], [0, 0, 390, 0], [0, 0, 0, 1]]))
    matter = np.zeros(grid.shape, np.uint8)
    matter[:, 20:] = 1
    density = np.where(matter == 1, 0.001205, 1.03).astype(np.float32)
    medium = Medium(grid, matter, density, [tissue, compositions()["air"]])
    panel = Panel(columns=26, rows=26, column_mm=15, row_mm=15)

    flown = emerging(
        medium, Orbit(np.zeros(1), panel, 1650.0, 1800.0).views, mono(56.4), 200_000, np.random.default_rng(6)
    )

    assert flown.deposited[:, :20].sum() * 1000 == pytest.approx(33171.4, rel=5e-3)


def test_same_photons_on_any_number_of_threads():
    bits = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        counted = seen(slab(100.0), view(100.0, 50), mono(60.0), energy_integrating(), 6400, np.random.default_rng(7))
        flown = emerging(slab(100.0), view(100.0, 50), mono(60.0), 6400, np.random.default_rng(7))
        bits.append((counted.scatter.tobytes(), flown.place_mm.tobytes(), flown.deposited.tobytes()))
    assert bits[0] == bits[1]


@pytest.mark.parametrize(("slope", "aside"), [(0, 0), (0.02, 0), (0.1, 0), (0.3, 0.1), (1.0, 0.5)])
def test_grid_lets_through_what_many_rays_say(slope, aside):
    """A grid of 2.4 mm lamellae, 0.05 mm thick every 0.25 mm, as if rays entered at 1500 places."""
    depth = (np.arange(800) + 0.5) / 800 * 2.4
    across = ((np.arange(1500) + 0.5)[:, None] / 1500 * 0.25 + slope * depth) % 0.25
    in_lead = (across < 0.05).mean(axis=1)
    way_mm = 2.4 * np.sqrt(1 + slope**2 + aside**2)
    passed = np.exp(-way_mm * (in_lead * 5.0 + (1 - in_lead) * 0.07)).mean()
    assert transmitted(slope, aside, 2.4, 0.05, 0.25, 5.0, 0.07) == pytest.approx(passed, rel=1e-3)


def measured(medium, orbit, beam, middle_mm):
    """What an energy integrating detector gets straight, as an X-ray measurement."""
    detector = orbit.detector
    few = 64
    straight, air = (
        seen(body, orbit.views, beam, energy_integrating(), few, np.random.default_rng(1)).primary
        for body in (medium, replace(medium, density_g_cm3=np.zeros_like(medium.density_g_cm3)))
    )
    return Photons(
        data=straight[:, None].astype(np.float32) * MANY,
        grid=medium.grid,
        unit="photons",
        blank=air[:, None].astype(np.float32) * MANY,
        view_s=np.zeros(1),
        element_mm=(detector.column_mm, detector.row_mm),
        middle_to_detector_mm=middle_mm,
        focus_mm=(0.0, 0.0, orbit.source_to_detector_mm),
        spectra=(spectrum(beam),),
    )


def around(medium, orbit, view_rad, middle_mm):
    """The same in views from several sides, at 70 keV."""
    views = [measured(medium, replace(orbit, view_rad=one), mono(70.0), middle_mm) for one in view_rad[:, None]]
    data = np.concatenate([one.data for one in views], axis=1)
    return replace(views[0], data=data, view_s=np.zeros(len(view_rad)), view_rad=view_rad)


def orbit_of(middle_mm, columns, column_mm, far_mm):
    panel = Panel(columns=columns, rows=columns, column_mm=column_mm, row_mm=column_mm)
    return Orbit(np.zeros(1), panel, far_mm - middle_mm, far_mm)


@pytest.mark.parametrize(("thickness_mm", "kev"), [(50.0, 20.0), (100.0, 60.0), (200.0, 80.0)])
def test_fast_scatter_is_that_of_photons_behind_slabs(thickness_mm, kev):
    """All that arrives on a panel of 30 cm behind an air gap of 10 cm, within 5 %."""
    orbit = orbit_of(100 + thickness_mm / 2, 15, 20.0, 1500.0)
    beam, water = mono(kev), slab(thickness_mm)
    flown = seen(water, orbit.views, beam, energy_integrating(), 200_000, np.random.default_rng(10))
    raw = measured(water, orbit, beam, 100 + thickness_mm / 2)

    scattered = Scatter()(raw, np.random.default_rng(0)).data - raw.data

    assert scattered.sum() / MANY == pytest.approx(flown.scatter.sum(), rel=0.05)


def oval(wide_mm, deep_mm, density):
    """A cylinder that stands in a gantry, half as wide and deep, of water in voxels of 8 mm."""
    edge = int(2 * max(wide_mm, deep_mm) / 8) + 2
    grid = Grid.regular((edge, edge, 1), (8.0, 8.0, 400.0))
    x, y, _ = np.moveaxis(grid.points_mm(), -1, 0)
    inside = (np.hypot(x / wide_mm, y / deep_mm) < 1).astype(np.float32)
    return Medium(grid, np.zeros(grid.shape, np.uint8), density * inside, [WATER])


@pytest.mark.parametrize("medium", [oval(120, 120, 1.0), oval(90, 150, 0.6)], ids=["round", "from aside"])
def test_fast_scatter_of_a_patient_in_a_gantry_is_that_of_photons(medium):
    """All that arrives behind within 15 %, and in each third of it within 20 %."""
    front = Orbit(np.zeros(1), Panel(columns=32, rows=4, column_mm=20, row_mm=20), 541.0, 949.0)
    raw = around(medium, front, np.array([0, np.pi / 2]), 408.0)
    flown = seen(medium, front.views, mono(70.0), energy_integrating(), 300_000, np.random.default_rng(11)).scatter[0]

    scattered = (Scatter()(raw, np.random.default_rng(0)).data - raw.data)[0, 0] / MANY

    behind = np.flatnonzero(raw.data[0, 0, :, 2] < 0.97 * raw.blank[0, 0, :, 2])
    assert scattered[behind].sum() == pytest.approx(flown[behind].sum(), rel=0.15)
    for third in np.array_split(behind, 3):
        assert scattered[third].sum() == pytest.approx(flown[third].sum(), rel=0.2)


def test_a_patient_is_as_deep_as_he_is_wide_from_aside():
    turn = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    orbit = Orbit(turn[:1], Panel(columns=320, rows=1, column_mm=2, row_mm=20), 541.0, 949.0)
    raw = around(oval(60, 100, 1.0), orbit, turn, 408.0)

    wide, deep, middle = ellipses(raw).T

    np.testing.assert_allclose(wide[[0, 2, 4, 6]], [60, 100, 60, 100], atol=4)
    np.testing.assert_allclose(deep, np.roll(wide, -2), atol=1e-9)
    np.testing.assert_allclose(middle[[0, 2, 4, 6]], 0, atol=1)
    assert (ellipses(replace(raw, view_rad=turn[:1]))[:, 1] == 0).all()


def test_fine_elements_get_what_coarse_ones_get():
    coarse = measured(slab(100.0), orbit_of(150.0, 6, 25.0, 1500.0), mono(60.0), 150.0)
    fine = replace(
        coarse,
        data=np.repeat(np.repeat(coarse.data, 50, 2), 50, 3) / 2500,
        blank=np.repeat(np.repeat(coarse.blank, 50, 2), 50, 3) / 2500,
        element_mm=(0.5, 0.5),
    )
    several, many = (Scatter()(raw, np.random.default_rng(0)).data - raw.data for raw in (coarse, fine))
    together = many.reshape(1, 1, 6, 50, 6, 50).sum(axis=(3, 5))
    np.testing.assert_allclose(together, several, rtol=0.05)


def test_air_scatters_nothing():
    raw = measured(slab(100.0), orbit_of(150.0, 6, 40.0, 1500.0), mono(60.0), 150.0)
    empty = replace(raw, data=raw.blank.copy())
    np.testing.assert_array_equal(Scatter()(empty, np.random.default_rng(0)).data, empty.data)


def test_where_no_beam_is_the_patient_beside_it_scatters():
    raw = measured(slab(100.0), orbit_of(150.0, 6, 40.0, 1500.0), mono(60.0), 150.0)
    shut = np.ones_like(raw.blank)
    shut[:, :, :2] = 0
    veil = Scatter()(replace(raw, data=raw.data * shut, blank=raw.blank * shut), np.random.default_rng(0)).data
    assert (veil[:, :, :2] > 0).all()
    assert veil[0, 0, 1].sum() > veil[0, 0, 0].sum()


def test_scatter_is_the_same_on_any_number_of_threads_and_in_any_company():
    raw = measured(slab(100.0), orbit_of(150.0, 8, 30.0, 1500.0), mono(60.0), 150.0)
    views = replace(raw, data=np.concatenate([raw.data, raw.data * np.float32(0.5)] * 10, axis=1))
    bits = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        bits.append(Scatter()(views, np.random.default_rng(0)).data)
    np.testing.assert_array_equal(bits[0], bits[1])
    np.testing.assert_array_equal(bits[0][:, 18], Scatter()(raw, np.random.default_rng(0)).data[:, 0])


def test_grid_stops_more_scatter_than_primary():
    """12:1 with aluminium between: 67 % of 60 keV from the focus pass, less what the walls and aluminium take."""
    raw = measured(slab(200.0), orbit_of(150.0, 15, 20.0, 1500.0), mono(60.0), 150.0)
    grid = AntiScatterGrid()
    straight = 0.8 * np.exp(-attenuation_of_aluminium(60.0) * grid.height_mm)

    bare, through = (Scatter(grids=grids)(raw, np.random.default_rng(0)) for grids in ((), (grid,)))

    np.testing.assert_allclose(through.blank, raw.blank * straight, rtol=1e-3)
    scattered = (through.data - raw.data * straight).sum() / (bare.data - raw.data).sum()
    assert 0.05 < scattered < 0.25


def test_fast_scatter_through_a_grid_is_that_of_photons():
    orbit = orbit_of(150.0, 15, 20.0, 1500.0)
    grids = (AntiScatterGrid(ratio=8.0, interspace="carbon"),)
    flown = seen(slab(200.0), orbit.views, mono(60.0), energy_integrating(), 200_000, np.random.default_rng(12), grids)
    raw = measured(slab(200.0), orbit, mono(60.0), 150.0)

    through = Scatter(grids=grids)(raw, np.random.default_rng(0))

    passing = through.blank / raw.blank
    np.testing.assert_allclose(passing[0], flown.primary / (raw.data[:, 0] / MANY), rtol=1e-3)
    assert (through.data - raw.data * passing).sum() / MANY == pytest.approx(flown.scatter.sum(), rel=0.2)


def attenuation_of_aluminium(kev):
    """1/mm."""
    return mass_attenuation({"Al": 1.0}, np.array([kev]))[0] * 0.2699


def test_lamellae_thicker_than_their_distance_do_not_fit():
    with pytest.raises(RecipeError, match=r"40.0 lamellae of 0.3 mm do not fit in a cm; thinner ones than 0.25 mm"):
        AntiScatterGrid(lamella_mm=0.3)


def test_only_x_rays_scatter():
    raw = Raw(np.zeros((2, 2, 2)), Grid.regular((2, 2, 2), 1.0), "a.u.")
    with pytest.raises(RecipeError, match=r"Scatter: found a measurement in 'a.u.'"):
        Scatter()(raw, np.random.default_rng(0))


def test_one_view_at_a_time():
    two = Orbit(np.zeros(2), Panel(columns=2, rows=2, column_mm=50, row_mm=50), 1000.0, 1500.0).views
    with pytest.raises(RecipeError, match="found 2 views; one would do"):
        seen(slab(100.0), two, mono(60.0), energy_integrating(), 64, np.random.default_rng(8))
