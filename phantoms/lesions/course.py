"""How a lesion changes with its age: values at a few times, and straight lines between them."""

from collections.abc import Sequence

import numpy as np

Course = Sequence[tuple[float, float]]
"""(time, value), ascending; before the first and after the last it stays."""


def at(course: Course, time: float) -> float:
    """The value at that time."""
    times, values = np.array(course).T
    return float(np.interp(time, times, values))
