"""What the commands share: options, exit codes, and how they speak to the terminal."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.codes import SOME_FAILED

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A .yaml or .toml recipe.")]
DatasetFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder made by 'simdata generate'.")]
Changes = Annotated[list[str], typer.Option("--set", metavar="A.B=C", help="Change one value of the recipe.")]
Plugins = Annotated[list[str], typer.Option("--plugin", metavar="PACKAGE", help="Allow parts of another package.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the recipe's.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")]


def recipe_of(path: Path, changes: list[str], plugins: list[str], seed: int | None, count: int | None):
    """The recipe (pipelines.recipe.Recipe) that the options of a command ask for."""
    from pipelines.recipe import load, with_seed_and_count

    return with_seed_and_count(load(path, changes, allowed(plugins)), seed, count)


def allowed(plugins: list[str]) -> tuple[str, ...]:
    """The packages the user allows; a file in the working folder is found as one."""
    if plugins and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    return tuple(plugins)


def say(text: str, data: Mapping[str, Any], quiet: bool, as_json: bool) -> None:
    """What a command found out: text for people, or data for programs, on standard output."""
    import json

    if as_json:
        typer.echo(json.dumps(data))
    elif not quiet:
        typer.echo(text)


def complain(text: str) -> None:
    """A line on standard error."""
    typer.echo(text, err=True)


@contextmanager
def told_in_full(index: int) -> Iterator[None]:
    """A sample that fails in one of its parts: one line, and before it the trace for whoever mends the part."""
    import traceback

    from simdata.errors import SceneError, SimdataError, noted

    try:
        yield
    except SceneError as error:
        complain(f"sample {index} failed: {error}{noted(error)}")
        raise typer.Exit(SOME_FAILED) from error
    except SimdataError:
        raise
    except Exception as error:
        complain(f"{traceback.format_exc()}sample {index} failed: {type(error).__name__}: {error}{noted(error)}")
        raise typer.Exit(SOME_FAILED) from error
