"""B-scans of a macula with its layers, and the nets of one eye in OCT angiography: docs/oct.png, docs/octa_plexus.png.

python benchmarks/oct_pictures.py                  # a minute
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image as Picture

from phantoms.choroid import Choroid
from phantoms.retina import Retina as Wall
from render.effects.dimming import Dimming
from render.effects.eye_jerks import EyeJerks
from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle
from render.oct.bowl import Bowl
from render.oct_scan import OCT
from render.octa import DEEP, OCTA, SUPERFICIAL
from simdata import Image, Scene, Streams
from simdata.structures import structure, structures
from vascular.in_layers import InLayers
from vascular.retina import Retina

DOCS = Path(__file__).parents[1] / "docs"
SEED, GAP_PX, COLOURS = 2025, 6, 96
BLACK_DB, WHITE_DB = -30.0, 2.0
FOVEA_MM, VESSEL_MM = 0.0, 2.3
VISIT_S = 0.015
"""So long that blood in capillaries, at 0.3 mm/s in the median, has moved on."""
INKS = {
    "eye_right": (0, 0, 0),
    "foveal_avascular_zone_right": (70, 70, 20),
    "retinal_artery_right": (235, 80, 70),
    "retinal_vein_right": (90, 130, 235),
    "retinal_capillary_right": (60, 110, 60),
}


def eye(field_mm: float, depth_mm: float) -> Scene:
    """A wall with its vessels, each net in its layers."""
    streams = Streams(SEED, 3)
    wall = Wall(field_mm=field_mm, depth_mm=depth_mm, voxel_mm=field_mm / 300, depth_voxel_mm=0.004)
    patient = Retina(field_mm=field_mm)(wall(streams["wall"].generator), streams["vessels"].generator)
    return InLayers()(patient, streams["layers"].generator)


def coloured(labels: ndarray) -> UInt8[ndarray, "*n 3"]:
    """Every structure in its own colour."""
    inks = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    for number in np.unique(labels).tolist():
        inks[number] = structures()[number].colour
    inks[structure("eye_right").id] = 0
    return inks[labels]


def b_scan(image: Image) -> UInt8[ndarray, "z x 3"]:
    """The first line in grey, and its layers beside."""
    grey = 255 * np.clip((image.array[:, 0].T - BLACK_DB) / (WHITE_DB - BLACK_DB), 0, 1)
    grey = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    gap = np.zeros((len(grey), GAP_PX, 3), np.uint8)
    return np.hstack([grey, gap, coloured(image.labels[:, 0].T)])


def b_scans() -> UInt8[ndarray, "h w 3"]:
    patient = Choroid()(eye(6.0, 0.8), Streams(SEED)["choroid"].generator)
    rows = []
    for y_mm, tilt in ((FOVEA_MM, 1.0), (VESSEL_MM, -1.5)):
        scan = OCT(columns=512, field_mm=5.9, y_mm=y_mm, depth_mm=1.05, bowl=Bowl(tilt_deg=(tilt, 0.0)))
        rows += [b_scan(scan(patient, Streams(SEED, 3))), np.zeros((GAP_PX, 2 * 512 + GAP_PX, 3), np.uint8)]
    return np.vstack(rows[:-1])


def en_face(image: Image) -> UInt8[ndarray, "y x 3"]:
    """Grey, and below it the zone and the vessels."""
    grey = np.repeat(image.array[..., 0].T[::-1].astype(np.uint8)[..., None], 3, axis=2)
    truth = np.zeros_like(grey)
    for name, ink in INKS.items():
        truth[image.labels[..., 0].T[::-1] == structure(name).id] = ink
    return np.vstack([grey, np.zeros((GAP_PX, grey.shape[1], 3), np.uint8), truth])


def plexuses() -> UInt8[ndarray, "h w 3"]:
    patient = eye(3.0, 0.4)
    effects = (Dimming(), SensorNoise(signal_db=28.0), EyeJerks(tremor=0.0005, jerks=0.002), Speckle(visits=4))
    columns = []
    for layers in (SUPERFICIAL, DEEP):
        scan = OCTA(field_mm=2.95, pixels=304, layers=layers, visit_s=VISIT_S, effects=effects)
        columns += [en_face(scan(patient, Streams(SEED, 3))), np.zeros((2 * 304 + GAP_PX, GAP_PX, 3), np.uint8)]
    return np.hstack(columns[:-1])


def main() -> None:
    for name, picture in (("oct", b_scans()), ("octa_plexus", plexuses())):
        path = DOCS / f"{name}.png"
        few = Picture.fromarray(picture).quantize(COLOURS, Picture.Quantize.MAXCOVERAGE, dither=Picture.Dither.NONE)
        few.save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
