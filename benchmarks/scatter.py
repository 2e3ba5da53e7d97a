"""How right and how fast scatter is: photons one by one against books, and the fast model against these photons.

python benchmarks/scatter.py     # some minutes; writes benchmarks/results/scatter.md
"""

from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numba
import numpy as np
from numpy.random import default_rng as rng

from render.anti_scatter_grid import AntiScatterGrid
from render.attenuation import Beam, compositions
from render.effects.scatter import Scatter
from render.materials import binned, spectrum
from render.photons import Photons
from render.scatter_body import SHADOW
from render.scatter_reference import Medium, emerging, energy_integrating, seen
from render.tube import Tube
from render.views import Arc, Orbit, Panel
from simdata import Grid

RESULTS = Path(__file__).parent / "results" / "scatter.md"
PHOTONS = 1_000_000
MANY = 1e6
NEAR = 0.1
"""Of the diameter: so far around the centre of mass."""

TISSUE = {"H": 10.5, "C": 25.6, "N": 2.7, "O": 60.2, "Na": 0.1, "P": 0.2, "S": 0.3, "Cl": 0.2, "K": 0.2}
"""Mass percent. AAPM TG-195."""

TG195_EV = {"all of it": 33171.4, "60 mm before": 72.8588, "30 mm before": 53.3451, "middle": 36.6674}
TG195_EV |= {"30 mm behind": 23.8321, "60 mm behind": 14.5952}
"""eV of a 56.4 keV photon in the slab and in cubes of 3 cm on its axis: mean of four codes. Sechopoulos et al. 2015,
Med Phys 42:5679, case 2, full field, 0 degrees."""

WATER, MUSCLE, LUNG, BONE = (compositions()[name] for name in ("water", "muscle", "lung", "cortical_bone"))


@dataclass(frozen=True)
class Case:
    name: str
    medium: Medium
    orbit: Orbit
    beam: Beam
    grids: tuple[AntiScatterGrid, ...] = ()


def mono(kev: float) -> Beam:
    return Beam(np.array([kev]), np.array([1.0]))


def slab(thickness_mm: float, wide_mm: float = 600.0) -> Medium:
    grid = Grid((1, 1, 1), np.diag([wide_mm, thickness_mm, wide_mm, 1.0]))
    return Medium(grid, np.zeros((1, 1, 1), np.uint8), np.ones((1, 1, 1), np.float32), [WATER])


def cylinder(radius_mm: float) -> Medium:
    edge = int(2 * radius_mm / 4) + 2
    grid = Grid.regular((edge, edge, 1), (4.0, 4.0, 400.0))
    x, y, _ = np.moveaxis(grid.points_mm(), -1, 0)
    inside = np.hypot(x, y) < radius_mm
    return Medium(grid, np.zeros(grid.shape, np.uint8), inside.astype(np.float32), [WATER])


