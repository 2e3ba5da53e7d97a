"""A stomach that kneads and a bladder that fills, as cines.

python benchmarks/gut_motion.py  # a minute; writes docs/motion_gut.gif
"""

from typing import Any

import numpy as np
from motion import cine, lattice, shown
from scipy.ndimage import map_coordinates

from phantoms.bladder_filling import BladderFilling
from phantoms.people.population import Person
from phantoms.peristalsis.lines import lines_of
from phantoms.peristalsis.peristalsis import Peristalsis
from phantoms.torso import Torso
from render.attenuation import attenuation
from simdata import Scene, Streams
from simdata.motion import Motion

STREAMS = Streams(9)
HE = Person(sex="male", age_y=40.0)
SOFT, KEV = (-160, 240), np.array([70.0])
PHASES, FRAME_MS, FILLS_ML_MIN = 12, 400, 40.0
ANTRUM = 0.83
"""Of the stomach's way, where the axial slice lies."""


def belly() -> Scene:
    torso = Torso(subject=HE, breath=0.0, voxel_mm=2.0, shape=(165, 130, 200), centre_mm=(0, 30, -210), variants=())
    return torso(Streams(3, 0)["body"].generator)


def hounsfield(scene: Scene) -> np.ndarray:
    water = float(attenuation("water", KEV)[0])
    column = {name: float(attenuation(name, KEV)[0]) / water for name in scene.tissue_names()}
    return 1000 * (scene.field(column) - 1)


def seen(motion: Motion, scene: Scene, t_s: float, points_mm: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The patient at a time, at these points."""
    rest = motion.rest_mm(points_mm, scene.grid, t_s)
    return shown(
        map_coordinates(values, np.moveaxis(scene.grid.index(rest), -1, 0), order=1, mode="constant", cval=-1000.0),
        SOFT,
    )


def main() -> None:
    scene = belly()
    values = hounsfield(scene)
    kneads: Any = Peristalsis()(scene, STREAMS["gut"].generator).motion
    fills: Any = BladderFilling(ml_min=FILLS_ML_MIN)(scene, STREAMS["bladder"].generator).motion
    lines, _ = lines_of(kneads.lines)
    stomach = lines.points_mm[lines.line == 0]
    x, y, z = stomach[int(ANTRUM * len(stomach))]
    views = [
        lattice((x - 10, y - 25, z), (-1, 0, 0), (0, 1, 0), 200, 150, 1.0),
        lattice((x - 20, y, z), (-1, 0, 0), (0, 0, 1), 160, 150, 1.0),
    ]
    low = fills.centre_mm
    bladder = lattice((low[0], low[1] + 10, low[2] + 25), (0, -1, 0), (0, 0, 1), 150, 150, 1.0)
    frames, words = [], []
    for n in range(PHASES):
        t_s, filled_s = 20 * n / PHASES, 420 * n / (PHASES - 1)
        pictures = [seen(kneads, scene, t_s, view, values) for view in views]
        frames.append(np.hstack([*pictures, seen(fills, scene, filled_s, bladder, values)]))
        words.append(f"stomach at {t_s:4.1f} s" + 79 * " " + f"bladder of {fills.volume_ml(filled_s):.0f} mL")
    cine("gut", frames, words, FRAME_MS)


if __name__ == "__main__":
    main()
