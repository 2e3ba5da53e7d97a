"""Distributions of everything that was drawn: by the dice of the recipe, and by the phantom itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from pipelines.dice import CHOICE
from pipelines.page.document import card, cards, more, table_of_html
from pipelines.page.plots import bars, histogram, strip
from pipelines.page.svg import number
from pipelines.report.dice import Die
from pipelines.report.truths import Column, Truths

NORMAL_SHARE = 1.96
"""Standard deviations around the mean that hold 95 % of a normal distribution."""


def figures(dice: Sequence[Die], truths: Truths) -> dict:
    """What fell, ready for JSON."""
    drawn = {die.name: {"die": die.kind, **_asked(die), **_summary(truths.drawn.get(die.name))} for die in dice}
    return {
        "drawn": drawn,
        "people": {name: _summary(column) for name, column in truths.people.items()},
        "latents": {name: _summary(column) for name, column in sorted(truths.latents.items())},
    }


def html(dice: Sequence[Die], truths: Truths) -> str:
    """The section's content."""
    parts = ["<h3>The dice of the recipe</h3>"]
    parts.append(cards(_die_card(die, truths.drawn.get(die.name)) for die in dice) if dice else _NO_DICE)
    by_dice = {die.path[-1] for die in dice if "subject" in die.path}
    people = {name: column for name, column in truths.people.items() if name not in by_dice}
    if people:
        parts += [
            "<h3>What else the people are</h3>",
            cards(_plain_card(name, column) for name, column in people.items()),
        ]
    varying = {name: c for name, c in sorted(truths.latents.items()) if len(set(c.numbers)) > 1}
    if varying:
        count, fixed = len(varying), len(truths.latents) - len(varying)
        same = f"; {fixed} more are the same in all samples" if fixed else ""
        parts.append(more(f"What the phantom drew itself: {count} hidden values{same}", _latents(varying)))
    return "".join(parts)


_NO_DICE = "<p>The recipe has none: what differs between the samples was drawn by the phantom itself.</p>"


def asked_range(die: Die) -> tuple[float, float] | None:
    """The range that a die of numbers covers, of a normal one the middle 95 %; None for a choice."""
    if die.kind == CHOICE:
        return None
    first, second = (float(argument) for argument in die.arguments)
    return (first - NORMAL_SHARE * second, first + NORMAL_SHARE * second) if die.kind == "normal" else (first, second)


def counted(die: Die, column: Column | None) -> dict[str, int]:
    """How often each option of a choice fell, those that never did too."""
    fell = Counter(column.words if column else ())
    return {name: fell[name] for name in dict.fromkeys(die.options)}


def _die_card(die: Die, column: Column | None) -> str:
    if die.kind == CHOICE:
        return card(_title(die.name), bars(counted(die, column)), note=f"one of {len(set(die.options))}")
    told = f"{die.kind} {number(die.arguments[0])} to {number(die.arguments[1])}"
    told = f"normal {number(die.arguments[0])} ± {number(die.arguments[1])}" if die.kind == "normal" else told
    if column is None:
        return card(_title(die.name), "<p>never rolled</p>", note=told)
    whole = die.kind == "integer"
    plot = histogram(column.numbers, asked_range(die), die.kind == "loguniform", whole)
    return card(_title(die.name), plot, note=told)


def _plain_card(name: str, column: Column) -> str:
    if column.words:
        return card(_title(name), bars(dict(sorted(Counter(column.words).items()))))
    if len(set(column.numbers)) == 1:
        return card(_title(name), f"<p>{number(column.numbers[0])} in all samples</p>")
    return card(_title(name), histogram(column.numbers))


def _title(name: str) -> str:
    return name.replace("_", " ")


def _asked(die: Die) -> dict:
    asked = asked_range(die)
    return {"asked": list(asked)} if asked else {"options": list(dict.fromkeys(die.options))}


def _summary(column: Column | None) -> dict:
    if column is None:
        return {"samples": 0}
    if column.words:
        return {"samples": len(column.words), "counts": dict(sorted(Counter(column.words).items()))}
    low, quarter, middle, upper, high = np.percentile(column.numbers, (0, 25, 50, 75, 100)).tolist()
    return {"samples": len(column.numbers), "least": low, "q25": quarter, "median": middle, "q75": upper, "most": high}


def _latents(columns: Mapping[str, Column]) -> str:
    rows = []
    for name, column in columns.items():
        low, middle, high = np.percentile(column.numbers, (0, 50, 100)).tolist()
        shown = strip(column.numbers, low, high, False)
        rows.append(((escape(_title(name)), number(low), number(middle), number(high), shown), False))
    return table_of_html(("", "least", "median", "most", "from least to most"), rows)
