"""A parameter file of XCAT as a recipe."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from pipelines.recipe import recipe
from pipelines.xcat.body import torso
from pipelines.xcat.growths import READ as READ_OF_GROWTHS
from pipelines.xcat.growths import growths
from pipelines.xcat.keys import Lost, lost
from pipelines.xcat.motion import READ as READ_OF_MOTION
from pipelines.xcat.motion import motions
from pipelines.xcat.par import Par, read
from pipelines.xcat.piece import Piece
from simdata.errors import RecipeError

WIDE = 118


@dataclass(frozen=True)
class Translation:
    """tree: of the recipe. pieces: its parts, in order. lost: the keys of the file that have no counterpart."""

    par: Par
    tree: Mapping[str, Any]
    pieces: tuple[Piece, ...]
    lost: tuple[Lost, ...]

    @property
    def found(self) -> int:
        """How many keys of the file have a counterpart."""
        return len(self.par.entries) - len(self.lost)

    def recipe(self) -> str:
        """The recipe in YAML; above it what it takes for granted, and what it leaves out."""
        head = [f"From {self.par.path.name}, a parameter file of XCAT: {self.found} of its keys are in it."]
        head += [f"{piece.tree['kind'].rpartition('.')[2]}: {piece.note}." for piece in self.pieces if piece.note]
        head += ["Without a counterpart, and set to something:"] * any(key.matters for key in self.lost)
        head += [f"  {line}" for line in told(key for key in self.lost if key.matters)]
        head += ["Without a counterpart:"] * any(not key.matters for key in self.lost)
        head += [f"  {line}" for line in told(key for key in self.lost if not key.matters)]
        body = yaml.safe_dump(dict(self.tree), sort_keys=False, default_flow_style=None, width=WIDE)
        lines = [part for line in head for part in textwrap.wrap(line, WIDE - 2, subsequent_indent="    ")]
        return "".join(f"# {line}\n" for line in lines) + body


def translate(path: str | Path) -> Translation:
    """Reads a parameter file. Raises RecipeError, with the line, for what XCAT or this recipe cannot be."""
    par = read(Path(path))
    body = torso(par)
    pieces = (body, *growths(par, body.tree), *motions(par))
    used = {
        key for said in (READ_OF_GROWTHS, READ_OF_MOTION, *(piece.keys for piece in pieces)) for key in said.split()
    }
    rest = tuple(lost(key, entry) for key, entry in par.entries.items() if key not in used)
    tree = {"seed": 1, "count": 1, "phantom": dict(body.tree)}
    tree |= {"grow": [dict(piece.tree) for piece in pieces[1:]]} if pieces[1:] else {}
    try:
        recipe(tree)
    except RecipeError as error:
        raise RecipeError(f"{par.path}: as a recipe it would be wrong: {error}") from error
    return Translation(par, tree, pieces, rest)


def told(keys: Iterable[Lost]) -> list[str]:
    """Keys by why they have no counterpart, a line for each reason."""
    by_reason = sorted(keys, key=lambda key: key.why)
    return [
        f"{', '.join(key.key for key in group)}: {why}" for why, group in groupby(by_reason, key=lambda key: key.why)
    ]
