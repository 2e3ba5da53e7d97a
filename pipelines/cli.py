"""The command `simdata`: whatever goes wrong and a user can mend is one line on standard error and an exit code."""

import os
import sys
from contextlib import suppress
from typing import Any

from pipelines.codes import DONE, INTERRUPTED, NOBODY_READS, SOME_FAILED, USAGE


def main() -> None:
    """Runs the command that was typed, and ends the process."""
    try:
        code = _run()
        if sys.stdout:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = _told("interrupted", INTERRUPTED)
    except SystemExit as end:  # of typer and rich, when nobody reads what they write
        code = _unread() if isinstance(end.__context__, BrokenPipeError) else end.code
    except Exception as error:
        code = _explained(error)
    sys.exit(code)


def _run() -> int:
    from pipelines.app import app

    return app(standalone_mode=False) or DONE


def _explained(error: Exception) -> int:
    """One line about an error that a user can mend, and its exit code. Any other is raised again: a fault of ours."""
    import typer

    from simdata.errors import SimdataError

    usage_error = typer.BadParameter.mro()[1]  # of click, which some versions of typer bring with them
    if isinstance(error, usage_error):
        return _misused(error)
    if isinstance(error, SimdataError):
        return _told(f"error: {error}", USAGE)
    if isinstance(error, BrokenPipeError):
        return _unread()
    if isinstance(error, OSError):
        if not error.filename:
            _write_no_more()
        where = error.filename or "standard output"
        return _told(f"error: {where}: {error.strerror or error}; one that can be read and written would do", USAGE)
    if isinstance(error, MemoryError):
        return _told(f"error: out of memory: {error}; fewer voxels or --workers would do", SOME_FAILED)
    raise error


def _misused(error: Any) -> int:
    """Options and arguments that are not those of the command."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return USAGE
    message = error.format_message().rstrip(".")
    asked = f"{context.command_path} --help" if context else "simdata --help"
    return _told(f"error: {message}; '{asked}' tells what would do", USAGE)


def _unread() -> int:
    _write_no_more()
    return NOBODY_READS


def _told(line: str, code: int) -> int:
    with suppress(OSError):  # nobody reads it
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    return code


def _write_no_more() -> None:
    """What still waits for a closed pipe or a full disk goes nowhere: at its end Python would complain of it."""
    if sys.stdout:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
