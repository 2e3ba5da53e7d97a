"""What long work shows: a bar with the time left, on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = Callable[[int, int], None]
LINE_S = 30.0
"""Where there is no terminal a line tells how far the work is, so often."""


@contextmanager
def told(what: str) -> Iterator[Progress]:
    """A bar in a terminal once there is something to tell, else now and then a line, for the log of a long run.

    The function it gives takes (done, wanted).
    """
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bar(what, console) as tell:
            yield tell
    else:
        yield _lines(what)


def _lines(what: str) -> Progress:
    """Tells of every LINE_S seconds, and of the end of what took longer."""
    begun = last = time.monotonic()

    def tell(done: int, wanted: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > LINE_S or (done == wanted and last > begun):
            last = now
            print(f"{what} {done}/{wanted} after {lasting(now - begun)}", file=sys.stderr, flush=True)  # noqa: T201

    return tell


@contextmanager
def _bar(what: str, console: Any) -> Iterator[Progress]:
    """A bar with the time that is left."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn())
    bar = Bar(*columns, console=console)
    task = bar.add_task(what, total=None)

    def tell(done: int, wanted: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=wanted)

    try:
        yield tell
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def working(what: str, quietly: bool) -> Iterator[None]:
    """A spinner in a terminal while one thing is made, or nothing."""
    from rich.console import Console

    with Console(stderr=True, quiet=quietly).status(what):
        yield


@contextmanager
def silent() -> Iterator[Progress]:
    """Shows nothing."""
    yield lambda done, wanted: None


def size(count: float) -> str:
    """Bytes for a reader: "3.2 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def lasting(seconds: float) -> str:
    """A duration for a reader: "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
