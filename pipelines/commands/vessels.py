"""`simdata vessels`: one vessel bed without a patient."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Quiet, Seed, say


def vessels(
    bed: Annotated[str, typer.Argument(help="retina, coronary, liver, kidney, lung, brain, or cco in a box.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=".vtp, .swc, .graphml, .gxl, .csv or .h5.")],
    seed: Seed = None,
    png: Annotated[Path | None, typer.Option(metavar="PNG", help="A picture, with distributions.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="JSON", help="What the vessels measure.")] = None,
    field_mm: Annotated[
        float | None, typer.Option(metavar="MM", help="Of a retina: 3, 6, 12 for all of it, or between.")
    ] = None,
    disease: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a retina: diabetic_retinopathy, branch_vein_occlusion, ...")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """One vessel bed without a patient: graph, morphometry, picture."""
    from pipelines import vessels as one
    from pipelines.progress import working
    from vascular.formats import check_name
    from vascular.morphometry import table

    check_name(str(out))
    one.check(bed, field_mm, disease, png)
    with working(f"growing {bed}", quiet):
        grown = one.grow(bed, seed or 0, field_mm, disease)
    found = one.about(grown)
    one.write(grown.vessels, out)
    if json:
        one.write_json(found, json)
    if png:
        one.write_picture(grown, png)
    say(f"{table(found)}\n\nvessels: {out}", found, quiet, False)
