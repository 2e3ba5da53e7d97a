"""The large ACR MR phantom: length, resolution, slice thickness and position, and discs of low contrast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels
from phantoms.qa.sections import Bored, Disc, Polygon, Rectangle
from phantoms.qa.shapes import Along, Shape

RADIUS_MM, HALF_LENGTH_MM = 95.0, 74.0
"""Inside: 190 mm wide, 148 mm long. ACR, Large Phantom Guidance."""
OUTER_RADIUS_MM, OUTER_HALF_MM = 101.6, 80.4
"""8 inches wide; the thickness of the lids is ours."""
SLICES, EVERY_MM, SLICE_MM = 11, 10.0, 5.0
"""Prescribed by the ACR: 5 mm thick with gaps of 5 mm, the first and the last at the vertices of the wedges."""

WATER_T1_MS, T1_MS, VIAL_T1_MS = 4000.0, 150.0, 77.0
"""Of the table of tissues, and of 10 and 20 mM of nickel chloride: relaxivity 0.64 /(mM s), from memory."""

SPOKES, FIRST_DISC_MM, LAST_DISC_MM = 10, 7.0, 1.5
DISC_RINGS_MM = (12.7, 25.4, 38.1)
CONTRASTS = (0.014, 0.025, 0.036, 0.051)
"""Of the slices 8 to 11: a sheet of so much of the slice's thickness takes the place of solution, save in the discs."""
SPOKES_TURN_DEG = 9.0
"""From one sheet to the next, with the clock as seen from the feet."""
SHEET_AT_MM, SHEET_RADIUS_MM, SHEET_RING_MM = (0.0, -7.0), 44.45, 50.8

HOLES_MM = (1.1, 1.0, 0.9)
HOLE_ARRAYS_MM = (((19.2, -34.4), (12.2, -41.4)), ((-4.0, -34.4), (-10.6, -41.4)), ((-27.4, -34.4), (-33.1, -41.0)))
"""Middles of the upper left and the lower right array of each pair: four rows of four, twice their diameter apart."""
STAGGER = 0.2
"""Of a diameter, from row to row, from memory: so that one hole or another meets the middle of a pixel."""
INSERT_SIZE_MM, INSERT_AT_MM, INSERT_HIGH_MM = (113.0, 38.7), (1.3, -37.9), 11.0
WINDOWS_MM, WINDOW_MM = ((47.0, -35.5), (35.3, -45.3)), 10.0

RAMP_SIZE_MM, RAMP_HIGH_MM, RAMP_SLIT_MM, RAMP_SLOPE, RAMP_REACH_MM = (177.0, 10.7), (-60.0, -15.0), 1.0, 0.1, 70.0
WEDGE_WIDE_MM, WEDGE_AT_MM, WEDGE_REACH_MM = 10.7, 61.5, 20.0
VIAL_AT_MM, VIAL_MM, VIAL_INNER_MM, VIAL_HIGH_MM = (45.0, 46.0), 18.5, 12.5, (-70.0, -17.0)
PITCH_MM, LINE_MM, GRID_HIGH_MM, ACROSS = 15.2, 1.5, 10.0, (6, 8, 10, 10, 10, 10, 10, 10, 8, 6)
"""Squares of the grid, the plastic between them, its height, and how many squares stand in each of ten rows."""


