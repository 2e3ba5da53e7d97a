"""A folder of surfaces becomes a patient: one mesh file for each structure, called by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, UInt16
from numpy import ndarray
from numpy.random import Generator
from trimesh import PointCloud, Trimesh

from phantoms.deformation import Deformation
from phantoms.mesh_reader import SUFFIXES, Space, read_mesh
from phantoms.voxelise import enclosed, fill
from simdata.errors import RecipeError, SceneError
from simdata.grid import Grid
from simdata.parts import Phantom
from simdata.scene import Scene
from simdata.structures import structure

SHORTEST_MM, LONGEST_MM = 5.0, 3000.0
"""A patient shorter than this was measured in metres or centimetres, a longer one in micrometres."""
MOST_VOXELS = 1 << 30
MOST_TOLD = 8


@dataclass(frozen=True, kw_only=True)
class Meshes(Phantom):
    """The patient whose structures are the mesh files of `folder` (STL, OBJ, PLY, OFF, GLB).

    A file is called as its structure is in simdata/structures.csv: liver.stl. Where meshes overlap, the smaller lies on
    top. Voxel faces lie at multiples of voxel_mm, margin_mm beyond the meshes at least.
    background: structure of what lies within the convex hull of all meshes but in none; "" for outside the body. (A
    closed mesh of the whole body, called by the structure that fills its gaps, does it better.)
    scale: mm in one unit of the files, 1000 for metres. space: axes of files that do not say SPACE=RAS or SPACE=LPS.
    deformation: makes a new anatomy of it. Raises SceneError on a folder, file or mesh that cannot be a patient.
    """

    folder: str
    voxel_mm: Annotated[float, Ge(0.05), Le(20)] = 1.5
    margin_mm: Annotated[float, Ge(0), Le(500)] = 10.0
    background: str = ""
    scale: Annotated[float, Gt(0)] = 1.0
    space: Space = "ras"
    deformation: Deformation = Deformation()

    def __post_init__(self) -> None:
        self._files()
        if self.background:
            try:
                structure(self.background)
            except SceneError as reason:
                raise RecipeError(f"Meshes.background: {reason}") from reason

    def __call__(self, rng: Generator) -> Scene:
        files = {name: (path, _bytes(path)) for name, path in self._files().items()}
        meshes = _surfaces(files, self.space, self.scale)
        grid = self._grid(np.concatenate([mesh.bounds for mesh in meshes.values()]))
        labels = voxelised(meshes, grid, self.background)
        if self.deformation.amplitude_mm > 0:
            labels = self.deformation.spline(grid, rng).pull(labels)
        digest = sha256(b"".join(sha256(data).digest() for _, data in files.values())).hexdigest()
        source = {"folder": Path(self.folder).name, "files": str(len(files)), "sha256": digest}
        return Scene(grid, labels, source=MappingProxyType(source))

    def _files(self) -> dict[str, Path]:
        """Structure name to mesh file; looked for when the part is built too, so a wrong folder ends a run early."""
        folder = Path(self.folder).expanduser()
        try:
            paths = sorted(path for path in folder.iterdir() if _readable(path))
        except OSError as reason:
            found = f"cannot be listed ({reason.strerror})"
            raise SceneError(f"{folder}: {found}; a folder of mesh files would do") from reason
        if not paths:
            raise SceneError(f"{folder}: found no mesh in it; files ending in {', '.join(SUFFIXES)} would do")
        return _named(paths)

    def _grid(self, points_mm: Float[ndarray, "n 3"]) -> Grid:
        low, high = points_mm.min(axis=0), points_mm.max(axis=0)
        long_mm = float((high - low).max())
        if not SHORTEST_MM <= long_mm <= LONGEST_MM:
            raise SceneError(
                f"{self.folder}: the meshes together are {long_mm:.3g} mm long, so their unit is hardly mm; a scale of "
                f"1000 would do for files in metres, 10 for cm, 0.001 for micrometres (found scale {self.scale:g})"
            )
        margin_mm = max(self.margin_mm, self.deformation.amplitude_mm)
        first = np.floor((low - margin_mm) / self.voxel_mm)
        nx, ny, nz = (int(n) for n in np.ceil((high + margin_mm) / self.voxel_mm) - first)
        crowd = nx * ny * nz / MOST_VOXELS
        if crowd > 1:
            raise SceneError(
                f"{self.folder}: voxels of {self.voxel_mm:g} mm would be {nx} x {ny} x {nz}, more than {MOST_VOXELS}; "
                f"a voxel_mm of {1.1 * self.voxel_mm * crowd ** (1 / 3):.2g} or a smaller margin_mm would do"
            )
        affine = np.diag((self.voxel_mm, self.voxel_mm, self.voxel_mm, 1.0))
        affine[:3, 3] = (first + 0.5) * self.voxel_mm
        return Grid((nx, ny, nz), affine)


def voxelised(meshes: Mapping[str, Trimesh], grid: Grid, background: str = "") -> UInt16[ndarray, "x y z"]:
    """Structure ids on `grid`: each mesh (closed, RAS+ mm) by the name of its structure, the smaller on the larger.

    A voxel belongs to a mesh that holds its centre. background: structure of the rest of their convex hull.
    Raises SceneError if a mesh holds no voxel's centre though all of it lies in the grid.
    """
    labels = np.zeros(grid.shape, np.uint16)
    if background:
        hull = PointCloud(np.concatenate([mesh.vertices for mesh in meshes.values()])).convex_hull
        fill(labels, structure(background).id, grid.index(hull.vertices), hull.faces)
    vanished = []
    size = {name: abs(enclosed(mesh.vertices, mesh.faces)) for name, mesh in meshes.items()}
    for name, mesh in sorted(meshes.items(), key=lambda item: -size[item[0]]):
        vertices = grid.index(mesh.vertices)
        in_grid = (vertices > -0.5).all() and (vertices < np.array(grid.shape) - 0.5).all()
        if not fill(labels, structure(name).id, vertices, mesh.faces) and in_grid:
            vanished.append(name)
    if vanished:
        raise SceneError(
            f"{_few(vanished)}: so thin that no voxel of {max(grid.spacing_mm):g} mm has its centre inside; "
            "smaller voxels would do, or to leave the file out"
        )
    return labels


def _readable(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise SceneError(f"{path}: cannot be read ({reason.strerror}); a file that can be would do") from reason


def _named(paths: list[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        try:
            name = structure(path.stem).name
        except SceneError as reason:
            raise SceneError(f"{path}: {reason}") from reason
        if name in named:
            raise SceneError(f"{path}: found {named[name].name} beside it; one file for each structure would do")
        named[name] = path
    return named


def _surfaces(files: Mapping[str, tuple[Path, bytes]], space: Space, scale: float) -> dict[str, Trimesh]:
    """The meshes in mm; one SceneError with a line for each file that is not sound."""
    meshes, faults = {}, []
    for name, (path, data) in files.items():
        try:
            meshes[name] = read_mesh(path, data, space).apply_scale(scale)
        except SceneError as fault:
            faults.append(str(fault))
    if faults:
        raise SceneError(_few(faults, "\n"))
    return meshes


def _few(things: list[str], between: str = ", ") -> str:
    more = f"{between}and {len(things) - MOST_TOLD} more" if len(things) > MOST_TOLD else ""
    return between.join(things[:MOST_TOLD]) + more
