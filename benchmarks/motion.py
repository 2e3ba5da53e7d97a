"""A chest that breathes and a heart that beats, as cines, as figures, and as a CT meets them.

python benchmarks/motion.py            # some minutes; writes docs/motion_*.gif and docs/motion_ct.png
python benchmarks/motion.py figures    # only what it costs and how exact it is
"""

import csv
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from scipy.ndimage import map_coordinates

from phantoms.breathing.breathing import Breathing
from phantoms.breathing.traces import Regular
from phantoms.heartbeat.heartbeat import Heartbeat
from phantoms.people.population import Person
from phantoms.torso import Torso
from render.ct import CT
from render.effects import ElectronicNoise, QuantumNoise
from render.gantry import Gantry
from simdata import Scene, Still, Streams
from simdata.motion import Motion
from simdata.scene import DENSITY
from simdata.tissues import tissues

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
STREAMS = Streams(2025, 1)
HE = Person(sex="male", age_y=48.0, height_cm=176.0, weight_kg=76.0)
CHEST, SOFT, BLOOD = (-1000, -700, -150, 60, 700), (-160, 240), (-150, 450)
"""Windows; that of the chest shows lungs, soft tissue and bone at once."""
PHASES, GREYS, STEP_MM, NEAR_MM = 10, 20, 1.5, 1.0
IODINE_HU = {"blood": 300.0, "myocardium": 60.0}
"""What contrast agent adds in the pictures of the heart."""
TAG_MM = 8.0


@cache
def chest() -> Scene:
    torso = Torso(subject=HE, breath=0.0, voxel_mm=1.5, shape=(256, 192, 300), centre_mm=(0.0, 0.0, -60.0), variants=())
    return torso(STREAMS["body"].generator)


def breath(**fields) -> Motion:
    return Breathing(**fields)(chest(), STREAMS["breath"].generator).motion


def beat(**fields) -> Motion:
    return Heartbeat(**fields)(chest(), STREAMS["beat"].generator).motion


@cache
def greys(agent: bool) -> np.ndarray:
    """About the Hounsfield units of the patient at rest: mass density over that of water."""
    rows = csv.DictReader((ROOT / "render/tables/tissue_composition.csv").read_text().splitlines())
    density = {row["tissue"]: float(row["density_g_cm3"]) for row in rows}
    column = {name: density.get(name, 1.0) for name in tissues()}
    values = 1000 * (chest().field(column) * chest().fields[DENSITY] - 1)
    if agent:
        values += chest().field({name: IODINE_HU.get(name, 0.0) for name in tissues()})
    return values


def plane(motion: Motion, t_s: float, points_mm, values) -> np.ndarray:
    """The patient at a time, seen at these points; what is thin as gas is thinner where it has widened."""
    grid = chest().grid
    rest = motion.rest_mm(points_mm, grid, t_s)
    seen = map_coordinates(values, np.moveaxis(grid.index(rest), -1, 0), order=1, mode="nearest")
    sides = [motion.rest_mm(points_mm + step, grid, t_s) - rest for step in NEAR_MM * np.eye(3)]
    denser = np.linalg.det(np.stack(sides, axis=-1) / NEAR_MM)
    return np.where((seen < -500) & (seen > -990), (seen + 1000) * denser - 1000, seen)


def lattice(origin, right, up, width_mm: float, height_mm: float, step_mm: float = STEP_MM) -> np.ndarray:
    """(x, y, 3) points of a picture, mm: the first goes to the right, the second up."""
    x = (np.arange(0, width_mm, step_mm) - width_mm / 2)[:, None, None]
    y = (np.arange(0, height_mm, step_mm) - height_mm / 2)[None, :, None]
    return np.asarray(origin) + x * np.asarray(right) + y * np.asarray(up)


def shown(values, window) -> np.ndarray:
    """Greys between knots of Hounsfield units."""
    return np.interp(values[:, ::-1].T, window, np.linspace(0, 255, len(window))).astype(np.uint8)


def written(picture: Picture.Image, text: str) -> Picture.Image:
    font = ImageFont.load_default(13)
    ImageDraw.Draw(picture).text((6, 4), text, fill=235, font=font, stroke_width=2, stroke_fill=0)
    return picture


def cine(name: str, frames: list[np.ndarray], words: list[str], frame_ms: int) -> None:
    pictures = [written(Picture.fromarray(frame), word) for frame, word in zip(frames, words, strict=True)]
    pictures = [picture.quantize(GREYS, dither=Picture.Dither.NONE) for picture in pictures]
    path = DOCS / f"motion_{name}.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=frame_ms, loop=0, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB", flush=True)


def breathing() -> None:
    """Coronal and sagittal, at twice a quiet breath."""
    motion = breath(tidal_ml=1000.0)
    views = [
        lattice((0, 5, -60), (1, 0, 0), (0, 0, 1), 366, 430),
        lattice((60, 0, -60), (0, -1, 0), (0, 0, 1), 270, 430),
        lattice((2, 0, -60), (0, -1, 0), (0, 0, 1), 270, 430),
    ]
    frames, words = [], []
    for t_s in np.arange(PHASES) / PHASES * motion.period_s:
        seen = [shown(plane(motion, t_s, view, greys(False)), CHEST) for view in views]
        frames.append(np.hstack(seen))
        words.append(f"{t_s:.2f} s   diaphragm {motion.state(t_s)['diaphragm_down_mm']:4.1f} mm down")
    cine("breathing", frames, words, 500)


