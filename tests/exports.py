"""What the tests of exports share: the dataset, and where voxels lie."""

import numpy as np

from pipelines.sinks.classes import relabel

RECIPE = """
seed: 11
count: 3
phantom: {kind: marked.Marked, subject: {sex: {choice: [female, male]}, age_y: {uniform: [30, 70]}}}
grow:
  - {kind: phantoms.lesions.nodule.Nodule, structure: liver, diameter_mm: 18}
scan:
  - {kind: render.ct.CT, name: ct, gantry: {views: 90, element_mm: 4, rows: 16, row_mm: 4}, effects: []}
  - {kind: render.mr.SpinEcho, name: t1, tr_ms: 550, te_ms: 12}
  - {kind: render.xray.XRay, name: pa, effects: [], stand: {columns: 64, rows: 48, pixel_mm: 4}}
"""
CLASSES = ("liver", "clavicula_left", "visceral_fat", "nodule")
"""What occurs in it, in order of the ids."""


def lies_where_it_did(array, affine, true_array, grid, atol=1e-6):
    """Every voxel of `array` (x, y, z), placed by `affine` (RAS+ mm), has the value that the true array has there."""
    index = np.indices(array.shape).reshape(3, -1).T
    place = grid.index(index @ np.asarray(affine)[:3, :3].T + np.asarray(affine)[:3, 3])
    at = np.rint(place).astype(int)
    assert array.size == true_array.size
    assert np.abs(place - at).max() < 1e-3
    np.testing.assert_allclose(array.ravel(), true_array[tuple(at.T)], atol=atol)


def numbered(sample, names=CLASSES):
    return relabel(sample.scene.labels, sample.scene, names)


def lps_to_ras(affine):
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
