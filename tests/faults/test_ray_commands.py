"""Ray from the command line: started here, submitted to a cluster, or not there at all."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from faults.harness import TREE, below, check_nothing_is_lost, lines, undisturbed, wait_for
from pipelines.plain import dump_yaml
from pipelines.recipe import load
from pipelines.submit import submit
from simdata import BackendError

TESTS = Path(__file__).parent.parent


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_yaml({**TREE, "count": 8}))
    return path


def simdata(*arguments):
    command = [sys.executable, "-m", "pipelines", *map(str, arguments), "--plugin", "toys"]
    return subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_ray_on_this_machine_is_interrupted_goes_on_and_leaves_nothing_behind(recipe_file, tmp_path):
    expected, out = undisturbed(8, tmp_path / "undisturbed"), tmp_path / "out"
    command = ("generate", recipe_file, "--out", out, "--ray", "local", "--workers", 1)
    run = simdata(*command)
    wait_for(lambda: lines(out) >= 2)
    processes = below(run.pid, "ray")
    run.send_signal(signal.SIGTERM)
    said = run.communicate(timeout=60)[1]
    assert run.returncode in (0, 130), said
    assert "Traceback" not in said
    assert processes
    wait_for(lambda: not [pid for pid in processes if Path(f"/proc/{pid}").exists()], 20)
    assert simdata(*command[:4], "-q").communicate()[1] == ""
    check_nothing_is_lost(out, expected)


def test_a_dead_address_is_one_clear_error_at_once(recipe_file, tmp_path):
    run = simdata("generate", recipe_file, "--out", tmp_path / "out", "--ray", "127.0.0.1:1", "-q")
    complaint = run.communicate()[1]
    assert run.returncode == 2
    assert re.search(r"^error: --ray 127.0.0.1:1: nobody answers \(.*refused\); 'ray start --head' on", complaint)
    assert complaint.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "said"), [("no.such.host.invalid:6379", "nobody answers"), ("somewhere", "found no HOST:PORT")]
)
def test_an_address_that_is_none_is_said(address, said):
    from pipelines.cluster_door import _check_answers

    with pytest.raises(BackendError, match=f"--ray {address}: {said}"):
        _check_answers(address)


def test_what_answers_but_is_not_ray_is_said(monkeypatch):
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    from pipelines.cluster_door import _check_answers

    monkeypatch.setattr("pipelines.cluster_door.ANSWER_S", 2.0)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(BackendError, match="what answers there is not Ray"):
            _check_answers(f"127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_job_for_nobody_or_for_any_folder_is_refused(recipe_file):
    made = load(recipe_file, plugins=("toys",))
    with pytest.raises(BackendError, match="nobody takes jobs there"):
        submit(made, "http://127.0.0.1:1", Path("/data"), [], print)
    with pytest.raises(BackendError, match="--out data: the cluster has another working folder"):
        submit(made, "http://127.0.0.1:1", Path("data"), [], print)


def test_shares_without_ray_are_refused(recipe_file, tmp_path):
    run = simdata("generate", recipe_file, "--out", tmp_path / "out", "--gpus", 0.5)
    assert "only Ray grants them" in run.communicate()[1]
    assert run.returncode == 2
