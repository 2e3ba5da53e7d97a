"""Sex, size, organs and grid of an XCAT body as a torso."""

from collections.abc import Mapping
from typing import Any

from pipelines.xcat.par import Par
from pipelines.xcat.piece import Piece

SEXES = ("male", "female")
HEIGHT_CM, WEIGHT_KG = {"male": 176.0, "female": 163.0}, {"male": 73.0, "female": 60.0}
"""The reference adults of ICRP 89 (Valentin 2002, Ann ICRP 32: 3), after which the files vmale50 and vfemale50 are made
(Segars 2010, Med Phys 37: 4902)."""
ADULT_Y = 40.0
SCALES = "phantom_long_axis_scale phantom_short_axis_scale phantom_height_scale"
ORGANS = {
    "vol_liver": "liver_ml",
    "vol_stomach": "stomach_ml",
    "vol_pancreas": "pancreas_ml",
    "vol_spleen": "spleen_ml",
    "vol_gall_bladder": "gallbladder_ml",
    "vol_rkidney": "kidney_right_ml",
    "vol_lkidney": "kidney_left_ml",
    "vol_radrenal": "adrenal_gland_right_ml",
    "vol_ladrenal": "adrenal_gland_left_ml",
    "vol_small_intest": "small_bowel_ml",
    "vol_large_intest": "colon_ml",
    "vol_bladder": "urinary_bladder_ml",
    "vol_thymus": "thymus_ml",
    "vol_prostate": "prostate_ml",
    "vol_uterus": "uterus_ml",
}
THYROID = "vol_rthyroid vol_lthyroid"
T9_MM = {"male": 1276.0, "female": 1182.0}
"""Height of the ninth thoracic vertebra, the middle of a torso's grid, above the soles of the reference adult."""
GRID = "pixel_width slice_width array_size startslice endslice"
FINEST_MM, COARSEST_MM, FEWEST, MOST = 0.3, 8.0, 8, 2048
"""What a torso can have: edge of a voxel, voxels along an axis."""


def torso(par: Par) -> Piece:
    """The phantom."""
    sex = SEXES[par.flag("gender")]
    wide, deep, tall = (par.number(key, 1.0, 0.1, 3.0) for key in SCALES.split())
    size = {"height_cm": round(HEIGHT_CM[sex] * tall, 1), "weight_kg": round(WEIGHT_KG[sex] * wide * deep * tall, 1)}
    keys = f"gender organ_file heart_base arms_flag {SCALES} {' '.join(ORGANS)} {THYROID}"
    tree: dict[str, Any] = {
        "kind": "phantoms.torso.Torso",
        "subject": {"sex": sex, "age_y": ADULT_Y, **size},
        "breath": 0.0,
        "arms": ("out", "down")[par.flag("arms_flag")],
    }
    organs = _organs(par)
    if organs:
        tree["organs"] = organs
    if all(key in par.entries for key in GRID.split()):
        tree |= _grid(par, sex, tall)
        keys += " " + GRID
    return Piece(tree, keys, "an adult of 40 years with the reference size times phantom_*_scale, breathed out")


def _organs(par: Par) -> Mapping[str, float]:
    found = {name: par.number(key, 0.0, least=0.0) for key, name in ORGANS.items()}
    found["thyroid_gland_ml"] = sum(par.number(key, 0.0, least=0.0) for key in THYROID.split())
    return {name: volume for name, volume in found.items() if volume}


def _grid(par: Par, sex: str, tall: float) -> Mapping[str, Any]:
    """Voxels as wide as XCAT's pixels. Its slices are counted from the soles (as in its sample files)."""
    voxel_mm, slice_mm = (10 * par.number(key, least=FINEST_MM / 10) for key in ("pixel_width", "slice_width"))
    first, last, across = (round(par.number(key, least=1.0)) for key in ("startslice", "endslice", "array_size"))
    if voxel_mm > COARSEST_MM:
        raise par.wrong("pixel_width", f"{voxel_mm / 10:g} cm", f"{FINEST_MM / 10:g} to {COARSEST_MM / 10:g} cm")
    if not FEWEST <= across <= MOST:
        raise par.wrong("array_size", f"{across}", f"{FEWEST} to {MOST}")
    if last < first:
        raise par.wrong("endslice", f"{last}", f"{first}, the first slice, or more")
    upward = max(round((last - first + 1) * slice_mm / voxel_mm), FEWEST)
    middle_mm = (first + last - 1) / 2 * slice_mm - T9_MM[sex] * tall
    return {
        "voxel_mm": round(voxel_mm, 4),
        "shape": [across, across, upward],
        "centre_mm": [0.0, 0.0, round(middle_mm, 1)],
    }
