"""What a difference of two arms says, in a sentence: where synthetic data helps, where it loses, where nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.learn.statistics import Interval
from pipelines.learn.study.runs import Setting

BETTER, OPEN, WORSE = "better", "no difference is shown", "worse"
WORDS = {1: BETTER, 0: OPEN, -1: WORSE}


@dataclass(frozen=True)
class Verdict:
    """one against other: the difference of their mean Dice on the same images and seeds. under: what degrades them."""

    one: Setting
    other: Setting
    difference: Interval
    under: str = ""

    @property
    def word(self) -> str:
        """Better or worse where 0 is outside of the interval, that no difference is shown where it is inside."""
        return WORDS[self.difference.sign]

    @property
    def names(self) -> str:
        """Who is compared: "pretrained with 1 real image against real with 1 real image"."""
        under = f", {self.under}" if self.under else ""
        return f"{told_setting(self.one)} against {told_setting(self.other)}{under}"

    @property
    def sentence(self) -> str:
        """For a reader who looks at nothing else."""
        return f"{self.names}: {told_difference(self.difference)}, {self.word}"


def told_setting(setting: Setting) -> str:
    """A setting in words."""
    arm = setting.arm.replace("_", " ")
    real = f"{arm} with {_images([setting.k])}" if setting.k else arm
    return f"{real}, {setting.synthetic} synthetic" if setting.synthetic else real


def told_difference(one: Interval) -> str:
    """A difference in words: "+0.012 (+0.004 to +0.020)"."""
    return f"{one.mean:+.3f} ({one.low:+.3f} to {one.high:+.3f})"


def summary(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """What they say together; where synthetic data loses comes first."""
    found = {word: _grouped([one for one in verdicts if one.word == word]) for word in (WORSE, BETTER, OPEN)}
    told = [
        f"Synthetic data loses: {found[WORSE]}." if found[WORSE] else "Nowhere is a loss by synthetic data shown.",
        f"Synthetic data wins: {found[BETTER]}." if found[BETTER] else "Nowhere is a gain by synthetic data shown.",
        f"No difference is shown: {found[OPEN]}." if found[OPEN] else "",
    ]
    return tuple(filter(None, told))


def _grouped(verdicts: Sequence[Verdict]) -> str:
    """Comparisons of the same two arms together: "pretrained against real, each with 1, 2 real images"."""
    groups: dict[str, list[int]] = {}
    for one in verdicts:
        arms = f"{one.one.arm} against {one.other.arm}".replace("_", " ")
        groups.setdefault(f"{arms}, each" if one.one.k else arms, []).append(one.other.k)
    return "; ".join(f"{arms} with {_images(ks)}" if any(ks) else arms for arms, ks in groups.items())


def _images(ks: Sequence[int]) -> str:
    return f"{', '.join(map(str, ks))} real image{'' if list(ks) == [1] else 's'}"
