"""`simdata diffuse`: images made by diffusion. Every file here is one command of it."""

from importlib import import_module

import typer

COMMANDS = ("train", "sample", "report")

diffuse = typer.Typer(
    no_args_is_help=True, help="Train a diffusion model, make images with it, and say how good they are."
)
for _name in COMMANDS:
    diffuse.command()(getattr(import_module(f"{__name__}.{_name}"), _name))
