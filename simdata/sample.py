"""One finished sample: the images, the whole truth behind them, and how they were made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simdata.image import Image
from simdata.scene import Scene


@dataclass(frozen=True, eq=False)
class Sample:
    """images: scanner name to Image. scene: the patient. recipe: the drawn recipe, which replays the sample.

    versions: package to version. seconds: stage to its duration, s.
    """

    index: int
    seed: int
    images: Mapping[str, Image]
    scene: Scene
    recipe: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: Mapping[str, float]
