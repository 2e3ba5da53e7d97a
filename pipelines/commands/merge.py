"""`simdata merge`: several datasets as one."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Quiet, say


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders made by 'simdata generate'.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.")],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make one dataset of several; shards are linked or copied, every sample gets an index of its own."""
    from pipelines.merge import merge as run
    from pipelines.progress import silent, told

    with silent() if quiet or json else told("merge") as progress:
        receipts = run(folders, out, progress)
    say(f"{len(receipts)} samples in {out}", {"folder": str(out), "samples": len(receipts)}, quiet, json)
