"""Rods in closed form: what lines have in common with them, and k-space, are those of their voxels."""

import numpy as np
import pytest

from phantoms.qa.defrise import Defrise
from phantoms.qa.derenzo import Derenzo
from phantoms.qa.rods import Rod, kspace, line_integrals
from simdata.tissues import tissues

ROD = Rod(value=0.7, centre_mm=(5.0, -8.0, 3.0), radius_mm=14.0, height_mm=22.0)


def test_lines_have_in_common_with_a_rod_what_is_counted_along_them():
    rng = np.random.default_rng(5)
    origin, way = rng.normal(0, 10, (60, 3)), rng.normal(size=(60, 3))
    way[:5, :2], way[5:10, 2] = 0, 0
    unit = way / np.linalg.norm(way, axis=1)[:, None]
    t = np.linspace(-150, 150, 60001)
    o = origin[:, None] + t[:, None] * unit[:, None] - ROD.centre_mm
    inside = (np.hypot(o[..., 0], o[..., 1]) < 14) & (np.abs(o[..., 2]) < 11)
    counted = 0.7 * inside.sum(axis=1) * (t[1] - t[0])
    assert (counted > 0).sum() > 20
    np.testing.assert_allclose(line_integrals((ROD,), origin, way), counted, atol=0.02)


def test_the_middle_of_kspace_is_the_volume_and_a_shift_is_a_phase():
    here = Rod(value=0.7, centre_mm=(0.0, 0.0, 0.0), radius_mm=14.0, height_mm=22.0)
    assert abs(kspace((ROD,), np.zeros(3))) == pytest.approx(0.7 * np.pi * 14**2 * 22)
    k = np.random.default_rng(6).normal(0, 0.03, (50, 3))
    np.testing.assert_allclose(np.abs(kspace((ROD,), k)), np.abs(kspace((here,), k)), atol=1e-9)


@pytest.mark.parametrize(
    ("phantom", "tissue"),
    [
        (Defrise(discs=3, diameter_mm=60.0, voxel_mm=(1.5, 1.5, 1.5), shape=(48, 48, 48)), "pmma"),
        (Derenzo(diameter_mm=100.0, height_mm=30.0, rods_mm=(2.0, 3.0, 4.0, 5.0, 6.0, 7.0), voxel_mm=(1.0, 1.0, 2.0),
                 shape=(110, 110, 20)), "water"),
    ],
    ids=["defrise", "derenzo"],
)  # fmt: skip
def test_kspace_is_that_of_the_voxels(phantom, tissue, rng):
    """Of a voxel that is a box: times a sinc."""
    scene = phantom(rng)
    filled = scene.field({name: float(name == tissue) for name in tissues()})
    line, spacing = np.linspace(-0.06, 0.06, 7), np.array(scene.grid.spacing_mm)
    waves = [
        np.exp(-2j * np.pi * np.outer(line, scene.grid.affine[a, 3] + spacing[a] * np.arange(n)))
        for a, n in enumerate(scene.grid.shape)
    ]
    found = np.einsum("ax,by,cz,xyz->abc", *waves, filled.astype(complex), optimize=True) * spacing.prod()
    k = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1)
    exact = kspace(phantom.rods(), k) * np.sinc(k * spacing).prod(axis=-1)
    np.testing.assert_allclose(found, exact, atol=3e-3 * abs(exact).max())


def test_a_ray_along_the_discs_sees_one_of_them_and_one_across_all():
    rods = Defrise().rods(disc=2.0)
    along = line_integrals(rods, np.array([[0.0, 0.0, 20.0], [0.0, 0.0, 10.0], [0.0, 50.0, 0.0]]),
                           np.array([1.0, 0.0, 0.0]))  # fmt: skip
    np.testing.assert_allclose(along, [2 * 160, 0, 2 * 2 * np.sqrt(80**2 - 50**2)])
    assert line_integrals(rods, np.zeros(3), np.array([0.0, 0.0, -2.0])) == pytest.approx(2 * 70)
