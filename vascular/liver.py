"""The liver's four trees: portal vein, hepatic artery and bile duct side by side, hepatic veins between them.

Flow: 95 mL/min per 100 g of liver (Guyton and Hall 2016, table 17-1), 1050 of 1350 mL/min by the portal vein, at 9 mmHg
there and 0 in the hepatic veins (ibid., ch. 71); 600 to 1000 mL of bile a day (ibid., ch. 65).
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

from simdata import Grid, Growth, Scene, Vessels
from simdata.vessels import merge
from vascular.apart import parted, with_room
from vascular.cco import Tree, seeds
from vascular.centreline import branched
from vascular.domain import Domain
from vascular.organ import (
    about_mm,
    beside,
    close_up,
    deepest_mm,
    entered,
    first_of,
    gate,
    passable,
    present,
    stem,
    trunk,
    tubes,
)
from vascular.together import grow_together

PORTAL, ARTERY, DUCT, VEIN = "liver_portal_vein", "liver_artery", "liver_bile_duct", "liver_vein"
FOLLOWS = MappingProxyType({ARTERY: PORTAL, DUCT: PORTAL})
ROOT_MMHG = MappingProxyType({PORTAL: 9.0, ARTERY: 95.0, DUCT: 2.0, VEIN: 0.5})
PER_MINUTE, PER_DAY = 1000 / 60, 1000 / 86400
"""mm3/s of one mL/min and of one mL/day."""
LARGE = MappingProxyType({
    PORTAL: ("portal_vein_and_splenic_vein",), ARTERY: ("hepatic_artery", "celiac_trunk"),
    DUCT: ("common_bile_duct", "gallbladder", "duodenum"), VEIN: ("inferior_vena_cava",),
})  # fmt: skip
"""The large vessel that each goes on from; of several the first that is drawn."""
APART_MM = 4.5
BESIDE_MM = (10.0, 24.0)
"""Artery and duct enter so near to a branch of the portal vein."""
CALIBRE_MM = MappingProxyType({PORTAL: (3.5, 7.0), ARTERY: (1.8, 2.5), DUCT: (1.2, 1.6), VEIN: (5.0, 11.0)})
"""Radii at the porta of a liver of 1.6 L, from the thinnest to the widest; of others by the cube root of the volume."""
USUAL_MM3 = 1.6e6


@dataclass(frozen=True, kw_only=True)
class Liver(Growth):
    """Grows portal vein, hepatic artery, bile ducts and hepatic veins of so many `terminals` each, in the liver.

    They go on from the vessels that the anatomy has: portal_vein_and_splenic_vein with portal_vein_branch,
    hepatic_artery, common_bile_duct, and inferior_vena_cava with hepatic_vein. Flows in mL/min, bile in mL/day, per
    100 mL of liver.
    Adds the beds liver_portal_vein, liver_artery, liver_bile_duct, liver_vein.
    Raises SceneError if the patient has no liver in view, or none of one of these vessels.
    """

    terminals: Annotated[int, Ge(50)] = 1500
    portal_ml_min_100ml: Annotated[float, Gt(0)] = 74.0
    artery_ml_min_100ml: Annotated[float, Gt(0)] = 21.0
    bile_ml_day_100ml: Annotated[float, Gt(0)] = 50.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        view = close_up(scene, ["liver"], "Liver")
        grid, liver = view.grid, view.mask("liver")
        drawn = {PORTAL: present(view, ["portal_vein_branch"]), VEIN: present(view, ["hepatic_vein"])}
        vessels = drawn[PORTAL] | drawn[VEIN]
        glisson = beside(drawn[PORTAL], liver & ~vessels, grid, *BESIDE_MM)
        doors = {**drawn, ARTERY: glisson, DUCT: glisson}
        size = (np.count_nonzero(liver) * grid.voxel_mm3 / USUAL_MM3) ** (1 / 3)
        large = {name: first_of(view, names, "Liver") for name, names in LARGE.items()}
        gates = {name: gate(doors[name], large[name], grid, [size * mm for mm in CALIBRE_MM[name]]) for name in LARGE}
        starts = {name: trunk(gates[name], drawn[name], grid, "vein") for name in (PORTAL, VEIN)}
        depth, nowhere = np.where(liver, about_mm(~liver, grid), 0), np.zeros_like(liver)
        segments = [view.mask(f"liver_segment_{n}") for n in range(1, 9)]
        taken = _wider(drawn[VEIN], grid)
        for name, kind in ((PORTAL, "vein"), (ARTERY, "artery"), (DUCT, "duct")):
            way = starts.get(name) or stem(gates[name], taken, grid, kind)
            goals = deepest_mm([part & ~taken for part in segments], depth, grid)
            starts[name] = branched(way, goals, passable(depth, drawn.get(name, nowhere), taken), grid)
            taken |= _wider(tubes(starts[name], grid), grid)
        between = np.minimum(depth, about_mm(taken, grid))
        goals = deepest_mm([part & ~taken for part in segments], between, grid)
        starts[VEIN] = branched(starts[VEIN], goals, passable(depth, drawn[VEIN], taken), grid)
        starts = with_room({name: starts[name] for name in LARGE}, np.ones_like(liver), grid, home=large)
        domain = entered(liver, starts.values(), grid)
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **self.grow(domain, starts, rng)}))

    def grow(self, domain: Domain, starts: Mapping[str, Vessels], rng: Generator) -> dict[str, Vessels]:
        """The four trees in a domain from where they start, by bed."""
        parts = domain.volume_mm3 / 1e5
        portal, artery = (parts * PER_MINUTE * flow for flow in (self.portal_ml_min_100ml, self.artery_ml_min_100ml))
        flow = {PORTAL: portal, ARTERY: artery, DUCT: parts * PER_DAY * self.bile_ml_day_100ml, VEIN: portal + artery}
        trees = grow_together(domain, starts, self.terminals, flow, rng, follows=FOLLOWS)
        return parted({name: _bed(name, tree) for name, tree in trees.items()})


def _wider(mask: Bool[ndarray, "x y z"], grid: Grid) -> Bool[ndarray, "x y z"]:
    """A mask and what lies within the room that another vessel should leave it."""
    return about_mm(mask, grid) < APART_MM


def _bed(name: str, tree: Tree) -> Vessels:
    """A tree with its pressures; the portal vein flows outwards, against what is usual in a vein."""
    vessels = tree.vessels(ROOT_MMHG[name])
    if name != PORTAL:
        return vessels
    pressure = np.float32(2 * ROOT_MMHG[name]) - vessels.pressure_mmhg
    return replace(vessels, flow_mm3_s=-vessels.flow_mm3_s, pressure_mmhg=pressure)


def shape() -> Domain:
    """A liver from formulas: a large right lobe, a flat left one, an oblique undersurface with a porta."""
    grid = Grid.regular((92, 64, 70), 2.5)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    right = ((x - 38) / 68) ** 2 + (y / 68) ** 2 + ((z + 2) / 78) ** 2
    left = ((x + 30) / 78) ** 2 + ((y - 22) / 46) ** 2 + ((z - 28) / 40) ** 2
    under = -62 + 0.55 * np.maximum(48 - x, 0) + 0.16 * y
    porta = ((x - 12) / 20) ** 2 + ((y + 4) / 14) ** 2 + ((z - under[:, :, :] - 2) / 18) ** 2
    mask = (np.minimum(right, left) < 1) & (z > under) & (porta > 1) & (y < 74)
    return Domain.of_mask(mask, grid)


def example(rng: Generator) -> Vessels:
    """A liver without a patient: all four trees."""
    liver = Liver(terminals=1200)
    starts = {
        PORTAL: seeds([(14.0, -2.0, -14.0)], 6.0, "vein"),
        ARTERY: seeds([(2.0, 8.0, -10.0)], 2.3, "artery"),
        DUCT: seeds([(26.0, 8.0, -16.0)], 2.2, "duct"),
        VEIN: seeds([(14.0, -36.0, 46.0), (-2.0, -16.0, 44.0), (32.0, -46.0, 36.0)], (4.0, 3.6, 4.4), "vein"),
    }
    return merge(list(liver.grow(shape(), starts, rng).values()))
