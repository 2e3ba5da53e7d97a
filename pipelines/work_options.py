"""The options that say where samples are made: in this process, in several, or on a Ray cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipelines.codes import INTERRUPTED
from pipelines.options import complain
from pipelines.workers import Mapper, in_process, processes

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=10_000, help="Samples in work at once: processes of this machine, or places on Ray."
    ),
]
RayAddress = Annotated[
    str | None, typer.Option("--ray", metavar="local|auto|HOST:PORT", help="Make the samples on a Ray cluster.")
]
Cpus = Annotated[int | None, typer.Option("--cpus", min=1, help="On Ray: CPUs of each sample in work.")]
Gpus = Annotated[float | None, typer.Option("--gpus", min=0.0, help="On Ray: GPUs of each, as 1 or 0.5.")]


def mapper_of(folder: Path, workers: int | None, ray: str | None, cpus: int | None, gpus: float | None) -> Mapper:
    """The mapper that the options ask for. Raises BackendError where one of them would do nothing."""
    from simdata.errors import BackendError

    if ray is None:
        if cpus is not None or gpus is not None:
            raise BackendError("--cpus and --gpus: only Ray grants them; --ray local, auto or HOST:PORT too would do")
        return in_process if workers in (None, 1) else processes(workers)
    from pipelines.cluster import Grant, on_ray

    return on_ray(ray, folder, Grant(cpus or 1, gpus or 0.0), workers)


@contextmanager
def interruptible(folder: Path) -> Iterator[None]:
    """Within, Ctrl-C ends with one line and its exit code; a second Ctrl-C ends at once."""
    from pipelines.interrupt import leaving_well

    try:
        with leaving_well():
            yield
    except KeyboardInterrupt as stop:
        complain(f"interrupted; the finished samples in {folder} are kept, and the same command goes on")
        raise typer.Exit(INTERRUPTED) from stop
