"""Discs of three kinds on a ground, each kind with a grey level of its own: what a model can learn in half a minute."""

import numpy as np
import pytest
from PIL import Image

from simdata import Streams

EDGE = 32
GREYS = np.array([40, 110, 170, 240])
"""Of the ground and of the three kinds."""
CLASSES = ("dim", "grey", "bright")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small networks on cores that others use: with more threads they mostly wait for each other, and spin."""
    import torch

    many = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(many)


def discs(rng, edge=EDGE):
    """A label map of three discs, the later over the earlier."""
    rows, columns = np.indices((edge, edge))
    label = np.zeros((edge, edge), np.uint8)
    for kind in (1, 2, 3):
        (row, column), radius = rng.integers(6, edge - 6, 2), rng.uniform(4, 8)
        label[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = kind
    return label


def many(count, seed):
    """Label maps that differ."""
    return np.stack([discs(Streams(seed, number).generator) for number in range(count)])


def write_discs(folder, count=48, seed=7):
    """images/000.png .. and the label maps of the same names."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        rng = Streams(seed, number).generator
        label = discs(rng)
        grey = np.clip(GREYS[label] + rng.normal(0, 12, label.shape), 0, 255)
        Image.fromarray(grey.astype(np.uint8)).save(folder / "images" / f"{number:03d}.png")
        Image.fromarray(label).save(folder / "labels" / f"{number:03d}.png")
    return folder


def read(images):
    """The kind whose grey level each pixel is nearest to. images: (b, 1, rows, columns), 0 to 1."""
    return np.abs(255 * images[:, 0, ..., None] - GREYS).argmin(axis=-1)


def recipe(folder, **changes):
    """A model of the discs."""
    pictures = {"kind": "pipelines.learn.sources.pictures.Pictures", "name": "discs", "images": str(folder / "images")}
    return {
        "seed": 1,
        "classes": list(CLASSES),
        "patch": [EDGE, EDGE],
        "batch": 16,
        "average": 0.99,
        "network": {"kind": "pipelines.diffuse.networks.UNet", "channels": [16, 32, 32]},
        "sampler": {"kind": "pipelines.diffuse.samplers.DDIM", "steps": 20},
        "intensity": {"kind": "pipelines.learn.intensity.Levels"},
        "sources": [pictures | {"labels": str(folder / "labels")}],
        "stages": [{"sources": {"discs": 1}, "steps": 150, "rate": 0.003}],
    } | changes


def tiny(folder, **changes):
    """The same of a few steps, which has learnt next to nothing."""
    small = {"kind": "pipelines.diffuse.networks.UNet", "channels": [8, 8], "heads": 8}
    stages = [{"sources": {"discs": 1}, "steps": 6, "rate": 0.003}]
    return recipe(folder, **{"network": small, "batch": 4, "patch": [16, 16], "stages": stages} | changes)


MACHINES = {"dark": 60, "bright": 200}
"""The grey level of all that two machines show."""


def machines(folder, count=12):
    """Changes of a recipe to one that is told which of two machines an image is of; writes the images and a table."""
    (folder / "grey").mkdir()
    rows = ["name,machine,age_y\n"]
    for number in range(count):
        machine = list(MACHINES)[number % 2]
        grey = MACHINES[machine] + Streams(9, number).generator.normal(0, 10, (16, 16))
        Image.fromarray(grey.astype(np.uint8)).save(folder / "grey" / f"{number:03d}.png")
        rows.append(f"{number:03d},{machine},\n")
    (folder / "facts.csv").write_text("".join(rows))
    pictures = {"kind": "pipelines.learn.sources.pictures.Pictures", "name": "discs", "images": str(folder / "grey")}
    return {
        "classes": [],
        "sources": [pictures],
        "facts": [
            {"kind": "pipelines.diffuse.facts.Word", "name": "machine", "words": list(MACHINES)},
            {"kind": "pipelines.diffuse.facts.Number", "name": "age_y", "low": 20.0, "high": 80.0},
        ],
        "tables": {"discs": str(folder / "facts.csv")},
    }
