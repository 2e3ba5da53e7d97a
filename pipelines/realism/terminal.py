"""The summary of a realism report as a table in a terminal, and the report's files."""

import json
from pathlib import Path

from pipelines.durable import write_whole
from pipelines.realism.report import Report
from simdata.errors import DatasetError

ENDING = ".html"


def check_name(out: Path) -> None:
    """Raises DatasetError if `out` is no name for a page."""
    if out.suffix != ENDING:
        raise DatasetError(f"{out}: a name that ends in {ENDING} would do")


def write_report(report: Report, out: Path) -> None:
    """The page, and all its figures beside it as JSON. Raises DatasetError if the disk refuses."""
    write_whole(out, report.html.encode())
    write_whole(out.with_suffix(".json"), (json.dumps(report.figures, indent=1) + "\n").encode())


def print_summary(report: Report) -> None:
    """A line for every question: what was found and what is wanted."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "found", "wanted", "", box=None)
    for line in report.summary:
        verdict = {True: "[green]good", False: "[red]not yet", None: ""}[line.good]
        table.add_row(line.what, line.found, line.wanted, verdict)
    Console().print(table)
