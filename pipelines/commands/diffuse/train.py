"""`simdata diffuse train`: a model that makes images."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.codes import INTERRUPTED
from pipelines.options import Changes, Json, Plugins, Quiet, RecipeFile, Seed, allowed, complain, say


def train(
    recipe: RecipeFile,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The model's folder, new or begun with this recipe.")
    ],
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a diffusion model; run again, it goes on where it stopped."""
    from pipelines.diffuse.recipe import load
    from pipelines.interrupt import leaving_well
    from pipelines.learn.extra import check_torch
    from pipelines.progress import lasting, silent, told

    check_torch()
    from pipelines.diffuse.train import train as run
    from pipelines.learn.place import speaks

    seeds = [] if seed is None else [f"seed={seed}"]
    asked = load(recipe, [*changes, *seeds], allowed(plugins))
    try:
        with leaving_well(), silent() if quiet or json or not speaks() else told("train") as progress:
            trained = run(asked, out, progress)
    except KeyboardInterrupt as stop:
        complain(f"interrupted; the same command goes on in {out}, from at most a minute before")
        raise typer.Exit(INTERRUPTED) from stop
    if not speaks():
        return
    summary = {"folder": str(out), "steps": trained.steps, "seconds": trained.seconds, "loss": trained.loss}
    say(
        f"model: {out}, {trained.steps} steps in {lasting(trained.seconds)}, loss {trained.loss:.4f}",
        summary,
        quiet,
        json,
    )
