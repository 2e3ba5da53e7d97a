"""The command line `simdata`: every file of pipelines/commands is one command, a folder is a group of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import typer
from typer.core import TyperGroup

from pipelines import commands
from pipelines.codes import INTERRUPTED
from pipelines.options import complain

# How one goes through them; a command that is not named here comes after, by its name.
ORDER = (
    "generate",
    "submit",
    "plan",
    "show",
    "replay",
    "validate",
    "repair",
    "merge",
    "export",
    "report",
    "realism",
    "learn",
    "evaluate",
    "study",
    "rank",
    "diffuse",
    "body",
    "vessels",
    "import_xcat",
    "parts",
    "schema",
)


class Commands(TyperGroup):
    """Any command, which Ctrl-C ends with one line; those that can go on say so themselves."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """The words that were typed, understood."""
        with _one_line():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        with _one_line():
            return super().invoke(ctx)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as stop:
        complain("interrupted; what was not finished is not there")
        raise typer.Exit(INTERRUPTED) from stop


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Annotated medical images from nothing: synthetic patients, grown vessels, simulated scanners.",
)

_found = sorted(module.name for module in iter_modules(commands.__path__))
for _name in sorted(_found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
    _command = getattr(import_module(f"pipelines.commands.{_name}"), _name)
    app.add_typer(_command, name=_name) if isinstance(_command, typer.Typer) else app.command()(_command)
