"""`simdata submit`: a dataset made on a Ray cluster, from any machine that reaches its dashboard."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.codes import INTERRUPTED
from pipelines.options import Changes, Plugins, RecipeFile, Seed, complain, recipe_of
from pipelines.work_options import Cpus, Gpus, Workers


def submit(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The dataset's folder, on a disk all nodes share.")],
    address: Annotated[
        str, typer.Option("--address", metavar="URL", help="Of the cluster's dashboard.")
    ] = "http://127.0.0.1:8265",
    count: Annotated[int | None, typer.Option("--count", min=1, help="Samples, instead of the recipe's.")] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    workers: Workers = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    shard_samples: Annotated[int | None, typer.Option("--shard-samples", min=1, help="Samples per file.")] = None,
    plugins: Plugins = [],  # noqa: B006
) -> None:
    """Make a dataset on a Ray cluster as a job, and follow it to its end; the exit code is that of 'generate'."""
    from pipelines.submit import submit as run

    made = recipe_of(recipe, changes, plugins, seed, count)
    named = {"--workers": workers, "--cpus": cpus, "--gpus": gpus, "--shard-samples": shard_samples}
    options = [word for name, value in named.items() if value is not None for word in (name, str(value))]
    options += [f"--plugin={plugin}" for plugin in plugins]
    try:
        code = run(made, address, out, options, lambda piece: typer.echo(piece, nl=False))
    except KeyboardInterrupt as stop:
        complain("\nthe job goes on without being followed")
        raise typer.Exit(INTERRUPTED) from stop
    raise typer.Exit(code)
