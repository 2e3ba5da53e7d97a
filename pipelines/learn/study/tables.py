"""The tables of a study, as cells of text: the same in the report, in Markdown and in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.learn.study.findings import Findings
from pipelines.learn.study.outcome import PLAIN
from pipelines.learn.study.runs import Setting, scaled
from pipelines.learn.study.verdict import WORSE, Verdict, told_difference, told_setting

NONE = ""


@dataclass(frozen=True)
class Table:
    """title: what it tells. heads, rows: text. bad: numbers of the rows in which synthetic data loses."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bad: frozenset[int] = frozenset()

    def markdown(self) -> str:
        """The table as Markdown has it."""
        lines = [self.heads, tuple("---" for _ in self.heads), *self.rows]
        return f"{self.title}:\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(found: Findings) -> tuple[Table, ...]:
    """All that a study has to tell in tables."""
    made = [scores(found, "dice"), scores(found, "cldice"), differences("Differences of Dice", found.verdicts)]
    made += [curve(found)] if scaled(found.study) else []
    made += [degraded(found), robustness(found)] if found.study.degrade else []
    return tuple(made)


def scores(found: Findings, measure: str) -> Table:
    """A row for every number of real images, a column for every arm."""
    arms = list(dict.fromkeys(setting.arm for setting in found.compared))
    ks = sorted({setting.k for setting in found.compared})
    there = set(found.compared)
    rows = tuple((str(k), *(_cell(found, Setting(arm, k), there, measure) for arm in arms)) for k in ks)
    return Table(f"Mean {NAMES[measure]} (95 % interval)", ("real images", *map(_words, arms)), rows)


NAMES = {"dice": "Dice", "cldice": "clDice"}


def differences(title: str, verdicts: Sequence[Verdict]) -> Table:
    """A row for every comparison."""
    rows = tuple((one.names, told_difference(one.difference), one.word) for one in verdicts)
    bad = frozenset(number for number, one in enumerate(verdicts) if one.word == WORSE)
    return Table(title, ("", "difference (95 % interval)", ""), rows, bad)


def curve(found: Findings) -> Table:
    """A row for every number of synthetic images."""
    rows = tuple((str(point.synthetic), str(found.mean(point))) for point in scaled(found.study))
    return Table("Dice over the number of synthetic images", ("synthetic images", "Dice (95 % interval)"), rows)


def degraded(found: Findings) -> Table:
    """A row for every setting, a column for every degradation."""
    rows = tuple(
        (told_setting(setting), *(f"{found.mean(setting, under=under).mean:.3f}" for under in found.conditions))
        for setting in found.compared
    )
    return Table("Mean Dice on degraded images", ("", *map(_words, found.conditions)), rows)


def robustness(found: Findings) -> Table:
    """A row for every comparison under every degradation."""
    verdicts = [one for under in found.conditions if under != PLAIN for one in found.verdicts_under(under)]
    return differences("Differences of Dice on degraded images", verdicts)


def _cell(found: Findings, setting: Setting, there: set[Setting], measure: str) -> str:
    return str(found.mean(setting, measure)) if setting in there else NONE


def _words(name: str) -> str:
    return name.replace("_", " ")
