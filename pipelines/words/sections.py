"""The sections of a report, and the organs that each speaks of."""

from collections.abc import Collection, Mapping, Sequence

from simdata.structures import Structure

SECTIONS: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = (
    ("BRAIN", {"brain": ("brain",)}),
    ("LUNGS", {"lungs": ("lung_upper_lobe", "lung_middle_lobe", "lung_lower_lobe")}),
    ("HEART AND VESSELS", {"heart": ("heart",), "aorta": ("aorta",), "pulmonary arteries": ("pulmonary_artery",)}),
    ("MEDIASTINUM", {"mediastinum": ("mediastinum", "thymus", "esophagus", "trachea")}),
    ("BREASTS", {"breasts": ("breast_left", "breast_right")}),
    ("LIVER AND BILE DUCTS", {"liver": ("liver",), "gallbladder": ("gallbladder",)}),
    ("SPLEEN AND PANCREAS", {"spleen": ("spleen",), "pancreas": ("pancreas",)}),
    (
        "KIDNEYS AND ADRENALS",
        {
            "kidneys": ("kidney_left", "kidney_right"),
            "ureters": ("ureter",),
            "adrenal glands": ("adrenal_gland_left", "adrenal_gland_right"),
        },
    ),
    ("BOWEL", {"stomach": ("stomach",), "small bowel": ("small_bowel", "duodenum"), "colon": ("colon",)}),
    ("PELVIS", {"bladder": ("urinary_bladder",), "prostate": ("prostate",), "uterus": ("uterus",)}),
    ("BONES", {"spine": ("vertebrae", "sacrum"), "ribs": ("rib",), "hip bones": ("hip",), "femora": ("femur",)}),
    ("RETINA", {"retina": ("retina",)}),
)
"""Section, and its organs as one says them with how the names of their structures begin."""
ELSEWHERE = "OTHER"


def section_of(lineage: Sequence[str]) -> str:
    """The section that speaks of a structure, by its name and those of what it is part of."""
    return next((name for name, organs in SECTIONS if organs_of(organs, lineage)), ELSEWHERE)


def organs_of(organs: dict[str, tuple[str, ...]], names: Collection[str]) -> list[str]:
    """Which of a section's organs occur among these names."""
    return [said for said, starts in organs.items() if any(_is(name, start) for name in names for start in starts)]


def organs_at(name: str, structures: Mapping[int, Structure]) -> list[str]:
    """The organs, as one says them, that the structure of that name is or is part of."""
    here = next((one for one in structures.values() if one.name == name), None)
    names = []
    while here:
        names.append(here.name)
        here = structures.get(here.parent)
    return [said for _, organs in SECTIONS for said in organs_of(organs, names)]


def _is(name: str, start: str) -> bool:
    return name == start or name.startswith(f"{start}_")
