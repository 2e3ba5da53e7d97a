"""Ray: the samples of a run shared out over one machine or many; workers write their own files, receipts come back."""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.cluster_door import check_here, check_nodes, connected
from pipelines.make import versions
from pipelines.workers import TRIES, WINDOW, Crash, Mapper, Task, cap_threads
from simdata.errors import BackendError, SimdataError

LOOK_S = 2.0
"""So often the nodes are counted: they may join and leave."""
PATIENCE_S = 20.0
"""So long no node that could make a sample is borne."""


@dataclass(frozen=True)
class Grant:
    """What each sample in work is granted: CPUs, and GPUs or a part of one."""

    cpus: int = 1
    gpus: float = 0.0

    def __str__(self) -> str:
        return f"{self.cpus} CPUs" + (f" and {self.gpus:g} GPUs" if self.gpus else "")

    def fits(self, node: dict[str, Any]) -> int:
        """How many samples a node (an entry of `ray.nodes()`) can have in work at once."""
        resources = node["Resources"] if node["Alive"] else {}
        by_cpu = resources.get("CPU", 0) // self.cpus
        return int(min(by_cpu, resources.get("GPU", 0) / self.gpus + 1e-6) if self.gpus else by_cpu)


def on_ray(address: str, folder: Path, grant: Grant = Grant(), most: int | None = None) -> Mapper:
    """A mapper over the nodes of a Ray cluster, or of one started here ("local") for the time of the run.

    folder: that of the dataset, which every node must see. most: samples in work at once, all that fit by default.
    A worker or a node that dies costs what it had in hand, which is made again; an item at which a worker died
    `TRIES` times results in a Crash. Raises BackendError if the cluster cannot be reached, is not like this machine,
    or has no room for a single sample for 20 s.
    """

    def run(task: Task, items: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        if items:
            with connected(address, grant.cpus * (most or 0)):
                room = _Room(grant, most)
                room.wait()
                check_nodes(folder)
                yield from _share_out(task, items, room)

    return run


class _Room:
    """How many samples the cluster can have in work now; it says so when it is none for too long."""

    def __init__(self, grant: Grant, most: int | None) -> None:
        self.grant, self.most = grant, most
        self.slots, self._looked_s, self._seen_s = 0, float("-inf"), time.monotonic()

    def look(self) -> int:
        """Slots for samples; counted anew now and then. Raises BackendError when there were none for too long."""
        import ray

        now = time.monotonic()
        if now - self._looked_s > LOOK_S:
            self._looked_s, nodes = now, ray.nodes()
            slots = sum(self.grant.fits(node) for node in nodes)
            self.slots = min(slots, self.most or slots)
            if self.slots:
                self._seen_s = now
            elif now - self._seen_s > PATIENCE_S:
                raise BackendError(f"Ray: a sample wants {self.grant}, found {_told(nodes)}; {_WOULD_DO}")
        return self.slots

    def wait(self) -> None:
        """Until there is room for a sample."""
        while not self.look():
            time.sleep(LOOK_S / 4)


_WOULD_DO = "smaller --cpus and --gpus, or a node with so many, would do"


def _told(nodes: Sequence[dict[str, Any]]) -> str:
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    each = (f"{has.get('CPU', 0):g} CPUs and {has.get('GPU', 0):g} GPUs" for has in alive)
    return f"{len(alive)} nodes ({', '.join(sorted(each)) or 'none alive'})"


def _share_out(task: Task, items: Sequence[Any], room: _Room) -> Iterator[tuple[Any, Any]]:
    import ray

    grant = room.grant
    work = ray.remote(_worker(task, grant.cpus)).options(num_cpus=grant.cpus, num_gpus=grant.gpus, max_retries=0)
    waiting = deque((item, 1) for item in items)
    in_hand: dict[ray.ObjectRef, tuple[Any, int]] = {}
    try:
        while waiting or in_hand:
            while waiting and len(in_hand) < WINDOW * room.look():
                item, turn = waiting.popleft()
                in_hand[work.remote(item)] = item, turn
            done, _ = ray.wait(list(in_hand), timeout=LOOK_S) if in_hand else ([], [])
            if not done:
                room.look()
            for reference in done:
                item, turn = in_hand.pop(reference)
                result = _result(reference, turn)
                if result is _AGAIN:
                    waiting.appendleft((item, turn + 1))
                else:
                    yield item, result
    finally:
        for reference in in_hand:
            ray.cancel(reference)  # by force, Ray ends this process where a task ends in the same moment


_AGAIN = object()
_NOT_LOADED = "The remote function failed to import"
"""How Ray begins, where a worker cannot load what it is to do."""


def _worker(task: Task, cpus: int) -> Task:
    """What runs in the workers of the cluster; it travels to each of them once, and with it all but the item.

    A worker finds plug-ins where the driver does, as a worker process here would. A node that joined after the first
    question is asked here, before it makes anything.
    """
    paths, wanted = list(sys.path), versions()

    def _work(item: Any) -> Any:
        sys.path += [path for path in paths if path not in sys.path]
        check_here(wanted)
        cap_threads(cpus)
        return task(item)

    return _work


def _result(reference: Any, turn: int) -> Any:
    """What the task returned; _AGAIN or a Crash where its worker or node died. Raises what the task raised."""
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayTaskError, WorkerCrashedError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        if (said := str(error.cause).strip()).startswith(_NOT_LOADED):
            reason = said.rpartition("\n")[2]
            raise BackendError(
                f"Ray: a worker cannot load simdata: {reason}; the same on every node would do"
            ) from None
        raise error.cause from (None if isinstance(error.cause, SimdataError) else error)
    except NodeDiedError:
        return _AGAIN
    except OutOfMemoryError:
        reason = "Ray ended the worker for want of memory; fewer samples at once (--cpus, --workers) would do"
        return _AGAIN if turn < TRIES else Crash(reason)
    except WorkerCrashedError:
        reason = f"the worker process died here {TRIES} times; too little memory is the usual cause"
        return _AGAIN if turn < TRIES else Crash(reason)
