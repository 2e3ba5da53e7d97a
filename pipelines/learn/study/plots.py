"""Plots of a study: means with their intervals side by side, curves over a scale with ticks, a law among its points."""

from collections.abc import Mapping, Sequence

from pipelines.learn.statistics import Interval
from pipelines.page.svg import Scale, axis, curve, dot, line, number, svg, text

WIDE_PX, HIGH_PX, LEFT_PX, RIGHT_PX, TOP_PX, FOOT_PX = 580, 300, 48, 12, 10, 34
LEGEND_PX, LETTER_PX, APART_PX = 18, 7.0, 9
COLOURS = 8

Curve = Sequence[tuple[float, float]]


def whiskers(places: Sequence[str], series: Mapping[str, Mapping[str, Interval]], unit: str, about: str) -> str:
    """A dot and its interval for each place and series, those of a series joined. unit: of the places."""
    ends = [end for found in series.values() for one in found.values() for end in (one.low, one.high)]
    up = _upright(ends)
    step = (WIDE_PX - LEFT_PX - RIGHT_PX) / max(len(places), 1)
    middles = {place: LEFT_PX + step * (n + 0.5) for n, place in enumerate(places)}
    parts = [*_rungs(up), *(text(x, HIGH_PX - FOOT_PX + 14, place, "middle") for place, x in middles.items())]
    parts.append(text(WIDE_PX - RIGHT_PX, HIGH_PX - FOOT_PX + 28, unit, "end", "soft"))
    apart = min(APART_PX, step / (len(series) + 1))
    for row, (name, found) in enumerate(series.items()):
        aside = apart * (row - (len(series) - 1) / 2)
        at = [(middles[place] + aside, found[place]) for place in places if place in found]
        parts.append(curve([(x, up(one.mean)) for x, one in at], f"thin {_line(row)}"))
        for x, one in at:
            parts.append(line((x, up(one.low)), (x, up(one.high)), f"bold {_line(row)}"))
            parts.append(dot(x, up(one.mean), 4, _fill(row), f"{name}: {one}"))
    legend, deep = _legend(list(series))
    return svg(WIDE_PX, deep, [*parts, *legend], about)


def curves(lines: Mapping[str, Curve], unit: str, about: str, log: bool = False) -> str:
    """Lines through (x, y) over one scale; those whose names begin alike, before a bar, have one colour."""
    xs, ys = ([point[n] for points in lines.values() for point in points] for n in (0, 1))
    across, up = _across(xs, log), _upright(ys)
    kinds = list(dict.fromkeys(_kind(name) for name in lines))
    parts = [*_rungs(up), *axis(across, HIGH_PX - FOOT_PX, TOP_PX, 8, unit)]
    for name, points in lines.items():
        row = kinds.index(_kind(name))
        parts.append(curve([(across(x), up(y)) for x, y in points], f"bold {_line(row)}", name))
    legend, deep = _legend(kinds)
    return svg(WIDE_PX, deep, [*parts, *legend], about)


def law(points: Sequence[tuple[float, Interval]], fitted: Curve, unit: str, about: str) -> str:
    """Means with intervals over a logarithmic scale, and the law that was fitted to them."""
    ends = [end for _, one in points for end in (one.low, one.high)]
    across, up = (
        _across([*(x for x, _ in points), *(x for x, _ in fitted)], log=True),
        _upright([*ends, *(y for _, y in fitted)]),
    )
    parts = [*_rungs(up), *axis(across, HIGH_PX - FOOT_PX, TOP_PX, 8, unit)]
    parts += [curve([(across(x), up(y)) for x, y in fitted], f"bold {_line(1)}", "the law")] if fitted else []
    for x, one in points:
        parts.append(line((across(x), up(one.low)), (across(x), up(one.high)), f"bold {_line(0)}"))
        parts.append(dot(across(x), up(one.mean), 4, _fill(0), f"{number(x)}: {one}"))
    return svg(WIDE_PX, HIGH_PX, parts, about)


def _across(values: Sequence[float], log: bool) -> Scale:
    return Scale(min(values), max(values), LEFT_PX, WIDE_PX - RIGHT_PX, log)


def _upright(values: Sequence[float]) -> Scale:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.05 * (high - low) or 0.05
    return Scale(low - room, high + room, HIGH_PX - FOOT_PX, TOP_PX)


def _rungs(up: Scale) -> list[str]:
    """A line across, and its number, for each round number of the upright scale."""
    parts = []
    for tick in up.ticks(6):
        parts.append(line((LEFT_PX, up(tick)), (WIDE_PX - RIGHT_PX, up(tick)), "grid"))
        parts.append(text(LEFT_PX - 6, up(tick) + 4, number(tick), "end", "soft"))
    return parts


def _legend(names: Sequence[str]) -> tuple[list[str], float]:
    """The names in their colours below a plot, and how deep it then is."""
    parts, x, y = [], float(LEFT_PX), HIGH_PX + 12.0
    for row, name in enumerate(names):
        wide = 24 + LETTER_PX * len(name)
        x, y = (float(LEFT_PX), y + LEGEND_PX) if x + wide > WIDE_PX and x > LEFT_PX else (x, y)
        parts += [dot(x + 5, y - 4, 5, _fill(row)), text(x + 15, y, name)]
        x += wide
    return parts, y + 8


def _kind(name: str) -> str:
    return name.partition("|")[0].strip()


def _fill(row: int) -> str:
    return f"c{row % COLOURS}"


def _line(row: int) -> str:
    return f"l{row % COLOURS}"
