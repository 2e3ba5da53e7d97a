"""Hydronephrosis: a renal pelvis and its calyces widened by urine that cannot leave, with or without a stone below."""

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.implants.ways import by_height, smooth
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.push import pushed
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.united import united, whole
from phantoms.lesions.urinary_stone import UrinaryStone
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import strokes
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

KIND = Kind("hydronephrosis", "43064006", "Hydronephrosis")


class Look(NamedTuple):
    """often: share of all. pelvis_mm: its width from front to back. calyces: how many are wide, and club_mm: the radius
    of each; deep_mm: how far it goes into the parenchyma."""

    often: float
    pelvis_mm: tuple[float, float]
    calyces: int
    club_mm: float
    deep_mm: float


GRADES = {
    1: Look(0.3, (6.0, 10.0), 0, 0.0, 0.0),
    2: Look(0.35, (10.0, 15.0), 5, 4.0, 0.0),
    3: Look(0.25, (15.0, 22.0), 9, 7.0, 3.0),
    4: Look(0.1, (22.0, 35.0), 11, 11.0, 7.0),
}
"""Grades of the Society for Fetal Urology: 1 pelvis alone, 2 and some calyces, 3 and all of them, 4 with thin
parenchyma; 10 and 15 mm part the first three (Onen 2020, Front Pediatr 8:458). How often, and how calyces widen:
assumed."""
PELVIS, SURFACE = (1.0, 0.9, 1.35), Surface(0.05, 2.0, 4.0)
"""Its shape along x, y and z."""
APART_DEG = 35.0
"""Between two calyces, as seen from the pelvis, at least."""
NECK, PUSHES = 0.45, 0.85
"""Radius of the neck of a calyx by its club's; diameter of what pushes by the pelvis's."""
URETER_MM = (3.5, 5.0)
"""Radius above a stone; 3 mm is the most of a normal one."""
STONE_AT = (0.35, 0.9)
"""How far down the ureter; assumed."""


