"""What vessels measure: exponents and angles of their forks, orders, and what a flat field shows of them.

The measures of a field are taken as on labels of OCTA: in a picture of `Field`, vessels seen along z.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, label
from skimage.morphology import skeletonize

from simdata.grid import Grid
from simdata.vessels import CAPILLARY, KINDS, ROOT, Vessels, kind_index
from simdata.voxelise import voxelise

LARGE_MM = 9.9e-3
"""Radius from which a retinal vessel counts as large: those that annotators draw (Kreitner 2024)."""
SLENDER, STOUT = 0.3, 20.0
"""Exponents beyond these are no law of a fork but a daughter as wide as its mother, or a twig."""
GAP_MM = 0.02
"""Half the widest gap between capillaries that does not belong to the foveal avascular zone."""
LARGEST_BOX = 1 / 8
"""Edge of the largest box over that of the picture: of larger ones hardly any is empty, whatever the vessels."""
SLICE_MM = 1e-3
"""Thickness of the slice through flattened vessels that makes the picture of a field."""
REACH = 4.0
"""A branch's direction at a fork is taken over so many radii of the mother."""
LEAST_REACH_MM = 0.02


@dataclass(frozen=True)
class Field:
    """A square picture along z: pixels x pixels over width_mm, centred at (x, y) mm on the fovea."""

    centre_mm: tuple[float, float] = (0.0, 0.0)
    width_mm: float = 3.0
    pixels: int = 304

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel."""
        return self.width_mm / self.pixels

    def mask(self, vessels: Vessels, least_radius_mm: float = 0.0) -> Bool[ndarray, "u v"]:
        """(u, v) pixels that vessels of at least that radius fill by half."""
        flat = vessels.take(vessels.radius_mm >= least_radius_mm)
        flat = replace(flat, points_mm=flat.points_mm * np.array([1, 1, 0], np.float32))
        affine = np.diag([self.pixel_mm, self.pixel_mm, SLICE_MM, 1.0])
        affine[:2, 3] = np.array(self.centre_mm) - self.width_mm / 2 + self.pixel_mm / 2
        return voxelise(flat, Grid((self.pixels, self.pixels, 1), affine)).share[..., 0] >= 128


def of_field(vessels: Vessels, field: Field) -> dict[str, float]:
    """Density, skeleton and fractal dimension of large vessels, and the foveal avascular zone, as OCTA shows them.

    density: share of pixels. skeleton_mm_per_mm2. fractal_dimension: by boxes. faz_area_mm2. capillary_density: all.
    """
    large, every = field.mask(vessels, LARGE_MM), field.mask(vessels)
    return {
        "density": float(large.mean()),
        "skeleton_mm_per_mm2": skeleton_length(large) * field.pixel_mm / field.width_mm**2,
        "fractal_dimension": fractal_dimension(large),
        "faz_area_mm2": faz_area_mm2(every, field.pixel_mm),
        "capillary_density": float(every.mean()),
    }


def skeleton_length(mask: Bool[ndarray, "u v"]) -> float:
    """Length of the centre lines in pixels: 1 between pixels side by side, sqrt 2 between those that only touch."""
    line = skeletonize(mask)
    straight = np.count_nonzero(line[1:] & line[:-1]) + np.count_nonzero(line[:, 1:] & line[:, :-1])
    square = line[1:, :-1] | line[:-1, 1:], line[1:, 1:] | line[:-1, :-1]
    falling = line[1:, 1:] & line[:-1, :-1] & ~square[0]
    rising = line[1:, :-1] & line[:-1, 1:] & ~square[1]
    return straight + np.sqrt(2) * (np.count_nonzero(falling) + np.count_nonzero(rising))


def fractal_dimension(mask: Bool[ndarray, "u v"], largest: float = LARGEST_BOX) -> float:
    """Slope of ln(boxes that hold a vessel) over ln(1/edge): edges 2, 4, 8 pixels, up to `largest` of the picture."""
    edges = [2**k for k in range(1, int(np.log2(min(mask.shape) * largest)) + 1)]
    counts = [_boxes(mask, edge) for edge in edges]
    if counts[0] == 0:
        return float("nan")
    return -float(np.polyfit(np.log(edges), np.log(counts), 1)[0])


def faz_area_mm2(mask: Bool[ndarray, "u v"], pixel_mm: float, gap_mm: float = GAP_MM) -> float:
    """Area without vessels around the middle of the picture: what a disc of `gap_mm` reaches that touches none.

    0 if vessels fill the middle closer than that.
    """
    away = np.asarray(distance_transform_edt(~mask)) * pixel_mm
    room = np.asarray(label(away > gap_mm)[0])  # pyright: ignore[reportIndexIssue]
    middle = np.array(mask.shape) // 2
    near = np.indices(mask.shape) - middle[:, None, None]
    inner = np.hypot(*near) * pixel_mm < 0.15 if not room[tuple(middle)] else room == room[tuple(middle)]
    found = np.bincount(room[inner], minlength=2)
    if found[1:].sum() == 0:
        return 0.0
    zone = room == 1 + np.argmax(found[1:])
    return float((np.asarray(distance_transform_edt(~zone)) * pixel_mm < gap_mm).sum() * pixel_mm**2)


@dataclass(frozen=True, eq=False)
class Forks:
    """Points with two daughters or more: the mother's and the two widest daughters' first points and directions."""

    mother: Int[ndarray, " f"]
    first: Int[ndarray, " f"]
    second: Int[ndarray, " f"]


def forks(vessels: Vessels) -> Forks:
    """Every point with two daughters of its own kind, the wider one first."""
    own = vessels.segments
    own = own[vessels.kind[own] == vessels.kind[vessels.parent[own]]]
    by_mother = own[np.lexsort((-vessels.radius_mm[own], vessels.parent[own]))]
    mother = vessels.parent[by_mother]
    start = np.flatnonzero(np.diff(mother, prepend=-1))
    two = start[np.diff(np.append(start, len(mother))) >= 2]
    inner = two[vessels.parent[mother[two]] != ROOT]
    return Forks(mother[inner], by_mother[inner], by_mother[inner + 1])


def exponents(vessels: Vessels, at: Forks) -> Float[ndarray, " f"]:
    """(f,) the g of r^g = r_1^g + r_2^g at each fork, NaN where there is none: a daughter as wide as her mother."""
    mother, first, second = (vessels.radius_mm[points].astype(float) for points in (at.mother, at.first, at.second))
    low, high = np.full(len(mother), SLENDER), np.full(len(mother), STOUT)
    a, b = first / mother, second / mother

    def over(g: ndarray) -> Bool[ndarray, " f"]:
        return a**g + b**g > 1

    lawful = over(low) & ~over(high)
    for _ in range(50):
        middle = (low + high) / 2
        wide = over(middle)
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return np.where(lawful, low, np.nan)


def angles_deg(vessels: Vessels, at: Forks) -> Float[ndarray, " f"]:
    """(f,) angle between the two daughters at each fork, their direction taken over four radii of the mother."""
    reach = np.maximum(REACH * vessels.radius_mm[at.mother], LEAST_REACH_MM)
    one, other = (_direction(vessels, at.mother, daughter, reach) for daughter in (at.first, at.second))
    return np.degrees(np.arccos(np.clip((one * other).sum(axis=1), -1, 1)))


def orders(vessels: Vessels, kind: str) -> list[dict[str, float]]:
    """A row for each Strahler order of a kind: elements (runs of one order), mean length and diameter, flow.

    Of ratio columns, each order's over the order below it: branching, length and diameter.
    """
    own = vessels.segments[vessels.kind[vessels.segments] == kind_index(kind)]
    order, above = vessels.order, vessels.parent[own]
    begins = (order[above] != order[own]) | (vessels.kind[above] != vessels.kind[own]) | (vessels.parent[above] == ROOT)
    rows = []
    for k in np.unique(order[own]).tolist():
        of = order[own] == k
        elements = int(np.count_nonzero(begins & of))
        length_mm = vessels.length_mm[own[of]].astype(float)
        diameter_mm = 2 * float(np.average(vessels.radius_mm[own[of]], weights=np.maximum(length_mm, 1e-12)))
        rows.append(
            {"order": k, "elements": elements, "length_mm": length_mm.sum() / elements, "diameter_mm": diameter_mm}
        )
    for row, upper in pairwise(rows):
        row["branching_ratio"] = row["elements"] / upper["elements"]
        row["length_ratio"] = upper["length_mm"] / row["length_mm"]
        row["diameter_ratio"] = upper["diameter_mm"] / row["diameter_mm"]
    return rows


def tortuosity(vessels: Vessels) -> Float[ndarray, " b"]:
    """(b,) of each branch of three segments or more, its length over the distance of its ends, less 1."""
    own = vessels.segments
    branch = vessels.branch[own]
    size = int(vessels.branch.max(initial=-1)) + 1
    length_mm = np.bincount(branch, vessels.length_mm[own], size)
    order = np.lexsort((vessels.depth[own], branch))
    first = np.flatnonzero(np.diff(branch[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    head, tail = vessels.parent[own[order[first]]], own[order[last]]
    chord_mm = np.linalg.norm(vessels.points_mm[tail] - vessels.points_mm[head], axis=1)
    long = (last - first >= 2) & (chord_mm > 0)
    return length_mm[branch[order[first]]][long] / chord_mm[long] - 1


def report(vessels: Vessels, field: Field | None = None) -> dict[str, Any]:
    """Everything that is measured, as JSON holds it; with a field, also what a picture of it shows.

    The angle is that of trees: in a capillary net three tubes meet as it happens.
    """
    at = forks(vessels)
    exponent, angle = exponents(vessels, at), angles_deg(vessels, at)
    of_tree = vessels.kind[at.mother] != CAPILLARY
    own = vessels.segments
    volume = np.pi * vessels.radius_mm[own].astype(float) ** 2 * vessels.length_mm[own]
    made: dict[str, Any] = {
        "segments": len(own) + len(vessels.links),
        "length_mm": float(vessels.length_mm.sum() + vessels.link_length_mm.sum()),
        "volume_mm3": float(volume.sum()),
        "ends": len(vessels.ends),
        "links": len(vessels.links),
        "radius_mm": _spread(vessels.radius_mm[own]),
        "bifurcations": len(at.mother),
        "bifurcation_angle_deg": _median(angle[of_tree]),
        "tortuosity": _median(tortuosity(vessels)),
        "orders": {kind: rows for kind in KINDS if (rows := orders(vessels, kind))},
    }
    for kind in KINDS:
        made[f"exponent_{kind}"] = _median(exponent[vessels.kind[at.mother] == kind_index(kind)])
    return made | (of_field(vessels, field) if field else {})


def table(made: Mapping[str, Any]) -> str:
    """The report as text: one line for each number, one for each order."""
    lines = [f"{key:<24} {value:.4g}" for key, value in made.items() if isinstance(value, int | float)]
    lines += ["", f"{'kind':<10} order elements length_mm diameter_mm    Rb    Rl    Rd"]
    for kind, rows in made["orders"].items():
        for row in rows:
            ratios = [row.get(f"{name}_ratio", np.nan) for name in ("branching", "length", "diameter")]
            size = f"{row['length_mm']:>9.4g} {row['diameter_mm']:>11.4g}"
            steps = " ".join(f"{ratio:>5.2f}" for ratio in ratios)
            lines.append(f"{kind:<10} {row['order']:>5} {row['elements']:>8} {size} {steps}")
    return "\n".join(lines)


def _boxes(mask: Bool[ndarray, "u v"], edge: int) -> int:
    u, v = (-(-n // edge) * edge for n in mask.shape)
    padded = np.zeros((u, v), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return int(np.count_nonzero(padded.reshape(u // edge, edge, v // edge, edge).any(axis=(1, 3))))


def _direction(vessels: Vessels, fork: ndarray, daughter: ndarray, reach_mm: ndarray) -> Float[ndarray, "f 3"]:
    """Unit vectors from each fork to where its daughter is `reach_mm` away, or ends, or forks into its own kind."""
    own = vessels.segments[vessels.kind[vessels.segments] == vessels.kind[vessels.parent[vessels.segments]]]
    child, alike = np.zeros(len(vessels), int), np.bincount(vessels.parent[own], minlength=len(vessels))
    child[vessels.parent[own]] = own
    here = daughter.copy()
    while True:
        distance = np.linalg.norm(vessels.points_mm[here] - vessels.points_mm[fork], axis=1)
        on = (distance < reach_mm) & (alike[here] == 1)
        if not on.any():
            break
        here = np.where(on, child[here], here)
    vector = (vessels.points_mm[here] - vessels.points_mm[fork]).astype(float)
    return vector / np.maximum(np.linalg.norm(vector, axis=1), np.finfo(float).tiny)[:, None]


def _median(values: ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _spread(values: ndarray) -> dict[str, float]:
    if not values.size:
        return {}
    return {name: float(np.quantile(values, q)) for name, q in (("least", 0), ("median", 0.5), ("most", 1))}
