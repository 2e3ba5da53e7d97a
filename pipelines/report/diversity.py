"""How unlike the samples are: the share of the body in which the label maps of two samples differ, for every pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from pipelines.page.document import card, cards, table
from pipelines.page.plots import histogram
from pipelines.page.svg import number
from pipelines.report.truths import Truths
from pipelines.report.volumes import Measured

ALIKE = 0.001
"""Label maps that differ in less than this share of the body are called the same."""
NEAREST = 5
NAMED = 8


@dataclass(frozen=True, eq=False)
class Diversity:
    """indices: the samples compared. distances: (n, n), 0 on the diagonal. twins: indices of each repeated patient."""

    indices: tuple[int, ...]
    distances: np.ndarray
    twins: tuple[tuple[int, ...], ...]

    @property
    def pairs(self) -> list[tuple[float, int, int]]:
        """(distance, index, index) of every pair, the nearest first."""
        rows, columns = np.triu_indices(len(self.indices), 1)
        found = zip(self.distances[rows, columns].tolist(), rows.tolist(), columns.tolist(), strict=True)
        return sorted((distance, self.indices[a], self.indices[b]) for distance, a, b in found)

    @property
    def nearest(self) -> list[float]:
        """Of each sample, the distance to the one most like it."""
        others = self.distances + np.diag(np.full(len(self.indices), np.inf))
        return others.min(axis=1).tolist() if len(self.indices) > 1 else []

    def figures(self) -> dict:
        """Every number, ready for JSON."""
        pairs = self.pairs
        return {
            "samples": list(self.indices),
            "median_distance": float(np.median([pair[0] for pair in pairs])) if pairs else None,
            "nearest_pairs": [{"samples": [a, b], "distance": distance} for distance, a, b in pairs[:NEAREST]],
            "same_label_maps": [[a, b] for distance, a, b in pairs if distance < ALIKE],
            "same_patients": [list(twins) for twins in self.twins],
        }


def diversity(measured: Sequence[Measured], truths: Truths) -> Diversity:
    """Compares every two of the measured samples, and the truths of all."""
    count = len(measured)
    distances = np.zeros((count, count))
    for a in range(count):
        for b in range(a):
            distances[a, b] = distances[b, a] = _distance(measured[a].small, measured[b].small)
    twins = tuple(tuple(indices) for indices in truths.alike.values() if len(indices) > 1)
    return Diversity(tuple(one.index for one in measured), distances, twins)


def html(found: Diversity, samples: int) -> str:
    """The section's content."""
    pairs = found.pairs
    if not pairs:
        return "<p>One sample can be compared with no other.</p>"
    same = [f"{a} and {b}" for distance, a, b in pairs if distance < ALIKE]
    twins = [" and ".join(map(str, group)) for group in found.twins]
    told = [
        _verdict(same, f"No two of the {len(found.indices)} label maps compared are alike", "the same label map"),
        _verdict(twins, f"No two of all {samples} samples are the same patient in their truth", "the same patient"),
    ]
    nearest = [(f"{a} and {b}", f"{100 * distance:.1f} %") for distance, a, b in pairs[:NEAREST]]
    return (
        "<p>The distance of two samples is the share of the points that lie in the body of either at which their "
        "labels differ, on a common lattice in mm and with finer structures counted as the organ they belong to: "
        "0 % is the same label map.</p>"
        + "".join(told)
        + cards(
            [
                card("all pairs, %", histogram([100 * distance for distance, _, _ in pairs])),
                card("each sample to the one most like it, %", histogram([100 * d for d in found.nearest])),
                card("nearest pairs", table(("samples", "distance"), [(row, None) for row in nearest])),
            ]
        )
    )


def _verdict(groups: Sequence[str], good: str, what: str) -> str:
    if not groups:
        return f"<p>{escape(good)}.</p>"
    more = f" and {number(len(groups) - NAMED)} more" if len(groups) > NAMED else ""
    return f'<p class="wrong">{escape(what.capitalize())}: samples {escape("; ".join(groups[:NAMED]))}{more}.</p>'


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    body = (one > 0) | (other > 0)
    inside = np.count_nonzero(body)
    return float(np.count_nonzero((one != other) & body) / inside) if inside else 0.0
