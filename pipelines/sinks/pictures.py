"""Flat images as 8-bit pictures that hang as a radiologist hangs them, with the masks of what they show.

The picture's rows go down from the head, its columns as the detector has them: the patient's left is at the right of a
postero-anterior radiograph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped, UInt8
from numpy import ndarray
from PIL import Image as Pillow

from pipelines.flat import WINDOW, coloured, fullest, in_colour, is_flat
from pipelines.sheet import WINDOWS, to_ras
from pipelines.sheet import png as png_of
from pipelines.sinks.classes import FINDING, lineage, relabel
from pipelines.sinks.folder import unfit
from pipelines.sinks.volumes import labels_on, picked
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import present_ids


@dataclass(frozen=True, eq=False)
class Seen:
    """One thing that a picture shows: what it is, and where."""

    name: str
    mask: Bool[ndarray, "rows columns"]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The first column and row that it touches, its width and height, pixels."""
        columns, rows = np.flatnonzero(self.mask.any(axis=0)), np.flatnonzero(self.mask.any(axis=1))
        x, y = int(columns[0]), int(rows[0])
        return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


def flat_images(sample: Sample, names: Sequence[str]) -> Mapping[str, Image]:
    """The images that are pictures. Raises DatasetError if one that was asked for is none, or there is none."""
    images = picked(sample, names)
    found = {name: image for name, image in images.items() if is_flat(image)}
    if solid := [name for name in names if name not in found]:
        raise unfit(sample, f"image '{solid[0]}' is a volume", "--images with the names of pictures")
    if not found:
        raise unfit(sample, f"it has no picture, only {', '.join(images)}", "a form for volumes, such as nifti,")
    return found


def hung(array: Shaped[ndarray, "across up"]) -> Shaped[ndarray, "rows columns"]:
    """An image of one plane as rows from the top."""
    return np.ascontiguousarray(array.T[::-1])


def grey(image: Image) -> UInt8[ndarray, "rows columns"]:
    """The picture in 256 grey levels: of a run of frames, the one that differs most from the first."""
    array = image.array[fullest(image)] if image.array.ndim == 4 else image.array
    return hung(levels(array, image.unit)[..., 0])


def displayed(image: Image) -> UInt8[ndarray, "rows columns *colours"]:
    """The picture as it is looked at: in 256 levels of grey, or of red, green and blue."""
    return in_colour(image) if coloured(image) else grey(image)


def levels(array: Shaped[ndarray, "x y z"], unit: str) -> UInt8[ndarray, "x y z"]:
    """256 grey levels: a fixed window where the unit has one, else percentiles of the image are black and white."""
    if array.dtype == np.uint8:
        return array
    low, high = WINDOWS.get(unit) or np.percentile(array, WINDOW)
    return (np.clip((array.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1) * 255 + 0.5).astype(np.uint8)


def seen(sample: Sample, image: Image, names: Sequence[str]) -> list[Seen]:
    """What a picture shows of `names`, of everything if none: each finding for itself, and each structure whole.

    Structures overlap in a projection, so masks do. Raises DatasetError if the truth of the picture was not taken.
    """
    if image.labelled or image.grid == sample.scene.grid:
        labels = labels_on(sample, image)
        chosen = names or list(dict.fromkeys(lineage(id, sample.scene)[0] for id in present_ids(labels) if id))
        numbers = relabel(labels, sample.scene, chosen)[..., 0]
        parts = [Seen(name, hung(numbers == n)) for n, name in enumerate(chosen, 1)]
    elif image.shadows:
        parts = [Seen(name, _mask(image, cast)) for name, cast in _casts(sample, image, names)]
    else:
        raise unfit(sample, "its picture has no masks", "a recipe whose scanner takes 'shadows'")
    return [part for part in parts if part.mask.any()]


def axial(array: Shaped[ndarray, "x y z"], image: Image, position: int) -> Shaped[ndarray, "rows columns"]:
    """One slice of a volume as it hangs: the patient's right at the left, the front up."""
    return np.ascontiguousarray(to_ras(array, image.grid)[:, :, position].T[::-1, ::-1])


def png(picture: UInt8[ndarray, "rows columns *colours"]) -> bytes:
    """The bytes of a PNG file."""
    return png_of(Pillow.fromarray(picture))


def _casts(sample: Sample, image: Image, names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Class, and the shadows that make up one thing of it."""
    ids = {structure.name: id for id, structure in sample.scene.structures.items()}
    lines = {shadow: lineage(ids[shadow], sample.scene) if shadow in ids else (shadow,) for shadow in image.shadows}
    found: list[tuple[str, list[str]]] = []
    for name in names or dict.fromkeys(line[0] for line in lines.values()):
        members = [shadow for shadow, line in lines.items() if name in line]
        if name in image.shadows:
            found.append((name, [name]))
        elif findings := [shadow for shadow in members if name == FINDING or lines[shadow][0] == name]:
            found += [(name, [shadow]) for shadow in findings]
        elif members:
            found.append((name, members))
    return found


def _mask(image: Image, shadows: Sequence[str]) -> Bool[ndarray, "rows columns"]:
    paths = (image.shadow(name).over(image.grid.shape)[..., 0] > 0 for name in shadows)
    return hung(np.logical_or.reduce(list(paths)))
