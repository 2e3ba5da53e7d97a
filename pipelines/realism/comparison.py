"""Grey values against real scans, between a floor and a ceiling.

floor: how far the two halves of a real scan are apart, and real scans from each other. ceiling: how far a torso of
ellipsoids is, scanned by the same scanner. Wanted: at most half of the ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipelines.build import build
from pipelines.realism.ellipsoids import ellipsoid_torso
from pipelines.realism.figures import Figure
from pipelines.realism.grey import Likeness, between_fat_and_muscle, emd_hu, likeness, noise_hu
from pipelines.realism.scans import Scan
from simdata.parts import Scanner
from simdata.sample import Sample
from simdata.streams import Streams

SLICES = 40
GOAL = 0.5
"""Share of the ceiling that is good enough."""
NOISE_HU, BETWEEN = (3, 25), (0.1, 0.3)
REAL_CT = "four real CT series at 120 kVp: noise 3.4 to 23 HU, 16 and 23 % between fat and muscle (TCIA)"
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
    return [
        Figure("noise", noise_hu(scan), "HU", *NOISE_HU, REAL_CT, "standard deviation in soft tissue"),
        Figure("between fat and muscle", between_fat_and_muscle(scan), "share", *BETWEEN, REAL_CT,
               "voxels of -60 to 0 among those of -150 to 100 HU"),
    ]  # fmt: skip


def bands(scan: Scan) -> dict[str, float]:
    """Shares of the body's voxels in the parts of the histogram."""
    hu = scan.hu[scan.body]
    return {name: float(((hu >= low) & (hu < high)).mean()) for name, (low, high) in BANDS.items()}


def _scanned(sample: Sample, name: str) -> Scan:
    """The torso of ellipsoids under the scanner that made an image."""
    tree = _scanner_tree(sample, name)
    scanner = build(tree, Scanner, f"scan.{name}")
    spacing = sample.images[name].grid.spacing_mm
    scene, step_mm = ellipsoid_torso(spacing[0], spacing[2], SLICES)
    image = scanner(scene, Streams(sample.seed, sample.index)["realism"])
    scan = Scan.of("ellipsoids", image)
    return Scan(scan.name, scan.hu, (*scan.spacing_mm[:2], step_mm))


def _scanner_tree(sample: Sample, name: str) -> Any:
    """The entry of the drawn recipe that made an image."""
    labels = [tree.get("name") or tree["kind"].rpartition(".")[2].lower() for tree in sample.recipe["scan"]]
    return sample.recipe["scan"][labels.index(name)]


def mean_bands(scans: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of several patients."""
    return {name: float(np.mean([scan[name] for scan in scans])) for name in BANDS}
