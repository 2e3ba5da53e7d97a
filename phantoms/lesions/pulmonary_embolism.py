"""Pulmonary embolism: clot in the arteries of the lung, which contrast agent flows around: saddle, lobar, segmental."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.artery_ways import along, astride
from phantoms.lesions.lungs import LOBES
from phantoms.lesions.room import kept_in
from phantoms.lesions.united import whole
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import strokes
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene, present_ids
from simdata.spoken import spoken
from simdata.tissues import tissues
from simdata.vessels import Vessels

KIND = Kind("pulmonary embolism", "59282003", "Pulmonary embolism")
Level = Literal["saddle", "lobar", "segmental"]
LEVELS: dict[Level, float] = {"saddle": 0.06, "lobar": 0.5, "segmental": 0.44}
"""How often: saddle emboli are 3 to 6 % (Ryu et al. 2007, Crit Care Med 35:1537); the rest is ours."""
BED, SEGMENTAL_MM = "lung_artery", (1.2, 3.2)
"""Radii of grown arteries that are segmental or a step below."""
OPEN = (0.55, 0.92)
"""Radius of a clot by that of its artery; from OCCLUDES on it closes it."""
OCCLUDES = 0.85
LENGTH_MM: dict[Level, tuple[float, float]] = {"saddle": (40.0, 70.0), "lobar": (15.0, 35.0), "segmental": (8.0, 20.0)}
CLOT_DENSITY = 0.98
WAVY = 0.12


@dataclass(frozen=True, kw_only=True)
class PulmonaryEmbolism(Growth):
    """A clot of `length_mm` in the pulmonary trunk ("saddle"), an artery of a lobe or, if lungs have grown their trees
    (vascular.lung.Lung), a segmental one.

    structure: a lobe, for lobar and segmental ones. filling: radius of the clot by that of the lumen. None draws.
    Contrast agent shows it, as it holds none. Raises SceneError if the patient has no such artery.
    """

    level: Level | None = None
    structure: str | None = None
    filling: Annotated[float, Ge(0.3), Le(1)] | None = None
    length_mm: Annotated[float, Gt(2), Le(150)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        level = self._level(scene, rng)
        share = round(float(rng.uniform(*OPEN)), 2) if self.filling is None else self.filling
        length_mm = round(float(rng.uniform(*LENGTH_MM[level]))) if self.length_mm is None else self.length_mm
        if level == "segmental":
            structure, way, radius = _branch(scene, self.structure, length_mm, rng)
            host = _lobe(scene, structure)
        else:
            structure = "pulmonary_artery" if level == "saddle" else _artery(scene, self.structure, rng)
            host = _named(scene, structure)
            host &= scene.tissue == tissues()["blood"]
            saddle = level == "saddle"
            way, radius = astride(scene.grid, host, length_mm) if saddle else along(scene.grid, host, length_mm, rng)
        wave = 1 + WAVY * np.clip(rng.standard_normal(len(radius)), -1.5, 1.5)
        thick = np.maximum(share * radius * wave, 0.6)
        ends = np.arange(max(len(way) - 1, 1))  # one point alone, in a short artery of coarse voxels, makes a ball
        nexts = np.minimum(ends + 1, len(way) - 1)
        chain = strokes(scene.grid, way[ends], way[nexts], np.stack([thick[ends], thick[nexts]], axis=1))
        clot = whole(kept_in(host, chain))

        closes = "occlusive" if share >= OCCLUDES else "non-occlusive"
        where = _where(scene, level, structure)
        text = f"{closes} {level} pulmonary embolism {where}"
        attributes = {"level": level, "length_mm": float(length_mm), "filling": share, "form": closes}
        return with_finding(scene, KIND, structure, [Piece(clot, "haematoma", CLOT_DENSITY)], text, attributes)

    def _level(self, scene: Scene, rng: Generator) -> Level:
        weight = np.array([LEVELS[one] if one != "segmental" or _grown(scene) else 0.0 for one in LEVELS])
        drawn = list(LEVELS)[int(rng.choice(len(weight), p=weight / weight.sum()))]
        if self.level == "segmental" and not _grown(scene):
            raise SceneError(
                "PulmonaryEmbolism: found no grown arteries of the lungs for a segmental one; vascular.lung.Lung and "
                'phantoms.filled_vessels.FilledVessels before it, or level "lobar", would do'
            )
        return drawn if self.level is None else self.level


def _where(scene: Scene, level: Level, structure: str) -> str:
    """As one dictates it: an artery of a lobe goes by its lobe."""
    if level == "saddle":
        return "at the bifurcation of the pulmonary trunk"
    host = next(one for one in scene.structures.values() if one.name == structure)
    lobe = scene.structures[host.parent] if structure.startswith("lung_artery") else host
    return f"in {'the' if level == 'lobar' else 'an'} artery of the {spoken(lobe)}"


def _grown(scene: Scene) -> list[Vessels]:
    return [vessels for bed, vessels in scene.vessels.items() if bed.startswith(BED)]


def _named(scene: Scene, structure: str) -> Bool[ndarray, "x y z"]:
    ids = [id for id, one in scene.structures.items() if one.name == structure]
    host = np.isin(scene.labels, ids)
    if not host.any():
        raise SceneError(
            f"PulmonaryEmbolism: found no voxel of '{structure}' in this patient; a torso's chest would do"
        )
    return host


def _lobe(scene: Scene, structure: str) -> Bool[ndarray, "x y z"]:
    return scene.mask(structure) & (scene.tissue == tissues()["blood"])


def _artery(scene: Scene, lobe: str | None, rng: Generator) -> str:
    """The name of the artery of a lobe."""
    present = {scene.structures[id].name for id in present_ids(scene.labels) if id}
    names = [name.replace("lung_", "lung_artery_").replace("middle_lobe_right", "middle_lobe") for name in LOBES]
    wished = dict(zip(LOBES, names, strict=True)).get(lobe, lobe) if lobe else None
    here = [name for name in names if name in present and wished in (None, name)]
    if not here:
        raise SceneError(f"PulmonaryEmbolism: found no artery of {lobe or 'any lobe'}; a torso's chest would do")
    return here[int(rng.integers(len(here)))]


def _branch(
    scene: Scene, lobe: str | None, length_mm: float, rng: Generator
) -> tuple[str, Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """A lobe, and points and radii along a grown artery of it, from a segmental one downstream."""
    lobes = {name for name in LOBES if lobe in (None, name)}
    tries = []
    for vessels in _grown(scene):
        points = vessels.points_mm.astype(float)
        voxel = np.rint(scene.grid.index(points)).astype(int).clip(0, np.array(scene.grid.shape) - 1)
        hosts = scene.labels[tuple(voxel.T)]
        fits = (vessels.radius_mm > SEGMENTAL_MM[0]) & (vessels.radius_mm < SEGMENTAL_MM[1])
        tries += [(vessels, int(at), int(hosts[at])) for at in np.flatnonzero(fits)]
    named = [(v, at, next((n for n in scene.lineage(h) if n in lobes), "")) for v, at, h in tries]
    named = [one for one in named if one[2]]
    if not named:
        raise SceneError(
            f"PulmonaryEmbolism: found no segmental artery in {lobe or 'any lobe'}; level 'lobar' would do"
        )
    vessels, at, name = named[int(rng.integers(len(named)))]
    way, gone_mm = [at], 0.0
    while gone_mm < length_mm and vessels.parent[way[-1]] >= 0:
        up = int(vessels.parent[way[-1]])
        gone_mm += float(np.linalg.norm(vessels.points_mm[up] - vessels.points_mm[way[-1]]))
        way.append(up)
    return name, vessels.points_mm[way].astype(float), vessels.radius_mm[way].astype(float)
