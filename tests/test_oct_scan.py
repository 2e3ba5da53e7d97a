"""Optical coherence tomography: layers in decibels, as sharp and as deep as light and spectrometer allow."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from phantoms.choroid import Choroid
from phantoms.retina import Retina as Wall
from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle
from render.oct.bowl import Bowl
from render.oct.light import optics
from render.oct.spectrometer import Spectrometer
from render.oct.stripes import stripes
from render.oct_scan import OCT
from simdata import SceneError, Streams
from simdata.eye_wall import floor_mm, layer
from simdata.structures import structure, structures
from simdata.vessels import ARTERY, vessel_tree

FLAT = Bowl(radius_mm=17.0)
SHALLOW = Spectrometer(reach_mm=100.0)


def wall(**changes):
    return Wall(**{"field_mm": 1.4, "voxel_mm": 0.02, "depth_mm": 0.7, "depth_voxel_mm": 0.004, **changes})(
        Streams(1).generator
    )


def scanner(**changes):
    return OCT(**{"field_mm": 1.2, "columns": 64, "depth_mm": 0.9, "effects": (), **changes})


def with_mirror(scene, voxel):
    """Clear wall but for one voxel of pigment epithelium below the retina's own."""
    labels = np.full(scene.labels.shape, structure("eye_right").id, np.uint16)
    labels[..., voxel] = structure("retina_pigment_epithelium_right").id
    return replace(scene, labels=labels, tissue=scene.tissue)


def profile(scene, **changes):
    """Power along the middle column."""
    raw = scanner(bowl=FLAT, **changes).measure(scene)
    return raw.power[32, 0]


def width(power):
    """At half its height, in voxels, between them linearly."""
    top = int(power.argmax())
    half = power[top] / 2
    left = top - np.interp(-half, -power[top::-1], np.arange(top + 1))
    right = np.interp(-half, -power[top:], np.arange(len(power) - top)) + top
    return right - left


def test_a_mirror_is_as_thick_as_the_bandwidth_makes_it():
    mirror = with_mirror(wall(depth_voxel_mm=0.001, depth_mm=0.3), 100)
    for bandwidth_nm in (25.0, 50.0):
        beam = replace(OCT().beam, bandwidth_nm=bandwidth_nm)
        seen = profile(mirror, beam=beam, depth_voxel_mm=0.001, spectrometer=SHALLOW)
        assert width(seen) * 0.001 == pytest.approx(beam.axial_mm, rel=0.05)


def test_sensitivity_falls_with_depth_as_the_spectrometer_has_it():
    at_end = Spectrometer(reach_mm=2.0, line_px=0.0).kept(np.array([0.0, 2.0]))
    assert 10 * np.log10(at_end) == pytest.approx([0.0, -3.92], abs=0.01)
    mirrors = [with_mirror(wall(depth_voxel_mm=0.002, depth_mm=0.5), voxel) for voxel in (20, 220)]
    near, far = (profile(one, depth_voxel_mm=0.002).max() for one in mirrors)
    depths = 0.25 + 0.002 * (np.array([20, 220]) + 0.5)
    expected = np.divide(*Spectrometer().kept(depths))
    assert near / far == pytest.approx(expected, rel=0.03)


def test_the_outer_retina_lies_flat_and_the_inner_surface_dips_at_the_fovea():
    patient = wall(field_mm=3.0, voxel_mm=0.03)
    image = scanner(field_mm=2.8, columns=56, bowl=FLAT)(patient, Streams(1))
    names = np.array([layer(structures()[n]) for n in range(1600, 1610)])
    seen = image.labels[:, 0].astype(int)
    first = (seen != structure("eye_right").id).argmax(axis=1)
    last = seen.shape[1] - (names[np.clip(seen - 1600, 0, 9)] == "retina_pigment_epithelium")[:, ::-1].argmax(axis=1)
    assert np.ptp(last) <= 2
    assert abs(int(first.argmax()) - 28) <= 2
    thick_mm = floor_mm(patient, names[:8].tolist())
    assert (first.max() - first.min()) * 0.00387 == pytest.approx(np.ptp(thick_mm[:, 50]), abs=0.02)


def test_a_bowl_comes_nearer_beside_the_axis_and_leans():
    x = np.array([[-3.0], [0.0], [3.0]])
    assert np.diff(Bowl().outer_mm(x, 0 * x)[:, 0]) == pytest.approx([0.110, -0.110], abs=0.001)
    lean = Bowl(radius_mm=17.0, tilt_deg=(4.0, 0.0)).outer_mm(x, 0 * x)[:, 0]
    assert np.diff(lean) == pytest.approx(3 * np.tan(np.radians(4.0)))


def tube(radius_mm):
    points = np.array([[0.2, -0.7, -0.08], [0.2, 0.7, -0.08]], np.float32)
    return vessel_tree(points, np.array([-1, 0]), np.full(2, radius_mm), np.full(2, ARTERY))


