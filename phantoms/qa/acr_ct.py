"""The ACR CT phantom (Gammex 464): CT numbers, low contrast, uniformity and line pairs, a module of 4 cm each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels
from phantoms.qa.line_pairs import MM_PER_CM, pattern
from phantoms.qa.sections import Disc, Rectangle
from phantoms.qa.shapes import Along, sphere

RADIUS_MM, MODULE_MM = 100.0, 40.0
INSERT_RING_MM = 63.0
"""Of the inserts' middles from that of the phantom, as pylinac looks for them (pylinac/acr.py); so the angles."""

INSERTS = (
    ("polyethylene", "polyethylene", 1.0138, -95, 12.5, 45.0),
    ("bone", "calcification", 1.0809, 955, 12.5, 135.0),
    ("acrylic", "pmma", 1.0, 120, 12.5, -45.0),
    ("air", "air", 1.0, -1000, 12.5, 225.0),
    ("water", "water", 1.0, 0, 25.0, 0.0),
)
"""Module 1: name, tissue, density, nominal HU, radius in mm, place in degrees from +x towards +y: polyethylene is at
half past ten as seen from the feet.

HU: McCollough et al. 2004, Med Phys 31:2423 (polyethylene -107 to -84, water -7 to 7, acrylic 110 to 135, bone 850 to
970, air -1005 to -970; as remembered). Density: what gives those at 120 kVp with `render.ct.CT`; polyethylene then has
0.933 g/cm3 and bone, 40 % hydroxyapatite in muscle, 1.549.
"""
NOMINAL_HU: Mapping[str, float] = {name: hu for name, _, _, hu, *_ in INSERTS}

LOW_CONTRAST_BODY, LOW_CONTRAST = 1.09, 1.096
"""Module 2, in densities of water: about 90 HU, and 6 HU more."""
LOW_CONTRAST_MM = (6.0, 5.0, 4.0, 3.0, 2.0)
"""Diameters, four rods each, as far apart as they are wide; their places on the circle are ours."""
LOW_CONTRAST_RING_MM, LARGE_MM, LARGE_AT_MM = 45.0, 25.0, 60.0

BEAD_MM, BEADS_APART_MM = 0.28, 100.0
PAIRS_PER_CM = (
    (4.0, 45.0),
    (5.0, 0.0),
    (6.0, -45.0),
    (7.0, -90.0),
    (8.0, 225.0),
    (9.0, 180.0),
    (10.0, 135.0),
    (12.0, 90.0),
)
PAIRS_RING_MM, PAIRS_MM, PAIRS_HIGH_MM = 70.0, 15.0, 38.0
"""Of the patterns' middles; their side; and how far up from the module below they go."""
BALL_MM = 1.0
"""Steel balls at 3, 6, 9 and 12 o'clock on the rim, in the middle of the modules 1 and 4."""

WIRES, WIRE_STEP_MM, WIRE_APART_MM, WIRE_MM, WIRE_LONG_MM, RAMP_AT_MM = 41, 0.5, 2.0, 0.5, 6.0, 20.0
"""Ramps of module 1: each wire 0.5 mm higher than the last; number, places and thickness from memory."""


@dataclass(frozen=True, kw_only=True)
class AcrCt(QualityPhantom):
    """Four modules of 4 cm, 20 cm wide; module 1 towards the feet, the borders of the modules at z = -40, 0 and 40 mm.

    ACR, CT accreditation phantom instructions, and McCollough et al. 2004, Med Phys 31:2423. 1: inserts of known HU
    (`NOMINAL_HU`) in water and two ramps of wires, one every 0.5 mm. 2: rods of 2 to 6 mm and one of 25 mm, 6 HU above
    90 HU. 3: uniform, with two beads of 0.28 mm 100 mm apart. 4: aluminium bars of 4 to 12 line pairs per cm. The water
    equivalent plastic is water.
    The default grid shows all of it coarsely; for bars and wires take fine pixels, and centre_mm for one module.
    """

    voxel_mm: tuple[Positive, Positive, Positive] = (1.0, 1.0, 2.5)
    shape: tuple[Voxels, Voxels, Voxels] = (216, 216, 64)

    def inserts(self) -> Sequence[Insert]:
        whole = Along(Disc((0.0, 0.0), RADIUS_MM), (-2 * MODULE_MM, 2 * MODULE_MM))
        body = Insert(name="phantom_body", shapes=(whole,), tissue="water")
        return (body, *_numbers(), *_low_contrast(), *_uniform(), *_line_pairs(), *_balls())


