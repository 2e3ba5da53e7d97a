"""Small parts for tests of the engine: quick, and complete enough that every kind of truth is in a sample."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from simdata import (
    Effect,
    Finding,
    Finish,
    Grid,
    Growth,
    Image,
    Phantom,
    Raw,
    Sample,
    Scanner,
    Scene,
    Shadow,
    Structure,
    vessel_tree,
)
from simdata.structures import FIRST_FINDING_ID, structure
from simdata.subject import Subject


@dataclass(frozen=True)
class Block(Phantom):
    """A liver in a box of fat, its edge jittered."""

    edge: Annotated[int, Ge(8)] = 16
    voxel_mm: Annotated[float, Gt(0)] = 2.0
    subject: Subject = Subject()

    def __call__(self, rng):
        grid = Grid.regular((self.edge, self.edge + 1, self.edge + 2), self.voxel_mm)
        labels = np.full(grid.shape, structure("visceral_fat").id, np.uint16)
        low = int(rng.integers(2, 5))
        labels[low:-3, 3:-3, 3:-3] = structure("liver").id
        density = rng.normal(1, 0.1, grid.shape).astype(np.float32)
        fields = MappingProxyType({"density": density})
        return Scene(grid, labels, fields=fields, subject=self.subject)


@dataclass(frozen=True)
class Dot(Growth):
    """One voxel of tumour, and a vessel to it."""

    size: int = 1

    def __call__(self, scene, rng):
        where = np.argwhere(scene.mask("liver"))
        spot = where[rng.integers(len(where))]
        mask = np.zeros(scene.grid.shape, bool)
        mask[tuple(spot)] = True
        id = FIRST_FINDING_ID + len(scene.findings)
        dot = Structure(id, f"dot_{id}", structure("liver").id, "tumour", "", "108369006", "Neoplasm", (255, 0, 0))
        at = tuple(float(x) for x in scene.grid.world_mm(spot))
        edge = tuple(scene.grid.spacing_mm)
        found = Finding("dot", "liver", id, at, edge, scene.grid.voxel_mm3, "a dot in the liver")
        vessel = vessel_tree(
            points_mm=np.array([(0, 0, 0), at, (1, 0, 0)]),
            parent=np.array([-1, 0, -1]),
            radius_mm=np.array([1, 0.5, 1]),
            kind=np.array([0, 0, 1]),
            flow_mm3_s=np.array([np.nan, 3, np.nan]),
            links=np.array([(1, 2)]),
            link_flow_mm3_s=np.array([3]),
        )
        painted = scene.paint(mask, dot)
        return replace(painted, findings=(*scene.findings, found), vessels=MappingProxyType({"liver": vessel}))


@dataclass(frozen=True)
class Hiss(Effect):
    """Adds Gaussian noise."""

    sigma: Annotated[float, Ge(0)] = 1.0

    def __call__(self, raw, rng):
        return replace(raw, data=raw.data + rng.normal(0, self.sigma, raw.data.shape).astype(np.float32))


@dataclass(frozen=True)
class Camera(Scanner):
    """Sees the tissue id times its gain."""

    gain: Annotated[float, Gt(0)] = 1.0
    mode: Literal["plain", "negative"] = "plain"
    effects: tuple[Effect, ...] = (Hiss(),)

    def measure(self, scene):
        sign = -1 if self.mode == "negative" else 1
        return Raw(np.float32(sign * self.gain) * scene.tissue.astype(np.float32), scene.grid, "a.u.")

    def reconstruct(self, raw):
        return Image(raw.data.astype(np.float32), "a.u.", raw.grid)

    def truth(self, scene, image):
        liver = Shadow.of(scene.mask("liver").astype(np.float32))
        shadows, notes = MappingProxyType({"liver": liver}), ("a toy's picture",)
        return replace(image, labels=scene.labels, shadows=shadows, vessels=scene.vessels, notes=notes)


@dataclass(frozen=True)
class Invert(Finish):
    """Turns every image's sign."""

    def __call__(self, sample: Sample, rng):
        turned = {name: replace(image, array=-image.array) for name, image in sample.images.items()}
        return replace(sample, images=turned)


@dataclass(frozen=True)
class Stumble(Growth):
    """Fails for one draw in a few."""

    chance: float = 0.5

    def __call__(self, scene, rng):
        if rng.random() < self.chance:
            raise ValueError("stumbled")
        return scene


@dataclass(frozen=True)
class Slow(Growth):
    """Takes its time."""

    seconds: float = 0.2

    def __call__(self, scene, rng):
        import time

        time.sleep(self.seconds)
        return scene


@dataclass(frozen=True)
class Die(Growth):
    """Kills its process for one draw in a few."""

    chance: float = 0.3

    def __call__(self, scene, rng):
        if rng.random() < self.chance:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGKILL)
        return scene
