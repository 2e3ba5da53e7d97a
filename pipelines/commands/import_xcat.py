"""`simdata import-xcat`: a parameter file of the XCAT phantom as a recipe."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Quiet, say


def import_xcat(
    file: Annotated[Path, typer.Argument(metavar="FILE.par", help="A parameter file of XCAT 2.")],
    out: Annotated[Path, typer.Option("--out", metavar="RECIPE", help="The recipe to write.")],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Turn a parameter file of XCAT into a recipe, and say which of its keys have no counterpart."""
    from pipelines.durable import write_whole
    from pipelines.xcat.translate import told, translate

    made = translate(file)
    write_whole(out, made.recipe().encode())
    mattering = [key for key in made.lost if key.matters]
    lines = [f"{out}: {made.found} of {len(made.par.entries)} keys have a counterpart"]
    lines += ["these have none, and are set to something:"] * bool(mattering)
    lines += [f"  {line}" for line in told(mattering)]
    lines += [f"{len(made.lost) - len(mattering)} more without one change little or nothing; the recipe lists them"]
    data = {
        "recipe": str(out),
        "translated": sorted(set(made.par.entries) - {key.key for key in made.lost}),
        "lost": [asdict(key) for key in made.lost],
    }
    say("\n".join(lines), data, quiet, json)
