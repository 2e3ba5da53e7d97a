"""The retina of the command line: how much of an eye, and what ails it."""

from collections.abc import Mapping
from types import MappingProxyType

from phantoms.retina import Retina as Wall
from simdata.errors import SceneError, did_you_mean
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.streams import Streams
from vascular.diabetic_retinopathy import DiabeticRetinopathy
from vascular.morphometry import Field
from vascular.retina import Retina
from vascular.retinal_occlusion import RetinalOcclusion

HEALTHY = "healthy"
FIELD_MM, LEAST_MM, MOST_MM = 3.0, 1.0, 12.0
DISEASES: Mapping[str, tuple[Growth, ...]] = MappingProxyType({
    HEALTHY: (),
    "mild_diabetic_retinopathy": (DiabeticRetinopathy(grade="mild"),),
    "diabetic_retinopathy": (DiabeticRetinopathy(grade="moderate"),),
    "severe_diabetic_retinopathy": (DiabeticRetinopathy(grade="severe"),),
    "branch_artery_occlusion": (RetinalOcclusion(vessel="artery"),),
    "branch_vein_occlusion": (RetinalOcclusion(vessel="vein"),),
    "central_artery_occlusion": (RetinalOcclusion(vessel="artery", site="central"),),
    "central_vein_occlusion": (RetinalOcclusion(vessel="vein", site="central"),),
})  # fmt: skip
WALL_VOXELS, WALL_LAYERS = 150, 10
"""Of the wall that holds the findings: its picture is not asked for, so that it may be coarse."""


def check_eye(field_mm: float, disease: str) -> None:
    """Raises SceneError for a field that no retina fills, or if no disease has this name."""
    if not LEAST_MM <= field_mm <= MOST_MM:
        raise SceneError(
            f"simdata vessels: --field-mm: found {field_mm:g}; {LEAST_MM:g} to {MOST_MM:g}, the whole fundus, would do"
        )
    if disease not in DISEASES:
        raise SceneError(
            f"simdata vessels: --disease: no disease of the retina is called '{disease}'; "
            f"{did_you_mean(disease, DISEASES)}"
        )


def eye(streams: Streams, field_mm: float, disease: str) -> Scene:
    """The wall of a right eye with vessels in a field of field_mm, after what `disease` does to them."""
    deep_mm = Wall().depth_mm / WALL_LAYERS
    wall = Wall(field_mm=field_mm, voxel_mm=field_mm / WALL_VOXELS, depth_voxel_mm=deep_mm)
    patient = Retina(field_mm=field_mm)(wall(streams["wall"].generator), streams["vessels"].generator)
    for growth in DISEASES[disease]:
        patient = growth(patient, streams["disease"].generator)
    return patient


def seen(field_mm: float) -> Field:
    """The picture in which such a field is measured: pixels as wide as those of 3 mm."""
    usual = Field()
    return Field(width_mm=field_mm, pixels=round(usual.pixels * field_mm / usual.width_mm))
