"""Fifty synthetic maculas beside real ones: z-scores of what is measured, how vessels run to the fovea, and seconds.

python benchmarks/retina.py                        # two minutes; writes results/retina.md and docs/vessels_retina.png
python benchmarks/retina.py .../rossa_octa         # with the vessel masks of real eyes, training ids only
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter
from skimage.morphology import skeletonize

from pipelines.vessels import portrait
from simdata import Streams, Vessels
from simdata.vessels import CAPILLARY
from vascular.fundus import retina_grid
from vascular.morphometry import Field, report
from vascular.retina import Retina, example
from vascular.voxelise import en_face, voxelise

SAMPLES = 50
# what: mean over eyes, standard deviation over eyes, where it comes from
TARGETS = {
    "density": (0.066, 0.009, "large-vessel labels of 190 eyes, 3 mm"),
    "skeleton_mm_per_mm2": (2.46, 0.29, "the same labels"),
    "fractal_dimension": (1.239, 0.031, "the same labels"),
    "faz_area_mm2": (0.257, 0.104, "Linderman 2017, PMC5469394"),
    "exponent_artery": (2.59, 0.20, "Luo 2017, PMC6024667; deviation from memory"),
    "exponent_vein": (1.95, 0.20, "Luo 2017, PMC6024667; deviation from memory"),
    "bifurcation_angle_deg": (78.0, 8.0, "Luo 2017, PMC6024667 (SE 0.9); deviation from memory"),
}
TRAIN = range(1, 101)
"""Ids of masks that may be looked at."""
MASK_FIELD = Field(width_mm=6.0, pixels=320)
DRAWN_MM = 0.0105
"""Vessels of this radius and more have about the share of pixels that annotators draw in those masks."""
RINGS_MM = ((0.4, 1.0), (1.0, 1.75), (1.75, 2.5), (2.5, 3.0))
SHARE = "share of pixels"
PICTURE_PX, BRIGHT_MM = 370, 0.03
FINE_SHAPE, FINE_DEPTH_MM, ROUNDS = (1216, 1216, 53), 0.1325, 5
ROOT = Path(__file__).parent
RESULT, SHEET = ROOT / "results" / "retina.md", ROOT.parent / "docs" / "vessels_retina.png"


def eye(number: int, retina: Retina) -> Vessels:
    return retina.grow(Streams(2025, number)["vessels"].generator)


def seconds(task: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        task()
        times.append(perf_counter() - start)
    return min(times)


def calibration() -> list[str]:
    found = [report(eye(number, Retina()), Field()) for number in range(SAMPLES)]
    lines = [f"| measure, {SAMPLES} eyes | ours | target | z of the mean | source |", "|---|---|---|---|---|"]
    for name, (mean, deviation, source) in TARGETS.items():
        ours = np.array([one[name] for one in found])
        z = (ours.mean() - mean) / deviation
        lines.append(
            f"| {name} | {ours.mean():.3f} +- {ours.std():.3f} | {mean:g} +- {deviation:g} | {z:+.2f} | {source} |"
        )
    return lines


def radial_order(mask: np.ndarray, field: Field) -> list[float]:
    """Mean cos(2 a) over the centre lines in each ring, a between vessel and ray from the fovea: 1 if all converge."""
    du, dv = np.gradient(gaussian_filter(mask.astype(float), 1.0))
    uu, uv, vv = (gaussian_filter(product, 2.0) for product in (du * du, du * dv, dv * dv))
    along = 0.5 * np.arctan2(2 * uv, uu - vv) + np.pi / 2
    u, v = (np.indices(mask.shape) - (np.array(mask.shape)[:, None, None] - 1) / 2) * field.pixel_mm
    out, order = np.hypot(u, v), np.cos(2 * (along - np.arctan2(v, u)))
    line = skeletonize(mask)
    rings = [line & (out >= low) & (out < high) for low, high in RINGS_MM]
    return [float(order[ring].mean()) if ring.any() else np.nan for ring in rings]


def of_masks(masks: Iterable[np.ndarray]) -> np.ndarray:
    """(n, rings + 1) radial order, then the share of pixels."""
    return np.array([[*radial_order(mask, MASK_FIELD), mask.mean()] for mask in masks])


def drawn(vessels: Vessels) -> np.ndarray:
    return MASK_FIELD.mask(vessels.take(vessels.kind != CAPILLARY), DRAWN_MM)


def real_masks(folder: Path) -> Iterable[np.ndarray]:
    for id in TRAIN:
        yield np.asarray(Picture.open(folder / "labels" / f"{id:03d}.png").convert("L")).T[:, ::-1] > 127


def convergence(folder: Path | None) -> list[str]:
    if folder is None or not (folder / "labels").is_dir():
        return ["The course of vessels was not compared with real masks: no folder of them was given, or it is absent."]
    ours = of_masks(drawn(eye(number, Retina(field_mm=MASK_FIELD.width_mm))) for number in range(SAMPLES))
    real = of_masks(real_masks(folder))
    lines = [
        f"| cos 2a, 6 mm, {len(real)} real masks | ours | real | z of the mean |",
        "|---|---|---|---|",
    ]
    names = [f"{low:g}-{high:g} mm from the fovea" for low, high in RINGS_MM]
    for name, one, other in zip([*names, SHARE], ours.T, real.T, strict=True):
        z = (np.nanmean(one) - np.nanmean(other)) / np.nanstd(other)
        lines.append(
            f"| {name} | {np.nanmean(one):.3f} +- {np.nanstd(one):.3f} "
            f"| {np.nanmean(other):.3f} +- {np.nanstd(other):.3f} | {z:+.2f} |"
        )
    return lines


def speed() -> list[str]:
    vessels = example(Streams(1).generator)
    tubes = len(vessels.segments) + len(vessels.links)
    grid = retina_grid(3.0, FINE_SHAPE, FINE_DEPTH_MM)
    growing = seconds(lambda: example(Streams(1).generator))
    filling = seconds(lambda: voxelise(vessels, grid))
    return [
        "| task | seconds (best of 5) |",
        "|---|---|",
        f"| a 3 x 3 mm retina, {tubes} segments | {growing:.2f} |",
        f"| its voxels, {' x '.join(map(str, FINE_SHAPE))} | {filling:.2f} |",
    ]


def sheet() -> Picture.Image:
    """Three maculas of 3 mm by the depth of what lies foremost, above; their trees in 6 mm by kind, below."""
    whole = Picture.new("RGB", (3 * PICTURE_PX, 2 * PICTURE_PX))
    for column in range(3):
        of_tree = eye(column, Retina(field_mm=6.0))
        tree = portrait(of_tree.take(of_tree.kind != CAPILLARY)).resize((PICTURE_PX, PICTURE_PX))
        whole.paste(by_depth(eye(column, Retina())), (column * PICTURE_PX, 0))
        whole.paste(tree, (column * PICTURE_PX, PICTURE_PX))
    return whole.quantize(64)


def by_depth(vessels: Vessels) -> Picture.Image:
    """A field of 3 mm from above: superficial vessels red, deep ones blue, as bright as the blood under the pixel."""
    seen = en_face(voxelise(vessels, retina_grid(3.0, (PICTURE_PX, PICTURE_PX, 26), FINE_DEPTH_MM)))
    bright = np.clip(seen.blood_mm / BRIGHT_MM, 0, 1) ** 0.6
    deep = np.clip(np.nan_to_num(seen.depth_mm) / FINE_DEPTH_MM, 0, 1)
    colour = np.stack([1 - 0.75 * deep, 0.35 + 0.3 * np.sin(np.pi * deep), 0.2 + 0.8 * deep], axis=-1)
    return Picture.fromarray((255 * bright[..., None] * colour).astype(np.uint8).transpose(1, 0, 2)[::-1].copy())


def main(folder: Path | None) -> None:
    parts = [calibration(), convergence(folder), speed()]
    text = "\n\n".join("\n".join(part) for part in parts)
    RESULT.write_text(f"# Retina\n\n`python benchmarks/retina.py FOLDER`, two cores.\n\n{text}\n")
    sheet().save(SHEET, optimize=True)
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
