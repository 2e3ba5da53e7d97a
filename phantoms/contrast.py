"""Contrast agent: how much iodine each organ holds in the arterial, portal and delayed phase of an injection."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from simdata import Growth, Scene
from simdata.scene import present_ids
from simdata.structures import FIRST_FINDING_ID, structures
from simdata.tissues import tissues

FIELD = "iodine_mg_ml"
SPREAD = 0.12
"""Coefficient of variation between people of one dose per kilogram: cardiac output, mostly (Bae 2010)."""

Phase = Literal["arterial", "portal", "delayed"]


@cache
def table(phase: Phase) -> Mapping[str, float]:
    """Structure, kind of finding or tissue to mg of iodine per mL, from phantoms/tables/contrast.csv."""
    lines = (files("phantoms") / "tables" / "contrast.csv").read_text(encoding="utf-8").splitlines()
    return MappingProxyType({row["where"]: float(row[phase]) for row in csv.DictReader(lines)})


@dataclass(frozen=True, kw_only=True)
class ContrastAgent(Growth):
    """Iodine in blood and organs, as the field "iodine_mg_ml" that CT reads.

    phase: "arterial" (35 s after the injection), "portal" (70 s) or "delayed" (180 s). dose: of a standard injection
    of 1.6 mL/kg at 350 mg/mL. A structure or a kind of finding without a row of its own takes that of its tissue; the
    rest holds none. A row "kind/tissue" is for that tissue inside findings of that kind, such as a tumour's capsule.
    """

    phase: Phase = "portal"
    dose: Annotated[float, Ge(0), Le(3)] = 1.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        person = self.dose * float(np.exp(SPREAD * rng.standard_normal()))
        by_tissue, by_label = np.zeros(256, np.float32), np.full(1 << 16, np.nan, np.float32)
        amounts = table(self.phase)
        for name, id in tissues().items():
            by_tissue[id] = amounts.get(name, 0.0)
        for id in present_ids(scene.labels):
            by_label[id] = next((amounts[name] for name in _called(scene, id) if name in amounts), np.nan)

        own = by_label[scene.labels]
        iodine = np.where(np.isnan(own) | (scene.tissue != _main_tissue(scene)), by_tissue[scene.tissue], own)
        _inside_findings(iodine, scene, amounts)
        iodine = (iodine * np.float32(person)).astype(np.float32)
        return replace(scene, fields=MappingProxyType({**scene.fields, FIELD: iodine}))


def _called(scene: Scene, id: int) -> list[str]:
    """The names that a row may go by: of a structure and what it is part of; of a finding its kind, and those of its
    host if it is made of the same."""
    kind = next((one.kind.replace(" ", "_") for one in scene.findings if one.label == id), "")
    own = scene.structures.get(id)
    host = scene.structures.get(own.parent) if own else None
    foreign = kind and host and own and host.tissue != own.tissue
    return [kind] if foreign else [kind, *scene.lineage(id)]


def _inside_findings(iodine: np.ndarray, scene: Scene, amounts: Mapping[str, float]) -> None:
    """What the rows "kind/tissue" say, into `iodine`."""
    known = {row for row in amounts if "/" in row}
    rows = {
        (finding.label, id): amounts[f"{finding.kind.replace(' ', '_')}/{name}"]
        for finding in scene.findings
        for name, id in tissues().items()
        if f"{finding.kind.replace(' ', '_')}/{name}" in known
    }
    if not rows:
        return
    flat = np.flatnonzero(scene.labels >= FIRST_FINDING_ID)
    labels, tissue = scene.labels.ravel()[flat], scene.tissue.ravel()[flat]
    for (label, id), amount in rows.items():
        iodine.ravel()[flat[(labels == label) & (tissue == id)]] = amount


def _main_tissue(scene: Scene) -> np.ndarray:
    """The tissue that each voxel's structure is mostly made of: a wall takes its own row, not its organ's."""
    lookup = np.zeros(1 << 16, np.uint8)
    for id, structure in {**structures(), **scene.structures}.items():
        lookup[id] = tissues()[structure.tissue]
    return lookup[scene.labels]
