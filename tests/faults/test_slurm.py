"""The script for Slurm does what the page says, with this machine in the place of the nodes."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from test_docs import blocks

from faults.harness import TREE, check_nothing_is_lost, lines, undisturbed, wait_for
from pipelines.plain import dump_yaml

COMMANDS = {
    "scontrol": 'if [ "$1" = show ]; then echo localhost; else echo "$@" >> "$SLURM_SUBMIT_DIR/scontrol.log"; fi',
    "srun": 'while [[ $1 == -* ]]; do [[ $1 == -w ]] && shift; shift; done; exec "$@"',
    "hostname": "echo 127.0.0.1",
    "simdata": f'cd "$TESTS" && exec {sys.executable} -m pipelines "$@" --plugin toys',
}


@pytest.mark.slow
def test_the_script_makes_the_dataset_and_goes_on_after_a_signal(tmp_path):
    script = next(text for kind, text in blocks("docs/cluster.md") if kind == "bash")
    tools = tmp_path / "venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "activate").write_text(f'export PATH="{tools}:{Path(sys.executable).parent}:$PATH"\n')
    for name, body in COMMANDS.items():
        (tools / name).write_text(f"#!/bin/bash\n{body}\n")
        (tools / name).chmod(stat.S_IRWXU)
    slow = {**TREE, "count": 40, "grow": [{"kind": "toys.Slow", "seconds": 0.02}]}
    (tmp_path / "recipe.yaml").write_text(dump_yaml(slow))
    (tmp_path / "simdata.sbatch").write_text(script)
    job = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_JOB_NODELIST": "localhost", "SLURM_CPUS_PER_TASK": "1"}
    environment = {**os.environ, **job, "TESTS": str(Path(__file__).parent.parent)}
    out = tmp_path / "dataset"

    codes = []
    for turn in range(2):
        with (tmp_path / f"{turn}.log").open("w") as log:
            run = subprocess.Popen(
                ["bash", tmp_path / "simdata.sbatch"],
                env={**environment, "SLURM_JOB_ID": f"{turn + 1}{os.getpid()}"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            if turn == 0:
                wait_for(lambda: lines(out) >= 2)
                run.send_signal(signal.SIGTERM)
            codes.append(run.wait(600))
            os.killpg(run.pid, signal.SIGTERM)
    assert codes == [130, 0]
    assert (tmp_path / "scontrol.log").read_text() == f"requeue 1{os.getpid()}\n"
    check_nothing_is_lost(out, undisturbed(40, tmp_path / "undisturbed"))
