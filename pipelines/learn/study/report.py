"""What a study writes: its numbers as JSON, its tables as Markdown, and one page for a reader."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.build import describe
from pipelines.durable import write_whole
from pipelines.learn.study.examples import examples
from pipelines.learn.study.findings import Findings
from pipelines.learn.study.overlay import sheet
from pipelines.learn.study.page import page, plots
from pipelines.learn.study.tables import tables
from pipelines.learn.study.verdict import summary
from pipelines.page.document import drawing
from pipelines.sheet import png

NUMBERS, TABLES, PAGE, EXAMPLES = "study.json", "tables.md", "report.html", "examples.png"
COLOURS = 256
"""Of the examples as a file."""
VERSIONED = ("simdata", "torch", "monai", "numpy")


def write(found: Findings, folder: Path) -> dict[str, Any]:
    """Writes numbers, tables, page, and the plots and examples of it alone, into the folder of a study.

    Returns the numbers. Raises DatasetError if the disk refuses.
    """
    recipe, versions = describe(found.study), {package: version(package) for package in VERSIONED}
    figures = {"summary": list(summary(found.verdicts)), **found.plain(), "versions": versions, "recipe": recipe}
    seen = sheet(examples(found, folder))
    write_whole(folder / NUMBERS, (json.dumps(figures, indent=1) + "\n").encode())
    write_whole(folder / TABLES, markdown(found).encode())
    write_whole(folder / PAGE, page(found, recipe, seen, versions).encode())
    write_whole(folder / EXAMPLES, png(seen.quantize(COLOURS)))
    for name, svg in plots(found).items():
        write_whole(folder / f"{name}.svg", drawing(svg).encode())
    return figures


def markdown(found: Findings) -> str:
    """The tables, to be read as text or put into a page of documentation."""
    study = found.study
    head = (
        f"{len(found.images)} test images, {study.steps} steps an arm, seeds {', '.join(map(str, study.seeds))}. "
        "Dice and clDice are means over images and seeds; intervals of 95 % are bootstrapped over both."
    )
    return "\n".join([head, "", *summary(found.verdicts), "", *(table.markdown() for table in tables(found))])
