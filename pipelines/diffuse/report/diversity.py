"""How much images of one kind differ from each other: MS-SSIM of pairs."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.extra import extra

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, finest first. Wang et al. 2003, Asilomar, sec. 3."""
KERNEL = 11
PAIRS = 100


def likeness(patches: Float32[ndarray, "n c ..."], rng: Generator) -> float | None:
    """Mean multi-scale structural similarity of pairs drawn at random: 1 if all are the same. None of small patches.

    As many scales as the window of 11 pixels fits into, their weights summing to 1.
    """
    scales = int(np.clip(np.log2(min(patches.shape[2:]) / KERNEL) + 1, 0, len(WEIGHTS)))
    if not scales or len(patches) < 2:
        return None
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    metric = extra("monai.metrics.regression").MultiScaleSSIMMetric(
        spatial_dims=patches.ndim - 2, weights=weights.tolist(), kernel_size=KERNEL
    )
    torch = extra("torch")
    one = rng.integers(len(patches), size=PAIRS)
    other = (one + rng.integers(1, len(patches), PAIRS)) % len(patches)
    found = metric(torch.from_numpy(patches[one]), torch.from_numpy(patches[other]))
    return float(found.nanmean())
