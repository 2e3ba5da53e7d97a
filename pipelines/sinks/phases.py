"""4D export: the labels of a patient who moves as (x, y, z, t), and where every voxel goes in each phase."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from isal import igzip
from jaxtyping import Float32
from numpy import ndarray

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink, unfit
from pipelines.sinks.volumes import GZIP_LEVEL
from simdata.motion import Still
from simdata.sample import Sample
from simdata.scene import Scene

VECTOR = "vector"
WAYS = frozenset({"forward", "back"})


@dataclass(frozen=True, kw_only=True)
class Phases(FolderSink):
    """NNNNNN_labels.nii.gz (x, y, z, t) with seconds in its header; NNNNNN_forward_TT.nii.gz and NNNNNN_back_TT.nii.gz
    (x, y, z, 1, 3), RAS+ mm from where a voxel lay at rest to where it lies in phase TT, and from there back; and
    NNNNNN_phases.json: the times, and the state of each motion then.

    phases: so many, evenly over one period of the motion from `first_s` on; over `lasting_s` where that is given, as it
    must be for a motion that does not repeat. A patient who holds still has one phase. fields: which of the files are
    written. One phase is held in memory at a time. Images are not written: a scanner sees the moving patient itself.
    """

    phases: Annotated[int, Ge(1), Le(1000)] = 10
    first_s: float = 0.0
    lasting_s: Annotated[float, Gt(0)] | None = None
    fields: tuple[Literal["labels", "forward", "back"], ...] = ("labels", "forward", "back")

    def times_s(self, sample: Sample) -> Sequence[float]:
        """The times of the phases of one sample."""
        motion = sample.scene.motion
        if isinstance(motion, Still):
            return [self.first_s]
        lasting_s = self.lasting_s or motion.period_s
        if not lasting_s:
            raise unfit(sample, "its motion does not repeat", "--set lasting_s=SECONDS")
        return (self.first_s + lasting_s * np.arange(self.phases) / self.phases).round(9).tolist()

    def write(self, index: int, sample: Sample) -> None:
        motion, times_s = sample.scene.motion, self.times_s(sample)
        step_s = times_s[1] - times_s[0] if len(times_s) > 1 else 0.0
        write_phases(self, index, sample, times_s, self.fields, step_s)
        states = [{"t_s": t_s, **motion.state(t_s)} for t_s in times_s]
        self.put_json(f"{index:06d}_phases.json", {"period_s": motion.period_s, "phases": states})

    def finish(self, written: Sequence[Any]) -> None:
        if self.labels:
            self.put_json("labels.json", self.numbers)


def write_phases(
    sink: FolderSink, index: int, sample: Sample, times_s: Sequence[float], fields: Sequence[str], step_s: float
) -> None:
    """The labels of all phases in one file, and the ways of each in its own, as `Phases` says; one phase is in memory.

    step_s: from phase to phase, for the header; 0 where they are not evenly apart.
    """
    scene, folder = sample.scene, Path(sink.folder)
    with ExitStack() as closing:
        labels = closing.enter_context(_gzip(folder / f"{index:06d}_labels.nii.gz")) if "labels" in fields else None
        if labels:
            labels.write(_header(sample, (*scene.grid.shape, len(times_s)), np.uint16, step_s, times_s[0]))
        for number, t_s in enumerate(times_s):
            phase = _Phase(scene, t_s)
            if labels:
                now = phase.now()
                labels.write(relabel(now.labels, now, sink.labels).astype(np.uint16).tobytes(order="F"))
            for name in WAYS.intersection(fields):
                with _gzip(folder / f"{index:06d}_{name}_{number:02d}.nii.gz") as file:
                    file.write(_header(sample, (*scene.grid.shape, 1, 3), np.float32, 0.0, t_s, VECTOR))
                    for axis in getattr(phase, name):
                        file.write(axis.tobytes(order="F"))


@dataclass(frozen=True)
class _Phase:
    """A patient at one time: labels and the way back need the same field."""

    scene: Scene
    t_s: float

    @cached_property
    def back(self) -> Float32[ndarray, "3 x y z"]:
        return self.scene.motion.displacement(self.scene.grid, self.t_s)

    @property
    def forward(self) -> Float32[ndarray, "3 x y z"]:
        return self.scene.motion.forward(self.scene.grid, self.t_s)

    def now(self) -> Scene:
        return self.scene.at(self.t_s, self.back)


def _header(sample: Sample, shape, dtype: type, step_s: float, first_s: float, intent: str = "none") -> bytes:
    """A NIfTI-1 header, up to where the voxels begin: mm and s, qform equal to sform."""
    from nibabel.nifti1 import Nifti1Header

    header = Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    affine = sample.scene.grid.affine
    zooms = (*sample.scene.grid.spacing_mm, step_s or 1.0, 1.0)[: len(shape)]
    header.set_zooms(zooms)
    header.set_sform(affine, code="scanner")
    header.set_qform(affine, code="scanner", strip_shears=False)
    header.set_xyzt_units("mm", "sec")
    header.set_intent(intent)
    header["toffset"] = first_s
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    return header.binaryblock + bytes(4)


@contextmanager
def _gzip(path: Path) -> Iterator[BinaryIO]:
    """A gzip file to write to, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as raw,
        igzip.IGzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=raw, mtime=0) as zipped,
    ):
        yield zipped  # pyright: ignore[reportReturnType]
