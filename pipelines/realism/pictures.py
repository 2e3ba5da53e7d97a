"""Synthetic and real CT at the same levels in the same window, one below the other."""

from collections.abc import Sequence

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from pipelines.realism.scans import Scan
from pipelines.sheet import BACKGROUND, INK, WINDOWS

PX_PER_MM = 0.6
MARGIN_MM, GAP_PX, TITLE_PX = 6.0, 6, 20
LEVELS = (0.15, 0.35, 0.55, 0.75, 0.9)
"""Where the axial planes lie between the lowest and the highest common slice."""


def side_by_side(scans: Sequence[Scan]) -> Picture.Image:
    """A row for each scan, its levels already those of the others: five axial planes, a coronal and a sagittal one."""
    rows = [_row(scan) for scan in scans]
    width, height = max(row.width for row in rows), sum(row.height + TITLE_PX for row in rows)
    page = Picture.new("RGB", (width, height), BACKGROUND)
    draw, y = ImageDraw.Draw(page), 0
    for scan, row in zip(scans, rows, strict=True):
        draw.text((4, y + 3), scan.name, fill=INK, font=ImageFont.load_default(13))
        page.paste(row, (0, y + TITLE_PX))
        y += row.height + TITLE_PX
    return page


def _row(scan: Scan) -> Picture.Image:
    inside = np.argwhere(scan.body)
    x, y, _ = inside.mean(axis=0).astype(int)
    sx, sy, sz = scan.spacing_mm
    margin = [round(MARGIN_MM / spacing) for spacing in (sx, sy)]
    low, high = inside.min(axis=0), inside.max(axis=0)
    across, up = (slice(max(low[n] - margin[n], 0), high[n] + margin[n] + 1) for n in (0, 1))
    heights = [int(level * scan.hu.shape[2]) for level in LEVELS]
    planes = [_plane(scan.hu[across, up, z], sx, sy) for z in heights]
    planes += [_plane(scan.hu[across, y], sx, sz), _plane(scan.hu[x, up], sy, sz)]
    width = sum(plane.width for plane in planes) + GAP_PX * (len(planes) - 1)
    row = Picture.new("RGB", (width, max(plane.height for plane in planes)), BACKGROUND)
    left = 0
    for plane in planes:
        row.paste(plane, (left, (row.height - plane.height) // 2))
        left += plane.width + GAP_PX
    return row


def _plane(hu: np.ndarray, across_mm: float, up_mm: float) -> Picture.Image:
    """As a radiologist sees it: the patient's right, or front, at the left."""
    low, high = WINDOWS["HU"]
    grey = (np.clip((hu.T[::-1, ::-1].astype(np.float32) - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    height, width = grey.shape
    size = (max(round(width * across_mm * PX_PER_MM), 1), max(round(height * up_mm * PX_PER_MM), 1))
    return Picture.fromarray(grey).resize(size, Picture.Resampling.BILINEAR)
