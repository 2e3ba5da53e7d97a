"""Materials from channels: exact without noise, as good as can be with it, and what is made of them is physics."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from render.attenuation import attenuation
from render.detector import EnergyIntegrating, PhotonCounting
from render.fdk import fdk
from render.illumination import Illumination
from render.kernels.decompose import likeliest_reference
from render.materials import IODINE, MATERIALS, WATER, amounts, binned, spectrum
from render.materials import per_mm as material_per_mm
from render.projection import project
from render.spectral import (
    ContrastMap,
    EffectiveAtomicNumber,
    MaterialMap,
    Monoenergetic,
    VirtualNonContrast,
    decompose,
    decompose_images,
    doubt,
)
from render.tube import Tube
from render.views import Orbit, Panel
from simdata import Grid, RecipeError, SceneError

SPACING = (1.0, 1.0, 1.0)
MAS_MM2 = 2.0
"""mAs times mm2 of an element one metre from the focus."""

BASIS = MATERIALS[:3]
"""Water, bone and iodine."""


WATER_IODINE = [WATER, IODINE]


def per_mm(kev):
    """Of water, bone and iodine at one energy."""
    return material_per_mm(range(len(BASIS)), np.array([float(kev)]))[:, 0]


def light(channel, columns=1, rows=1, mas_mm2=MAS_MM2):
    """Of one channel of a detector, the same on all elements."""
    beam_kev, photons = channel.energy_kev, channel.photons_mm2_mas * mas_mm2
    full = material_per_mm(range(len(BASIS)), beam_kev)
    lit = Illumination(np.tile(photons, (columns, 1)), np.ones((rows, len(photons))), full)
    return lit.binned(30)


def knowing(lights, which):
    """The same light, through some of the materials."""
    return [replace(one, per_mm=one.per_mm[list(which)]) for one in lights]


def dual(columns=1, rows=1, mas_mm2=MAS_MM2):
    """80 and 140 kV, the latter hardened as by a tin filter."""
    beams = (Tube(filters_mm={"Al": 7.0}).beam(80), Tube(filters_mm={"Al": 60.0}).beam(140))
    return [light(EnergyIntegrating().channels(b)[0], columns, rows, mas_mm2) for b in beams]


def counting(columns=1, rows=1, mas_mm2=MAS_MM2):
    channels = PhotonCounting(thresholds_kev=(20.0, 34.0, 55.0, 80.0)).channels(Tube(filters_mm={"Al": 7.0}).beam(120))
    return [light(channel, columns, rows, mas_mm2) for channel in channels]


def expected(lights, amount):
    """Photons of each channel behind amounts (n, 3) of all materials: (channels, 1, 1, n), a row each."""
    behind = [one.across[0] * np.exp(-amount @ one.per_mm) for one in lights]
    return np.stack([left.sum(axis=1) for left in behind])[:, None, None, :].astype(np.float32)


MIXTURES = np.array([(w, b, i) for w in (0, 30, 200, 400) for b in (0, 5, 40) for i in (0, 0.05, 0.6)], float)
"""mm g/cm3 of water, bone and iodine."""


def test_materials_are_exact_without_noise():
    """To 1e-4 of what a clinic would notice: of the path of water, and of 1 mm g/cm3 of iodine."""
    bright = 1e6 * MAS_MM2
    amount = MIXTURES[MIXTURES[:, 1] == 0]
    lights = dual(rows=len(amount), mas_mm2=bright)
    found = decompose(expected(lights, amount), knowing(lights, WATER_IODINE))[:, 0, 0].T
    np.testing.assert_allclose(found, amount[:, [0, 2]], rtol=1e-4, atol=1e-4)

    lights = counting(rows=len(MIXTURES), mas_mm2=bright)
    found = decompose(expected(lights, MIXTURES), lights)[:, 0, 0].T
    np.testing.assert_allclose(found, MIXTURES, rtol=1e-4, atol=1e-3)


def test_fast_decomposition_equals_its_reference():
    """Of bright rays, of starved ones and of some that saw nothing, behind a beam that varies along the detector."""
    rng = np.random.default_rng(5)
    lights = [Illumination(one.across * [[1.0], [0.3], [2.0]], one.along, one.per_mm) for one in counting(3, 4)]
    bright = np.stack([one.blank for one in lights])[:, None]
    photons = rng.poisson(bright * 10.0 ** rng.uniform(-7, 0, (1, 5, 3, 4))).astype(np.float32)
    photons[:, 0, 0, 0], photons[0, 1, 0, 0] = 0, -3
    output = rng.uniform(0.5, 2, 5)
    fast = decompose(photons, lights, output)
    energies = max(one.across.shape[1] for one in lights)

    def padded(tables):
        return np.stack([np.pad(table, ((0, 0), (0, energies - table.shape[1]))) for table in tables])

    across, along, mu = (padded([getattr(one, n) for one in lights]) for n in ("across", "along", "per_mm"))
    slow = likeliest_reference(photons, output, across, along, mu, doubt(lights))
    assert np.isfinite(fast).all()
    np.testing.assert_allclose(fast, slow, rtol=1e-4, atol=1e-4)


def test_a_ray_without_photons_stays_plausible():
    lights = knowing(dual(rows=3), WATER_IODINE)
    photons = np.zeros((2, 1, 1, 3), np.float32)
    photons[:, 0, 0, 1], photons[1, 0, 0, 2] = 1, 4
    water, iodine = decompose(photons, lights)[:, 0, 0]
    assert (water > 100).all()
    assert (water < 3000).all()
    assert (np.abs(iodine) < 40).all()


@pytest.mark.parametrize("scan", [dual, counting])
def test_noise_of_iodine_is_the_least_possible(scan):
    """Behind 20 cm of water with some iodine, of 20 000 rays: the bound of Cramer and Rao, to 4 %. No bias either."""
    truth = np.array([200.0, 0.0, 0.3])
    lights = scan(rows=20_000)
    mean = expected(lights, truth[None])
    photons = np.random.default_rng(6).poisson(np.broadcast_to(mean, (len(lights), 1, 1, 20_000))).astype(np.float32)
    water, iodine = decompose(photons, knowing(lights, WATER_IODINE))[:, 0, 0]

    bound = np.sqrt(np.diag(np.linalg.inv(fisher(lights, truth))))
    assert water.std() == pytest.approx(bound[0], rel=0.04)
    assert iodine.std() == pytest.approx(bound[1], rel=0.04)
    assert iodine.mean() == pytest.approx(truth[2], abs=0.1 * bound[1])


def fisher(lights, truth):
    """Information of all channels on water and iodine: sum of mu mu' photons."""
    information = np.zeros((2, 2))
    for one in lights:
        left = one.across[0] * np.exp(-truth @ one.per_mm)
        mu = one.per_mm[[0, 2]] @ left / left.sum()
        information += np.outer(mu, mu) * left.sum()
    return information


