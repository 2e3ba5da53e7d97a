"""A patient on request: any sex, age and size, from the head to the thighs, drawn from formulas."""

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from phantoms.anatomy.patient import Patient, make_patient
from phantoms.anatomy.texture import draw_texture
from phantoms.anatomy.variants import check_variants, draw_variants
from phantoms.people.population import Person
from simdata import Grid, Phantom, Scene, Streams
from simdata.scene import DENSITY

Voxels = Annotated[int, Ge(8), Le(2048)]
Volume = Annotated[float, Gt(0)] | None


@dataclass(frozen=True)
class OrganVolumes:
    """Volumes that are asked for, mL, blood and contents included; what is left out is drawn for the person.

    lungs: gas and tissue, at the breath that is held.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    lungs_ml: Volume = None
    heart_ml: Volume = None
    liver_ml: Volume = None
    spleen_ml: Volume = None
    kidney_left_ml: Volume = None
    kidney_right_ml: Volume = None
    pancreas_ml: Volume = None
    adrenal_gland_left_ml: Volume = None
    adrenal_gland_right_ml: Volume = None
    gallbladder_ml: Volume = None
    stomach_ml: Volume = None
    small_bowel_ml: Volume = None
    colon_ml: Volume = None
    urinary_bladder_ml: Volume = None
    prostate_ml: Volume = None
    uterus_ml: Volume = None
    thyroid_gland_ml: Volume = None
    thymus_ml: Volume = None
    brain_ml: Volume = None

    def given(self) -> dict[str, float]:
        """Organ to the volume that is asked for."""
        asked = {field.name.removesuffix("_ml"): getattr(self, field.name) for field in fields(self)}
        return {organ: volume for organ, volume in asked.items() if volume is not None}


@dataclass(frozen=True)
class Torso(Phantom):
    """A patient from the head to the middle of the thighs, holding the breath.

    subject: what is known of the person; the rest is drawn from the population. breath: share of the way from
    quiet expiration to a full breath. posture: gas rises and lungs are dense where it says; the shape is that of lying.
    arms: left out, as most chest and abdomen CTs have them, or "up", "down".
    organs: volumes to meet. variants: names from phantoms/tables/variants.csv; None draws each as often as it occurs.
    voxel_mm: edge of a voxel, mm. shape: field of view, voxels along x (right), y (front), z (up).
    centre_mm: middle of the field in RAS+ mm; (0, 0, 0) is the middle of the chest at the ninth thoracic vertebra.
    Raises RecipeError for a subject or variants that cannot be, SceneError for an organ that does not fit.
    """

    subject: Person = Person()
    breath: Annotated[float, Ge(0), Le(1)] = 0.75
    posture: Literal["supine", "upright"] = "supine"
    arms: Literal["out", "up", "down"] = "out"
    organs: OrganVolumes = OrganVolumes()
    variants: tuple[str, ...] | None = None
    voxel_mm: Annotated[float, Ge(0.3), Le(8)] = 1.5
    shape: tuple[Voxels, Voxels, Voxels] = (256, 256, 256)
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        check_variants(self.variants or ())

    def patient(self, rng: Generator) -> Patient:
        """The person, before anybody decides where to look."""
        streams = Streams(int(rng.integers(1 << 63)))
        subject = self.subject(streams["subject"].generator)
        drawn = draw_variants(streams["variants"].generator) if self.variants is None else frozenset(self.variants)
        held = {f"arms_{self.arms}", self.posture} - {"arms_out", "supine"}
        return make_patient(subject, streams, self.breath, drawn | held, self.organs.given())

    def __call__(self, rng: Generator) -> Scene:
        patient = self.patient(rng)
        return scene(patient, Grid.regular(self.shape, self.voxel_mm, self.centre_mm))


def scene(patient: Patient, grid: Grid) -> Scene:
    """A patient on a grid, with boundary voxels that hold two tissues, and texture."""
    drawn = patient.draw(grid, mixed=True)
    density = draw_texture(patient.body, grid, drawn)
    return Scene(
        grid=grid,
        labels=drawn.labels,
        tissue=drawn.tissue,
        second=drawn.other,
        share=drawn.share,
        fields=MappingProxyType({DENSITY: density}),
        subject=patient.body.subject,
        latents=patient.latents,
    )
