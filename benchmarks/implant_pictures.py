"""Implants as radiographs and CT slices show them: a chest, a pelvis and lumbar spine, a jaw.

python benchmarks/implant_pictures.py  # some minutes; writes docs/implants.png
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from PIL import Image as Picture

from phantoms.implants.dental_filling import DentalFilling
from phantoms.implants.ecg_electrodes import EcgElectrodes
from phantoms.implants.hip_prosthesis import HipProsthesis
from phantoms.implants.pacemaker import Pacemaker
from phantoms.implants.pedicle_screws import PedicleScrews
from phantoms.implants.sternal_wires import SternalWires
from phantoms.people.population import Person
from phantoms.torso import Torso
from render.c_arm import CArm
from render.ct import CT
from render.exposure import AutomaticExposure
from render.gantry import Gantry
from render.xray import XRay
from simdata import Growth, Scene, Streams

STREAMS = Streams(2025, 1)
HE = Person(sex="male", age_y=68.0, height_cm=175.0, weight_kg=80.0)
SCANNER = CT(gantry=Gantry(rows=8, row_mm=1.2, views=720, element_mm=1.0), mas=250.0)
SLICES = 5
HEIGHT_PX, GREYS = 440, 64
RESULT = Path(__file__).parent.parent / "docs" / "implants.png"


def patient(shape: tuple[int, int, int], height_mm: float, *growths: Growth) -> Scene:
    """A part of the man around that height, with implants."""
    scene = Torso(subject=HE, voxel_mm=1.0, shape=shape, centre_mm=(0.0, 0.0, height_mm))(STREAMS["body"].generator)
    for growth in growths:
        scene = growth(scene, STREAMS[growth.label].generator)
    return scene


def shown(values: Float[ndarray, "x z"], low: float, high: float) -> Picture.Image:
    """Upright, and as high as all others."""
    grey = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Picture.fromarray(grey.T[::-1])
    return picture.resize((round(picture.width * HEIGHT_PX / picture.height), HEIGHT_PX), Picture.Resampling.LANCZOS)


def radiograph(scene: Scene, primary_deg: float, kvp: float, distance_mm: float, fields: tuple) -> Picture.Image:
    """The scene from one side, over all grey values but the rarest."""
    stand = CArm(primary_deg=primary_deg, source_to_detector_mm=distance_mm, patient_to_detector_mm=170.0)
    scanner = XRay(kvp=kvp, stand=stand, exposure=AutomaticExposure(fields=fields), shadows=())
    values = scanner(scene, STREAMS["xray"]).array[..., 0].astype(float)
    low, high = np.quantile(values, [0.01, 0.995])
    return shown(values, low, high)


def slice_of(scene: Scene, height_mm: float, field_of_view_mm: float, low: float, high: float) -> Picture.Image:
    """A CT slice, in Hounsfield units between `low` and `high`."""
    z = round(float(scene.grid.index(np.array([0.0, 0.0, height_mm]))[2]))
    slab = scene.crop((0, 0, z - SLICES // 2), (*scene.grid.shape[:2], SLICES))
    hu = replace(SCANNER, field_of_view_mm=field_of_view_mm)(slab, STREAMS["ct"]).array[..., SLICES // 2]
    return shown(hu[::-1].astype(float), low, high)


def main() -> None:
    chest = patient((440, 300, 440), 20.0, SternalWires(), Pacemaker(), EcgElectrodes())
    lungs = ((-0.2, 0.1), (0.2, 0.1))
    pictures = [radiograph(chest, 0.0, 110.0, 1800.0, lungs), radiograph(chest, 90.0, 110.0, 1800.0, ((0.0, 0.0),))]

    hip = HipProsthesis(stem="titanium", stem_mm=100.0)
    pelvis = patient((400, 280, 430), -330.0, hip, PedicleScrews(levels=("L4", "L5")))
    pictures.append(radiograph(pelvis, 180.0, 75.0, 1150.0, ((0.0, 0.0),)))
    at_mm = pelvis.findings[0].centre_mm[2] + 12.0
    pictures.append(slice_of(pelvis, at_mm, 420.0, -500.0, 700.0))

    jaw = patient((180, 220, 120), 270.0, DentalFilling(count=4))
    metal = np.argwhere(jaw.labels == jaw.findings[0].label)[:, 2]
    at_mm = float(jaw.grid.world_mm(np.array([0.0, 0.0, np.bincount(metal).argmax()]))[2])
    pictures.append(slice_of(jaw, at_mm, 230.0, -500.0, 900.0))

    sheet = Picture.new("L", (sum(one.width for one in pictures), HEIGHT_PX))
    for place, one in zip(np.cumsum([0, *(one.width for one in pictures)]), pictures, strict=False):
        sheet.paste(one, (int(place), 0))
    sheet.quantize(GREYS).save(RESULT, optimize=True)


if __name__ == "__main__":
    main()
