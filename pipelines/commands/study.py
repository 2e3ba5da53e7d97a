"""`simdata study`: what synthetic data is worth."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.codes import INTERRUPTED, SOME_FAILED
from pipelines.options import Changes, Json, Plugins, Quiet, RecipeFile, allowed, complain, say


def study(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Models, scores and the report.")],
    changes: Changes = [],  # noqa: B006 - typer reads the default
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train arms with and without synthetic data at equal steps, and report what differs; run again, it goes on."""
    from pipelines.interrupt import leaving_well
    from pipelines.learn.extra import check_torch

    check_torch()
    from pipelines.learn.study.findings import Findings
    from pipelines.learn.study.recipe import load
    from pipelines.learn.study.report import PAGE, TABLES, write
    from pipelines.learn.study.work import work
    from pipelines.progress import silent, told

    asked = load(recipe, changes, allowed(plugins))
    try:
        with leaving_well(), silent() if quiet or json else told("study") as progress:
            outcomes = work(asked, out, progress, allowed(plugins))
    except KeyboardInterrupt as stop:
        complain(f"interrupted; what was learnt is kept in {out}, and the same command goes on")
        raise typer.Exit(INTERRUPTED) from stop
    figures = write(Findings(asked, outcomes), out)
    words = "\n".join([*figures["summary"], f"report: {out / PAGE}, tables: {out / TABLES}"])
    say(words, figures, quiet, json)
    if figures["unmet"]:
        complain("\n".join(figures["unmet"]))
        raise typer.Exit(SOME_FAILED)
