"""What a volume casts on the detectors of a scanner, and the adjoint that spreads rays over the volume."""

from types import ModuleType

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray

from render.kernels import upright
from render.kernels.lanes import MOST, lanes
from render.kernels.running import accumulate, slab
from render.views import Views
from simdata import Grid, RecipeError, SceneError
from simdata.backend import namespace

BOX = 8
"""Voxels along each edge of the coarse box that tells which elements the object can shade."""

TILT = 1e-6
"""Voxels that a detector column may lean over from one element to the next and still stand upright."""


def project(volume: Float32[ndarray, "x y z m"], grid: Grid, views: Views) -> Float32[ndarray, "views columns rows m"]:
    """The mean of every material of `volume` over the way of each element's beam, times mm. Beyond the grid is nothing.

    The detector columns run along the third axis of the grid. Distance driven: De Man and Basu 2004.
    Raises SceneError if the volume is not on the grid or not finite, RecipeError as `shade` does.
    """
    materials = volume.shape[3]
    if volume.shape[:3] != grid.shape or not 1 <= materials <= MOST:
        raise SceneError(
            f"project: found a volume of shape {volume.shape} on a grid of {grid.shape}; "
            f"(x, y, z) of the grid and 1 to {MOST} materials would do"
        )
    shade(grid, views)
    sums = running_sums(volume)
    if not namespace(sums).isfinite(sums[:, :, -1]).all():
        raise SceneError("project: the volume holds numbers that are not finite; a field without NaN would do")
    return cast(sums, grid, views)


def spread(rays: Float32[ndarray, "views columns rows m"], grid: Grid, views: Views) -> Float32[ndarray, "x y z m"]:
    """The adjoint of `project`: <project(v), r> = <v, spread(r)>. Raises as `project` does."""
    materials = rays.shape[3]
    if rays.shape[:3] != (len(views), views.columns, views.rows) or not 1 <= materials <= MOST:
        raise SceneError(
            f"spread: found rays of shape {rays.shape} for {len(views)} views of {views.columns} columns and "
            f"{views.rows} rows; as many, and 1 to {MOST} materials, would do"
        )
    shade(grid, views)
    place = _ways(views, grid)
    xp, kernels = namespace(rays), _kernels(rays)
    sums = xp.empty((len(views), views.columns, views.rows + 2, materials), np.float32)
    kernels.weigh(xp.ascontiguousarray(rays), *place, sums)
    if not xp.isfinite(sums[:, :, -1]).all():
        raise SceneError("spread: the rays hold numbers that are not finite")
    out = xp.zeros((*grid.shape, materials), np.float32)
    for axis in (0, 1):
        kernels.adjoint(sums, *place, lanes(materials), axis, out)
    return out


def shade(grid: Grid, views: Views) -> Float32[ndarray, "views columns rows"]:
    """mm that each element's beam runs through the box of `grid`, roughly.

    Raises RecipeError if a focus lies in the box or has it behind, if the rays miss it, or if a detector leans.
    """
    box = Grid((BOX, BOX, BOX), grid.affine @ _stretch(grid.shape))
    _in_front(views, grid)
    shadow = cast(running_sums(np.ones((BOX, BOX, BOX, 1), np.float32)), box, views)[..., 0]
    if not shadow.any():
        raise RecipeError(
            f"Views: in none of {len(views)} views do rays meet the object, whose grid is centred at "
            f"{grid.world_mm((np.array(grid.shape) - 1) / 2).round(1).tolist()} mm; an isocentre there would do"
        )
    return shadow


def running_sums(volume: Float32[ndarray, "x y z m"]) -> Float32[ndarray, "x y z_and_two m"]:
    """From 0, along z; the last twice, so that whoever stands at the end may look one further."""
    x, y, z, materials = volume.shape
    if namespace(volume) is np:
        sums = np.empty((x, y, z + 2, materials), np.float32)
        accumulate(np.ascontiguousarray(volume), sums)
        return sums
    sums = namespace(volume).zeros((x, y, z + 2, materials), np.float32)
    sums[:, :, 1:-1] = volume.cumsum(axis=2)
    sums[:, :, -1] = sums[:, :, -2]
    return sums


def cast(sums: Float32[ndarray, "x y z_and_two m"], grid: Grid, views: Views) -> Float32[ndarray, "views c r m"]:
    """As `project`, of the running sums of a volume, without a look at whether views and grid go together."""
    sums, filled, grid = _crossed(sums, grid, views)
    x, y, _, materials = sums.shape
    out = namespace(sums).empty((len(views), views.columns, views.rows, materials), np.float32)
    _kernels(sums).forward(sums.reshape(x, y, -1), filled, *_ways(views, grid), lanes(materials), out)
    return out


