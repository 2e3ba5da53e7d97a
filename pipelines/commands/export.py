"""`simdata export`: a dataset in another form."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import DatasetFolder, Json, Quiet, say


def export(
    folder: DatasetFolder,
    to: Annotated[str, typer.Option("--to", help="nifti")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR2", help="A new folder.")],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a dataset in another form."""
    from pipelines.export import export as run
    from pipelines.progress import silent, told

    with silent() if quiet or json else told("export") as progress:
        count = run(folder, to, out, progress)
    say(f"{count} samples in {out}", {"folder": str(out), "samples": count}, quiet, json)
