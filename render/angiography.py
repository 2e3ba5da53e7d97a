"""Angiography: a C-arm watches contrast agent run through the arteries, with the bones taken away or not."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from render.bolus import Bolus
from render.c_arm import CArm, beyond
from render.detector import Detector, EnergyIntegrating
from render.display import DigitalSubtraction, Display
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.exposure import AutomaticExposure, Exposure
from render.flat_panel import Light, Opaque, behind
from render.lumens import ways
from render.materials import IODINE
from render.photons import Photons, photons
from render.plane import plane
from render.shadows import projected, shadows
from render.technique import Technique
from render.tube import Tube, XRaySource
from render.units import MG_PER_G
from simdata import Effect, Image, Raw, Scanner, Scene, SceneError, Shadow, Vessels
from simdata.errors import did_you_mean

ENERGY_BINS = 32
"""So many, for the K edge of iodine lies in the beam."""


@dataclass(frozen=True, kw_only=True)
class Angiography(Scanner):
    """A run of pictures while a bolus of iodine flows through a bed of arteries.

    bed: the vessels of the scene that are injected, whose flow is known. bolus: what is injected, when and how fast.
    frames_per_s, frames: of the run; the first is taken before the agent comes, and is the mask. kvp, tube, detector:
    as of a radiograph; exposure: of every frame, found on the mask. stand: where the C-arm looks from. display:
    DigitalSubtraction (vessels dark on even ground), or Negative (as on the screen, bones and all).
    shadows: the structures whose shadows go along with the run, besides findings; all that occur if None. The lumens of
    the bed go along as the shadow of its name. Branches are drawn at the detector's resolution, from centrelines and
    radii. The patient is imaged at rest; agent that has left the bed, into veins or tissue, is not seen.
    """

    bed: str = "coronary"
    bolus: Bolus = Bolus()
    frames_per_s: Annotated[float, Gt(0)] = 6.0
    frames: Annotated[int, Ge(2)] = 24
    kvp: Annotated[float, Gt(0)] = 75.0
    tube: XRaySource = Tube(filters_mm={"Al": 2.5, "Cu": 0.2}, focal_spot_mm=(0.5, 0.5))
    exposure: Exposure = AutomaticExposure(detector_ugy=2.0, fields=((0.0, 0.0),), field=0.5)
    stand: CArm = CArm(source_to_detector_mm=1100.0, patient_to_detector_mm=350.0, columns=768, rows=768, pixel_mm=0.26)
    detector: Detector = EnergyIntegrating(absorber="csi", absorber_mm=0.6, fill=0.8)
    display: Display = DigitalSubtraction()
    shadows: tuple[str, ...] | None = ()
    effects: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise())

    def __post_init__(self) -> None:
        self.tube.beam(self.kvp)

    def measure(self, scene: Scene) -> Photons:
        """Photons expected at each element: (channels, frames, columns, rows) float32."""
        scene, vessels = scene.to("cpu"), self._vessels(scene)
        view = self.stand.view(scene)
        light = Light(Technique(kvp=self.kvp, mas=1.0, tube=self.tube), self.stand, self.detector)
        patient = Opaque.of(scene, view, light.technique.beam)
        materials, in_air = [*patient.materials, IODINE], light.channels()
        frame_s = np.arange(self.frames) / self.frames_per_s
        iodine = self.bolus.iodine_mg_ml(vessels, frame_s) / MG_PER_G

        foci = light.foci(view)
        lights = [channel.binned(ENERGY_BINS) for channel in light.channels(materials)]
        data = np.zeros((len(in_air), self.frames, view.columns, view.rows), np.float32)
        kerma = []
        for focus in foci:
            path, lumens = patient.path(focus), ways(vessels, focus)
            kerma.append(light.kerma_ugy(path, patient.materials))
            for frame in range(self.frames):
                agent = (lumens @ iodine[:, frame]).astype(np.float32).reshape(view.columns, view.rows, 1)
                whole = np.concatenate([path, agent], axis=2)
                data[:, frame] += np.stack([behind(whole, one) for one in lights]) / len(foci)

        mas = np.float32(self.exposure.mas(np.mean(kerma, axis=0)))
        return Photons(
            data=mas * data,
            grid=plane(view),
            unit="photons",
            blank=mas * np.stack([channel.blank for channel in in_air])[:, None],
            view_s=frame_s,
            element_mm=(self.stand.pixel_mm, self.stand.pixel_mm),
            middle_to_detector_mm=self.stand.patient_to_detector_mm,
            focus_mm=(0.0, 0.0, self.stand.source_to_detector_mm),
            spectra=tuple(channel.spectrum for channel in in_air),
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Grey levels (frames, columns, rows, 1) in the plane of the detector."""
        return Image(self.display(photons(raw, "Angiography"))[..., None], "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with the ways through the lumens of the bed, shadows of structures, and vessels on the detector."""
        scene = scene.to("cpu")
        view, vessels = self.stand.view(scene), self._vessels(scene)
        path = np.asarray(ways(vessels, view).sum(axis=1), np.float32).reshape(image.grid.shape)
        sides = beyond(scene, view)
        return replace(
            image,
            shadows={**shadows(scene, view, self.shadows), self.bed: Shadow.of(path)},
            vessels={bed: projected(vessels, view) for bed, vessels in scene.vessels.items()},
            notes=(*image.notes, *([f"the patient goes on beyond the picture: {', '.join(sides)}"] if sides else [])),
        )

    def _vessels(self, scene: Scene) -> Vessels:
        if self.bed not in scene.vessels:
            raise SceneError(f"Angiography: no bed is called '{self.bed}'; {did_you_mean(self.bed, scene.vessels)}")
        return scene.vessels[self.bed]
