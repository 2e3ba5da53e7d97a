"""Two plots as SVG text: dots on a line for every measure, and histograms one over another."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

COLOURS = ("#1b6ca8", "#c0392b", "#7f8c8d", "#27ae60", "#8e44ad", "#d68910")
LINE_PX, LABEL_PX, WIDTH_PX, HEIGHT_PX = 18, 190, 760, 260
FAR_Z = 5.0
SHOWN_HU = (-1024.0, 700.0)


def strip(values: Mapping[str, Sequence[float]], usual: float) -> str:
    """A line of dots for each name, on a scale of z-scores; the band of the usual ones is shaded."""
    height = LINE_PX * (len(values) + 1)

    def place(z: float) -> float:
        return LABEL_PX + (np.clip(z, -FAR_Z, FAR_Z) + FAR_Z) / (2 * FAR_Z) * (WIDTH_PX - LABEL_PX - 10)

    parts = [
        f'<rect x="{place(-usual):.1f}" width="{place(usual) - place(-usual):.1f}" height="{height}" fill="#eef3f7"/>'
    ]
    parts += [_line((place(z), 0), (place(z), height), "#ccd3da") for z in range(-int(FAR_Z), int(FAR_Z) + 1)]
    for row, (name, zs) in enumerate(values.items()):
        y = LINE_PX * (row + 0.5)
        parts.append(_text(LABEL_PX - 8, y + 4, name.replace("_", " "), "end"))
        parts += [
            f'<circle cx="{place(z):.1f}" cy="{y}" r="4" fill="{COLOURS[abs(z) > usual]}" fill-opacity="0.6"/>'
            for z in zs
        ]
    parts += [_text(place(z), height - 4, f"{z:+d}" if z else "0", "middle") for z in range(-4, 5, 2)]
    return _svg(height, parts)


def histograms(middles: np.ndarray, shares: Mapping[str, np.ndarray]) -> str:
    """Square roots of shares over HU, so that small peaks are seen too."""
    seen = (middles >= SHOWN_HU[0]) & (middles <= SHOWN_HU[1])
    top = max(float(np.sqrt(share[seen]).max()) for share in shares.values()) or 1.0
    x = 10 + (middles[seen] - SHOWN_HU[0]) / np.ptp(SHOWN_HU) * (WIDTH_PX - 20)
    parts = []
    for hu in range(-1000, int(SHOWN_HU[1]) + 1, 100):
        at = float(10 + (hu - SHOWN_HU[0]) / np.ptp(SHOWN_HU) * (WIDTH_PX - 20))
        parts.append(_line((at, 0), (at, HEIGHT_PX - 16), "#e2e6ea"))
        parts += [_text(at, HEIGHT_PX - 4, str(hu), "middle")] if hu % 200 == 0 else []
    for number, (name, share) in enumerate(shares.items()):
        colour = COLOURS[number % len(COLOURS)]
        y = (HEIGHT_PX - 18) * (1 - np.sqrt(share[seen]) / top)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(_text(250, 18 + 16 * number, name, "start", colour))
    return _svg(HEIGHT_PX, parts)


def _svg(height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH_PX} {height}" width="{WIDTH_PX}" height="{height}">{"".join(parts)}</svg>'


def _line(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    return f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="{colour}">{escape(words)}</text>'
