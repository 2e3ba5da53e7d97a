"""The command line `simdata`: every file of pipelines/commands is one command, a folder is a group of them."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from pipelines import commands
from pipelines.options import USAGE, complain

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

app = typer.Typer(
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


def main() -> None:
    """The command `simdata`: every error that a user can mend is one message and an exit code."""
    try:
        app()
    except Exception as error:
        from simdata.errors import SimdataError

        if not isinstance(error, SimdataError):
            raise
        complain(f"error: {error}")
        sys.exit(USAGE)
