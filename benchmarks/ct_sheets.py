"""CT as a radiologist sees it: doses, kernels, metal, motion, scatter and rings, and what photon counting shows.

python benchmarks/ct_sheets.py      # some minutes; writes docs/ct_*.png
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from phantoms.contrast import ContrastAgent
from phantoms.filled_vessels import FilledVessels
from phantoms.implants.hip_prosthesis import HipProsthesis
from phantoms.patient_motion import Shift, Turn
from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.sheet import BACKGROUND, INK
from render.anti_scatter_grid import AntiScatterGrid
from render.bowtie import Bowtie
from render.ct import CT
from render.detector import PhotonCounting
from render.effects import ElectronicNoise, QuantumNoise, Scatter
from render.effects.crosstalk import Crosstalk
from render.effects.gain_error import GainError
from render.effects.starved_rays import StarvedRays
from render.gantry import Gantry
from render.matrix import Matrix
from render.spectral import ContrastMap, Monoenergetic, VirtualNonContrast
from render.table_path import Helix
from simdata import Effect, Scene, Streams
from simdata.tissues import tissues
from vascular.liver import Liver
from vascular.lung import Lung

DOCS = Path(__file__).parent.parent / "docs"
STREAMS = Streams(2025, 1)
HE = Person(sex="male", age_y=62.0, height_cm=175.0, weight_kg=78.0)

SOFT, LUNG, BONE, METAL, BRIGHT = (-160, 240), (-1350, 150), (-500, 1300), (-300, 500), (-200, 500)
"""Windows, HU: level 40 width 400, -600 1500, 400 1800, 100 800, 150 700."""
HEIGHT_PX, GAP_PX, GREYS = 330, 6, 64

COLLIMATOR = AntiScatterGrid(ratio=20, lines_per_cm=10, lamella_mm=0.1, lamella="tungsten", interspace="air")
NOISE: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise())
RAW: tuple[Effect, ...] = (Crosstalk(), Scatter(grids=(COLLIMATOR,)), *NOISE)
REAL: tuple[Effect, ...] = (*RAW, StarvedRays())
AXIAL = CT(
    mas=160.0,
    bowtie=Bowtie(),
    kernel="soft",
    gantry=Gantry(rows=5, row_mm=1.2, views=600, element_mm=1.2),
    effects=REAL,
)
THICK = 3
"""Slices of 1 mm that a picture is the mean of."""

Panel = tuple[str, Picture.Image]


def chest() -> Scene:
    """With the vessels of lungs and liver, and contrast agent, 70 s after the injection."""
    torso = Torso(subject=HE, voxel_mm=1.0, shape=(440, 300, 290), centre_mm=(0.0, 0.0, 15.0))
    scene = torso(STREAMS["body"].generator)
    for growth in (Lung(), Liver(), FilledVessels(), ContrastAgent(phase="portal")):
        scene = growth(scene, STREAMS[growth.label].generator)
    return scene


def pelvis() -> Scene:
    torso = Torso(subject=HE, voxel_mm=1.0, shape=(420, 290, 320), centre_mm=(0.0, 0.0, -370.0))
    return torso(STREAMS["body"].generator)


def slab(scene: Scene, structure: str, slices: int) -> Scene:
    """So many slices around the middle of a structure."""
    heights = np.flatnonzero(scene.mask(structure).any(axis=(0, 1)))
    first = int(heights.mean()) - slices // 2
    return scene.crop((0, 0, first), (*scene.grid.shape[:2], slices))


def scanned(scan: CT, scene: Scene) -> Shaped[ndarray, "x y"]:
    """The middle slice, THICK mm high."""
    volume = scan(scene, STREAMS["scan"]).array
    middle = volume.shape[2] // 2
    return volume[..., middle - THICK // 2 : middle + THICK // 2 + 1].mean(axis=2)


def shown(title: str, values: Shaped[ndarray, "x y"], low: float, high: float) -> Panel:
    """As it hangs: the patient's right at the left, his front above."""
    grey = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Picture.fromarray(np.ascontiguousarray(grey[::-1, ::-1].T))
    size = (round(picture.width * HEIGHT_PX / picture.height), HEIGHT_PX)
    return title, picture.resize(size, Picture.Resampling.BICUBIC)


