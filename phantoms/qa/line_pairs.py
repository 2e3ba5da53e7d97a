"""Bar patterns of so many line pairs per cm: what a scanner still tells apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, Len

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels, known_tissue
from phantoms.qa.sections import Disc, Rectangle
from phantoms.qa.shapes import Along
from simdata import RecipeError

MM_PER_CM = 10.0


@dataclass(frozen=True, kw_only=True)
class LinePairs(QualityPhantom):
    """Patterns of upright plates of `tissue` on a circle in a cylinder of `body`, the first at three o'clock.

    A plate and the gap beside it are a line pair, each half of it wide. Plates point outwards and are length_mm long; a
    pattern has `plates` of them. ring_mm: radius of the circle of their middles. height_mm: of the plates.
    Raises RecipeError where patterns overlap or leave the body, or for a tissue that is not known.
    """

    per_cm: Annotated[tuple[Annotated[float, Gt(0), Le(100)], ...], Len(1, 24)] = (2, 3, 4, 5, 6, 7, 8, 10)
    plates: Annotated[int, Ge(2), Le(50)] = 5
    length_mm: Annotated[float, Gt(0)] = 15.0
    height_mm: Annotated[float, Gt(0)] = 40.0
    ring_mm: Annotated[float, Ge(0)] = 70.0
    diameter_mm: Annotated[float, Gt(0)] = 200.0
    tissue: str = "aluminium"
    body: str = "water"
    voxel_mm: tuple[Positive, Positive, Positive] = (0.25, 0.25, 5.0)
    shape: tuple[Voxels, Voxels, Voxels] = (832, 832, 8)

    def __post_init__(self) -> None:
        known_tissue("LinePairs", self.tissue)
        known_tissue("LinePairs", self.body)
        half_mm = [(self.length_mm / 2, self._wide_mm(pairs) / 2) for pairs in self.per_cm]
        farthest_mm = max(float(np.hypot(self.ring_mm + along, across)) for along, across in half_mm)
        if farthest_mm > self.diameter_mm / 2:
            raise RecipeError(
                f"LinePairs: a pattern reaches {farthest_mm:.1f} mm from the middle of a body of "
                f"{self.diameter_mm:g} mm; a smaller ring_mm, length_mm or number of plates would do"
            )
        reach_mm = [float(np.hypot(*half)) for half in half_mm]
        for (a, place), (b, other) in combinations(enumerate(self._places), 2):
            if np.hypot(place[0] - other[0], place[1] - other[1]) < reach_mm[a] + reach_mm[b]:
                raise RecipeError(
                    f"LinePairs: the patterns of {self.per_cm[a]:g} and {self.per_cm[b]:g} per cm overlap; a larger "
                    "ring_mm, fewer patterns or fewer plates would do"
                )

    def inserts(self) -> Sequence[Insert]:
        ends_mm = (-self.height_mm / 2, self.height_mm / 2)
        body = Along(Disc((0.0, 0.0), self.diameter_mm / 2), ends_mm)
        patterns = [
            pattern(pairs, self.plates, self.length_mm, (x, y), turned_deg, ends_mm, self.tissue)
            for pairs, (x, y, turned_deg) in zip(self.per_cm, self._places, strict=True)
        ]
        return (Insert(name="phantom_body", shapes=(body,), tissue=self.body), *patterns)

    @property
    def _places(self) -> list[tuple[float, float, float]]:
        """x, y in mm, and how far from three o'clock, degrees."""
        turns_deg = [360 * n / len(self.per_cm) for n in range(len(self.per_cm))]
        return [(self.ring_mm * float(np.cos(np.radians(d))), self.ring_mm * float(np.sin(np.radians(d))), d)
                for d in turns_deg]  # fmt: skip

    def _wide_mm(self, per_cm: float) -> float:
        return (2 * self.plates - 1) * MM_PER_CM / per_cm / 2


def pattern(
    per_cm: float,
    plates: int,
    length_mm: float,
    middle_mm: tuple[float, float],
    turned_deg: float,
    ends_mm: tuple[float, float],
    tissue: str,
) -> Insert:
    """Plates that point along turned_deg, side by side around middle_mm, with a gap as wide as a plate between."""
    wide_mm = MM_PER_CM / per_cm / 2
    side = -np.sin(np.radians(turned_deg)), np.cos(np.radians(turned_deg))
    shapes = []
    for n in range(plates):
        aside_mm = (2 * n - (plates - 1)) * wide_mm
        at_mm = (middle_mm[0] + float(side[0]) * aside_mm, middle_mm[1] + float(side[1]) * aside_mm)
        shapes.append(Along(Rectangle(at_mm, (length_mm, wide_mm), turned_deg), ends_mm))
    name = f"line_pairs_{per_cm:g}".replace(".", "p")
    says = f"plate of a pattern of {per_cm:g} line pairs per cm"
    return Insert(name=name, shapes=tuple(shapes), tissue=tissue, kind="line_pairs", says=says)
