"""`simdata validate`: is every byte of a dataset what it was?"""

import typer

from pipelines.codes import SOME_FAILED
from pipelines.options import DatasetFolder, Json, Quiet, say


def validate(folder: DatasetFolder, quiet: Quiet = False, json: Json = False) -> None:
    """Check every file, checksum, affine, unit and label id of a dataset."""
    from dataclasses import asdict

    from pipelines.progress import silent, told
    from pipelines.validate import validate as check

    with silent() if quiet or json else told("validate") as progress:
        problems = check(folder, progress)
    lines = [f"{problem.where}: {problem.what}" for problem in problems] or [f"{folder} is sound"]
    say("\n".join(lines), {"problems": [asdict(problem) for problem in problems]}, quiet and not problems, json)
    if problems:
        raise typer.Exit(SOME_FAILED)
