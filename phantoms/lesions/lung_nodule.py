"""A nodule of the lung: solid, part-solid, ground-glass, calcified or cavitating; smooth, lobulated or spiculated."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import maximum_filter, minimum_filter

from phantoms.filling import Filling
from phantoms.lesions.darts import somewhere
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Lump, Surface, lump
from phantoms.lesions.lungs import boxed, lung_density, parenchyma, some_lobe
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.shells import lakes, shell
from phantoms.lesions.sizes import Sizes
from phantoms.lesions.spicules import spicules, tags
from phantoms.lesions.united import united, whole
from phantoms.pieces import Kind, Piece, with_finding
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("lung nodule", "786838002", "Nodule of lung")
SIZES = Sizes(8.0, 0.45, 4.0, 30.0)
"""Screening finds more small ones than large: median of some 6 mm for all, 8 mm for those that are followed up, and
above 30 mm it is a mass (MacMahon et al. 2017, Radiology 284:228); the distribution is ours."""

Form = Literal["solid", "part_solid", "ground_glass", "calcified", "cavitating"]
FORMS: dict[Form, float] = {
    "solid": 0.58, "calcified": 0.16, "part_solid": 0.10, "ground_glass": 0.11, "cavitating": 0.05,
}  # fmt: skip
"""How often. Part-solid 4 to 6 % and ground glass 3 to 16 % of screened nodules (Henschke et al. 2002, AJR 178:1053;
McWilliams et al. 2013, NEJM 369:910); rounded up so that training sees enough of them."""
Margin = Literal["smooth", "lobulated", "spiculated"]
MARGINS: dict[Margin, Surface] = {
    "smooth": Surface(0.035, 2.0, 4.0),
    "lobulated": Surface(0.15, 3.5, 6.0),
    "spiculated": Surface(0.12, 3.0, 8.0),
}
Chalk = Literal["central", "laminated", "popcorn", "diffuse"]
CHALKS: tuple[Chalk, ...] = ("central", "laminated", "popcorn", "diffuse")
"""The four patterns that speak for a benign nodule (Webb 1990, Radiology 177:225)."""
GLASS_HU, CORE, CAVITY = (-640.0, -480.0), (0.35, 0.7), (0.45, 0.75)
"""Ground glass on CT; diameter of the solid core, and of the cavity, by that of the nodule. Assumed."""
CHALK_DENSITY = {"central": 0.95, "laminated": 0.95, "popcorn": 0.85, "diffuse": 0.75}
"""Of that of pure chalk, so that it has 350 to 700 HU."""
RINGS = ((0.92, 0.76), (0.58, 0.4))
TAG_REACH_MM, TAG_COUNT = 22.0, 2
THICK_MM = 5.0
"""Vessels and airways as thick as this are no room for a nodule; thinner ones run into it."""
ROUNDS = 4


@dataclass(frozen=True, kw_only=True)
class LungNodule(Growth):
    """One nodule of `diameter_mm` (of the sphere of equal volume, spicules and tags included) in a lobe.

    calcification: the pattern where form is "calcified". pleural_tags: strands to the pleura if that is within 22 mm.
    It lies beside large vessels, and small ones show through ground glass. None draws.
    Raises SceneError if the patient has no such lobe, or it does not fit there.
    """

    structure: str | None = None
    diameter_mm: Annotated[float, Ge(3), Le(80)] | None = None
    centre_mm: tuple[float, float, float] | None = None
    form: Form | None = None
    margin: Margin | None = None
    calcification: Chalk | None = None
    pleural_tags: bool | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        structure = some_lobe(scene, self.structure, rng, "LungNodule")
        host = host_of(scene, structure, "LungNodule")
        block, here = boxed(host)
        diameter_mm = SIZES.drawn(self.diameter_mm, here, scene.grid, rng)
        form, margin, chalk = self._drawn(diameter_mm, rng)
        tagged = (margin == "spiculated" and rng.random() < 0.6) if self.pleural_tags is None else self.pleural_tags

        room = host.copy()
        room[block] &= ~_thick(here & ~parenchyma(scene, block, here), scene.grid)
        middle = somewhere(room, scene.grid, diameter_mm, self.centre_mm, rng, "LungNodule", structure)
        lung = np.zeros(host.shape, bool)
        lung[block] = parenchyma(scene, block, here)
        glass = form in ("ground_glass", "part_solid")
        own = lung if glass else room
        strands = _strands(scene.grid, host, middle, diameter_mm, margin, tagged, rng)
        body = lump(scene.grid, middle, diameter_mm, rng, MARGINS[margin])
        body = _met(body, strands, own, scene.grid, diameter_mm)
        pieces, more = _pieces(scene.grid, body, strands, form, chalk, diameter_mm, rng)
        pieces = [replace(one, filling=kept_in(own, one.filling)) for one in pieces]
        pieces[0] = replace(pieces[0], filling=whole(pieces[0].filling))

        said = {"part_solid": "part-solid", "ground_glass": "ground-glass"}.get(form, form)
        look = f"{margin} {said}" if margin != "smooth" else said
        text = f"{diameter_mm:.0f} mm {look} nodule in the {spoken_host(scene, structure)}"
        attributes = {"diameter_mm": diameter_mm, "form": said, "margin": margin, **more}
        return with_finding(scene, KIND, structure, pieces, text, attributes)

    def _drawn(self, diameter_mm: float, rng: Generator) -> tuple[Form, Margin, Chalk]:
        """Form, margin and pattern of chalk: large solid ones are spiculated, calcified ones are smooth."""
        form = list(FORMS)[int(rng.choice(len(FORMS), p=list(FORMS.values())))]
        form = form if self.form is None else self.form
        rough = float(np.clip((diameter_mm - 4) / 20, 0, 0.6)) if form in ("solid", "part_solid", "cavitating") else 0.0
        margin = list(MARGINS)[int(rng.choice(3, p=[(1 - rough) * 0.65, (1 - rough) * 0.35, rough]))]
        chalk = CHALKS[int(rng.integers(len(CHALKS)))]
        return form, self.margin or margin, self.calcification or chalk


def _thick(tubes: Bool[ndarray, "a b c"], grid: Grid) -> Bool[ndarray, "a b c"]:
    """What of vessels and airways is THICK_MM and more across."""
    width = max(2, round(THICK_MM / min(grid.spacing_mm)) // 2 * 2 + 1)
    inner = minimum_filter(tubes.astype(np.uint8), width, mode="constant")
    return maximum_filter(inner, width, mode="constant") > 0


def _strands(
    grid: Grid,
    host: ndarray,
    middle: Float[ndarray, " 3"],
    diameter_mm: float,
    margin: Margin,
    tagged: bool,
    rng: Generator,
) -> list[Filling]:
    found = [spicules(grid, middle, diameter_mm, rng)] if margin == "spiculated" else []
    tag = tags(grid, host, middle, diameter_mm, TAG_REACH_MM, TAG_COUNT, rng) if tagged else None
    return [*found, *([tag] if tag else [])]


def _met(body: Lump, strands: list[Filling], own: ndarray, grid: Grid, diameter_mm: float) -> Lump:
    """The lump made so small that together with its strands it has the volume that was asked for."""
    wished_mm3, inner_mm = np.pi / 6 * diameter_mm**3, diameter_mm
    fit = fitted(body, own, grid, inner_mm)
    for _ in range(ROUNDS if strands else 0):
        found = kept_in(own, united([fit.filled(), *strands]))[1]
        found_mm3 = float(found.sum(dtype=float)) * grid.voxel_mm3
        inner_mm = float(np.cbrt(max(inner_mm**3 + 6 / np.pi * (wished_mm3 - found_mm3), (0.3 * diameter_mm) ** 3)))
        fit = fitted(body, own, grid, inner_mm)
    return fit


def _pieces(
    grid: Grid, body: Lump, strands: list[Filling], form: Form, chalk: Chalk, diameter_mm: float, rng: Generator
) -> tuple[list[Piece], dict[str, str | float]]:
    """What it is made of, and what else its attributes tell."""
    all_of_it = united([body.filled(), *strands])
    solid = Piece(all_of_it, "tumour")
    if form == "calcified":
        return [solid, *_chalk(grid, body, chalk, rng)], {"calcification": chalk}
    if form == "cavitating":
        share = float(rng.uniform(*CAVITY))
        wall_mm = round((1 - share) * diameter_mm / 2, 1)
        return [solid, Piece(body.filled(scale=share), "air")], {"wall_mm": wall_mm}
    if form == "solid":
        return [solid], {}
    glass = Piece(all_of_it, "lung", lung_density(float(rng.uniform(*GLASS_HU))))
    if form == "ground_glass":
        return [glass], {}
    share = float(rng.uniform(*CORE))
    core = Piece(body.filled(scale=share), "tumour")
    return [glass, core], {"solid_mm": round(share * diameter_mm, 1)}


def _chalk(grid: Grid, body: Lump, chalk: Chalk, rng: Generator) -> list[Piece]:
    density = CHALK_DENSITY[chalk]
    if chalk == "laminated":
        rings = [shell(body.filled(scale=outer), body.filled(scale=inner)) for outer, inner in RINGS]
        return [Piece(ring, "calcification", density) for ring in rings]
    if chalk == "popcorn":
        within = body.filled(scale=0.88)
        return [Piece(lakes(grid, within, 7.0, 0.4, rng), "calcification", density)]
    return [Piece(body.filled(scale=0.5 if chalk == "central" else 0.9), "calcification", density)]