@dataclass(frozen=True, kw_only=True)
class AcrMr(QualityPhantom):
    """A cylinder along z, 190 mm wide and 148 mm long inside, in which slice n of eleven lies at z = -60 + 10 n mm.

    ACR, Large Phantom Guidance, and the ACR's overview of the phantom: resolution holes of 1.1, 1.0 and 0.9 mm and
    ramps of 1:10 in slice 1, wedges of 45 degrees in slices 1 and 11, a grid of squares in slice 5, slice 7 uniform,
    three discs of 7.0 to 1.5 mm on ten spokes in slices 8 to 11, of 1.4, 2.5, 3.6 and 5.1 % contrast. Where these
    give no place, it was measured in public images of such phantoms (hazen, Guy's and St Thomas'). Slice 1 lies
    towards the feet, the wedges in front. Solution is water with a T1 of 150 ms; its T2 stays that of water, which is
    too long. A sheet of low contrast is thinner than a voxel: shares of 1/255 step its contrast in slices of 5 mm by
    0.4 %, in thinner ones by less.
    """

    voxel_mm: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    shape: tuple[Voxels, Voxels, Voxels] = (216, 216, 168)

    def inserts(self) -> Sequence[Insert]:
        body = Along(Disc((0.0, 0.0), OUTER_RADIUS_MM), (-OUTER_HALF_MM, OUTER_HALF_MM))
        inside = Along(Disc((0.0, 0.0), RADIUS_MM), (-HALF_LENGTH_MM, HALF_LENGTH_MM))
        return (
            Insert(name="phantom_body", shapes=(body,), tissue="pmma"),
            _solution("solution", (inside,), "inside", "cylinder of solution"),
            *_resolution(),
            *_ramps(),
            Insert(name="wedges", shapes=(*_wedges(slice_mm(1)), *_wedges(slice_mm(11))), tissue="pmma", kind="wedge"),
            *_vial(),
            Insert(name="grid", shapes=_grid(), tissue="pmma"),
            *_low_contrast(),
        )


def slice_mm(number: int) -> float:
    """z of the middle of slice 1 to 11."""
    return (number - (SLICES + 1) / 2) * EVERY_MM


def _solution(name: str, shapes: tuple[Shape, ...], kind: str = "", says: str = "", t1_ms: float = T1_MS) -> Insert:
    relative = t1_ms / WATER_T1_MS
    return Insert(name=name, shapes=shapes, tissue="water", relative_t1=relative, kind=kind, says=says)


def _around(z: float, high_mm: float) -> tuple[float, float]:
    return z - high_mm / 2, z + high_mm / 2


def _resolution() -> Sequence[Insert]:
    ends_mm = _around(slice_mm(1), INSERT_HIGH_MM)
    block = Along(Rectangle(INSERT_AT_MM, INSERT_SIZE_MM), ends_mm)
    windows = tuple(Along(Rectangle(at, (WINDOW_MM, WINDOW_MM)), ends_mm) for at in WINDOWS_MM)
    made = [
        Insert(name="resolution_insert", shapes=(block,), tissue="pmma"),
        _solution("resolution_windows", windows),
    ]
    for hole_mm, (upper, lower) in zip(HOLES_MM, HOLE_ARRAYS_MM, strict=True):
        holes = []
        for at_mm, along in ((upper, True), (lower, False)):
            for row in range(4):
                for n in range(4):
                    fine = (2 * (n - 1.5) + STAGGER * (row - 1.5)) * hole_mm
                    coarse = 2 * (row - 1.5) * hole_mm
                    dx, dy = (fine, coarse) if along else (coarse, fine)
                    holes.append(Along(Disc((at_mm[0] - dx, at_mm[1] - dy), hole_mm / 2), ends_mm))
        name = f"resolution_holes_{hole_mm:.1f}mm".replace(".", "p")
        made.append(_solution(name, tuple(holes), "resolution_hole", f"hole of {hole_mm} mm"))
    return made


def _ramps() -> Sequence[Insert]:
    """Two slits of solution across a bar, one rising to the right and one to the left, above each other in slice 1."""
    bar = Along(Rectangle((0.0, 0.0), RAMP_SIZE_MM), RAMP_HIGH_MM)
    half, z = RAMP_SLIT_MM / 2, slice_mm(1)
    slits = []
    for side, ends_mm in ((1, (0.3, RAMP_SIZE_MM[1] / 2 - 0.3)), (-1, (0.3 - RAMP_SIZE_MM[1] / 2, -0.3))):
        rise = side * RAMP_SLOPE * RAMP_REACH_MM
        corners = ((-RAMP_REACH_MM, z - rise - half), (RAMP_REACH_MM, z + rise - half),
                   (RAMP_REACH_MM, z + rise + half), (-RAMP_REACH_MM, z - rise + half))  # fmt: skip
        slits.append(Along(Polygon(corners), ends_mm, axis=1))
    says = "slit of solution that rises by 1 in 10"
    return (
        Insert(name="ramp_bar", shapes=(bar,), tissue="pmma"),
        _solution("ramps", tuple(slits), "ramp", says),
    )


