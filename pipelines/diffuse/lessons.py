"""Lessons of the networks that make images: the average of their weights is what is kept."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from pipelines.learn.recipe import Lessons


@dataclass(frozen=True, kw_only=True)
class Averaged(Lessons):
    """Lessons without a look at how good it is.

    average: of the weights, which is what is kept; 0.999 remembers a thousand steps. clip: longest gradient.
    """

    classes: tuple[str, ...] = ()
    average: Annotated[float, Ge(0), Lt(1)] = 0.999
    clip: Annotated[float, Gt(0)] = 1.0

    @property
    def step(self) -> int:
        """Edges of a patch are multiples of this."""
        return 1
