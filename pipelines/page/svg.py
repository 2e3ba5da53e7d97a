"""The pens of a plot as SVG text: lines, boxes, words, and a scale with round numbers on it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """From numbers, low to high, to a place on the page, start to end; by their logarithms if `log`."""

    low: float
    high: float
    start_px: float
    end_px: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (self._even(number) for number in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start_px + min(max(share, 0.0), 1.0) * (self.end_px - self.start_px)

    def edges(self, count: int) -> list[float]:
        """The edges of `count` bins of equal width on the page."""
        low, high = self._even(self.low), self._even(self.high)
        even = [low + (high - low) * number / count for number in range(count + 1)]
        return [math.exp(edge) for edge in even] if self.log else even

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round numbers on the scale, about as many as wanted."""
        if self.high <= self.low:
            return [self.low]
        return self._log_ticks(wanted) if self.log else _round_numbers(self.low, self.high, wanted)

    def _log_ticks(self, wanted: int) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            inside = [tick for tick in found if self.low <= tick <= self.high]
            if len(inside) <= wanted + 2:
                break
        return inside if len(inside) > 1 else _round_numbers(self.low, self.high, wanted)

    def _even(self, value: float) -> float:
        return math.log(value) if self.log else value


def number(value: float) -> str:
    """A number for a reader: four figures, thousands apart."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if abs(value) >= 10_000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.4g}"


def svg(width: float, height: float, parts: Iterable[str], about: str) -> str:
    """The drawing; about: what is told to whoever cannot see it."""
    return (
        f'<svg role="img" aria-label="{escape(about)}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">{"".join(parts)}</svg>'
    )


def line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    """A straight line; kind: a class of the style, as everywhere here."""
    return f'<line class="{kind}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'


def box(left: float, top: float, width: float, height: float, kind: str, told: str = "") -> str:
    """A rectangle; told: what it says when one points at it."""
    title = f"<title>{escape(told)}</title>" if told else ""
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}">'
        f"{title}</rect>"
    )


def dot(x: float, y: float, radius: float, kind: str, told: str = "") -> str:
    """A round dot."""
    title = f"<title>{escape(told)}</title>" if told else ""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}">{title}</circle>'


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Words; anchor: start, middle or end."""
    wears = f' class="{kind}"' if kind else ""
    return f'<text{wears} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def curve(points: Sequence[tuple[float, float]], kind: str, told: str = "") -> str:
    """A line through points."""
    title = f"<title>{escape(told)}</title>" if told else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}">{title}</polyline>'


def axis(scale: Scale, y: float, top: float, wanted: int = 5, unit: str = "") -> list[str]:
    """A scale below a plot: a line across it and a number for each round number."""
    parts = [line((scale.start_px, y), (scale.end_px, y), "axis")]
    for tick in scale.ticks(wanted):
        parts += [line((scale(tick), top), (scale(tick), y), "grid"), text(scale(tick), y + 14, number(tick), "middle")]
    return [*parts, text(scale.end_px, y + 27, unit, "end")] if unit else parts


def _round_numbers(low: float, high: float, wanted: int) -> list[float]:
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in STEPS if step * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]
