"""How fast surfaces become voxels, beside trimesh with the same organs in the same run.

python benchmarks/voxelise.py        # under a minute, nearly all of it trimesh; writes results/voxelise.md
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
from trimesh import Trimesh
from trimesh.voxel.creation import voxelize

from phantoms.surfaces import surface
from phantoms.torso import Torso
from phantoms.voxelise import fill
from simdata import Grid, Streams

ORGANS = ("liver", "spleen", "stomach", "kidney_left", "lung_upper_lobe_left", "sternum", "vertebrae_T9", "rib_left_5")
VOXEL_MM = 1.0
ROUNDS = 5
RESULT = Path(__file__).parent / "results" / "voxelise.md"


def seconds(task: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = perf_counter()
        task()
        times.append(perf_counter() - start)
    return min(times)


def around(mesh: Trimesh) -> Grid:
    low, high = mesh.bounds
    shape = np.ceil((high - low) / VOXEL_MM).astype(int) + 2
    return Grid.regular(tuple(shape.tolist()), VOXEL_MM, tuple(((low + high) / 2).tolist()))


def ours(mesh: Trimesh, grid: Grid) -> int:
    return fill(np.zeros(grid.shape, np.uint16), 1, grid.index(mesh.vertices), mesh.faces)


def theirs(mesh: Trimesh) -> int:
    return voxelize(mesh, VOXEL_MM).fill().filled_count


def row(name: str, mesh: Trimesh) -> tuple[str, float, float, float]:
    grid = around(mesh)
    ours_s, theirs_s = seconds(lambda: ours(mesh, grid), ROUNDS), seconds(lambda: theirs(mesh), 2)
    voxels, wrong = (
        np.prod(grid.shape),
        [100 * (n * VOXEL_MM**3 / mesh.volume - 1) for n in (ours(mesh, grid), theirs(mesh))],
    )
    text = (
        f"| {name} | {len(mesh.faces)} | {voxels / 1e6:.2f} | {1000 * ours_s:.2f} | {1000 * theirs_s:.0f} "
        f"| {theirs_s / ours_s:.0f} | {wrong[0]:+.2f} % | {wrong[1]:+.1f} % |"
    )
    return text, ours_s, theirs_s, float(voxels)


def main() -> None:
    scene = Torso(voxel_mm=2.0, shape=(200, 150, 240))(Streams(0)["phantom"].generator)
    meshes = {name: surface(scene, name) for name in ORGANS}
    for mesh in meshes.values():
        ours(mesh, around(mesh))
    texts, ours_s, theirs_s, voxels = zip(*(row(name, mesh) for name, mesh in meshes.items()), strict=True)
    lines = [
        f"# Surfaces to voxels of {VOXEL_MM:g} mm, {numba.get_num_threads()} threads",
        "",
        "trimesh is `trimesh.voxel.creation.voxelize(mesh, pitch).fill()`: every voxel that the surface touches, and",
        "what they enclose; ours takes those whose centre lies inside. Volumes are told against the mesh's own.",
        "",
        "| organ | triangles | M voxels of its box | ours, ms | trimesh, ms | ratio | volume, ours | volume, trimesh |",
        "|---|---|---|---|---|---|---|---|",
        *texts,
        "",
        f"All of them: {1000 * sum(ours_s):.1f} ms against {1000 * sum(theirs_s):.0f} ms, "
        f"{sum(theirs_s) / sum(ours_s):.0f} times as fast; {sum(voxels) / sum(ours_s) / 1e6:.0f} M voxels/s.",
    ]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
