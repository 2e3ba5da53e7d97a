"""Grey values of every image: a histogram for each measured sample and their mean, and percentiles."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.page.document import card, cards, table
from pipelines.page.plots import curves
from pipelines.page.svg import number
from pipelines.report.volumes import PERCENTILES, Measured, Rulers

MEAN = "mean of the samples"
FEWEST = 2e-5
"""Share of the voxels below which a bin at the ends of a histogram is not drawn."""


def figures(measured: Sequence[Measured], by: Rulers, units: Mapping[str, str]) -> dict:
    """Bins, mean shares and percentiles, ready for JSON."""
    return {
        name: {
            "unit": units.get(name, ""),
            "bin_edges": edges.tolist(),
            "mean_share": _mean(measured, name).tolist(),
            "percentiles": {
                str(one.index): dict(zip(map(str, PERCENTILES), one.percentiles[name], strict=True))
                for one in measured
                if one.percentiles.get(name)
            },
            "not_finite": {str(one.index): one.strange[name] for one in measured if one.strange.get(name)},
        }
        for name, edges in by.edges.items()
    }


def html(measured: Sequence[Measured], by: Rulers, units: Mapping[str, str]) -> str:
    """The section's content."""
    parts = [
        "<p>Voxels inside the patient where the image has labels on its own grid, else all. Heights are square roots "
        "of shares, so that small peaks are seen; a thin line is a sample, the bold one their mean.</p>"
    ]
    plots = []
    for name, edges in by.edges.items():
        lines = {f"sample {one.index}": np.sqrt(one.shares[name]).tolist() for one in measured if name in one.shares}
        if not lines:
            continue
        lines[MEAN] = np.sqrt(_mean(measured, name)).tolist()
        middles = ((edges[:-1] + edges[1:]) / 2).tolist()
        first, last = _filled(_mean(measured, name))
        cut = {line: heights[first:last] for line, heights in lines.items()}
        plots.append(card(name, curves(middles[first:last], cut, MEAN, units.get(name, ""))))
    parts.append(cards(plots, "cards pairs"))
    parts.append(_table(measured, by, units))
    return "".join(parts)


def _filled(shares: np.ndarray) -> tuple[int, int]:
    """The bins, first and last, between which all but a few voxels lie."""
    where = np.flatnonzero(shares > FEWEST)
    return (max(int(where[0]) - 1, 0), int(where[-1]) + 2) if where.size else (0, shares.size)


def _mean(measured: Sequence[Measured], name: str) -> np.ndarray:
    return np.mean([one.shares[name] for one in measured if name in one.shares], axis=0)


def _table(measured: Sequence[Measured], by: Rulers, units: Mapping[str, str]) -> str:
    rows = []
    for name in by.edges:
        found = np.array([one.percentiles[name] for one in measured if one.percentiles.get(name)])
        if not found.size:
            continue
        middle = [number(value) for value in np.median(found, axis=0)]
        strange = sum(one.strange.get(name, 0) for one in measured)
        rows.append(((name, units.get(name, ""), *middle, number(strange)), None if not strange else False))
    heads = ("image", "unit", "least", "1 %", "25 %", "median", "75 %", "99 %", "most", "not finite")
    return "<p>Percentiles, the median over the samples:</p>" + table(heads, rows)
