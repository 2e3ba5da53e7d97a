"""The structures of a patient as mesh files, one each, in RAS+ mm."""

from collections.abc import Callable, Mapping
from pathlib import Path

from trimesh import Trimesh
from trimesh.exchange.obj import export_obj
from trimesh.exchange.ply import export_ply
from trimesh.exchange.stl import export_stl

from phantoms.surfaces import surfaces
from pipelines.durable import disk_refused, write_whole
from simdata.errors import DatasetError, RecipeError, did_you_mean
from simdata.scene import Scene

HEAD = "simdata, mm, SPACE=RAS"
"""3D Slicer reads SPACE=RAS in the head of a file; without it, it would take left for right."""
STL_HEAD_BYTES = 80


def write_meshes(scene: Scene, folder: Path, format: str) -> list[Path]:
    """Writes every structure of `scene` as a closed surface, NAME.stl (or .obj, .ply), each file whole or not there.

    Raises RecipeError for an unknown `format`, DatasetError if `folder` cannot be written.
    """
    content = mesh_format(format)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise DatasetError(disk_refused(folder, reason)) from reason
    paths = []
    for name, mesh in surfaces(scene):
        paths.append(folder / f"{name}.{format}")
        write_whole(paths[-1], content(mesh))
    return paths


def mesh_format(format: str) -> Callable[[Trimesh], bytes]:
    """What makes the bytes of such a file. Raises RecipeError for an unknown format."""
    if format not in FORMATS:
        raise RecipeError(f"mesh format '{format}': {did_you_mean(format, FORMATS)}")
    return FORMATS[format]


def _stl(mesh: Trimesh) -> bytes:
    return HEAD.encode().ljust(STL_HEAD_BYTES, b"\0") + export_stl(mesh)[STL_HEAD_BYTES:]


def _obj(mesh: Trimesh) -> bytes:
    return str(export_obj(mesh, header=HEAD)).encode()


def _ply(mesh: Trimesh) -> bytes:
    start, rest = export_ply(mesh).split(b"comment", 1)
    return start + f"comment {HEAD}\n".encode() + b"comment" + rest


FORMATS: Mapping[str, Callable[[Trimesh], bytes]] = {"stl": _stl, "obj": _obj, "ply": _ply}
