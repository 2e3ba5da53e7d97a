"""Angiography: a C-arm watches contrast agent run through the arteries, with the bones taken away or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.bolus import Bolus
from render.c_arm import CArm, cut_off
from render.detector import Detector, EnergyIntegrating
from render.display import DigitalSubtraction, Display
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.exposure import AutomaticExposure, Exposure, behind_grids
from render.flat_panel import Light, behind, standing
from render.illumination import Illumination
from render.lumens import ways
from render.materials import IODINE
from render.photons import Photons, photons
from render.plane import plane
from render.shadows import projected, shadows
from render.technique import Technique
from render.tube import Tube, XRaySource
from render.units import MG_PER_G
from render.views import Views
from simdata import Effect, Image, Raw, Scanner, Scene, SceneError, Shadow, Vessels
from simdata.errors import did_you_mean


@dataclass(frozen=True, eq=False)
class Shot:
    """One patient as the detector sees him from every place of the focal spot.

    paths: g/cm3 times mm of each material; lumens: mm of each branch, a row for each element. kerma_ugy: of a mAs.
    """

    paths: Sequence[Float32[ndarray, "columns rows m"]]
    lumens: Sequence[Any]
    lights: Sequence[Illumination]
    kerma_ugy: Float64[ndarray, "fewer_columns fewer_rows"]

    def photons(self, iodine_g_cm3: Float64[ndarray, " branches"]) -> Float32[ndarray, "channels columns rows"]:
        """Of each channel and one mAs, behind the patient with so much iodine in every branch."""
        shown = []
        for path, lumen in zip(self.paths, self.lumens, strict=True):
            agent = (lumen @ iodine_g_cm3).astype(np.float32).reshape(*path.shape[:2], 1)
            whole = np.concatenate([path, agent], axis=2)
            shown.append([behind(whole, light) for light in self.lights])
        return np.mean(shown, axis=0)


@dataclass(frozen=True, kw_only=True)
class Angiography(Scanner):
    """A run of pictures while a bolus of iodine flows through a bed of arteries.

    bed: the vessels of the scene that are injected, whose flow is known. bolus: what is injected, when and how fast.
    frames_per_s, frames: of the run; the first is taken before the agent comes, and is the mask. kvp, tube, detector:
    as of a radiograph; exposure: of every frame, found on the mask. stand: where the C-arm looks from. display:
    DigitalSubtraction (vessels dark on even ground), or Negative (as on the screen, bones and all).
    shadows: the structures whose shadows go along with the run, besides findings; all that occur if None. The lumens of
    the bed go along as the shadow of its name. Branches are drawn at the detector's resolution, from centrelines and
    radii. A patient who moves is seen in each frame where he is then, so that subtraction leaves his bones; the truth
    is that of rest. Agent that has left the bed, into veins or tissue, is not seen.
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
        scene, view = scene.to("cpu"), self.stand.view(scene)
        light = Light(Technique(kvp=self.kvp, mas=1.0, tube=self.tube), self.stand, self.detector)
        frame_s = np.arange(self.frames) / self.frames_per_s
        iodine = self.bolus.iodine_mg_ml(self._vessels(scene), frame_s) / MG_PER_G

        shots = self._shots(scene, frame_s, view, light)
        mask = next(shots)
        later = (shot.photons(agent) for shot, agent in zip(shots, iodine.T[1:], strict=True))
        data = np.stack([mask.photons(iodine[:, 0]), *later], axis=1)
        straight = self._photons(data[:, :1], frame_s[:1], view, light)
        mas = self.exposure.mas(behind_grids(mask.kerma_ugy, straight, self.effects))
        return self._photons(data, frame_s, view, light, mas)

    def _shots(self, scene: Scene, frame_s: Float64[ndarray, " frames"], view: Views, light: Light) -> Iterator[Shot]:
        """The patient of every frame; the very same one, as long as he does not move."""
        before = None
        for now in standing(scene, frame_s, view, light.technique.beam):
            if before is None or before[0] is not now:
                foci = light.foci(now.view)
                paths = [now.patient.path(focus) for focus in foci]
                lumens = [ways(self._vessels(now.scene), focus) for focus in foci]
                kerma = np.mean([light.kerma_ugy(path, now.patient.materials) for path in paths], axis=0)
                lights = [channel.binned() for channel in light.channels([*now.patient.materials, IODINE])]
                before = now, Shot(paths, lumens, lights, kerma)
            yield before[1]

    def _photons(
        self,
        data: Float32[ndarray, "channels frames columns rows"],
        frame_s: Float64[ndarray, " frames"],
        view: Views,
        light: Light,
        mas: float = 1.0,
    ) -> Photons:
        """A run with so many mAs in every frame, where one mAs leaves `data`."""
        return Photons(
            data=np.float32(mas) * data,
            grid=plane(view),
            unit="photons",
            blank=np.float32(mas) * np.stack([channel.blank for channel in light.channels()])[:, None],
            view_s=frame_s,
            element_mm=(self.stand.pixel_mm, self.stand.pixel_mm),
            middle_to_detector_mm=self.stand.patient_to_detector_mm,
            focus_mm=(0.0, 0.0, self.stand.source_to_detector_mm),
            spectra=tuple(channel.spectrum for channel in light.channels()),
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Grey levels (frames, columns, rows, 1) in the plane of the detector."""
        return Image(self.display(photons(raw, "Angiography"))[..., None], "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with the ways through the lumens of the bed, shadows of structures, and vessels on the detector."""
        scene = scene.to("cpu")
        view, vessels = self.stand.view(scene), self._vessels(scene)
        path = np.asarray(ways(vessels, view).sum(axis=1), np.float32).reshape(image.grid.shape)
        return replace(
            image,
            shadows={**shadows(scene, view, self.shadows), self.bed: Shadow.of(path)},
            vessels={bed: projected(vessels, view) for bed, vessels in scene.vessels.items()},
            notes=(*image.notes, *cut_off(scene, view)),
        )

    def _vessels(self, scene: Scene) -> Vessels:
        if self.bed not in scene.vessels:
            raise SceneError(f"Angiography: no bed is called '{self.bed}'; {did_you_mean(self.bed, scene.vessels)}")
        return scene.vessels[self.bed]
