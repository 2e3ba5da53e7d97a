"""One patient as a function from place to label, painted in order of priority, and the solver of organ volumes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from os import cpu_count

import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from numpy import ndarray
from numpy.random import Generator

from phantoms.torso import abdomen, cavities, fat, kidneys, lungs, muscles, ribs, shoulders, spine, vessels
from phantoms.torso.abdomen import Organs
from phantoms.torso.canvas import Canvas
from phantoms.torso.frame import Frame, frame
from phantoms.torso.gut import Gut, gut, paint_bowel, paint_stomach, stomach_depth
from phantoms.torso.heart import Heart, heart_depths, paint_heart
from phantoms.torso.outline import Outline, outline
from phantoms.torso.warp import places
from simdata import Grid, Subject, structure

SKIN_MM = 2.0
TOP_MM, BOTTOM_MM = 240.0, -262.0
SLAB_VOXELS = 16
SOLVE_VOXEL_MM = 6.5
SOLVE_ROUNDS = 4
HEART_RIDES = 0.7

Painted = tuple[UInt16[ndarray, "x y z"], UInt8[ndarray, "x y z"], Float32[ndarray, "x y z"]]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One patient. dome_mm: height of the right dome of the diaphragm over the middle of T9, about."""

    frame: Frame
    outline: Outline
    gut: Gut
    organs: Organs = Organs()
    heart_scale: float = 1.0
    dome_mm: float = 0.0

    @cached_property
    def heart(self) -> Heart:
        """The heart, which rides on the diaphragm."""
        return Heart(self.heart_scale, HEART_RIDES * self.dome_mm)

    @cached_property
    def tubes(self) -> vessels.Tubes:
        """Great vessels, airways and gullet."""
        return vessels.tubes(self.heart, self.frame.vessel)

    def paint(self, grid: Grid) -> Painted:
        """Labels, tissues and density on a grid along the patient: functions of place alone, in slabs of any size."""
        shape = grid.shape
        painted = np.zeros(shape, np.uint16), np.zeros(shape, np.uint8), np.ones(shape, np.float32)
        slabs = [np.s_[:, :, k : k + SLAB_VOXELS] for k in range(0, shape[2], SLAB_VOXELS)]
        with ThreadPoolExecutor(cpu_count()) as threads:
            list(threads.map(lambda slab: self._paint(self._canvas(grid, slab, painted).trimmed()), slabs))
        return painted

    def _paint(self, canvas: Canvas) -> None:
        height = canvas.axes[2]
        body = (canvas.body > 0) & (height < TOP_MM) & (height > BOTTOM_MM)
        canvas.paint(body, "skin")
        canvas.paint(body & (canvas.body > SKIN_MM), "subcutaneous_fat")
        canvas.paint(body & (canvas.body > SKIN_MM + 0.5) & (canvas.muscle > 0), "skeletal_muscle")
        fat.paint_fat(canvas, self.frame)

        depths = heart_depths(canvas, self.heart, lungs.GROOVE_MM * 2)
        above = cavities.above_diaphragm(canvas, depths["whole"], self.dome_mm)
        cavities.paint_cavities(canvas, above)
        mediastinum = lungs.mediastinum_depth(canvas, depths["whole"], self.tubes)
        lungs.paint_lungs(canvas, above, mediastinum, self.dome_mm)
        paint_heart(canvas, depths)
        vessels.paint_tubes(canvas, self.tubes)
        muscles.paint_muscles(canvas)
        self._paint_abdomen(canvas, above)

        shoulders.paint_shoulders(canvas, self.outline)
        ribs.paint_ribs(canvas, self.outline)
        spine.paint_spine(canvas)
        canvas.labels[~body] = 0
        canvas.tissue[~body] = 0
        lungs.weigh(canvas)

    def _paint_abdomen(self, canvas: Canvas, above) -> None:
        under = np.minimum(canvas.cavity, -above - np.float32(cavities.MUSCLE_MM))
        kidney = np.maximum(*(kidneys.bed_depth(canvas, side, self.organs.kidney) for side in kidneys.CENTRE_MM))
        room = np.minimum(under, -kidney - np.float32(kidneys.CAPSULE_MM))
        stomach = stomach_depth(canvas, self.dome_mm)
        liver = abdomen.liver_depth(canvas, room, self.organs)
        spleen = abdomen.spleen_depth(canvas, self.organs, self.dome_mm)
        spleen = np.minimum(np.minimum(spleen, room - 1), abdomen.DENT_MM - stomach)

        abdomen.paint_liver(canvas, liver, above, self.organs)
        canvas.paint((spleen > 0) & canvas.has("visceral_fat"), "spleen")
        kidneys.paint_kidneys(canvas, self.organs.kidney)
        room = np.minimum(np.minimum(-liver, -spleen), room) - 1
        paint_stomach(canvas, np.minimum(stomach, room), self.gut)
        abdomen.paint_pancreas(canvas)
        paint_bowel(canvas, self.gut)

    def _canvas(self, grid: Grid, slab: tuple[slice, slice, slice], painted: Painted) -> Canvas:
        own = [grid.affine[n, n] * np.arange(grid.shape[n]) + grid.affine[n, 3] for n in range(3)]
        x_axis, y_axis, z_axis = (a[cut] / scale for a, cut, scale in zip(own, slab, self.frame.scale, strict=True))
        axes = (x_axis, y_axis, z_axis)
        x, y, z = places(self.frame.warp, axes)
        margin = np.abs(self.frame.warp).reshape(3, -1).max(axis=1) + 0.5
        return Canvas(axes, margin, x, y, z, *self.outline.depth(x, y, z), *(array[slab] for array in painted))

    def volumes_ml(self, grid: Grid) -> dict[str, float]:
        """Volumes of the organs that the solver sets, mL."""
        counts = np.bincount(self.paint(grid)[0].ravel(), minlength=2000) * grid.voxel_mm3 / 1000
        return {organ: float(sum(counts[structure(name).id] for name in names)) for organ, names in PARTS.items()}


