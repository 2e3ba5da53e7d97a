"""Submitting: a run handed to a Ray cluster as a job; its recipe goes there, its words and exit code come back."""

import asyncio
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from pipelines.cluster_door import first_line, import_ray
from pipelines.plain import dump_yaml
from pipelines.recipe import Recipe
from simdata.errors import BackendError

RECIPE = "recipe.yaml"
DASHBOARD = "http://127.0.0.1:8265"
"""Ray's dashboard takes jobs; it listens on its head node alone, and ssh -L 8265:127.0.0.1:8265 HEAD brings it here."""
LOST, STOPPED = 2, 130
NOBODY_YET, PATIENCE_S, AGAIN_S = "No available agent", 60.0, 1.0
"""What a cluster says until the agent of a node is up, and for how long, how often it is asked again."""


def submit(made: Recipe, address: str, out: Path, options: Sequence[str], tell: Callable[[str], Any]) -> int:
    """Runs `simdata generate RECIPE --out OUT --ray auto` with `options` on the cluster; the exit code of that.

    address: of the dashboard. out: a folder that every node shares. tell: takes the job's name, then what it writes.
    Raises BackendError if nobody takes jobs there, or if `out` could mean another folder there.
    """
    if not out.is_absolute():
        raise BackendError(f"--out {out}: the cluster has another working folder; one from the root, /data/x, would do")
    client = _client(address)
    command = ["python", "-m", "pipelines", "generate", RECIPE, "--out", str(out), "--ray", "auto", *options]
    with tempfile.TemporaryDirectory() as parcel:
        _pack(made, Path(parcel))
        job = _taken(client, address, shlex.join(command), parcel)
    tell(f"job {job}: 'ray job stop {job} --address {address}' stops it, Ctrl-C here leaves it running\n")
    asyncio.run(_follow(client, job, tell))
    return _exit_code(client, job, tell)


def _taken(client: Any, address: str, command: str, parcel: str) -> str:
    """The name of the job; a cluster that has just begun is asked again until it has somebody who takes it."""
    until = monotonic() + PATIENCE_S
    while True:
        try:
            return client.submit_job(entrypoint=command, runtime_env={"working_dir": parcel})
        except Exception as reason:
            if NOBODY_YET not in str(reason):
                raise BackendError(f"--address {address}: the job was refused: {first_line(reason)}") from reason
            if monotonic() > until:
                raise BackendError(
                    f"--address {address}: the cluster took no job in {PATIENCE_S:.0f} s: no agent listens on its head "
                    "node; where another Ray on that machine has its port, 'ray start --head "
                    "--dashboard-agent-listen-port=0' would do"
                ) from reason
        sleep(AGAIN_S)


def _client(address: str) -> Any:
    import_ray()
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except Exception as reason:
        raise BackendError(
            f"--address {address}: nobody takes jobs there ({first_line(reason)}); the dashboard of a Ray cluster, "
            f"as {DASHBOARD} on its head node, would do"
        ) from reason


def _pack(made: Recipe, parcel: Path) -> None:
    """The recipe, and the plug-ins that lie in the working folder."""
    (parcel / RECIPE).write_text(dump_yaml(made.plain()), encoding="utf-8")
    for plugin in made.plugins:
        origin = getattr(find_spec(plugin), "origin", None)
        source = Path(origin or os.devnull)
        source = source.parent if source.name == "__init__.py" else source
        if source.is_relative_to(Path.cwd()):
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, parcel / source.name)


async def _follow(client: Any, job: str, tell: Callable[[str], Any]) -> None:
    async for piece in client.tail_job_logs(job):
        tell(piece)


def _exit_code(client: Any, job: str, tell: Callable[[str], Any]) -> int:
    from ray.job_submission import JobStatus

    about = client.get_job_info(job)
    if about.status == JobStatus.SUCCEEDED:
        return 0
    if about.status == JobStatus.STOPPED:
        return STOPPED
    if about.driver_exit_code is None:
        tell(f"{about.message}\n")
    return about.driver_exit_code or LOST
