"""The command line: simdata generate, plan, show, replay, validate, export, realism, body, vessels, parts, schema."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Annotated medical images from nothing: synthetic patients, grown vessels, simulated scanners.",
)

DONE, SOME_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A .yaml or .toml recipe.")]
DatasetFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder made by 'simdata generate'.")]
Changes = Annotated[list[str], typer.Option("--set", metavar="A.B=C", help="Change one value of the recipe.")]
Plugins = Annotated[list[str], typer.Option("--plugin", metavar="PACKAGE", help="Allow parts of another package.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the recipe's.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]


@app.command()
def generate(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The dataset's folder, new or of this recipe.")],
    count: Annotated[int | None, typer.Option("--count", min=1, help="Samples, instead of the recipe's.")] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006 - typer reads the default
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that share this machine.")] = 1,
    shard_samples: Annotated[int, typer.Option("--shard-samples", min=1, help="Samples per file.")] = 1,
    plugins: Plugins = [],  # noqa: B006
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make a dataset; run again, it goes on where it stopped."""
    from pipelines.generate import SHEET, replay_command
    from pipelines.generate import generate as run
    from pipelines.progress import silent, told
    from pipelines.workers import in_process, processes

    made = _recipe(recipe, changes, plugins, seed, count)
    mapper = in_process if workers == 1 else processes(workers)
    try:
        with silent() if quiet or json else told("generate") as progress:
            outcome = run(made, out, mapper, shard_samples, progress)
    except KeyboardInterrupt as stop:
        _complain(f"interrupted; the finished samples in {out} are kept, and the same command goes on")
        raise typer.Exit(INTERRUPTED) from stop

    for failure in outcome.failures:
        again = replay_command(out, failure.index, plugins)
        _complain(f"sample {failure.index} failed: {failure.error}\n  again: {again}")
    summary = {"folder": str(out), "samples": len(outcome.receipts), "failed": [f.index for f in outcome.failures]}
    picture = f"\npicture: {out / SHEET}" if outcome.receipts else ""
    _say(f"{len(outcome.receipts)} samples in {out}{picture}", summary, quiet, json)
    if outcome.failures:
        raise typer.Exit(SOME_FAILED)


