"""Dice: the only randomness of the recipe language. A recipe rolls them once and writes down what fell.

{uniform: [low, high]}      {loguniform: [low, high]}      {normal: [mean, sd]}
{integer: [low, high]}      both ends included
{choice: [a, b, ...]}       any values, parts too
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.random import Generator

from simdata.errors import RecipeError
from simdata.streams import Streams

Roll = Callable[[str, list[Any], Streams], Any]
"""How a die falls: (die name, its arguments, its stream) to a value."""

CHOICE = "choice"
LARGEST_WHOLE = 2**63 - 1


def uniform(rng: Generator, low: float, high: float) -> float:
    """A number between low and high, all equally likely."""
    return float(rng.uniform(low, high))


def loguniform(rng: Generator, low: float, high: float) -> float:
    """A number between low and high, every order of magnitude equally likely."""
    return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)


def normal(rng: Generator, mean: float, sd: float) -> float:
    """A number from the normal distribution."""
    return float(rng.normal(mean, sd))


def integer(rng: Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return int(rng.integers(low, high, endpoint=True))


NUMBER_DICE: Mapping[str, Callable[..., float]] = {
    "uniform": uniform,
    "integer": integer,
    "loguniform": loguniform,
    "normal": normal,
}
DICE = (*NUMBER_DICE, CHOICE)


def is_die(tree: Any) -> bool:
    """True for a mapping whose single key names a die."""
    return isinstance(tree, Mapping) and len(tree) == 1 and next(iter(tree)) in DICE


def draw(tree: Any, streams: Streams) -> Any:
    """The tree with every die rolled, each from the stream that its place in the recipe names."""
    return replace_dice(tree, streams["dice"], _roll)


def probe(tree: Any, turn: int) -> Any:
    """The tree with every die at an extreme: low and high in turn, every choice in its turn, to check ranges."""

    def extreme(die: str, arguments: list[Any], _: Streams) -> Any:
        if die == CHOICE:
            return arguments[turn % len(arguments)]
        return arguments[0] if die == "normal" else arguments[turn % 2]

    return replace_dice(tree, Streams(0), extreme)


def probes(tree: Any) -> int:
    """How many turns `probe` needs so that every die has shown its extremes."""
    if is_die(tree):
        ((_, arguments),) = tree.items()
        options = arguments if isinstance(arguments, list) else []
        return max(2, len(options), *(probes(option) for option in options))
    children = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    return max((probes(child) for child in children), default=1)


def replace_dice(tree: Any, streams: Streams, roll: Roll, where: str = "") -> Any:
    """The tree with every die replaced by `roll`. Raises RecipeError for a die with impossible arguments."""
    if is_die(tree):
        ((die, arguments),) = tree.items()
        _check(die, arguments, where)
        return replace_dice(roll(die, arguments, streams), streams["rolled"], roll, where)
    if isinstance(tree, Mapping):
        return {
            key: replace_dice(value, streams[key], roll, f"{where}.{key}" if where else key)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [
            replace_dice(value, streams[label], roll, f"{where}[{number}]")
            for number, (value, label) in enumerate(zip(tree, labels(tree), strict=True))
        ]
    return tree


def labels(items: Sequence[Any]) -> list[str]:
    """A name for every item of a list: a part's own, so that inserting another leaves its stream alone."""
    return [label(item) or str(number) for number, item in enumerate(items)]


def label(tree: Any) -> str:
    """What the part written as `tree` is called: its name, or its class in lower case; "" for anything else."""
    if is_die(tree) and CHOICE in tree and isinstance(tree[CHOICE], list):
        return "|".join(filter(None, (label(option) for option in tree[CHOICE])))
    if isinstance(tree, Mapping) and isinstance(tree.get("kind"), str):
        name = tree.get("name")
        return name if isinstance(name, str) and name else tree["kind"].rpartition(".")[2].lower()
    return ""


def _roll(die: str, arguments: list[Any], streams: Streams) -> Any:
    rng = streams.generator
    if die == CHOICE:
        return arguments[int(rng.integers(len(arguments)))]
    return NUMBER_DICE[die](rng, *arguments)


def _check(die: str, arguments: Any, where: str) -> None:
    found = f"{where}: the die is {{{die}: {arguments!r}}}"
    if not isinstance(arguments, list):
        raise RecipeError(f"{found}; a list would do, as in {{{die}: [1, 2]}}")
    if die == CHOICE:
        if not arguments:
            raise RecipeError(f"{found}; at least one value to choose from would do")
        return
    whole = int if die == "integer" else (int, float)
    if len(arguments) != 2 or not all(isinstance(a, whole) and not isinstance(a, bool) for a in arguments):
        raise RecipeError(f"{found}; two {'whole ' if die == 'integer' else ''}numbers would do")
    first, second = arguments
    largest = LARGEST_WHOLE if die == "integer" else sys.float_info.max
    if not all(-largest <= number <= largest for number in (first, second)):
        raise RecipeError(f"{found}; finite numbers would do, of at most {largest:.2g}")
    if die == "normal":
        if second < 0:
            raise RecipeError(f"{found}; [mean, standard deviation] with a deviation of at least 0 would do")
    elif first > second:
        raise RecipeError(f"{found}; the lower number first would do")
    elif die == "loguniform" and first <= 0:
        raise RecipeError(f"{found}; two numbers above 0 would do")
