"""Mammograms of four densities, tomosynthesis and lesions: docs/mammography.png, and results/mammograms.md.

Power spectra: an annulus average of |FFT|^2 of Hann-windowed squares of the attenuation within the pressed breast.
"""

import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from phantoms.breast import Breast
from phantoms.breast.density import FIBROGLANDULAR
from phantoms.lesions.mass import Mass
from phantoms.lesions.microcalcifications import Microcalcifications
from render.breast_stand import BreastStand
from render.display import attenuation
from render.mammogram import Mammogram
from render.mammography import Mammography
from render.photons import Photons
from render.tomosynthesis import Tomosynthesis
from simdata import Scene, Streams
from simdata.tissues import tissues

HERE = Path(__file__).parent
SEED = 14
VOXEL_MM = 0.3
PATIENTS = {
    "a": {"volume_ml": 900.0, "thickness_mm": 62.0},
    "b": {"volume_ml": 750.0, "thickness_mm": 57.0},
    "c": {"volume_ml": 620.0, "thickness_mm": 50.0},
    "d": {"volume_ml": 480.0, "thickness_mm": 42.0},
}
"""The denser the smaller and thinner, as in VICTRE: 60, 55, 45 and 35 mm."""
STAND = BreastStand(pixel_mm=0.1, columns=2400, rows=1300)
INSET = 180
"""Pixels from the middle of an inset to its edge."""
SQUARE = 256
BAND_PER_MM = (0.15, 1.0)
"""Where the exponent of the power spectrum is fitted; Burgess 1999 (Proc SPIE 3663:153): 2.8 to 3.2 for mammograms."""


def main() -> None:
    rows, pictures, exponents = densities()
    insets, slices = lesions()
    page(pictures, slices, insets).save(HERE.parent / "docs" / "mammography.png", optimize=True)
    text = report(rows, exponents)
    (HERE / "results" / "mammograms.md").write_text(text)
    print(text)


def densities() -> tuple[list[str], dict[tuple[str, str], np.ndarray], list[float]]:
    """Rows of the report, the pictures and the exponents of their spectra."""
    rows, pictures, exponents = [], {}, []
    for index, (density, build) in enumerate(PATIENTS.items()):
        for view in ("CC", "MLO"):
            streams = Streams(SEED, index)
            started, worked = time.perf_counter(), time.process_time()
            breast = Breast(view=view, density=density, voxel_mm=VOXEL_MM, **build)
            scene = breast(streams["breast"].generator)
            made, work = time.perf_counter() - started, time.process_time() - worked
            started = time.perf_counter()
            raw = photons(Mammography(stand=STAND), scene, streams)
            shot = time.perf_counter() - started
            exponents.append(exponent(raw))
            pictures[density, view] = hung(raw)
            rows.append(
                f"| {density} | {view} | {scene.labels.size / 1e6:.0f} | {made:.0f} | {work:.0f} | {shot:.0f} "
                f"| {FIBROGLANDULAR[density]:.3f} | {fibroglandular(scene):.3f} | {exponents[-1]:.2f} |"
            )
            print(rows[-1], flush=True)
    return rows, pictures, exponents


