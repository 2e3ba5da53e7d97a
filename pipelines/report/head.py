"""What the dataset is: a sentence, the figures one asks for first, what made it, and its licence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from pipelines.card import LICENCE, kinds
from pipelines.page.document import more
from pipelines.page.svg import number
from pipelines.plain import dump_yaml
from pipelines.progress import lasting, size
from pipelines.report.truths import Truths


@dataclass(frozen=True)
class About:
    """name: of the folder. recipe: as stored, empty if there is none. versions: package to all that made it."""

    name: str
    recipe: Mapping[str, Any]
    versions: Mapping[str, tuple[str, ...]]
    failed: int


def figures(about: About, truths: Truths) -> dict:
    """The head as JSON."""
    return {
        "dataset": about.name,
        "samples": len(truths.receipts),
        "asked": about.recipe.get("count"),
        "failed": about.failed,
        "unread": [{"sample": one.index, "why": one.why} for one in truths.unread],
        "seeds": sorted({receipt.seed for receipt in truths.receipts}),
        "images": dict(truths.units),
        "versions": {package: list(found) for package, found in about.versions.items()},
        "sources": dict(truths.sources),
        "notes": dict(truths.notes),
        "recipe": dict(about.recipe),
    }


def html(about: About, truths: Truths) -> str:
    """The top of the page."""
    recipe, samples = about.recipe, len(truths.receipts)
    grown = kinds(recipe.get("grow"))
    made = f"Phantom {kinds(recipe['phantom'])}" if "phantom" in recipe else "Its recipe is not with it"
    told = made + (f", grown in it {grown}" if grown != "nothing" else "") + f"; seen by {_images(truths)}."
    return (
        f"<h1>{escape(about.name)}</h1><p>{samples} synthetic samples made by simdata. No patient's image is in it: "
        f"every voxel was computed, and the labels are the anatomy it was computed from. {escape(told)}</p>"
        + _tiles(about, truths)
        + _warnings(about, truths)
    )


def origin(about: About, truths: Truths) -> str:
    """How it was made: recipe, versions, sources, licence."""
    versions = ", ".join(f"{package} {' and '.join(found)}" for package, found in about.versions.items())
    sources = "".join(
        f"<li>{count} samples: <code>{escape(source)}</code></li>" for source, count in sorted(truths.sources.items())
    )
    recipe = f"<pre>{escape(dump_yaml(dict(about.recipe)))}</pre>" if about.recipe else ""
    return (
        f"<p>Made by {escape(versions)}.</p><p>{_code(LICENCE)}</p>"
        + (f"<h3>Made from</h3><ul>{sources}</ul>" if sources else "")
        + (more("The recipe", recipe) if recipe else "")
    )


def _code(text: str) -> str:
    """Text with `names` in it as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _tiles(about: About, truths: Truths) -> str:
    seconds = [receipt.seconds for receipt in truths.receipts]
    asked = about.recipe.get("count")
    of = f" of {asked}" if asked and asked != len(truths.receipts) else ""
    seeds = sorted({receipt.seed for receipt in truths.receipts})
    tiles = {
        "samples": f"{len(truths.receipts)}{of}",
        "images a sample": str(len(truths.units)),
        "findings": number(sum(truths.findings.values())),
        "structures": str(len(truths.structures)),
        "on the disk": size(float(np.sum(truths.bytes))),
        "computing time": lasting(float(np.sum(seconds))),
        "seed": ", ".join(map(str, seeds[:3])) + (" …" if len(seeds) > 3 else ""),
        "simdata": " and ".join(about.versions.get("simdata", ("not told",))),
    }
    inside = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{name}</span></div>' for name, value in tiles.items()
    )
    return f'<div class="tiles">{inside}</div>'


def _warnings(about: About, truths: Truths) -> str:
    told: list[str] = []
    told += [f"{about.failed} samples failed"] if about.failed else []
    told += [f"{len(truths.unread)} samples cannot be read"] if truths.unread else []
    notes = "".join(f"<li>{escape(note)} ({count} samples)</li>" for note, count in sorted(truths.notes.items()))
    return (f'<p class="wrong"><a href="#quarantine">{" and ".join(told)}</a>.</p>' if told else "") + (
        more("What the scanners noted", f"<ul>{notes}</ul>") if notes else ""
    )


def _images(truths: Truths) -> str:
    named: Sequence[str] = [f"{name} ({unit})" for name, unit in truths.units.items()]
    return ", ".join(named) or "no scanner"
