"""How fast constrained constructive optimisation is, beside svv (PyPI) in the same run.

python benchmarks/cco.py                       # two minutes; writes results/cco.md
python benchmarks/cco.py --svv PYTHON          # beside svv, in a Python that has it (pip install svv): five minutes
python benchmarks/cco.py --terminals 500 5000  # these numbers of terminals instead, written nowhere
"""

import json
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any

import numpy as np

from simdata import Grid, Streams, Vessels
from vascular.cco import Tree, grow, pressure_drop_mmhg, seeds
from vascular.domain import Domain

TERMINALS = (100, 300, 1000, 10_000, 100_000, 1_000_000)
MOST_OF_SVV = 1000
EDGE_MM, ROOT_MM, FLOW_MM3_S = 96.0, 2.0, 1000.0
ROUNDS, SLOW = 3, 10_000
"""Trees below so many terminals are grown so often, and the fastest counts."""
RESULT = Path(__file__).parent / "results" / "cco.md"


def cube() -> Domain:
    grid = Grid.regular((64, 64, 64), EDGE_MM / 64)
    return Domain.of_mask(np.ones(grid.shape, bool), grid)


def row(terminals: int, svv: dict[str, Any]) -> tuple[str, float]:
    domain, start = cube(), seeds([(0.0, 0.0, -EDGE_MM / 2 + 0.75)], ROOT_MM)
    tries = [_grown(domain, start, terminals) for _ in range(ROUNDS if terminals < SLOW else 1)]
    seconds, tree = min(tries, key=lambda tried: tried[0])
    drop = pressure_drop_mmhg(tree)[np.setdiff1d(np.arange(len(tree.parent)), tree.parent)]
    volume, length_m = np.pi * (tree.radius_mm**2 * tree.length_mm).sum(), tree.length_mm.sum() / 1000
    theirs = svv.get("seconds", {}).get(str(terminals))
    beside = f"{theirs:.1f} | {theirs / seconds:.0f}" if theirs else "- | -"
    their_m = f"{svv['length_mm'][str(terminals)] / 1000:.2f}" if theirs else "-"
    megabytes = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    spread = np.ptp(drop) / drop.mean()
    return (
        f"| {terminals} | {seconds:.3f} | {beside} | {length_m:.2f} | {their_m} | {volume:.0f} | {spread:.0e} "
        f"| {megabytes:.0f} |",
        seconds,
    )


def _grown(domain: Domain, start: Vessels, terminals: int) -> tuple[float, Tree]:
    begin = perf_counter()
    tree = grow(domain, start, terminals, FLOW_MM3_S, Streams(1).generator)
    return perf_counter() - begin, tree


def beside(python: str | None, counts: list[int]) -> tuple[dict[str, Any], str]:
    """What svv tells in that Python, and a sentence about it."""
    if python is None:
        return {}, "svv was not run: `--svv` names a Python that has it."
    script = Path(__file__).parent / "peers" / "svv_cube.py"
    command = [python, str(script), str(EDGE_MM), *(str(count) for count in counts if count <= MOST_OF_SVV)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        return {}, f"svv could not run there: {ran.stderr.strip().splitlines()[-1]}"
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    return told, f"svv in the same run, without the {told['domain_s']:.1f} s for its cube."


def _power(rows: list[tuple[int, float]]) -> float:
    """Slope of the seconds over the terminals, both as logarithms."""
    terminals, seconds = np.log(np.array(rows)).T
    return float(np.polyfit(terminals, seconds, 1)[0])


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--svv", metavar="PYTHON")
    parser.add_argument("--terminals", type=int, nargs="+", default=TERMINALS)
    asked = parser.parse_args()
    svv, about = beside(asked.svv, asked.terminals)
    row(50, {})
    texts, seconds = zip(*(row(count, svv) for count in asked.terminals), strict=True)
    large = [(n, s) for n, s in zip(asked.terminals, seconds, strict=True) if n >= SLOW / 10]
    lines = [
        f"# One tree in a cube of {EDGE_MM:g} mm, one thread",
        "",
        f"No segment leaves the cube, no two overlap. {about}",
        "Its ends lie as chance has them, ours keep apart, which may be why its trees are shorter.",
        "",
        "| terminals | s | svv, s | ratio | length, m | of svv, m | blood, mm3 | spread of pressure at the ends | MB |",
        "|---|---|---|---|---|---|---|---|---|",
        *texts,
        "",
    ]
    if len(large) > 1:
        every, last = (_power(rows) for rows in (large, large[-2:]))
        lines.append(
            f"From {large[0][0]} terminals on the time grows with their power {every:.2f}, between the two largest "
            f"with {last:.2f}."
        )
    if asked.terminals == TERMINALS:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
