"""The way of a beam over an eye that moves: where each line of a picture fell on the eye at rest."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from scipy.spatial import KDTree

from render.oct.echoes import Echoes, changed
from simdata import Grid, Scene, Vessels


@dataclass(frozen=True, eq=False)
class Way:
    """What a scan in lines along x passes over, and when.

    picture: grid of its pixels; grid: of as large pixels over all that it passed, with the eye at rest.
    index: (x, y, 2) place of every pixel of the picture in `grid`.
    same: (y,) share of its field that a line keeps to the next visit.
    """

    picture: Grid
    grid: Grid
    index: Float[ndarray, "x y 2"]
    same: Float[ndarray, " y"]

    def seen(self, resting: Echoes) -> Echoes:
        """What is measured of an eye of which `resting`, on `grid`, would be measured at rest."""
        power, change = self._between(resting.power), self._between(resting.change)
        moved = 2 * power - self.same.astype(np.float32)[None, :, None] * (2 * power - change)
        return replace(resting, data=changed(power, moved), grid=self.picture, slab=self.nearest(resting.slab))

    def nearest(self, resting: Shaped[ndarray, "X Y *z"]) -> Shaped[ndarray, "x y *z"]:
        """Labels and masks on `grid`, as the picture shows them."""
        x, y = np.moveaxis(np.rint(self.index).astype(int), -1, 0)
        return resting[x, y]

    def moved(self, vessels: Vessels) -> Vessels:
        """Vessels where the picture shows them: each point in the pixel that fell nearest to it."""
        at = self.grid.index(vessels.points_mm)
        _, pixel = KDTree(self.index.reshape(-1, 2)).query(at[:, :2])
        x, y = np.unravel_index(pixel, self.index.shape[:2])
        at[:, :2] += np.stack([x, y], axis=-1) - self.index[x, y]
        at[:, 2] = self.picture.index(vessels.points_mm)[:, 2]
        return replace(vessels, points_mm=self.picture.world_mm(at).astype(np.float32))

    def _between(self, resting: Float[ndarray, "X Y z"]) -> Float[ndarray, "x y z"]:
        """Linearly between pixels."""
        low = np.minimum(np.floor(self.index).astype(int), np.array(resting.shape[:2]) - 2)
        right, up = np.moveaxis((self.index - low).astype(np.float32), -1, 0)[..., None]
        x, y = np.moveaxis(low, -1, 0)
        left = (1 - up) * resting[x, y] + up * resting[x, y + 1]
        return (1 - right) * left + right * ((1 - up) * resting[x + 1, y] + up * resting[x + 1, y + 1])


def way(scene: Scene, picture: Grid, line_s: float, visit_s: float, radius_mm: float) -> Way:
    """Over a scene that moves, by a beam of that radius: a line each line_s, visited again after visit_s.

    What the wall moves by meanwhile leaves the share exp(-(m / radius)^2) of the field, as with blood
    (render.oct.flow).
    """
    x, y = np.meshgrid(*(np.arange(n) for n in picture.shape[:2]), indexing="ij")
    places = picture.world_mm(np.stack([x, y, np.zeros_like(x)], axis=-1))
    at, again = (
        np.stack([scene.motion.rest_mm(places[:, j], scene.grid, j * line_s + t) for j in range(picture.shape[1])], 1)
        for t in (0.0, visit_s)
    )
    between_mm = np.linalg.norm(again - at, axis=-1).mean(axis=0)
    index = picture.index(at)[..., :2]
    before = np.maximum(np.ceil(-index.min(axis=(0, 1))), 0).astype(int)
    beyond = np.maximum(np.ceil(index.max(axis=(0, 1)) + 1 - picture.shape[:2]), 0).astype(int)
    columns, rows = (np.array(picture.shape[:2]) + before + beyond).tolist()
    left, below = (-before).tolist()
    wide = picture.crop((left, below, 0), (columns, rows, 1))
    return Way(picture, wide, index + before, np.exp(-((between_mm / radius_mm) ** 2)))
