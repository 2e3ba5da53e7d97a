"""Whatever is killed, whenever: the run that goes on loses nothing, doubles nothing and ends with the same bytes."""

import random
import sys

import pytest

from faults.harness import Driver, below, check_nothing_is_lost, killed_again_and_again, undisturbed, wanted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds its victims in /proc")


def driver_or_worker(driver: Driver, dice: random.Random) -> int:
    return dice.choice([driver.pid, *below(driver.pid, "multiprocessing.spawn")])


def the_driver(driver: Driver, dice: random.Random) -> int:
    return driver.pid


def anything_of_ray(driver: Driver, dice: random.Random) -> int | None:
    """Mostly a worker at work; now and then the raylet, the head's store of facts, or the driver itself."""
    workers, rest = below(driver.pid, "ray::_work"), [driver.pid, *below(driver.pid, "raylet/raylet")]
    rest += below(driver.pid, "gcs_server")
    return dice.choice(workers if workers and dice.random() < 0.9 else rest)


@pytest.mark.parametrize(
    ("mapper", "victim", "kills"),
    [
        ("in process", the_driver, 4),
        ("processes", driver_or_worker, 3),
        pytest.param("in process", the_driver, 50, marks=pytest.mark.slow),
        pytest.param("processes", driver_or_worker, 50, marks=pytest.mark.slow),
        pytest.param("ray", anything_of_ray, 50, marks=pytest.mark.slow),
    ],
)
def test_a_run_survives_every_kill(mapper, victim, kills, tmp_path):
    count = 5 * kills
    expected = undisturbed(count, tmp_path / "undisturbed")
    done = killed_again_and_again(wanted(count), tmp_path / "killed", mapper, kills, victim)
    assert done == kills
    check_nothing_is_lost(tmp_path / "killed", expected)