def _crossed(
    sums: Float32[ndarray, "x y z_and_two m"], grid: Grid, views: Views
) -> tuple[Float32[ndarray, "x y few m"], Bool[ndarray, "x y"], Grid]:
    """The slices that the beams of `views` may cross, near each other in memory, and which columns are not empty."""
    if namespace(sums) is not np:
        return sums, namespace(sums).any(sums, axis=(2, 3)), grid
    low, high = _heights(views.in_cells(grid), grid.shape)
    first = int(np.clip(np.floor(low), 0, grid.shape[2] - 1))
    last = int(np.clip(np.ceil(high), first + 1, grid.shape[2]))
    out, filled = (
        np.empty((*sums.shape[:2], last - first + 2, sums.shape[3]), np.float32),
        np.empty(sums.shape[:2], bool),
    )
    slab(sums, first, out, filled)
    return out, filled, grid.crop((0, 0, first), (*grid.shape[:2], last - first))


def _heights(cells: Views, shape: tuple[int, int, int]) -> tuple[float, float]:
    """Between which all rays stay from the focus to the farthest corner of the grid; of parallel rays anywhere."""
    if not cells.focus[:, 3].all():
        return -np.inf, np.inf
    focus = cells.focus[:, None, :3]
    corners = np.array([(x, y) for x in (0, shape[0]) for y in (0, shape[1])])
    farthest = np.linalg.norm(corners - focus[..., :2], axis=2).max(axis=1)
    nearest = np.linalg.norm(cells.borders[..., :2] - focus[..., :2], axis=2).min(axis=1)
    half = cells.rows / 2 * cells.upward[:, 2]
    ends = np.stack([cells.borders[..., 2].min(axis=1) - abs(half), cells.borders[..., 2].max(axis=1) + abs(half)])
    beyond = focus[:, 0, 2] + (farthest / nearest) * (ends - focus[:, 0, 2])
    return float(min(beyond.min(), focus[..., 2].min())), float(max(beyond.max(), focus[..., 2].max()))


def _ways(
    views: Views, grid: Grid
) -> tuple[Float64[ndarray, "views columns k"], Float64[ndarray, "views 4"], Float64[ndarray, " views"]]:
    """Through the voxels of `grid`: the ways of all columns, the foci, and the heights of an element."""
    cells = _upright(views, grid)
    way = np.empty((len(views), views.columns, upright.WAY))
    upright.ways(cells.focus, cells.borders, np.array(grid.spacing_mm), way)
    return way, cells.focus, np.ascontiguousarray(cells.upward[:, 2])


def _kernels(array: Float32[ndarray, "..."]) -> ModuleType:
    """For the CPU or for the GPU: the array decides."""
    if namespace(array) is np:
        return upright
    from render.kernels import device

    return device


def _upright(views: Views, grid: Grid) -> Views:
    cells = views.in_cells(grid)
    lean = np.abs(cells.upward[:, :2]).max(axis=1)
    if lean.max() > TILT or not cells.upward[:, 2].all():
        raise RecipeError(
            f"Views: the detector of view {lean.argmax()} leans by {lean.max():.3g} voxels an element against the "
            "third axis of the grid; a scene resampled to a grid along the detector's columns would do"
        )
    return cells


def _in_front(views: Views, grid: Grid) -> None:
    """RecipeError unless each focus has the whole box of `grid` in front of it."""
    corners = grid.world_mm(np.indices((2, 2, 2)).reshape(3, -1).T * grid.shape - 0.5)
    focus = views.focus[:, None, :3]
    beam = views.borders.mean(axis=1)[:, None] - focus
    ahead = ((corners - focus) * beam).sum(axis=2).min(axis=1)
    inside = (ahead <= 0) & (views.focus[:, 3] == 1)
    if inside.any():
        view = int(inside.argmax())
        raise RecipeError(
            f"Views: the focus of view {view}, at {views.focus[view, :3].round(1).tolist()} mm, lies inside the object "
            "or has part of it behind; a focus farther away, or a smaller grid, would do"
        )


def _stretch(shape: tuple[int, int, int]) -> Float64[ndarray, "4 4"]:
    """From voxels of a box of BOX^3 to voxels of a grid that fills the same space."""
    scale = np.array(shape) / BOX
    out = np.diag([*scale, 1.0])
    out[:3, 3] = (scale - 1) / 2
    return out
