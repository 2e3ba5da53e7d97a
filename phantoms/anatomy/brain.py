"""The brain in its cavity: two folded hemispheres, ventricles and nuclei, brain stem, cerebellum, falx and tentorium.

Hemispheres and cerebellum fill the cranial cavity up to the cerebrospinal fluid around them, above and below the
tentorium. Sulci are blades 0.8 mm wide and about 14 mm deep that follow the zero lines of a band-limited field on the
surface; the cortex is the outer 2.8 mm of what they leave. Deep structures lie at their stereotactic places (Talairach
and Tournoux 1988), given in mm from the anterior commissure. Brain with blood 1458 mL (ICRP 145), ventricles 25 mL.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import MAGNUM, Cranium, both, cranium, sides
from phantoms.solids import (
    Ellipsoid,
    Lattice,
    Layer,
    Plane,
    Solid,
    common,
    sheet,
    smooth_common,
    smooth_union,
    tube,
    union,
    waves,
)
from simdata import Streams

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
COMMISSURE = np.array([0.0, 2.0, 396.0])
CORTEX_MM = 2.8
SULCUS_MM = 0.4
DEEP_MM = 14.0
FLUID_MM = 1.0
FOLD_MM = (24.0, 28.0)
FOLDS = 36
LATTICE_MM = 3.0
# volume of the atrophy of age: mm that surface and sulci lose per year beyond 50. Scahill 2003, 0.3 to 0.5 % a year
ATROPHY_MM, ATROPHY_FROM_Y = 0.02, 50.0
MIDDLE = Plane((0, 0, 0), (1, 0, 0))
CALLOSUM = (
    (17, -4, 1.6), (24, -2, 3), (31, 4, 5), (30, 13, 5), (22, 20, 3.6), (6, 25, 3), (-12, 26, 2.8), (-28, 22, 3),
    (-38, 14, 4.5), (-41, 8, 5.2), (-36, 5, 3.5),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Brain:
    """right, left: hemispheres without their sulci, which are those of both. lateral, horn: right ventricle."""

    right: Solid
    left: Solid
    sulci: Solid
    cerebellum: Solid
    folia: Solid
    stem: Solid
    lateral: Solid
    horn: Solid
    third: Solid
    fourth: Solid


def layers(body: Body) -> list[Layer]:
    """The brain and the fluid around it, which fills the cranial cavity; the topmost first."""
    head, whole = cranium(body), brain(body)
    ring = whole.sulci.grown(CORTEX_MM)
    core = _core()
    cerebellum = whole.cerebellum - common(whole.folia, ~whole.cerebellum.grown(-9))
    tree = common(whole.cerebellum.grown(-2.5), union((~whole.folia).grown(-1.55), whole.cerebellum.grown(-15)))
    return [
        *_vessels(head),
        Layer(Ellipsoid((0, 18, 371.5), (6.5, 4.8, 3.4)), "pituitary_gland"),
        Layer(tube(_at((-5, 9, -13), (0, 6, -12), (5, 9, -13)), 2.4), "optic_chiasm"),
        *_fluids(whole),
        *_nuclei(),
        Layer(whole.stem, "brain_stem"),
        *sides(common(Ellipsoid(_at((0, -11, -7))[0], (13, 15, 8)), MIDDLE), "ventral_diencephalon"),
        Layer(tree & MIDDLE, "cerebellar_white_matter_right"),
        Layer(tree & ~MIDDLE, "cerebellar_white_matter_left"),
        Layer(cerebellum & MIDDLE, "cerebellar_cortex_right"),
        Layer(cerebellum & ~MIDDLE, "cerebellar_cortex_left"),
        Layer(whole.right.grown(-CORTEX_MM) - ring | core, "cerebral_white_matter_right"),
        Layer(whole.left.grown(-CORTEX_MM) - ring | core.mirrored(), "cerebral_white_matter_left"),
        Layer(whole.right - whole.sulci, "cerebral_cortex_right"),
        Layer(whole.left - whole.sulci, "cerebral_cortex_left"),
        *_dura(head),
        Layer(head.cavity, "brain_csf"),
    ]


@lru_cache(maxsize=4)
def brain(body: Body) -> Brain:
    """The brain of a patient: it fills its cavity, which grows with it, and shrinks in it beyond the age of 50."""
    head = cranium(body)
    shrunk = max(body.age_y - ATROPHY_FROM_Y, 0) * ATROPHY_MM * body.latent("atrophy", 1.0)
    gap = FLUID_MM + shrunk
    inside = head.cavity.grown(-gap)
    stem = _stem()
    cisterns = union(
        tube(_at((0, -20, -6), (0, -25, -22)), (17, 19), flat=(0, 1.15, 0)), Ellipsoid((0, 12, 380), (11, 11, 8))
    )
    above = common(inside, head.tentorium.grown(-1.0), ~cisterns)
    slit = 0.9 + 0.3 * shrunk
    lobe = Ellipsoid((23, -53, 352), (41, 46, 40))
    below = smooth_common(smooth_union(lobe, lobe.mirrored(), round_mm=14), head.cavity.grown(-gap - 0.6), round_mm=5)
    notch = tube([(0, -104, 352), (0, -88, 342), (0, -56, 328)], (13, 7, 8))
    cerebellum = common(below, ~head.tentorium.grown(1.0), ~notch, ~stem.grown(1.0) | Plane((0, -38, 0), (0, -1, 0)))
    width = SULCUS_MM + shrunk
    return Brain(
        right=above & Plane((slit, 0, 0), (1, 0, 0)),
        left=above & Plane((-slit, 0, 0), (-1, 0, 0)),
        sulci=_sulci(body, above & ~_slit(slit), width),
        cerebellum=cerebellum,
        folia=_folia(body.streams),
        stem=stem,
        lateral=_lateral().grown(0.9 * shrunk),
        horn=tube(_at((31, -32, -2), (33, -22, -13), (30, -8, -19)), (3.2, 2.6, 2.2), 5.0).grown(0.5 * shrunk),
        third=Ellipsoid(_at((0, -11, -1))[0], (1.9, 14, 11)).grown(0.5 * shrunk),
        fourth=smooth_common(Ellipsoid((0, -34, 364), (7, 5.5, 15)), ~stem.grown(-0.5), round_mm=1),
    )


def _at(*points) -> Float[ndarray, "n 3"]:
    """Stereotactic places in the reference body, mm."""
    return np.array(points, float) + COMMISSURE


def _sulci(body: Body, hemispheres: Solid, width_mm: float) -> Solid:
    """All sulci and the lateral fissures, in both hemispheres."""
    fold = _folds(body.streams)
    blades = ~(fold | ~fold)
    shell = ~hemispheres.grown(-DEEP_MM) + waves(3.0, (30, 60), body.dice("brain_depth"))
    fissure = both(_lateral_fissure())
    return union(common(blades.grown(width_mm), shell), fissure.grown(width_mm))


def _slit(half_mm: float) -> Solid:
    return Plane((-half_mm, 0, 0), (1, 0, 0)) & Plane((half_mm, 0, 0), (-1, 0, 0))


@lru_cache(maxsize=4)
def _folds(streams: Streams) -> Lattice:
    """mm to the nearest sulcus, with a sign: zero lines of random waves of one length, upright on the surface."""
    dice = streams["brain_folds"].generator
    low, high = np.array([-69, -102, 342]), np.array([69, 75, 474])
    x, y, z = np.meshgrid(
        *[np.arange(a, b + LATTICE_MM, LATTICE_MM) for a, b in zip(low, high, strict=True)], indexing="ij"
    )
    middle = np.stack([np.where(x > 0, 24.0, -24.0), 0.55 * np.clip(y, -70, 45), 396 + 0 * z], axis=-1)
    p = np.stack([x, y, z], axis=-1)
    away = p - middle
    reach = np.linalg.norm(away / np.array([36, 52, 60]), axis=-1)
    shell = middle + away / np.maximum(reach, 0.25)[..., None] ** 0.75
    k = dice.standard_normal((FOLDS, 3))
    k *= 2 * np.pi / dice.uniform(*FOLD_MM, (FOLDS, 1)) / np.linalg.norm(k, axis=1, keepdims=True)
    phase = dice.uniform(0, 2 * np.pi, FOLDS)
    value = np.sin(shell.astype(np.float32) @ k.T.astype(np.float32) + phase.astype(np.float32)).sum(-1)
    steep = np.sqrt(sum(g**2 for g in np.gradient(value, LATTICE_MM)))
    return Lattice(value / np.maximum(steep, 0.45 * steep.mean()), low, LATTICE_MM)  # pyright: ignore[reportArgumentType]


@cache
def _core() -> Solid:
    """White matter of the right half around nuclei and ventricle, where no sulcus reaches."""
    capsule = Ellipsoid(_at((19, -4, 7))[0], (17, 40, 17))
    return common(
        smooth_union(capsule, Ellipsoid(_at((25, -42, 8))[0], (10, 20, 12)), round_mm=8), Plane((1, 0, 0), (1, 0, 0))
    )


@cache
def _lateral_fissure() -> Solid:
    """The blade between temporal and frontal lobe, and the gap over the insula at its bottom; right, of no width."""
    blade = sheet(
        lambda u, v: 1.8 * np.sin(u / 7) + 1.5 * np.sin(v / 6) + 0 * u,
        (-45, 45),
        (-40, 40),
        3.0,
        axes=((0, 0.91, -0.41), (1, 0, 0), (0, 0.41, 0.91)),
        origin=(40, -8, 395),
    )
    length = Ellipsoid((60, -6, 395), (24, 40, 60), roundness=4)
    island = Ellipsoid((16, -2, 391), (23, 44, 30))
    insula = common(island, ~island, Ellipsoid((39, 0, 393), (30, 27, 15)))
    return union(common(blade, ~blade, length), insula)


@lru_cache(maxsize=4)
def _folia(streams: Streams) -> Solid:
    """Fissures of the cerebellum, fanned around its middle: a field that is positive in them, mm."""
    dice = streams["cerebellum"].generator
    phase = dice.uniform(0, 2 * np.pi, 3)
    low, high, step = np.array([-60, -98, 322]), np.array([60, -18, 392]), 1.8
    x, y, z = np.meshgrid(
        *[np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)], indexing="ij", sparse=True
    )
    bent = y + 0.006 * x**2
    angle = np.arctan2(z - 352, -(bent + 34))
    away = np.hypot(z - 352, bent + 34)
    wobble = (
        0.5 * np.sin(x / 9 + phase[0]) + 0.4 * np.sin(away / 6 + phase[1]) + 0.4 * np.sin(x / 17 + y / 11 + phase[2])
    )
    value = np.sin(26 * angle + wobble) + 0 * x
    return Lattice((value - 0.72) * 1.3, low, step)  # pyright: ignore[reportArgumentType]


@cache
def _stem() -> Solid:
    """Midbrain with its peduncles, pons and medulla, down through the foramen magnum."""
    midbrain = tube(_at((0, -20, -4), (0, -22, -18)), (12.5, 13), flat=(0, 1.3, 0))
    tectum = Ellipsoid(_at((0, -32, -8))[0], (9, 6, 9))
    pons = Ellipsoid((0, -14, 364), (16, 12, 13))
    peduncle = both(tube([(12, -20, 364), (24, -40, 358)], (8, 7.5)))
    medulla = tube([(0, -20, 352), (0, -23, 338), (0, MAGNUM[1] + 2, 328)], (9.5, 8, 6.5), 6.0, flat=(0, 1.2, 0))
    return smooth_union(midbrain, tectum, pons, medulla, peduncle, round_mm=5)


@cache
def _lateral() -> Solid:
    """Right lateral ventricle but for its inferior horn."""
    path = _at((9, 27, 4), (9, 18, 10), (9, 4, 18), (12, -14, 21), (19, -31, 17), (24, -40, 8))
    body_of_it = tube(path, (3.5, 5, 4.6, 4.6, 5.6, 6), 5.0)
    occipital = tube(_at((24, -40, 8), (23, -56, 6), (20, -68, 6)), (6, 4, 1.5), 5.0)
    return common(
        union(body_of_it, occipital, tube(_at((24, -40, 8), (31, -32, -2)), (5.5, 3.4))), Plane((1, 0, 0), (1, 0, 0))
    )


def _fluids(whole: Brain) -> list[Layer]:
    plexus = tube(_at((9, -2, 15), (17, -28, 14), (23, -38, 5)), (1.2, 2, 2.6), 5.0)
    aqueduct = tube(_at((0, -24, -3), (0, -31, -14), (0, -36, -24)), 1.0)
    return [
        *sides(plexus, "choroid_plexus"),
        *sides(whole.horn, "inferior_lateral_ventricle"),
        *sides(whole.lateral, "lateral_ventricle"),
        Layer(whole.third, "third_ventricle"),
        Layer(whole.fourth | aqueduct, "fourth_ventricle"),
    ]


def _nuclei() -> list[Layer]:
    """Corpus callosum, fornix and the grey matter in the depth."""
    table = np.array(CALLOSUM, float)
    path = np.column_stack([0 * table[:, 0], table[:, :2]]) + COMMISSURE
    along = np.gradient(path, axis=0)
    across = np.cross(along / np.linalg.norm(along, axis=1, keepdims=True), (1.0, 0, 0))
    wide = 14.0
    callosum = tube(path, np.full(len(path), wide), 2.0, flat=across * (wide / table[:, 2:]))
    fornix = tube(_at((2, 3, 2), (2, -2, 14), (3, -18, 17), (9, -32, 13)), 1.8, 5.0)
    tail = tube(_at((13, 14, 4), (14, 4, 14), (17, -14, 20), (24, -31, 14), (31, -34, 0)), (7, 5.5, 3.2, 2.4, 1.6), 5.0)
    caudate = union(Ellipsoid(_at((12, 14, 6))[0], (6.5, 10, 9)), tail)
    putamen = Ellipsoid(
        _at((25.5, 2, 3))[0], (5.5, 17.5, 11.5), ((0.95, 0.25, 0.15), (-0.25, 0.97, 0), (-0.15, -0.04, 0.99))
    )
    pallidum = Ellipsoid(
        _at((19, -3, 0))[0], (4.2, 11, 7.5), ((0.93, 0.33, 0.15), (-0.33, 0.94, 0), (-0.14, -0.05, 0.99))
    )
    thalamus = Ellipsoid(_at((10.5, -18, 7))[0], (9, 16.5, 10.5), ((0.91, 0.41, 0), (-0.41, 0.91, 0), (0, 0, 1)))
    hippocampus = tube(
        _at((24, -9, -20), (29, -16, -17), (31, -26, -11), (26, -36, -2), (17, -40, 4)), (6.4, 6, 5.2, 4.4, 2.4), 5.0
    )
    amygdala = Ellipsoid(_at((23, -3, -19))[0], (7.5, 6.5, 7))
    return [
        Layer(both(fornix), "fornix"),
        *sides(thalamus & Plane((1.6, 0, 0), (1, 0, 0)), "thalamus"),
        *sides(pallidum, "pallidum"),
        *sides(putamen, "putamen"),
        *sides(Ellipsoid(_at((9, 9, -6))[0], (4.5, 5, 4)), "accumbens"),
        *sides(caudate, "caudate"),
        *sides(hippocampus, "hippocampus"),
        *sides(amygdala, "amygdala"),
        Layer(callosum, "corpus_callosum"),
    ]


def _dura(head: Cranium) -> list[Layer]:
    """Falx and tentorium, where they lie in the fluid between the parts of the brain."""
    free = Ellipsoid(_at((0, -4, -4))[0], (30, 52, 44))
    falx = common(_slit(0.4), head.cavity, head.tentorium, ~free)
    tent = common(
        head.tentorium.grown(0.5),
        ~head.tentorium.grown(-0.5),
        head.cavity,
        ~tube([(0, -26, 390), (0, 20, 372)], (20, 22)),
    )
    return [Layer(falx | tent, "meninges")]


def _vessels(head: Cranium) -> list[Layer]:
    """Internal carotids from the skull base, the circle of Willis, and the large sinuses of the dura."""
    carotid = tube(
        [
            (25, -6, 330), (25, -4, 346), (16, 6, 352), (10, 11, 358), (8.5, 22, 364), (9.5, 24, 371), (10, 15, 376),
            (12, 12, 382),
        ],
        (2.6, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0, 1.8), 4.0,
    )  # fmt: skip
    media = tube(
        [(12, 12, 382), (26, 14, 384), (38, 14, 386), (41, -2, 396), (44, -18, 406)], (1.5, 1.4, 1.3, 1.1, 0.9), 5.0
    )
    anterior = tube(
        [(12, 12, 382), (2.0, 20, 385), (1.6, 36, 396), (1.6, 37, 412), (1.6, 20, 426)], (1.2, 1.1, 1.1, 1.0, 0.8), 5.0
    )
    posterior = tube([(0, -2, 380), (10, -8, 383), (20, -24, 386), (16, -46, 392)], (1.2, 1.1, 1.0, 0.8), 5.0)
    basilar = tube([(0, -8, 346), (0, 0.5, 362), (0, 0, 380)], (1.7, 1.7, 1.5), 5.0)
    vertebral = tube([(15, -24, 318), (12, -14, 334), (0, -8, 346)], (1.7, 1.6, 1.5), 5.0)
    rim = _rim(head.cavity)
    sagittal = tube(rim, np.linspace(1.8, 4.0, len(rim)), 0.0)
    lateral = tube(
        [
            (2, *rim[-1][1:]),
            (26, -88, 374),
            (50, -58, 368),
            (56, -36, 362),
            (52, -28, 346),
            (34, -20, 336),
            (29, -14, 330),
        ],
        (3.6, 3.6, 3.6, 3.6, 3.8, 3.8, 4.2),
        6.0,
    )
    straight = tube([(0, -34, 392), rim[-1]], (2, 2.8))
    return [
        *sides(carotid, "internal_carotid_artery"),
        Layer(union(both(union(media, anterior, posterior, vertebral)), basilar), "head_artery"),
        Layer(union(sagittal, both(lateral), straight), "dural_venous_sinus"),
    ]


def _rim(cavity: Solid) -> Float[ndarray, "n 3"]:
    """Points under the vault in the middle, from the forehead over the vertex to the occiput, mm."""
    middle = np.array([0.0, -20.0, 392.0])
    turn = np.radians(np.arange(8.0, 193.0, 8.0))
    rays = np.stack([0 * turn, np.cos(turn), np.sin(turn)], axis=-1)
    reach = np.arange(30.0, 110.0, 0.5)
    depth = cavity.depth(middle + rays[:, None] * reach[:, None])
    return middle + rays * (reach[(depth > 2.5).sum(axis=1) - 1])[:, None]


def preview():
    """The brain alone in its fluid."""
    return layers(Body()), (0, -13, 398), (140, 180, 160), 1.0
