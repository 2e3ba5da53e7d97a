"""The centre line of vessels that are drawn as voxels: where a tree starts that is to grow on from them.

Cheapest ways from the root, cheap along the middle of vessels and dear across gaps of tissue, to the farthest voxel
that no way has come near yet, again and again (TEASAR: Sato et al. 2000, Pacific Graphics, 281).
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree
from skimage.graph import MCP_Geometric

from simdata import Grid, SceneError, Vessels, vessel_tree
from simdata.vessels import KINDS, ROOT

GAP = 12.0
"""A way through tissue costs so much more than one along the rim of a vessel."""
BRIDGED_MM = 25.0
"""Gaps up to this width are bridged."""
COVERS, COVERS_VOXELS = 1.5, 2.5
"""A way covers the vessel so many radii and voxels around it."""
STEP_RADII, STEP_VOXELS = 2.5, 2.0
RIM = 0.15
"""A tube's middle voxel lies so many voxels more than its radius away from the nearest voxel outside, on average."""
SMOOTH = 2
COARSE_MM = 3.0


def centreline(
    vessel: Bool[ndarray, "x y z"], room: Bool[ndarray, "x y z"], grid: Grid, root: Float[ndarray, " 3"], kind: str
) -> Vessels:
    """The tree of a vessel's middle lines from the root (a voxel), every step 2.5 radii or two voxels long.

    vessel: where it is drawn, in pieces or not. room: where a way may go from piece to piece.
    Raises SceneError if there is nothing to follow from the root.
    """
    used = np.argwhere(vessel)
    margin = np.ceil(BRIDGED_MM / np.array(grid.spacing_mm)).astype(int)
    low = np.maximum(np.minimum(used.min(axis=0), root).astype(int) - margin, 0)
    high = np.minimum(np.maximum(used.max(axis=0), root).astype(int) + margin + 1, grid.shape)
    block = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    vessel, start = vessel[block], np.asarray(root, int) - low
    near = np.asarray(distance_transform_edt(~vessel, sampling=grid.spacing_mm)) < BRIDGED_MM
    allowed = near & (room[block] | vessel)

    depth = np.asarray(distance_transform_edt(np.pad(vessel, 1), sampling=grid.spacing_mm))[1:-1, 1:-1, 1:-1]
    cost = np.where(vessel, min(grid.spacing_mm) / np.maximum(depth, 1e-3), GAP)
    allowed[tuple(start)] = True
    ways = MCP_Geometric(np.where(allowed, cost, -1), sampling=grid.spacing_mm)
    reached, _ = ways.find_costs([tuple(start)])

    voxels = np.argwhere(vessel & np.isfinite(reached))
    if len(voxels) < 2:
        raise SceneError("centreline: no vessel voxel can be reached from the root; a vessel that touches it would do")
    points, parent = _ways(ways, voxels, reached, depth, start, grid)
    radius = np.maximum(depth[tuple(points.T)] - RIM * min(grid.spacing_mm), min(grid.spacing_mm) / 2)
    return _smoothed(grid.world_mm(points + low), parent, radius, grid, kind)


def extended(start: Vessels, targets_mm: Float[ndarray, "t 3"], cost: Float[ndarray, "x y z"], grid: Grid) -> Vessels:
    """The vessels with new branches to every target in turn, each by the cheapest way from all that is there.

    cost: of a millimetre in each voxel. Ways are found on voxels of about 3 mm, each as cheap as its cheapest part.
    """
    k = max(1, round(COARSE_MM / max(grid.spacing_mm)))
    padded = np.pad(cost, [(0, -n % k) for n in cost.shape], mode="edge")
    x, y, z = (n // k for n in padded.shape)
    coarse = padded.reshape(x, k, y, k, z, k).min(axis=(1, 3, 5))
    voxels = [tuple(v) for v in np.rint((grid.index(start.points_mm) - (k - 1) / 2) / k).astype(int).tolist()]
    row = {voxel: n for n, voxel in reversed(list(enumerate(voxels)))}
    sampling = [k * mm for mm in grid.spacing_mm]

    points, parent = list(start.points_mm.astype(float)), start.parent.tolist()
    thin = min(grid.spacing_mm) / 2
    for target in np.rint((grid.index(targets_mm) - (k - 1) / 2) / k).astype(int).tolist():
        ways = MCP_Geometric(coarse, sampling=sampling)
        ways.find_costs(list(row), [tuple(target)])
        for before, here in pairwise(ways.traceback(tuple(target))):
            if here not in row:
                row[here] = len(points)
                parent.append(row[before])
                points.append(grid.world_mm(np.array(here) * k + (k - 1) / 2))
    radius = np.concatenate([start.radius_mm, np.full(len(points) - len(start), thin)])
    return _smoothed(np.array(points), parent, radius, grid, KINDS[start.kind[0]])


def _ways(ways: MCP_Geometric, voxels, reached, depth, start, grid) -> tuple[ndarray, list[int]]:
    """Voxels of all ways and their parents, the root first."""
    row = {tuple(start.tolist()): 0}
    points, parent = [tuple(start.tolist())], [ROOT]
    voxels = voxels[np.argsort(-reached[tuple(voxels.T)], kind="stable")]
    tree = KDTree(grid.world_mm(voxels))
    covered = np.zeros(len(voxels), bool)
    for n, tip in enumerate(voxels):
        if covered[n]:
            continue
        way = ways.traceback(tuple(tip))
        fresh = next(m for m, voxel in enumerate([*way, None]) if voxel is None or tuple(voxel) not in row)
        for m in range(fresh, len(way)):
            row[tuple(way[m])] = len(points)
            parent.append(row[tuple(way[m - 1])])
            points.append(tuple(way[m]))
        reach = COVERS * depth[tuple(np.array(way).T)] + COVERS_VOXELS * max(grid.spacing_mm)
        for hit in tree.query_ball_point(grid.world_mm(np.array(way)), reach):
            covered[hit] = True
    return np.array(points), parent


def _smoothed(places: ndarray, parent: list[int], radius: ndarray, grid: Grid, kind: str) -> Vessels:
    """Forks, ends and every so many mm between them, on smoothed ways."""
    daughters = np.bincount(np.array(parent[1:], int), minlength=len(parent))
    smooth = places.copy()
    up = np.maximum(np.array(parent), 0)
    down = np.arange(len(parent))
    down[up[1:]] = np.arange(1, len(parent))
    for _ in range(SMOOTH):
        inner = np.flatnonzero(daughters == 1)[1:]
        smooth[inner] = 0.5 * smooth[inner] + 0.25 * (smooth[up[inner]] + smooth[down[inner]])

    kept, number, walked = [0], {0: 0}, np.zeros(len(parent))
    above, new_parent = np.zeros(len(parent), int), [ROOT]
    for i in range(1, len(parent)):
        p = parent[i]
        walked[i] = (0.0 if p in number else walked[p]) + np.linalg.norm(smooth[i] - smooth[p])
        above[i] = p if p in number else above[p]
        step = max(STEP_RADII * radius[i], STEP_VOXELS * max(grid.spacing_mm))
        if daughters[i] != 1 or walked[i] >= step:
            number[i] = len(kept)
            kept.append(i)
            new_parent.append(number[above[i]])
    return vessel_tree(smooth[kept], np.array(new_parent), radius[kept], kind)
