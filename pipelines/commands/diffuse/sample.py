"""`simdata diffuse sample`: images that a model makes."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Plugins, Quiet, allowed, say


def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder made by 'simdata diffuse train'.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New or empty: images/, and labels/ if told.")],
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="DIR", help="What to draw: label maps that number the classes.")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=1_000_000, help="Images; with labels, of each of them.")
    ] = 16,
    sampler: Annotated[str, typer.Option("--sampler", help="ddpm, ddim, pndm or euler; else the recipe's.")] = "",
    steps: Annotated[int, typer.Option("--steps", min=0, max=10_000, help="Of the sampler; 0: its own number.")] = 0,
    guidance: Annotated[
        float, typer.Option("--guidance", min=0.0, max=100.0, help="More than 1 insists on the labels.")
    ] = 1.0,
    facts: Annotated[list[str], typer.Option("--fact", metavar="A=B", help="What is true of all images.")] = [],  # noqa: B006
    values: Annotated[str, typer.Option("--values", help="Of each class in the labels, as '1 2, 3'.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    batch: Annotated[int, typer.Option("--batch", min=1, max=10_000, help="Images at once.")] = 16,
    plugins: Plugins = [],  # noqa: B006 - typer reads the default
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make images with a diffusion model, of labels or of anything; 8-bit PNG, or NIfTI for volumes."""
    from pipelines.diffuse.samplers import named
    from pipelines.learn.extra import check_torch
    from pipelines.progress import silent, told

    check_torch()
    from pipelines.diffuse.draw import Hand
    from pipelines.diffuse.model import load
    from pipelines.diffuse.sampling import asked, told_facts, write

    drawing = load(model, allowed(plugins))
    hand = Hand(
        model=drawing, sampler=named(sampler, steps, drawing.recipe.sampler), guidance=guidance, facts=told_facts(facts)
    )
    wanted = asked(drawing, labels, values, count)
    with silent() if quiet or json else told("sample") as progress:
        write(hand, wanted, out, seed, batch, progress)
    say(f"{len(wanted)} images: {out / 'images'}", {"folder": str(out), "images": len(wanted)}, quiet, json)
