"""Growths that bulge out of their organ: where there is room for one, and the scene that it has pushed aside."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from phantoms.lesions.push import RIGID, pushed
from phantoms.lesions.room import host_of
from simdata.errors import SceneError
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

STEPS_PER_RADIUS = 5
"""Room is measured in steps of a fifth of the radius, or of a voxel if that is more."""


def bulged(
    scene: Scene,
    structure: str,
    diameter_mm: float,
    centre_mm: tuple[float, float, float] | None,
    exophytic: float,
    rng: Generator,
    lesion: str,
) -> tuple[Scene, Float[ndarray, " 3"], Bool[ndarray, "x y z"]]:
    """The scene in which a ball of the structure's tissue has grown, its middle, and the structure as it is now.

    exophytic: 0 where it lies under the surface with all of its diameter, 1/2 where its middle lies on it. It does not
    press on bone, nor leave the body. Raises SceneError, as `lesion` says it, if there is no such structure or place.
    """
    host = host_of(scene, structure, lesion)
    if centre_mm is None:
        place_mm = _somewhere(scene, host, structure, diameter_mm / 2, exophytic, rng, lesion)
    else:
        place_mm = np.array(centre_mm, float)
        voxel = np.rint(scene.grid.index(place_mm)).astype(int)
        if (voxel < 0).any() or (voxel >= scene.grid.shape).any() or not host[tuple(voxel)]:
            raise SceneError(f"{lesion}: found no '{structure}' at centre_mm {centre_mm}; a place inside it would do")
    after = pushed(scene, place_mm, diameter_mm)
    return after, place_mm, host_of(after, structure, lesion)


def _somewhere(
    scene: Scene,
    host: Bool[ndarray, "x y z"],
    structure: str,
    radius_mm: float,
    exophytic: float,
    rng: Generator,
    lesion: str,
) -> Float[ndarray, " 3"]:
    """A place as deep under the surface of the host as wished, with soft tissue all around."""
    used = [np.flatnonzero(host.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    wide = np.ceil(1.2 * radius_mm / np.array(scene.grid.spacing_mm)).astype(int) + 1
    first = [max(0, at[0] - w) for at, w in zip(used, wide, strict=True)]
    last = [min(n, at[-1] + w + 1) for at, w, n in zip(used, wide, scene.grid.shape, strict=True)]
    step = max(1, int(radius_mm / STEPS_PER_RADIUS / min(scene.grid.spacing_mm)))
    block = tuple(slice(a, b, step) for a, b in zip(first, last, strict=True))
    spacing = [step * mm for mm in scene.grid.spacing_mm]

    labels, rigid = scene.labels[block], np.isin(scene.tissue[block], [tissues()[name] for name in RIGID])
    soft = np.pad((labels > 0) & (labels < FIRST_FINDING_ID) & ~rigid, 1)
    room_mm = np.asarray(distance_transform_edt(soft, sampling=spacing))[1:-1, 1:-1, 1:-1]
    here = host[block]
    depth_mm = np.asarray(distance_transform_edt(np.pad(here, 1), sampling=spacing))[1:-1, 1:-1, 1:-1]
    wished_mm = radius_mm * (1 - 2 * exophytic)
    fits = here & (room_mm >= radius_mm + max(spacing) / 2) & (depth_mm >= min(wished_mm, 0.9 * depth_mm.max()))
    if not fits.any():
        raise SceneError(
            f"{lesion}: found no place at '{structure}' with room for {2 * radius_mm:g} mm (at most "
            f"{2 * float(room_mm[here].max(initial=0.0)):.1f} mm); a smaller diameter_mm would do"
        )
    off_mm = np.where(fits, np.abs(depth_mm - wished_mm), np.inf)
    places = np.flatnonzero(off_mm <= off_mm.min() + max(spacing))
    voxel = np.array(np.unravel_index(rng.choice(places), off_mm.shape))
    return scene.grid.world_mm(step * voxel + np.array(first))
