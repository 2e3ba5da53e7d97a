"""Breath and heartbeat of an XCAT file."""

from collections.abc import Iterator

from pipelines.xcat.par import Par
from pipelines.xcat.piece import Piece

READ = "motion_option"
HEART_ONLY, BREATH_ONLY = 0, 1
SECONDS = 60.0
NORMAL_MM, NORMAL_AP_MM = 20.0, 12.0
"""Ways of diaphragm and breastbone that XCAT calls normal."""
WALLS = {1: 0, 2: 300, 3: 240, 4: 180, 5: 120, 6: 60, 7: 0, 8: 300, 9: 240, 10: 180, 11: 120, 12: 60, 13: 0, 14: 270,
         15: 180, 16: 90}  # fmt: skip
"""Where the middle of each segment lies round the ventricle, degrees from the front over the free wall: Cerqueira 2002,
Circulation 105: 539."""
DEPTHS = (*(6 * [1 / 6]), *(6 * [1 / 2]), *(4 * [0.8]))
"""How far down from base (0) to apex (1) it lies."""
APEX = 17
LONG_AXIS_MM = 90.0
DEFECT = "motion_defect_flag ThetaCenter ThetaWidth XCenterIndex XWidthIndex motion_scale"


def motions(par: Par) -> Iterator[Piece]:
    """What moves."""
    option = par.flag("motion_option", 3)
    if option != HEART_ONLY and par.number("max_diaphragm_motion", NORMAL_MM / 10, 0, 10):
        yield _breathing(par)
    if option != BREATH_ONLY:
        yield _heartbeat(par)


def _breathing(par: Par) -> Piece:
    """XCAT's phases are those of `Regular`: breathed out at 0, breathed in at 0.4."""
    down_mm = 10 * par.number("max_diaphragm_motion", NORMAL_MM / 10, 0, 10)
    forward_mm = 10 * par.number("max_AP_exp", NORMAL_AP_MM / 10, 0, 10)
    if forward_mm > 2 * down_mm:
        raise par.wrong(
            "max_AP_exp", f"{forward_mm / 10:g} cm", f"at most {down_mm / 5:g} cm, twice the diaphragm's way,"
        )
    trace = {
        "kind": "phantoms.breathing.traces.Regular",
        "period_s": par.number("resp_period", 5.0, 0.5, 60),
        "start": par.number("resp_start_ph_index", 0.0, 0, 0.999),
    }
    return Piece(
        {
            "kind": "phantoms.breathing.breathing.Breathing",
            "diaphragm_mm": round(down_mm, 3),
            "sternum_share": round(forward_mm / down_mm, 4),
            "trace": trace,
        },
        "max_diaphragm_motion max_AP_exp resp_period resp_start_ph_index",
        "the curve of breath is that of a regular breather",
    )


def _heartbeat(par: Par) -> Piece:
    keys = "hrt_period hrt_start_ph_index"
    tree = {
        "kind": "phantoms.heartbeat.heartbeat.Heartbeat",
        "rate_bpm": round(SECONDS / par.number("hrt_period", 1.0, SECONDS / 220, SECONDS / 30), 3),
        "start": par.number("hrt_start_ph_index", 0.0, 0, 0.999),
    }
    full, empty = (par.number(key, 0.0, least=0.0) for key in ("hrt_v1", "hrt_v2"))
    if full:
        tree["end_diastolic_ml"] = full
        keys += " hrt_v1"
    if full and empty:
        if empty >= full:
            raise par.wrong("hrt_v2", f"{empty:g} mL", f"less than {full:g} mL, the volume at the end of diastole,")
        tree["ejection_fraction"] = round(1 - empty / full, 4)
        keys += " hrt_v2"
    if par.flag("motion_defect_flag"):
        tree["hypokinesia"] = [[segment, par.number("motion_scale")] for segment in _segments(par)]
        keys += f" {DEFECT}"
    return Piece(tree, keys, "the curve of the ventricle's volume is that of a healthy heart")


def _segments(par: Par) -> list[int]:
    """Segments of the ventricle whose middle lies in the defect. Raises RecipeError if there is none."""
    around, wide = par.number("ThetaCenter", 0, 0, 360), par.number("ThetaWidth", 100, 0, 360)
    deep, long = par.number("XCenterIndex", 0.5, 0, 1), par.number("XWidthIndex", 60, 0) / LONG_AXIS_MM
    found = [
        segment
        for (segment, angle), depth in zip(WALLS.items(), DEPTHS, strict=True)
        if abs((angle - around + 180) % 360 - 180) <= wide / 2 and abs(depth - deep) <= long / 2
    ]
    found += [APEX] if deep + long / 2 >= 1 else []
    if not found:
        raise par.wrong("ThetaWidth", f"{wide:g} degrees by {long * LONG_AXIS_MM:g} mm", "the width of a segment, 60,")
    return found
