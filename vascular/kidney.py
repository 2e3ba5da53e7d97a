"""The kidney's trees: segmental and interlobar arteries between the pyramids, arcuate ones over them, then the cortex.

Flow: 360 mL/min per 100 g (Guyton and Hall 2016, table 17-1). The pyramids are closed to arteries and veins of these
sizes, so that they run in the columns and along the border of cortex and medulla; the first ends lie on that border,
the later ones all over the cortex.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator

from simdata import Grid, Growth, Scene, SceneError, Vessels
from simdata.vessels import merge
from vascular.apart import expected, parted, with_room
from vascular.cco import seeds
from vascular.centreline import branched
from vascular.domain import Domain, away_mm, depth_mm
from vascular.organ import (
    blood_mm3_s,
    close_up,
    entered,
    first_of,
    gate,
    passable,
    present,
    spread_mm,
    stem,
    tubes,
)
from vascular.together import grow_together

SIDES = ("right", "left")
KIND = MappingProxyType({"artery": "artery", "vein": "vein"})
ROOT_MMHG = MappingProxyType({"artery": 95.0, "vein": 6.0})
LARGE = MappingProxyType({"artery": ("renal_artery_{}", "aorta"), "vein": ("renal_vein_{}", "inferior_vena_cava")})
CALIBRE_MM = MappingProxyType({"artery": (1.8, 3.0), "vein": (2.4, 4.5)})
"""Radii at the hilum of a kidney of 200 mL; of others by the cube root of the volume."""
USUAL_MM3 = 2e5
BORDER_MM, ARCUATE, COLUMNS, APART_MM = 2.5, 80, 12, 2.0
"""Arcuate vessels lie so near to a pyramid; how many ends they have, and from how many branches; how far
an artery and a vein stay apart at first."""


@dataclass(frozen=True, kw_only=True)
class Kidney(Growth):
    """Grows the arteries and veins of every kidney in view, `terminals` each, from the renal artery and vein.

    blood_ml_min_100ml: flow per 100 mL of kidney. Adds the beds kidney_artery_right, kidney_vein_right and so on.
    Raises SceneError if no kidney is in view, or no renal vessel with it.
    """

    terminals: Annotated[int, Ge(100)] = 2500
    blood_ml_min_100ml: Annotated[float, Gt(0)] = 360.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        sides = [side for side in SIDES if scene.mask(f"kidney_{side}").any()]
        if not sides:
            raise SceneError("Kidney: no kidney is in view; a field of view that holds one would do")
        grown = {}
        for side in sides:
            cortex, pyramids, starts = _kidney(scene, side)
            beds = self.grow(cortex, pyramids, starts, rng)
            grown |= {f"kidney_{name}_{side}": vessels for name, vessels in beds.items()}
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **grown}))

    def grow(
        self, domain: Domain, border: ndarray, starts: Mapping[str, Vessels], rng: Generator
    ) -> dict[str, Vessels]:
        """Both trees in the cortex and the sinus, from where they start. border: demand of the arcuate vessels."""
        flow = dict.fromkeys(starts, blood_mm3_s(domain.volume_mm3, self.blood_ml_min_100ml))
        arcuate = grow_together(domain.spread(border), starts, ARCUATE, flow, rng)
        trees = grow_together(domain, arcuate, self.terminals, flow, rng)
        return parted({name: tree.vessels(ROOT_MMHG[name]) for name, tree in trees.items()})


def _kidney(scene: Scene, side: str) -> tuple[Domain, ndarray, dict[str, Vessels]]:
    """Where vessels may grow in one kidney, the demand of its arcuate vessels, and what its trees start from."""
    view = close_up(scene, [f"kidney_{side}"], "Kidney")
    grid, pyramids = view.grid, view.mask(f"kidney_medulla_{side}")
    cortex = view.mask(f"kidney_{side}") & ~pyramids & ~present(view, [f"kidney_pelvis_{side}", f"kidney_cyst_{side}"])
    sinus = view.mask(f"renal_sinus_fat_{side}")
    size = (np.count_nonzero(cortex | pyramids) * grid.voxel_mm3 / USUAL_MM3) ** (1 / 3)
    taken, stems = pyramids.copy(), {}
    for name, kind in KIND.items():
        large = first_of(view, [structure.format(side) for structure in LARGE[name]], "Kidney")
        door = (sinus if sinus.any() else cortex) & ~taken
        one = gate(door if door.any() else cortex & ~taken, large, grid, [size * mm for mm in CALIBRE_MM[name]])
        stems[name] = stem(one, taken, grid, kind)
        taken |= _near(tubes(stems[name], grid), one.radius_mm + 1, grid)
    return interlobar(cortex, pyramids, sinus, grid, stems)


def interlobar(
    cortex: Bool[ndarray, "x y z"],
    pyramids: Bool[ndarray, "x y z"],
    sinus: Bool[ndarray, "x y z"],
    grid: Grid,
    stems: Mapping[str, Vessels],
) -> tuple[Domain, ndarray, dict[str, Vessels]]:
    """The domain, the demand on the border, and each stem with its branches through the columns to the border."""
    border, starts, taken = _near(pyramids, BORDER_MM + max(grid.spacing_mm), grid) & cortex, {}, pyramids.copy()
    depth = depth_mm(cortex | sinus, grid)
    for name, way in stems.items():
        goals = spread_mm(border & ~taken, COLUMNS, way.points_mm[-1], grid)
        starts[name] = expected(branched(way, goals, passable(depth, np.zeros_like(taken), taken), grid))
        taken |= _near(tubes(starts[name], grid), APART_MM, grid)
    starts = with_room(starts, ~pyramids, grid)
    whole = entered(cortex | sinus, starts.values(), grid, cortex)
    return whole, _like(whole, grid, border), starts


def _near(mask: Bool[ndarray, "x y z"], reach_mm: float, grid: Grid) -> Bool[ndarray, "x y z"]:
    return away_mm(mask, grid) < reach_mm


def _like(domain: Domain, grid: Grid, array: ndarray) -> ndarray:
    """The part of an array that the domain was cut from."""
    corner = np.rint(grid.index(domain.grid.world_mm(np.zeros(3)))).astype(int)
    return array[tuple(slice(a, a + n) for a, n in zip(corner.tolist(), domain.grid.shape, strict=True))]


def shape() -> tuple[Domain, ndarray, dict[str, Vessels]]:
    """A right kidney from formulas: a bent ellipsoid with a sinus and two rows of pyramids. Opens to -x."""
    grid = Grid.regular((80, 72, 140), 0.9)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    bent = x + 8 * (z / 58) ** 2
    bean = (bent / 29) ** 2 + (y / 25) ** 2 + (z / 57) ** 2
    sinus = ((x + 22) / 21) ** 2 + (y / 9) ** 2 + (z / 27) ** 2 < 1
    pyramids = np.zeros(grid.shape, bool)
    for angle in np.radians(np.linspace(-105, 105, 7)):
        for lean in (-0.55, 0.55):
            way = np.array([np.cos(angle), lean * (0.4 + 0.6 * np.cos(angle)), 1.5 * np.sin(angle)])
            length = np.linalg.norm(way)
            way /= length
            tip = np.array([-12, 0, 0]) + way * (11 + 10 * abs(np.sin(angle)))
            off = np.stack([x - tip[0], y - tip[1], z - tip[2]], axis=-1)
            along = off @ way
            across = np.linalg.norm(off - along[..., None] * way, axis=-1)
            pyramids |= (along > 0) & (across < 1.6 + 0.42 * along)
    pyramids &= (bean < 0.62) & ~sinus
    cortex = (bean < 1) & ~pyramids & ~sinus
    stems = {"artery": seeds([(-26.0, 3.5, 5.0)], 2.4, "artery"), "vein": seeds([(-26.0, -4.0, -10.0)], 3.2, "vein")}
    return interlobar(cortex, pyramids, sinus & (x > -30), grid, stems)


def example(rng: Generator) -> Vessels:
    """A kidney without a patient: arteries and veins."""
    return merge(list(Kidney().grow(*shape(), rng).values()))
