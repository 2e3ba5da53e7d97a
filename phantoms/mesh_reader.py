"""Mesh files as closed surfaces in the patient's own axes: STL, OBJ, PLY, OFF and GLB.

Few of these formats say where left is. 3D Slicer writes SPACE=LPS or SPACE=RAS into the head of its files, and what it
says is done; what does not say is taken as it is asked for.
"""

import io
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int
from numpy import ndarray
from trimesh import Trimesh, load_mesh

from phantoms.readers import TO_RAS
from simdata.errors import SceneError

SUFFIXES = (".stl", ".obj", ".ply", ".off", ".glb")
HEAD_BYTES = 2000
Space = Literal["ras", "lps"]


def read_mesh(path: Path, data: bytes, space: Space) -> Trimesh:
    """The closed surface in `data`, the bytes of `path`, turned to RAS+, in the file's own unit.

    space: what the axes are if the file does not say. Raises SceneError, naming the file, if it is not whole or open.
    """
    try:
        stored = _loaded(path.suffix.lower().lstrip("."), data)
        mesh = _merged(
            np.asarray(stored.vertices, float) * TO_RAS[_said_space(data) or space], np.asarray(stored.faces)
        )
        _demand_closed(mesh.faces)
    except SceneError as reason:
        raise SceneError(f"{path}: {reason}") from reason
    return mesh


def _loaded(kind: str, data: bytes) -> Trimesh:
    """trimesh's mesh; whatever a damaged file makes trimesh raise becomes one SceneError."""
    if not data:
        raise SceneError("the file is empty (0 bytes); a whole copy of it would do")
    try:
        mesh = load_mesh(io.BytesIO(data), file_type=kind, process=False)
    except Exception as reason:
        found = " ".join(str(reason).split())[:200] or type(reason).__name__
        raise SceneError(f"not a whole {kind.upper()} file ({found}); a whole copy of the file would do") from reason
    if not len(mesh.faces):
        raise SceneError("found no triangle; a surface that encloses a volume would do")
    if not np.isfinite(mesh.vertices).all():
        raise SceneError("found coordinates that are not finite; a whole copy of the file would do")
    return mesh


def _said_space(data: bytes) -> str:
    head = data[:HEAD_BYTES].lower()
    return next((space for space in ("ras", "lps") if f"space={space}".encode() in head), "")


def _merged(vertices: ndarray, faces: ndarray) -> Trimesh:
    """Vertices at one place made one, and triangles that have two of their corners there left out."""
    mesh = Trimesh(vertices, faces, process=False)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    a, b, c = mesh.faces.T
    return Trimesh(mesh.vertices, mesh.faces[(a != b) & (b != c) & (c != a)], process=False)


def _demand_closed(faces: Int[ndarray, "m 3"]) -> None:
    """Raises SceneError unless every edge is run along as often one way as the other."""
    ends = np.concatenate([faces[:, [n, (n + 1) % 3]] for n in range(3)])
    low, high = np.sort(ends, axis=1).T
    _, edge, count = np.unique(low * (faces.max() + 1) + high, return_inverse=True, return_counts=True)
    open_edges = int((count % 2).sum())
    if open_edges:
        raise SceneError(
            f"found {open_edges} open edges of {len(count)}, so it encloses no volume; a surface without holes would "
            "do (Blender: Mesh > Clean Up > Fill Holes; MeshLab: Close Holes; trimesh.repair.fill_holes)"
        )
    torn = int((np.bincount(edge, np.where(ends[:, 0] < ends[:, 1], 1, -1)) != 0).sum())
    if torn:
        raise SceneError(
            f"found {torn} edges of {len(count)} whose triangles face opposite ways, so inside and outside cannot be "
            "told; normals that all face outward would do (Blender: Mesh > Normals > Recalculate Outside; "
            "trimesh.repair.fix_normals)"
        )
