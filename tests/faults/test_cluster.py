"""A Ray cluster of three nodes on this machine: nodes die, nodes are strange, workers die; the dataset is the same."""

import os
import random
import re
import sys
import time
from pathlib import Path

import pytest

from faults.harness import STORE_BYTES, TOYS, below, check_nothing_is_lost, kill, node, undisturbed, wanted
from pipelines import cluster_door
from pipelines.cluster import Grant, on_ray
from pipelines.generate import generate
from pipelines.recipe import recipe
from pipelines.submit import submit
from pipelines.validate import validate
from simdata import BackendError, DatasetError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds its victims in /proc")


def on_the_cluster(folder, **options):
    return on_ray("auto", folder, **options)


def test_a_cluster_makes_the_same_dataset_as_one_process(cluster, tmp_path):
    expected = undisturbed(12, tmp_path / "undisturbed")
    generate(wanted(12), tmp_path / "out", on_the_cluster(tmp_path / "out"), samples_per_shard=2)
    check_nothing_is_lost(tmp_path / "out", expected)


def test_only_receipts_travel(cluster, tmp_path):
    """What is written is many times what the object store could hold, and nothing of it is ever in there."""
    import ray

    tree = {"count": 24, "phantom": {"kind": "toys.Block", "edge": 40}, "scan": [{"kind": "toys.Camera"}]}
    free = ray.cluster_resources()["object_store_memory"]
    lowest = []

    def watch(done, total):
        lowest.append(ray.available_resources().get("object_store_memory", 0))

    generate(recipe(tree, TOYS), tmp_path / "out", on_the_cluster(tmp_path / "out"), progress=watch)
    assert min(lowest) == free


@pytest.mark.slow
def test_a_run_of_ten_times_the_object_store_leaves_it_empty_and_the_driver_small(cluster, tmp_path):
    import ray

    tree = {"count": 96, "phantom": {"kind": "toys.Block", "edge": 128}, "scan": [{"kind": "toys.Camera"}]}
    free = ray.cluster_resources()["object_store_memory"]
    lowest, resident = [], []

    def watch(done, total):
        lowest.append(ray.available_resources().get("object_store_memory", 0))
        resident.append(resident_bytes())

    generate(recipe(tree, TOYS), tmp_path / "out", on_the_cluster(tmp_path / "out"), progress=watch)
    written = sum(path.stat().st_size for path in (tmp_path / "out" / "shards").iterdir())
    assert written > 10 * STORE_BYTES
    assert min(lowest) == free
    assert max(resident) - resident[0] < STORE_BYTES / 10


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_sample_has_the_threads_it_was_granted(cluster, tmp_path):
    def threads(item):
        import numba

        return numba.get_num_threads()

    assert dict(on_the_cluster(tmp_path)(threads, [1, 2, 3])) == {1: 1, 2: 1, 3: 1}


@pytest.mark.slow
def test_a_node_is_killed_and_another_joins(nodes_may_die, tmp_path):
    cluster, out = nodes_may_die, tmp_path / "out"
    expected = undisturbed(30, tmp_path / "undisturbed")

    def disturb(done, total):
        if done == 5:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
            cluster.add_node(wait=False, **node(1))

    outcome = generate(wanted(30), out, on_the_cluster(out), progress=disturb)
    assert outcome.failures == ()
    check_nothing_is_lost(out, expected)


@pytest.mark.slow
def test_fifty_kills_of_workers_and_nodes(nodes_may_die, tmp_path, capsys):
    """Every sixth kill is of a node, another takes its place."""
    cluster, out, dice = nodes_may_die, tmp_path / "out", random.Random(50)
    expected = undisturbed(300, tmp_path / "undisturbed")
    killed, runs = {"worker": 0, "node": 0}, 1

    def disturb(done, total):
        time.sleep(dice.uniform(0, 0.05))
        if done % 5 or sum(killed.values()) == 50:
            return
        if sum(killed.values()) % 6 == 5:
            cluster.remove_node(dice.choice(list(cluster.worker_nodes)), allow_graceful=False)
            cluster.add_node(**node(1))
            killed["node"] += 1
        else:
            victims = below(os.getpid(), "ray::_work")
            killed["worker"] += kill(dice.choice(victims) if victims else None)

    while generate(wanted(300), out, on_the_cluster(out), progress=disturb).failures:
        runs += 1
    with capsys.disabled():
        print(f"\nkilled {killed}, finished in {runs} runs")  # noqa: T201 - the figures of 'make faults'
    assert sum(killed.values()) == 50
    check_nothing_is_lost(out, expected)


@pytest.mark.slow
def test_a_sample_that_kills_every_worker_is_set_aside_alone(cluster, tmp_path):
    tree = {"seed": 3, "count": 6, "phantom": {"kind": "toys.Block", "edge": 8}, "grow": [{"kind": "toys.Die"}]}
    made = recipe({**tree, "grow": [{"kind": "toys.Die", "chance": 0.1}]}, TOYS)
    outcome = generate(made, tmp_path / "out", on_the_cluster(tmp_path / "out"), samples_per_shard=3)
    failed = [failure.index for failure in outcome.failures]
    assert len(failed) == 1
    assert "the worker process died here 3 times" in outcome.failures[0].error
    assert [receipt.index for receipt in outcome.receipts] == [index for index in range(6) if index not in failed]


