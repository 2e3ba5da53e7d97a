"""A caption and a report of one image, worded by the sample's own random stream: the same sample, the same words."""

from collections.abc import Sequence

from numpy.random import Generator

from pipelines.words.sections import ELSEWHERE, SECTIONS, organs_of, section_of
from pipelines.words.told import Told, tell
from pipelines.words.wording import clear, phrase, sentence
from simdata.finding import Finding
from simdata.scene import Scene

NORMAL = ("no finding", "no focal lesion", "no lesion is seen")


def caption(technique: str, patient: str, scene: Scene, findings: Sequence[Finding], rng: Generator) -> str:
    """One line: how, who, and what is found."""
    said = [phrase(told, rng) for told in tell(findings, scene.structures)]
    found = "; ".join(said) or NORMAL[int(rng.integers(len(NORMAL)))]
    return f"{technique} of {patient}: {found}."


def report(
    technique: str, patient: str, scene: Scene, findings: Sequence[Finding], seen: Sequence[int], rng: Generator
) -> str:
    """Examination, patient, findings by region, impression.

    seen: ids of the structures that the image shows: of an organ that is not in it nothing is said.
    """
    groups = tell(findings, scene.structures)
    regions = _regions(scene, findings)
    lines = [f"EXAMINATION: {technique}.", f"PATIENT: {patient}.", "FINDINGS:"]
    lines += _by_region(groups, regions, scene, seen, rng) or ["No finding."]
    impression = "; ".join(phrase(told, rng) for told in groups) or NORMAL[0]
    return "\n".join([*lines, f"IMPRESSION: {impression[0].upper()}{impression[1:]}."])


def _regions(scene: Scene, findings: Sequence[Finding]) -> list[str]:
    """The section of each group of findings, in the order in which `tell` gives them, and the organs with findings."""
    structures = dict.fromkeys((finding.kind, finding.structure) for finding in findings)
    ids = {one.name: id for id, one in scene.structures.items()}
    return [section_of(scene.lineage(ids[name])) if name in ids else ELSEWHERE for _, name in structures]


def _by_region(
    groups: Sequence[Told], regions: Sequence[str], scene: Scene, seen: Sequence[int], rng: Generator
) -> list[str]:
    names = {name for id in seen if id for name in scene.lineage(id)}
    lines = []
    for section, organs in (*SECTIONS, (ELSEWHERE, {})):
        here = [told for told, region in zip(groups, regions, strict=True) if region == section]
        present = organs_of(organs, names)
        said = [sentence(told, rng) for told in here] or ([clear(present, rng)] if present else [])
        lines += [f"{section}: {' '.join(said)}"] if said else []
    return lines
