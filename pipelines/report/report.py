"""The report of a dataset: every sample's truth is read, some volumes are looked at, and one page tells it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from pipelines.folder import RECIPE, stored_tree
from pipelines.page.document import document, more, picture, section
from pipelines.progress import Progress
from pipelines.report import coverage, diversity, effort, head, intensities, organs, parameters, quarantine, viewer
from pipelines.report.dice import Die, dice_of
from pipelines.report.looks import MEASURED, Looks, looks_at
from pipelines.report.quarantine import Failed
from pipelines.report.truths import Truths, read_truths
from simdata.dataset import Dataset
from simdata.errors import DatasetError


@dataclass(frozen=True)
class Report:
    """html: the page, which needs no other file and no network. figures: all its numbers, ready for JSON."""

    html: str
    figures: dict[str, Any]


def report(folder: Path, progress: Progress = lambda done, wanted: None) -> Report:
    """Reads the dataset in `folder`: the truth of all samples, and the volumes of some.

    The same dataset gives the same report. Samples that cannot be read are listed in it. Raises DatasetError if the
    folder is no dataset, or not one of its samples can be read.
    """
    dataset = Dataset(folder)
    failed = quarantine.quarantined(folder)
    if not len(dataset):
        raise DatasetError(f"{folder}: holds no finished sample ({len(failed)} failed); 'simdata generate' makes them")
    recipe = stored_tree(folder) if (folder / RECIPE).is_file() else {}
    dice, looks = dice_of(recipe), Looks()
    truths = read_truths(dataset, dice, looks_at(dataset, dice, looks), progress)
    dataset.close()
    if not truths.receipts:
        raise DatasetError(f"{folder}: no sample can be read; the first says: {truths.unread[0].why}")
    about = head.About(folder.resolve().name, recipe, _versions(looks), len(failed))
    return _told(about, dice, truths, looks, failed)


def _told(about: head.About, dice: Sequence[Die], truths: Truths, looks: Looks, failed: Sequence[Failed]) -> Report:
    covered = coverage.coverage(dice, truths)
    unlike = diversity.diversity(looks.measured, truths)
    figures = {
        **head.figures(about, truths),
        "measured_samples": [one.index for one in looks.measured],
        "parameters": parameters.figures(dice, truths),
        "intensities": intensities.figures(looks.measured, truths.units),
        "organs_ml": organs.figures(looks.measured),
        "diversity": unlike.figures(),
        "coverage": coverage.figures(covered, truths),
        "effort": effort.figures(truths, looks.measured),
    }
    samples, some = len(truths.receipts), _some(looks, truths)
    rows = "".join(
        f'<div class="film"><p>{escape(title)}</p>{picture(row, title)}</div>\n'
        for title, row in looks.pictures.items()
    )
    parts = {
        "samples": ("Samples", rows),
        "volumes": ("In three dimensions", viewer.html(looks.viewed)),
        "parameters": ("What was drawn", parameters.html(dice, truths)),
        "intensities": ("Grey values", some + intensities.html(looks.measured, truths.units)),
        "organs": ("Volumes of structures", some + organs.html(looks.measured)),
        "diversity": ("Diversity", some + diversity.html(unlike, samples)),
        "coverage": ("Coverage", coverage.html(covered, truths)),
        "effort": ("Time and room", effort.html(truths, looks.measured)),
        "quarantine": ("Missing samples", quarantine.html(about.recipe.get("count"), samples, failed, truths.unread)),
        "origin": ("Origin and licence", head.origin(about, truths)),
    }
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, (title, _) in parts.items())
    body = head.html(about, truths) + f"<nav>{links}</nav>\n"
    body += "".join(section(name, title, inside) for name, (title, inside) in parts.items())
    return Report(document(about.name, body, _embedded(figures) + viewer.scripts(looks.viewed)), figures)


def _embedded(figures: Mapping[str, Any]) -> str:
    text = json.dumps(figures, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="figures">{text}</script>\n'


def _some(looks: Looks, truths: Truths) -> str:
    """Which volumes were measured, where it is not all."""
    if len(looks.measured) == len(truths.receipts):
        return ""
    which = ", ".join(str(one.index) for one in looks.measured)
    told = f"Measured on {len(looks.measured)} of {len(truths.receipts)} samples, spread over the dataset"
    return more(told, f"<p>At most {MEASURED} are measured; here {which}.</p>")


def _versions(looks: Looks) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for one in looks.measured:
        for package, version in one.versions.items():
            found.setdefault(package, set()).add(version)
    return {package: tuple(sorted(versions)) for package, versions in sorted(found.items())}
