"""`simdata report`: one page about a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import DatasetFolder, Json, Quiet, say


def report(
    folder: DatasetFolder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="And FILE.json.")] = Path("report.html"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show a dataset in one page: samples in 3D, distributions, diversity, coverage, cost."""
    from pipelines.page.files import check_page_name, write_page
    from pipelines.progress import silent, told
    from pipelines.report import report as run
    from simdata.errors import DatasetError

    check_page_name(out)
    if folder.resolve() in out.resolve().parents:
        raise DatasetError(
            f"{out}: lies in the dataset, whose files are all under its checksums; a path outside would do"
        )
    with silent() if quiet or json else told("report") as progress:
        made = run(folder, progress)
    write_page(out, made.html, made.figures)
    say(f"report: {out}, figures: {out.with_suffix('.json')}", made.figures, quiet, json)
