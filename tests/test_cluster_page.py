"""The files on the page about clusters are what Ray, Kubernetes and Slurm take, and do what the page says."""

import json
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from test_docs import blocks
from typer.testing import CliRunner

PAGE = "docs/cluster.md"


@pytest.fixture
def launcher():
    return yaml.safe_load(next(text for kind, text in blocks(PAGE) if "cluster_name" in text))


@pytest.fixture
def kubernetes():
    return list(yaml.safe_load_all(next(text for kind, text in blocks(PAGE) if "RayJob" in text)))


@pytest.fixture
def slurm():
    return next(text for kind, text in blocks(PAGE) if kind == "bash")


def options_of(command):
    from pipelines.app import app

    said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).output
    return {word for word in said.split() if word.startswith("--")}


def test_the_launchers_file_is_what_ray_takes(launcher):
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(launcher, schema)
    assert any("--dashboard-host=127.0.0.1" in command for command in launcher["head_start_ray_commands"])


def test_every_option_of_ray_start_is_one(launcher, slurm):
    from ray.scripts.scripts import start

    known = {option for parameter in start.params for option in parameter.opts}
    commands = [
        *launcher["head_start_ray_commands"],
        *launcher["worker_start_ray_commands"],
        slurm.replace("\\\n", " "),
    ]
    used = {
        word.partition("=")[0]
        for line in "\n".join(commands).splitlines()
        if "ray start" in line
        for word in shlex.split(line.partition("ray start")[2])
        if word.startswith("--")
    }
    assert used <= known
    assert "--head" in used


def test_the_job_of_kubernetes_makes_what_it_mounts(kubernetes):
    job, policy = kubernetes
    assert (job["kind"], policy["kind"]) == ("RayJob", "NetworkPolicy")
    cluster = job["spec"]["rayClusterSpec"]
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[:2] == ["simdata", "generate"]
    assert {word for word in words if word.startswith("--")} <= options_of("generate")
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts.keys() <= {volume["name"] for volume in pod["volumes"]}
        assert words[words.index("--out") + 1].startswith(mounts["data"])


def test_ray_has_the_version_that_is_installed_here(kubernetes):
    import ray

    assert kubernetes[0]["spec"]["rayClusterSpec"]["rayVersion"] == ray.__version__


def test_the_script_of_slurm_is_whole(slurm):
    checked = subprocess.run(["bash", "-n"], input=slurm, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert {"--out", "--ray"} <= options_of("generate")