def test_noise_of_an_iodine_map_is_the_least_possible():
    """Through the reconstruction, which is linear: as that of rays with the noise of the bound."""
    views, columns, height, step = 90, 65, 12, 1.0
    lights = counting(columns, height)
    truth = np.array([150.0, 0.0, 0.2])
    rng = np.random.default_rng(7)
    photons = rng.poisson(np.broadcast_to(expected(lights, truth[None]), (len(lights), views, columns, height)))
    iodine = decompose(photons.astype(np.float32), knowing(lights, WATER_IODINE))[1] - np.float32(truth[2])

    orbit = Orbit(
        2 * np.pi * np.arange(views) / views, Panel(columns=65, rows=height, column_mm=1, row_mm=1), 1e5, 1e5 + 1
    )
    grid = Grid.regular((24, 24, height), step)
    bound = np.sqrt(np.linalg.inv(fisher(lights, truth))[1, 1])
    least = fdk((bound * rng.standard_normal(iodine.shape)).astype(np.float32), orbit, grid, "soft").std()
    assert fdk(iodine, orbit, grid, "soft").std() == pytest.approx(least, rel=0.1)


def test_water_is_0_hu_at_all_energies_and_iodine_follows_its_attenuation():
    one = np.ones((1, 1, 2), np.float32)
    grams = {"water": one, "iodine": one * [0.0, 0.005]}
    for kev in (20, 32, 34, 50, 70, 150):
        hu = Monoenergetic(kev=kev)({m: g.astype(np.float32) for m, g in grams.items()}, SPACING).reshape(-1)
        mu = per_mm(kev)
        assert hu[0] == 0
        assert hu[1] == pytest.approx(5 * mu[2] / mu[0], abs=0.5)
    low, high = (per_mm(kev)[2] / per_mm(kev)[0] for kev in (32.9, 34.1))
    assert high > 3 * low
    """The K edge of iodine, 33.2 keV."""


