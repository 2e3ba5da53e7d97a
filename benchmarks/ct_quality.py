"""A CT scanner by the book of a physicist, and a chest CT of a torso beside real scans.

python benchmarks/ct_quality.py REAL      # some minutes; REAL: a folder of real chest CT scans as NIfTI, may be absent
Writes benchmarks/results/ct_quality.md
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ct_sheets import COLLIMATOR, chest, slab
from jaxtyping import Bool, Float64, Shaped
from numpy import ndarray
from scipy.ndimage import binary_erosion, uniform_filter

from phantoms.cylinder import Cylinder, Insert
from pipelines.realism.grey import likeness, noise_hu
from pipelines.realism.scans import Scan, read_scans
from render.bowtie import Bowtie
from render.ct import CT
from render.current import Modulated
from render.effects import ElectronicNoise, QuantumNoise, Scatter
from render.effects.crosstalk import Crosstalk
from render.filters import Kernel
from render.gantry import Gantry
from render.matrix import Matrix
from render.photons import Photons
from render.table_path import Helix
from simdata import Scene, Streams

RESULTS = Path(__file__).parent / "results" / "ct_quality.md"
STREAMS = Streams(2025, 2)
KERNELS: tuple[Kernel, ...] = ("smooth", "soft", "standard", "lung", "bone", "edge")
MM_PER_CM = 10

SCANNER = CT(
    bowtie=Bowtie(),
    gantry=Gantry(rows=4, row_mm=1.25, views=720, element_mm=1.0),
    effects=(QuantumNoise(), ElectronicNoise()),
)

CATPHAN_HU = {
    "air": (-1046, -986),
    "polymethylpentene": (-220, -172),
    "polyethylene": (-121, -87),
    "polystyrene": (-65, -29),
    "pmma": (92, 137),
    "delrin": (344, 387),
    "teflon": (941, 1060),
}
"""Ranges of the sensitometry inserts of a Catphan: The Phantom Laboratory, Catphan 503 manual, CTP404, p. 15."""
INSERT_MM, AT_MM = 6.1, 58.4
"""Radius of an insert, and its distance from the middle: CTP404, 12.2 mm wide on a circle of 58.4 mm."""


def made(cylinder: Cylinder) -> Scene:
    return cylinder(STREAMS["phantom"].generator)


def measured(scan: CT, scene: Scene, streams: Streams) -> Photons:
    raw = scan.measure(scene)
    for effect in scan.effects:
        raw = effect(raw, streams[effect.label].generator)
    return raw  # pyright: ignore[reportReturnType]


# CT numbers


def ct_numbers(kvps: Sequence[float] = (80, 100, 120, 140)) -> Iterator[str]:
    angles = 2 * np.pi * np.arange(len(CATPHAN_HU)) / len(CATPHAN_HU)
    at = [(AT_MM * np.cos(a), AT_MM * np.sin(a), 0.0) for a in angles]
    rods = tuple(
        Insert(tissue=t, centre_mm=place, radius_mm=INSERT_MM) for t, place in zip(CATPHAN_HU, at, strict=True)
    )
    body = Insert(tissue="water", radius_mm=75.0)
    scene = made(Cylinder(body=body, inserts=rods, shape=(320, 320, 4), voxel_mm=(0.5, 0.5, 1.25)))
    points = scene.grid.points_mm()
    images = [replace(SCANNER, kvp=kvp, kernel="standard", mas=300.0)(scene, STREAMS["numbers"]).array for kvp in kvps]
    yield f"| insert | {' | '.join(f'{kvp:g} kVp' for kvp in kvps)} | Catphan, 120 kVp |"
    yield "|---" * (len(kvps) + 2) + "|"
    for (tissue, (low, high)), (x, y, _) in zip(CATPHAN_HU.items(), at, strict=True):
        inside = np.hypot(points[..., 0] - x, points[..., 1] - y) < 0.7 * INSERT_MM
        found = " | ".join(f"{image[inside].mean():.0f}" for image in images)
        yield f"| {tissue} | {found} | {low} to {high} |"


# Sharpness and noise, kernel by kernel


PIXEL_MM, PIXELS = 0.15, 256


def reached(per_mm: Float64[ndarray, " f"], curve: Float64[ndarray, " f"], level: float) -> float:
    """Where a curve falls below `level` for good, 1/cm."""
    last = int(np.flatnonzero(curve >= level)[-1])
    return MM_PER_CM * float(np.interp(-level, -curve[last : last + 2], per_mm[last : last + 2]))


def sharpness() -> Mapping[Kernel, tuple[float, float]]:
    """MTF 50 % and 10 %, 1/cm, of a wire near the isocentre: focal spot, element, turning and kernel together."""
    matrix = Matrix(pixels=PIXELS, field_of_view_mm=PIXELS * PIXEL_MM, slice_mm=2.0, every_mm=2.0)
    gantry = replace(SCANNER.gantry, rows=8)
    scan = replace(SCANNER, gantry=gantry, table=Helix(), matrix=matrix, rays=9, effects=(), bowtie=None)
    body = Insert(tissue="polyethylene", radius_mm=18.0)
    wire = Insert(tissue="titanium", centre_mm=(3.1, 2.1, 0.0), radius_mm=0.1)
    without = Cylinder(body=body, shape=(190, 190, 1), voxel_mm=(0.2, 0.2, 3.0))
    both = [scan.measure(made(one)) for one in (replace(without, inserts=(wire,)), without)]
    per_mm = np.linspace(0, 2, 201)
    along = PIXEL_MM * (np.arange(PIXELS) - (PIXELS - 1) / 2)
    waves = np.exp(-2j * np.pi * np.outer(per_mm, along))
    found: dict[Kernel, tuple[float, float]] = {}
    for kernel in KERNELS:
        shown, empty = (replace(scan, kernel=kernel).reconstruct(raw).array[..., 0].astype(float) for raw in both)
        lines = [np.abs(waves @ (shown - empty).sum(axis=axis)) for axis in (0, 1)]
        curve = np.mean([line / line[0] for line in lines], axis=0)
        found[kernel] = (reached(per_mm, curve, 0.5), reached(per_mm, curve, 0.1))
    return found


def power(samples: Shaped[ndarray, "n x y"], pixel_mm: float, bins: int = 24) -> tuple[ndarray, ndarray]:
    """NPS of square pictures, HU2 mm2, by the distance from 0 in 1/mm: middles of rings and means over them."""
    size = samples.shape[1]
    x = np.linspace(-1, 1, size)
    plane = np.stack([np.ones((size, size)), *np.meshgrid(x, x)], axis=-1).reshape(-1, 3)
    flat = samples.reshape(len(samples), -1).astype(float)
    flat = flat - flat @ plane @ np.linalg.pinv(plane.T @ plane) @ plane.T
    spectrum = (np.abs(np.fft.fft2(flat.reshape(samples.shape))) ** 2).mean(axis=0) * pixel_mm**2 / size**2
    per_mm = np.fft.fftfreq(size, pixel_mm)
    far = np.hypot(per_mm[:, None], per_mm)
    edges = np.linspace(0, 0.5 / pixel_mm, bins + 1)
    ring = np.digitize(far, edges)
    return (edges[1:] + edges[:-1]) / 2, np.array([spectrum[ring == n + 1].mean() for n in range(bins)])


def noise(mas: float = 100.0) -> Mapping[Kernel, tuple[float, float, float]]:
    """In the middle of 30 cm of water: SD in HU, peak and mean frequency of the NPS in 1/cm."""
    water = Cylinder(body=Insert(tissue="water", radius_mm=150.0), shape=(512, 512, 4), voxel_mm=(0.625, 0.625, 1.25))
    scan = replace(SCANNER, mas=mas)
    scene = made(water)
    raw = [measured(scan, scene, STREAMS["noise"][str(n)]) for n in (1, 2)]
    found: dict[Kernel, tuple[float, float, float]] = {}
    for kernel in KERNELS:
        one, two = (replace(scan, kernel=kernel).reconstruct(shot).array.astype(float) for shot in raw)
        samples = np.moveaxis(one - two, 2, 0)[:, 176:336, 176:336] / np.sqrt(2)
        per_mm, nps = power(samples, 0.625)
        smooth = np.convolve(nps, np.ones(3) / 3, "same")
        mean = (per_mm**2 * nps).sum() / (per_mm * nps).sum()
        found[kernel] = (samples.std(), MM_PER_CM * per_mm[smooth.argmax()], MM_PER_CM * mean)
    return found


def kernels() -> Iterator[str]:
    sharp, loud = sharpness(), noise()
    yield "| kernel | MTF 50 %, 1/cm | MTF 10 %, 1/cm | noise, HU | NPS peak, 1/cm | NPS mean, 1/cm |"
    yield "|---|---|---|---|---|---|"
    for kernel in KERNELS:
        (half, tenth), (sd, peak, mean) = sharp[kernel], loud[kernel]
        yield f"| {kernel} | {half:.1f} | {tenth:.1f} | {sd:.1f} | {peak:.1f} | {mean:.1f} |"


# A chest beside real ones


CHEST = CT(
    mas=120.0,
    bowtie=Bowtie(),
    current=Modulated(),
    table=Helix(),
    gantry=Gantry(views=600, element_mm=1.2, rows=32, row_mm=2.0),
    matrix=Matrix(pixels=512, field_of_view_mm=420.0, slice_mm=3.0, every_mm=3.0),
    effects=(Crosstalk(), Scatter(grids=(COLLIMATOR,)), QuantumNoise(), ElectronicNoise()),
)
"""Slices of 3 mm, as the real scans have; their kernels are Siemens B40f (chest) and Toshiba FC13 (abdomen)."""

LEVELS = 140
"""Slices of 1 mm of the torso, around its heart."""

EVEN_MM, EVEN_HU = 24.0, (20, 90)
"""Squares of soft tissue whose mean lies between and that hold neither gas, fat nor bone."""
LOW, HIGH = 0.1, 0.9


def even_squares(scan: Scan) -> Iterator[Float64[ndarray, "x y"]]:
    """Squares of EVEN_MM of one tissue, that do not overlap: organs, vessels and muscle."""
    size = round(EVEN_MM / scan.spacing_mm[0])
    for z in range(scan.hu.shape[2]):
        hu = scan.hu[..., z].astype(float)
        blurred = uniform_filter(hu, max(3, round(3.0 / scan.spacing_mm[0])))
        for x in range(0, hu.shape[0] - size, size // 2):
            for y in range(0, hu.shape[1] - size, size // 2):
                square = np.s_[x : x + size, y : y + size]
                mean, rest = hu[square].mean(), blurred[square]
                if EVEN_HU[0] < mean < EVEN_HU[1] and np.ptp(rest) < 6 * hu[square].std() and np.ptp(rest) < 50:
                    yield hu[square]


def texture(scan: Scan) -> tuple[int, float, float, float]:
    """Squares found, SD in HU, and the mean and peak frequency of their NPS, 1/cm."""
    squares = np.array(list(even_squares(scan)))
    if not len(squares):
        return 0, np.nan, np.nan, np.nan
    per_mm, nps = power(squares, scan.spacing_mm[0], bins=10)
    mean = (per_mm**2 * nps).sum() / (per_mm * nps).sum()
    sd = np.sqrt(np.mean([square.var() for square in squares]))
    return len(squares), float(sd), MM_PER_CM * float(mean), MM_PER_CM * float(per_mm[(per_mm * nps).argmax()])


def edge_widths_mm(scan: Scan, inside: Bool[ndarray, "x y z"], between_hu: tuple[float, float]) -> ndarray:
    """10 to 90 % of profiles along x where `inside` ends, from the one plateau to the other."""
    step, reach = scan.spacing_mm[0], round(9.0 / scan.spacing_mm[0])
    widths = []
    ends = inside[:-1] & ~inside[1:]
    for x, y, z in np.argwhere(ends):
        if not reach <= x < scan.hu.shape[0] - reach - 1:
            continue
        profile = scan.hu[x - reach : x + reach + 2, y - 1 : y + 2, z].astype(float).mean(axis=1)
        low, high = profile[:3].mean(), profile[-3:].mean()
        if low > between_hu[0] or high < between_hu[1] or profile[:3].std() > 60 or profile[-3:].std() > 40:
            continue
        share = (profile - low) / (high - low)
        up = [np.interp(level, share[at : at + 2], [at, at + 1]) for level in (LOW, HIGH)
              for at in [int(np.flatnonzero(share < level)[-1])] if at + 1 < len(share)]  # fmt: skip
        if len(up) == 2 and up[1] > up[0]:
            widths.append((up[1] - up[0]) * step)
    return np.array(widths)


def lung_edges_mm(scan: Scan) -> ndarray:
    """From lung to chest wall or heart, mm, to the right of every lung."""
    lung = scan.body & (scan.hu < -450)
    return edge_widths_mm(scan, binary_erosion(lung, np.ones((3, 3, 1), bool)), (-650, -50))


def beside_real(real: Sequence[Scan]) -> Iterator[str]:
    raw = measured(CHEST, slab(chest(), "heart", LEVELS), STREAMS["chest"])
    images = {kernel: replace(CHEST, kernel=kernel).reconstruct(raw) for kernel in ("soft", "standard")}
    torsos = [Scan.of(f"torso, {kernel}", image).checked() for kernel, image in images.items()]
    columns = (
        "scan",
        "pixel, mm",
        "noise, HU",
        "even squares",
        "SD there, HU",
        "NPS mean, 1/cm",
        "NPS peak, 1/cm",
        "edges of lung, mm",
        "histogram, HU",
    )
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for scan in (*torsos, *real):
        count, sd, mean, peak = texture(scan)
        edges = lung_edges_mm(scan)
        quartiles = " / ".join(f"{q:.1f}" for q in np.percentile(edges, [25, 50, 75])) if len(edges) > 30 else "none"
        far = "" if scan in torsos else f"{likeness(scan, torsos[-1]).emd_hu:.0f}"
        yield (
            f"| {scan.name} | {scan.spacing_mm[0]:.2f} | {noise_hu(scan):.1f} | {count} | {sd:.1f} | {mean:.2f} | "
            f"{peak:.2f} | {quartiles} | {far} |"
        )


def main(folder: Path) -> None:
    real = read_scans(folder) if folder.is_dir() else []
    lines = [
        "# Image quality of the CT scanner",
        "",
        "`benchmarks/ct_quality.py`. Tungsten at 120 kVp behind 7 mm of aluminium and a bowtie, 720 views of",
        "elements of 1 mm.",
        "",
        "## CT numbers",
        "",
        "Rods of 12.2 mm in 15 cm of water, 300 mAs; means in HU.",
        "",
        *ct_numbers(),
        "",
        "## Kernels",
        "",
        "MTF of a wire of 0.2 mm near the isocentre, focal spot of 1 mm, 9 rays an element; noise in the middle of",
        "30 cm of water at 100 mAs, slices of 1.25 mm.",
        "",
        *kernels(),
        "",
        "## A chest beside real ones",
        "",
        "Heart to liver of a torso with contrast agent, 120 mAs, 3 mm. noise: most frequent SD in small",
        f"windows of soft tissue. even squares: {EVEN_MM:g} mm of one tissue, of which SD and NPS are taken. edges of",
        "lung: width from 10 to 90 %, quartiles. histogram: earth mover's distance to the second row, over the levels",
        "that both show. The abdomen is of a Toshiba (FC13), the body of a Siemens (B40f).",
        "",
        *beside_real(real),
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("real"))
