"""Vessels, contrast, lesion and plaque of an XCAT file."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.xcat.par import Par
from pipelines.xcat.piece import Piece

READ = "mode coronary_art_flag coronary_vein_flag iodine_flag"
"""Keys that count, whatever they say."""
LESION, PLAQUE = 2, 3
CORONARIES = {"rca": 3.9, "lad": 3.7, "lcx": 3.4}
"""Diameter of each where it begins, mm: Dodge 1992, Circulation 86: 232."""
FLOOR_OF_UPPER_LOBE_MM = 20.0
MOST_PERCENT = 95.0


def growths(par: Par, torso: Mapping[str, Any]) -> Iterator[Piece]:
    """What grows in the body; torso: as it is made. XCAT draws lesion and plaque by themselves, in a mode of each."""
    mode = par.flag("mode", 6)
    if par.flag("coronary_art_flag") or par.flag("coronary_vein_flag") or mode == PLAQUE:
        yield Piece({"kind": "vascular.coronary.Coronary"}, READ)
    if mode == LESION:
        yield _lesion(par, torso)
    if mode == PLAQUE:
        yield _plaque(par)
    if par.flag("iodine_flag"):
        yield Piece({"kind": "phantoms.contrast.ContrastAgent", "phase": "arterial"}, READ)


def _lesion(par: Par, torso: Mapping[str, Any]) -> Piece:
    """A nodule of the lung where XCAT has its sphere: its x runs to the left, its y to the back, its z upwards."""
    tree: dict[str, Any] = {"kind": "phantoms.lesions.nodule.Nodule", "irregularity": 0.0}
    tree["diameter_mm"] = par.number("lesn_diameter", 28.0, 2, 100)
    x, y, z = (par.number(f"{axis}_location", least=0.0) for axis in "xyz")
    if "voxel_mm" not in torso:
        return Piece({**tree, "structure": "lung_lower_lobe_right"}, "lesn_diameter", "its place is drawn")
    voxel_mm, (nx, ny, nz), middle = torso["voxel_mm"], torso["shape"], torso["centre_mm"]
    z *= 10 * par.number("slice_width") / voxel_mm
    place = ((nx - 1) / 2 - x, (ny - 1) / 2 - y, z - (nz - 1) / 2)
    centre = [round(m + voxel_mm * p, 2) for m, p in zip(middle, place, strict=True)]
    lobe = "upper" if centre[2] > FLOOR_OF_UPPER_LOBE_MM else "lower"
    side = "right" if centre[0] > 0 else "left"
    return Piece(
        {**tree, "structure": f"lung_{lobe}_lobe_{side}", "centre_mm": centre},
        "lesn_diameter x_location y_location z_location",
        "in the lobe that lies there on average; name another structure if it is elsewhere",
    )


def _plaque(par: Par) -> Piece:
    """A plaque in the coronary tree, as thick as XCAT's."""
    name = par.entries["p_id"].text if "p_id" in par.entries else "lad1"
    calibre_mm = CORONARIES.get(name.rstrip("123"))
    if calibre_mm is None:
        raise par.wrong("p_id", f"'{name}'", "rca1, rca2, lad1, lad2, lad3 or lcx (the aorta has no plaque here)")
    percent = 100 * par.number("p_height", 1.0, 0.01) / calibre_mm
    if percent > MOST_PERCENT:
        raise par.wrong(
            "p_height", f"{percent * calibre_mm / 100:g} mm", f"less than the {calibre_mm:g} mm of the vessel"
        )
    return Piece(
        {
            "kind": "vascular.stenosis.Stenosis",
            "bed": "coronary",
            "percent": round(percent, 1),
            "length_mm": par.number("p_length", 5.0, 0.1, 100),
            "least_diameter_mm": 2.0,
        },
        "p_height p_length",
        f"in a random one of the large coronary arteries, with the narrowing of one of {calibre_mm:g} mm",
    )
