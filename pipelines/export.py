"""Export: the samples of a dataset, handed to a sink one by one."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipelines.nifti import Nifti
from simdata.dataset import Dataset
from simdata.errors import DatasetError, RecipeError, did_you_mean
from simdata.parts import Sink

SINKS: Mapping[str, Callable[[str], Sink]] = {"nifti": lambda folder: Nifti(folder=folder)}


def export(folder: Path, to: str, out: Path, progress: Callable[[int, int], None] = lambda done, wanted: None) -> int:
    """Writes every sample of the dataset in `folder` into the new folder `out`; returns how many.

    Raises RecipeError for an unknown `to`, DatasetError if `folder` is no dataset or `out` cannot be written or holds
    something.
    """
    if to not in SINKS:
        raise RecipeError(f"--to {to}: {did_you_mean(to, SINKS)}")
    dataset = Dataset(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise DatasetError(f"{out}: holds files already; a new or empty folder would do")
    except OSError as reason:
        raise DatasetError(f"{out}: {reason.strerror or reason}; a folder that can be written would do") from reason
    sink = SINKS[to](str(out))
    for done, sample in enumerate(dataset, 1):
        sink.write(sample.index, sample)
        progress(done, len(dataset))
    return len(dataset)