@pytest.mark.parametrize("tissue", ["liver", "muscle", "adipose", "cortical_bone", "blood"])
def test_a_tissue_of_water_and_bone_has_its_hounsfield_units_at_one_energy(tissue):
    grams = amounts(Tube(filters_mm={"Al": 7.0}).beam(120))[tissue][: len(BASIS)]
    maps = {m: np.full((1, 1, 1), g, np.float32) for m, g in zip(BASIS, grams, strict=True)}
    energy = np.array([65.0])
    truth = 1000 * (attenuation(tissue, energy) / attenuation("water", energy) - 1)
    assert Monoenergetic(kev=65)(maps, SPACING).item() == pytest.approx(
        truth.item(), abs=4 if tissue != "cortical_bone" else 15
    )


def test_maps_show_what_they_are_called():
    grams = {"water": np.full((1, 1, 3), 1.03, np.float32), "iodine": np.full((1, 1, 3), 0.004, np.float32)}
    assert MaterialMap(material="iodine")(grams, SPACING) == pytest.approx(4, rel=1e-6)
    assert MaterialMap(material="water")(grams, SPACING) == pytest.approx(1030, rel=1e-6)
    assert VirtualNonContrast(kev=60)(grams, SPACING) == pytest.approx(30, abs=2)
    assert (Monoenergetic(kev=60)(grams, SPACING) > 100).all()
    with pytest.raises(RecipeError, match="found no bone, but water, iodine"):
        MaterialMap(material="bone")(grams, SPACING)


def test_effective_atomic_numbers_are_those_of_the_books():
    """Water 7.42; cortical bone 13.3 to 13.8 (Spiers 1946, ICRU 44); iodine alone 53."""
    z = EffectiveAtomicNumber()

    def of(**grams):
        return z({m: np.full((1, 1, 1), g, np.float32) for m, g in grams.items()}, SPACING).item()

    assert of(water=1.0) == pytest.approx(7.42, abs=0.01)
    assert of(bone=1.9) == pytest.approx(13.5, abs=0.4)
    assert of(water=0.0, iodine=1.0) == pytest.approx(53, abs=0.01)
    assert 7.42 < of(water=1.0, iodine=0.005) < of(water=1.0, iodine=0.02)
    assert of(water=0.001) == 0


def test_two_images_tell_water_from_iodine():
    spectra = tuple(binned(spectrum(Tube(filters_mm={"Al": 7.0}).beam(kvp))) for kvp in (80, 140))
    effective = []
    for one in spectra:
        left = one.signal * np.exp(-one.per_mm[0] * 200)
        effective.append(one.per_mm @ left / left.sum())
    grams = np.random.default_rng(8).uniform(0, [[1.2], [0.0], [0.02]], (3, 50))
    low, high = (1000 * (mu[: len(BASIS)] @ grams / mu[0] - 1) for mu in effective)
    found = decompose_images(low.astype(np.float32), high.astype(np.float32), spectra)
    np.testing.assert_allclose(found, grams[[0, 2]], atol=1e-5)


