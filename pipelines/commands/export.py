"""`simdata export`: a dataset in another form."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import DatasetFolder, Json, Plugins, Quiet, allowed, say

FORMS = "nifti, nnunet, monai, coco, png and more (docs/exports.md), or the dotted path of a sink of yours."
IMAGES = "The images to write; all that suit the form if left out."
LABELS = "What labels tell apart: all, totalsegmentator, organs, or names of structures and kinds of findings."


def export(
    folder: DatasetFolder,
    to: Annotated[str, typer.Option("--to", metavar="FORM", help=FORMS)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR2", help="A new folder.")],
    labels: Annotated[str, typer.Option("--labels", metavar="NAME,NAME", help=LABELS)] = "all",
    images: Annotated[str, typer.Option("--images", metavar="NAME,NAME", help=IMAGES)] = "",
    settings: Annotated[list[str], typer.Option("--set", metavar="A=B", help="A setting of the form.")] = [],  # noqa: B006
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a dataset in another form."""
    from pipelines.export import export as run
    from pipelines.export import setting
    from pipelines.progress import silent, told

    wanted = [name.strip() for name in images.split(",") if name.strip()]
    changes = dict(setting(text) for text in settings)
    with silent() if quiet or json else told("export") as progress:
        count = run(folder, to, out, progress, labels, wanted, changes, allowed(plugins))
    say(f"{count} samples in {out}", {"folder": str(out), "samples": count}, quiet, json)
