"""Another anatomy out of a part of a patient, bent at random after it was cut out: as cheap as it is small."""

from dataclasses import dataclass
from math import ceil

from numpy.random import Generator

from phantoms.deformation import Deformation
from simdata import Growth, Scene, SceneError


@dataclass(frozen=True, kw_only=True)
class Bent(Growth):
    """The patient deformed as a label map is by `phantoms.labelmap.Labelmap`, less a rim as wide as the amplitude.

    What the rim shows could have come from beyond. Raises SceneError if nothing would be left, or if he is more than
    labels: what has grown in him would have to be bent too.
    """

    deformation: Deformation = Deformation(amplitude_mm=3.0, wavelength_mm=40.0)

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        if scene.mixed or scene.fields or scene.vessels or scene.findings:
            raise SceneError("Bent: found a patient who is more than labels; before all else that grows would do")
        if self.deformation.amplitude_mm == 0:
            return scene
        labels = self.deformation.spline(scene.grid, rng).pull(scene.labels)
        rim = [ceil(self.deformation.amplitude_mm / spacing_mm) for spacing_mm in scene.grid.spacing_mm]
        x, y, z = (n - 2 * out for n, out in zip(scene.grid.shape, rim, strict=True))
        if min(x, y, z) < 1:
            raise SceneError(f"Bent: found a patient of {scene.grid.shape} voxels, all rim; a wider margin would do")
        bent = Scene(scene.grid, labels, structures=scene.structures, subject=scene.subject, source=scene.source)
        return bent.crop((rim[0], rim[1], rim[2]), (x, y, z))
