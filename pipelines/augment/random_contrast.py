"""An image that no scanner makes: a grey value at random for every structure, so that no network relies on contrast."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from simdata.errors import RecipeError
from simdata.image import Image
from simdata.parts import Finish
from simdata.sample import Sample
from simdata.scene import present_ids


@dataclass(frozen=True, kw_only=True)
class RandomContrast(Finish):
    """Every structure a mean between 0 and 1 and an SD up to `most`, normal in each voxel (SynthSeg).

    Billot et al. 2023, Medical Image Analysis 86:102789. The image is called by the part's name and lies on the
    scene's grid. Pairs of left and right are one, as they are one tissue. What is not body is black in half of the
    samples. Blur, bias field and resolution follow as looks (pipelines.augment.looks.Looks).
    """

    most: Annotated[float, Ge(0), Le(1)] = 0.1

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        if self.label in sample.images:
            raise RecipeError(f"RandomContrast: an image is called '{self.label}' already; another 'name' would do")
        means, spreads = np.zeros((2, 1 << 16), np.float32)
        drawn: dict[str, tuple[float, float]] = {}
        for id in present_ids(sample.scene.labels):
            name = sample.scene.structures[id].name if id else ""
            both_sides = name.replace("_left", "").replace("_right", "")
            means[id], spreads[id] = drawn.setdefault(both_sides, (rng.random(), self.most * rng.random()))
        means[0] *= rng.random() < 0.5

        labels = sample.scene.labels
        grey = means[labels] + spreads[labels] * rng.standard_normal(labels.shape, np.float32)
        image = Image(np.maximum(grey, np.float32(0)), "a.u.", sample.scene.grid)
        return replace(sample, images=MappingProxyType({**sample.images, self.label: image}))
