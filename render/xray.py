"""Radiography: one picture of the chest, or of any part from any side, on a flat detector."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Float32
from numpy import ndarray

from render.c_arm import CArm, cut_off
from render.detector import Detector, EnergyIntegrating
from render.display import Display, ForPresentation
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.exposure import AutomaticExposure, Exposure, behind_grids
from render.flat_panel import Light, Opaque, behind, standing
from render.patient import stills
from render.photons import Photons
from render.photons import photons as measured
from render.plane import plane
from render.shadows import projected, shadows
from render.technique import Technique
from render.tube import Tube, XRaySource
from render.views import Views
from simdata import Effect, Image, Raw, Scanner, Scene, Still


@dataclass(frozen=True, kw_only=True)
class XRay(Scanner):
    """A radiograph.

    kvp: tube voltage. tube: what makes the beam; its anode looks to the head. exposure: FixedExposure or
    AutomaticExposure. stand: where tube and detector stand, and how large the picture is. detector: what it makes of
    photons; the default is 0.6 mm of CsI needles that fill 0.8 of it (assumed). display: ForPresentation or
    ForProcessing. shadows: the structures whose shadows go along with the image, besides findings; all that
    occur if None.
    tube_ma: current, which tells how long the exposure takes. One who moves meanwhile is blurred; exposure is measured
    where he is when it begins, and the truth is that of rest.
    Scene fields: "density" scales a tissue's, "iodine_mg_ml" adds contrast.
    """

    kvp: Annotated[float, Gt(0)] = 125.0
    tube: XRaySource = Tube(filters_mm={"Al": 3.5}, focal_spot_mm=(1.2, 1.2))
    exposure: Exposure = AutomaticExposure()
    tube_ma: Annotated[float, Gt(0)] = 250.0
    stand: CArm = CArm()
    detector: Detector = EnergyIntegrating(absorber="csi", absorber_mm=0.6, fill=0.8)
    display: Display = ForPresentation()
    shadows: tuple[str, ...] | None = None
    effects: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise())

    def __post_init__(self) -> None:
        self.tube.beam(self.kvp)

    def measure(self, scene: Scene) -> Raw:
        """Photons expected at each element: (channels, 1, columns, rows) float32."""
        scene = scene.to("cpu")
        view = self.stand.view(scene)
        light = Light(Technique(kvp=self.kvp, mas=1.0, tube=self.tube), self.stand, self.detector)
        beam = light.technique.beam

        begin = next(standing(scene, np.zeros(1), view, beam))
        paths = [begin.patient.path(focus) for focus in light.foci(begin.view)]
        kerma = np.mean([light.kerma_ugy(path, begin.patient.materials) for path in paths], axis=0)
        data = _left(paths, begin.patient, light)
        mas = self.exposure.mas(behind_grids(kerma, self._photons(data, view, light), self.effects))
        if not isinstance(scene.motion, Still):
            moving = standing(scene, stills(scene, mas / self.tube_ma), view, beam)
            data = np.mean(
                [_left(map(one.patient.path, light.foci(one.view)), one.patient, light) for one in moving], 0
            )
        return self._photons(data, view, light, mas)

    def _photons(
        self, data: Float32[ndarray, "channels columns rows"], view: Views, light: Light, mas: float = 1.0
    ) -> Photons:
        """A measurement of so many mAs, where one mAs leaves `data`."""
        in_air = light.channels()
        return Photons(
            data=np.float32(mas) * data[:, None],
            grid=plane(view),
            unit="photons",
            blank=np.float32(mas) * np.stack([channel.blank for channel in in_air])[:, None],
            view_s=np.zeros(1),
            element_mm=(self.stand.pixel_mm, self.stand.pixel_mm),
            middle_to_detector_mm=self.stand.patient_to_detector_mm,
            focus_mm=(0.0, 0.0, self.stand.source_to_detector_mm),
            spectra=tuple(channel.spectrum for channel in in_air),
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Grey levels (columns, rows, 1) in the plane of the detector, which is where the grid lies in the patient."""
        return Image(np.moveaxis(self.display(measured(raw, "XRay")), 0, -1), "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with the shadows of structures, vessels on the detector, and a note where the patient overlaps it."""
        scene = scene.to("cpu")
        view = self.stand.view(scene)
        return replace(
            image,
            shadows=shadows(scene, view, self.shadows),
            vessels={bed: projected(vessels, view) for bed, vessels in scene.vessels.items()},
            notes=(*image.notes, *cut_off(scene, view)),
        )


def _left(
    paths: Iterable[Float32[ndarray, "columns rows m"]], patient: Opaque, light: Light
) -> Float32[ndarray, "channels columns rows"]:
    """Photons of each channel behind the patient, the mean over all foci."""
    lights = [channel.binned() for channel in light.channels(patient.materials)]
    return np.mean([[behind(path, one) for one in lights] for path in paths], axis=0)
