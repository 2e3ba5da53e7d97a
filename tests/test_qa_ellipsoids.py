"""Ellipsoids in closed form: chords and k-space are those of their voxels, and of Shepp and Logan's head."""

import numpy as np
import pytest

from phantoms.qa.ellipsoids import Ellipsoid, Ellipsoids, kspace, line_integrals
from phantoms.qa.shepp_logan import SheppLogan3D
from render.ct import CT
from render.gantry import Gantry
from render.projection import project
from render.views import Panel, parallel
from simdata import RecipeError, Streams
from simdata.tissues import tissues

LEANING = Ellipsoid(
    value=0.7, centre_mm=(5.0, -8.0, 3.0), half_axes_mm=(30.0, 14.0, 20.0), turned_deg=(35.0, 60.0, -25.0)
)


def values(scene):
    """The sum of the ellipsoids in every voxel, by share."""
    return scene.field({name: float(name == "water") for name in tissues()}) * scene.fields["density"]


@pytest.fixture(scope="module")
def head():
    phantom = SheppLogan3D(voxel_mm=2.0, shape=(80, 100, 96))
    return phantom, phantom(np.random.default_rng(0))


def test_the_chord_of_a_ball_is_that_of_pythagoras():
    ball = Ellipsoid(value=1.5, centre_mm=(10.0, 0.0, 0.0), half_axes_mm=(20.0, 20.0, 20.0))
    x = np.linspace(-15, 35, 51)
    found = line_integrals((ball,), np.column_stack([x, x * 0 + 7, x * 0]), np.array([0.0, 0.0, 3.0]))
    np.testing.assert_allclose(found, 3 * np.sqrt(np.maximum(400 - (x - 10) ** 2 - 49, 0)), atol=1e-9)


def test_an_ellipsoid_that_leans_casts_what_is_counted_along_the_line():
    rng = np.random.default_rng(3)
    origin, way = rng.normal(0, 12, (40, 3)), rng.normal(size=(40, 3))
    t = np.linspace(-90, 90, 20001)
    unit = way / np.linalg.norm(way, axis=1)[:, None]
    inside = LEANING.ball.depth_mm(origin[:, None] + t[:, None] * unit[:, None]) > 0
    counted = 0.7 * inside.sum(axis=1) * (t[1] - t[0])
    np.testing.assert_allclose(line_integrals((LEANING,), origin, way), counted, atol=0.03)


def test_kspace_is_the_fourier_transform_of_the_voxels():
    """Voxels are boxes: theirs is that of the ellipsoid times a sinc, as far as voxels do not fold back."""
    scene = Ellipsoids(of=(LEANING,), voxel_mm=1.25, shape=(64, 64, 64))(np.random.default_rng(0))
    k = np.stack(np.meshgrid(*3 * [np.linspace(-0.1, 0.1, 7)], indexing="ij"), axis=-1)
    waves = [np.exp(-2j * np.pi * np.outer(k_axis, at)) for k_axis, at in
             zip(3 * [np.linspace(-0.1, 0.1, 7)], [scene.grid.affine[a, 3] + 1.25 * np.arange(64) for a in range(3)],
                 strict=True)]  # fmt: skip
    found = np.einsum("ax,by,cz,xyz->abc", *waves, values(scene).astype(complex), optimize=True) * 1.25**3
    exact = kspace((LEANING,), k) * np.sinc(k * 1.25).prod(axis=-1)
    assert abs(exact).max() > 20 * abs(exact[0, 0, 0])
    np.testing.assert_allclose(found, exact, atol=2e-3 * abs(exact).max())


def test_the_middle_of_kspace_is_the_volume_and_meets_the_closed_form():
    tiny = Ellipsoid(half_axes_mm=(1.0, 2.0, 3.0))
    k = np.array([0.0, 0.049, 0.051])[:, None] / (2 * np.pi * 3) * [0, 0, 1]
    found = kspace((tiny,), k)
    assert found[0] == pytest.approx(8 * np.pi)
    assert found[1].real == pytest.approx(found[2].real, rel=1e-4)


def test_a_head_casts_the_shadow_that_is_known(head):
    """Parallel rays through voxels of 2 mm, against the closed form at the middle of each element."""
    phantom, scene = head
    angles = np.radians([0.0, 27.0, 90.0])
    views = parallel(angles, Panel(columns=100, rows=90, column_mm=2.0, row_mm=2.0))
    cast = project(values(scene)[..., None], scene.grid, views)[..., 0]
    from_mm = 2.0 * (np.arange(100) - 49.5), 2.0 * (np.arange(90) - 44.5)
    across, up = np.meshgrid(*from_mm, indexing="ij")
    for shadow, focus, row in zip(cast, views.focus, range(3), strict=True):
        way = focus[:3] / np.linalg.norm(focus[:3])
        side = views.borders[row][-1] - views.borders[row][0]
        side[2] = 0
        origin = across[..., None] * side / np.linalg.norm(side) + up[..., None] * [0, 0, 1]
        exact = line_integrals(phantom.ellipsoids(), origin, way)
        assert np.sqrt(((shadow - exact) ** 2).mean()) < 0.01 * exact.max()
        inside = exact > 100
        assert shadow[inside].mean() == pytest.approx(exact[inside].mean(), rel=2e-3)


def test_a_head_has_the_values_of_the_table(head):
    phantom, scene = head
    value = values(scene)

    def at(x, y, z):
        return value[tuple(np.rint(scene.grid.index(np.array([x, y, z]))).astype(int))]

    assert at(0, 91, 1) == pytest.approx(2.0, abs=0.1)
    assert at(0, -50, 1) == pytest.approx(1.02, abs=1e-4)
    assert at(-22, 0, -25) == pytest.approx(1.0, abs=1e-4)
    assert at(0, 45, -25) == pytest.approx(1.04, abs=1e-4)
    assert value.sum(dtype=float) * 8 == pytest.approx(abs(kspace(phantom.ellipsoids(), np.zeros(3))), rel=1e-3)
    assert [f.text for f in scene.findings][:1] == ["skull: ellipsoid that adds 2"]
    assert len(scene.findings) == 10
    assert scene.latents["cut_off"] == 0


def test_ct_shows_a_head_in_hounsfield_units(rng):
    phantom = SheppLogan3D(voxel_mm=2.0, shape=(84, 100, 5), half_length_mm=90.0)
    scene = phantom(rng)
    assert scene.latents["cut_off"] > 0.9, "a slab of a head, and it says so"
    scanner = CT(effects=(), gantry=Gantry(rows=4, row_mm=2.0, views=240), kvp=120.0)
    image = scanner(scene, Streams(1)["ct"]).array[..., 2]
    for x, y, hu in ((30, -50, 20), (0, -10, 20)):
        i, j, _ = np.rint(scene.grid.index(np.array([x, y, 0.0]))).astype(int)
        assert image[i - 2 : i + 3, j - 2 : j + 3].mean() == pytest.approx(hu, abs=12)


def test_what_is_no_phantom_is_said():
    with pytest.raises(RecipeError, match="ellipsoid 2 reaches out of the first"):
        Ellipsoids(of=(Ellipsoid(), Ellipsoid(centre_mm=(70.0, 0.0, 0.0), half_axes_mm=(20.0, 5.0, 5.0))))
    with pytest.raises(RecipeError, match="found none"):
        Ellipsoids(of=())
