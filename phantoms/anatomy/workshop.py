"""Pieces of one person, made again only when what they read of the body, or a piece that they are made from, changed.

While organs grow, most of a body stays: a spleen that moves leaves the kidneys as they are. What a piece reads is noted
while it is made, so nobody has to say it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from phantoms.anatomy.body import Body

T = TypeVar("T")


class Noted(Mapping[str, float]):
    """Numbers by name that note which of them were asked for, and what the answer was (None: there is none)."""

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self.numbers = numbers
        self.asked: dict[str, float | None] = {}

    def __getitem__(self, name: str) -> float:
        self.asked[name] = self.numbers.get(name)
        return self.numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


class Made(NamedTuple):
    """A piece, what else it was made from, and the latents and organ sizes that it asked for."""

    piece: Any
    others: tuple[Any, ...]
    latents: Mapping[str, float | None]
    grow_mm: Mapping[str, float | None]

    def fits(self, body: Body, others: tuple[Any, ...]) -> bool:
        """Whether the same would be made of this body and these others."""
        return (
            len(others) == len(self.others)
            and all(a is b for a, b in zip(others, self.others, strict=True))
            and all(body.latents.get(name) == value for name, value in self.latents.items())
            and all(body.grow_mm.get(name) == value for name, value in self.grow_mm.items())
        )


@dataclass(frozen=True, eq=False)
class Workshop:
    """The latest of every kind of piece of one person."""

    shelf: dict[Callable, Made] = field(default_factory=dict)

    def piece(self, make: Callable[..., T], body: Body, *others: Any) -> T:
        """`make(body, *others)`, or what it made before if that would be the same. It must not keep the body."""
        known = self.shelf.get(make)
        if known is None or not known.fits(body, others):
            latents, grow_mm = Noted(body.latents), Noted(body.grow_mm)
            piece = make(replace(body, latents=latents, grow_mm=grow_mm), *others)
            known = self.shelf[make] = Made(piece, others, latents.asked, grow_mm.asked)
        return known.piece
