"""Vectors that say what a patch looks like: answers of a fixed random network, and measures of radiology."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from scipy.stats import kurtosis, skew

from pipelines.learn.extra import extra
from simdata.streams import Streams

Patches = Float32[ndarray, "n c ..."]
Vectors = Float[ndarray, "n d"]
LAYERS = (16, 32, 32)
"""Features of each layer of the random network."""
GREYS = 16
"""Of a co-occurrence matrix."""
BANDS = 6
"""Of spatial frequency, from coarse to fine."""
TINY = 1e-8


def random_features(patches: Patches) -> Vectors:
    """Means of each feature of a network that never learnt, the same for everyone: layers of 3x3, halved in between.

    Random filters tell textures apart without having seen photographs (Saxe et al. 2011, ICML; as a measure of made
    images: Naeem et al. 2020, arXiv:2002.09797).
    """
    torch, functional = extra("torch"), extra("torch.nn.functional")
    dimensions = patches.ndim - 2
    convolve = functional.conv2d if dimensions == 2 else functional.conv3d
    halve = functional.avg_pool2d if dimensions == 2 else functional.avg_pool3d
    seen, found = torch.from_numpy(np.ascontiguousarray(patches - 0.5)), []
    for number, (into, out) in enumerate(pairwise((patches.shape[1], *LAYERS))):
        rng = Streams(0, number)["random features"].generator
        shape = (out, into, *[3] * dimensions)
        filters = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        seen = functional.relu(convolve(seen, torch.from_numpy(filters.astype(np.float32)), padding=1))
        found.append(seen.flatten(2).mean(2))
        seen = halve(seen, 2) if min(seen.shape[2:]) > 3 else seen
    return torch.cat(found, dim=1).double().numpy()


def radiomics(patches: Patches) -> Vectors:
    """Of the mean over channels: first-order statistics, co-occurrence of neighbours, and power in bands of frequency.

    Definitions of first order and of co-occurrence: Zwanenburg et al. 2020, Radiology 295:328 (IBSI), here over all
    axes, with 16 fixed levels from 0 to 1.
    """
    grey = patches.mean(axis=1).astype(float)
    return np.column_stack([_first_order(grey), *(_co_occurrence(grey, step) for step in (1, 2, 4)), _power(grey)])


KINDS: Mapping[str, Callable[[Patches], Vectors]] = {"random": random_features, "radiomics": radiomics}


def _first_order(grey: Float[ndarray, "n ..."]) -> Vectors:
    flat = grey.reshape(len(grey), -1)
    shares = np.stack([np.histogram(one, GREYS, (0, 1))[0] / one.size for one in flat])
    entropy = -(shares * np.log2(shares + TINY)).sum(axis=1)
    shapes = np.nan_to_num([skew(flat, axis=1), kurtosis(flat, axis=1)])
    return np.column_stack(
        [flat.mean(axis=1), flat.std(axis=1), *shapes, entropy, *np.percentile(flat, (10, 50, 90), 1)]
    )


def _co_occurrence(grey: Float[ndarray, "n ..."], step: int) -> Vectors:
    """Contrast, correlation, homogeneity and energy of pixels `step` apart along any axis."""
    levels = np.clip((grey * GREYS).astype(int), 0, GREYS - 1)
    one, other = np.indices((GREYS, GREYS))
    rows = []
    for patch in levels:
        pairs = [np.split(np.arange(n), [step])[1] for n in patch.shape]
        counts = np.zeros(GREYS * GREYS)
        for axis, later in enumerate(pairs):
            first, second = np.take(patch, later - step, axis), np.take(patch, later, axis)
            counts += np.bincount((first * GREYS + second).ravel(), minlength=GREYS * GREYS)
        share = counts.reshape(GREYS, GREYS) + counts.reshape(GREYS, GREYS).T
        share /= share.sum()
        mean = (share * one).sum()
        spread = (share * (one - mean) ** 2).sum()
        correlation = (share * (one - mean) * (other - mean)).sum() / max(spread, TINY)
        apart = (one - other) ** 2
        rows.append(((share * apart).sum(), correlation, (share / (1 + apart)).sum(), (share**2).sum()))
    return np.array(rows)


def _power(grey: Float[ndarray, "n ..."]) -> Vectors:
    """Logarithm of the mean power of each band, up to half a cycle a pixel."""
    axes = tuple(range(1, grey.ndim))
    waves = np.abs(np.fft.fftn(grey - grey.mean(axis=axes, keepdims=True), axes=axes)) ** 2
    radius = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, grey.shape[1:]), indexing="ij")))
    edges = np.linspace(0, 0.5, BANDS + 1)
    bands = [(radius > low) & (radius <= high) for low, high in pairwise(edges)]
    return np.column_stack([np.log(waves[:, band].mean(axis=1) + TINY) for band in bands])
