"""`simdata schema`: recipes as editors want them described."""

import typer

from pipelines.options import Plugins, allowed


def schema(plugins: Plugins = []) -> None:  # noqa: B006
    """Print the JSON Schema of recipes, for editors."""
    import json

    from pipelines.schema import schema as of_recipes

    typer.echo(json.dumps(of_recipes(allowed(plugins)), indent=1))