def _wedges(z: float) -> tuple[Shape, ...]:
    """Beside each other at the front, one longer by as much as the other is shorter, mm for mm of height."""
    low, high, near, far = z - WEDGE_REACH_MM, z + WEDGE_REACH_MM, WEDGE_AT_MM - WEDGE_REACH_MM, RADIUS_MM + 1
    short = WEDGE_AT_MM + WEDGE_REACH_MM
    right = ((near, low), (far, low), (far, high), (short, high))
    left = ((short, low), (far, low), (far, high), (near, high))
    return (
        Along(Polygon(right), (0.0, WEDGE_WIDE_MM / 2), axis=0),
        Along(Polygon(left), (-WEDGE_WIDE_MM / 2, 0.0), axis=0),
    )


def _vial() -> Sequence[Insert]:
    wall, inside = (Along(Disc(VIAL_AT_MM, radius_mm), VIAL_HIGH_MM) for radius_mm in (VIAL_MM, VIAL_INNER_MM))
    return (
        Insert(name="vial_wall", shapes=(wall,), tissue="pmma"),
        _solution("vial", (inside,), "vial", "vial with 20 mM of nickel chloride", VIAL_T1_MS),
    )


def _grid() -> tuple[Shape, ...]:
    """The lines between the squares; rows near the front and the back are shorter, for the phantom is round.

    Lines along x are whole, those along y lie in pieces between them.
    """
    ends_mm = _around(slice_mm(5), GRID_HIGH_MM)
    half, lines = len(ACROSS) // 2, []
    for n in range(-half, half + 1):
        rows = ACROSS[min(n + half, len(ACROSS) - 1)], ACROSS[max(n + half - 1, 0)]
        lines.append(Along(Rectangle((0.0, n * PITCH_MM), (max(rows) * PITCH_MM + LINE_MM, LINE_MM)), ends_mm))
        for row in range(-max(rows) // 2, max(rows) // 2):
            piece = Rectangle((n * PITCH_MM, (row + 0.5) * PITCH_MM), (LINE_MM, PITCH_MM - LINE_MM))
            lines.append(Along(piece, ends_mm))
    return tuple(lines)


def _low_contrast() -> Sequence[Insert]:
    low, high = slice_mm(8) - SLICE_MM, slice_mm(11) + SLICE_MM
    ring = Along(Bored(Disc(SHEET_AT_MM, SHEET_RING_MM), (Disc(SHEET_AT_MM, SHEET_RADIUS_MM),)), (low, high))
    made = [Insert(name="low_contrast_ring", shapes=(ring,), tissue="pmma")]
    for sheet, contrast in enumerate(CONTRASTS):
        ends_mm = _around(slice_mm(8 + sheet), contrast * SLICE_MM)
        discs = _discs(SPOKES_TURN_DEG * sheet)
        says = f"disc of {100 * contrast:.1f} % contrast in a slice of 5 mm"
        bored = Along(Bored(Disc(SHEET_AT_MM, SHEET_RADIUS_MM), discs), ends_mm)
        made.append(
            _solution(
                f"low_contrast_discs_{8 + sheet}", tuple(Along(disc, ends_mm) for disc in discs), "low_contrast", says
            )
        )
        made.append(Insert(name=f"low_contrast_sheet_{8 + sheet}", shapes=(bored,), tissue="pmma"))
    return made


def _discs(turned_deg: float) -> tuple[Disc, ...]:
    """Of one sheet, spoke by spoke with the clock, the largest first."""
    made = []
    for spoke, diameter_mm in enumerate(np.linspace(FIRST_DISC_MM, LAST_DISC_MM, SPOKES)):
        turn = np.radians(turned_deg + 360 / SPOKES * spoke)
        for ring_mm in DISC_RINGS_MM:
            x, y = SHEET_AT_MM[0] - ring_mm * np.sin(turn), SHEET_AT_MM[1] + ring_mm * np.cos(turn)
            made.append(Disc((float(x), float(y)), float(diameter_mm) / 2))
    return tuple(made)
