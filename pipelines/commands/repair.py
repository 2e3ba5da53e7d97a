"""`simdata repair`: what is broken in a dataset, made again."""

from pipelines.codes import SOME_FAILED
from pipelines.options import DatasetFolder, Json, Plugins, Quiet, allowed, say
from pipelines.work_options import Cpus, Gpus, RayAddress, Workers, interruptible, mapper_of


def repair(
    folder: DatasetFolder,
    workers: Workers = None,
    ray: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    plugins: Plugins = [],  # noqa: B006 - typer reads the default
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make exactly the broken samples of a dataset again, and say what was done."""
    from dataclasses import asdict

    import typer

    from pipelines.progress import silent, told
    from pipelines.repair import repair as run

    mapper = mapper_of(folder, workers, ray, cpus, gpus)
    with interruptible(folder), silent() if quiet or json else told("repair") as progress:
        done = run(folder, allowed(plugins), mapper, progress)
    lines = [
        *(f"found   {problem.where}: {problem.what}" for problem in done.found),
        *(f"made    sample {index}{_note(index in done.differing)}" for index in done.made),
        *(f"left    {problem.where}: {problem.what}" for problem in done.left),
        f"{folder} " + ("is not sound yet" if done.left else "is sound"),
    ]
    say("\n".join(lines), asdict(done), quiet and not done.left, json)
    if done.left:
        raise typer.Exit(SOME_FAILED)


def _note(differs: bool) -> str:
    return ", with other bytes than before: the versions have changed" if differs else ""