def save(name: str, panels: Sequence[Panel], columns: int) -> None:
    """Pictures of one size in rows, each with its title."""
    wide, high = panels[0][1].size
    rows = -(-len(panels) // columns)
    sheet = Picture.new("RGB", (columns * (wide + GAP_PX) - GAP_PX, rows * (high + GAP_PX) - GAP_PX), BACKGROUND)
    for n, (title, picture) in enumerate(panels):
        place = (n % columns * (wide + GAP_PX), n // columns * (high + GAP_PX))
        sheet.paste(picture, place)
        text = (place[0] + 7, place[1] + 5)
        ImageDraw.Draw(sheet).text(
            text, title, fill=INK, font=ImageFont.load_default(15), stroke_width=2, stroke_fill=(0, 0, 0)
        )
    path = DOCS / f"ct_{name}.png"
    sheet.quantize(GREYS, dither=Picture.Dither.NONE).save(path, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB", flush=True)


def doses(scene: Scene) -> None:
    save("dose", [shown(f"{mas} mAs", scanned(replace(AXIAL, mas=mas), scene), *SOFT) for mas in (10, 40, 160)], 3)


def kernels(scene: Scene) -> None:
    """One measurement of a finer detector, four kernels, in the windows that they are read in."""
    matrix = Matrix(pixels=400, field_of_view_mm=200.0, slice_mm=2.0, every_mm=2.0)
    gantry = Gantry(rows=8, row_mm=1.2, views=800, element_mm=1.0)
    scan = replace(AXIAL, gantry=gantry, table=Helix(), matrix=matrix)
    raw = scan.measure(scene)
    for effect in scan.effects:
        raw = effect(raw, STREAMS["scan"][effect.label].generator)
    panels = []
    for kernel, window in (("soft", SOFT), ("standard", SOFT), ("lung", LUNG), ("bone", BONE)):
        volume = replace(scan, kernel=kernel).reconstruct(raw).array
        panels.append(shown(kernel, volume[..., volume.shape[2] // 2].astype(float), *window))
    save("kernels", panels, 4)


def metal(scene: Scene) -> None:
    hip = HipProsthesis(stem="titanium", stem_mm=100.0)(scene, STREAMS["hip"].generator)
    middle = int(np.median(np.nonzero(hip.tissue == tissues()["cobalt_chrome"])[2]))
    before, after = (one.crop((0, 0, middle - 4), (*one.grid.shape[:2], 9)) for one in (scene, hip))
    panels = [
        shown("before", scanned(AXIAL, before), *METAL),
        shown("starved rays as they come", scanned(replace(AXIAL, effects=RAW), after), *METAL),
        shown("cobalt-chrome ball in a titanium cup", scanned(AXIAL, after), *METAL),
    ]
    save("metal", panels, 3)


def motion(scene: Scene) -> None:
    turn_s = AXIAL.gantry.rotation_s
    jerk = Shift(shift_mm=(0.0, 5.0, 0.0), start_s=0.4 * turn_s, lasting_s=0.2 * turn_s)
    roll = Turn(degrees=4.0, axis=(0.0, 0.0, 1.0), start_s=0.0, lasting_s=turn_s)
    panels = [shown("still", scanned(AXIAL, scene), *SOFT)]
    for title, move in (("5 mm in a fifth of the turn", jerk), ("4 degrees during the turn", roll)):
        panels.append(shown(title, scanned(AXIAL, move(scene, STREAMS["motion"].generator)), *SOFT))
    save("motion", panels, 3)


def spoilers(scene: Scene) -> None:
    """What each effect adds to the same scan by a beam of 80 mm, which scatters much, in slices of 5 mm."""
    wide = replace(AXIAL, gantry=replace(AXIAL.gantry, rows=16, row_mm=5.0, views=480))
    added: dict[str, tuple[Effect, ...]] = {
        "primary radiation and noise": NOISE,
        "scatter, no collimator": (Scatter(), *NOISE),
        "scatter behind a collimator": (Scatter(grids=(COLLIMATOR,)), *NOISE),
        "gains off by 2 %": (*NOISE, GainError(sigma=0.02)),
    }
    panels = [shown(title, scanned(replace(wide, effects=effects), scene), *SOFT) for title, effects in added.items()]
    save("effects", panels, 2)


def spectral(scene: Scene) -> None:
    """Two bins of a photon-counting detector: single energies, without contrast agent, and the agent alone."""
    scan = replace(AXIAL, detector=PhotonCounting(thresholds_kev=(20.0, 65.0)), kernel="smooth", effects=NOISE)
    raw = scan.measure(scene)
    for effect in scan.effects:
        raw = effect(raw, STREAMS["scan"][effect.label].generator)
    asked = {
        "as of 45 keV": (Monoenergetic(kev=45.0), BRIGHT),
        "as of 70 keV": (Monoenergetic(kev=70.0), SOFT),
        "without contrast agent": (VirtualNonContrast(), SOFT),
        "iodine, 0 to 10 mg/ml": (ContrastMap(), (0.0, 10.0)),
    }
    panels = []
    for title, (wanted, window) in asked.items():
        volume = replace(scan, spectral=wanted).reconstruct(raw).array.astype(float)
        panels.append(
            shown(title, volume[..., volume.shape[2] // 2 - 1 : volume.shape[2] // 2 + 2].mean(axis=2), *window)
        )
    save("spectral", panels, 2)


def main() -> None:
    body = chest()
    liver = slab(body, "liver", 9)
    doses(liver)
    spoilers(liver)
    spectral(liver)
    motion(slab(body, "heart", 9))
    kernels(slab(body, "heart", 12))
    metal(pelvis())


if __name__ == "__main__":
    main()
