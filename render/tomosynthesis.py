"""Tomosynthesis: the tube swings over a pressed breast, and slices along the paddles come out."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.breast_light import BreastLight
from render.breast_stand import BreastStand, in_patient
from render.detector import Detector
from render.display import FEWEST_PHOTONS
from render.effects.quantum_noise import QuantumNoise
from render.effects.scatter import Scatter
from render.exposure import Exposure, behind_grids
from render.iterative import Iterative
from render.labels import relabelled
from render.mammography import CHAMBER, READ, SELENIUM
from render.on_support import VIEWS_AT_ONCE, lying
from render.patient import in_parts
from render.photons import Photons, photons
from render.projection import cast
from render.swing import SwungBackProjection
from render.tube import Tube
from render.views import Views
from simdata import Effect, Grid, Image, Raw, RecipeError, Scanner, Scene

ALUMINIUM = Tube(anode="tungsten", anode_deg=20.0, filters_mm={"Al": 0.7}, focal_spot_mm=(0.3, 0.3))
"""Tungsten behind aluminium, for the high voltage of a swing."""
BINNED = BreastStand(pixel_mm=0.2, columns=1200, rows=600)
"""Pixels binned by two, as they are in a swing."""


@dataclass(frozen=True, kw_only=True)
class Tomosynthesis(Scanner):
    """A mammography unit that takes `views` pictures over a swing of `arc_deg`, about an axis `pivot_mm` high.

    25 views over 50 degrees about an axis 47 mm above the detector is a wide swing (Siemens); 15 over 15 degrees about
    the detector a narrow one (Hologic); the detector rests. exposure: of the whole swing, measured in the middle view.
    reconstruction: SwungBackProjection(), or OrderedSubsets() and its like (SART: as many subsets as views).
    slice_mm: from slice to slice; in a slice pixels are those of the detector. scan_s: how long the swing takes.
    One who moves is seen in each view where she is then. The image is the attenuation, 1/mm, on the axes of the scene's
    grid; labels come along on its voxels.
    """

    kvp: Annotated[float, Ge(20), Le(40)] = 30.0
    tube: Tube = ALUMINIUM
    exposure: Exposure = CHAMBER
    views: Annotated[int, Ge(3)] = 25
    arc_deg: Annotated[float, Gt(0), Le(90)] = 50.0
    pivot_mm: Annotated[float, Ge(0)] = 47.0
    scan_s: Annotated[float, Gt(0)] = 25.0
    slice_mm: Annotated[float, Gt(0)] = 1.0
    stand: BreastStand = BINNED
    detector: Detector = SELENIUM
    reconstruction: SwungBackProjection | Iterative = SwungBackProjection()
    effects: tuple[Effect, ...] = (Scatter(), QuantumNoise(), READ)

    def __post_init__(self) -> None:
        if self.pivot_mm >= self.stand.source_to_detector_mm:
            raise RecipeError(
                f"Tomosynthesis: the axis of the swing, {self.pivot_mm} mm above the detector, lies above the focus at "
                f"{self.stand.source_to_detector_mm} mm; a smaller pivot_mm would do"
            )

    def measure(self, scene: Scene) -> Raw:
        """Photons expected at each element, (1, views, columns, rows) float32."""
        laid, swing, light = self.stand.laid(scene), self._swing, self._light
        data = np.empty((1, self.views, self.stand.columns, self.stand.rows), np.float32)
        kerma = np.empty((0, 0))
        for part in lying(scene, self.stand, swing, self._view_s, light.beam):
            foci = light.foci(part.seen, self.stand.top_mm(laid.grid))
            left = [light.behind(cast(part.sums, part.grid, focus), part.materials) for focus in foci]
            data[0, part.views] = np.mean(left, axis=0) * light.blank(swing[part.views])
            if part.views.start <= self._middle.start < part.views.stop:
                middle = part.seen[self._middle.start - part.views.start :][:1]
                path = cast(part.sums, part.grid, middle)[0]
                kerma = light.kerma_ugy(path, part.materials, swing[self._middle])

        grid = in_patient(self._slices(laid.grid), laid, scene)
        straight = self._photons(data[:, self._middle], grid, scene, self._middle)
        mas = self.exposure.mas(behind_grids(kerma, straight, self.effects)) / self.views
        data *= np.float32(mas)
        return self._photons(data, grid, scene, slice(None), mas)

    def _photons(
        self,
        data: Float32[ndarray, "1 views columns rows"],
        grid: Grid,
        scene: Scene,
        which: slice,
        mas: float = 1.0,
    ) -> Photons:
        """A measurement by some views, of so many mAs each."""
        light, swing = self._light, self._swing
        in_the_middle = light.blank(swing[self._middle])
        return Photons(
            data=data,
            grid=grid,
            unit="photons",
            blank=np.float32(mas) * in_the_middle[None],
            view_s=self._view_s[which],
            element_mm=(self.stand.pixel_mm, self.stand.pixel_mm),
            middle_to_detector_mm=self.stand.middle_mm(scene.grid),
            focus_mm=self.stand.focus_mm,
            spectra=(light.spectrum,),
            output=np.array([one.mean() for one in light.blank(swing[which])]) / in_the_middle.mean(),
        )

    def reconstruct(self, raw: Raw) -> Image:
        """Attenuation, (x, slices, z) float32, 1/mm."""
        measured, swing, light = photons(raw, "Tomosynthesis"), self._swing, self._light
        rays = np.empty(measured.data.shape[1:], np.float32)
        middle = light.blank(swing[self._middle])
        for batch in in_parts(0, self.views, VIEWS_AT_ONCE):
            air = measured.blank[0] * light.blank(swing[batch]) / middle
            rays[batch] = -np.log(np.maximum(measured.data[0, batch], np.float32(FEWEST_PHOTONS)) / air)
        np.maximum(rays, 0, out=rays)
        volume = self.reconstruction(rays, swing, self.stand.own(raw.grid))
        return Image(volume, "1/mm", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with the structure at each of its voxels, in the middle of the swing."""
        return replace(image, labels=relabelled(scene.at(self.scan_s / 2), image.grid))

    @property
    def _view_s(self) -> Float64[ndarray, " views"]:
        """When each view is taken."""
        return self.scan_s * np.linspace(0, 1, self.views)

    @property
    def _swing(self) -> Views:
        half = np.radians(self.arc_deg) / 2
        return self.stand.views(np.linspace(-half, half, self.views), self.pivot_mm)

    @property
    def _middle(self) -> slice:
        return slice(self.views // 2, self.views // 2 + 1)

    @property
    def _light(self) -> BreastLight:
        return BreastLight(self.tube, self.kvp, self.stand, self.detector)

    def _slices(self, grid: Grid) -> Grid:
        """Over all of a grid of the stand's: pixels of the detector, and slices one upon the other."""
        step = np.array([self.stand.pixel_mm, self.slice_mm, self.stand.pixel_mm])
        size = np.array(grid.shape) * grid.spacing_mm
        x, y, z = np.ceil(size / step - 1e-6).astype(int).tolist()
        affine = np.diag([*step, 1.0])
        affine[:3, 3] = grid.affine[:3, 3] + (step - grid.spacing_mm) / 2
        return Grid((x, y, z), affine)
