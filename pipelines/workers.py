"""Mappers: the one place that knows whether work runs here or in other processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_exit
from typing import Any

Task = Callable[[Any], Any]
Mapper = Callable[[Task, Sequence[Any]], Iterator[tuple[Any, Any]]]
"""(task, items) to (item, result) as each is done, in any order; an item that killed its worker results in a Crash."""

WINDOW = 2
"""Items in hand per worker: one in work, one waiting."""
TRIES = 3
"""An item at which a worker died so often is to blame for it; one that died by chance is made again."""


@dataclass(frozen=True)
class Crash:
    """The result of an item at which its worker process died."""

    reason: str


def in_process(task: Task, items: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Runs every item here, one after the other."""
    return ((item, task(item)) for item in items)


def processes(count: int) -> Mapper:
    """A mapper over `count` worker processes that share the CPUs; an item that kills its worker costs itself alone."""

    def run(task: Task, items: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        waiting = list(reversed(items))
        while waiting:
            suspects = yield from _run_until_crash(task, waiting, count)
            deaths = dict.fromkeys(suspects, 1)
            while suspects:
                yield from _run_alone(task, suspects, deaths, count)

    return run


def cpus() -> int:
    """CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_until_crash(task: Task, waiting: list[Any], count: int) -> Iterator[Any]:
    """Works through `waiting` from its end; returns the items in hand when a worker died."""
    in_hand: dict[Future[Any], Any] = {}
    with _pool(count, cpus() // count) as pool:
        while waiting or in_hand:
            while waiting and len(in_hand) < WINDOW * count:
                try:
                    in_hand[_submit(pool, task, waiting[-1])] = waiting[-1]
                except BrokenProcessPool:
                    return list(in_hand.values())
                waiting.pop()
            done, _ = wait(in_hand, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    result = future.result()
                except BrokenProcessPool:
                    return list(in_hand.values())
                yield in_hand.pop(future), result
    return []


def _run_alone(task: Task, suspects: list[Any], deaths: dict[Any, int], count: int) -> Iterator[tuple[Any, Any]]:
    """Works through `suspects` one at a time, so that it is known which of them the worker dies of."""
    with _pool(1, cpus() // count) as pool:
        while suspects:
            item = suspects[0]
            try:
                result = _submit(pool, task, item).result()
            except BrokenProcessPool:
                deaths[item] += 1
                if deaths[item] < TRIES:
                    return
                result = Crash(f"the worker process died here {TRIES} times; too little memory is the usual cause")
            del suspects[0]
            yield item, result
            if isinstance(result, Crash):
                return


def _submit(pool: ProcessPoolExecutor, task: Task, item: Any) -> Future[Any]:
    """Hands out an item; a worker born of it is deaf to Ctrl-C from its first moment, which is the parent's to hear."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.submit(task, item)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(task, item)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pool(workers: int, threads: int) -> Iterator[ProcessPoolExecutor]:
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker, (max(1, threads),))
    try:
        yield pool
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def cap_threads(threads: int) -> None:
    """Kernels of this process use so many threads from now on, or as many as there are."""
    import numba

    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]


def _start_worker(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    cap_threads(threads)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_exit([parent.sentinel])
        os._exit(1)
