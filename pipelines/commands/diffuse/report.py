"""`simdata diffuse report`: how good the images of a model are."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Plugins, Quiet, allowed, say


def report(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder made by 'simdata diffuse train'.")],
    real: Annotated[Path, typer.Option("--real", metavar="DIR", help="Real images that it has not learnt from.")],
    ids: Annotated[str, typer.Option("--ids", help="Which of the real ones, as 101-150 or case_3,case_7.")] = "",
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="What is judged; else the model draws.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option("--before", metavar="DIR", help="What --images were made from, of the same names.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="DIR", help="What --images show, of the same names.")
    ] = None,
    segmenter: Annotated[
        Path | None, typer.Option("--segmenter", metavar="MODEL", help="Of 'simdata learn': looks for --labels.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=8, max=1_000_000, help="Patches that the model draws.")] = 96,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="And FILE.json.")] = Path("diffusion.html"),
    plugins: Plugins = [],  # noqa: B006 - typer reads the default
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compare made images with real ones: distances, diversity, copies of training images, labels."""
    from pipelines.learn.extra import check_torch
    from pipelines.page.files import check_page_name, write_page
    from pipelines.progress import silent, told
    from simdata.errors import DatasetError

    check_torch()
    check_page_name(out)
    if (segmenter is None) != (labels is None) or (labels and images is None):
        raise DatasetError(
            "--segmenter, --labels and --images: found one without another; all three, or none, would do"
        )
    from pipelines.diffuse.model import load
    from pipelines.diffuse.report.report import report as run
    from pipelines.learn.folders import source_of
    from pipelines.learn.model import load as load_segmenter

    judged = load(model, allowed(plugins))
    judge = load_segmenter(segmenter, allowed(plugins)) if segmenter else None
    classes = len(judge.training.classes) if judge else 0

    def examples(folder: Path | None, which: str = "", truth: Path | None = None):
        return source_of(folder, truth, which, channels=judged.channels).open(classes)[:] if folder else []

    with silent() if quiet or json else told("report") as progress:
        sets = (examples(real, ids), examples(images, truth=labels), examples(before, truth=labels))
        found = run(judged, *sets, judge, count, seed, progress)
    write_page(out, found.html, found.figures)
    near, floor = (found.figures["distances"]["random"][name]["frechet"][0] for name in ("made", "real"))
    say(f"Frechet distance {near:.3g}, of real images {floor:.3g}\nreport: {out}", found.figures, quiet, json)
