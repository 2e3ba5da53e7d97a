"""Who the patient is: sex, age and body size."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True)
class Subject:
    """A person in the numbers a radiologist finds on the request form.

    Defaults are the adult reference female of ICRP Publication 89 (2002): 163 cm, 60 kg.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    sex: Literal["female", "male"] = "female"
    age_y: Annotated[float, Ge(18), Le(90)] = 40.0
    height_cm: Annotated[float, Ge(140), Le(205)] = 163.0
    weight_kg: Annotated[float, Ge(35), Le(180)] = 60.0

    @property
    def bmi(self) -> float:
        """Body-mass index, kg/m2."""
        return self.weight_kg / (self.height_cm / 100) ** 2
