"""The bodies of the vertebrae and the discs between them: one column, cut by the end plates."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.anatomy.vertebra import Vertebra, axes_along
from phantoms.anatomy.vertebral_arch import joined
from phantoms.solids import Ellipsoid, Plane, Solid, Tube, smooth_union, tube


def column_of(body: Body, bones: Sequence[Vertebra]) -> Solid:
    """Bodies with waists and the discs between them: three lobes that make a D with a hollow towards the canal."""
    bones = [bone for bone in bones if bone.level != "C1"]
    spur = body.latent("osteophyte_mm", float(np.clip((body.age_y - 45) / 30, 0, 1.2)))
    sides = joined([_lobe(bones, (side * 0.17, -0.05), (0.33, 0.45), spur) for side in (1, -1)])
    return smooth_union(sides, _lobe(bones, (0.0, 0.04), (0.4, 0.46), spur), round_mm=3.0)


def _lobe(bones: Sequence[Vertebra], middle: tuple[float, float], half: tuple[float, float], spur_mm: float) -> Tube:
    """A tube along the bodies; its middle and half size in widths and depths of them, narrower at their waists."""
    points, radii, flats = [], [], []
    for bone in bones:
        s = bone.size
        for up, share in ((0.5, 1.0), (0.32, 0.95), (0.0, 0.9), (-0.32, 0.95), (-0.5, 1.0)):
            points.append(bone.place(share * middle[0] * s.width, share * middle[1] * s.depth, up * s.height))
            radii.append(half[0] * s.width * share + (spur_mm if abs(up) == 0.5 else 0.0))
            flats.append(_thinner(bone, half[0] * s.width, half[1] * s.depth))
    return tube(points, radii, flat=np.array(flats))  # pyright: ignore[reportArgumentType]


def _thinner(bone: Vertebra, half_width: float, half_depth: float) -> Float[ndarray, "3"]:
    """How a tube with these half sizes is flattened; it cannot be deeper than wide."""
    return bone.front * max(half_width / half_depth, 1.0)


def end_plates(bones: Sequence[Vertebra], n: int) -> tuple[Plane, Plane]:
    """All below the upper end plate of bone n, and all above its lower one; they lean towards the neighbours."""
    bone, above, below = bones[n], bones[max(n - 1, 0)], bones[min(n + 1, len(bones) - 1)]
    half = bone.size.height / 2
    up, down = 0.7 * bone.up + 0.3 * above.up, 0.7 * bone.up + 0.3 * below.up
    if bone.level[0] == "S":
        up = bone.up
    return Plane(bone.place(0, 0, half), -up), Plane(bone.place(0, 0, -half), down)  # pyright: ignore[reportArgumentType]


def nucleus(above: Vertebra, below: Vertebra) -> Ellipsoid:
    """The core of a disc; it hollows both end plates."""
    high = above.place(0, -0.05 * above.size.depth, -above.size.height / 2)
    low = below.place(0, -0.05 * below.size.depth, below.size.height / 2)
    axes = axes_along(above.up + below.up, 0.0)
    radii = (0.34 * below.size.width, 0.33 * below.size.depth, above.size.disc / 2 + 1.2)
    return Ellipsoid((high + low) / 2, radii, axes)  # pyright: ignore[reportArgumentType]


def vein(bone: Vertebra) -> Ellipsoid:
    """Where the basivertebral veins leave the back of a body."""
    radii = (0.16 * bone.size.width, 0.2 * bone.size.depth, 0.08 * bone.size.height)
    return Ellipsoid(bone.place(0, 0.95 * bone.back_mm, 0), radii, bone.axes)  # pyright: ignore[reportArgumentType]
