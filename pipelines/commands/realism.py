"""`simdata realism`: how near a dataset's patients come to people."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import DatasetFolder, Json, Quiet, say


def realism(
    folder: DatasetFolder,
    real: Annotated[Path | None, typer.Option("--real", metavar="FOLDER", help="Real CT scans as NIfTI.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="And FILE.json.")] = Path("realism.html"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Say how near the patients of a CT dataset come to people and to real scans."""
    from pipelines.page.files import check_page_name, write_page
    from pipelines.progress import silent, told
    from pipelines.realism import realism as run
    from pipelines.realism.terminal import print_summary

    check_page_name(out)
    with silent() if quiet or json else told("realism") as progress:
        report = run(folder, real, progress)
    write_page(out, report.html, report.figures)
    if not (quiet or json):
        print_summary(report)
    say(f"report: {out}", report.figures, quiet, json)
