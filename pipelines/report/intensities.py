"""Grey values of every image: a histogram for each measured sample and their mean, and percentiles."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.page.document import card, cards, table
from pipelines.page.plots import curves
from pipelines.page.svg import number
from pipelines.report.volumes import PERCENTILES, Measured

MEAN = "mean of the samples"
HU_STEP, BINS = 10.0, 160
"""The width of a bin in HU, and the number of bins over any other unit."""
FAR = (0.05, 99.95)
"""Percentiles of all samples' voxels between which an image is drawn."""


def figures(measured: Sequence[Measured], units: Mapping[str, str]) -> dict:
    """Bins, mean shares and percentiles, ready for JSON."""
    return {name: _image_figures(measured, name, unit) for name, unit in units.items()}


def html(measured: Sequence[Measured], units: Mapping[str, str]) -> str:
    """The section's content."""
    plots = [
        card(name, _plot(measured, name, unit)) for name, unit in units.items() if _edges(measured, name, unit).size
    ]
    return (
        "<p>Voxels inside the patient where the image has labels on its own grid, else all. Heights are square roots "
        "of shares, so that small peaks are seen; a thin line is a sample, the bold one their mean.</p>"
        + cards(plots, "cards pairs")
        + _table(measured, units)
    )


def _image_figures(measured: Sequence[Measured], name: str, unit: str) -> dict:
    edges = _edges(measured, name, unit)
    shares = _shares(measured, name, edges)
    return {
        "unit": unit,
        "bin_edges": edges.tolist(),
        "mean_share": np.mean(list(shares.values()), axis=0).tolist() if shares else [],
        "percentiles": {
            str(one.index): dict(zip(map(str, PERCENTILES), one.percentiles[name], strict=True))
            for one in measured
            if one.percentiles.get(name)
        },
        "not_finite": {str(one.index): one.strange[name] for one in measured if one.strange.get(name)},
    }


def _plot(measured: Sequence[Measured], name: str, unit: str) -> str:
    edges = _edges(measured, name, unit)
    shares = _shares(measured, name, edges)
    lines = shares | {MEAN: np.mean(list(shares.values()), axis=0)}
    middles = ((edges[:-1] + edges[1:]) / 2).tolist()
    return curves(middles, {line: np.sqrt(share).tolist() for line, share in lines.items()}, MEAN, unit)


def _edges(measured: Sequence[Measured], name: str, unit: str) -> np.ndarray:
    """The bins that hold nearly all voxels of all samples; none if there is no voxel."""
    values = [one.values[name] for one in measured if name in one.values and one.values[name].size]
    if not values:
        return np.zeros(0)
    low, high = np.percentile(np.concatenate(values), FAR)
    if unit == "HU":
        return np.arange(np.floor(low / HU_STEP) - 1, np.ceil(high / HU_STEP) + 2) * HU_STEP
    room = (high - low) / BINS or 0.5
    return np.linspace(low - room, high + room, BINS + 1)


def _shares(measured: Sequence[Measured], name: str, edges: np.ndarray) -> dict[str, np.ndarray]:
    """Sample to the share of its voxels in every bin."""
    found = {}
    for one in measured:
        values = one.values.get(name, np.zeros(0))
        if values.size and edges.size:
            found[f"sample {one.index}"] = np.histogram(values, edges)[0] / values.size
    return found


def _table(measured: Sequence[Measured], units: Mapping[str, str]) -> str:
    rows = []
    for name, unit in units.items():
        found = np.array([one.percentiles[name] for one in measured if one.percentiles.get(name)])
        if not found.size:
            continue
        middle = [number(value) for value in np.median(found, axis=0)]
        strange = sum(one.strange.get(name, 0) for one in measured)
        rows.append(((name, unit, *middle, number(strange)), None if not strange else False))
    heads = ("image", "unit", "least", "1 %", "25 %", "median", "75 %", "99 %", "most", "not finite")
    return "<p>Percentiles, the median over the samples:</p>" + table(heads, rows)
