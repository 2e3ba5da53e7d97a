"""The volumes of a sample, and the labels that lie on the same voxels."""

from collections.abc import Mapping, Sequence

import numpy as np
from isal import igzip
from jaxtyping import Shaped, UInt16
from numpy import ndarray

from pipelines.flat import is_flat
from pipelines.sinks.folder import unfit
from simdata.convert import nifti
from simdata.errors import DatasetError, did_you_mean
from simdata.grid import Grid
from simdata.image import Image
from simdata.sample import Sample

GZIP_LEVEL = 2


def picked(sample: Sample, names: Sequence[str]) -> Mapping[str, Image]:
    """The images of those names, all for none. Raises DatasetError if there is none of a name."""
    for name in names:
        if name not in sample.images:
            hint = did_you_mean(name, sample.images)
            raise DatasetError(f"sample {sample.index}: no image is called '{name}'; {hint}")
    return {name: sample.images[name] for name in names or sample.images}


def volumes(sample: Sample, names: Sequence[str]) -> Mapping[str, Image]:
    """The images that are volumes. Raises DatasetError if one that was asked for is none, or there is none."""
    images = picked(sample, names)
    found = {name: image for name, image in images.items() if not is_flat(image)}
    if flat := [name for name in names if name not in found]:
        raise unfit(sample, f"image '{flat[0]}' is a picture of one plane", "--images with the names of volumes")
    if not found:
        raise unfit(sample, f"it has no volume, only {', '.join(images)}", "a form for pictures, such as coco or png,")
    return found


def aligned(sample: Sample, names: Sequence[str]) -> Mapping[str, Image]:
    """The volumes, all on the same voxels, with one channel each: a channel of several is called NAME_0 and so on.

    Raises DatasetError if they lie on different voxels.
    """
    found = volumes(sample, names)
    first, *others = found
    for name in others:
        if found[name].grid != found[first].grid:
            raise unfit(sample, f"images '{first}' and '{name}' lie on different voxels", f"--images {first}")
    return {
        f"{name}_{channel}" if image.array.ndim == 4 else name: Image(array, image.unit, image.grid, image.labels)
        for name, image in found.items()
        for channel, array in enumerate(image.array if image.array.ndim == 4 else image.array[None])
    }


def labels_on(sample: Sample, image: Image) -> UInt16[ndarray, "x y z"]:
    """The structure ids on the voxels of a volume: its own labels, or the patient's."""
    if image.labelled:
        return image.labels
    if image.grid == sample.scene.grid:
        return sample.scene.labels
    return sample.scene.resample(image.grid).labels


def nifti_gz(array: Shaped[ndarray, "*c x y z"], grid: Grid) -> bytes:
    """The bytes of a .nii.gz file, the same each time."""
    return igzip.compress(nifti(np.ascontiguousarray(array), grid).to_bytes(), GZIP_LEVEL, mtime=0)
