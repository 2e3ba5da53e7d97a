"""Two plots of a page: dots on a line for every measure, and histograms one over another."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.page.svg import box, curve, dot, line, svg, text

LINES = 6
"""Classes l0 to l5 of a page's style are lines in colours of their own."""
LINE_PX, LABEL_PX, WIDTH_PX, HEIGHT_PX = 18, 190, 760, 260
FAR_Z = 5.0
SHOWN_HU = (-1024.0, 700.0)


def strip(values: Mapping[str, Sequence[float]], usual: float) -> str:
    """A line of dots for each name, on a scale of z-scores; the band of the usual ones is shaded."""
    height = LINE_PX * (len(values) + 1)

    def place(z: float) -> float:
        return LABEL_PX + (np.clip(z, -FAR_Z, FAR_Z) + FAR_Z) / (2 * FAR_Z) * (WIDTH_PX - LABEL_PX - 10)

    parts = [box(place(-usual), 0, place(usual) - place(-usual), height, "asked")]
    parts += [line((place(z), 0), (place(z), height), "grid") for z in range(-int(FAR_Z), int(FAR_Z) + 1)]
    for row, (name, zs) in enumerate(values.items()):
        y = LINE_PX * (row + 0.5)
        parts.append(text(LABEL_PX - 8, y + 4, name.replace("_", " "), "end"))
        parts += [dot(place(z), y, 4, "odd" if abs(z) > usual else "dot") for z in zs]
    parts += [text(place(z), height - 4, f"{z:+d}" if z else "0", "middle") for z in range(-4, 5, 2)]
    return svg(WIDTH_PX, height, parts, "z-scores of " + ", ".join(values))


def histograms(middles: np.ndarray, shares: Mapping[str, np.ndarray]) -> str:
    """Square roots of shares over HU, so that small peaks are seen too."""
    seen = (middles >= SHOWN_HU[0]) & (middles <= SHOWN_HU[1])
    top = max(float(np.sqrt(share[seen]).max()) for share in shares.values()) or 1.0
    x = 10 + (middles[seen] - SHOWN_HU[0]) / np.ptp(SHOWN_HU) * (WIDTH_PX - 20)
    parts = []
    for hu in range(-1000, int(SHOWN_HU[1]) + 1, 100):
        at = float(10 + (hu - SHOWN_HU[0]) / np.ptp(SHOWN_HU) * (WIDTH_PX - 20))
        parts.append(line((at, 0), (at, HEIGHT_PX - 16), "grid"))
        parts += [text(at, HEIGHT_PX - 4, str(hu), "middle")] if hu % 200 == 0 else []
    for number, (name, share) in enumerate(shares.items()):
        kind = f"l{number % LINES}"
        y = (HEIGHT_PX - 18) * (1 - np.sqrt(share[seen]) / top)
        parts.append(curve(list(zip(x.tolist(), y.tolist(), strict=True)), f"bold {kind}", name))
        parts.append(box(235, 9 + 16 * number, 10, 10, f"c{number % LINES}"))
        parts.append(text(250, 18 + 16 * number, name))
    return svg(WIDTH_PX, HEIGHT_PX, parts, f"shares over HU of {', '.join(shares)}")
