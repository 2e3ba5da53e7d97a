"""One thread for a while: kernels must give the same bytes as on many."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba


@contextmanager
def one_thread() -> Iterator[None]:
    """Kernels of numba run on one thread inside, and on as many as before after it."""
    many = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(many)