SIDES = ("left", "right")
PARTS = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidneys": tuple(f"kidney_{part}_{side}" for side in SIDES for part in ("cortex", "medulla", "pelvis")),
    "heart": ("heart_myocardium", *(f"heart_{side}_{part}" for side in SIDES for part in ("ventricle", "atrium"))),
    "lungs": (
        *(f"lung_{lobe}_lobe_right" for lobe in ("upper", "middle", "lower")),
        *(f"lung_{lobe}_lobe_left" for lobe in ("upper", "lower")),
    ),
}
# reference mm of lift per mm3 of volume: the surface that moves is about this wide
LUNG_FLOOR_MM2, LIVER_FLOOR_MM2 = 33000.0, 21000.0


def draw_anatomy(subject: Subject, rng: Generator) -> Anatomy:
    """Draw a patient and turn organ sizes until their volumes are those that were drawn."""
    person = frame(subject, rng)
    anatomy = Anatomy(person, outline(person), gut(rng))
    reach = np.array([220.0, 190.0, 230.0]) * person.scale
    shape = np.ceil(2 * reach / SOLVE_VOXEL_MM).astype(int)
    grid = Grid.regular((int(shape[0]), int(shape[1]), int(shape[2])), SOLVE_VOXEL_MM)
    for _ in range(SOLVE_ROUNDS):
        anatomy = _nearer(anatomy, anatomy.volumes_ml(grid))
    return anatomy


def _nearer(anatomy: Anatomy, found_ml: dict[str, float]) -> Anatomy:
    wanted = anatomy.frame.volumes_ml
    missing_mm3 = {organ: (wanted[organ] - found_ml[organ]) * 1000 / np.prod(anatomy.frame.scale) for organ in wanted}
    ratio = {organ: wanted[organ] / max(found_ml[organ], 1.0) for organ in wanted}
    organs = Organs(
        liver_mm=float(np.clip(anatomy.organs.liver_mm + missing_mm3["liver"] / LIVER_FLOOR_MM2, -70, 110)),
        spleen=float(np.clip(anatomy.organs.spleen * ratio["spleen"] ** 0.5, 0.5, 1.6)),
        kidney=float(np.clip(anatomy.organs.kidney * ratio["kidneys"] ** (1 / 3), 0.7, 1.3)),
    )
    heart = float(np.clip(anatomy.heart_scale * ratio["heart"] ** (1 / 3), 0.75, 1.25))
    dome = float(np.clip(anatomy.dome_mm - missing_mm3["lungs"] / LUNG_FLOOR_MM2, -75, 60))
    return replace(anatomy, organs=organs, heart_scale=heart, dome_mm=dome)