def test_a_phantom_from_photons_to_virtual_images():
    """A rod of 5 mg/ml in 12 cm of water, from counts to maps: within 0.1 mg/ml, 3 HU, and 1 HU of water without it."""
    long, grid = Grid.regular((64, 64, 5), (2.5, 2.5, 4.0)), Grid.regular((64, 64, 1), (2.5, 2.5, 4.0))
    x, y = long.points_mm()[..., 0], long.points_mm()[..., 1]
    body, rod = np.hypot(x, y) < 60, np.hypot(x - 25, y) < 15
    volume = np.stack([body, 0 * body, 0.005 * rod], axis=-1).astype(np.float32)
    orbit = Orbit(2 * np.pi * np.arange(180) / 180, Panel(columns=128, rows=1, column_mm=2.5, row_mm=6.0), 500.0, 750.0)
    lights = dual(128, 1)
    path = project(volume, long, orbit.views)
    photons = np.stack([(one.across[0] * np.exp(-path @ one.per_mm)).sum(axis=-1) for one in lights]).astype(np.float32)
    water, iodine = (
        fdk(np.ascontiguousarray(a), orbit, grid, "hann") for a in decompose(photons, knowing(lights, WATER_IODINE))
    )
    grams = {"water": water, "iodine": iodine}

    x, y = x[..., :1], y[..., :1]
    core, beside = np.hypot(x - 25, y) < 10, np.hypot(x + 25, y) < 15
    assert MaterialMap()(grams, SPACING)[core].mean() == pytest.approx(5, abs=0.1)
    assert MaterialMap()(grams, SPACING)[beside].mean() == pytest.approx(0, abs=0.05)
    for kev in (40, 70, 120):
        hu = Monoenergetic(kev=kev)(grams, SPACING)
        assert hu[beside].mean() == pytest.approx(0, abs=5)
        assert hu[core].mean() - hu[beside].mean() == pytest.approx(5 * per_mm(kev)[2] / per_mm(kev)[0], abs=6)
        without = VirtualNonContrast(kev=kev)(grams, SPACING)
        assert without[core].mean() == pytest.approx(without[beside].mean(), abs=5)


BLOCK = 12
"""Voxels along each edge of one tissue."""


def blocks(agent_mg_ml, seed=5):
    """Tissues as two bins of 120 kVp tell water from iodine behind 20 cm of water, with a clinic's noise."""
    beam = Tube(filters_mm={"Al": 7.0}).beam(120)
    bins = PhotonCounting(thresholds_kev=(20.0, 65.0)).channels(beam)
    lights = [light(channel, rows=1 + len(agent_mg_ml)) for channel in bins]
    made_of, behind = amounts(beam), np.array([200.0, 0.0, 0.0])
    ways = [10 * (made_of[t][: len(BASIS)] + np.array([0, 0, mg / 1000])) for t, mg in agent_mg_ml.items()]
    found = decompose(expected(lights, behind + np.array([0 * behind, *ways])), knowing(lights, WATER_IODINE))[:, 0, 0]
    told = (found[:, 1:] - found[:, :1]) / 10
    noise = np.random.default_rng(seed).multivariate_normal(
        [0, 0], [[0.05**2, -1.1e-4], [-1.1e-4, 0.0025**2]], BLOCK**3
    )
    along = told.T[:, None] + noise
    volume = along.reshape(-1, BLOCK, BLOCK, 2).reshape(len(agent_mg_ml) * BLOCK, BLOCK, BLOCK, 2).astype(np.float32)
    return {"water": volume[..., 0].copy(), "iodine": volume[..., 1].copy()}


def inner(volume):
    """Mean of each block of `blocks`, away from its neighbours."""
    return volume.reshape(-1, BLOCK, BLOCK, BLOCK)[:, 4:-4].mean(axis=(1, 2, 3))


def test_bone_and_fat_are_no_contrast_agent_and_blood_with_agent_keeps_all_of_it():
    """At a clinic's noise; of a two-material map bone has 36 mg/ml, and spongy bone more than a faint liver."""
    given = {"adipose": 0.0, "muscle": 0.0, "liver": 3.0, "blood": 10.0, "spongy_bone": 0.0, "cortical_bone": 0.0}
    grams = blocks(given)
    mg_ml = inner(ContrastMap()(grams, SPACING))
    np.testing.assert_allclose(mg_ml[:-1], list(given.values())[:-1], atol=0.4)
    assert abs(mg_ml[-1]) < 1.5
    assert inner(MaterialMap()(grams, SPACING))[[4, 5]] == pytest.approx([2.6, 36], abs=1)

    hu = inner(VirtualNonContrast(kev=70)(grams, SPACING))
    plain = inner(Monoenergetic(kev=70)(blocks(dict.fromkeys(given, 0.0)), SPACING))
    np.testing.assert_allclose(hu[:-1], plain[:-1], atol=12)
    assert hu[-1] == pytest.approx(plain[-1], abs=40)