@dataclass(frozen=True, kw_only=True)
class Hydronephrosis(Growth):
    """The pelvis of one kidney, pelvis_mm from front to back, and its calyces by grade (1 to 4, SFU), full of urine.

    stone_mm: diameter of a stone in the ureter, which is wide above it: a second finding. None for it: no stone, and
    the ureter is slim. None draws the rest; a grade and a pelvis_mm that do not go together are taken as they are.
    Raises SceneError if the patient has no such kidney, or no ureter for a stone.
    """

    side: Literal["left", "right"] = "left"
    grade: Annotated[int, Ge(1), Le(4)] | None = None
    pelvis_mm: Annotated[float, Ge(4), Le(60)] | None = None
    stone_mm: Annotated[float, Ge(2), Le(15)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        grade = int(rng.choice(list(GRADES), p=[one.often for one in GRADES.values()]))
        grade = grade if self.grade is None else self.grade
        some_mm = round(float(rng.uniform(*GRADES[grade].pelvis_mm)), 1)
        pelvis_mm = some_mm if self.pelvis_mm is None else self.pelvis_mm
        structure = f"kidney_pelvis_{self.side}"
        pelvis = scene.grid.world_mm(np.argwhere(host_of(scene, structure, "Hydronephrosis"))).mean(axis=0)

        after = pushed(scene, pelvis, PUSHES * pelvis_mm)
        bag = _bag(after.grid, pelvis, pelvis_mm, rng)
        clubs = _clubs(after, self.side, pelvis, GRADES[grade])
        ureter, stone_mm = self._ureter(after, pelvis, rng)
        room = _room(after)
        urine = whole(kept_in(room, united([bag, *clubs, *ureter])))

        stone = " above a ureteric stone" if self.stone_mm else ""
        where = f"with a {spoken_host(scene, structure)} {pelvis_mm:.0f} mm wide from front to back"
        text = f"grade {grade} hydronephrosis {where}{stone}"
        attributes = {"grade": grade, "pelvis_mm": pelvis_mm, "side": self.side}
        told = with_finding(after, KIND, structure, [Piece(urine, "urine")], text, attributes)
        if not self.stone_mm:
            return told
        return UrinaryStone(structure=f"ureter_{self.side}", diameter_mm=self.stone_mm, centre_mm=stone_mm)(told, rng)

    def _ureter(
        self, scene: Scene, pelvis: Float[ndarray, " 3"], rng: Generator
    ) -> tuple[list[Filling], tuple[float, float, float] | None]:
        """What is wide of the ureter, and where the stone lies."""
        down, radius_mm = float(rng.uniform(*STONE_AT)), float(rng.uniform(*URETER_MM))
        if not self.stone_mm:
            return [], None
        places = scene.grid.world_mm(np.argwhere(host_of(scene, f"ureter_{self.side}", "Hydronephrosis")))
        line = by_height(places)[::-1]
        line = line[: max(2, round(down * len(line)))]
        way = smooth(np.vstack([pelvis, line]))
        radii = np.full((len(way) - 1, 2), radius_mm)
        x, y, z = line[-1].tolist()
        return [strokes(scene.grid, way[:-1], way[1:], radii)], (x, y, z)


def _bag(grid: Grid, middle: Float[ndarray, " 3"], pelvis_mm: float, rng: Generator) -> Filling:
    """The pelvis itself, so wide from front to back."""
    size = np.array(PELVIS) / PELVIS[1] * pelvis_mm
    return lump(grid, middle, float(np.cbrt(size.prod())), rng, SURFACE, PELVIS).filled()


def _clubs(scene: Scene, side: str, pelvis: Float[ndarray, " 3"], look: Look) -> list[Filling]:
    """Calyces: necks from the pelvis to where it cups the pyramids, and clubs there."""
    names = {one.name for one in scene.structures.values()}
    medulla = f"kidney_medulla_{side}"
    pyramids = scene.mask(medulla) if medulla in names else np.zeros(scene.grid.shape, bool)
    host = pyramids if pyramids.any() else scene.mask(f"kidney_{side}") & ~scene.mask(f"kidney_pelvis_{side}")
    ends = _papillae(scene.grid.world_mm(np.argwhere(host)), pelvis, look.calyces)
    if not len(ends):
        return []
    out = ends + look.deep_mm * (ends - pelvis) / np.linalg.norm(ends - pelvis, axis=1, keepdims=True)
    necks, clubs = (np.full((len(out), 2), share * look.club_mm) for share in (NECK, 1.0))
    from_pelvis = strokes(scene.grid, np.tile(pelvis, (len(out), 1)), out, necks)
    return [from_pelvis, strokes(scene.grid, out, out + 1e-3, clubs)]


def _papillae(pyramids: Float[ndarray, "n 3"], pelvis: Float[ndarray, " 3"], count: int) -> Float[ndarray, "k 3"]:
    """The place nearest to the pelvis in each of so many directions, as far from each other as there are."""
    away_mm = np.linalg.norm(pyramids - pelvis, axis=1)
    heading = (pyramids - pelvis) / np.maximum(away_mm, 1e-6)[:, None]
    chosen = [heading[away_mm.argmax()]]
    while len(chosen) < count:
        nearest = np.max(heading @ np.array(chosen).T, axis=1)
        if nearest.min() > np.cos(np.radians(APART_DEG)):
            break
        chosen.append(heading[nearest.argmin()])
    near = [np.where(heading @ one > np.cos(np.radians(APART_DEG / 2)), away_mm, np.inf) for one in chosen[:count]]
    return np.array([pyramids[one.argmin()] for one in near]).reshape(-1, 3)


def _room(scene: Scene) -> Bool[ndarray, "x y z"]:
    """What gives way to urine: all of the patient but bone, blood and findings."""
    firm = np.isin(scene.tissue, [tissues()[name] for name in ("cortical_bone", "spongy_bone", "blood")])
    return (scene.labels > 0) & (scene.labels < FIRST_FINDING_ID) & ~firm
