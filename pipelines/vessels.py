"""One vessel bed from the command line: its graph, what it measures, and its picture."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from pipelines.durable import write_whole
from pipelines.eye import FIELD_MM, HEALTHY, check_eye, eye, seen
from pipelines.sheet import BACKGROUND, INK, png
from pipelines.vessel_portrait import vessel_portrait
from simdata.errors import SceneError, did_you_mean
from simdata.finding import Finding
from simdata.streams import Streams
from simdata.vessels import KINDS, Vessels
from vascular.formats import encode
from vascular.morphometry import Field, angles_deg, exponents, forks, report

BEDS = ("brain", "cco", "coronary", "kidney", "liver", "lung", "retina")
RETINA = "retina"
COLOURS = np.array([(226, 74, 60), (84, 120, 240), (226, 170, 84), (232, 222, 190), (98, 190, 90)])
"""Of artery, vein, capillary, airway, duct."""
PICTURE_PX = 760
PANEL_PX, PANELS_PX, LINE_PX = (300, 165), 320, 16
FLATNESS = 0.1
"""Vessels whose depth is less than this share of their width are seen along z, others from the front."""


@dataclass(frozen=True, eq=False)
class Grown:
    """What was asked for, by name, and its vessels. field: the picture in which a flat bed is measured."""

    asked: Mapping[str, Any]
    vessels: Vessels
    seconds: float
    findings: tuple[Finding, ...] = ()
    field: Field | None = None


def check(bed: str, field_mm: float | None, disease: str | None, picture: Path | None) -> None:
    """Raises SceneError for a bed, field, disease or picture that cannot be had."""
    if bed not in BEDS:
        raise SceneError(f"simdata vessels: no bed is called '{bed}'; {did_you_mean(bed, BEDS)}")
    if bed != RETINA:
        for option in (name for name, value in (("--field-mm", field_mm), ("--disease", disease)) if value is not None):
            raise SceneError(f"simdata vessels: {option} is of a retina, found with '{bed}'; without it would do")
    check_eye(FIELD_MM if field_mm is None else field_mm, disease or HEALTHY)
    if picture and picture.suffix.lower() != ".png":
        raise SceneError(f"simdata vessels: --png: found '{picture}'; a file that ends in .png would do")


def grow(bed: str, seed: int, field_mm: float | None = None, disease: str | None = None) -> Grown:
    """The example of a bed without a patient; of a retina, so much of it and with this disease."""
    if bed == RETINA:
        return _retina(seed, FIELD_MM if field_mm is None else field_mm, disease or HEALTHY)
    example = import_module(f"vascular.{bed}").example
    start = perf_counter()
    made = example(Streams(seed)["vessels"].generator)
    return Grown({"bed": bed, "seed": seed}, made, perf_counter() - start)


def about(grown: Grown) -> dict[str, Any]:
    """Morphometry of a bed and its findings by kind, as JSON holds it: what cannot be measured is left out."""
    made = report(grown.vessels, grown.field)
    known = {key: value for key, value in made.items() if value is not None}
    found = dict(Counter(finding.kind for finding in grown.findings))
    return {**grown.asked, "seconds": round(grown.seconds, 4), **known, "findings": found}


def _retina(seed: int, field_mm: float, disease: str) -> Grown:
    start = perf_counter()
    patient = eye(Streams(seed), field_mm, disease)
    seconds = perf_counter() - start
    asked = {"bed": RETINA, "seed": seed, "field_mm": field_mm, "disease": disease}
    return Grown(asked, patient.vessels[RETINA], seconds, patient.findings, seen(field_mm))


def write(vessels: Vessels, out: Path) -> None:
    """The graph, in the format that the ending of `out` tells. Raises SceneError for an unknown ending."""
    write_whole(out, encode(vessels, str(out)))


def write_json(found: dict[str, Any], out: Path) -> None:
    """The morphometry as JSON."""
    write_whole(out, (json.dumps(found, indent=1) + "\n").encode())


def write_picture(grown: Grown, out: Path) -> None:
    """The vessels, and their distributions beside them, as PNG."""
    write_whole(out, png(page(grown)))


def page(grown: Grown) -> Picture.Image:
    """The vessels by kind, nearer ones brighter; beside them radii, orders, exponents and angles of forks."""
    vessels, count = grown.vessels, len(grown.vessels.segments) + len(grown.vessels.links)
    asked = ", ".join(f"{name} {value}".replace("_", " ") for name, value in grown.asked.items())
    title = f"{asked}: {count} segments in {grown.seconds:.2f} s"
    tree = portrait(vessels)
    at = forks(vessels)
    own = vessels.segments
    order = vessels.order[own]
    panels = [
        _bars("radius, mm (log)", vessels.radius_mm[own], vessels.kind[own], _decades(vessels.radius_mm[own])),
        _bars("Strahler order", order, vessels.kind[own], np.arange(order.max(initial=1) + 1) + 0.5),
        _bars("exponent of forks", exponents(vessels, at), vessels.kind[at.mother], np.linspace(1, 6, 41)),
        _bars("angle of forks, degrees", angles_deg(vessels, at), vessels.kind[at.mother], np.linspace(0, 180, 37)),
    ]
    height = max(tree.height, len(panels) * (PANEL_PX[1] + LINE_PX)) + LINE_PX
    whole = Picture.new("RGB", (PICTURE_PX + PANELS_PX, height), BACKGROUND)
    ImageDraw.Draw(whole).text((6, 2), title, fill=INK, font=ImageFont.load_default(12))
    whole.paste(tree, (0, LINE_PX))
    for row, panel in enumerate(panels):
        whole.paste(panel, (PICTURE_PX + 10, LINE_PX + row * (PANEL_PX[1] + LINE_PX)))
    return whole


def portrait(vessels: Vessels) -> Picture.Image:
    """The vessels in the colours of their kinds; flat beds with y up, others from the front."""
    size = np.ptp(vessels.points_mm, axis=0)
    colour = COLOURS[vessels.kind]
    if size[2] < FLATNESS * max(size[:2]):
        return vessel_portrait(vessels, colour, PICTURE_PX, right=(1.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))
    return vessel_portrait(vessels, colour, PICTURE_PX)


def _decades(values: np.ndarray) -> np.ndarray:
    low, high = (np.log10(values.min()), np.log10(values.max())) if values.size else (-3.0, 0.0)
    return np.logspace(low - 0.02, high + 0.02, 41)


def _bars(title: str, values: np.ndarray, kind: np.ndarray, edges: np.ndarray) -> Picture.Image:
    """Bars stacked by kind, with the ends of the axis and the median."""
    width, height = PANEL_PX
    panel = Picture.new("RGB", PANEL_PX, BACKGROUND)
    draw, font = ImageDraw.Draw(panel), ImageFont.load_default(11)
    known = np.isfinite(values)
    counts = np.array([np.histogram(values[known & (kind == k)], edges)[0] for k in range(len(KINDS))])
    tall = max(int(counts.sum(axis=0).max(initial=0)), 1)
    left = np.linspace(2, width - 2, len(edges))
    room = height - 2 * LINE_PX
    base = np.full(len(edges) - 1, float(height - LINE_PX))
    for of_kind, ink in zip(counts, COLOURS.tolist(), strict=True):
        top = base - room * of_kind / tall
        for i in np.flatnonzero(of_kind):
            draw.rectangle([left[i], top[i], max(left[i], left[i + 1] - 1.5), base[i]], fill=tuple(ink))
        base = top
    middle = f", median {np.median(values[known]):.3g}" if known.any() else ", none"
    draw.text((2, 0), title + middle, fill=INK, font=font)
    draw.text((2, height - LINE_PX), f"{edges[0]:.3g}", fill=INK, font=font)
    draw.text((width - 2, height - LINE_PX), f"{edges[-1]:.3g}", fill=INK, font=font, anchor="ra")
    return panel
