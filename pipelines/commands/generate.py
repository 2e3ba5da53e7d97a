"""`simdata generate`: a dataset from a recipe."""

from typing import Annotated

import typer

from pipelines.codes import SOME_FAILED
from pipelines.options import Changes, Json, Plugins, Quiet, RecipeFile, Seed, complain, recipe_of, say
from pipelines.work_options import Cpus, Gpus, RayAddress, Workers, interruptible, mapper_of


def generate(
    recipe: RecipeFile,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR|URL", help="The dataset's folder, new or of this recipe, or s3://...")
    ],
    count: Annotated[int | None, typer.Option("--count", min=1, help="Samples, instead of the recipe's.")] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    workers: Workers = None,
    ray: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    shard_samples: Annotated[int | None, typer.Option("--shard-samples", min=1, help="Samples per file: 1.")] = None,
    shard_mb: Annotated[
        float | None, typer.Option("--shard-mb", min=0.001, max=1e6, help="Or MB per file, about.")
    ] = None,
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a dataset; run again, it goes on where it stopped."""
    from pipelines.destination import destination
    from pipelines.folder import SHEET
    from pipelines.generate import generate as run
    from pipelines.generate import replay_command
    from pipelines.progress import silent, told
    from pipelines.shard_size import samples_per_shard

    made = recipe_of(recipe, changes, plugins, seed, count)
    if shard_samples and shard_mb:
        raise typer.BadParameter("--shard-samples and --shard-mb: one of them would do")
    with (
        destination(out) as folder,
        interruptible(folder),
        silent() if quiet or json else told("generate") as progress,
    ):
        mapper = mapper_of(folder, workers, ray, cpus, gpus)
        per_shard = samples_per_shard(made, shard_mb) if shard_mb else shard_samples or 1
        outcome = run(made, folder, mapper, per_shard, progress)

    for failure in outcome.failures:
        again = replay_command(folder, failure.index, plugins)
        complain(f"sample {failure.index} failed: {failure.error}\n  again: {again}")
    summary = {"folder": out, "samples": len(outcome.receipts), "failed": [f.index for f in outcome.failures]}
    picture = f"\npicture: {out}/{SHEET}" if outcome.receipts else ""
    say(f"{len(outcome.receipts)} samples in {out}{picture}", summary, quiet, json)
    if outcome.failures:
        raise typer.Exit(SOME_FAILED)
