"""Structures of the labels, by name: organs, findings, arteries and veins."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.learn.kinds import Truth
from pipelines.learn.values import check_values
from pipelines.sinks.classes import relabel
from pipelines.sinks.volumes import labels_on
from simdata.image import Image
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class StructureTruth(Truth):
    """classes: the names of structures, findings or wholes that make up each class, in the order of the recipe's."""

    classes: tuple[tuple[str, ...], ...]

    def __call__(self, sample: Sample, image: Image) -> UInt8[ndarray, "x y z"]:
        names = [name for of_class in self.classes for name in of_class]
        of_name = np.array([0, *(n for n, of_class in enumerate(self.classes, 1) for _ in of_class)], np.uint8)
        return of_name[relabel(labels_on(sample, image), sample.scene, names)]

    def check(self, classes: int) -> None:
        check_values(self.classes, classes, "truth.classes")
