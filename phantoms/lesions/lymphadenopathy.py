"""An enlarged lymph node of the mediastinum or a hilum: a bean beside an airway, at a station of the IASLC map."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Lump, Surface, lump
from phantoms.lesions.push import pushed
from phantoms.lesions.room import box_around, host_of, kept_in
from phantoms.lesions.shells import shell
from phantoms.pieces import Kind, Piece, with_finding
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("lymphadenopathy", "30746006", "Lymphadenopathy")
Station = Literal["2R", "4R", "4L", "5", "7", "10R", "10L"]
STATIONS: dict[Station, tuple[float, tuple[float, float, float], str]] = {
    "2R": (0.08, (13.0, 4.0, 45.0), "upper paratracheal"),
    "4R": (0.30, (15.0, 8.0, 16.0), "lower paratracheal"),
    "4L": (0.12, (-15.0, 0.0, 10.0), "lower paratracheal"),
    "5": (0.08, (-28.0, 14.0, 4.0), "subaortic"),
    "7": (0.26, (0.0, -3.0, -20.0), "subcarinal"),
    "10R": (0.09, (34.0, 2.0, -14.0), "hilar"),
    "10L": (0.07, (-36.0, 0.0, -16.0), "hilar"),
}
"""How often, where from the carina (right, front, up, mm), and its name: Rusch et al. 2009, J Thorac Oncol 4:568; the
distances and shares are ours."""
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 15.0, 0.28, 10.0, 38.0
"""Short axis: from 10 mm on it is enlarged (Munden et al. 2018, J Am Coll Radiol 15:1087); the distribution is ours."""
LONGER = (1.25, 1.0, 1.5)
"""Axes by the short one: across, from front to back, and along the airway."""
ROUND = Surface(0.05, 1.5, 3.5)
HILUM, ASIDE = 0.4, 0.42
"""Fat at its hilum: diameter by the short axis, and how far from the middle."""
FATTY_TO_MM = 14.0
"""Larger nodes have lost the fat of their hilum; assumed."""
FAR_MM = 25.0
Chalk = Literal["none", "eggshell", "diffuse"]
CALCIFIED = 0.12
RIND_MM, CHALK_DENSITY = 2.0, 0.9


@dataclass(frozen=True, kw_only=True)
class Lymphadenopathy(Growth):
    """An enlarged node whose short axis in an axial slice is `short_axis_mm`, which pushes aside what lies around it.

    station: of the IASLC map. calcification: "eggshell" as of silicosis, "diffuse" as of old tuberculosis.
    None draws. Raises SceneError if the patient has no trachea with its bifurcation, or no mediastinal fat near there.
    """

    station: Station | None = None
    short_axis_mm: Annotated[float, Ge(5), Le(60)] | None = None
    calcification: Chalk | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        weight = np.array([share for share, _, _ in STATIONS.values()])
        drawn = list(STATIONS)[int(rng.choice(len(weight), p=weight / weight.sum()))]
        station = drawn if self.station is None else self.station
        some_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        short_mm = round(some_mm, 1) if self.short_axis_mm is None else self.short_axis_mm
        old: Chalk = ("eggshell" if rng.random() < 0.5 else "diffuse") if rng.random() < CALCIFIED else "none"
        chalk = old if self.calcification is None else self.calcification

        middle = _nearest(scene, _carina_mm(scene) + np.array(STATIONS[station][1]), station)
        diameter_mm = short_mm * float(np.cbrt(np.prod(LONGER)))
        after = pushed(scene, middle, diameter_mm * 1.1)
        host = host_of(after, "mediastinum", "Lymphadenopathy")
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, ROUND, LONGER), host, scene.grid, diameter_mm)
        pieces = [
            Piece(kept_in(host, body.filled()), "lymph_node"),
            *_inside(scene.grid, body, middle, short_mm, chalk, rng),
        ]
        pieces[1:] = [Piece(kept_in(host, one.filling), one.tissue, one.density) for one in pieces[1:]]

        said = "enlarged" if chalk == "none" else f"enlarged {chalk}-calcified".replace("diffuse-", "")
        side = {"R": "right ", "L": "left "}.get(station[-1], "")
        text = f"{said} {side}{STATIONS[station][2]} lymph node (station {station}), {short_mm:.0f} mm in short axis"
        attributes = {"short_axis_mm": short_mm, "station": station, "calcification": chalk}
        return with_finding(after, KIND, "mediastinum", pieces, text, attributes)


def _carina_mm(scene: Scene) -> Float[ndarray, " 3"]:
    """Where the trachea forks: the middle of the uppermost voxels of both main bronchi."""
    tops = []
    for side in ("left", "right"):
        voxels = np.argwhere(host_of(scene, f"main_bronchus_{side}", "Lymphadenopathy"))
        upper = voxels[voxels[:, 2] >= voxels[:, 2].max() - 1]
        tops.append(scene.grid.world_mm(upper).mean(axis=0))
    return np.mean(tops, axis=0)


def _nearest(scene: Scene, wished_mm: Float[ndarray, " 3"], station: Station) -> Float[ndarray, " 3"]:
    """The place in mediastinal fat that lies nearest to where a station is."""
    block = box_around(scene.grid, wished_mm, FAR_MM)
    own = [id for id, one in scene.structures.items() if one.name == "mediastinum"]
    fat = np.argwhere(np.isin(scene.labels[block], own))
    if not len(fat):
        raise SceneError(
            f"Lymphadenopathy: found no mediastinal fat within {FAR_MM:g} mm of station {station}; another would do"
        )
    places = scene.grid.world_mm(fat + [side.start for side in block])
    return places[np.linalg.norm(places - wished_mm, axis=1).argmin()]


def _inside(
    grid: Grid, body: Lump, middle: Float[ndarray, " 3"], short_mm: float, chalk: Chalk, rng: Generator
) -> list[Piece]:
    if chalk == "eggshell":
        return [Piece(shell(body.filled(), body.filled(grown_mm=-RIND_MM)), "calcification", CHALK_DENSITY)]
    if chalk == "diffuse":
        return [Piece(body.filled(scale=0.75), "calcification", CHALK_DENSITY)]
    if short_mm > FATTY_TO_MM:
        return []
    aside = np.array([np.sign(rng.random() - 0.5), 0.0, 0.0]) * ASIDE * LONGER[0] * short_mm
    fat = lump(grid, middle + aside, HILUM * short_mm, rng, ROUND)
    return [Piece(fat.filled(), "adipose")]
