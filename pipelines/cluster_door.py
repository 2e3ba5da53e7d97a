"""The door to a Ray cluster: it answers, it has what this machine has, and it sees the folder; or one clear error."""

import logging
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.interrupt import signals_kept
from pipelines.make import versions
from simdata.errors import BackendError

LOCAL = "local"
OBJECT_STORE_BYTES = 100 * 2**20
"""Receipts are all that Ray carries, and they never enter its object store."""
ANSWER_S, PROBE_S = 10.0, 60.0
TOKEN = ".shared-"
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
}
"""Ray sends no statistics home, and leaves it to us to tell of errors."""
START = "'ray start --head' on this machine, or the address that it printed, would do"


@contextmanager
def connected(address: str, cpus: int = 0) -> Iterator[None]:
    """Within, this process is connected to the cluster at `address`; one started here ("local") ends with it.

    cpus: of a local one, all of the machine's if 0. A connection that the caller made before is used and kept. Raises
    BackendError if nobody answers there.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield
        return
    try:
        with signals_kept():
            if address == LOCAL:
                _start(ray, cpus)
            else:
                _join(ray, address)
        yield
    finally:
        ray.shutdown()


def import_ray() -> Any:
    """The package ray, with its environment set. Raises BackendError if it is not installed."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as reason:
        raise BackendError(f"Ray is not installed ({reason}); pip install 'simdata[ray]' would do") from reason
    return ray


def _start(ray: Any, cpus: int) -> None:
    """Ray on this machine alone, without a dashboard; it answers nobody who lacks its token, which Ray makes."""
    try:
        ray.init(
            LOCAL,
            num_cpus=cpus or None,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            **_silently(),
        )
    except Exception as reason:
        raise BackendError(f"--ray local: Ray did not start: {reason}; --workers would do without it") from reason


def _join(ray: Any, address: str) -> None:
    if address != "auto":
        _check_answers(address)
    try:
        ray.init(address, **_silently())
    except Exception as reason:
        said = " ".join(str(reason).split())
        raise BackendError(f"--ray {address}: {said}; {START}") from reason


def _silently() -> dict[str, Any]:
    return {"log_to_driver": False, "logging_level": logging.ERROR}


def _check_answers(address: str) -> None:
    """Raises BackendError within seconds where Ray itself would wait for minutes and then end the process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        raise BackendError(f"--ray {address}: found no HOST:PORT; {START}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as reason:
        raise BackendError(f"--ray {address}: nobody answers ({reason}); {START}") from reason
    if not _speaks_grpc(f"{host}:{port}"):
        raise BackendError(f"--ray {address}: what answers there is not Ray; {START}")


def _speaks_grpc(target: str) -> bool:
    import grpc

    with grpc.insecure_channel(target) as channel:
        try:
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=ANSWER_S)
        except grpc.RpcError as error:
            return error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)  # type: ignore
    return True


def check_nodes(folder: Path) -> None:
    """Asks every node for its versions and for the folder. Raises BackendError for the first that is unlike this one.

    The question travels as code, not as a name, so that a node without simdata can answer it.
    """
    import ray

    token = folder.resolve() / f"{TOKEN}{uuid4().hex}"
    token.touch()
    try:
        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        asked = {_ask(node["NodeID"], token): node["NodeManagerHostname"] for node in nodes}
        answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=PROBE_S)
        for reference in answered:
            _judge(reference, asked[reference], folder)
    finally:
        with suppress(OSError):
            token.unlink()


def _ask(node_id: str, token: Path) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    look = ray.remote(_question()).options(num_cpus=0, max_retries=1, scheduling_strategy=there)
    return look.remote(list(versions()), str(token))


def _question() -> Any:
    def look(packages: Iterable[str], token: str) -> tuple[dict[str, str], bool]:
        from importlib import import_module
        from importlib.metadata import version
        from pathlib import Path

        found = {}
        for package in packages:
            try:
                import_module(package)
                found[package] = version(package)
            except Exception as reason:
                found[package] = f"none ({reason})"
        return found, Path(token).exists()

    return look


def _judge(reference: Any, host: str, folder: Path) -> None:
    import ray
    from ray.exceptions import RayError

    try:
        found, shared = ray.get(reference)
    except RayError:
        return  # a node that died meanwhile
    _check_versions(host, found, versions())
    if not shared:
        raise BackendError(
            f"node {host}: does not see {folder.resolve()}; an --out on a disk that all nodes share would do"
        )


def check_here(wanted: Mapping[str, str]) -> None:
    """Raises BackendError if this node, where a worker asks, has other versions than are wanted."""
    _check_versions(socket.gethostname(), _versions_here(tuple(wanted)), wanted)


@cache
def _versions_here(packages: tuple[str, ...]) -> Mapping[str, str]:
    return _question()(packages, os.devnull)[0]


def _check_versions(host: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    wrong = [f"{name} {found[name]} there, {here} here" for name, here in wanted.items() if found[name] != here]
    if wrong:
        raise BackendError(
            f"node {host}: {', '.join(wrong)}; samples of two versions would differ: the same on every node would do"
        )


def first_line(reason: BaseException) -> str:
    """What an error says, in one line."""
    return str(reason).strip().partition("\n")[0].rstrip(".")
