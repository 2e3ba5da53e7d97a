"""Photographs of eyes from the shipped recipe, as one camera takes them, with their truth; and beside real ones.

python benchmarks/fundus_pictures.py             # docs/fundus.png, two minutes
python benchmarks/fundus_pictures.py HRF         # and benchmarks/results/fundus.md, beside cases 01 to 05 there
"""

import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray
from PIL import Image as Picture
from scipy.ndimage import binary_dilation, binary_erosion

from pipelines.flat import in_colour
from pipelines.make import make
from pipelines.recipe import load
from simdata import Sample
from simdata.structures import structures

ROOT = Path(__file__).parents[1]
EYES, SHOWN, WIDE_PX, GAP_PX = 9, (1, 4, 6), 540, 6
HRF = ("field_deg=60.0", "columns=876", "rows=584", "fill=0.93")
"""Canon CR-1: the round field of 60 degrees is wider than the picture is high."""
INKS = {
    "retina": (60, 40, 36),
    "macula": (78, 50, 42),
    "fovea": (104, 62, 48),
    "optic_disc": (235, 205, 120),
    "optic_cup": (255, 245, 200),
    "retinal_artery": (235, 80, 70),
    "retinal_vein": (90, 130, 235),
}
LESION = {
    "microaneurysm": (255, 120, 0),
    "haemorrhage": (255, 0, 160),
    "hard_exudate": (240, 240, 60),
    "cotton_wool_spot": (235, 235, 255),
}
QUANTILES = (5, 25, 50, 75, 95)
WAVES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.3)
"""Bounds of bands of spatial frequency, per pixel."""
WINDOW_PX = 400


class Photograph(NamedTuple):
    """A picture, where its field lies, and its arteries and veins."""

    rgb: UInt8[ndarray, "h w 3"]
    field: Bool[ndarray, "h w"]
    artery: Bool[ndarray, "h w"]
    vein: Bool[ndarray, "h w"]


def labels(sample: Sample) -> ndarray:
    """Rows from above."""
    return sample.images["photograph"].labels[..., 0].T[::-1]


def where(sample: Sample, name: str) -> Bool[ndarray, "h w"]:
    """Where a structure shows, of either eye."""
    ids = [number for number, one in structures().items() if one.name.rsplit("_", 1)[0] == name]
    return np.isin(labels(sample), ids)


def synthetic(sample: Sample) -> Photograph:
    """As it was made."""
    artery, vein = (where(sample, f"retinal_{kind}") for kind in ("artery", "vein"))
    return Photograph(in_colour(sample.images["photograph"]), labels(sample) > 0, artery, vein)


def real(image: Path) -> Photograph:
    """One of the folder, with the masks that go with it."""
    folder, name = image.parents[1], image.name
    rgb, field, kinds = (
        np.array(Picture.open(folder / part / name).convert(mode))
        for part, mode in (("image", "RGB"), ("fov", "L"), ("av", "L"))
    )
    return Photograph(rgb, field > 127, kinds == 1, kinds == 2)


def truth(sample: Sample) -> UInt8[ndarray, "h w 3"]:
    """Every structure in its ink."""
    painted = np.zeros((*labels(sample).shape, 3), np.uint8)
    for name, ink in INKS.items():
        painted[where(sample, name)] = ink
    for finding in sample.scene.findings:
        painted[labels(sample) == finding.label] = LESION[finding.kind]
    return painted


