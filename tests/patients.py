"""Small patients out of blocks and balls, in which lesions of abdomen, spine and head find their hosts."""

from functools import cache

import numpy as np

from simdata import Grid, Scene, structure

VOXEL_MM = 2.5


def _points(grid: Grid) -> np.ndarray:
    return np.moveaxis(grid.points_mm(), -1, 0)


@cache
def belly() -> Scene:
    """Fat around a liver, a kidney with its pelvis and ureter, a gallbladder, an aorta and a spine with discs."""
    grid = Grid.regular((72, 56, 60), VOXEL_MM)
    x, y, z = _points(grid)
    labels = np.full(grid.shape, structure("visceral_fat").id, np.uint16)

    def put(name: str, where: np.ndarray) -> None:
        labels[where] = structure(name).id

    put("liver", ((x - 45) / 40) ** 4 + (y / 50) ** 4 + ((z - 10) / 50) ** 4 < 1)
    put("kidney_cortex_left", ((x + 60) / 24) ** 2 + (y / 26) ** 2 + ((z - 15) / 45) ** 2 < 1)
    put("kidney_pelvis_left", ((x + 55) / 7) ** 2 + (y / 9) ** 2 + ((z - 15) / 15) ** 2 < 1)
    put("ureter_left", (np.hypot(x + 40, y + 10) < 4) & (z < 15))
    put("gallbladder", ((x - 20) / 13) ** 2 + ((y - 50) / 15) ** 2 + ((z + 30) / 30) ** 2 < 1)
    put("aorta_wall", np.hypot(x + 8, y + 12) < 11)
    put("aorta", np.hypot(x + 8, y + 12) < 9)
    put("renal_artery_left", (np.abs(x + 25) < 8) & (np.abs(y + 12) < 4) & (np.abs(z - 60) < 4))
    spine = (np.hypot(x / 1.3, y + 42) < 18) & (y > -60)
    put("intervertebral_disc", spine)
    for name, middle_mm in (("vertebrae_L1", 40.0), ("vertebrae_L2", 5.0), ("vertebrae_L3", -30.0)):
        put(name, spine & (np.abs(z - middle_mm) < 14))
    return Scene(grid, labels)


@cache
def head() -> Scene:
    """A ball of a head: skull, dura, fluid, cortex and white matter of two sides, a putamen in each."""
    grid = Grid.regular((68, 68, 68), VOXEL_MM)
    x, y, z = _points(grid)
    radius = np.sqrt(x**2 + y**2 + z**2)
    labels = np.zeros(grid.shape, np.uint16)
    labels[radius < 82] = structure("skin").id
    labels[radius < 78] = structure("skull").id
    labels[radius < 70] = structure("meninges").id
    labels[radius < 67] = structure("brain_csf").id
    for side, here in (("left", x < 0), ("right", x > 0)):
        labels[(radius < 64) & here] = structure(f"cerebral_cortex_{side}").id
        labels[(radius < 57) & here] = structure(f"cerebral_white_matter_{side}").id
        ball = np.sqrt((np.abs(x) - 25) ** 2 + y**2 + z**2) < 12
        labels[ball & here] = structure(f"putamen_{side}").id
    return Scene(grid, labels)
