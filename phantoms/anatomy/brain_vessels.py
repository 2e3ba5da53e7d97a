"""Large vessels of the brain and its dura: carotids, the circle of Willis with its trunks, sinuses, falx, tentorium."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.cranium import Cranium, both, sides
from phantoms.anatomy.stereotaxy import at
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, tube, union

FALX_MM, TENTORIUM_MM = 0.5, 0.6
"""Half of what each is thick."""


def dura(head: Cranium) -> list[Layer]:
    """Falx and tentorium, where they lie in the fluid between the parts of the brain."""
    free = Ellipsoid(at((0, -4, -4))[0], (30, 52, 44))
    slit = Plane((-FALX_MM, 0, 0), (1, 0, 0)) & Plane((FALX_MM, 0, 0), (-1, 0, 0))
    falx = common(slit, head.cavity, head.tentorium, ~free)
    tent = common(
        head.tentorium.grown(TENTORIUM_MM),
        ~head.tentorium.grown(-TENTORIUM_MM),
        head.cavity,
        ~tube([(0, -26, 390), (0, 20, 372)], (20, 22)),
    )
    return [Layer(falx | tent, "meninges")]


def vessels(head: Cranium) -> list[Layer]:
    """Internal carotids from the skull base, the circle of Willis, and the large sinuses of the dura."""
    return [
        *sides(_carotid(), "internal_carotid_artery"),
        Layer(_circle(), "head_artery"),
        Layer(_sinuses(head), "dural_venous_sinus"),
    ]


def _carotid() -> Solid:
    """Petrous part, siphon and end of the right internal carotid artery."""
    return tube(
        [
            (25, -6, 330), (25, -4, 346), (16, 6, 352), (10, 11, 358), (8.5, 22, 364), (9.5, 24, 371), (10, 15, 376),
            (12, 12, 382),
        ],
        (2.6, 2.5, 2.4, 2.3, 2.2, 2.1, 2.0, 1.8), 4.0,
    )  # fmt: skip


def _circle() -> Solid:
    """Middle, anterior and posterior arteries, what joins them, basilar and vertebral arteries."""
    media = tube(
        [(12, 12, 382), (24, 14, 383), (35, 13, 385), (39.5, 4, 391), (41, -8, 397), (43, -20, 405)],
        (1.5, 1.4, 1.3, 1.2, 1.1, 0.9), 5.0,
    )  # fmt: skip
    anterior = tube(
        [(12, 12, 382), (2.0, 20, 385), (1.6, 36, 396), (1.6, 37, 412), (1.6, 20, 426)], (1.2, 1.1, 1.1, 1.0, 0.8), 5.0
    )
    posterior = tube([(0, -1, 380), (10, -8, 383), (20, -24, 386), (16, -46, 392)], (1.2, 1.1, 1.0, 0.8), 5.0)
    behind = tube([(11.5, 11, 380), (10.5, 2, 380), (9, -7, 382)], (0.8, 0.7, 0.8), 4.0)
    before = tube([(-2, 20.5, 385), (2, 20.5, 385)], 0.8)
    basilar = tube([(0, -8, 346), (0, 1.5, 362), (0, -1, 380)], (1.7, 1.7, 1.5), 5.0)
    vertebral = tube([(15, -24, 318), (12, -14, 334), (0, -8, 346)], (1.7, 1.6, 1.5), 5.0)
    return union(both(union(media, anterior, posterior, behind, vertebral)), before, basilar)


def _sinuses(head: Cranium) -> Solid:
    rim = _rim(head.cavity)
    sagittal = tube(rim, np.linspace(1.8, 4.0, len(rim)), 0.0)
    lateral = tube(
        [
            (2, *rim[-1][1:]), (26, -88, 374), (50, -58, 368), (56, -36, 362), (52, -28, 346), (34, -20, 336),
            (29, -14, 330),
        ],
        (3.6, 3.6, 3.6, 3.6, 3.8, 3.8, 4.2),
        6.0,
    )  # fmt: skip
    straight = tube([(0, -34, 392), rim[-1]], (2, 2.8))
    return union(sagittal, both(lateral), straight)


def _rim(cavity: Solid) -> Float[ndarray, "n 3"]:
    """Points under the vault in the middle, from the forehead over the vertex to the occiput, mm."""
    middle = np.array([0.0, -20.0, 392.0])
    turn = np.radians(np.arange(8.0, 193.0, 8.0))
    rays = np.stack([0 * turn, np.cos(turn), np.sin(turn)], axis=-1)
    reach = np.arange(30.0, 110.0, 0.5)
    depth = cavity.depth(middle + rays[:, None] * reach[:, None])
    return middle + rays * (reach[(depth > 2.5).sum(axis=1) - 1])[:, None]
