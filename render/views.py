"""Where the focus and the detector stand in every view: any path around the patient, and the usual ones.

At angle 0 the focus is in front of the patient; it turns towards his right. The rays of a view run along
(sin, -cos, 0), the columns of its detector follow each other along (cos, sin, 0), the rows from feet to head.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64
from numpy import ndarray

from simdata import Grid, RecipeError, SceneError


@dataclass(frozen=True, eq=False)
class Views:
    """Focus and detector of every view, in mm of the patient (RAS+). Columns of elements are straight, rows may bend.

    focus: (views, 4) homogeneous: the place (x, y, z, 1), or the direction (x, y, z, 0) of one infinitely far away.
    borders: (views, columns + 1, 3) halfway up, where each column of the detector begins and the last one ends.
    upward: (views, 3) from an element to the next of its column. rows: how many.
    Raises RecipeError if a number is not finite, or the arrays do not belong together.
    """

    focus: Float64[ndarray, "views 4"]
    borders: Float64[ndarray, "detectors columns_and_one 3"]
    upward: Float64[ndarray, "directions 3"]
    rows: int

    def __post_init__(self) -> None:
        views = len(self.focus)
        if views < 1 or self.rows < 1 or self.borders.shape[1] < 2 or {len(self.borders), len(self.upward)} != {views}:
            raise RecipeError(
                f"Views: found {views} foci, {len(self.borders)} detectors of {self.borders.shape[1] - 1} columns and "
                f"{self.rows} rows, {len(self.upward)} directions; as many of each, and one element at least, would do"
            )
        for name in ("focus", "borders", "upward"):
            lost = ~np.isfinite(getattr(self, name)).reshape(views, -1).all(axis=1)
            if lost.any():
                raise RecipeError(f"Views: {name} of view {lost.argmax()} is not finite; numbers in mm would do")

    def __len__(self) -> int:
        return len(self.focus)

    @property
    def columns(self) -> int:
        """Of the detector."""
        return self.borders.shape[1] - 1

    def __getitem__(self, which: slice) -> "Views":
        return Views(self.focus[which], self.borders[which], self.upward[which], self.rows)

    def moved(self, by_mm: Float[ndarray, "3"]) -> "Views":
        """The same scanner, elsewhere."""
        focus = self.focus.copy()
        focus[:, :3] += focus[:, 3:] * by_mm
        return Views(focus, self.borders + by_mm, self.upward, self.rows)

    def placed(self, pose: Float[ndarray, "views_or_one 4 4"]) -> "Views":
        """The same scanner, each of its views moved and turned by its own pose, or all by one."""
        turn, shift = pose[:, :3, :3].transpose(0, 2, 1), pose[:, :3, 3]
        focus = self.focus.copy()
        focus[:, :3] = (self.focus[:, None, :3] @ turn)[:, 0] + self.focus[:, 3:] * shift
        return Views(focus, self.borders @ turn + shift[:, None], (self.upward[:, None] @ turn)[:, 0], self.rows)

    def refocused(self, across_mm: float, up_mm: float) -> "Views":
        """The same detectors from another place of the focal spot, moved along their columns' and rows' directions."""
        across, up = self.borders[:, -1] - self.borders[:, 0], self.upward
        focus = self.focus.copy()
        for direction, mm in ((across, across_mm), (up, up_mm)):
            focus[:, :3] += focus[:, 3:] * mm * direction / np.linalg.norm(direction, axis=1, keepdims=True)
        return Views(focus, self.borders, self.upward, self.rows)

    def over_spot(self, spot_mm: tuple[float, float], smear: Float[ndarray, "2"]) -> list["Views"]:
        """The same from places all over a focal spot, so many that none moves a shadow by an element.

        smear: elements, across and up, over which the whole spot spreads the shadow of a point.
        """
        wide, high = ((np.arange(n) + 0.5) / n - 0.5 for n in np.maximum(np.ceil(smear), 1).astype(int))
        return [self.refocused(x * spot_mm[0], y * spot_mm[1]) for x in wide.tolist() for y in high.tolist()]

    def in_cells(self, grid: Grid) -> "Views":
        """In voxels of `grid`, where cell (i, j, k) reaches from (i, j, k) to (i + 1, j + 1, k + 1)."""
        to_index = np.linalg.inv(grid.affine)
        turn, shift = to_index[:3, :3].T, to_index[:3, 3] + 0.5
        focus = np.column_stack([self.focus[:, :3] @ turn + self.focus[:, 3:] * shift, self.focus[:, 3]])
        return Views(focus, self.borders @ turn + shift, self.upward @ turn, self.rows)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A flat detector: columns x rows elements of column_mm x row_mm."""

    columns: int
    rows: int
    column_mm: float
    row_mm: float

    def outline(self, source_to_detector_mm: float) -> Float64[ndarray, "columns_and_one 2"]:
        """Where each column begins: mm across, and mm from the focus along the middle ray."""
        across = self.column_mm * (np.arange(self.columns + 1) - self.columns / 2)
        return np.column_stack([across, np.full_like(across, source_to_detector_mm)])


