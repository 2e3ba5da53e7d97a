"""What a recipe leaves to chance: every die of it, and what fell for a sample."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.dice import CHOICE, is_die, label

SAMPLE_KEYS = ("seed", "count")


@dataclass(frozen=True)
class Die:
    """A die of the recipe. path: keys and positions that lead to what fell in the drawn recipe. name: for a reader.

    options: the names of what a choice chooses from, one for each entry of `arguments`; empty for numbers.
    under: the choices above it and the options that must have fallen for this die to be rolled.
    """

    path: tuple[str | int, ...]
    name: str
    kind: str
    arguments: tuple[Any, ...]
    options: tuple[str, ...] = ()
    under: tuple[tuple[tuple[str | int, ...], Any], ...] = ()

    def fell(self, drawn: Any) -> float | str | None:
        """What fell in the drawn recipe of one sample: a number or the name of an option; None if it was not rolled."""
        if not all(_is(option, _at(drawn, path)) for path, option in self.under):
            return None
        value = _at(drawn, self.path)
        if self.kind == CHOICE:
            fitting = (name for name, option in zip(self.options, self.arguments, strict=True) if _is(option, value))
            return next(fitting, None)
        return float(value) if isinstance(value, (int, float)) else None


def dice_of(recipe: Mapping[str, Any]) -> list[Die]:
    """Every die of a recipe, in its order, those inside the options of a choice too; each has a name of its own."""
    tree = {key: value for key, value in recipe.items() if key not in SAMPLE_KEYS}
    found: dict[str, Die] = {}
    for die in _dice(tree, (), (), ()):
        name = die.name if die.name not in found else f"{die.name} #{len(found)}"
        found[name] = replace(die, name=name)
    return list(found.values())


def _dice(tree: Any, path: tuple, words: tuple[str, ...], under: tuple) -> Iterator[Die]:
    if is_die(tree):
        ((kind, arguments),) = tree.items()
        options = _names(arguments) if kind == CHOICE else ()
        yield Die(path, " ".join(words), kind, tuple(arguments), options, under)
        for name, option in zip(options, arguments, strict=False):
            yield from _dice(option, path, (*words, f"({name})"), (*under, (path, option)))
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _dice(value, (*path, key), (*words, key), under)
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from _dice(value, (*path, position), (*words[:-1], label(value) or f"{words[-1]} {position}"), under)


def _names(options: Sequence[Any]) -> tuple[str, ...]:
    """A name for each option; equal options share theirs, others have a number where the name is taken."""
    names: list[str] = []
    for position, option in enumerate(options):
        name, first = label(option) or _said(option), options.index(option)
        name = f"{name} #{position}" if name in names else name
        names.append(names[first] if first < position else name)
    return tuple(names)


def _said(option: Any) -> str:
    return "none" if option is None else str(option)


def _at(tree: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        if isinstance(tree, Mapping) and isinstance(step, str):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return None
    return tree


def _is(option: Any, drawn: Any) -> bool:
    """True if the option, with dice in it perhaps, is what was drawn; a drawn part has more said than its option."""
    if is_die(option):
        ((kind, arguments),) = option.items()
        return any(_is(one, drawn) for one in arguments) if kind == CHOICE else isinstance(drawn, (int, float))
    if isinstance(option, Mapping):
        return isinstance(drawn, Mapping) and all(_is(value, drawn.get(key)) for key, value in option.items())
    if isinstance(option, list):
        same = isinstance(drawn, list) and len(drawn) == len(option)
        return same and all(_is(*pair) for pair in zip(option, drawn, strict=True))
    return option == drawn
