"""Do vessels find their way in everybody? Liver, lungs, kidneys and heart of ten people, from child to old age.

python benchmarks/vessel_torsos.py   # some minutes; writes results/vessel_torsos.md
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.ndimage import binary_dilation

from phantoms.people.population import Person
from phantoms.torso import Torso
from simdata import Growth, Scene, Streams, Vessels
from simdata.errors import SimdataError
from vascular.apart import meetings
from vascular.coronary import Coronary
from vascular.kidney import Kidney
from vascular.liver import Liver
from vascular.lung import Lung

MEN_Y, WOMEN_Y = (10.0, 31.0, 48.0, 57.0, 75.0), (14.0, 22.0, 40.0, 66.0, 84.0)
PEOPLE = (
    *(Person(sex="male", age_y=age_y) for age_y in MEN_Y),
    *(Person(sex="female", age_y=age_y) for age_y in WOMEN_Y),
)
FIELD = {"voxel_mm": 2.0, "shape": (200, 160, 220), "centre_mm": (0.0, 0.0, -40.0)}
BEDS: Mapping[str, tuple[Growth, Sequence[str]]] = {
    "liver": (Liver(), ("liver",)),
    "lungs": (
        Lung(terminals=3000),
        ("lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_middle_lobe_right",
         "lung_lower_lobe_right"),
    ),
    "kidneys": (Kidney(), ("kidney_left", "kidney_right", "renal_sinus_fat_left", "renal_sinus_fat_right")),
    "heart": (Coronary(), ("heart", "epicardial_fat")),
}  # fmt: skip
LARGE = {
    "liver_portal_vein": "portal_vein", "liver_artery": "hepatic_artery celiac", "liver_vein": "inferior_vena_cava",
    "liver_bile_duct": "common_bile_duct gallbladder duodenum", "lung_airway": "trachea main_bronchus",
    "lung_artery": "pulmonary_artery", "lung_vein": "pulmonary_vein left_atrium lung_vein",
    "kidney_artery_left": "renal_artery aorta", "kidney_artery_right": "renal_artery aorta",
    "kidney_vein_left": "renal_vein vena_cava", "kidney_vein_right": "renal_vein vena_cava",
    "coronary": "aorta", "coronary_vein": "right_atrium",
}  # fmt: skip
"""What a root lies in: names that begin or end with one of these."""
RESULT = Path(__file__).parent / "results" / "vessel_torsos.md"


def inside(scene: Scene, organ: Sequence[str], vessels: Vessels) -> int:
    """How many ends lie in the organ, or in a voxel that touches it."""
    mask = np.logical_or.reduce([scene.mask(name) for name in organ])
    voxel = np.rint(scene.grid.index(vessels.points_mm[vessels.ends].astype(float))).astype(int)
    return int(binary_dilation(mask)[tuple(voxel.T)].sum())


def connected(scene: Scene, bed: str, vessels: Vessels) -> int:
    """How many roots lie in the large vessel that the bed goes on from."""
    voxel = np.rint(scene.grid.index(vessels.points_mm[vessels.roots].astype(float))).astype(int)
    names = [scene.structures[id].name if id else "" for id in scene.labels[tuple(voxel.T)].tolist()]
    return sum(any(part in name for part in LARGE[bed].split()) for name in names)


def row(person: Person, scene: Scene, organ: str) -> str:
    growth, structures = BEDS[organ]
    start = perf_counter()
    try:
        beds = growth(scene, Streams(1)[organ].generator).vessels
    except SimdataError as error:
        return f"| {person.sex} {person.age_y:g} | {organ} | {error} | | | | |"
    seconds = perf_counter() - start
    ends = sum(len(vessels.ends) for vessels in beds.values())
    held = sum(inside(scene, structures, vessels) for vessels in beds.values())
    roots = sum(len(vessels.roots) for vessels in beds.values())
    joined = sum(connected(scene, name, vessels) for name, vessels in beds.items())
    meet = sum(len(meetings(a, b)) for a, b in combinations(beds.values(), 2))
    who = f"{person.sex} {person.age_y:g}"
    return f"| {who} | {organ} | {ends} | {ends - held} | {joined} of {roots} | {meet} | {seconds:.1f} |"


def main() -> None:
    lines = [
        "# Vessels in ten torsos",
        "",
        "Voxels of 2 mm; all beds as they come, lungs with 3000 terminals. Outside: ends in no voxel of the organ or",
        "next to it. Roots: how many lie in the large vessel that they should. Overlaps: pairs of segments of",
        "different trees. Seconds by the clock; other work shared the two cores.",
        "",
        "| person | organ | ends | outside | roots | overlaps | s |",
        "|---|---|---|---|---|---|---|",
    ]
    for n, person in enumerate(PEOPLE):
        scene = Torso(subject=person, **FIELD)(Streams(n)["phantom"].generator)
        for organ in BEDS:
            lines.append(row(person, scene, organ))
            print(lines[-1], flush=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
