"""`simdata body`: one body on request."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json, Quiet, Seed, say


def body(
    out: Annotated[Path, typer.Option("--out", metavar="NIFTI", help="The label map; a .json is written beside it.")],
    sex: Annotated[str | None, typer.Option(help="female or male; drawn if left out, as is all below.")] = None,
    age: Annotated[float | None, typer.Option(help="Years, 0 to 90.")] = None,
    height: Annotated[float | None, typer.Option(help="cm.")] = None,
    weight: Annotated[float | None, typer.Option(help="kg.")] = None,
    population: Annotated[str, typer.Option(help="Where the person comes from.")] = "world",
    breath: Annotated[float, typer.Option(help="0 quiet expiration, 1 full breath.")] = 0.75,
    arms: Annotated[str, typer.Option(help="out, up or down.")] = "out",
    variants: Annotated[list[str], typer.Option("--variant", help="A variant to have.")] = [],  # noqa: B006
    spacing: Annotated[float, typer.Option(help="Edge of a voxel, mm.")] = 2.0,
    seed: Seed = None,
    mesh: Annotated[Path | None, typer.Option(metavar="DIR", help="Every structure as a closed surface.")] = None,
    mesh_format: Annotated[str, typer.Option(help="stl, obj or ply.")] = "stl",
    png: Annotated[Path | None, typer.Option(metavar="PNG", help="A picture of the body.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """One body on request: label map, volumes, surfaces, picture."""
    from phantoms.torso import Torso, scene
    from pipelines import body as one
    from pipelines.build import build
    from pipelines.durable import write_whole
    from pipelines.meshes import mesh_format as checked
    from pipelines.meshes import write_meshes
    from pipelines.progress import working
    from pipelines.sheet import png as png_bytes
    from simdata import Streams

    one.check_name(out)
    checked(mesh_format)
    known = {"population": population, "sex": sex, "age_y": age, "height_cm": height, "weight_kg": weight}
    tree = {
        "kind": "phantoms.torso.Torso",
        "subject": {name: value for name, value in known.items() if value is not None},
        "breath": breath,
        "arms": arms,
        "voxel_mm": spacing,
        **({"variants": variants} if variants else {}),
    }
    torso = build(tree, Torso, "body")
    with working("drawing the body", quiet or json):
        patient = torso.patient(Streams(seed or 0)["body"].generator)
        made = scene(patient, patient.grid(spacing))
    one.write_body(patient, made, out)
    subject = patient.body.subject
    title = f"{subject.sex}, {subject.age_y:.1f} years, {subject.height_cm:.0f} cm, {subject.weight_kg:.0f} kg"
    if png:
        write_whole(png, png_bytes(one.body_sheet(made, title)))
    if mesh:
        with working("closing the surfaces", quiet or json):
            write_meshes(made, mesh, mesh_format)
    say(f"{title}\nlabels: {out}, with {one.about_path(out)}", one.about(patient, made), quiet, json)