def chest() -> Medium:
    """An ellipse of 35 x 22 cm with lungs, a heart and a spine."""
    grid = Grid.regular((90, 57, 100), 4.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    body = (x / 175) ** 2 + (y / 110) ** 2 < 1
    lungs = ((np.abs(x) - 75) / 62) ** 2 + (y / 85) ** 2 < 1
    heart = ((x + 20) / 55) ** 2 + ((y + 25) / 50) ** 2 + (z / 70) ** 2 < 1
    matter = np.where(body & lungs & (np.abs(z) < 120), 1, 0)
    matter[body & heart] = 0
    matter[np.hypot(x, y + 75) < 22] = 2
    density = np.where(body, np.array([1.05, 0.26, 1.4])[matter], 0)
    return Medium(grid, matter.astype(np.uint8), density.astype(np.float32), [MUSCLE, LUNG, BONE])


def breast(thickness_mm: float, radius_mm: float) -> Medium:
    """Half a disc on the chest wall, half fat and half gland, in voxels of 2 mm."""
    edge = int(2 * radius_mm / 2)
    grid = Grid.regular((edge, 1, edge), (2.0, thickness_mm, 2.0))
    x, _, z = np.moveaxis(grid.points_mm(), -1, 0)
    inside = (np.hypot(x, z) < radius_mm) & (x > 0)
    mixed = {
        element: (compositions()["adipose"].get(element, 0) + compositions()["breast_glandular"].get(element, 0)) / 2
        for element in {**compositions()["adipose"], **compositions()["breast_glandular"]}
    }
    return Medium(grid, np.zeros(grid.shape, np.uint8), 0.98 * inside.astype(np.float32), [mixed])


def radiograph(middle_mm: float, far_mm: float = 1800.0, columns: int = 24, column_mm: float = 18.0) -> Orbit:
    panel = Panel(columns=columns, rows=columns, column_mm=column_mm, row_mm=column_mm)
    return Orbit(np.zeros(1), panel, far_mm - middle_mm, far_mm)


def gantry(view_rad: float = 0.0, height_mm: float = 80.0) -> Orbit:
    return Orbit(np.full(1, view_rad), Arc(columns=46, rows=4, column_mm=20, row_mm=height_mm / 4), 541.0, 949.0)


def measured(case: Case) -> Photons:
    """What comes straight; a scanner that turns sees the patient from aside, too."""
    straight = [
        seen(case.medium, orbit.views, case.beam, energy_integrating(), 64, rng(0)).primary for orbit in sides(case)
    ]
    air = replace(case.medium, density_g_cm3=np.zeros_like(case.medium.density_g_cm3))
    blank = seen(air, case.orbit.views, case.beam, energy_integrating(), 64, rng(0)).primary
    detector = case.orbit.detector
    return Photons(
        data=np.stack(straight, axis=1).astype(np.float32) * np.float32(MANY),
        grid=case.medium.grid,
        unit="photons",
        blank=blank[:, None].astype(np.float32) * np.float32(MANY),
        view_s=np.zeros(len(straight)),
        element_mm=(detector.column_mm, detector.row_mm),
        middle_to_detector_mm=case.orbit.source_to_detector_mm - case.orbit.source_to_isocentre_mm,
        focus_mm=(0.0, 0.0, case.orbit.source_to_detector_mm),
        spectra=(spectrum(case.beam),),
        view_rad=np.concatenate([orbit.view_rad for orbit in sides(case)]),
    )


def sides(case: Case) -> list[Orbit]:
    if isinstance(case.orbit.detector, Panel):
        return [case.orbit]
    return [case.orbit, replace(case.orbit, view_rad=case.orbit.view_rad + np.pi / 2)]


def together(elements: np.ndarray) -> np.ndarray:
    """Sums of 4 x 4 elements."""
    columns, rows = (n // 4 * 4 for n in elements.shape)
    return elements[:columns, :rows].reshape(columns // 4, 4, rows // 4, 4).sum(axis=(1, 3))


def compare(case: Case) -> str:
    view = case.orbit.views
    start = process_time()
    flown = seen(case.medium, view, case.beam, energy_integrating(), PHOTONS, rng(1), case.grids)
    flight_s = process_time() - start
    raw = measured(case)
    fast = Scatter(grids=case.grids)(raw, rng(0))
    straight = raw.data * (fast.blank / raw.blank)
    veil, straight = (fast.data - straight)[0, 0] / MANY, straight[0, 0] / MANY
    true, error = flown.scatter[0], flown.error[0]
    behind = raw.data[0, 0] < SHADOW * raw.blank[0, 0]
    middle = tuple(slice(n // 2 - max(1, n // 12), n // 2 + max(1, n // 12)) for n in true.shape)
    wrong, square = together((veil - true) * behind), together(true * behind) ** 2
    rms, noise = (np.sqrt(part.sum() / square.sum()) for part in (wrong**2, together(error**2 * behind)))
    cells = [
        f"{true[middle].sum() / straight[middle].sum():.2f}",
        f"{veil[middle].sum() / straight[middle].sum():.2f}",
        f"{100 * (veil[behind].sum() / true[behind].sum() - 1):+.0f} %",
        f"{100 * (veil.sum() / true.sum() - 1):+.0f} %",
        f"{100 * rms:.0f} %",
        f"{100 * noise:.0f} %",
        f"{flight_s:.0f}",
    ]
    line = f"| {case.name} | " + " | ".join(cells) + " |"
    print(line, flush=True)
    return line


def cases() -> list[Case]:
    general, body = Tube(filters_mm={"Al": 3.0}).beam(120.0), Tube(filters_mm={"Al": 7.0}).beam(120.0)
    grid = AntiScatterGrid()
    collimator = AntiScatterGrid(ratio=20.0, lines_per_cm=10.0, lamella_mm=0.1, lamella="tungsten", interspace="air")
    slabs = [
        Case(
            f"slab of {t} cm, 5 cm before a panel of 43 cm, 120 kVp", slab(10.0 * t), radiograph(50 + 5.0 * t), general
        )
        for t in (10, 20, 30)
    ]
    return [
        *slabs,
        replace(slabs[1], name="the same 20 cm behind a grid 12:1, 40 per cm", grids=(grid,)),
        Case("slab of 20 cm, 20 cm before the panel", slab(200.0), radiograph(300.0), general),
        Case(
            "slab of 4 cm, 1.5 cm before a panel of 24 cm, 20 keV",
            slab(40.0),
            radiograph(35.0, 650.0, 24, 10.0),
            mono(20.0),
        ),
        *(
            Case(f"cylinder of {2 * r / 10:.0f} cm, CT, 80 mm high", cylinder(r), gantry(), body)
            for r in (60, 100, 160)
        ),
        Case("cylinder of 20 cm, CT, 40 mm high", cylinder(100.0), gantry(height_mm=40.0), body),
        Case("cylinder of 20 cm, CT, tungsten 20:1", cylinder(100.0), gantry(), body, (collimator,)),
        Case("chest, CT from the front", chest(), gantry(), body),
        Case("chest, CT from aside", chest(), gantry(np.pi / 2), body),
        Case("chest, radiograph", chest(), radiograph(164.0), general),
        Case("chest, radiograph, grid 12:1", chest(), radiograph(164.0), general, (grid,)),
    ]


def tg195() -> list[str]:
    """The slab of case 2, in bins of 30 x 5 x 30 mm, behind 155 cm of air."""
    grid = Grid((13, 349, 13), np.array([[30.0, 0, 0, -180], [0, 5, 0, -97.5], [0, 0, 30, -180], [0, 0, 0, 1]]))
    matter = np.zeros(grid.shape, np.uint8)
    matter[:, 40:] = 1
    density = np.where(matter == 1, 0.001205, 1.03).astype(np.float32)
    tissue = {element: percent / 100 for element, percent in TISSUE.items()}
    medium = Medium(grid, matter, density, [tissue, compositions()["air"]])
    view = Orbit(np.zeros(1), Panel(columns=26, rows=26, column_mm=15, row_mm=15), 1650.0, 1800.0).views
    lines, runs = ["| | four codes, eV | ours, eV | |", "|---|---|---|---|"], []
    for seed in range(4):
        deposited = 1000 * emerging(medium, view, mono(56.4), PHOTONS, rng(seed)).deposited[:, :40]
        column = deposited[6, :, 6]
        at = {name: slice(17 - n, 23 - n) for name, n in zip(list(TG195_EV)[1:], (-12, -6, 0, 6, 12), strict=True)}
        runs.append([deposited.sum(), *(column[place].sum() for place in at.values())])
    for (name, expected), ours, error in zip(
        TG195_EV.items(), np.mean(runs, 0), np.std(runs, 0, ddof=1) / 2, strict=True
    ):
        lines.append(f"| {name} | {expected:.2f} | {ours:.2f} +- {error:.2f} | {100 * (ours / expected - 1):+.2f} % |")
    return lines


def boone() -> list[str]:
    """Half discs of breast, 15 mm before the detector: scatter over straight around the centre of mass."""
    lines = ["| thickness, cm | diameter, cm | Boone and Cooper | ours | |", "|---|---|---|---|---|"]
    for thickness, diameter in ((2, 10), (4, 15), (6, 15), (8, 20)):
        expected = 1 / (-2.354528 + 22.396098 * diameter**-1.5 + 8.850643 * thickness**-0.5)
        orbit = radiograph(15 + 5.0 * thickness, 650.0, 24, 10 * diameter / 24)
        medium = breast(10.0 * thickness, 5.0 * diameter)
        beam = Tube(anode="molybdenum", filters_mm={"Mo": 0.03}).beam(26.0)
        flown = seen(medium, orbit.views, beam, energy_integrating(), PHOTONS, rng(2))
        place = (np.arange(24) - 11.5) / 24
        x, y = np.meshgrid(place, place, indexing="ij")
        near = np.hypot(x - 2 / (3 * np.pi), y) < NEAR
        ours = flown.scatter[0][near].sum() / flown.primary[0][near].sum()
        lines.append(
            f"| {thickness} | {diameter} | {expected:.2f} | {ours:.2f} | {100 * (ours / expected - 1):+.0f} % |"
        )
    return lines


def seconds() -> list[str]:
    """The fast model's: of 100 views of a CT scanner, and of a radiograph of 2048 x 2048."""
    body, noise = Tube(filters_mm={"Al": 7.0}).beam(120.0), rng(3)
    few = binned(spectrum(body))
    lines = ["| every element behind the patient | CPU s | of this before the first view |", "|---|---|---|"]
    for name, shape, element, focus_mm, middle_mm in (
        ("CT, 100 views of 900 x 64 elements", (1, 100, 900, 64), (1.0, 1.0), 949.0, 408.0),
        ("radiograph, 2048 x 2048 elements", (1, 1, 2048, 2048), (0.21, 0.21), 1800.0, 164.0),
        ("mammogram, 2400 x 3000 elements", (1, 1, 2400, 3000), (0.1, 0.1), 650.0, 40.0),
    ):
        raw = Photons(
            data=np.full(shape, 50.0, np.float32) + noise.random(shape, np.float32),
            grid=Grid.regular((2, 2, 2), 1.0),
            unit="photons",
            blank=np.full((1, 1, *shape[2:]), 1000.0, np.float32),
            view_s=np.zeros(shape[1]),
            element_mm=element,
            middle_to_detector_mm=middle_mm,
            focus_mm=(0.0, 0.0, focus_mm),
            spectra=(few,),
        )
        none = replace(raw, data=raw.data[:, :0], view_s=raw.view_s[:0])
        whole, before = (min(timed(part) for _ in range(3)) for part in (raw, none))
        lines.append(f"| {name} | {whole:.2f} | {before:.2f} |")
    return lines


def timed(raw: Photons) -> float:
    start = process_time()
    Scatter()(raw, rng(0))
    return process_time() - start


def main() -> None:
    lines = [
        "# Scatter: photons one by one against books, and the fast model against these photons",
        "",
        f"{PHOTONS:,} photons each; {numba.get_num_threads()} thread(s) of a machine that had others' work to do.",
        "",
        "## Photons one by one",
        "",
        "Energy that stays in 39 x 39 x 20 cm of tissue, and in cubes of 3 cm on the axis; AAPM TG-195, case 2, 56.4 "
        "keV, full field. The error is that of the mean of four runs.",
        "",
        *tg195(),
        "",
        "Scatter over straight signal behind half discs of breast, Mo/Mo 26 kVp, against the formula that Boone and "
        "Cooper 2000 (Med Phys 27:1818) fitted to theirs within 1 %. Ours is that around "
        "the centre of mass; where theirs is, their abstract does not say.",
        "",
        *boone(),
        "",
        "## The fast model",
        "",
        "SPR: scatter over straight signal in the middle. Behind: scatter behind the patient, all: on the whole "
        "detector. rms: of the difference behind the patient on squares of 4 x 4 elements (7 to 8 cm), over that of "
        "scatter itself; noise: the photons' own in that.",
        "",
        "| case | SPR, photons | SPR, fast | behind | all | rms | noise | photons took, CPU s |",
        "|---|---|---|---|---|---|---|---|",
        *(compare(case) for case in cases()),
        "",
        *seconds(),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
