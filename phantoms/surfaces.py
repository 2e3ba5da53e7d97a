"""Every structure of a patient as a closed surface in RAS+ mm: to look at, to print, to simulate on.

The mask of a structure is blurred a little, its iso-surface taken, and the steps of the voxels are smoothed away.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32
from numba import njit
from numpy import ndarray
from scipy.ndimage import find_objects, gaussian_filter
from skimage.measure import marching_cubes
from trimesh import Trimesh
from trimesh.smoothing import filter_taubin

from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.scene import Scene

BLUR_VOXELS = 1.3
"""Standard deviation of the blur. A plane at any angle then comes out 0.07 voxels and 4 degrees (RMS) from itself."""
SURFACE, INSIDE, OUTSIDE = np.float32(0.5), np.float32(0.55), np.float32(0.46)
"""Level of the surface, and the least and most that the blurred mask is inside and outside. They are not the same
distance from the level: where voxels meet at an edge only, marching cubes would find a tie and could leave a hole."""
SHRINK, GROW, SMOOTHINGS = 0.5, 0.53, 10
"""Taubin, SIGGRAPH 1995: steps that shrink and steps that grow, by turns; what is wide, they leave alone."""
VOLUME_STEPS, LONGEST_STEP = 12, 0.2
"""How often a surface is moved to find its volume, and how far at most each time, in voxels."""
TINY = np.finfo(float).tiny


def surfaces(scene: Scene) -> Iterator[tuple[str, Trimesh]]:
    """Name and surface of every structure that occurs, one after the other, by rising id."""
    scene = scene.to("cpu")
    for id, box in enumerate(find_objects(scene.labels), 1):
        if box is not None:
            start = tuple(side.start for side in box)
            yield scene.structures[id].name, surface_of(scene.labels[box] == id, scene.grid.crop(start, (1, 1, 1)))


def surface(scene: Scene, name: str) -> Trimesh:
    """The surface of the structure called `name` with all its parts. Raises SceneError if the patient has none."""
    mask = scene.to("cpu").mask(name)
    if not mask.any():
        raise SceneError(f"surface: this patient has no voxel of '{name}'; a structure that occurs would do")
    return surface_of(mask, scene.grid)


def surface_of(mask: Bool[ndarray, "x y z"], grid: Grid) -> Trimesh:
    """The closed surface of the voxels in `mask`, outward, and of their volume; at the edge of the grid it closes.

    It passes between the voxels inside and those outside, however thin the structure, before it is smoothed.
    grid: only its affine is used.
    """
    inside = np.pad(mask, 1)
    vertices, faces, _, _ = marching_cubes(_blurred(inside), SURFACE, gradient_direction="ascent")
    if np.linalg.det(grid.affine[:3, :3]) < 0:
        faces = faces[:, ::-1]
    mesh = Trimesh(grid.world_mm(vertices - 1.0), faces, process=False)
    filter_taubin(mesh, SHRINK, GROW, SMOOTHINGS)
    return _with_volume(mesh, float(mask.sum()) * grid.voxel_mm3, LONGEST_STEP * min(grid.spacing_mm))


def _blurred(inside: Bool[ndarray, "x y z"]) -> Float32[ndarray, "x y z"]:
    """The share of a small neighbourhood that is inside, never on the wrong side of a half."""
    share = gaussian_filter(inside.astype(np.float32), BLUR_VOXELS, mode="constant")
    return np.where(inside, np.maximum(share, INSIDE), np.minimum(share, OUTSIDE))


def _with_volume(mesh: Trimesh, mm3: float, longest_mm: float) -> Trimesh:
    """The mesh moved along its normals until it holds `mm3`: steps of (mm3 - V) / A, `longest_mm` at most."""
    vertices, faces = np.array(mesh.vertices), np.array(mesh.faces)
    for _ in range(VOLUME_STEPS):
        slope = volume_slope(vertices, faces)
        area = np.linalg.norm(slope, axis=1)
        step_mm = (mm3 - (slope * vertices).sum() / 3) / area.sum()
        vertices += np.clip(step_mm, -longest_mm, longest_mm) * slope / np.maximum(area, TINY)[:, None]
    return Trimesh(vertices, faces, process=False)


@njit(cache=True)
def volume_slope(vertices, faces):
    """dV / dvertex of V = sum a . (b x c) / 6, mm2: a sixth of (b - a) x (c - a) of every triangle around it."""
    slope = np.zeros_like(vertices)
    for m in range(len(faces)):
        a, b, c = vertices[faces[m, 0]], vertices[faces[m, 1]], vertices[faces[m, 2]]
        for n in range(3):
            one, two = (n + 1) % 3, (n + 2) % 3
            across = (b[one] - a[one]) * (c[two] - a[two]) - (b[two] - a[two]) * (c[one] - a[one])
            for corner in faces[m]:
                slope[corner, n] += across / 6
    return slope
