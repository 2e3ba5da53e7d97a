"""Fifty synthetic maculas beside real ones: z-scores of what is measured, how vessels run to the fovea, and seconds.

python benchmarks/retina.py                        # four minutes; writes results/retina.md
python benchmarks/retina.py .../rossa_octa         # with the vessel masks of real eyes, training ids only
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from PIL import Image as Picture
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.morphology import skeletonize

from simdata import Streams, Vessels
from simdata.voxelise import voxelise
from vascular.fundus import fundus, retina_grid
from vascular.morphometry import LARGE_MM, Field, fractal_dimension, report, skeleton_length
from vascular.retina import Retina, example

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
SHAPES = (
    "share of pixels",
    "skeleton, mm/mm2",
    "share over skeleton, um",
    "fractal dimension",
    "that of the inner 3 mm",
)
LARGEST_BOXES = (1 / 8, 1 / 4)
"""Shares of the picture."""
FINE_SHAPE, FINE_DEPTH_MM, ROUNDS = (1216, 1216, 53), 0.1325, 5
RESULT = Path(__file__).parent / "results" / "retina.md"


def eye(number: int) -> Vessels:
    return Retina().grow(Streams(2025, number)["vessels"].generator)


def trees(number: int) -> Vessels:
    """Arteries and veins of 6 mm of the same eye, without capillaries."""
    rng = Streams(2025, number)["vessels"].generator
    return Retina(field_mm=MASK_FIELD.width_mm).trees(fundus(rng), rng)


def seconds(task: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The least of so many rounds, by the clock and of the CPU."""
    times = []
    for _ in range(rounds):
        start, of_cpu = perf_counter(), process_time()
        task()
        times.append((perf_counter() - start, process_time() - of_cpu))
    clock, cpu = np.min(times, axis=0)
    return float(clock), float(cpu)


def calibration(eyes: list[Vessels]) -> list[str]:
    found = [report(one, Field()) for one in eyes]
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


def shape(mask: np.ndarray, field: Field) -> list[float]:
    """What SHAPES names."""
    share, skeleton = mask.mean(), skeleton_length(mask) * field.pixel_mm / field.width_mm**2
    quarter = len(mask) // 4
    inner = mask[quarter:-quarter, quarter:-quarter]
    return [share, skeleton, 1000 * share / skeleton, fractal_dimension(mask), fractal_dimension(inner)]


def of_masks(masks: Iterable[np.ndarray]) -> np.ndarray:
    """(n, rings + shapes) radial order, then the shapes."""
    return np.array([[*radial_order(mask, MASK_FIELD), *shape(mask, MASK_FIELD)] for mask in masks])


def real_masks(folder: Path) -> Iterable[np.ndarray]:
    for id in TRAIN:
        yield np.asarray(Picture.open(folder / "labels" / f"{id:03d}.png").convert("L")).T[:, ::-1] > 127


def convergence(folder: Path | None) -> list[str]:
    if folder is None or not (folder / "labels").is_dir():
        return ["The course of vessels was not compared with real masks: no folder of them was given, or it is absent."]
    ours = of_masks(MASK_FIELD.mask(trees(number), DRAWN_MM) for number in range(SAMPLES))
    real = of_masks(real_masks(folder))
    lines = [
        f"| 6 mm, {len(real)} real masks | ours | real | z of the mean |",
        "|---|---|---|---|",
    ]
    names = [f"cos 2a, {low:g}-{high:g} mm from the fovea" for low, high in RINGS_MM]
    for name, one, other in zip([*names, *SHAPES], ours.T, real.T, strict=True):
        z = (np.nanmean(one) - np.nanmean(other)) / np.nanstd(other)
        lines.append(
            f"| {name} | {np.nanmean(one):.3f} +- {np.nanstd(one):.3f} "
            f"| {np.nanmean(other):.3f} +- {np.nanstd(other):.3f} | {z:+.2f} |"
        )
    return lines


def boxes(eyes: list[Vessels], folder: Path | None) -> list[str]:
    """Which boxes the target's fractal dimension is of is not known: what real masks of its skeleton have."""
    if folder is None or not (folder / "labels").is_dir():
        return ["Boxes were not compared with real masks."]
    field, (wanted, _, _), (mean, deviation, _) = Field(), TARGETS["skeleton_mm_per_mm2"], TARGETS["fractal_dimension"]
    real = [as_label(mask, field) for mask in real_masks(folder)]
    ours = [field.mask(one, LARGE_MM) for one in eyes]
    skeleton = [skeleton_length(mask) * field.pixel_mm / field.width_mm**2 for mask in real]
    lines = [
        f"| fractal dimension, 3 mm | target | {len(real)} real masks as labels, if {wanted:g} mm/mm2 long | ours |",
        "|---|---|---|---|",
    ]
    for largest in LARGEST_BOXES:
        slope, start = np.polyfit(skeleton, [fractal_dimension(mask, largest) for mask in real], 1)
        found = [fractal_dimension(mask, largest) for mask in ours]
        lines.append(
            f"| boxes of 2 to {2 ** int(np.log2(largest * field.pixels))} pixels | {mean:g} +- {deviation:g} "
            f"| {start + slope * wanted:.3f} | {np.mean(found):.3f} +- {np.std(found):.3f} |"
        )
    return lines


def as_label(mask: np.ndarray, field: Field) -> np.ndarray:
    """The inner half of a mask of 6 mm as a label of 3 mm: at its pixels, its lines three pixels wide."""
    quarter = len(mask) // 4
    inner = Picture.fromarray(mask[quarter:-quarter, quarter:-quarter])
    fine = np.asarray(inner.convert("L").resize((field.pixels, field.pixels), Picture.Resampling.BILINEAR)) > 127
    return binary_dilation(skeletonize(fine), np.ones((3, 3)))


def speed() -> list[str]:
    vessels = example(Streams(1).generator)
    grid = retina_grid(3.0, FINE_SHAPE, FINE_DEPTH_MM)
    tasks = [
        (f"a 3 x 3 mm retina, {tubes(vessels)} segments, with its flow", lambda: example(Streams(1).generator), ROUNDS),
        (f"its voxels, {' x '.join(map(str, FINE_SHAPE))}", lambda: voxelise(vessels, grid), ROUNDS),
    ]
    for field_mm in (6.0, 12.0):
        wide = Retina(field_mm=field_mm)
        count = tubes(wide.grow(Streams(1).generator))
        name = f"{field_mm:g} x {field_mm:g} mm, {count} segments, with their flow"
        tasks.append((name, lambda wide=wide: wide.grow(Streams(1).generator), 1))
    lines = ["| task | seconds (best of 5; of 1 for 6 and 12 mm) | of the CPU |", "|---|---|---|"]
    for name, task, rounds in tasks:
        clock, cpu = seconds(task, rounds)
        lines.append(f"| {name} | {clock:.2f} | {cpu:.2f} |")
    return lines


def tubes(vessels: Vessels) -> int:
    return len(vessels.segments) + len(vessels.links)


def main(folder: Path | None) -> None:
    eyes = [eye(number) for number in range(SAMPLES)]
    parts = [calibration(eyes), boxes(eyes, folder), convergence(folder), speed()]
    text = "\n\n".join("\n".join(part) for part in parts)
    RESULT.write_text(f"# Retina\n\n`python benchmarks/retina.py FOLDER`, two cores.\n\n{text}\n")
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
