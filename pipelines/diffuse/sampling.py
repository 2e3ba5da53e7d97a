"""Images that a model makes, as files: pictures as 8-bit PNG, volumes as NIfTI, and what was asked for beside them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.facts import Facts
from pipelines.diffuse.model import Diffuser
from pipelines.durable import write_whole
from pipelines.learn.folders import source_of
from pipelines.progress import Progress
from pipelines.sinks.pictures import png
from simdata.errors import DatasetError, RecipeError
from simdata.streams import Streams

WHITE = 255


def told_facts(words: Sequence[str]) -> Facts:
    """The facts in words such as "age_y=54". Raises RecipeError for one without a "="."""
    for word in words:
        if "=" not in word:
            raise RecipeError(f"--fact {word}: found no '='; a=b would do, as in age_y=54")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def asked(model: Diffuser, labels: Path | None, values: str, count: int) -> Sequence[UInt8[ndarray, "..."]]:
    """What is to be drawn: `count` times every label of a folder, or anything of the size of a patch.

    Raises DatasetError for a model that needs labels where there are none, or the other way round.
    """
    classes = model.recipe.classes
    if labels is None:
        if classes and not model.recipe.dropped:
            raise DatasetError(f"the model was always told where {', '.join(classes)} lie; --labels DIR would do")
        return list(untold(count, model.recipe.patch))
    if not classes:
        raise DatasetError(f"--labels {labels}: the model was never told anything; leave it out")
    found = source_of(labels, labels, values=values).open(len(classes))
    return [example.known() for example in found for _ in range(count)]


def write(
    hand: Hand, wanted: Sequence[UInt8[ndarray, "..."]], out: Path, seed: int, batch: int, progress: Progress
) -> None:
    """Draws and writes images/000000.png .. and, where something was told, labels/ of the same names.

    The same seed and batch give the same bytes on one kind of machine. Raises DatasetError for a folder with files.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: holds files; a new or empty folder would do")
    told = bool(hand.model.recipe.classes) and any((label != WHITE).any() for label in wanted)
    for name in ("images", "labels") if told else ("images",):
        (out / name).mkdir(parents=True, exist_ok=True)
    for first, block in _blocks(wanted, batch):
        images = hand.synthesise(np.stack(block), Streams(seed, first).generator)
        for number, (image, label) in enumerate(zip(images, block, strict=True), first):
            write_image(out / "images" / f"{number:06d}", image)
            if told:
                write_label(out / "labels" / f"{number:06d}", label, len(hand.model.recipe.classes))
        progress(first + len(block), len(wanted))


def write_image(path: Path, image: Float32[ndarray, "c ..."]) -> None:
    """Writes an image between 0 and 1 at `path` and its ending: .png with 256 levels, .nii with floats."""
    if image.ndim == 4:
        _write_volume(path, np.moveaxis(image, 0, -1) if len(image) > 1 else image[0])
        return
    levels = (np.clip(image, 0, 1) * WHITE + 0.5).astype(np.uint8)
    write_whole(path.with_suffix(".png"), png(np.moveaxis(levels, 0, -1) if len(levels) == 3 else levels[0]))


def write_label(path: Path, label: UInt8[ndarray, "..."], classes: int) -> None:
    """Writes a label map at `path` and its ending: the number of each class; of one class, a white mask."""
    if label.ndim == 3:
        _write_volume(path, label)
        return
    write_whole(path.with_suffix(".png"), png(label * np.uint8(WHITE) if classes == 1 else label))


def _write_volume(path: Path, array: ndarray) -> None:
    """Voxels of 1 mm: a model knows of no others."""
    import nibabel as nib

    volume = nib.Nifti1Image(array, np.eye(4))  # pyright: ignore[reportPrivateImportUsage]
    write_whole(path.with_suffix(".nii"), volume.to_bytes())


def _blocks(wanted: Sequence[ndarray], batch: int):
    """Runs of labels of one size, `batch` at most, each with the place of its first."""
    first = 0
    while first < len(wanted):
        last = first
        while last < len(wanted) and last - first < batch and wanted[last].shape == wanted[first].shape:
            last += 1
        yield first, list(wanted[first:last])
        first = last
