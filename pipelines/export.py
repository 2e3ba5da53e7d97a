"""Export: the samples of a dataset, handed to a sink one by one; the folder is there when all of it is."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.build import build, find_part
from pipelines.durable import TEMPORARY, disk_refused, sync_folder
from pipelines.plain import parse_yaml
from pipelines.sinks.classes import ALL, chosen
from pipelines.sinks.folder import FolderSink
from simdata.dataset import Dataset
from simdata.errors import DatasetError, RecipeError, did_you_mean

FORMS: Mapping[str, str] = {
    "nifti": "pipelines.sinks.nifti.Nifti",
    "nnunet": "pipelines.sinks.nnunet.NnUNet",
    "monai": "pipelines.sinks.monai.MonaiDatalist",
    "torchio": "pipelines.sinks.torchio.TorchIO",
    "decathlon": "pipelines.sinks.decathlon.Decathlon",
    "bids": "pipelines.sinks.bids.Bids",
    "dicom": "pipelines.sinks.dicom.Dicom",
    "coco": "pipelines.sinks.coco.Coco",
    "png": "pipelines.sinks.png.Png",
    "webdataset": "pipelines.sinks.webdataset.WebDataset",
    "zarr": "pipelines.sinks.ome_zarr.OmeZarr",
    "fastmri": "pipelines.sinks.fastmri.FastMri",
    "prompts": "pipelines.sinks.prompts.Prompts",
    "captions": "pipelines.sinks.captions.Captions",
    "croissant": "pipelines.sinks.croissant.Croissant",
    "phases": "pipelines.sinks.phases.Phases",
    "amplitudes": "pipelines.sinks.amplitudes.Amplitudes",
}


def export(
    folder: Path,
    to: str,
    out: Path,
    progress: Callable[[int, int], None] = lambda done, wanted: None,
    labels: str = ALL,
    images: Sequence[str] = (),
    settings: Mapping[str, Any] = MappingProxyType({}),
    plugins: tuple[str, ...] = (),
) -> int:
    """Writes every sample of the dataset in `folder` into the new folder `out`; returns how many.

    to: one of FORMS, or the dotted path of another FolderSink. labels: "all", "totalsegmentator", "organs", or names
    with commas between. images: those to write; all that suit the form if none. settings: further fields of the sink.
    plugins: packages beside our own whose sinks may be used. Whatever goes wrong, `out` is as it was.
    Raises RecipeError for an unknown `to`, label or setting; DatasetError if `folder` is no dataset, a sample has not
    what the form needs, a package is missing, or `out` cannot be written or holds something.
    """
    if to not in FORMS and "." not in to:
        raise RecipeError(f"--to {to}: {did_you_mean(to, FORMS)}")
    kind = FORMS.get(to, to)
    dataset, form = Dataset(folder), find_part(kind, FolderSink, f"--to {to}", plugins)
    _check_packages(to, form)
    with _new_folder(out) as made:
        names = chosen(labels, dataset, form)
        fields = {"folder": str(made), "images": list(images), "labels": list(names)}
        sink = build({"kind": kind, **fields, **settings}, FolderSink, f"--to {to}", plugins)
        written = []
        for position, receipt in enumerate(dataset.receipts):
            written.append(sink.write(receipt.index, dataset[position]))
            progress(position + 1, len(dataset))
        sink.finish(written)
    return len(dataset)


def setting(text: str) -> tuple[str, Any]:
    """The field of a sink and its value, of a text such as "samples_per_tar=100". Raises RecipeError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"--set {text}: no '=' found; --set {name}=VALUE would do")
    return name, parse_yaml(value, f"--set {text}")


def _check_packages(to: str, form: type[FolderSink]) -> None:
    if missing := [package for package in form.needs if find_spec(package) is None]:
        package = "'simdata[export]'" if to in FORMS else missing[0]
        raise DatasetError(f"--to {to}: {missing[0]} is not installed; pip install {package} would do")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name at the end, or goes away with all in it. Raises DatasetError."""
    temporary = out.with_name(out.name + TEMPORARY)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DatasetError(f"{out}: holds files already; a new or empty folder would do")
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise DatasetError(disk_refused(out, reason)) from reason
    try:
        temporary.mkdir()
    except FileExistsError as reason:
        raise DatasetError(
            f"{temporary}: another export is writing here, or was cut off; waiting for it, or removing this folder, "
            "would do"
        ) from reason
    except OSError as reason:
        raise DatasetError(disk_refused(out, reason)) from reason
    try:
        yield temporary
        _settle(temporary)
        if out.exists():
            out.rmdir()
        temporary.rename(out)
        sync_folder(out.parent)
    except OSError as reason:
        raise DatasetError(disk_refused(out, reason)) from reason
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Waits until every file of a folder is on the disk, so that the name it gets next is not that of empty files."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
