"""The summary of a realism report as a table in a terminal."""

from pipelines.realism.report import Report


def print_summary(report: Report) -> None:
    """A line for every question: what was found and what is wanted."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "found", "wanted", "", box=None)
    for line in report.summary:
        verdict = {True: "[green]good", False: "[red]not yet", None: ""}[line.good]
        table.add_row(line.what, line.found, line.wanted, verdict)
    Console().print(table)