def report(rows: list[str], exponents: list[float]) -> str:
    """The table and what it means."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    lines = [
        f"# Mammograms of four densities, voxels of {VOXEL_MM} mm, pixels of {STAND.pixel_mm} mm",
        "",
        "| density | view | million voxels | s to draw | CPU s | s to take it | asked | found | beta |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "asked, found: share of the volume within the skin that is fibroglandular (oblique: with the armpit).",
        f"beta: exponent of the power spectrum between {BAND_PER_MM[0]} and {BAND_PER_MM[1]} / mm, mean "
        f"{np.mean(exponents):.2f}; 2.8 to 3.2 in mammograms (Burgess 1999, Proc SPIE 3663:153).",
        f"Most memory: {peak:.1f} GB. Two cores, which much other work shared: seconds are those of a busy machine.",
        "",
    ]
    return "\n".join(lines)


def photons(unit: Mammography | Tomosynthesis, scene: Scene, streams: Streams) -> Photons:
    """The measurement with all that spoils it."""
    raw = unit.measure(scene)
    for effect in unit.effects:
        raw = effect(raw, streams[effect.label].generator)
    assert isinstance(raw, Photons)
    return raw


def hung(raw: Photons) -> np.ndarray:
    """A mammogram, 0 to 255, the chest wall at the left and the side or the armpit above."""
    return upright(Mammogram()(raw)[0] / 16)


def upright(picture: np.ndarray) -> np.ndarray:
    """(rows of the page, columns of the page) of (along the chest wall, away from it)."""
    return np.clip(picture[::-1], 0, 255)


def fibroglandular(scene: Scene) -> float:
    """Share of what lies within the skin, pectoral muscle left out."""
    part = scene.share / np.float32(255)
    ids = [tissues()[name] for name in ("breast_glandular", "connective")]
    dense = np.where(np.isin(scene.tissue, ids), 1 - part, 0) + np.where(np.isin(scene.second, ids), part, 0)
    outside = [tissues()[name] for name in ("air", "skin", "muscle")]
    return float(dense.sum() / (~np.isin(scene.tissue, outside)).sum())


def exponent(raw: Photons) -> float:
    """Of the power spectrum, averaged over squares of which all lies within the pressed breast."""
    picture = attenuation(raw)[0]
    level = np.percentile(picture[picture > 0.3], 20)
    window = np.outer(np.hanning(SQUARE), np.hanning(SQUARE))
    frequency = np.fft.fftfreq(SQUARE, raw.element_mm[0])
    radius = np.hypot(frequency[:, None], frequency)
    powers = []
    for i in range(0, picture.shape[0] - SQUARE, SQUARE // 2):
        for k in range(0, picture.shape[1] - SQUARE, SQUARE // 2):
            square = picture[i : i + SQUARE, k : k + SQUARE]
            if square.min() > level:
                powers.append(np.abs(np.fft.fft2(window * (square - square.mean()))) ** 2)
    band = (radius > BAND_PER_MM[0]) & (radius < BAND_PER_MM[1])
    power = np.mean(powers, axis=0)
    edges = np.geomspace(*BAND_PER_MM, 12)
    bins = np.digitize(radius[band], edges)
    means = [(radius[band][bins == n].mean(), power[band][bins == n].mean()) for n in range(1, 12) if (bins == n).any()]
    r, p = np.log(np.array(means)).T
    return float(-np.polyfit(r, p, 1)[0])


def lesions() -> tuple[list[tuple[str, np.ndarray]], list[tuple[str, np.ndarray]]]:
    """Insets of a mammogram around each lesion, and slices of a swing through the first."""
    streams = Streams(SEED, 9)
    scene = Breast(density="a", voxel_mm=VOXEL_MM, volume_ml=620.0, thickness_mm=50.0)(streams["breast"].generator)
    growths = [
        Mass(form="spiculated", diameter_mm=11.0, centre_mm=(14.0, 34.0, 10.0), name="spiculated"),
        Mass(form="lobulated", diameter_mm=13.0, centre_mm=(-34.0, 34.0, -4.0), name="lobulated"),
        Microcalcifications(form="fine pleomorphic", count=22, centre_mm=(42.0, 36.0, -10.0), name="pleomorphic"),
        Microcalcifications(
            form="fine linear branching",
            count=24,
            cluster_mm=14.0,
            diameter_mm=0.25,
            centre_mm=(-8.0, 58.0, 0.0),
            name="linear",
        ),
    ]
    for growth in growths:
        scene = growth(scene, streams[growth.label].generator)

    unit = Mammography(stand=STAND, shadows=tuple(one.name for one in scene.structures.values() if one.id > 30000))
    image = unit.truth(scene, replace(unit, display=Mammogram()).reconstruct(photons(unit, scene, streams)))
    insets = []
    for growth, finding in zip(growths, scene.findings, strict=True):
        x, y, _ = image.shadow(scene.structures[finding.label].name).block
        i, k = (x.start + x.stop) // 2, max((y.start + y.stop) // 2, INSET)
        cut = image.array[i - INSET : i + INSET, k - INSET : k + INSET, 0].astype(float)
        title = f"{growth.form} {finding.kind}".replace("microcalcifications", "cluster")
        insets.append((title, upright(stretched(cut))))

    swing = Tomosynthesis(stand=BreastStand(pixel_mm=0.2, columns=1200, rows=570))
    volume = swing.reconstruct(photons(swing, scene, streams))
    middle = volume.grid.index(np.array([finding.centre_mm for finding in scene.findings]))[:, 1]
    slices = [
        (
            f"slice {round(at)} of {volume.grid.shape[1]}: {title}",
            upright(stretched(volume.array[:, round(at)], inside=0.015)),
        )
        for at, title in ((middle[0], "spiculated mass"), (middle[2], "pleomorphic cluster"))
    ]
    return insets, slices


def stretched(picture: np.ndarray, inside: float = -np.inf) -> np.ndarray:
    """Grey levels from black to white."""
    low, high = np.percentile(picture[picture > inside], (5, 99.6))
    return 255 * (picture - low) / (high - low)


def smaller(picture: np.ndarray, height: int) -> Picture.Image:
    """As high as that."""
    whole = Picture.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return whole.resize((max(1, round(whole.width * height / whole.height)), height), Picture.Resampling.LANCZOS)


def page(
    pictures: dict[tuple[str, str], np.ndarray],
    slices: list[tuple[str, np.ndarray]],
    insets: list[tuple[str, np.ndarray]],
) -> Picture.Image:
    """CC above MLO for each density, then slices and insets."""
    tall, wide, gap = 450, 245, 6
    sheet = Picture.new("L", (1160, 2 * (tall + gap) + 484), 0)
    pen = ImageDraw.Draw(sheet)
    for column, density in enumerate(PATIENTS):
        for row, view in enumerate(("CC", "MLO")):
            one = smaller(pictures[density, view], tall)
            sheet.paste(one.crop((0, 0, wide, tall)), (column * (wide + gap), row * (tall + gap)))
            pen.text((column * (wide + gap) + 190, row * (tall + gap) + 6), f"{density}  {view}", fill=220)
    x = 0
    for title, picture in slices:
        one = smaller(picture, 460)
        sheet.paste(one, (x, 2 * (tall + gap)))
        pen.text((x + 8, 2 * (tall + gap) + 465), title, fill=220)
        x += one.width + gap
    left = x
    for n, (title, picture) in enumerate(insets):
        one = smaller(picture, 220).crop((0, 0, 220, 220))
        place = (left + (n % 2) * 238, 2 * (tall + gap) + (n // 2) * 240)
        sheet.paste(one, place)
        pen.text((place[0] + 4, place[1] + 223), title, fill=220)
    return sheet.crop((0, 0, max(left + 476, 4 * (wide + gap)), sheet.height)).quantize(40)


if __name__ == "__main__":
    main()
