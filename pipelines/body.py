"""One body from the command line: its label map, what is in it, its surfaces and its picture."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.anatomy.look import surface
from phantoms.anatomy.patient import Patient
from pipelines.durable import write_whole
from simdata.convert import nifti
from simdata.errors import DatasetError
from simdata.grid import Grid
from simdata.scene import Scene, present_ids

ENDINGS = (".nii.gz", ".nii")
GAP_PX, LINE_PX, TITLE_PX = 6, 18, 190
BACKGROUND, INK = (18, 20, 24), (225, 228, 232)
LEVELS = (0.68, 0.52, 0.36)
"""Axial planes of the picture, as shares of the field of view from below: chest, upper belly, pelvis."""


def check_name(out: Path) -> None:
    """Raises DatasetError if `out` is no name for a NIfTI file."""
    if not out.name.endswith(ENDINGS):
        raise DatasetError(f"{out}: not a NIfTI name; one that ends in {' or '.join(ENDINGS)} would do")


def about_path(out: Path) -> Path:
    """Where the JSON lies that goes with a label map: body.json beside body.nii.gz."""
    return out.with_name(out.name.removesuffix(".gz").removesuffix(".nii") + ".json")


def write_body(patient: Patient, scene: Scene, out: Path) -> None:
    """The label map as NIfTI, uint16 structure ids, and beside it what is in it. Raises DatasetError."""
    content = nifti(scene.labels, scene.grid).to_bytes()
    write_whole(out, gzip.compress(content, 4, mtime=0) if out.name.endswith(".gz") else content)
    write_whole(about_path(out), (json.dumps(about(patient, scene), indent=1) + "\n").encode())


def about(patient: Patient, scene: Scene) -> dict[str, Any]:
    """Who it is, what was drawn, and every structure's id, volume (mL) and centre (RAS+ mm)."""
    return {
        "subject": asdict(patient.body.subject),
        "variants": sorted(patient.body.variants),
        "affine": scene.grid.affine.tolist(),
        "structures": structures_in(scene),
        "latents": dict(scene.latents),
    }


def structures_in(scene: Scene) -> dict[str, dict[str, Any]]:
    """Structure name to its id, volume in mL and centre in RAS+ mm, as far as the field of view shows it."""
    labels, grid = scene.labels.ravel(), scene.grid
    count = np.bincount(labels)
    sums = [np.bincount(labels, _along(grid, axis)) for axis in range(3)]
    found = {}
    for id in present_ids(scene.labels):
        if id:
            centre = grid.world_mm(np.array([total[id] / count[id] for total in sums]))
            volume_ml = float(count[id] * grid.voxel_mm3 / 1000)
            found[scene.structures[id].name] = {
                "id": id,
                "volume_ml": round(volume_ml, 3),
                "centre_mm": [round(float(c), 2) for c in centre],
            }
    return dict(sorted(found.items()))


def _along(grid: Grid, axis: int) -> np.ndarray:
    """Every voxel's index along an axis, in the order of `ravel`."""
    shape = [1, 1, 1]
    shape[axis] = -1
    return np.broadcast_to(np.arange(grid.shape[axis], dtype=np.float32).reshape(shape), grid.shape).ravel()


def body_sheet(scene: Scene, title: str) -> Picture.Image:
    """A body at a glance: skin from front and right, coronal and sagittal plane, three axial planes; grid along RAS."""
    labels = scene.labels
    colours = np.zeros((1 << 16, 3), np.uint8)
    for id, structure in scene.structures.items():
        colours[id] = structure.colour
    nx, ny, nz = labels.shape
    coronal = colours[labels[:, ny // 2]].transpose(1, 0, 2)[::-1, ::-1]
    sagittal = colours[labels[nx // 2]].transpose(1, 0, 2)[::-1, ::-1]
    axial = [colours[labels[:, :, int(nz * level)]].transpose(1, 0, 2)[::-1, ::-1] for level in LEVELS]
    tall = [surface(labels, colours, "front"), surface(labels, colours, "right"), coronal, sagittal]
    return page_of(title, tall, axial)


def page_of(title: str, tall: Sequence[np.ndarray], axial: Sequence[np.ndarray]) -> Picture.Image:
    """A title, the `tall` pictures (height, width, 3) side by side, then the `axial` ones above each other."""
    width = sum(p.shape[1] + GAP_PX for p in tall) + max(p.shape[1] for p in axial)
    height = max(max(p.shape[0] for p in tall), sum(p.shape[0] + GAP_PX for p in axial)) + LINE_PX
    page = Picture.new("RGB", (max(width, TITLE_PX), height), BACKGROUND)
    ImageDraw.Draw(page).text((4, 2), title, fill=INK, font=ImageFont.load_default(12))
    x = 0
    for picture in tall:
        page.paste(Picture.fromarray(np.ascontiguousarray(picture)), (x, LINE_PX))
        x += picture.shape[1] + GAP_PX
    y = LINE_PX
    for picture in axial:
        page.paste(Picture.fromarray(np.ascontiguousarray(picture)), (x, y))
        y += picture.shape[0] + GAP_PX
    return page
