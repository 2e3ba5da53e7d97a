"""The folder of a model, as a recipe of generation names it; no torch is needed to look."""

from pathlib import Path

from simdata.errors import RecipeError


def check_folder(folder: str, where: str) -> None:
    """Raises RecipeError if there is no such folder."""
    if not Path(folder).is_dir():
        raise RecipeError(f"{where}: there is no folder '{folder}'; one that 'simdata diffuse train' made would do")
