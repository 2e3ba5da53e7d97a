"""A sample in the forms that other libraries take, none of which need be installed."""

from typing import TYPE_CHECKING, Any

import numpy as np

from simdata.grid import Grid
from simdata.sample import Sample

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

LABEL = "label"
LABEL_UNIT = "structure id"


def torchio_pairs(sample: Sample) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Image name and "label" to (array (channel, x, y, z), affine (4, 4) float64).

    `torchio.ScalarImage(tensor=array, affine=affine)` takes each as it is. Labels come as int32, which torch has;
    where an image has labels of its own, "NAME_label" is there too.
    """
    pairs = {name: (_channel_first(image.array), image.grid.affine) for name, image in sample.images.items()}
    own = {
        f"{name}_{LABEL}": (_channel_first(image.labels.astype(np.int32)), image.grid.affine)
        for name, image in sample.images.items()
        if image.labelled
    }
    return pairs | own | {LABEL: (_channel_first(sample.scene.labels.astype(np.int32)), sample.scene.grid.affine)}


def monai_dict(sample: Sample) -> dict[str, Any]:
    """Image name and "label" to (channel, x, y, z), each with its NAME_meta_dict, as MONAI's transforms take them."""
    units = {name: image.unit for name, image in sample.images.items()}
    entries: dict[str, Any] = {}
    for name, (array, affine) in torchio_pairs(sample).items():
        shape = np.array(array.shape[1:])
        entries[name] = array
        entries[f"{name}_meta_dict"] = {
            "affine": affine.copy(),
            "original_affine": affine.copy(),
            "spatial_shape": shape,
            "unit": units.get(name, LABEL_UNIT),
            "filename_or_obj": f"{sample.index:06d}_{name}",
        }
    return entries


def nifti_images(sample: Sample) -> dict[str, "Nifti1Image"]:
    """Image name and "labels" (uint16 structure ids) to a NIfTI-1 image; "NAME_labels" where an image has its own."""
    images = {name: nifti(image.array, image.grid) for name, image in sample.images.items()}
    own = {f"{name}_labels": nifti(image.labels, image.grid) for name, image in sample.images.items() if image.labelled}
    return images | own | {"labels": nifti(sample.scene.labels, sample.scene.grid)}


def nifti(array: np.ndarray, grid: Grid) -> "Nifti1Image":
    """An array (x, y, z) or (channel, x, y, z) on its grid, in RAS+ mm, qform equal to sform; channels come last."""
    from nibabel.nifti1 import Nifti1Image

    channels_last = np.moveaxis(array, 0, -1) if array.ndim == 4 else array
    image = Nifti1Image(channels_last, grid.affine, dtype=array.dtype)
    image.set_sform(grid.affine, code="scanner")
    image.set_qform(grid.affine, code="scanner", strip_shears=False)
    image.header.set_xyzt_units("mm", "sec")
    return image


def _channel_first(array: np.ndarray) -> np.ndarray:
    return array if array.ndim == 4 else array[None]
