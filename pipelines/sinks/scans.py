"""How each image of a sample was made: its scanner, from the drawn recipe, and DICOM's word for such a machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import acos, exp, radians
from types import MappingProxyType
from typing import Any

from simdata.sample import Sample


@dataclass(frozen=True)
class Sequence:
    """What others call a sequence of magnetic resonance: BIDS (pulses), DICOM PS3.3 C.8.3.1 (scanning, variant)."""

    pulses: str
    scanning: tuple[str, ...]
    variant: str


SEQUENCES: Mapping[str, Sequence] = {
    "render.mr.SpinEcho": Sequence("Spin Echo", ("SE",), "NONE"),
    "render.mr_gradient_echo.SpoiledGradientEcho": Sequence("Spoiled Gradient Echo", ("GR",), "SP"),
    "render.mr_mprage.MPRAGE": Sequence("MPRAGE", ("GR", "IR"), "MP"),
}
MODALITIES: Mapping[str, str] = {
    "render.ct.CT": "CT",
    **dict.fromkeys(SEQUENCES, "MR"),
    "render.xray.XRay": "DX",
    "render.mammography.Mammography": "MG",
    "render.tomosynthesis.Tomosynthesis": "MG",
    "render.angiography.Angiography": "XA",
}
OTHER = "OT"
"""A machine that has no word here."""


@dataclass(frozen=True)
class Scan:
    """One scan of a sample. kind: the scanner's dotted path. settings: its drawn parameters."""

    kind: str
    settings: Mapping[str, Any]

    @property
    def modality(self) -> str:
        """DICOM PS3.3 C.7.3.1.1.1: "CT", "MR", "DX" and so on."""
        return MODALITIES.get(self.kind, OTHER)


def scans(sample: Sample) -> Mapping[str, Scan]:
    """Image name to the scan that made it."""
    found = {}
    for one in sample.recipe.get("scan", ()):
        kind = str(one["kind"])
        found[one.get("name") or kind.rpartition(".")[2].lower()] = Scan(kind, MappingProxyType(dict(one)))
    return {name: found.get(name, Scan("", MappingProxyType({}))) for name in sample.images}


def weighting(scan: Scan) -> str:
    """What a sequence is weighted by, "T1", "T2" or "PD".

    A spin echo by T1 for a short repetition time, by T2 for a long echo time, else by proton density; a gradient echo
    by T1 from the Ernst angle on (cos a = exp(-TR/T1)), and after an inversion.
    """
    if "ti_ms" in scan.settings:
        return "T1"
    if "flip_degrees" in scan.settings:
        ernst = acos(exp(-scan.settings["tr_ms"] / USUAL_T1_MS))
        return "T1" if radians(scan.settings["flip_degrees"]) >= ernst else "PD"
    if scan.settings["te_ms"] >= LONG_TE_MS:
        return "T2"
    return "T1" if scan.settings["tr_ms"] < LONG_TR_MS else "PD"


USUAL_T1_MS = 1000.0
"""Of grey matter at 1.5 T, about (render/tables/relaxation.csv)."""
LONG_TR_MS, LONG_TE_MS = 1500.0, 60.0
"""Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, ch. 14.3: spin echo at 1.5 T."""
