"""Volumes of heads by age and sex, mean and standard deviation, as the table of docs/head.md has them.

python benchmarks/head_volumes.py      # some minutes
"""

from collections.abc import Mapping

import numpy as np

from phantoms.anatomy.brain import PARTS
from phantoms.head import Head
from phantoms.people.population import Person
from simdata import Scene, Streams
from simdata.structures import structure

AGES_Y, PEOPLE, VOXEL_MM = (5.0, 30.0, 80.0), 4, 1.5
FLUID = (
    "lateral_ventricle_left", "lateral_ventricle_right", "inferior_lateral_ventricle_left",
    "inferior_lateral_ventricle_right", "third_ventricle", "fourth_ventricle",
)  # fmt: skip
ROWS: Mapping[str, tuple[str, ...]] = {
    "brain without its ventricles": tuple(part for part in PARTS if part not in FLUID),
    "ventricles": FLUID,
    "fluid around the brain": ("brain_csf",),
    "cortex": ("cerebral_cortex_left", "cerebral_cortex_right"),
    "white matter of the cerebrum": ("cerebral_white_matter_left", "cerebral_white_matter_right", "corpus_callosum"),
    "cerebellum": tuple(
        f"cerebellar_{kind}_{side}" for kind in ("cortex", "white_matter") for side in ("left", "right")
    ),
    "brain stem": ("brain_stem",),
    "thalamus": ("thalamus_left", "thalamus_right"),
    "caudate nucleus": ("caudate_left", "caudate_right"),
    "putamen": ("putamen_left", "putamen_right"),
    "pallidum": ("pallidum_left", "pallidum_right"),
    "hippocampus": ("hippocampus_left", "hippocampus_right"),
    "amygdala": ("amygdala_left", "amygdala_right"),
}


def volumes_ml(scene: Scene) -> list[float]:
    """The volume of every row, mL."""
    count = np.bincount(scene.labels.ravel(), minlength=1 << 16) * scene.grid.voxel_mm3 / 1000
    return [float(sum(count[structure(name).id] for name in names)) for names in ROWS.values()]


def _short(number: float, digits: int) -> str:
    return f"{float(f'{number:.{digits}g}'):g}"


def main() -> None:
    columns = []
    for age_y in AGES_Y:
        people = []
        for n in range(PEOPLE):
            subject = Person(sex="female" if n % 2 else "male", age_y=age_y)
            people.append(volumes_ml(Head(subject=subject, voxel_mm=VOXEL_MM)(Streams(1, n)["head"].generator)))
        columns.append(np.array(people))
    print(f"| mL, {PEOPLE} people of each age |", *(f"{age_y:g} years |" for age_y in AGES_Y))
    print("|---|" + "---|" * len(AGES_Y))
    for row, name in enumerate(ROWS):
        cells = [f"{_short(column[:, row].mean(), 3)} ± {_short(column[:, row].std(ddof=1), 2)}" for column in columns]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
