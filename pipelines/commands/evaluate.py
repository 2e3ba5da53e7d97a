"""`simdata evaluate`: how well a model agrees with people."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Plugins, Quiet, allowed, say


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder made by 'simdata learn'.")],
    images: Annotated[Path, typer.Option("--images", metavar="DIR", help="Pictures, or volumes as NIfTI.")],
    labels: Annotated[Path, typer.Option("--labels", metavar="DIR", help="Masks or label maps of the same names.")],
    ids: Annotated[str, typer.Option("--ids", help="Which of them, as 101-150 or case_3,case_7.")] = "",
    values: Annotated[str, typer.Option("--values", help="Of each class in the labels, as '1 2, 3'.")] = "",
    scale: Annotated[float, typer.Option("--scale", min=0.01, max=100, help="Of pictures, along each edge.")] = 1.0,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Every score, in this file.")] = None,
    overlays: Annotated[Path | None, typer.Option("--overlays", metavar="DIR", help="A PNG of every image.")] = None,
    doubts: Annotated[
        Path | None,
        typer.Option("--doubts", metavar="DIR", help="How unsure the model is of each pixel: white where all tie."),
    ] = None,
    plugins: Plugins = [],  # noqa: B006 - typer reads the default
    quiet: Quiet = False,
) -> None:
    """Dice and clDice of a model on any folder of images and masks."""
    from json import dumps

    from pipelines.durable import write_whole
    from pipelines.learn.evaluate import Evaluation, seen
    from pipelines.learn.extra import check_torch
    from pipelines.learn.folders import source_of
    from pipelines.learn.pictures import write_doubt, write_overlay
    from pipelines.progress import silent, told

    check_torch()
    from pipelines.learn.model import load

    judged = load(model, allowed(plugins))
    classes = judged.training.classes
    examples = source_of(images, labels, ids, values, scale, judged.channels).open(len(classes))
    scores = []
    with silent() if quiet else told("evaluate") as progress:
        for score, example, found in seen(judged.predict, examples, len(classes), progress):
            scores.append(score)
            if overlays:
                write_overlay(overlays, example, found)
            if doubts:
                write_doubt(doubts, example, judged.doubt(example.image), len(classes))
    evaluation = Evaluation(tuple(scores))
    tree = {"model": str(model), **evaluation.plain(classes)}
    if json:
        write_whole(json, (dumps(tree, indent=1) + "\n").encode())
    say(evaluation.told(classes), tree, quiet, False)
