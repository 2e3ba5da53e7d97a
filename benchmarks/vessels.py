"""How fast blood flows through nets: one solve with haematocrit and phase separation, beside one general sparse solve.

python benchmarks/vessels.py       # half a minute; writes results/vessels.md
"""

from pathlib import Path
from time import process_time

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import spsolve
from scipy.spatial import KDTree

from simdata import Vessels, vessel_tree
from vascular.flow import circulation, held_pressures
from vascular.formats import decode, encode

SEGMENTS = (10_000, 30_000, 100_000, 300_000)
CAPILLARY_MM, END_MM, FIELD_MM = 0.0025, 0.006, 6.0
ARTERY_MMHG, VEIN_MMHG = 50.0, 15.0
LIMIT_S = 2.0
RESULT = Path(__file__).parent / "results" / "vessels.md"


def tree(levels: int, kind: int, depth: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A full tree over the unit square, halved level by level; radii by Murray's law of cubes."""
    count = 2 ** (levels + 1) - 1
    level = np.log2(np.arange(count) + 1).astype(int)
    place = np.arange(count) + 1 - 2**level
    x, y = np.full(count, 0.5), np.full(count, 0.5)
    for k in range(levels):
        bit = (place >> np.maximum(level - 1 - k, 0)) & 1
        step = np.where(level > k, (bit - 0.5) * 2.0 ** -(k // 2 + 1), 0)
        x, y = (x + step, y) if k % 2 == 0 else (x, y + step)
    radius = END_MM * 2 ** ((levels - level) / 3) * rng.lognormal(0, 0.05, count)
    parent = np.where(level == 0, -1, (np.arange(count) - 1) // 2)
    return np.c_[x, y, np.full(count, depth)], parent, radius, np.full(count, kind)


def closed_circulation(segments: int) -> Vessels:
    """Arterioles and venules over a square, and a net of capillaries with three at each fork between their ends."""
    rng = np.random.default_rng(1)
    levels = int(np.log2(segments / 12))
    side = int(((segments - 4 * 2**levels) / 1.5) ** 0.5)
    x, y = (axis.ravel() for axis in np.meshgrid(*2 * [(np.arange(side) + 0.5) / side], indexing="ij"))
    places = np.c_[x, y, np.full(side**2, 0.05)]
    places[:, :2] += rng.normal(0, 0.15 / side, (side**2, 2))
    index = np.arange(side**2).reshape(side, side)
    parent = np.where(index % side == 0, -1, index - 1).ravel()
    rungs = np.add.outer(np.arange(side - 1), np.arange(side)) % 2 == 0
    capillaries = places, parent, CAPILLARY_MM * rng.lognormal(0, 0.15, side**2), np.full(side**2, 2)

    parts = tree(levels, 0, 0.0, rng), tree(levels, 1, 0.1, rng), capillaries
    first = np.cumsum([0, *(len(part[1]) for part in parts)])
    near = KDTree(places)
    links = [np.c_[index[:-1][rungs], index[1:][rungs]] + first[2]]
    for part, start in zip(parts[:2], first[:2], strict=True):
        ends = np.arange(2**levels - 1, 2 ** (levels + 1) - 1)
        links.append(np.c_[ends + start, near.query(part[0][ends])[1] + first[2]])
    links[2] = links[2][:, ::-1]
    points, _, radius, kind = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    above = np.concatenate([np.where(p < 0, -1, p + at) for (_, p, _, _), at in zip(parts, first[:3], strict=True)])
    return vessel_tree(points * FIELD_MM, above, radius, kind, links=np.concatenate(links))


def general_solve_s(vessels: Vessels, held: np.ndarray) -> float:
    """One solve of the same net by scipy's spsolve, at one viscosity everywhere: no turns, no haematocrit."""
    own = vessels.segments
    a = np.concatenate([vessels.parent[own], vessels.links[:, 0]])
    b = np.concatenate([own, vessels.links[:, 1]])
    radius = np.concatenate([vessels.radius_mm[own], vessels.link_radius_mm]).astype(float)
    length = np.concatenate([vessels.length_mm[own], vessels.link_length_mm]).astype(float)
    conductance = radius**4 / length
    start = process_time()
    joined = coo_matrix((conductance, (a, b)), shape=2 * (len(vessels),)).tocsr()
    joined = joined + joined.T
    free = ~np.isfinite(held)
    matrix = (diags(np.asarray(joined.sum(axis=1)).ravel()) - joined)[free]
    spsolve(matrix[:, free].tocsc(), -matrix[:, ~free] @ held[~free])
    return process_time() - start


def row(segments: int) -> tuple[str, int, float]:
    vessels = closed_circulation(segments)
    held = held_pressures(vessels, ARTERY_MMHG, VEIN_MMHG, VEIN_MMHG)
    start = process_time()
    found = circulation(vessels, held)
    ours_s = process_time() - start
    theirs_s = general_solve_s(vessels, held)
    count = len(vessels.segments) + len(vessels.links)
    text = (
        f"| {count} | {ours_s:.2f} | {found.turns} | {ours_s / found.turns:.3f} | {theirs_s:.2f} "
        f"| {found.mass_residual:.0e} | {found.red_cell_residual:.0e} |"
    )
    return text, count, ours_s


def formats(vessels: Vessels) -> list[str]:
    lines = ["| format | MB | write, CPU s | read, CPU s |", "|---|---|---|---|"]
    for ending in (".vtp", ".h5", ".csv", ".swc", ".graphml", ".gxl"):
        start = process_time()
        content = encode(vessels, f"net{ending}")
        middle = process_time()
        decode(content, f"net{ending}")
        lines.append(f"| {ending} | {len(content) / 1e6:.1f} | {middle - start:.2f} | {process_time() - middle:.2f} |")
    return lines


def main() -> None:
    row(1000)
    texts, counts, seconds = zip(*map(row, SEGMENTS), strict=True)
    power = np.polyfit(np.log(counts[-2:]), np.log(seconds[-2:]), 1)[0]
    lines = [
        "# Vessels",
        "",
        "## Flow through a closed circulation",
        "",
        "Arterioles, capillaries and venules; pressure, flow and haematocrit with phase separation, in turns until",
        f"fewer than 1 in 1000 red cells change their tube. Limit for 100 000 segments: {LIMIT_S:g} s. spsolve: one",
        "general sparse solve at one viscosity in the same run, to be set against one turn. Seconds of the CPU.",
        "",
        "| segments | s | turns | s a turn | spsolve, s | imbalance of blood | of red cells |",
        "|---|---|---|---|---|---|---|",
        *texts,
        "",
        f"Between the two largest the time grows with the power {power:.2f} of the segments.",
        "",
        "## Files of 100 000 segments",
        "",
        *formats(closed_circulation(100_000)),
    ]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
