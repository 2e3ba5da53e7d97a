"""`simdata rank`: which images people should label first."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Plugins, Quiet, allowed, say


def rank(
    models: Annotated[list[Path], typer.Argument(metavar="MODELS...", help="Two or more made by 'simdata learn'.")],
    images: Annotated[Path, typer.Option("--images", metavar="DIR", help="Pictures, or volumes as NIfTI; no labels.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="And FILE.png, the first of them.")],
    ids: Annotated[str, typer.Option("--ids", help="Which of them, as 101-150 or case_3,case_7.")] = "",
    scale: Annotated[float, typer.Option("--scale", min=0.01, max=100, help="Of pictures, along each edge.")] = 1.0,
    plugins: Plugins = [],  # noqa: B006 - typer reads the default
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Rank images without labels by how much several models disagree about them."""
    from dataclasses import asdict

    from pipelines.learn.extra import check_torch

    check_torch()
    from pipelines.learn.folders import source_of
    from pipelines.learn.model import load
    from pipelines.learn.rank import check_name, write
    from pipelines.learn.rank import rank as run
    from pipelines.progress import silent, told

    check_name(out)
    judges = [load(folder, allowed(plugins)) for folder in models]
    examples = source_of(images, None, ids, "", scale, judges[0].channels).open(len(judges[0].training.classes))
    with silent() if quiet or json else told("rank") as progress:
        doubts = run(judges, examples, progress)
    write(doubts, judges, examples, out)
    figures = {"ranking": [asdict(one) for one in doubts]}
    first = doubts[0]
    words = f"first: {first.image}, disagreement {first.disagreement:.3f}"
    say(f"{words}\nranking: {out}, the first of it: {out.with_suffix('.png')}", figures, quiet, json)
