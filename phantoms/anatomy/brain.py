"""The brain in its cavity: two folded hemispheres, what lies in their depth, cerebellum, and the fluid around it all.

Hemispheres and cerebellum fill the cranial cavity up to the cerebrospinal fluid around them, above and below the
tentorium. Sulci are blades 0.8 mm wide (`phantoms.anatomy.folds`); the cortex is what lies within 2.8 mm of them or of
the surface, thicker in children. Brain with blood 1458 mL (ICRP 145).
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from phantoms.anatomy import brain_vessels, deep_brain
from phantoms.anatomy import cerebellum as hindbrain
from phantoms.anatomy.body import Body
from phantoms.anatomy.cerebellum import Cerebellum, cerebellum
from phantoms.anatomy.cranium import Cranium, cranium, sides
from phantoms.anatomy.folding_surface import Surface, surface_of
from phantoms.anatomy.folds import Folds, folds
from phantoms.anatomy.stereotaxy import at
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, tube, union, waves

PAIRED = (
    "cerebral_white_matter", "cerebral_cortex", "lateral_ventricle", "inferior_lateral_ventricle",
    "cerebellar_white_matter", "cerebellar_cortex", "thalamus", "caudate", "putamen", "pallidum", "hippocampus",
    "amygdala", "accumbens", "ventral_diencephalon", "choroid_plexus",
)  # fmt: skip
SINGLE = (
    "third_ventricle", "fourth_ventricle", "brain_stem", "corpus_callosum", "fornix", "optic_chiasm", "pituitary_gland",
)  # fmt: skip
PARTS = (*SINGLE, *(f"{part}_{side}" for part in PAIRED for side in ("left", "right")))
"""Structures whose volume is that of the brain: all but the fluid around it."""
CORTEX_MM = ((0.0, 2.2), (2.0, 3.0), (5.0, 3.1), (20.0, 2.8), (50.0, 2.7), (80.0, 2.5))
"""Age in years and thickness of the cortex, reference mm: it is thickest in childhood and thins for life (Frangou, Hum
Brain Mapp 2022;43:431; from memory)."""
SULCUS_MM, FLUID_MM, SLIT_MM = 0.4, 1.0, 0.9
"""Half widths of sulci and of the gap between the hemispheres, and fluid around the brain."""
WIND_MM, WINDS_MM, WINDS = 1.5, (14.0, 36.0), 12
"""Sulci are no planes: standard deviation of their bends, over what length, and from how many waves."""
GROWN_MM = 0.3
"""How far the surface of the reference brain stands out: on that one, folds are laid."""
# volume of the atrophy of age: mm that surface and sulci lose per year beyond 50. Scahill 2003, 0.3 to 0.5 % a year
ATROPHY_MM, ATROPHY_FROM_Y = 0.02, 50.0
WIDENS = {"lateral": 2.6, "horn": 1.5, "third": 1.2, "fourth": 0.8, "slit": 0.3}
"""How much farther walls of ventricles and of the gap between hemispheres recede: ventricles gain 0.3 mL a year
(Pfefferbaum, Arch Neurol 1994;51:874)."""
MIDDLE = Plane((0, 0, 0), (1, 0, 0))


@dataclass(frozen=True, eq=False)
class Half:
    """A hemisphere without its sulci, these, and the white matter in its depth."""

    whole: Solid
    sulci: Solid
    core: Solid

    def mirrored(self) -> "Half":
        """The hemisphere on the other side."""
        return Half(self.whole.mirrored(), self.sulci.mirrored(), self.core.mirrored())


@dataclass(frozen=True, eq=False)
class Brain:
    """right, left: hemispheres. lateral, horn: the right ventricle and its inferior horn."""

    right: Half
    left: Half
    cerebellum: Cerebellum
    lateral: Solid
    horn: Solid
    third: Solid
    fourth: Solid


def layers(body: Body) -> list[Layer]:
    """The brain and the fluid around it, which fills the cranial cavity; the topmost first."""
    head, whole = cranium(body), brain(body)
    below = Ellipsoid(at((0, -11, -6))[0], (16, 15, 9))
    return [
        *brain_vessels.vessels(head),
        Layer(Ellipsoid((0, 18, 371.5), (6.5, 4.8, 3.4)), "pituitary_gland"),
        Layer(tube(at((-5, 9, -13), (0, 6, -12), (5, 9, -13)), 2.4), "optic_chiasm"),
        *deep_brain.plexus(),
        *sides(whole.horn, "inferior_lateral_ventricle"),
        *sides(whole.lateral, "lateral_ventricle"),
        Layer(whole.third, "third_ventricle"),
        Layer(whole.fourth, "fourth_ventricle"),
        *deep_brain.nuclei(),
        Layer(deep_brain.stem(), "brain_stem"),
        *sides(common(below, MIDDLE), "ventral_diencephalon"),
        *hindbrain.layers(whole.cerebellum),
        *_hemisphere(whole.right, "right", cortex_mm(body.age_y)),
        *_hemisphere(whole.left, "left", cortex_mm(body.age_y)),
        *brain_vessels.dura(head),
        Layer(head.cavity, "brain_csf"),
    ]


def cortex_mm(age_y: float) -> float:
    """How thick the cortex is at an age, reference mm."""
    return float(np.interp(age_y, *np.array(CORTEX_MM).T))


def _hemisphere(half: Half, side: str, thick_mm: float) -> list[Layer]:
    inside = half.whole.grown(-thick_mm) - half.sulci.grown(thick_mm)
    return [
        Layer(inside | half.core, f"cerebral_white_matter_{side}"),
        Layer(half.whole - half.sulci, f"cerebral_cortex_{side}"),
    ]


@lru_cache(maxsize=4)
def brain(body: Body) -> Brain:
    """The brain of a patient: it fills its cavity, which grows with it, and shrinks in it beyond the age of 50."""
    head = cranium(body)
    shrunk_mm = max(body.age_y - ATROPHY_FROM_Y, 0) * ATROPHY_MM * body.latent("atrophy", 1.0)
    whole = _cerebra(head, FLUID_MM + shrunk_mm) & Plane((SLIT_MM + WIDENS["slit"] * shrunk_mm, 0, 0), (1, 0, 0))
    half = {side: _half(whole, *_laid(body, side), shrunk_mm) for side in ("right", "left")}
    return Brain(
        right=half["right"],
        left=half["left"].mirrored(),
        cerebellum=cerebellum(body, head, deep_brain.stem(), FLUID_MM + shrunk_mm),
        lateral=deep_brain.lateral().grown(WIDENS["lateral"] * shrunk_mm),
        horn=deep_brain.inferior_horn().grown(WIDENS["horn"] * shrunk_mm),
        third=deep_brain.third().grown(WIDENS["third"] * shrunk_mm),
        fourth=deep_brain.fourth().grown(WIDENS["fourth"] * shrunk_mm),
    )


def _laid(body: Body, side: str) -> tuple[Folds, Solid]:
    """The folds of a side, and how far they wind in the depth."""
    return folds(body.streams, reference_surface(), side), waves(
        WIND_MM, WINDS_MM, body.dice(f"brain_bends_{side}"), WINDS
    )


@cache
def reference_surface() -> Surface:
    """Where the folds are laid: the right hemisphere of the reference brain."""
    cerebra = _cerebra(cranium(Body(grow_mm={"brain": GROWN_MM})), FLUID_MM)
    return surface_of(cerebra & Plane((SLIT_MM, 0, 0), (1, 0, 0)))


def _cerebra(head: Cranium, gap_mm: float) -> Solid:
    """Both hemispheres as one: what is left above the tentorium and outside the cisterns."""
    cisterns = union(
        tube(at((0, -20, -6), (0, -25, -22)), (17, 19), flat=(0, 1.15, 0)), Ellipsoid((0, 12, 380), (11, 11, 8))
    )
    return common(head.cavity.grown(-gap_mm), head.tentorium.grown(-1.0), ~cisterns)


def _half(whole: Solid, own: Folds, bends: Solid, shrunk_mm: float) -> Half:
    """A hemisphere, as a right one.

    bends: how far its sulci go astray. shrunk_mm: how much its surface has receded; the floor of sulci stays.
    """
    away = own.away + bends
    blades = ~(away | ~away)
    floor = ((~whole) + own.depth).grown(-2 * shrunk_mm)
    return Half(whole, union(blades & floor, _insula()).grown(SULCUS_MM + shrunk_mm), deep_brain.core())


@cache
def _insula() -> Solid:
    """The gap over the insula at the bottom of the lateral fissure; right, of no width."""
    island = Ellipsoid((16, -2, 391), (23, 44, 30))
    return common(island, ~island, Ellipsoid((39, -2, 393), (30, 28, 16)))


def preview():
    """The brain alone in its fluid."""
    return layers(Body()), (0, -13, 398), (140, 180, 160), 1.0
