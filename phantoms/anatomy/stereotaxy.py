"""Places in the brain as the atlases tell them: mm right of, before and above the anterior commissure.

The reference brain has the size of that of Talairach and Tournoux (1988), so their places hold in it as they are.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

COMMISSURE = np.array([0.0, 2.0, 396.0])
"""The anterior commissure in the reference body, mm."""


def at(*points) -> Float[ndarray, "n 3"]:
    """Places of an atlas in the reference body, mm."""
    return np.array(points, float) + COMMISSURE
