"""`simdata plan`: what a recipe would cost, before it is run."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Changes, Json, Plugins, RecipeFile, Seed, recipe_of, say, told_in_full


def plan(
    recipe: RecipeFile,
    count: Annotated[int | None, typer.Option("--count", min=1)] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006
    workers: Annotated[int, typer.Option("--workers", min=1)] = 1,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where it shall go: is there room?")] = Path(),
    plugins: Plugins = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Say what a recipe would make: counts, bytes, memory, seconds; writes nothing.

    Ends with 2 if that is more than the memory of this machine, or than the room at --out.
    """
    from dataclasses import asdict

    from pipelines.plan import check_fits
    from pipelines.plan import plan as estimate
    from pipelines.progress import lasting, size, working

    wanted = recipe_of(recipe, changes, plugins, seed, count)
    with told_in_full(0), working("making the first sample", json):
        made = estimate(wanted)
    total_s = made.total_seconds(workers)
    lines = [
        f"samples        {made.count}",
        *(f"  {name:<12} {text}" for name, text in made.arrays.items()),
        f"on disk        {size(made.bytes)} a sample, {size(made.count * made.bytes)} in all",
        f"time           {made.seconds:.2f} s a sample, {lasting(total_s)} in all with {workers} workers",
        *(f"  {stage:<12} {seconds:.2f} s" for stage, seconds in made.stages.items()),
        f"peak memory    {size(made.peak_bytes) + ' a worker' if made.peak_bytes else 'not told by this system'}",
    ]
    say("\n".join(lines), asdict(made) | {"total_seconds": total_s}, False, json)
    check_fits(made, workers, out)
