"""A lesion as the report names it: what, where, how large."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Attribute = str | float
"""What an attribute of a finding may hold."""


@dataclass(frozen=True)
class Finding:
    """One lesion of one patient.

    kind: e.g. "nodule". structure: name of the structure that holds it. label: its id in `Scene.labels`.
    centre_mm: RAS+ mm of the middle of its voxels. extent_mm: their size along x, y, z.
    volume_mm3: of what it fills of every voxel, or of its voxels where only those are known.
    text: one line, as a radiologist would dictate it.
    axial_mm: its longest diameter in an axial slice, and the longest across it there (RECIST 1.1: Eisenhauer et al.
    2009, Eur J Cancer 45:228); 0, 0 where nobody measured. attributes: what its kind says of it, by name, such as
    "form" or "diameter_mm".
    """

    kind: str
    structure: str
    label: int
    centre_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    volume_mm3: float
    text: str
    axial_mm: tuple[float, float] = (0.0, 0.0)
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)
