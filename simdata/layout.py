"""A sample laid out as named arrays and one tree of plain values, and back: what is stored, and what is checksummed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import numpy as np

from simdata.finding import Finding
from simdata.grid import Grid
from simdata.image import Image, unlabelled
from simdata.motion import Still
from simdata.motion_tree import motion_of, motion_tree
from simdata.sample import Sample
from simdata.scene import Scene, nothing, present_ids
from simdata.shadow import Shadow
from simdata.structures import Structure, structures
from simdata.subject import Subject
from simdata.vessels import Vessels

IMAGES, LABELS, TISSUE, FIELDS, VESSELS = "images", "labels", "tissue", "fields", "vessels"
SECOND, SHARE = "second", "share"
SEEN, SHADOWS = "seen", "shadows"
"""Below SEEN/IMAGE: the labels, shadows and vessels as that image sees them."""


def arrays_of(sample: Sample) -> dict[str, np.ndarray]:
    """Every array of a sample by its path, such as "images/ct" or "vessels/liver/radius_mm"."""
    scene = sample.scene
    named = {f"{IMAGES}/{name}": image.array for name, image in sample.images.items()}
    named |= {LABELS: scene.labels, TISSUE: scene.tissue}
    named |= {SECOND: scene.second, SHARE: scene.share} if scene.mixed else {}
    named |= {f"{FIELDS}/{name}": array for name, array in scene.fields.items()}
    named |= _columns(VESSELS, scene.vessels)
    for name, image in sample.images.items():
        named |= {f"{SEEN}/{name}/{LABELS}": image.labels} if image.labelled else {}
        named |= {f"{SEEN}/{name}/{SHADOWS}/{what}": shadow.path_mm for what, shadow in image.shadows.items()}
        named |= _columns(f"{SEEN}/{name}/{VESSELS}", image.vessels)
    return dict(sorted(named.items()))


def truth_of(sample: Sample) -> dict[str, Any]:
    """Everything else that is true of a sample, as JSON holds it; no times and no versions."""
    scene = sample.scene
    return {
        "index": sample.index,
        "seed": sample.seed,
        "recipe": sample.recipe,
        "affine": scene.grid.affine.tolist(),
        "images": {name: _about(image) for name, image in sample.images.items()},
        "structures": [asdict(scene.structures[id]) for id in _ids_with_parents(scene)],
        "findings": [asdict(finding) for finding in scene.findings],
        "subject": asdict(scene.subject) if scene.subject else None,
        "latents": dict(scene.latents),
        "source": dict(scene.source),
        **({} if isinstance(scene.motion, Still) else {"motion": motion_tree(scene.motion)}),
    }


def checksum(arrays: Mapping[str, np.ndarray], truth: Mapping[str, Any]) -> str:
    """sha256 over a sample's arrays and truth: equal for any worker, shard, codec or restart."""
    return checksum_of(arrays, canonical_json(truth))


def checksum_of(arrays: Mapping[str, np.ndarray], told: str) -> str:
    """The same, of a truth that is written as `canonical_json` writes it."""
    digest = sha256(told.encode())
    for name, array in arrays.items():
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """One spelling for equal values: sorted keys, no spaces, shortest floats that round-trip."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=True)


def sample_of(
    arrays: Mapping[str, np.ndarray],
    truth: Mapping[str, Any],
    versions: Mapping[str, str],
    seconds: Mapping[str, float],
) -> Sample:
    """The sample that was laid out as `arrays` and `truth`."""
    grid = Grid(arrays[LABELS].shape, np.array(truth["affine"]))
    known = {entry["id"]: Structure(**{**entry, "colour": tuple(entry["colour"])}) for entry in truth["structures"]}
    scene = Scene(
        grid=grid,
        labels=arrays[LABELS],
        tissue=arrays[TISSUE],
        second=arrays.get(SECOND, nothing()),
        share=arrays.get(SHARE, nothing()),
        structures=MappingProxyType({**structures(), **known}),
        fields=MappingProxyType(_below(arrays, FIELDS)),
        vessels=MappingProxyType(_vessels(_below(arrays, VESSELS))),
        findings=tuple(_finding(entry) for entry in truth["findings"]),
        subject=Subject(**truth["subject"]) if truth["subject"] else None,
        latents=MappingProxyType(truth["latents"]),
        source=MappingProxyType(truth["source"]),
        motion=motion_of(truth["motion"]) if "motion" in truth else Still(),
    )
    images = {
        name: _image(arrays[f"{IMAGES}/{name}"], about, _below(arrays, f"{SEEN}/{name}"))
        for name, about in truth["images"].items()
    }
    return Sample(truth["index"], truth["seed"], images, scene, truth["recipe"], versions, seconds)


def _ids_with_parents(scene: Scene) -> list[int]:
    ids = set(present_ids(scene.labels)) - {0}
    ids |= {finding.label for finding in scene.findings}
    while missing := {scene.structures[id].parent for id in ids} - ids - {0}:
        ids |= missing
    return sorted(ids)


def _below(arrays: Mapping[str, np.ndarray], branch: str) -> dict[str, np.ndarray]:
    return {path.removeprefix(f"{branch}/"): array for path, array in arrays.items() if path.startswith(f"{branch}/")}


def _columns(branch: str, beds: Mapping[str, Vessels]) -> dict[str, np.ndarray]:
    return {
        f"{branch}/{bed}/{column.name}": getattr(vessels, column.name)
        for bed, vessels in beds.items()
        for column in fields(Vessels)
    }


def _vessels(arrays: Mapping[str, np.ndarray]) -> dict[str, Vessels]:
    columns: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        bed, _, column = path.rpartition("/")
        columns.setdefault(bed, {})[column] = array
    return {bed: Vessels(**table) for bed, table in columns.items()}


def _finding(entry: Mapping[str, Any]) -> Finding:
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Finding(**plain)


def _about(image: Image) -> dict[str, Any]:
    about: dict[str, Any] = {"unit": image.unit, "affine": image.grid.affine.tolist()}
    about |= {SHADOWS: {name: list(shadow.start) for name, shadow in image.shadows.items()}} if image.shadows else {}
    return about | ({"notes": list(image.notes)} if image.notes else {})


def _image(array: np.ndarray, about: Mapping[str, Any], seen: Mapping[str, np.ndarray]) -> Image:
    x, y, z = array.shape[-3:]
    shadows = {name: Shadow(path_mm, tuple(about[SHADOWS][name])) for name, path_mm in _below(seen, SHADOWS).items()}
    return Image(
        array,
        about["unit"],
        Grid((x, y, z), np.array(about["affine"])),
        labels=seen.get(LABELS, unlabelled()),
        shadows=MappingProxyType(shadows),
        vessels=MappingProxyType(_vessels(_below(seen, VESSELS))),
        notes=tuple(about.get("notes", ())),
    )
