import numpy as np
import pytest

from simdata import BackendError
from simdata.backend import move, namespace


def test_the_array_decides():
    assert namespace(np.zeros(3)) is np


def test_a_cpu_array_stays_on_the_cpu():
    array = np.zeros(3)
    assert move(array, "cpu") is array


def test_an_unknown_device_is_refused():
    with pytest.raises(BackendError, match="'cpu' or 'gpu' would do"):
        move(np.zeros(3), "tpu")


def test_a_missing_gpu_is_said_aloud():
    try:
        import cupy

        if cupy.cuda.is_available():
            pytest.skip("this machine has a GPU")
    except ImportError:
        pass
    with pytest.raises(BackendError, match="a GPU was asked for"):
        move(np.zeros(3), "gpu")


@pytest.mark.gpu
def test_there_and_back_again_leaves_every_bit():
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("no GPU here")
    array = np.arange(10, dtype=np.float32)
    there = move(array, "gpu")
    assert namespace(there) is cupy
    assert np.array_equal(move(there, "cpu"), array)
