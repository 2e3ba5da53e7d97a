"""Pictures of a chest radiograph and of a coronary angiogram, with what is known of them.

python benchmarks/xray_pictures.py      # some minutes; writes docs/chest_xray.png and docs/angiography.png
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from radiograph import CHEST, LATERAL, RUN, TORSO, patient

from phantoms.filled_vessels import FilledVessels
from pipelines.sheet import BACKGROUND, INK
from render.anti_scatter_grid import AntiScatterGrid
from render.bolus import Bolus
from render.display import DigitalSubtraction, Negative
from render.effects import ElectronicNoise, QuantumNoise, Scatter
from render.effects.scintillator_light import ScintillatorLight
from render.exposure import AutomaticExposure
from render.photons import Photons
from simdata import Image, Scene, Streams
from vascular.lung import Lung

DOCS = Path(__file__).parent.parent / "docs"
PX, GAP = 560, 6
EFFECTS = (Scatter(grids=(AntiScatterGrid(),)), QuantumNoise(), ScintillatorLight(), ElectronicNoise())
BONES = ("rib", "sternum", "scapula", "clavicula", "vertebrae", "humerus", "costal_cartilages")
TINTS = {"lung": (40, 190, 235), "bone": (255, 200, 70), "heart": (235, 50, 60)}


def grey(array: np.ndarray, low: float, high: float) -> np.ndarray:
    """(y, x, 3) of an array (across, up), as it hangs."""
    levels = np.clip((array.T[::-1].astype(float) - low) / (high - low), 0, 1) * 255
    return levels.astype(np.uint8)[..., None].repeat(3, axis=2)


def tinted(base: np.ndarray, paths: dict[str, np.ndarray]) -> np.ndarray:
    """Each structure in its colour, the more the longer the way through it."""
    out = base * 0.55
    for name, path in paths.items():
        share = np.clip(path.T[::-1] / np.percentile(path[path > 0], 97), 0, 1)[..., None] ** 0.7 * 0.6
        out = out * (1 - share) + np.array(TINTS[name]) * share
    return out.astype(np.uint8)


def page(pictures: Sequence[tuple[str, np.ndarray]], columns: int, px: int) -> Picture.Image:
    rows = -(-len(pictures) // columns)
    whole = Picture.new("RGB", (columns * (px + GAP) - GAP, rows * (px + GAP) - GAP), BACKGROUND)
    font = ImageFont.load_default(15)
    for n, (title, pixels) in enumerate(pictures):
        one = Picture.fromarray(pixels).resize((px, px), Picture.Resampling.LANCZOS)
        ImageDraw.Draw(one).text((9, 6), title, fill=INK, font=font, stroke_width=2, stroke_fill=(0, 0, 0))
        whole.paste(one, (n % columns * (px + GAP), n // columns * (px + GAP)))
    return whole


def save(picture: Picture.Image, name: str, colours: int) -> None:
    picture.quantize(colours, dither=Picture.Dither.NONE).save(DOCS / name, optimize=True)
    print(name, (DOCS / name).stat().st_size // 1000, "kB", flush=True)


def together(image: Image, words: Sequence[str]) -> np.ndarray:
    """mm through all structures whose name begins with one of the words."""
    return np.sum(
        [s.over(image.grid.shape)[..., 0] for name, s in image.shadows.items() if name.startswith(tuple(words))], axis=0
    )


def chest(scene: Scene) -> None:
    names = sorted({scene.structures[int(id)].name for id in np.unique(scene.labels[::3, ::3, ::3]) if id})
    wanted = ("heart", *(n for n in names if n.startswith((*BONES, "lung_upper", "lung_middle", "lung_lower"))))
    pa = replace(CHEST, effects=EFFECTS, shadows=wanted)(scene, Streams(7))
    fields = AutomaticExposure(fields=((0.0, 0.0),))
    lateral = replace(LATERAL, effects=EFFECTS, shadows=(), exposure=fields)(scene, Streams(8))
    plain = grey(pa.array[..., 0], 0, 4095)
    paths = {"lung": together(pa, ["lung_"]), "bone": together(pa, BONES), "heart": together(pa, ["heart"])}
    seen = [
        ("PA", plain),
        ("left lateral", grey(lateral.array[..., 0], 0, 4095)),
        ("mm of lung, bone and heart", tinted(plain, paths)),
    ]
    save(page(seen, 3, PX), "chest_xray.png", 256)


def coronaries(scene: Scene) -> None:
    run = replace(RUN, effects=EFFECTS, frames=19, frames_per_s=4.0, bolus=Bolus(trees=(0,)))
    raw: Photons = run.measure(scene)
    for effect in run.effects:
        raw = effect(raw, Streams(9)[effect.label].generator)
    frames, native = DigitalSubtraction()(raw), Negative()(raw)
    truth = run.truth(scene, Image(frames[..., None], "a.u.", raw.grid))
    lumens = truth.shadow("coronary").over(raw.grid.shape)[..., 0]
    seen = [("RAO 30 cranial 20, 1.5 s", grey(native[6], 300, 3900))]
    seen += [(f"subtracted, {raw.view_s[n + 1]:g} s", grey(frames[n], -0.55, 0.05)) for n in (2, 5, 9, 15)]
    seen += [("mm of lumen, all branches", grey(-lumens, -4, 0))]
    save(page(seen, 3, 370), "angiography.png", 64)


def standing() -> Scene:
    """The same man upright, with the vessels and airways of his lungs."""
    scene = replace(TORSO, posture="upright")(Streams(2025, 0)["body"].generator)
    for growth in (Lung(), FilledVessels()):
        scene = growth(scene, Streams(2025, 0)[growth.label].generator)
    return scene


if __name__ == "__main__":
    chest(standing())
    coronaries(patient())