@dataclass(frozen=True, kw_only=True)
class Arc:
    """A detector bent around the focus, as in a CT scanner: columns x rows elements, column_mm wide along the arc."""

    columns: int
    rows: int
    column_mm: float
    row_mm: float

    def outline(self, source_to_detector_mm: float) -> Float64[ndarray, "columns_and_one 2"]:
        """Where each column begins: mm across, and mm from the focus along the middle ray."""
        fan = self.column_mm / source_to_detector_mm * (np.arange(self.columns + 1) - self.columns / 2)
        return source_to_detector_mm * np.column_stack([np.sin(fan), np.cos(fan)])


@dataclass(frozen=True, eq=False)
class Orbit:
    """Cone beams around the z axis. height_mm: z of the focus, one for all (a circle) or one a view (a helix)."""

    view_rad: Float64[ndarray, " views"]
    detector: Panel | Arc
    source_to_isocentre_mm: float
    source_to_detector_mm: float
    height_mm: float | Float64[ndarray, " views"] = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.source_to_isocentre_mm < self.source_to_detector_mm:
            raise RecipeError(
                f"Orbit: the focus is {self.source_to_isocentre_mm} mm from the axis and {self.source_to_detector_mm} "
                "mm from the detector; 0 < source_to_isocentre_mm < source_to_detector_mm would do"
            )

    @property
    def heights_mm(self) -> Float64[ndarray, " views"]:
        """Of every view."""
        return np.broadcast_to(np.asarray(self.height_mm, float), self.view_rad.shape)

    @property
    def views(self) -> Views:
        """Focus and detector of every view."""
        across, beam = _frame(self.view_rad)
        focus = self.heights_mm[:, None] * [0.0, 0.0, 1.0] - self.source_to_isocentre_mm * beam
        outline = self.detector.outline(self.source_to_detector_mm)
        borders = focus[:, None] + outline[:, :1] * across[:, None] + outline[:, 1:] * beam[:, None]
        place = np.column_stack([focus, np.ones(len(focus))])
        return Views(place, borders, _upward(self.view_rad, self.detector), self.detector.rows)


def check_belongs(rays: Float32[ndarray, "v c r"], orbit: Orbit, grid: Grid, where: str) -> None:
    """SceneError, naming `where`, if the rays are not those of the orbit or the grid is turned."""
    detector, views = orbit.detector, len(orbit.view_rad)
    if rays.shape != (views, detector.columns, detector.rows):
        raise SceneError(
            f"{where}: found rays of shape {rays.shape} of an orbit of {views} views of {detector.columns} columns and "
            f"{detector.rows} rows; the rays of that orbit would do"
        )
    turn = grid.affine[:3, :3]
    if not np.allclose(turn, np.diag(np.diag(turn)), atol=1e-6):
        raise SceneError(f"{where}: the grid does not lie along the axes of the patient; one of Grid.regular would do")


def parallel(view_rad: Float64[ndarray, " views"], detector: Panel) -> Views:
    """Parallel beams across the z axis."""
    across, beam = _frame(view_rad)
    borders = detector.outline(0.0)[:, :1] * across[:, None]
    return Views(np.column_stack([-beam, np.zeros(len(beam))]), borders, _upward(view_rad, detector), detector.rows)


def _frame(view_rad: Float64[ndarray, " views"]) -> tuple[Float64[ndarray, "views 3"], Float64[ndarray, "views 3"]]:
    """Across the detector, and along the middle ray."""
    c, s, nothing = np.cos(view_rad), np.sin(view_rad), np.zeros(len(view_rad))
    return np.column_stack([c, s, nothing]), np.column_stack([s, -c, nothing])


def _upward(view_rad: Float64[ndarray, " views"], detector: Panel | Arc) -> Float64[ndarray, "views 3"]:
    return np.tile([0.0, 0.0, detector.row_mm], (len(view_rad), 1))