@app.command()
def plan(
    recipe: RecipeFile,
    count: Annotated[int | None, typer.Option("--count", min=1)] = None,
    seed: Seed = None,
    changes: Changes = [],  # noqa: B006
    workers: Annotated[int, typer.Option("--workers", min=1)] = 1,
    plugins: Plugins = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Say what a recipe would make: counts, bytes, memory, seconds; writes nothing."""
    from dataclasses import asdict

    from pipelines.plan import plan as estimate
    from pipelines.progress import lasting, size, working

    wanted = _recipe(recipe, changes, plugins, seed, count)
    with _told_in_full(0), working("making the first sample", json):
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
    _say("\n".join(lines), asdict(made) | {"total_seconds": total_s}, False, json)


@app.command()
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

    made = _recipe(recipe, changes, plugins, seed, None)
    with _told_in_full(index), working(f"making sample {index}", quiet or json):
        sample = make(made.draw(index), made.seed, index)
    write_whole(out, png(sample_sheet(sample)))
    _say(f"picture: {out}", {"picture": str(out)}, quiet, json)


@app.command()
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

    with _told_in_full(index), working(f"making sample {index} again", quiet or json):
        agrees, line = again(folder, index, _allowed(plugins))
    _say(line, {"index": index, "agrees": agrees, "about": line}, quiet and agrees, json)
    if not agrees:
        raise typer.Exit(SOME_FAILED)


@app.command()
def validate(folder: DatasetFolder, quiet: Quiet = False, json: Json = False) -> None:
    """Check every file, checksum, affine, unit and label id of a dataset."""
    from dataclasses import asdict

    from pipelines.progress import silent, told
    from pipelines.validate import validate as check

    with silent() if quiet or json else told("validate") as progress:
        problems = check(folder, progress)
    lines = [f"{problem.where}: {problem.what}" for problem in problems] or [f"{folder} is sound"]
    _say("\n".join(lines), {"problems": [asdict(problem) for problem in problems]}, quiet and not problems, json)
    if problems:
        raise typer.Exit(SOME_FAILED)


@app.command()
def export(
    folder: DatasetFolder,
    to: Annotated[str, typer.Option("--to", help="nifti")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR2", help="A new folder.")],
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a dataset in another form."""
    from pipelines.export import export as run
    from pipelines.progress import silent, told

    with silent() if quiet or json else told("export") as progress:
        count = run(folder, to, out, progress)
    _say(f"{count} samples in {out}", {"folder": str(out), "samples": count}, quiet, json)


@app.command()
def realism(
    folder: DatasetFolder,
    real: Annotated[Path | None, typer.Option("--real", metavar="FOLDER", help="Real CT scans as NIfTI.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="And FILE.json.")] = Path("realism.html"),
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Say how near the patients of a CT dataset come to people and to real scans."""
    from pipelines.progress import silent, told
    from pipelines.realism import realism as run
    from pipelines.realism.terminal import check_name, print_summary, write_report

    check_name(out)
    with silent() if quiet or json else told("realism") as progress:
        report = run(folder, real, progress)
    write_report(report, out)
    if not (quiet or json):
        print_summary(report)
    _say(f"report: {out}", report.figures, quiet, json)


@app.command()
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
    _say(f"{title}\nlabels: {out}, with {one.about_path(out)}", one.about(patient, made), quiet, json)


@app.command()
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
    _say(f"{table(found)}\n\nvessels: {out}", found, quiet, False)


@app.command()
def parts(plugins: Plugins = [], json: Json = False) -> None:  # noqa: B006
    """List every installed part by kind."""
    from pipelines.catalogue import installed_parts, kind_of

    found = [(kind_of(part), path, _first_line(part)) for path, part in installed_parts(_allowed(plugins)).items()]
    lines = [f"{kind:<8} {path:<40} {about}" for kind, path, about in sorted(found)]
    _say("\n".join(lines), {path: {"kind": kind, "about": about} for kind, path, about in found}, False, json)


@app.command()
def schema(plugins: Plugins = []) -> None:  # noqa: B006
    """Print the JSON Schema of recipes, for editors."""
    import json

    from pipelines.schema import schema as of_recipes

    typer.echo(json.dumps(of_recipes(_allowed(plugins)), indent=1))


def main() -> None:
    """The command `simdata`: every error that a user can mend is one message and an exit code."""
    try:
        app()
    except Exception as error:
        from simdata.errors import SimdataError

        if not isinstance(error, SimdataError):
            raise
        _complain(f"error: {error}")
        sys.exit(USAGE)


@contextmanager
def _told_in_full(index: int) -> Iterator[None]:
    """A sample that fails in one of its parts: one line, and before it the trace for whoever mends the part."""
    import traceback

    from simdata.errors import SceneError, SimdataError

    try:
        yield
    except SceneError as error:
        _complain(f"sample {index} failed: {error}")
        raise typer.Exit(SOME_FAILED) from error
    except SimdataError:
        raise
    except Exception as error:
        _complain(f"{traceback.format_exc()}sample {index} failed: {type(error).__name__}: {error}")
        raise typer.Exit(SOME_FAILED) from error


def _recipe(path: Path, changes: list[str], plugins: list[str], seed: int | None, count: int | None):
    from pipelines.recipe import load, with_seed_and_count

    return with_seed_and_count(load(path, changes, _allowed(plugins)), seed, count)


def _allowed(plugins: list[str]) -> tuple[str, ...]:
    """The packages the user allows; a file in the working folder is found as one."""
    if plugins and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    return tuple(plugins)


def _say(text: str, data: Mapping[str, Any], quiet: bool, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(data))
    elif not quiet:
        typer.echo(text)


def _complain(text: str) -> None:
    typer.echo(text, err=True)


def _first_line(part: type) -> str:
    return (part.__doc__ or "").partition("\n")[0]
