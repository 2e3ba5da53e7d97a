"""One thing, many ways to say it: phrases of findings, drawn at random, that never say more than is true."""

from collections.abc import Sequence

from numpy.random import Generator

from pipelines.words.numbers import article, counted, plural, sized
from pipelines.words.told import Told

ONE_SIZED = (
    "{a_size_form_kind} in the {place}",
    "{a_form_kind} of {size} in the {place}",
    "{a_form_kind} in the {place} measuring {size}",
    "in the {place}, {a_form_kind} of {size}",
    "{form_kind} in the {place}, {size}",
)
MANY_SIZED = (
    "{count} {form_kinds} in the {place}, the largest {size}",
    "{count} {form_kinds} in the {place}, up to {size} in size",
    "in the {place}, {count} {form_kinds}, the largest of which measures {size}",
    "{count} {form_kinds} of up to {size} in the {place}",
)
MANY_UNSIZED = (
    "{count} {form_kinds} in the {place}",
    "in the {place}, {count} {form_kinds}",
)
OPENINGS = ("There is {}.", "{}.", "{}.", "{}.", "Note is made of {}.")
SEVERAL_OPENINGS = ("There are {}.", "{}.", "{}.", "{}.", "Note is made of {}.")
CLEAR = (
    "No focal lesion of the {}.",
    "No lesion in the {}.",
    "{}: no focal lesion.",
    "No focal lesion is seen in the {}.",
)


def phrase(told: Told, rng: Generator) -> str:
    """A few words without a capital and a stop: "two spiculated nodules in the left upper lobe of the lung, ...".

    A finding that lies in no structure, or has no diameter, is told in its kind's own words where it is one.
    """
    if not told.place or (len(told.texts) == 1 and not told.sizes_mm):
        return ", ".join(told.texts)
    forms = (*ONE_SIZED, told.texts[0]) if told.count == 1 else MANY_SIZED if told.sizes_mm else MANY_UNSIZED
    size = sized(told.sizes_mm[0], rng) if told.sizes_mm else ""
    one, many = (f"{told.form} {kind}".strip() for kind in (told.kind, plural(told.kind)))
    return _pick(forms, rng).format(
        a_size_form_kind=article(f"{size} {one}"),
        a_form_kind=article(one),
        form_kind=one,
        form_kinds=many,
        count=counted(told.count, rng),
        place=f"{told.side} {told.place}".strip(),
        size=size,
    )


def sentence(told: Told, rng: Generator) -> str:
    """The phrase as a sentence of a report."""
    said = phrase(told, rng)
    own = said in told.texts or said.startswith("in the ")
    openings = ("{}.",) if own else OPENINGS if told.count == 1 else SEVERAL_OPENINGS
    whole = _pick(openings, rng).format(said)
    return whole[0].upper() + whole[1:]


def clear(organs: Sequence[str], rng: Generator) -> str:
    """That nothing lies in these organs."""
    said = _pick(CLEAR, rng).format(listed(organs))
    return said[0].upper() + said[1:]


def listed(words: Sequence[str]) -> str:
    """ "liver, spleen and pancreas"."""
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _pick(options: Sequence[str], rng: Generator) -> str:
    return options[int(rng.integers(len(options)))]
