"""The way back: what a text claims of findings, and where that contradicts the truth.

For our own captions it is the check; for those of a model that was trained on them it is a measure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipelines.words.numbers import WORDS, plural
from pipelines.words.sections import organs_at
from pipelines.words.told import Told, tell
from simdata.finding import Finding
from simdata.spoken import place
from simdata.structures import Structure

SIZE = re.compile(r"(\d+(?:\.\d+)?)(?: x (\d+(?:\.\d+)?))? ?(mm|cm)\b")
SIDES = re.compile(r"\b(left|right)\b")
DENIED = re.compile(r"^(no\b|nothing\b)|: no ")
HEADING = re.compile(r"^[A-Z ]+: ", re.MULTILINE)
TOLERANCE_MM = 1.0


@dataclass(frozen=True)
class Claim:
    """What one clause says: so many of a kind, on a side ("" for none), in a place, of these sizes in mm."""

    kind: str
    count: int
    side: str
    place: str
    sizes_mm: tuple[float, ...]


def read(text: str, kinds: Iterable[str], places: Iterable[str]) -> list[Claim]:
    """The claims of a text, clause by clause. kinds, places: the words that may occur; the longest that fits counts."""
    many = {form: kind for kind in kinds for form in (kind, plural(kind))}
    kind_in, place_in = _any_of(frozenset(many)), _any_of(frozenset(word.lower() for word in places if word))
    found = []
    for clause in _clauses(text):
        form = max(kind_in.findall(clause), key=len, default="")
        if not form or DENIED.search(clause):
            continue
        where = max(place_in.findall(clause), key=len, default="")
        side = SIDES.search(clause)
        found.append(Claim(many[form], _count(clause, form), side[1] if side else "", where, _sizes_mm(clause)))
    return found


@lru_cache(maxsize=16)
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    """Any of the words, the longest that begins somewhere; nothing if there are none."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b" if words else r"(?!)")


def contradictions(text: str, findings: Sequence[Finding], structures: Mapping[int, Structure]) -> list[str]:
    """What the text says that is not true of these findings, and which of them it leaves out; none if it is right."""
    truth = tell(findings, structures)
    claims = read(text, {told.kind for told in truth}, {place(one) for one in structures.values()})
    wrong = []
    for told in truth:
        own = [claim for claim in claims if (claim.kind, claim.side, claim.place) == _where(told)]
        if not own:
            wrong.append(f"nothing says: {told.count} {told.kind}, {told.side} {told.place}")
        wrong += [f"{claim} is not {told}" for claim in own if not _agrees(claim, told)]
    known = {_where(told) for told in truth}
    wrong += [f"{claim} is not there" for claim in claims if (claim.kind, claim.side, claim.place) not in known]
    return wrong + [
        f"'{clause}', but there is one" for clause in _clauses(text) if _denies(clause, findings, structures)
    ]


def _clauses(text: str) -> list[str]:
    clauses = (clause.strip() for clause in re.split(r";|\.(?:\s|$)|\n", HEADING.sub("", text).lower()))
    return [clause for clause in clauses if clause]


def _denies(clause: str, findings: Sequence[Finding], structures: Mapping[int, Structure]) -> bool:
    """Whether a clause calls an organ free in which a finding lies."""
    return bool(DENIED.search(clause)) and any(
        re.search(rf"\b{organ}\b", clause) for finding in findings for organ in organs_at(finding.structure, structures)
    )


def _where(told: Told) -> tuple[str, str, str]:
    return told.kind, told.side, told.place.lower()


def _agrees(claim: Claim, told: Told) -> bool:
    """The count is right, and every size is one of the largest finding's, or that of a lone one as it was asked for."""
    if claim.count != told.count:
        return False
    if not told.sizes_mm:
        return True
    right = (*told.sizes_mm[0], *told.wished_mm)
    return all(any(abs(mm - one) <= TOLERANCE_MM for one in right) for mm in claim.sizes_mm)


def _count(clause: str, form: str) -> int:
    """The number right before the kind and its adjectives; one where it is in the singular."""
    before = clause[: clause.index(form)]
    numbers = re.findall(rf"\b(\d+|{'|'.join(WORDS[1:])})\b(?!\.| ?mm| ?cm| x |\d)", re.sub(SIZE, " ", before))
    if not numbers:
        return 1
    word = numbers[-1]
    return int(word) if word.isdigit() else WORDS.index(word)


def _sizes_mm(clause: str) -> tuple[float, ...]:
    return tuple(
        float(number) * (10 if unit == "cm" else 1)
        for long, short, unit in SIZE.findall(clause)
        for number in (long, short)
        if number
    )
