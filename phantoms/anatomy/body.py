"""One patient as the regions of the anatomy see him: who it is, what was drawn, and how large the organs are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from phantoms.solids import Plane
from simdata import Streams, Subject


@dataclass(frozen=True, eq=False)
class Body:
    """subject: sex, age, size. streams: random numbers by name. latents: numbers drawn for this person, by name.

    grow_mm: organ name to reference mm that its free surface stands out (negative: in) from the reference organ's, or
    the factor of its size where its region file says so; the volume solver turns these until the volumes are met.
    variants: names of the anatomical variants that this person has ("eleven_ribs", "horseshoe_kidney", ...).
    """

    subject: Subject = Subject()
    streams: Streams = Streams(0)
    latents: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    grow_mm: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    variants: frozenset[str] = field(default_factory=frozenset)

    @property
    def up(self) -> int:
        """The axis along which gas rises: 1, to the front, as one lies, or 2."""
        return 2 if "upright" in self.variants else 1

    def above(self, level_mm: float) -> Plane:
        """All that lies higher than a level, against gravity."""
        up = np.eye(3)[self.up]
        return Plane(level_mm * up, up)

    @property
    def female(self) -> bool:
        """True for a woman or a girl."""
        return self.subject.sex == "female"

    @property
    def age_y(self) -> float:
        """Age in years."""
        return self.subject.age_y

    def dice(self, name: str) -> Generator:
        """A fresh generator of that name: the same numbers each time it is asked for."""
        return self.streams[name].generator

    def grown(self, organ: str) -> float:
        """How many reference mm the surface of `organ` stands out; 0 for the reference organ."""
        return self.grow_mm.get(organ, 0.0)

    def latent(self, name: str, default: float = 0.0) -> float:
        """A number that was drawn for this person, or what the reference body has."""
        return self.latents.get(name, default)
