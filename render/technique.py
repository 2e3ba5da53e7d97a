"""The technique factors of an exposure: voltage and charge of the tube."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from render.attenuation import Beam
from render.tube import Tube, XRaySource
from simdata import Part


@dataclass(frozen=True, kw_only=True)
class Technique(Part):
    """kvp: tube voltage. mas: tube current times time, of a turn or of a picture.

    Raises RecipeError for a voltage that the tube cannot have.
    """

    kvp: Annotated[float, Gt(0)] = 120.0
    mas: Annotated[float, Gt(0)] = 150.0
    tube: XRaySource = Tube()

    def __post_init__(self) -> None:
        self.tube.beam(self.kvp)

    @property
    def beam(self) -> Beam:
        """Photons of the tube by energy."""
        return self.tube.beam(self.kvp)
