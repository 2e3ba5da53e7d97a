"""`simdata generate`: a dataset from a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import (
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
from pipelines.work_options import Cpus, Gpus, RayAddress, Workers, interruptible, mapper_of


def generate(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The dataset's folder, new or of this recipe.")],
    count: Annotated[int | None, typer.Option("--count", min=1, help="Samples, instead of the recipe's.")] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    workers: Workers = None,
    ray: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    shard_samples: Annotated[int, typer.Option("--shard-samples", min=1, help="Samples per file.")] = 1,
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a dataset; run again, it goes on where it stopped."""
    from pipelines.folder import SHEET
    from pipelines.generate import generate as run
    from pipelines.generate import replay_command
    from pipelines.progress import silent, told

    made = recipe_of(recipe, changes, plugins, seed, count)
    mapper = mapper_of(out, workers, ray, cpus, gpus)
    with interruptible(out), silent() if quiet or json else told("generate") as progress:
        outcome = run(made, out, mapper, shard_samples, progress)

    for failure in outcome.failures:
        again = replay_command(out, failure.index, plugins)
        complain(f"sample {failure.index} failed: {failure.error}\n  again: {again}")
    summary = {"folder": str(out), "samples": len(outcome.receipts), "failed": [f.index for f in outcome.failures]}
    picture = f"\npicture: {out / SHEET}" if outcome.receipts else ""
    say(f"{len(outcome.receipts)} samples in {out}{picture}", summary, quiet, json)
    if outcome.failures:
        raise typer.Exit(SOME_FAILED)
