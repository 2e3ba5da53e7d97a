"""Ctrl-C: a first one ends a run cleanly, a second one ends the process at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ENDS = (signal.SIGINT, signal.SIGTERM)
"""A queue such as Slurm or Kubernetes says SIGTERM before it takes a machine away: that is a first Ctrl-C."""


@contextmanager
def leaving_well() -> Iterator[None]:
    """Within, a first SIGINT or SIGTERM raises KeyboardInterrupt; from then on a second one kills this process.

    Worker processes of it end by themselves. Outside the main thread, where signals never arrive, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _first) for number in ENDS}
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _first:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Within, a library may set signal handlers as it likes; afterwards they are what they were."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first(*_: Any) -> None:
    for each in ENDS:
        signal.signal(each, signal.SIG_DFL)
    raise KeyboardInterrupt