def power(channel: Float[ndarray, "h w"]) -> list[float]:
    """log10 of the mean power in each band, in the middle of the picture."""
    rows, columns = ((n - WINDOW_PX) // 2 for n in channel.shape)
    middle = channel[rows : rows + WINDOW_PX, columns : columns + WINDOW_PX]
    taper = np.hanning(WINDOW_PX)
    spectrum = np.abs(np.fft.fft2((middle - middle.mean()) * np.outer(taper, taper))) ** 2
    wave = np.hypot(*np.meshgrid(*[np.fft.fftfreq(WINDOW_PX)] * 2))
    return [float(np.log10(spectrum[(wave >= low) & (wave < high)].mean())) for low, high in pairwise(WAVES)]


def contrast(photograph: Photograph, vessel: Bool[ndarray, "h w"]) -> Float[ndarray, " 3"]:
    """Of each colour, the level inside such vessels over that beside them."""
    inner = np.asarray(binary_erosion(vessel, iterations=2), bool)
    near = np.asarray(binary_dilation(photograph.artery | photograph.vein, iterations=3), bool)
    beside = np.asarray(binary_dilation(vessel, iterations=7), bool) & ~near & photograph.field
    return np.median(photograph.rgb[inner], axis=0) / np.median(photograph.rgb[beside], axis=0)


def measures(photograph: Photograph) -> dict[str, float]:
    """What is compared, by its name."""
    found = {}
    for channel, colour in enumerate(("red", "green", "blue")):
        level = photograph.rgb[..., channel].astype(float)
        inside = level[photograph.field]
        for quantile in QUANTILES:
            found[f"{colour}, {quantile} % of pixels are darker than"] = float(np.percentile(inside, quantile))
        for (low, high), value in zip(pairwise(WAVES), power(level), strict=True):
            found[f"{colour}, log10 power at {low:g} to {high:g} per pixel"] = value
        found[f"{colour}, arteries over what lies beside"] = float(contrast(photograph, photograph.artery)[channel])
        found[f"{colour}, veins over what lies beside"] = float(contrast(photograph, photograph.vein)[channel])
    share = (photograph.artery | photograph.vein).sum() / photograph.field.sum()
    return {**found, "share of pixels that are vessels": float(share)}


def table(ours: list[Photograph], others: list[Photograph]) -> str:
    """Mean and deviation of both, and how many deviations of real eyes the means are apart."""
    mine, theirs = ([measures(one) for one in side] for side in (ours, others))
    lines = ["| measure | ours | real | z of the mean |", "|---|---|---|---|"]
    for name in mine[0]:
        a, b = (np.array([one[name] for one in side]) for side in (mine, theirs))
        z = (a.mean() - b.mean()) / b.std()
        lines.append(f"| {name} | {a.mean():.3g} +- {a.std():.2g} | {b.mean():.3g} +- {b.std():.2g} | {z:+.1f} |")
    return "\n".join(lines)


def sheet(samples: list[Sample]) -> Picture.Image:
    """Photographs above, their truth below."""
    columns = []
    for sample in samples:
        photograph, painted = (
            Picture.fromarray(array).resize((WIDE_PX, WIDE_PX * array.shape[0] // array.shape[1]), how)
            for array, how in (
                (synthetic(sample).rgb, Picture.Resampling.LANCZOS),
                (truth(sample), Picture.Resampling.BOX),
            )
        )
        gap = np.zeros((GAP_PX, WIDE_PX, 3), np.uint8)
        columns.append(np.vstack([np.array(photograph), gap, np.array(painted)]))
    gap = np.zeros((columns[0].shape[0], GAP_PX, 3), np.uint8)
    return Picture.fromarray(np.hstack([part for column in columns for part in (column, gap)][:-1]))


def main() -> None:
    changes = [f"scan.photograph.{change}" for change in HRF]
    recipe = load(ROOT / "recipes" / "retina_fundus.yaml", changes)
    samples = [make(recipe.draw(index), recipe.seed, index) for index in range(EYES)]
    page = sheet([samples[index] for index in SHOWN])
    page.quantize(256, dither=Picture.Dither.FLOYDSTEINBERG).save(ROOT / "docs" / "fundus.png", optimize=True)
    for folder in sys.argv[1:]:
        cases = sorted(path for n in range(1, 6) for path in Path(folder).glob(f"image/{n:02d}_*"))
        figures = table([synthetic(sample) for sample in samples], [real(case) for case in cases])
        head = f"# Fundus photographs\n\n`python benchmarks/fundus_pictures.py HRF`: {EYES} eyes of the recipe"
        text = f"{head} beside {len(cases)} real ones, cases 01 to 05 of HRF.\n\n{figures}\n"
        (ROOT / "benchmarks" / "results" / "fundus.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
