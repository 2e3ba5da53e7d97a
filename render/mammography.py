"""Mammography: one picture of a breast between paddles, for processing or as it hangs on the light box."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray

from render.anti_scatter_grid import AntiScatterGrid
from render.breast_light import BreastLight
from render.breast_stand import BreastStand, in_patient
from render.c_arm import cut_off
from render.detector import Detector, EnergyIntegrating
from render.display import Display
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.effects.scatter import Scatter
from render.exposure import AutomaticExposure, Exposure, behind_grids
from render.mammogram import Mammogram
from render.on_support import Lying, lying
from render.patient import stills
from render.photons import Photons, photons
from render.plane import plane
from render.shadows import projected, shadows
from render.strips import cast_in_strips
from render.tube import Tube
from render.views import Views
from simdata import Effect, Grid, Image, Raw, Scanner, Scene, Still

HEAD_ON = np.zeros(1)
BUCKY = AntiScatterGrid(ratio=5.0, lines_per_cm=31.0, lamella_mm=0.02, interspace="carbon")
"""A linear grid of a mammography unit: 5:1 with 31 lines per cm."""
READ = ElectronicNoise(electrons=2000.0, electrons_per_photon=400.0)
"""A selenium detector frees 400 electrons for a photon of 20 keV (50 eV a pair at 10 V/um); its amplifier adds 2000
(assumed)."""
SELENIUM = EnergyIntegrating(absorber="selenium", absorber_mm=0.2, fill=1.0)
RHODIUM = Tube(anode="tungsten", anode_deg=20.0, filters_mm={"Rh": 0.05}, focal_spot_mm=(0.3, 0.3))
"""The middle ray, at the chest wall, leaves a tilted tube at 20 degrees or so."""
CHAMBER = AutomaticExposure(detector_ugy=100.0, fields=((0.0, -0.25),), field=0.15, most_mas=600.0)
"""About 100 uGy reach the detector of a unit with exposure control, measured behind the middle of the breast."""


@dataclass(frozen=True, kw_only=True)
class Mammography(Scanner):
    """A mammography unit: the tube over the chest wall, a paddle, a flat detector below the breast support.

    kvp, tube: the beam; W/Rh, W/Ag, W/Al, Mo/Mo, Mo/Rh and Rh/Rh are anodes and filters of a `Tube`.
    exposure: mAs, or automatic. The first axis of the scene's grid lies along the chest wall, the second points to the
    tube, the third from the chest wall to the nipple, as a `Breast` has them; its first slice lies at the edge.
    display: what becomes of the photons; ForProcessing() or Mammogram(). shadows: structures whose path lengths come
    along with the picture, or None for all. The picture is a plane in the patient, (columns, rows, 1).
    tube_ma: current, which tells how long the exposure takes. One who moves meanwhile is blurred; exposure is measured
    where she is when it begins, and the truth is that of rest.
    """

    kvp: Annotated[float, Ge(20), Le(40)] = 29.0
    tube: Tube = RHODIUM
    exposure: Exposure = CHAMBER
    tube_ma: Annotated[float, Gt(0)] = 100.0
    stand: BreastStand = BreastStand()
    detector: Detector = SELENIUM
    display: Display = Mammogram()
    shadows: tuple[str, ...] | None = None
    effects: tuple[Effect, ...] = (Scatter(grids=(BUCKY,)), QuantumNoise(), READ)

    def measure(self, scene: Scene) -> Raw:
        """Photons expected at each element, (1, 1, columns, rows) float32; for their unit see the detector."""
        laid, view, light = self.stand.laid(scene), self._view, self._light
        begin = next(lying(scene, self.stand, view, np.zeros(1), light.beam))
        paths = self._paths(begin, laid.grid)
        kerma = light.kerma_ugy(paths[0], begin.materials, view)
        left = _left(paths, begin, light)
        grid = in_patient(plane(view), laid, scene)
        mas = self.exposure.mas(behind_grids(kerma, self._photons(left, grid, scene, 1.0), self.effects))
        if not isinstance(scene.motion, Still):
            times_s = stills(scene, mas / self.tube_ma)
            views = self.stand.views(np.tile(HEAD_ON, len(times_s)))
            moving = lying(scene, self.stand, views, times_s, light.beam)
            left = np.mean([_left(self._paths(one, laid.grid), one, light) for one in moving], axis=0)
        return self._photons(left, grid, scene, mas)

    def _paths(self, patient: Lying, grid: Grid) -> list[Float32[ndarray, "columns rows m"]]:
        """g/cm3 times mm of each material on the way from each place of the focal spot, of a patient on `grid`."""
        foci = self._light.foci(patient.seen, self.stand.top_mm(grid))
        return [cast_in_strips(patient.sums, patient.grid, focus) for focus in foci]

    def _photons(self, left: Float32[ndarray, "1 columns rows"], grid: Grid, scene: Scene, mas: float) -> Photons:
        """A picture with so many mAs, of which a share is left behind the patient."""
        blank = np.float32(mas) * self._light.blank(self._view)[None]
        return Photons(
            data=blank * left,
            grid=grid,
            unit="photons",
            blank=blank,
            view_s=np.zeros(1),
            element_mm=(self.stand.pixel_mm, self.stand.pixel_mm),
            middle_to_detector_mm=self.stand.middle_mm(scene.grid),
            focus_mm=self.stand.focus_mm,
            spectra=(self._light.spectrum,),
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Grey levels, (columns, rows, 1)."""
        return Image(np.moveaxis(self.display(photons(raw, "Mammography")), 0, -1), "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with the shadow of every structure and the vessels and ducts as the picture shows them."""
        laid = self.stand.laid(scene)
        to_patient = scene.grid.affine @ np.linalg.inv(laid.grid.affine)
        vessels = {}
        for bed, one in laid.vessels.items():
            seen = projected(one, self._view)
            points = seen.points_mm @ to_patient[:3, :3].T + to_patient[:3, 3]
            vessels[bed] = replace(seen, points_mm=points.astype(np.float32))
        return replace(
            image,
            shadows=shadows(laid, self._view, self.shadows),
            vessels=vessels,
            notes=(*image.notes, *cut_off(laid, self._view)),
        )

    @property
    def _view(self) -> Views:
        return self.stand.views(HEAD_ON)

    @property
    def _light(self) -> BreastLight:
        return BreastLight(self.tube, self.kvp, self.stand, self.detector)


def _left(
    paths: Sequence[Float32[ndarray, "columns rows m"]], patient: Lying, light: BreastLight
) -> Float32[ndarray, "1 columns rows"]:
    """Share of what arrives in air that is left behind the patient, the mean over all foci."""
    return np.mean([light.behind(path[None], patient.materials) for path in paths], axis=0)
