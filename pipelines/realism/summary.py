"""The realism of a dataset in a few lines: what was found, what is wanted, and whether it is good."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.realism.comparison import GOAL, Comparison
from pipelines.realism.figures import Figure
from pipelines.realism.patient import GROUPS, Patient


@dataclass(frozen=True)
class Line:
    """One line of the summary. good: None where nothing is asked."""

    what: str
    found: str
    wanted: str
    good: bool | None


def summarised(patients: Sequence[Patient], against: Sequence[Comparison]) -> Iterator[Line]:
    """The lines, the general ones first."""
    z = [figure.value for patient in patients for figure in patient.figures["organs"]]
    if z:
        size = float(np.mean(np.abs(z)))
        yield Line("organ volumes, mean |z|", f"{size:.2f} ({len(z)} volumes)", "below 1", size < 1)
    for group in list(GROUPS)[1:]:
        found = [figure for patient in patients for figure in patient.figures[group]]
        if group == "partition":
            yield from _worst(patients)
        elif found:
            good = sum(figure.within for figure in found)
            yield Line(GROUPS[group].partition(":")[0].lower(), f"{good} of {len(found)} as in people", "all", None)
    for name in ("kyphosis T4-T12", "lordosis L1-S1", "scoliosis (coronal Cobb)"):
        if found := _named(patients, "spine", name):
            yield _median(name, found)
    for name in ("noise", "between fat and muscle"):
        yield _median(name, _named(patients, "image", name))
    for comparison in against:
        yield _distance(comparison, patients)


def _worst(patients: Sequence[Patient]) -> Iterator[Line]:
    for place, first in enumerate(patients[0].figures["partition"]):
        found = [patient.figures["partition"][place] for patient in patients]
        bad = sum(not figure.within for figure in found)
        shown = ", ".join(f"{figure.value:.0f} {figure.unit}" for figure in found[:3]) + (
            ", ..." if len(found) > 3 else ""
        )
        yield Line(first.what, shown, f"{bad} of {len(found)} samples fail" if bad else "as wanted", not bad)


def _median(name: str, found: Sequence[Figure]) -> Line:
    value = float(np.median([figure.value for figure in found]))
    low, high = (float(np.median([end(figure) for figure in found])) for end in (lambda f: f.low, lambda f: f.high))
    return Line(name, f"{value:.3g} {found[0].unit}", f"{low:.3g} to {high:.3g}", low <= value <= high)


def _distance(comparison: Comparison, patients: Sequence[Patient]) -> Line:
    found = [patient.alike[comparison.real.name].emd_hu for patient in patients]
    ceiling = comparison.ceiling.emd_hu
    mean = float(np.mean(found))
    others = "".join(f", {name} {value:.0f}" for name, value in comparison.others_hu.items())
    return Line(
        f"HU distance to {comparison.real.name}",
        f"{mean:.1f} HU ({min(found):.1f} to {max(found):.1f}), {mean / ceiling:.2f} of the ellipsoids' {ceiling:.1f}",
        f"at most {GOAL * ceiling:.1f} (halves {comparison.halves_hu:.0f}{others})",
        mean <= GOAL * ceiling,
    )


def _named(patients: Sequence[Patient], group: str, name: str) -> list[Figure]:
    return [figure for patient in patients for figure in patient.figures[group] if figure.what == name]
