"""Coverage: how much of what the recipe asks for the samples hold, and what is rare or missing among them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
from scipy.stats import norm

from pipelines.dice import CHOICE
from pipelines.page.document import more, table
from pipelines.page.svg import number
from pipelines.report.dice import Die
from pipelines.report.parameters import counted
from pipelines.report.truths import Column, Truths

NAMED = 5
PARTS = 10
"""A range is told in so many parts that are equally likely."""
SURPRISING = 0.01
"""A gap is marked if chance alone leaves it in fewer cases than this."""


@dataclass(frozen=True)
class Covered:
    """Of one die: how many of its equally likely parts or options hold a sample, and which do not.

    chance: that a part or option is missed by so many draws. span: the range hit over the range asked, None for words.
    """

    name: str
    draws: int
    parts: int
    hit: int
    missed: tuple[str, ...]
    chance: float
    span: float | None

    @property
    def surprising(self) -> bool:
        """True if a gap is hardly by chance."""
        return bool(self.missed) and self.chance * len(self.missed) < SURPRISING


def coverage(dice: Sequence[Die], truths: Truths) -> list[Covered]:
    """Every die of the recipe."""
    return [
        _options(die, truths.drawn.get(die.name)) if die.kind == CHOICE else _range(die, truths.drawn.get(die.name))
        for die in dice
    ]


def figures(found: Sequence[Covered], truths: Truths) -> dict:
    """Every number, ready for JSON."""
    return {
        "dice": [asdict(one) for one in found],
        "samples": len(truths.receipts),
        "structures": dict(sorted(truths.structures.items())),
        "findings": {f"{kind} in {place}": count for (kind, place), count in sorted(truths.findings.items())},
    }


def html(found: Sequence[Covered], truths: Truths) -> str:
    """The section's content."""
    heads = ("parameter", "draws", "parts hit", "range hit", "missed", "by chance")
    rows = [
        (
            (
                one.name.replace("_", " "),
                str(one.draws),
                f"{one.hit} of {one.parts}",
                "" if one.span is None else f"{100 * one.span:.0f} %",
                _listed(one.missed),
                f"{100 * one.chance:.2g} % each" if one.missed else "",
            ),
            not one.surprising,
        )
        for one in found
    ]
    return (
        (
            "<p>Every range is cut into ten equally likely parts. A part or an option that no sample holds is told, "
            "with the chance that so many draws miss it; red where chance hardly explains the gap.</p>"
            + table(heads, rows)
            if found
            else "<p>The recipe has no dice.</p>"
        )
        + _structures(truths)
        + _findings(truths)
    )


def _listed(missed: Sequence[str]) -> str:
    rest = f" and {len(missed) - NAMED} more" if len(missed) > NAMED else ""
    return "; ".join(missed[:NAMED]) + rest


def _structures(truths: Truths) -> str:
    samples = len(truths.receipts)
    partly = sorted((count, name) for name, count in truths.structures.items() if count < samples)
    whole = len(truths.structures) - len(partly)
    told = f"<h3>Structures</h3><p>{whole} structures are in all {samples} samples, {len(partly)} in some of them.</p>"
    rows = [((name.replace("_", " "), f"{count} of {samples}"), None) for count, name in partly]
    return told + (more("Structures that some samples lack", table(("structure", "samples"), rows)) if rows else "")


def _findings(truths: Truths) -> str:
    if not truths.findings:
        return ""
    rows = [
        ((escape(kind), place.replace("_", " "), str(count)), None)
        for (kind, place), count in sorted(truths.findings.items(), key=lambda item: (-item[1], item[0]))
    ]
    low, high = min(truths.extents_mm.numbers), max(truths.extents_mm.numbers)
    about = f"<p>{sum(truths.findings.values())} findings, {number(low)} to {number(high)} mm at their longest.</p>"
    return "<h3>Findings</h3>" + about + table(("kind", "where", "how many"), rows)


def _options(die: Die, column: Column | None) -> Covered:
    fell = counted(die, column)
    draws = sum(fell.values())
    missed = tuple(name for name, count in fell.items() if not count)
    likely = min((die.options.count(name) / len(die.options) for name in missed), default=1.0)
    return Covered(die.name, draws, len(fell), len(fell) - len(missed), missed, (1 - likely) ** draws, None)


def _range(die: Die, column: Column | None) -> Covered:
    values = np.array(column.numbers if column else ())
    low, high = (float(argument) for argument in die.arguments)
    if low == high or (die.kind == "normal" and high == 0):
        return Covered(die.name, values.size, 1, min(values.size, 1), (), 0.0 if values.size else 1.0, None)
    edges = _edges(die, low, high)
    at = np.clip(np.searchsorted(edges, values, side="right"), 0, len(edges))
    parts = len(edges) + 1
    missed = [part for part in range(parts) if part not in set(at.tolist())]
    names = tuple(_named(die, part, edges, low, high) for part in missed)
    span = float(np.ptp(_even(die, values)) / np.ptp(_even(die, np.array((low, high))))) if values.size else 0.0
    span = None if die.kind == "normal" else span
    return Covered(die.name, values.size, parts, parts - len(missed), names, (1 - 1 / parts) ** values.size, span)


def _edges(die: Die, low: float, high: float) -> np.ndarray:
    """The inner edges of equally likely parts; of few whole numbers each is a part."""
    if die.kind == "integer" and high - low < PARTS:
        return np.arange(low + 0.5, high)
    shares = np.arange(1, PARTS) / PARTS
    if die.kind == "normal":
        return norm.ppf(shares, low, high)
    if die.kind == "loguniform":
        return np.exp(np.log(low) + shares * np.log(high / low))
    return low + shares * (high - low)


def _even(die: Die, values: np.ndarray) -> np.ndarray:
    return np.log(values) if die.kind == "loguniform" else values


def _named(die: Die, part: int, edges: np.ndarray, low: float, high: float) -> str:
    if die.kind == "integer" and len(edges) == high - low:
        return f"{low + part:.0f}"
    if die.kind == "normal" and part in (0, len(edges)):
        return f"below {number(edges[0])}" if part == 0 else f"above {number(edges[-1])}"
    ends = (low, *edges.tolist(), high)
    return f"{number(ends[part])} to {number(ends[part + 1])}"