def test_a_full_disk_on_a_node_is_one_clear_error(cluster, tmp_path):
    def refuse(indices):
        raise DatasetError("shards/1.h5: No space left on device; more room would do")

    with pytest.raises(DatasetError, match="No space left") as error:
        list(on_the_cluster(tmp_path)(refuse, [1, 2]))
    assert "Traceback" not in str(error.value)


@pytest.mark.parametrize("grant", [Grant(cpus=64), Grant(gpus=0.5)])
def test_what_no_node_has_is_refused_with_what_there_is(cluster, tmp_path, monkeypatch, grant):
    monkeypatch.setattr("pipelines.cluster.PATIENCE_S", 0.5)
    monkeypatch.setattr("pipelines.cluster.LOOK_S", 0.1)
    with pytest.raises(BackendError, match=r"found 3 nodes .*would do"):
        list(on_the_cluster(tmp_path, grant=grant)(abs, [1]))


@pytest.mark.slow
def test_half_a_gpu_is_granted(cluster, tmp_path):
    def gpus(item):
        import os

        return os.environ.get("CUDA_VISIBLE_DEVICES")

    gpu = cluster.add_node(**node(4, num_gpus=1))
    try:
        assert dict(on_the_cluster(tmp_path, grant=Grant(gpus=0.5))(gpus, [1, 2, 3])) == {1: "0", 2: "0", 3: "0"}
    finally:
        cluster.remove_node(gpu)


@pytest.mark.parametrize(
    ("strange", "said"),
    [
        ({"numba/__init__.py": "raise ImportError('no numba here')"}, "numba none (no numba here) there"),
        ({"h5py-9.9.dist-info/METADATA": "Name: h5py\nVersion: 9.9\n"}, "h5py 9.9 there"),
    ],
)
def test_a_node_unlike_this_one_is_refused(cluster, tmp_path, monkeypatch, strange, said):
    def nap(item):
        time.sleep(0.1)

    for name, content in strange.items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text(content)
    odd = cluster.add_node(**node(1, env_vars={"PYTHONPATH": str(tmp_path / "site")}))
    try:
        with pytest.raises(BackendError, match="the same on every node would do") as error:
            list(on_the_cluster(tmp_path)(abs, [1]))
        assert said in str(error.value)
        monkeypatch.setattr("pipelines.cluster.check_nodes", lambda folder: None)  # as if it had joined later
        with pytest.raises(BackendError, match="the same on every node would do") as error:
            list(on_the_cluster(tmp_path)(nap, range(300)))
        assert said in str(error.value)
    finally:
        cluster.remove_node(odd)


class Unknown:
    """A task of a package that no worker has."""

    def __reduce__(self):
        return __import__, ("nowhere_to_be_found",)

    def __call__(self, item):
        return item


def test_a_worker_that_cannot_load_its_work_is_one_clear_error(cluster, tmp_path):
    said = r"a worker cannot load simdata: .*'nowhere_to_be_found'; the same on every node would do"
    with pytest.raises(BackendError, match=said):
        list(on_the_cluster(tmp_path)(Unknown(), [1]))


def test_a_folder_that_a_node_does_not_see_is_refused(cluster, tmp_path, monkeypatch):
    ask = cluster_door._ask

    def ask_when_it_has_gone(node_id, token):
        token.unlink(missing_ok=True)
        return ask(node_id, token)

    monkeypatch.setattr(cluster_door, "_ask", ask_when_it_has_gone)
    with pytest.raises(BackendError, match="a disk that all nodes share would do"):
        list(on_the_cluster(tmp_path)(abs, [1]))


def test_clocks_that_differ_do_no_harm(cluster, tmp_path):
    """Files from the future, as a node whose clock is ahead writes them."""
    out, future = tmp_path / "out", time.time() + 1e7
    expected = undisturbed(6, tmp_path / "undisturbed")
    generate(wanted(3), out, on_the_cluster(out))
    for path in out.rglob("*"):
        os.utime(path, (future, future))
    generate(wanted(6), out, on_the_cluster(out))
    check_nothing_is_lost(out, expected)
    assert validate(out) == []


def test_a_job_is_submitted_and_followed_to_its_exit_code(cluster, dashboard_port, tmp_path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent.parent)
    expected, out, said = undisturbed(8, tmp_path / "undisturbed"), tmp_path / "out", []
    made = wanted(8)
    assert submit(made, f"http://127.0.0.1:{dashboard_port}", out, ["--plugin=toys"], said.append) == 0
    assert f"8 samples in {out}" in "".join(said)
    check_nothing_is_lost(out, expected)
    strange = [*made.plugins, "--cpus=64", "--ray=nobody:1"]
    assert submit(made, f"http://127.0.0.1:{dashboard_port}", out, strange[1:], said.append) == 2


def test_the_dashboard_listens_to_this_machine_alone(cluster, dashboard_port):
    listening = re.findall(rf"(\S+):{dashboard_port:04X} \S+ 0A", Path("/proc/net/tcp").read_text(), re.IGNORECASE)
    assert listening == ["0100007F"]