def test_bone_is_no_noise_in_a_map_of_agent_its_rim_to_air_is_none_of_it_and_air_holds_none():
    """Voxels of the rim are bone by half; the map of two materials takes that for 18 mg/ml."""
    grams = blocks(dict.fromkeys(("muscle", "cortical_bone", "lung", "muscle", "air"), 0.0))
    for material, noise in (("water", 0.05), ("iodine", 0.0025)):
        one = grams[material]
        half = (one[BLOCK : 2 * BLOCK].mean() + one[2 * BLOCK : 3 * BLOCK].mean()) / 2
        one[2 * BLOCK] = half + noise * np.random.default_rng(8).standard_normal(one[0].shape)
    mg_ml = ContrastMap()(grams, SPACING)
    bone, rim, air = mg_ml[BLOCK + 3 : 2 * BLOCK - 3], mg_ml[2 * BLOCK], mg_ml[-BLOCK // 2 :]
    assert bone.std() < 1
    assert np.abs(rim.mean()) < 0.5
    assert (air == 0).all()
    assert MaterialMap()(grams, SPACING)[2 * BLOCK].mean() == pytest.approx(18, abs=0.5)


def test_an_image_of_agent_asks_for_one():
    water = {"water": np.ones((2, 2, 2), np.float32)}
    with pytest.raises(RecipeError, match="contrastmap: found no iodine, barium, gadolinium, but water"):
        ContrastMap()(water, SPACING)
    with pytest.raises(RecipeError, match="the lower, then the higher"):
        VirtualNonContrast(channels_kev=(80.0, 50.0))


def test_decomposition_does_not_depend_on_threads():
    lights = knowing(dual(20, 6), WATER_IODINE)
    photons = np.random.default_rng(9).uniform(0, 5e4, (2, 12, 20, 6)).astype(np.float32)
    many, threads = decompose(photons, lights), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = decompose(photons, lights)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one, many)


def test_gold_is_told_from_iodine_by_its_k_edge():
    """Five bins around both edges: nanoparticles of gold, iodine and water, each exact."""
    which = [WATER, IODINE, MATERIALS.index("gold")]
    channels = PhotonCounting(thresholds_kev=(20.0, 34.0, 55.0, 70.0, 81.0)).channels(Tube().beam(120))
    truth = np.array([(100.0, 0.2, 0.0), (200.0, 0.0, 0.3), (250.0, 0.1, 0.1)])
    lights = [
        Illumination(
            1e6 * channel.photons_mm2_mas[None],
            np.ones((len(truth), len(channel.energy_kev))),
            material_per_mm(which, channel.energy_kev),
        ).binned(30)
        for channel in channels
    ]
    found = decompose(expected(lights, truth), lights)[:, 0, 0].T
    np.testing.assert_allclose(found, truth, rtol=2e-4, atol=2e-4)
    gold = {"water": np.ones((1, 1, 1), np.float32), "gold": np.full((1, 1, 1), 0.01, np.float32)}
    below, above = (Monoenergetic(kev=kev)(gold, SPACING).item() for kev in (80, 81.5))
    assert above > 2 * below


def test_what_cannot_be_told_apart_says_what_would_do():
    lights, photons = dual(2, 3), np.ones((2, 4, 2, 3), np.float32)
    with pytest.raises(RecipeError, match="found 3 materials for 2 channels; as many as channels or fewer"):
        decompose(photons, lights)
    with pytest.raises(RecipeError, match="found 1 and 3 materials for 2 channels"):
        decompose(photons, [lights[0], *knowing(lights[1:], [WATER])])
    lights = knowing(lights, WATER_IODINE)
    with pytest.raises(SceneError, match="2 channels of 2 columns and 3 rows, and light for 2 x 3; the light of every"):
        decompose(photons, lights[:1])
    with pytest.raises(SceneError, match="not finite"):
        decompose(np.nan * photons, lights)
    with pytest.raises(SceneError, match="no light in air"):
        decompose(photons, lights, output=np.zeros(4))
