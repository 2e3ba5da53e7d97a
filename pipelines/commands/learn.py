"""`simdata learn`: a network that learns from synthetic and real images."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.codes import INTERRUPTED
from pipelines.options import Changes, Json, Plugins, Quiet, RecipeFile, Seed, allowed, complain, say


def learn(
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
    """Train a network; run again, it goes on where it stopped. `torchrun -m pipelines learn ...` uses several GPUs."""
    from pipelines.interrupt import leaving_well
    from pipelines.learn.extra import check_torch
    from pipelines.learn.recipe import load
    from pipelines.progress import lasting, silent, told

    check_torch()
    from pipelines.learn.place import speaks
    from pipelines.learn.train import train

    seeds = [] if seed is None else [f"seed={seed}"]
    training = load(recipe, [*changes, *seeds], allowed(plugins))
    try:
        with leaving_well(), silent() if quiet or json or not speaks() else told("learn") as progress:
            trained = train(training, out, progress)
    except KeyboardInterrupt as stop:
        complain(f"interrupted; the same command goes on in {out}, from at most a minute before")
        raise typer.Exit(INTERRUPTED) from stop
    if not speaks():
        return
    summary = {"folder": str(out), "steps": trained.steps, "seconds": trained.seconds, "looks": list(trained.looks)}
    best = f", Dice {max(look['dice'] for look in trained.looks):.3f} at best" if trained.looks else ""
    say(f"model: {out}, {trained.steps} steps in {lasting(trained.seconds)}{best}", summary, quiet, json)
