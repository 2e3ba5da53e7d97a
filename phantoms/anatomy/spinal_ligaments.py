"""Ligaments of the spine: the yellow ones behind the canal, and those between and on the spinous processes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebral_arch import arch, joined
from phantoms.solids import Tube, tube


def ligaments_of(bones: Sequence[Vertebra]) -> Tube:
    """Yellow ligaments behind the canal, and those between and on the spinous processes."""
    rows = [bone for bone in bones if bone.level[0] != "S" and bone.level != "C1"]
    yellow = tube(
        [bone.place(0, bone.canal_mm - 2.6, 0) for bone in rows],
        [0.43 * bone.size.canal_width for bone in rows],
        9.0,
        np.array([bone.front * bone.size.canal_width / bone.size.canal_depth for bone in rows]),  # pyright: ignore[reportArgumentType]
    )
    tips = [_tip(bone) for bone in rows]
    cord = tube(tips, 2.2, 12.0)
    sheet = _sheet(rows, tips)
    return joined([yellow, cord, sheet])


def _tip(bone: Vertebra) -> Float[ndarray, "3"]:
    """The tip of the spinous process, mm."""
    a = arch(bone).single[0].b
    return bone.place(*a) - 2.0 * bone.front


def _sheet(rows: Sequence[Vertebra], tips) -> Tube:
    """A thin sheet in the midline between the processes."""
    middles = [
        (tip + bone.place(0, bone.canal_mm - bone.size.canal_depth / 2, -4)) / 2
        for tip, bone in zip(tips, rows, strict=True)
    ]
    wide = [0.32 * np.linalg.norm(tip - bone.place(0, bone.canal_mm, 0)) for tip, bone in zip(tips, rows, strict=True)]
    return tube(middles, wide, 12.0, np.array([wide[n] / 1.1 * bone.right for n, bone in enumerate(rows)]))  # pyright: ignore[reportArgumentType]
