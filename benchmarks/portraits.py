"""Twelve people, newborn to 90 years and thin to obese, from outside and in five planes, at one scale.

python benchmarks/portraits.py              # several minutes; writes docs/people.png
python benchmarks/portraits.py out.png 0 7  # the first and the eighth of them, elsewhere
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8, UInt16
from numpy import ndarray
from PIL import Image as Picture

from phantoms.anatomy.look import surface
from phantoms.anatomy.patient import Patient
from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.body import BACKGROUND, GAP_PX, page_of
from simdata import Grid, Streams
from simdata.structures import structure, structures

# seed, and who it is: cm and kg
PEOPLE = (
    (1, Person(sex="female", age_y=0.0, height_cm=51.0, weight_kg=3.5)),
    (2, Person(sex="male", age_y=1.0, height_cm=76.0, weight_kg=10.0)),
    (3, Person(sex="female", age_y=5.0, height_cm=109.0, weight_kg=19.0)),
    (4, Person(sex="male", age_y=10.0, height_cm=140.0, weight_kg=45.0)),
    (5, Person(sex="female", age_y=15.0, height_cm=162.0, weight_kg=50.0)),
    (6, Person(sex="male", age_y=30.0, height_cm=182.0, weight_kg=76.0)),
    (7, Person(sex="female", age_y=30.0, height_cm=168.0, weight_kg=46.0)),
    (8, Person(sex="male", age_y=50.0, height_cm=176.0, weight_kg=128.0)),
    (9, Person(sex="female", age_y=50.0, height_cm=162.0, weight_kg=104.0)),
    (10, Person(sex="male", age_y=70.0, height_cm=172.0, weight_kg=74.0)),
    (11, Person(sex="female", age_y=70.0, height_cm=158.0, weight_kg=68.0)),
    (12, Person(sex="male", age_y=90.0, height_cm=164.0, weight_kg=55.0)),
)
VOXEL_MM, FINE = 2.0, 2
"""Edge of a pixel, mm; the colour of a pixel is the mean of FINE x FINE points of the plane."""
CHEST_MM, BELLY_MM, CORONAL_MM, SAGITTAL_MM = 30.0, -135.0, -8.0, 2.0
"""Planes, as places of the reference body."""
WIDTH_PX = 3000
SHOWN, COLOURS = 0.55, 128
"""How much smaller the sheet is kept than drawn, and its colours: half a megabyte."""
RESULT = Path(__file__).parent.parent / "docs" / "people.png"


def colours() -> UInt8[ndarray, "n 3"]:
    table = np.tile(np.array(BACKGROUND, np.uint8), (1 << 16, 1))
    for id, one in structures().items():
        if id:
            table[id] = one.colour
    return table


def plane(patient: Patient, whole: Grid, axis: int, place_mm: float) -> UInt8[ndarray, "h w 3"]:
    """The plane across `axis` at `place_mm`, seen as radiologists do: from the front, the left or the feet."""
    size = np.array(whole.shape) * VOXEL_MM
    centre = whole.world_mm((np.array(whole.shape) - 1) / 2)
    centre[axis] = place_mm
    shape = [FINE * n for n in whole.shape]
    shape[axis] = 1
    grid = Grid.regular((shape[0], shape[1], shape[2]), float(size[0] / whole.shape[0] / FINE), tuple(centre.tolist()))
    labels = np.take(patient.draw(grid).labels, 0, axis=axis)
    return _shrunk(_seen(labels))


def _seen(labels: UInt16[ndarray, "u v"]) -> UInt8[ndarray, "h w 3"]:
    """Coloured, the second axis up, the first to the left."""
    return colours()[labels].transpose(1, 0, 2)[::-1, ::-1]


def _shrunk(picture: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
    h, w = (n // FINE for n in picture.shape[:2])
    return picture[: h * FINE, : w * FINE].reshape(h, FINE, w, FINE, 3).mean(axis=(1, 3)).astype(np.uint8)


def trimmed(picture: UInt8[ndarray, "h w 3"], upright: bool) -> UInt8[ndarray, "a b 3"]:
    """Without what is empty around it; upright pictures keep their height, so that levels stay beside each other."""
    used = (picture != np.array(BACKGROUND, np.uint8)).any(axis=2)
    columns, rows = np.flatnonzero(used.any(axis=0)), np.flatnonzero(used.any(axis=1))
    low, high = (0, len(picture)) if upright else (rows[0], rows[-1] + 1)
    return picture[low:high, columns[0] : columns[-1] + 1]


def portrait(patient: Patient) -> Picture.Image:
    """Surface, coronal, sagittal, and two axial planes one above the other, with a line that says who it is."""
    whole = patient.grid(VOXEL_MM)
    at_mm = patient.made.patient_height_mm(np.array([CHEST_MM, BELLY_MM]))
    outside = (patient.draw(whole).labels > 0) * np.uint16(structure("skin").id)
    skin = surface(outside, colours(), "front")
    skin[(skin == 0).all(axis=2)] = BACKGROUND
    y_mm = CORONAL_MM * float(patient.made.at(0.0)[1])
    tall = [skin, plane(patient, whole, 1, y_mm), plane(patient, whole, 0, SAGITTAL_MM)]
    tall = [trimmed(one, upright=True) for one in tall]
    axial = [trimmed(plane(patient, whole, 2, float(z)), upright=False) for z in at_mm]
    subject = patient.body.subject
    age = "newborn" if subject.age_y == 0 else f"{subject.age_y:.0f} y"
    return page_of(f"{subject.sex}, {age}, {subject.height_cm:.0f} cm, {subject.weight_kg:.0f} kg", tall, axial)


def sheet(portraits: Iterable[Picture.Image], width: int) -> Picture.Image:
    """Portraits in rows, as many as fit beside each other, all at one scale."""
    rows: list[list[Picture.Image]] = [[]]
    for page in portraits:
        if rows[-1] and sum(p.width + 4 * GAP_PX for p in [*rows[-1], page]) > width:
            rows.append([])
        rows[-1].append(page)
    whole = Picture.new("RGB", (width, sum(max(p.height for p in line) + 2 * GAP_PX for line in rows)), BACKGROUND)
    y = GAP_PX
    for line in rows:
        x, gap = GAP_PX, (width - sum(p.width for p in line)) // max(len(line), 1)
        for page in line:
            whole.paste(page, (x, y))
            x += page.width + gap
        y += max(p.height for p in line) + 2 * GAP_PX
    return whole


def patient_of(seed: int, person: Person) -> Patient:
    return Torso(subject=person, variants=(), arms="down").patient(Streams(seed)["phantom"].generator)


def main(chosen: list[int], out: Path) -> None:
    people = [PEOPLE[n] for n in chosen] or list(PEOPLE)
    whole = sheet((portrait(patient_of(*one)) for one in people), WIDTH_PX)
    whole = whole.resize((round(SHOWN * whole.width), round(SHOWN * whole.height)), Picture.Resampling.LANCZOS)
    whole.quantize(COLOURS).save(out, optimize=True)
    print(f"{out}: {whole.size[0]} x {whole.size[1]}, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main([int(n) for n in sys.argv[2:]], Path(sys.argv[1]) if len(sys.argv) > 1 else RESULT)