def module_mm(number: int) -> tuple[float, float]:
    """Lowest and highest z of module 1 to 4."""
    return (number - 3) * MODULE_MM, (number - 2) * MODULE_MM


def _on_circle(radius_mm: float, turned_deg: float) -> tuple[float, float]:
    return radius_mm * float(np.cos(np.radians(turned_deg))), radius_mm * float(np.sin(np.radians(turned_deg)))


def _numbers() -> Sequence[Insert]:
    ends_mm = module_mm(1)
    rods = [
        Insert(
            name=f"insert_{name}",
            shapes=(Along(Disc(_on_circle(INSERT_RING_MM, turned_deg), radius_mm), ends_mm),),
            tissue=tissue,
            density=density,
            kind="ct_number",
            says=f"{name}, nominally {hu} HU,",
        )
        for name, tissue, density, hu, radius_mm, turned_deg in INSERTS
    ]
    middle_mm = sum(ends_mm) / 2
    wires = []
    for n in range(WIRES):
        up, aside_mm = (n - WIRES // 2) * WIRE_STEP_MM, (n - WIRES // 2) * WIRE_APART_MM
        for side in (-1, 1):
            plate = Rectangle((side * aside_mm, side * RAMP_AT_MM), (WIRE_MM, WIRE_LONG_MM))
            wires.append(Along(plate, (middle_mm + up - WIRE_MM / 2, middle_mm + up + WIRE_MM / 2)))
    return (
        *rods,
        Insert(name="ramp_wires", shapes=tuple(wires), tissue="aluminium", kind="wire", says="wire of a ramp"),
    )


def _low_contrast() -> Sequence[Insert]:
    ends_mm = module_mm(2)
    body = Along(Disc((0.0, 0.0), RADIUS_MM), ends_mm)
    large = Along(Disc((0.0, LARGE_AT_MM), LARGE_MM / 2), ends_mm)
    made = [
        Insert(name="low_contrast_body", shapes=(body,), tissue="water", density=LOW_CONTRAST_BODY),
        _faint("low_contrast_25mm", (large,), LARGE_MM),
    ]
    for group, rod_mm in enumerate(LOW_CONTRAST_MM):
        turned_deg = 18.0 - 54.0 * group
        x, y = _on_circle(LOW_CONTRAST_RING_MM, turned_deg)
        dx, dy = _on_circle(2 * rod_mm, turned_deg + 90)
        rods = tuple(Along(Disc((x + n * dx, y + n * dy), rod_mm / 2), ends_mm) for n in (-1.5, -0.5, 0.5, 1.5))
        made.append(_faint(f"low_contrast_{rod_mm:g}mm", rods, rod_mm))
    return made


def _faint(name: str, shapes: tuple[Along, ...], rod_mm: float) -> Insert:
    says = f"low-contrast rod of {rod_mm:g} mm"
    return Insert(name=name, shapes=shapes, tissue="water", density=LOW_CONTRAST, kind="low_contrast", says=says)


def _uniform() -> Sequence[Insert]:
    z = sum(module_mm(3)) / 2
    beads = tuple(sphere((side * BEADS_APART_MM / 2, 0.0, z), BEAD_MM) for side in (-1, 1))
    return (Insert(name="beads", shapes=beads, tissue="tungsten", kind="bead", says=f"bead of {BEAD_MM} mm"),)


def _line_pairs() -> Sequence[Insert]:
    low = module_mm(4)[0]
    ends_mm = (low, low + PAIRS_HIGH_MM)
    return [
        pattern(
            per_cm,
            int(PAIRS_MM * per_cm / MM_PER_CM),
            PAIRS_MM,
            _on_circle(PAIRS_RING_MM, turned_deg),
            turned_deg,
            ends_mm,
            "aluminium",
        )
        for per_cm, turned_deg in PAIRS_PER_CM
    ]


def _balls() -> Sequence[Insert]:
    at_mm = RADIUS_MM - BALL_MM / 2
    balls = tuple(
        sphere((*_on_circle(at_mm, turned_deg), sum(module_mm(number)) / 2), BALL_MM)
        for number in (1, 4)
        for turned_deg in (0.0, 90.0, 180.0, 270.0)
    )
    return (Insert(name="balls", shapes=balls, tissue="stainless_steel", kind="ball", says="steel ball of 1 mm"),)
