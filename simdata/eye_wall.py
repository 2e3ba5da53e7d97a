"""The wall of an eye as surfaces: how deep below its inner surface each layer ends, everywhere."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from numpy import ndarray

from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.scene import Scene
from simdata.structures import Structure


def layer(structure: Structure) -> str:
    """The name of a structure without its side."""
    return structure.name.removesuffix(f"_{structure.laterality}") if structure.laterality else structure.name


def laterality(scene: Scene) -> str:
    """Which eye it is, "" if it is none."""
    number = int(scene.labels[0, 0, 0])
    return scene.structures[number].laterality if number else ""


def floor_mm(scene: Scene, layers: Collection[str]) -> Float64[ndarray, "x y"]:
    """Depth below the inner surface at which the last of `layers` ends in each column of the wall; 0 where none lies.

    The third axis of the grid runs into the wall. Raises SceneError if the wall ends in one of them: it is not known
    how deep they reach.
    """
    among = np.zeros(int(scene.labels.max()) + 1, bool)
    among[[id for id, one in scene.structures.items() if layer(one) in layers and id < len(among)]] = True
    below = scene.labels[..., -1]
    if among[below].any():
        name = layer(scene.structures[int(below[among[below]][0])])
        deep_mm = scene.grid.shape[2] * scene.grid.spacing_mm[2]
        raise SceneError(f"floor_mm: the wall of the eye ends in {name}, after {deep_mm:g} mm; a deeper wall would do")
    last = np.array([_last(among[plane]) for plane in scene.labels])
    return last * scene.grid.spacing_mm[2]


def over(surface_mm: Float64[ndarray, "x y"], grid: Grid, places_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
    """The surface at any places: linear between the columns of `grid`, constant beyond."""
    from scipy.ndimage import map_coordinates

    index = np.moveaxis(grid.index(places_mm), -1, 0)[:2]
    return map_coordinates(surface_mm, index, order=1, mode="nearest")


def _last(inside: Bool[ndarray, "y z"]) -> Int[ndarray, " y"]:
    """1 + the last place that is inside, 0 where none is."""
    return np.where(inside.any(axis=1), inside.shape[1] - inside[:, ::-1].argmax(axis=1), 0)
