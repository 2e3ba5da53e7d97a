"""`simdata study`: what synthetic data is worth."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import SOME_FAILED, Changes, Json, Plugins, Quiet, RecipeFile, allowed, complain, say
from pipelines.work_options import interruptible


def study(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Models, scores and the report.")],
    changes: Changes = [],  # noqa: B006 - typer reads the default
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train arms with and without synthetic data at equal steps, and report what differs; run again, it goes on."""
    from pipelines.learn.study.findings import Findings
    from pipelines.learn.study.recipe import load
    from pipelines.learn.study.report import PAGE, TABLES, write
    from pipelines.learn.study.work import work
    from pipelines.progress import silent, told

    asked = load(recipe, changes, allowed(plugins))
    with interruptible(out), silent() if quiet or json else told("study") as progress:
        outcomes = work(asked, out, progress, allowed(plugins))
    figures = write(Findings(asked, outcomes), out)
    words = "\n".join([*figures["summary"], f"report: {out / PAGE}, tables: {out / TABLES}"])
    say(words, figures, quiet, json)
    if figures["unmet"]:
        complain("\n".join(figures["unmet"]))
        raise typer.Exit(SOME_FAILED)
