"""`simdata show`: one sample of a recipe as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Changes, Json, Plugins, Quiet, RecipeFile, Seed, recipe_of, say, told_in_full


def show(
    recipe: RecipeFile,
    index: Annotated[int, typer.Argument(min=0)],
    out: Annotated[Path, typer.Option("--out", metavar="PNG", help="The picture to write.")],
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make one sample and draw it: three planes, labels over image."""
    from pipelines.durable import write_whole
    from pipelines.make import make
    from pipelines.progress import working
    from pipelines.sheet import png, sample_sheet

    made = recipe_of(recipe, changes, plugins, seed, None)
    with told_in_full(index), working(f"making sample {index}", quiet or json):
        sample = make(made.draw(index), made.seed, index)
    write_whole(out, png(sample_sheet(sample)))
    say(f"picture: {out}", {"picture": str(out)}, quiet, json)
