"""What is to be said of a patient's findings, before any words: how many of what, where, how large."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simdata.finding import Finding
from simdata.spoken import place, spoken
from simdata.structures import Structure

SIZED = "diameter_mm"
"""The attribute of a finding whose size is told by its diameters."""
COUNT = "count"
"""The attribute of a finding that is several things, such as clips or calcifications."""


@dataclass(frozen=True)
class Told:
    """Findings of one kind in one structure.

    side: "left", "right" or "". place: the structure without its side, "" beside the patient. form: of all of them, ""
    where they differ or have none. sizes_mm: longest axial diameter and the longest across it, the largest first; none
    of kinds that have no diameter. wished_mm: diameters as they were asked for. texts: each
    finding's own line, with its place.
    """

    kind: str
    count: int
    side: str
    place: str
    form: str
    sizes_mm: tuple[tuple[float, float], ...]
    wished_mm: tuple[float, ...]
    texts: tuple[str, ...]


def tell(findings: Sequence[Finding], structures: Mapping[int, Structure]) -> list[Told]:
    """The findings by kind and structure, in the order in which they came."""
    by_name = {one.name: one for one in structures.values()}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.structure), []).append(finding)
    return [_told(kind, by_name.get(name), group) for (kind, name), group in groups.items()]


def _told(kind: str, host: Structure | None, group: Sequence[Finding]) -> Told:
    forms = {str(one.attributes.get("form", "")) for one in group}
    sized = all(SIZED in one.attributes and one.axial_mm[0] > 0 for one in group)
    return Told(
        kind=kind,
        count=sum(int(one.attributes.get(COUNT, 1)) for one in group),
        side=host.laterality if host else "",
        place=place(host) if host else "",
        form=forms.pop() if len(forms) == 1 else "",
        sizes_mm=tuple(sorted((one.axial_mm for one in group), reverse=True)) if sized else (),
        wished_mm=tuple(float(one.attributes[SIZED]) for one in group if sized),
        texts=tuple(_placed(one.text, host) for one in group),
    )


def _placed(text: str, host: Structure | None) -> str:
    return text if host is None or place(host).lower() in text.lower() else f"{text}, {spoken(host)}"