def test_a_vessel_throws_its_shadow_down_to_the_choroid():
    bare = wall()
    patient = replace(bare, vessels=MappingProxyType({"retina": tube(0.05)}))
    one = scanner(bowl=FLAT, field_mm=1.28, beam=replace(OCT().beam, waist_mm=0.002))
    with_vessel, without = (one.measure(scene).power[:, 0] for scene in (patient, bare))
    column = 32 + round(0.2 / 0.02)
    blood = optics()["blood"][1]
    labels = one(bare, Streams(1)).labels[column, 0]
    inside = one(patient, Streams(1)).labels[column, 0] == structure("retinal_artery_right").id
    passed = sum(optics()[layer(structures()[int(n)])][1] for n in labels[inside])
    expected = np.exp(-2 * 0.00387 * (blood * inside.sum() - passed))
    assert inside.sum() * 0.00387 == pytest.approx(0.1, abs=0.012)
    assert with_vessel[column, 150] / without[column, 150] == pytest.approx(expected, rel=0.1)
    assert with_vessel[10, 150] == pytest.approx(without[10, 150], rel=1e-5)


def test_vessels_go_along_with_the_wall():
    patient = replace(wall(), vessels=MappingProxyType({"retina": tube(0.04)}))
    image = scanner()(patient, Streams(1))
    z = np.flatnonzero(image.labels[32 + round(0.2 / 1.2 * 64), 0] == structure("retinal_artery_right").id).mean()
    lowered = image.vessels["retina"].points_mm
    assert -lowered[:, 2].mean() == pytest.approx(0.00387 * (z + 0.5), abs=0.02)


@pytest.mark.parametrize(("count", "miss_mm", "contrast"), [(16, 0.1, 0.25), (4, 0.1, 0.5), (4, 0.0, 1.0)])
def test_speckle_has_contrast_1_and_averages_out_as_the_beam_misses_its_place(count, miss_mm, contrast):
    sclera = wall(depth_mm=0.9)
    labels = np.full(sclera.labels.shape, structure("retina_nerve_fibre_layer_right").id, np.uint16)
    labels[..., 60:] = structure("sclera_right").id
    even = replace(sclera, labels=labels)
    one = scanner(miss_mm=miss_mm, columns=256, bowl=FLAT)
    clean = one.measure(even).power[:, 0, 70:120]
    seen = replace(one, effects=(Speckle(visits=count),))(even, Streams(3)).array[:, 0, 70:120]
    ratio = 10 ** (seen / 10) / clean
    assert ratio.mean() == pytest.approx(1, rel=0.05)
    assert ratio.std() == pytest.approx(contrast, rel=0.08)


def test_vitreous_is_as_bright_as_the_noise():
    image = scanner(effects=(SensorNoise(signal_db=30.0),))(wall(), Streams(1))
    assert image.unit == "dB"
    assert image.array[:, 0, :40] == pytest.approx(-30, abs=0.1)


def test_the_ellipsoid_zone_is_a_bright_stripe_of_the_photoreceptors():
    image = scanner(bowl=FLAT)(wall(), Streams(1))
    column = image.array[32, 0][image.labels[32, 0] == structure("retina_photoreceptor_layer_right").id]
    until, power = stripes()["retina_photoreceptor_layer"]
    assert until[-1] == 1
    assert column.argmax() / len(column) == pytest.approx((until[1] + until[2]) / 2, abs=0.1)
    assert power.argmax() == 2


def test_the_choroid_is_half_vessels():
    patient = Choroid(share=0.5)(wall(), Streams(2).generator)
    choroid, lumen = (patient.labels == structure(f"{name}_right").id for name in ("choroid", "choroid_vessel"))
    assert lumen.sum() / (choroid | lumen).sum() == pytest.approx(0.45, abs=0.08)
    assert (patient.mask("choroid_right") == (choroid | lumen)).all()


def test_a_volume_is_so_many_lines():
    patient = replace(wall(), vessels=MappingProxyType({"retina": tube(0.03)}))
    lines = scanner(lines=5, line_mm=0.1, bowl=FLAT)
    volume, single = lines(patient, Streams(1)), replace(lines, lines=1, y_mm=0.1)(patient, Streams(1))
    assert volume.array.shape == (64, 5, round(0.9 / 0.00387))
    assert volume.grid.points_mm()[0, :, 0, 1] == pytest.approx([-0.2, -0.1, 0, 0.1, 0.2])
    assert single.labels.shape[1] == 1


def test_what_an_oct_cannot_scan_is_refused():
    with pytest.raises(SceneError, match="smaller field_mm"):
        scanner(field_mm=3.0).measure(wall())
    with pytest.raises(SceneError, match="a deeper wall would do"):
        scanner().measure(wall(depth_mm=0.2))
