"""The noise floor of an OCT: light and electrons that change from visit to visit."""

from dataclasses import dataclass, replace

from numpy.random import Generator

from render.oct.echoes import changed, echoes
from simdata import Effect, Raw


@dataclass(frozen=True)
class SensorNoise(Effect):
    """Adds a field that no two visits share: its power N to |E|^2, 2 N to |E - E'|^2.

    signal_db: of nerve fibres at the surface above it.
    """

    signal_db: float = 25.0

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        floor = 10 ** (-self.signal_db / 10)
        return replace(raw, data=changed(raw.power + floor, raw.change + 2 * floor))