def heart() -> None:
    """Short axes at base, middle and apex, the long axis, and a middle one with tags that show the twist."""
    motion = beat()
    origin, (right, across, along) = np.array(motion.heart[2]), np.array(motion.heart[3])
    views = [lattice(origin + z * along, right, -across, 150, 150, 1.0) for z in (-20.0, 5.0, 32.0)]
    views.append(lattice(origin - 12 * along, right, -along, 150, 150, 1.0))
    tagged = [views[1], views[2]]
    grid = chest().grid
    frames, words = [], []
    for t_s in np.arange(PHASES) / PHASES * motion.period_s:
        seen = [shown(plane(motion, t_s, view, greys(True)), BLOOD) for view in views]
        for view in tagged:
            rest = (motion.rest_mm(view, grid, t_s) - origin) @ np.stack([right, across], axis=1)
            lines = (np.abs((rest / TAG_MM) % 1 - 0.5) > 0.4).any(axis=-1)
            seen.append(shown(np.where(lines, -150, plane(motion, t_s, view, greys(True))), BLOOD))
        seen = [np.pad(image, ((0, 3), (0, 3))) for image in seen]
        frames.append(np.vstack([np.hstack(seen[:3]), np.hstack(seen[3:])]))
        words.append(f"{t_s * 1000:3.0f} ms   left ventricle {motion.volume_ml(t_s):3.0f} mL")
    cine("heart", frames, words, round(1000 * motion.period_s / PHASES * 1.5))


def artifacts() -> None:
    """One turn over the domes: held breath, and as the patient breathes in; one turn over the heart: still, beating."""
    scene = chest()
    scan = CT(
        mas=160.0,
        kernel="soft",
        gantry=Gantry(rows=5, row_mm=1.5, views=600, element_mm=1.2, rotation_s=0.5),
        effects=(QuantumNoise(), ElectronicNoise()),
    )
    trace = Regular(period_s=2.5, start=0.12)
    inhaling = Breathing(tidal_ml=700.0, trace=trace)(scene, STREAMS["breath"].generator)
    beats = Heartbeat(rate_bpm=75.0)(scene, STREAMS["beat"].generator)
    dome = int(np.flatnonzero(scene.mask("liver").any(axis=(0, 1))).max()) - 10
    middle = int(np.median(np.nonzero(scene.mask("heart_left_ventricle"))[2]))
    panels = []
    for title, patient, level, window in (
        ("domes, breath held", replace(scene, motion=Still()), dome, SOFT),
        ("domes, breathing in during the turn", inhaling, dome, SOFT),
        ("heart, still", replace(scene, motion=Still()), middle, SOFT),
        ("heart at 75 a minute, a turn of 0.5 s", beats, middle, SOFT),
    ):
        thick = 31 if patient is inhaling else 9
        part = patient.crop((0, 0, level - thick // 2), (*scene.grid.shape[:2], thick))
        image = scan(part, STREAMS["scan"]).array[..., thick // 2].astype(float)
        panels.append(written(Picture.fromarray(shown(image[::-1], window)).resize((512, 384)), title))
        print(title, flush=True)
    sheet = Picture.new("L", (1030, 774))
    for n, panel in enumerate(panels):
        sheet.paste(panel, (n % 2 * 518, n // 2 * 390))
    path = DOCS / "motion_ct.png"
    sheet.quantize(64, dither=Picture.Dither.NONE).save(path, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB", flush=True)


def cost(what: str, work: Callable[[float], object]) -> None:
    """At one time to get ready, then at another, which is counted."""
    work(1.7)
    began = time.process_time()
    work(2.0)
    print(f"{what}: {time.process_time() - began:.2f} s of CPU", flush=True)


def figures() -> None:
    """CPU seconds, all threads together, of the second call; and how exact the ways are."""
    scene = chest()
    moving = Heartbeat()(Breathing()(scene, STREAMS["breath"].generator), STREAMS["beat"].generator)
    print("grid", scene.grid.shape, "of", scene.grid.spacing_mm[0], "mm")
    points = scene.grid.world_mm(
        np.random.default_rng(0).uniform(0, 1, (1_000_000, 3)) * (np.array(scene.grid.shape) - 1)
    )
    for name, motion in (("breath", breath()), ("beat", beat()), ("both", moving.motion)):
        cost(f"{name}: a phase by Scene.at", replace(scene, motion=motion).at)
        cost(f"{name}: displacement", partial(motion.displacement, scene.grid))
        cost(f"{name}: a million points", partial(motion.moved_mm, points, scene.grid))
        there = motion.moved_mm(points, scene.grid, 2.0)
        back = np.linalg.norm(motion.rest_mm(there, scene.grid, 2.0) - points, axis=1)
        print(f"{name}: there and back, largest {back.max():.4f} mm")


if __name__ == "__main__":
    for part in (figures, breathing, heart, artifacts):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
