"""Does anybody build? Sampled people, newborn to 90 years: errors, missing structures, holes, volumes, time.

python benchmarks/people.py                          # 200 people, half an hour; writes results/people.md
python benchmarks/people.py 40 --out /tmp/people.md  # the first 40 of them
"""

import argparse
import csv
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import numpy as np
from scipy.ndimage import binary_fill_holes, find_objects

from phantoms.anatomy.patient import ORGANS, Patient
from phantoms.anatomy.solver import Organ, is_part, numbered
from phantoms.people.organs import mean_organs
from phantoms.people.population import Person
from phantoms.people.traits import traits
from phantoms.torso import Torso
from simdata import Grid, Streams, Subject
from simdata.errors import SimdataError

LOOK_MM, MEASURE_MM = 4.0, 2.0
VOXELS = 20_000
"""An organ of fewer voxels is measured on a finer grid, with so many."""
AGES_Y = (0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.5, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
"""Every other person is as old as this; the rest is as old as the population is."""
POPULATIONS = ("world", "us_adults", "icrp89_children", "europe_adults", "world", "japan_adults")
MEN_ONLY = ("prostate",)
GONE = {
    "eleven_ribs": ("rib_left_12", "rib_right_12"),
    "four_lumbar": ("vertebrae_L5",),
    "absent_kidney_left": ("kidney_left",),
    "absent_gallbladder": ("gallbladder",),
}
"""What a variant takes away."""
TABLE = Path(__file__).parent.parent / "phantoms" / "tables" / "totalsegmentator.csv"
HIGHEST_MM, LOWEST_MM = 500.0, -700.0
TRUNK_MM = (-425.0, 150.0)
FITS = 0.01
RESULT = Path(__file__).parent / "results" / "people.md"


@dataclass(frozen=True)
class Seen:
    """What one person looked like. wrong: organ to (drawn / asked - 1). z: trait to its distance from the mean.

    build_s, draw_s: of one core.
    """

    seed: int
    subject: Subject | None = None
    error: str = ""
    missing: tuple[str, ...] = ()
    unlabelled: int = 0
    wrong: Mapping[str, float] = field(default_factory=dict)
    z: Mapping[str, float] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    mass_share: float = 0.0
    build_s: float = 0.0
    draw_s: float = 0.0


def person(seed: int) -> Person:
    """Who is asked for: somebody of a population, or of a population and an age; many of these are young."""
    population = POPULATIONS[seed % len(POPULATIONS)]
    if seed % 2 or not population.startswith(("world", "icrp89")):
        return Person(population)
    return Person(population, age_y=AGES_Y[seed // 2 % len(AGES_Y)])


def look(seed: int) -> Seen:
    """One person, built and measured."""
    start = process_time()
    try:
        patient = Torso(subject=person(seed)).patient(Streams(seed)["phantom"].generator)
        whole = patient.grid(LOOK_MM, HIGHEST_MM, LOWEST_MM)
        built = process_time()
        labels = patient.draw(whole).labels
        drawn = process_time()
    except SimdataError as error:
        return Seen(seed, error=str(error))
    grid = fine(patient)
    close = patient.draw(grid).labels
    return Seen(
        seed,
        subject=patient.body.subject,
        missing=tuple(missing(patient, close)),
        unlabelled=unlabelled(patient, (labels, whole), (close, grid)),
        wrong=measured(patient, close, grid),
        z=z_scores(patient),
        moved=tuple(name.removesuffix("_moved_ml") for name in patient.latents if name.endswith("_moved_ml")),
        mass_share=(labels > 0).sum() * whole.voxel_mm3 / 1e6 / patient.body.subject.weight_kg,
        build_s=built - start,
        draw_s=drawn - built,
    )


def expected(patient: Patient) -> list[str]:
    """The classes of TotalSegmentator that this person has."""
    body = patient.body
    gone = {"kidney_cyst_left", "kidney_cyst_right"} | set(MEN_ONLY if body.female else ())
    gone |= {name for variant, names in GONE.items() if variant in body.variants for name in names}
    with TABLE.open(encoding="utf-8") as table:
        return [row["structure"] for row in csv.DictReader(table) if row["structure"] not in gone]


def missing(patient: Patient, labels: np.ndarray) -> list[str]:
    """Which of them are not among the labels."""
    there = np.bincount(labels.ravel(), minlength=1 << 16) > 0
    return [name for name in expected(patient) if not (there & is_part(Organ(name, (name,)))).any()]


def fine(patient: Patient) -> Grid:
    """All of the person, 2 mm in an adult and as many voxels in a child."""
    return patient.grid(MEASURE_MM * min(1.0, float(patient.made.at(0.0).mean())), HIGHEST_MM, LOWEST_MM)


def unlabelled(patient: Patient, coarse: tuple[np.ndarray, Grid], fine: tuple[np.ndarray, Grid]) -> int:
    """Voxels of air that the body encloses on a coarse grid, as it still does on a fine one.

    Behind an ear or in a fold of the groin a coarse grid alone closes in some air of the room.
    """
    index = np.argwhere(_enclosed(patient, *coarse))
    there = np.rint(fine[1].index(coarse[1].world_mm(index))).astype(int)
    return int(_enclosed(patient, *fine)[tuple(there.T)].sum())


def _enclosed(patient: Patient, labels: np.ndarray, grid: Grid) -> np.ndarray:
    """Air that is enclosed in space above the seat, or in an axial plane between seat and shoulders.

    Between thighs and scrotum, under the chin and behind the ears, a plane encloses air of the room.
    """
    inside = labels > 0
    low, high = grid.index(np.array([[0, 0, mm] for mm in patient.made.patient_height_mm(np.array(TRUNK_MM))]))[:, 2]
    holes = np.zeros(inside.shape, bool)
    holes[:, :, int(low) :] = _holes(inside[:, :, int(low) :])
    for z in range(int(low), int(high)):
        holes[:, :, z] |= _holes(inside[:, :, z])
    return holes


def _holes(inside: np.ndarray) -> np.ndarray:
    return np.asarray(binary_fill_holes(inside)) & ~inside


def measured(patient: Patient, labels: np.ndarray, grid: Grid) -> dict[str, float]:
    """Organ to how much larger it is drawn than the latents say, relative: at 2 mm, small organs finer."""
    organs = [Organ(name, parts) for name, (parts, _) in ORGANS.items()]
    wrong = {}
    for organ, box in zip(organs, find_objects(numbered(organs)[labels], len(organs)), strict=True):
        asked = sum(patient.body.latent(name) for name in ORGANS[organ.knob][1])
        if not asked or not box:
            continue
        low, high = (grid.world_mm(np.array([getattr(cut, end) for cut in box], float)) for end in ("start", "stop"))
        voxel_mm = min(grid.spacing_mm[0], float(np.cbrt(1000 * asked / VOXELS)))
        size = high - low + 4 * grid.spacing_mm[0]
        x, y, z = np.ceil(size / voxel_mm).astype(int)
        window = Grid.regular(
            (int(x), int(y), int(z)), voxel_mm, tuple(((low + high - grid.spacing_mm[0]) / 2).tolist())
        )
        drawn = float(is_part(organ)[patient.draw(window).labels].sum() * window.voxel_mm3 / 1000)
        wrong[organ.knob] = drawn / asked - 1
    return wrong


def z_scores(patient: Patient) -> dict[str, float]:
    """Trait to its distance from the mean of people of that sex, age and size, in standard deviations of the log."""
    mean = mean_organs(patient.body.subject)
    spread = {trait.name: trait.spread for trait in traits("organs", patient.body.subject.sex)}
    names = {name.removesuffix("_ml") for _, latents in ORGANS.values() for name in latents} & set(spread)
    return {
        name: (np.log(patient.body.latent(f"{name}_ml") / mean[name]) + spread[name] ** 2 / 2) / spread[name]
        for name in sorted(names)
        if mean.get(name) and patient.body.latent(f"{name}_ml")
    }


def report(seen: list[Seen]) -> str:
    """The page of results."""
    built = [one for one in seen if not one.error]
    wrong = {organ: np.array([one.wrong[organ] for one in built if organ in one.wrong]) for organ in ORGANS}
    lost = Counter(name for one in built for name in one.missing)
    moved = Counter(name for one in built for name in one.moved)
    build_s, draw_s = (np.array([getattr(one, name) for one in built]) for name in ("build_s", "draw_s"))
    off = sum(int((np.abs(values) > FITS).sum()) for values in wrong.values())
    rows = [
        ("errors", len(seen) - len(built), "0"),
        ("missing structures, of the 117 classes that a person has", sum(lost.values()), "0"),
        (
            f"people with air inside, in an axial plane or in space, at {LOOK_MM:g} and {MEASURE_MM:g} mm",
            _count(built, "unlabelled"),
            "0",
        ),
        (f"organs more than {100 * FITS:.0f} % off, of {sum(map(len, wrong.values()))}", off, "0"),
        ("organs that were drawn larger or smaller than they can be, and moved", sum(moved.values()), ""),
        ("litres in the picture per kg, median", f"{np.median([one.mass_share for one in built]):.2f}", ""),
        ("CPU seconds to build, median and most", f"{np.median(build_s):.1f}, {build_s.max():.1f}", ""),
        (f"CPU seconds to draw at {LOOK_MM:g} mm, median and most", f"{np.median(draw_s):.2f}, {draw_s.max():.2f}", ""),
    ]
    lines = [f"# {len(seen)} sampled people", "", _who([one.subject for one in built if one.subject]), ""]
    lines += ["| what | found | wanted |", "|---|---|---|", *[f"| {a} | {b} | {c} |" for a, b, c in rows], ""]
    lines += [*_organ_table(wrong, moved), "", *_trait_table(built), ""]
    lines += [f"- error, seed {one.seed}: {one.error}" for one in seen if one.error]
    lines += [f"- missing: {name}, {count} people" for name, count in lost.most_common()]
    lines += [f"- air inside: seed {one.seed}, {one.unlabelled} voxels" for one in built if one.unlabelled]
    return "\n".join(lines + [f"- off: seed {one.seed}, {text}" for one in built if (text := _off(one))])


def _count(built: list[Seen], name: str) -> int:
    return sum(bool(getattr(one, name)) for one in built)


def _who(people: list[Subject]) -> str:
    ages = np.array([one.age_y for one in people])
    women = sum(one.sex == "female" for one in people)
    cm, bmi = [one.height_cm for one in people], [one.bmi for one in people]
    return (
        f"`Torso` with its defaults: {women} female, {len(people) - women} male, {ages.min():.1f} to {ages.max():.1f} "
        f"years ({(ages < 2).sum()} below 2, {(ages < 16).sum()} below 16, {(ages > 70).sum()} above 70), "
        f"{min(cm):.0f} to {max(cm):.0f} cm, body-mass index {min(bmi):.1f} to {max(bmi):.1f}."
    )


def _organ_table(wrong: Mapping[str, np.ndarray], moved: Mapping[str, int]) -> list[str]:
    lines = ["| organ | people | drawn over asked, worst | mean absolute | moved |", "|---|---|---|---|---|"]
    for organ, v in wrong.items():
        if len(v):
            worst, mean = 100 * v[np.abs(v).argmax()], 100 * np.abs(v).mean()
            lines.append(f"| {organ} | {len(v)} | {worst:+.2f} % | {mean:.2f} % | {moved.get(organ, 0)} |")
    return lines


def _trait_table(built: list[Seen]) -> list[str]:
    lines = ["| trait | z, mean | z, standard deviation | lowest | highest |", "|---|---|---|---|---|"]
    for name in sorted({name for one in built for name in one.z}):
        v = np.array([one.z[name] for one in built if name in one.z])
        lines.append(f"| {name} | {v.mean():+.2f} | {v.std():.2f} | {v.min():+.1f} | {v.max():+.1f} |")
    return lines


def _off(one: Seen) -> str:
    far = {organ: value for organ, value in one.wrong.items() if abs(value) > FITS}
    return ", ".join(f"{organ} {100 * value:+.1f} %" for organ, value in far.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    os.environ["NUMBA_NUM_THREADS"] = "1"
    seeds, seen = range(options.first, options.first + options.count), []
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as workers:
        for one in workers.map(look, seeds):
            seen.append(one)
            print(_line(one), flush=True)
            options.out.parent.mkdir(exist_ok=True)
            options.out.write_text(report(seen).rstrip() + "\n", encoding="utf-8")


def _line(one: Seen) -> str:
    if one.error or not one.subject:
        return f"{one.seed}: {one.error}"
    who = f"{one.subject.sex} {one.subject.age_y:.1f} y {one.subject.height_cm:.0f} cm {one.subject.weight_kg:.0f} kg"
    return (
        f"{one.seed}: {who}, {one.build_s:.0f} s; missing {', '.join(one.missing) or 'none'}; air {one.unlabelled}; "
        f"off {_off(one) or 'none'}; moved {', '.join(one.moved) or 'none'}; share {one.mass_share:.2f}"
    )


if __name__ == "__main__":
    main()
