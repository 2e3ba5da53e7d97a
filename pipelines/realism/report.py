"""The realism report: a dataset's patients measured, set beside people and real scans, and told in one page."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.progress import Progress
from pipelines.realism.comparison import GOAL, Comparison, bands, comparisons, mean_bands, peaks
from pipelines.realism.grey import MIDDLES_HU, between_fat_and_muscle, histogram, noise_hu
from pipelines.realism.organs import USUAL_Z
from pipelines.realism.page import page
from pipelines.realism.patient import Patient, ct_image, examine
from pipelines.realism.pictures import side_by_side
from pipelines.realism.plots import histograms, strip
from pipelines.realism.scans import Scan, read_scans
from pipelines.realism.summary import Line, summarised
from pipelines.sheet import png
from simdata.dataset import Dataset
from simdata.errors import DatasetError

PICTURED = 3
"""Samples that are shown beside the real scans."""


@dataclass(frozen=True)
class Report:
    """summary: for the terminal. figures: every number, ready for JSON. html: the page."""

    summary: tuple[Line, ...]
    figures: dict[str, Any]
    html: str


def realism(folder: Path, real: Path | None = None, progress: Progress = lambda done, wanted: None) -> Report:
    """Measures every sample of a dataset that has a CT.

    real: a folder of real CT scans as NIfTI. Raises DatasetError if there is no sample, no CT image or no real scan.
    """
    dataset = Dataset(folder)
    if not len(dataset):
        raise DatasetError(f"{folder}: holds no finished sample; 'simdata generate' makes them")
    scans = read_scans(real) if real else []
    against: list[Comparison] = []
    patients, pictures, histogram_lines = [], {}, {}
    for position, sample in enumerate(dataset):
        name = ct_image(sample)
        against = against or comparisons(scans, sample, name)
        patient, scan = examine(sample, against)
        patients.append(patient)
        if position < PICTURED:
            pictures |= dict(_pictures(patient, scan, against))
            histogram_lines[scan.name] = _histograms(patient, scan, against)
        progress(position + 1, len(dataset))
    dataset.close()
    figures = _figures(folder, patients, against)
    summary = tuple(summarised(patients, against))
    plots = _plots(patients, against, histogram_lines)
    return Report(summary, figures, page(str(folder), summary, figures, patients, plots, pictures))


def _figures(folder: Path, patients: Sequence[Patient], against: Sequence[Comparison]) -> dict[str, Any]:
    samples = [
        {
            "index": patient.index,
            "subject": asdict(patient.subject) if patient.subject else None,
            "figures": {
                group: [asdict(figure) | {"within": figure.within} for figure in found]
                for group, found in patient.figures.items()
            },
        }
        for patient in patients
    ]
    return {
        "dataset": str(folder),
        "real": [_real(comparison, patients) for comparison in against],
        "samples": samples,
    }


def _real(comparison: Comparison, patients: Sequence[Patient]) -> dict[str, Any]:
    real, name = comparison.real, comparison.real.name
    found = [patient.alike[name].emd_hu for patient in patients]
    ratio = float(np.mean(found)) / comparison.ceiling.emd_hu
    return {
        "scan": name,
        "lung_share": real.lung_share,
        "noise_hu": noise_hu(real),
        "peaks_hu": {name: value if np.isfinite(value) else None for name, value in peaks(real).items()},
        "between_fat_and_muscle": between_fat_and_muscle(real),
        "floor_halves_hu": comparison.halves_hu,
        "floor_others_hu": comparison.others_hu,
        "ceiling_ellipsoids_hu": comparison.ceiling.emd_hu,
        "samples_hu": found,
        "mean_hu": float(np.mean(found)),
        "share_of_ceiling": ratio,
        "good": ratio <= GOAL,
        "shares": {
            "real": mean_bands([bands(real.slices(*patient.alike[name].one)) for patient in patients]),
            "samples": mean_bands([patient.shares[name] for patient in patients]),
            "ellipsoids": bands(comparison.ellipsoids.slices(*comparison.ceiling.other)),
        },
        "distance_by_band_hu": mean_bands([patient.origins[name] for patient in patients]),
    }


def _plots(patients: Sequence[Patient], against: Sequence[Comparison], lines: dict) -> dict[str, str]:
    z: dict[str, list[float]] = {}
    for patient in patients:
        for figure in patient.figures["organs"]:
            z.setdefault(figure.what, []).append(figure.value)
    found = {"organs": strip(z, USUAL_Z)} if z else {}
    for comparison in against:
        name = comparison.real.name
        of_real = {name: histogram(comparison.real)}
        of_ours = {sample: shares[name] for sample, shares in lines.items()}
        ellipsoids = {"ellipsoids": histogram(comparison.ellipsoids.slices(*comparison.ceiling.other))}
        found[name] = histograms(MIDDLES_HU, of_real | ellipsoids | of_ours)
    return found


def _histograms(patient: Patient, scan: Scan, against: Sequence[Comparison]) -> dict[str, np.ndarray]:
    return {c.real.name: histogram(scan.slices(*patient.alike[c.real.name].other)) for c in against}


def _pictures(patient: Patient, scan: Scan, against: Sequence[Comparison]) -> Iterator[tuple[str, str]]:
    """Titles and data URLs of the pictures of one sample."""
    for comparison in against:
        alike = patient.alike[comparison.real.name]
        rows = [scan.slices(*alike.other), comparison.real.slices(*alike.one)]
        yield f"sample {patient.index} and {comparison.real.name}, the same levels", _url(rows)
    if not against:
        yield f"sample {patient.index}", _url([scan])


def _url(scans: Sequence[Scan]) -> str:
    return "data:image/png;base64," + base64.b64encode(png(side_by_side(scans))).decode()
