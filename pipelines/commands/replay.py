"""`simdata replay`: a stored sample once more, from what it was drawn."""

from typing import Annotated

import typer

from pipelines.codes import SOME_FAILED
from pipelines.options import DatasetFolder, Json, Plugins, Quiet, allowed, say, told_in_full


def replay(
    folder: DatasetFolder,
    index: Annotated[int, typer.Argument(min=0)],
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a stored sample again from its drawn recipe, and say whether the bytes agree."""
    from pipelines.progress import working
    from pipelines.replay import replay as again

    with told_in_full(index), working(f"making sample {index} again", quiet or json):
        agrees, line = again(folder, index, allowed(plugins))
    say(line, {"index": index, "agrees": agrees, "about": line}, quiet and agrees, json)
    if not agrees:
        raise typer.Exit(SOME_FAILED)
