"""Plots as SVG text: histograms with every value below them, bars, stacked bars, curves, and a strip of dots."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.page.svg import Scale, axis, box, curve, dot, line, number, svg, text

COLOURS = 8
"""Classes c0 to c7 of the style."""
WIDTH_PX, HEIGHT_PX, EDGE_PX, RUG_PX = 380, 150, 26, 8
BAR_PX, NAME_PX, COUNT_PX, ROW_NAME_PX = 20, 150, 84, 90
LEAST_BINS, MOST_BINS = 8, 30
LONGEST = 24
WIDE_PX, CURVE_PX = 580, 240
STRIP_PX = 220


def colour(position: int) -> str:
    """The class of the n-th thing that has a colour of its own."""
    return f"c{position % COLOURS}"


def histogram(
    values: Sequence[float], asked: tuple[float, float] | None = None, log: bool = False, whole: bool = False
) -> str:
    """How often each value fell, and below it a tick for every one. asked: the range they were drawn from, shaded."""
    scale = _scale([*values, *(asked or ())], log, whole)
    edges = _whole_edges(scale) if whole else scale.edges(int(np.clip(2 * len(values) ** 0.5, LEAST_BINS, MOST_BINS)))
    counts, edges = np.histogram(values, bins=edges)
    base, most = HEIGHT_PX - 20 - RUG_PX, max(int(counts.max(initial=0)), 1)
    parts = [box(scale(asked[0]), 4, scale(asked[1]) - scale(asked[0]), base - 4, "asked")] if asked else []
    parts += [*axis(scale, base + RUG_PX, 4), text(EDGE_PX - 3, 20, str(most), "end", "soft")]
    for count, low, high in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        tall = (base - 12) * count / most
        told = f"{count} from {number(low)} to {number(high)}"
        parts.append(box(scale(low) + 0.5, base - tall, scale(high) - scale(low) - 1, tall, "c0", told))
    seen = sorted({round(scale(value), 1) for value in values})
    parts += [line((x, base), (x, base + RUG_PX), "rug") for x in seen]
    about = f"{len(values)} values from {number(min(values))} to {number(max(values))}"
    return svg(WIDTH_PX, HEIGHT_PX, parts, about)


def bars(counts: Mapping[str, int]) -> str:
    """How often each choice fell; one that never did is marked."""
    total, most = max(sum(counts.values()), 1), max(*counts.values(), 1)
    scale = Scale(0, most, NAME_PX, WIDTH_PX - COUNT_PX)
    parts = []
    for row, (name, count) in enumerate(counts.items()):
        y = BAR_PX * row
        parts.append(text(NAME_PX - 8, y + 14, _shortened(name), "end", "" if count else "never"))
        parts.append(box(NAME_PX, y + 3, scale(count) - NAME_PX, BAR_PX - 6, "c0", f"{name}: {count}"))
        words = f"{count}  {100 * count / total:.0f} %" if count else "never"
        parts.append(text(scale(count) + 6, y + 14, words, "start", "" if count else "never"))
    return svg(WIDTH_PX, BAR_PX * len(counts) + 4, parts, ", ".join(f"{n}: {c}" for n, c in counts.items()))


def stacked(rows: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """One bar a row, made of its parts, in their colours; a legend below."""
    kinds = list(dict.fromkeys(kind for parts in rows.values() for kind in parts))
    most = max((sum(parts.values()) for parts in rows.values()), default=0) or 1
    scale = Scale(0, most, ROW_NAME_PX, WIDE_PX - COUNT_PX)
    base = BAR_PX * len(rows) + 4
    drawn = axis(scale, base, 0, 6)
    for row, (name, parts) in enumerate(rows.items()):
        y, so_far = BAR_PX * row, 0.0
        drawn.append(text(ROW_NAME_PX - 8, y + 15, _shortened(name), "end"))
        for kind, value in parts.items():
            told = f"{name}, {kind}: {number(value)} {unit}"
            wide = scale(so_far + value) - scale(so_far)
            drawn.append(box(scale(so_far), y + 3, wide, BAR_PX - 5, colour(kinds.index(kind)), told))
            so_far += value
        drawn.append(text(scale(so_far) + 6, y + 15, f"{number(float(f'{so_far:.3g}'))} {unit}"))
    legend, deep = _legend(kinds, base + 24)
    return svg(WIDE_PX, deep, [*drawn, *legend], f"{', '.join(kinds)} of {', '.join(rows)}, {unit}")


def curves(x: Sequence[float], lines: Mapping[str, Sequence[float]], bold: str, unit: str) -> str:
    """Thin lines over x, and a bold one among them."""
    scale, base = Scale(x[0], x[-1], EDGE_PX, WIDE_PX - EDGE_PX), CURVE_PX - 32
    top = max((max(y) for y in lines.values()), default=0) or 1
    parts = axis(scale, base, 4, 10, unit)
    for name in sorted(lines, key=lambda name: name == bold):
        points = [(scale(a), base - (base - 8) * b / top) for a, b in zip(x, lines[name], strict=True)]
        parts.append(curve(points, "bold" if name == bold else "thin", name))
    return svg(WIDE_PX, CURVE_PX, parts, f"{len(lines)} lines over {unit}")


def strip(values: Sequence[float], low: float, high: float, log: bool) -> str:
    """A dot for each value on a short line, to stand in a table; the tables' rows share low and high."""
    scale = Scale(low, high, 6, STRIP_PX - 6, log)
    places = sorted({round(scale(value), 1) for value in values})
    parts = [line((6, 8), (STRIP_PX - 6, 8), "grid"), *(dot(x, 8, 3, "dot") for x in places)]
    return svg(STRIP_PX, 16, parts, f"{len(values)} values")


def _scale(values: Sequence[float], log: bool, whole: bool) -> Scale:
    low, high = min(values), max(values)
    if whole:
        return Scale(low - 0.5, high + 0.5, EDGE_PX, WIDTH_PX - EDGE_PX)
    room = 0.5 * abs(low) or 0.5
    low, high = (low, high) if high > low else (low - room, high + room)
    return Scale(low, high, EDGE_PX, WIDTH_PX - EDGE_PX, log and low > 0)


def _whole_edges(scale: Scale) -> list[float]:
    step = max(1, round((scale.high - scale.low) / MOST_BINS))
    return [scale.low + step * count for count in range(int(np.ceil((scale.high - scale.low) / step)) + 1)]


def _legend(kinds: Sequence[str], top: float) -> tuple[list[str], float]:
    """Names with their colours, and where they end."""
    parts, x, y = [], float(ROW_NAME_PX), top
    for position, kind in enumerate(kinds):
        wide = 24 + 7.2 * len(kind)
        x, y = (float(ROW_NAME_PX), y + 18) if x + wide > WIDE_PX and x > ROW_NAME_PX else (x, y)
        parts += [box(x, y, 10, 10, colour(position)), text(x + 15, y + 9, kind)]
        x += wide
    return parts, y + 16


def _shortened(name: str) -> str:
    words = name.replace("_", " ")
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
