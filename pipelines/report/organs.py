"""Volumes of every structure over the measured samples, as numbers and as dots on one scale."""

from collections.abc import Sequence
from html import escape

import numpy as np

from pipelines.page.document import more, table_of_html
from pipelines.page.plots import strip
from pipelines.page.svg import number
from pipelines.report.volumes import Measured

FAR = 3.0
SHOWN = 24
"""Structures in the open; the others are told on request."""


def figures(measured: Sequence[Measured]) -> dict:
    """Structure to percentiles of its volume (ml), and to the number of measured samples without it."""
    return {
        name: {
            **dict(zip(("least", "p5", "median", "p95", "most"), _percentiles(values), strict=True)),
            "samples": len(values),
            "without": [one.index for one in measured if name not in one.volumes_ml],
        }
        for name, values in _volumes(measured).items()
    }


def html(measured: Sequence[Measured]) -> str:
    """The section's content: the structures of largest median volume first."""
    volumes = _volumes(measured)
    if not volumes:
        return "<p>No structure has a voxel.</p>"
    rows = [(_row(name, values, len(measured)), False) for name, values in volumes.items()]
    heads = (
        "structure",
        "least",
        "5 %",
        "median, ml",
        "95 %",
        "most",
        "samples",
        "a third to three times the median",
    )
    rest = more(f"{len(rows) - SHOWN} smaller structures", table_of_html(heads, rows[SHOWN:])) if rows[SHOWN:] else ""
    return (
        "<p>Finer structures are counted as the TotalSegmentator class they belong to, findings as what they lie in; "
        "at the edge of the field of view an organ may be cut.</p>" + table_of_html(heads, rows[:SHOWN]) + rest
    )


def _volumes(measured: Sequence[Measured]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for one in measured:
        for name, volume in one.volumes_ml.items():
            found.setdefault(name, []).append(volume)
    return dict(sorted(found.items(), key=lambda item: (-float(np.median(item[1])), item[0])))


def _row(name: str, values: Sequence[float], samples: int) -> tuple[str, ...]:
    numbers, middle = [number(value) for value in _percentiles(values)], float(np.median(values))
    shown = strip(values, middle / FAR, middle * FAR, True)
    return (escape(name.replace("_", " ")), *numbers, f"{len(values)} of {samples}", shown)


def _percentiles(values: Sequence[float]) -> list[float]:
    return np.percentile(values, (0, 5, 50, 95, 100)).tolist()
