"""The report as one HTML page without scripts, that needs nothing from anywhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from pipelines.page.document import document, table
from pipelines.realism.figures import Figure
from pipelines.realism.patient import GROUPS, Patient


def page(
    dataset: str,
    summary: Sequence[Any],
    figures: Mapping[str, Any],
    patients: Sequence[Patient],
    plots: Mapping[str, str],
    pictures: Mapping[str, str],
) -> str:
    """The whole page."""
    parts = [
        f"<h1>Realism of {escape(dataset)}</h1>",
        f"<p>{len(patients)} samples. Red: not as in most people.</p>",
        table(("", "found", "wanted"), [((line.what, line.found, line.wanted), line.good) for line in summary]),
    ]
    for group, title in GROUPS.items():
        parts += [f"<h2>{escape(title)}</h2>", plots.get(group, ""), _figures_table(group, patients)]
    for scan in figures["real"]:
        parts += [f"<h3>Against the real scan {escape(scan['scan'])}</h3>", plots[scan["scan"]], _shares(scan)]
    for title, url in pictures.items():
        parts += [f"<h3>{escape(title)}</h3>", f'<img alt="{escape(title)}" src="{url}">']
    return document("Realism", "".join(parts))


def _figures_table(group: str, patients: Sequence[Patient]) -> str:
    named: dict[str, list[Figure]] = {}
    for patient in patients:
        for figure in patient.figures[group]:
            named.setdefault(figure.what, []).append(figure)
    heads = ("", "median", "least", "most", "people from", "to", "unit", "as in people", "about", "source")
    return table(heads, [(_cells(name, found), all(f.within for f in found)) for name, found in named.items()])


def _cells(name: str, found: Sequence[Figure]) -> tuple[str, ...]:
    values = [figure.value for figure in found]
    low, high = (
        [end for end in ends if end is not None] for ends in zip(*((f.low, f.high) for f in found), strict=True)
    )
    limits = [f"{np.median(ends):.4g}" if ends else "" for ends in (low, high)]
    measured = [f"{value:.4g}" for value in (np.median(values), min(values), max(values))]
    about = "; ".join(dict.fromkeys(figure.about for figure in found if figure.about))[:300]
    share = f"{sum(figure.within for figure in found)} of {len(found)}"
    return (name.replace("_", " "), *measured, *limits, found[0].unit, share, about, found[0].source)


def _shares(scan: Mapping[str, Any]) -> str:
    shares = scan["shares"]
    rows = [
        (band, *(f"{100 * shares[who][band]:.1f} %" for who in shares), f"{scan['distance_by_band_hu'][band]:.1f} HU")
        for band in shares["real"]
    ]
    peaks = ", ".join(f"{name} {hu:.0f}" for name, hu in scan["peaks_hu"].items() if hu is not None)
    facts = (
        f"Peaks: {peaks} HU. Noise {scan['noise_hu']:.1f} HU; "
        f"between fat and muscle {100 * scan['between_fat_and_muscle']:.0f} %. "
        f"Earth mover's distance: its halves {scan['floor_halves_hu']:.1f}, samples {scan['mean_hu']:.1f}, "
        f"ellipsoids {scan['ceiling_ellipsoids_hu']:.1f} HU."
    )
    return f"<p>{facts}</p>" + table(
        ("share of the body", *shares, "distance of the samples"), [(row, True) for row in rows]
    )
