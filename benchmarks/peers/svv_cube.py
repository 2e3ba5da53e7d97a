"""Trees by svv (MIT, `pip install svv`) in the cube of benchmarks/cco.py, in a process of its own: one line of JSON.

python benchmarks/peers/svv_cube.py EDGE_MM TERMINALS ...
"""

import json
import os
import sys
from time import perf_counter

import numpy as np

os.environ["SVV_TELEMETRY_DISABLED"] = "1"

import pyvista  # pyright: ignore[reportMissingImports]
from svv.domain.domain import Domain  # pyright: ignore[reportMissingImports]
from svv.tree.tree import Tree  # pyright: ignore[reportMissingImports]

CM_PER_MM = 0.1
WARM_UP = 10


def main() -> None:
    edge = CM_PER_MM * float(sys.argv[1])
    np.random.seed(1)  # noqa: NPY002 svv draws from it
    start = perf_counter()
    domain = Domain(pyvista.Cube(x_length=edge, y_length=edge, z_length=edge))
    domain.create()
    domain.solve()
    domain.build()
    told = {"domain_s": perf_counter() - start, "seconds": {}, "length_mm": {}}
    for terminals in (WARM_UP, *map(int, sys.argv[2:])):
        start = perf_counter()
        tree = Tree()
        tree.set_domain(domain)
        tree.set_root()
        tree.n_add(terminals - 1)
        told["seconds"][terminals] = perf_counter() - start
        ends = np.asarray(tree.data)
        told["length_mm"][terminals] = float(np.linalg.norm(ends[:, 3:6] - ends[:, :3], axis=1).sum() / CM_PER_MM)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
