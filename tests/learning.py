"""Pictures to learn from in a second: bright lines on noise, and where they run."""

import numpy as np
from PIL import Image

from simdata import Streams

EDGE = 48


def line(rng):
    """A bright line across a dark square, and its mask."""
    rows, columns = np.indices((EDGE, EDGE)) - EDGE / 2
    angle, shift = rng.uniform(0, np.pi), rng.uniform(-10, 10)
    mask = abs(rows * np.cos(angle) + columns * np.sin(angle) - shift) < 2.5
    return np.clip(60 + 110 * mask + rng.normal(0, 25, mask.shape), 0, 255).astype(np.uint8), mask


def write_pictures(folder, count=6, seed=1):
    """images/001.png .. and labels/ of the same names."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(1, count + 1):
        image, mask = line(Streams(seed, number).generator)
        Image.fromarray(image).save(folder / "images" / f"{number:03d}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "labels" / f"{number:03d}.png")
    return folder


def recipe(folder, **changes):
    """A training on such pictures, small enough for a test."""
    pictures = {"kind": "pipelines.learn.sources.pictures.Pictures", "images": str(folder / "images")}
    labelled = pictures | {"labels": str(folder / "labels")}
    return {
        "seed": 3,
        "classes": ["line"],
        "patch": [32, 32],
        "batch": 4,
        "network": {"kind": "pipelines.learn.networks.UNet", "channels": [8, 16], "strides": [2], "dropout": 0.1},
        "sources": [
            labelled | {"name": "real", "ids": "001-004"},
            labelled | {"name": "held", "ids": "5,006"},
            pictures | {"name": "unlabelled", "ids": "001-004"},
        ],
        "stages": [{"sources": {"real": 1}, "steps": 8, "rate": 0.01}],
        "augment": [{"kind": "pipelines.learn.augment.flip.Flip"}],
    } | changes
