"""A piece of a recipe that some keys of a parameter file turn into."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """tree: of one part, as a recipe has it. keys: which it says, parted by spaces. note: what it takes for granted.

    Keys that are none of any piece's have no counterpart.
    """

    tree: Mapping[str, Any]
    keys: str
    note: str = ""
