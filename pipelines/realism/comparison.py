"""Grey values against real scans, between a floor and a ceiling.

floor: how far the two halves of a real scan are apart, and real scans from each other. ceiling: how far a torso of
ellipsoids is, with the same contrast agent and scanner. Wanted: at most half of the ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.build import build
from pipelines.realism.ellipsoids import ellipsoid_torso
from pipelines.realism.figures import Figure
from pipelines.realism.grey import (
    BIN_HU,
    MIDDLES_HU,
    Likeness,
    between_fat_and_muscle,
    emd_hu,
    histogram,
    likeness,
    noise_hu,
)
from pipelines.realism.scans import Scan
from simdata.parts import Growth, Scanner
from simdata.sample import Sample
from simdata.streams import Streams

CONTRAST = "phantoms.contrast.ContrastAgent"
SLICES = 40
GOAL = 0.5
"""Share of the ceiling that is good enough."""
NOISE_HU, BETWEEN = (3, 25), (0.1, 0.3)
PEAKS_HU = {"fat": (-115, -85), "soft tissue": (25, 75)}
SEARCHED_HU = {"fat": (-160, -40), "soft tissue": (0, 120)}
LEAST_LUNG = 0.01
"""Share of the body; what is less is gas in the bowel."""
LUNG_HU = (-900, -650)
REAL_CT = (
    "four real CT series at 120 kVp: noise 3.4 to 23 HU, 16 and 23 % between fat and muscle, fat -84 to -100 HU, "
    "soft tissue 32 to 59 HU (TCIA)"
)
BANDS = {
    "lung and gas, below -500 HU": (-2000, -500),
    "-500 to -150": (-500, -150),
    "fat, -150 to -60": (-150, -60),
    "between, -60 to 0": (-60, 0),
    "soft, 0 to 100": (0, 100),
    "bright, 100 to 200": (100, 200),
    "bone, above 200": (200, 5000),
}
"""Parts of the histogram, HU."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """One real scan, the other real ones, and the torso of ellipsoids."""

    real: Scan
    others: tuple[Scan, ...]
    ellipsoids: Scan

    @cached_property
    def halves_hu(self) -> float:
        """The lower floor: left against right."""
        return emd_hu(*self.real.halves())

    @cached_property
    def others_hu(self) -> dict[str, float]:
        """The upper floor: other people on other scanners."""
        return {other.name: likeness(self.real, other).emd_hu for other in self.others}

    @cached_property
    def ceiling(self) -> Likeness:
        """The real scan and the ellipsoids."""
        return likeness(self.real, self.ellipsoids)

    def figure(self, scan: Scan) -> tuple[Figure, Likeness]:
        """How far a synthetic scan is from the real one."""
        alike = likeness(self.real, scan)
        about = f"halves {self.halves_hu:.0f}, ellipsoids {self.ceiling.emd_hu:.0f} HU"
        what = f"distance to {self.real.name}"
        source = "half of the ellipsoids' distance"
        return Figure(what, alike.emd_hu, "HU", None, GOAL * self.ceiling.emd_hu, source, about), alike


def comparisons(real: Sequence[Scan], sample: Sample, name: str) -> list[Comparison]:
    """One for every real scan, with the scanner of the sample's image `name`."""
    if not real:
        return []
    ellipsoids = _scanned(sample, name)
    return [Comparison(scan, tuple(other for other in real if other is not scan), ellipsoids) for scan in real]


def image_figures(scan: Scan) -> list[Figure]:
    """What one synthetic image tells by itself."""
    found = peaks(scan)
    lung = Figure("lung, median", found["lung"], "HU", *LUNG_HU, "deep breath -870, end of expiration -700; estimated")
    return [
        *(Figure(f"{name}, peak", found[name], "HU", *limits, REAL_CT) for name, limits in PEAKS_HU.items()),
        *([lung] if np.isfinite(lung.value) else []),
        Figure("noise", noise_hu(scan), "HU", *NOISE_HU, REAL_CT, "standard deviation in soft tissue"),
        Figure("between fat and muscle", between_fat_and_muscle(scan), "share", *BETWEEN, REAL_CT,
               "voxels of -60 to 0 among those of -150 to 100 HU"),
    ]  # fmt: skip


def peaks(scan: Scan) -> dict[str, float]:
    """Most frequent value of fat and soft tissue, and the median of lung (NaN where there is none), HU."""
    hu = scan.hu[scan.body]
    lung = hu[hu < BANDS["lung and gas, below -500 HU"][1]]
    found = {name: _mode(hu, *SEARCHED_HU[name]) for name in PEAKS_HU}
    return found | {"lung": float(np.median(lung)) if len(lung) > LEAST_LUNG * len(hu) else float("nan")}


def _mode(hu: np.ndarray, low: int, high: int) -> float:
    """The most frequent value in a range, of a histogram smoothed over 15 HU."""
    counts = np.histogram(hu, np.arange(low, high + 1))[0]
    return float(low + np.convolve(counts, np.ones(15), "same").argmax())


def bands(scan: Scan) -> dict[str, float]:
    """Shares of the body's voxels in the parts of the histogram."""
    hu = scan.hu[scan.body]
    return {name: float(((hu >= low) & (hu < high)).mean()) for name, (low, high) in BANDS.items()}


def distance_by_band(one: Scan, other: Scan) -> dict[str, float]:
    """Where the earth mover's distance comes from, HU: the integral of |difference of the cumulative histograms|."""
    apart = np.abs(np.cumsum(histogram(one) - histogram(other))) * BIN_HU
    return {name: float(apart[(low <= MIDDLES_HU) & (high > MIDDLES_HU)].sum()) for name, (low, high) in BANDS.items()}


def _scanned(sample: Sample, name: str) -> Scan:
    """The torso of ellipsoids under the scanner that made an image."""
    tree = _scanner_tree(sample, name)
    scanner = build(tree, Scanner, f"scan.{name}")
    spacing = sample.images[name].grid.spacing_mm
    streams = Streams(sample.seed, sample.index)["realism"]
    scene, step_mm = ellipsoid_torso(spacing[0], spacing[2], SLICES)
    for part in sample.recipe.get("grow", ()):
        if part["kind"] == CONTRAST:
            scene = build(part, Growth, "grow")(scene, streams["contrast"].generator)
    image = scanner(scene, streams)
    scan = Scan.of("ellipsoids", image)
    return Scan(scan.name, scan.hu, (*scan.spacing_mm[:2], step_mm))


def _scanner_tree(sample: Sample, name: str) -> Any:
    """The entry of the drawn recipe that made an image."""
    labels = [tree.get("name") or tree["kind"].rpartition(".")[2].lower() for tree in sample.recipe["scan"]]
    return sample.recipe["scan"][labels.index(name)]


def mean_bands(scans: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of several patients."""
    return {name: float(np.mean([scan[name] for scan in scans])) for name in BANDS}
