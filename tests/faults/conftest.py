"""A Ray cluster for a whole file of tests: it takes longer to start than they do, and works while it waits."""

import os
import secrets
import socket
import sys
import warnings
from pathlib import Path

import pytest

from faults.harness import node
from pipelines.cluster_door import QUIET, connected

os.environ.update(QUIET | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
"""A job runs the python that its node finds: here this one."""


@pytest.fixture(scope="module")
def dashboard_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def cluster(dashboard_port):
    """A head without work and two nodes of one CPU; this process is connected to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray
        from ray.cluster_utils import Cluster

        head = node(0, dashboard_port=dashboard_port, dashboard_agent_listen_port=0) | {"include_dashboard": True}
        made = Cluster(initialize_head=True, head_node_args=head)
        made.add_node(**node(1))
        made.add_node(**node(1))
        with connected(made.address):
            yield made
        made.shutdown()
        assert not ray.is_initialized()


@pytest.fixture
def nodes_may_die(cluster):
    yield cluster
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(**node(1))
