"""`simdata generate`: a dataset from a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import (
    INTERRUPTED,
    SOME_FAILED,
    Changes,
    Json,
    Plugins,
    Quiet,
    RecipeFile,
    Seed,
    complain,
    recipe_of,
    say,
)


def generate(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The dataset's folder, new or of this recipe.")],
    count: Annotated[int | None, typer.Option("--count", min=1, help="Samples, instead of the recipe's.")] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that share this machine.")] = 1,
    shard_samples: Annotated[int, typer.Option("--shard-samples", min=1, help="Samples per file.")] = 1,
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a dataset; run again, it goes on where it stopped."""
    from pipelines.generate import SHEET, replay_command
    from pipelines.generate import generate as run
    from pipelines.progress import silent, told
    from pipelines.workers import in_process, processes

    made = recipe_of(recipe, changes, plugins, seed, count)
    mapper = in_process if workers == 1 else processes(workers)
    try:
        with silent() if quiet or json else told("generate") as progress:
            outcome = run(made, out, mapper, shard_samples, progress)
    except KeyboardInterrupt as stop:
        complain(f"interrupted; the finished samples in {out} are kept, and the same command goes on")
        raise typer.Exit(INTERRUPTED) from stop

    for failure in outcome.failures:
        again = replay_command(out, failure.index, plugins)
        complain(f"sample {failure.index} failed: {failure.error}\n  again: {again}")
    summary = {"folder": str(out), "samples": len(outcome.receipts), "failed": [f.index for f in outcome.failures]}
    picture = f"\npicture: {out / SHEET}" if outcome.receipts else ""
    say(f"{len(outcome.receipts)} samples in {out}{picture}", summary, quiet, json)
    if outcome.failures:
        raise typer.Exit(SOME_FAILED)
