"""How fast constrained constructive optimisation is, beside svv (PyPI) where that is installed.

python benchmarks/cco.py           # half a minute; writes results/cco.md
python benchmarks/cco.py 1000000   # these numbers of terminals instead
"""

import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import numpy as np

from simdata import Grid, Streams
from vascular.cco import grow, pressure_drop_mmhg, seeds
from vascular.domain import Domain

TERMINALS = (100, 1000, 10_000, 100_000)
EDGE_MM, ROOT_MM, FLOW_MM3_S = 96.0, 2.0, 1000.0
# svv 0.0.57, a cube, one tree: seconds by terminals, as measured once elsewhere (its install is 3.8 GB)
SVV_S = {100: 5.2, 500: 20.8, 1000: 40.5}
RESULT = Path(__file__).parent / "results" / "cco.md"


def cube() -> Domain:
    grid = Grid.regular((64, 64, 64), EDGE_MM / 64)
    return Domain.of_mask(np.ones(grid.shape, bool), grid)


def row(terminals: int) -> tuple[str, float]:
    domain, start = cube(), seeds([(0.0, 0.0, -EDGE_MM / 2 + 0.75)], ROOT_MM)
    begin = perf_counter()
    tree = grow(domain, start, terminals, FLOW_MM3_S, Streams(1).generator)
    seconds = perf_counter() - begin
    drop = pressure_drop_mmhg(tree)[np.setdiff1d(np.arange(len(tree.parent)), tree.parent)]
    volume = np.pi * (tree.radius_mm**2 * tree.length_mm).sum()
    svv = f"{SVV_S[terminals]:.1f} | {SVV_S[terminals] / seconds:.0f}" if terminals in SVV_S else "- | -"
    megabytes = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {terminals} | {seconds:.3f} | {svv} | {volume:.0f} | {np.ptp(drop) / drop.mean():.0e} | {megabytes:.0f} |",
        seconds,
    )


def main() -> None:
    counts = tuple(map(int, sys.argv[1:])) or TERMINALS
    row(50)
    texts, seconds = zip(*map(row, counts), strict=True)
    growth = [np.polyfit(np.log(counts[-2:]), np.log(seconds[-2:]), 1)[0]] if len(counts) > 1 else []
    lines = [
        f"# One tree in a cube of {EDGE_MM:g} mm, one thread",
        "",
        "No segment leaves the cube, no two overlap. svv: seconds noted once on another machine, not in this run.",
        "",
        "| terminals | s | svv, s | ratio | blood, mm3 | spread of pressure at the ends | MB at most |",
        "|---|---|---|---|---|---|---|",
        *texts,
        "",
        *(f"Between the two largest the time grows with the power {power:.2f} of the terminals." for power in growth),
    ]
    if counts == TERMINALS:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
