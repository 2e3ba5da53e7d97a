"""A lesion as the report names it: what, where, how large."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One lesion of one patient.

    kind: e.g. "nodule". structure: name of the structure that holds it. label: its id in `Scene.labels`.
    centre_mm: RAS+ mm of its centre of mass. extent_mm: its size along x, y, z. volume_mm3: of its voxels.
    text: one line, as a radiologist would dictate it.
    """

    kind: str
    structure: str
    label: int
    centre_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    volume_mm3: float
    text: str
