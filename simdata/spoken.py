"""A structure as one dictates it: "right upper lobe of the lung", "L5 vertebra", "left ninth rib"."""

import re
from functools import cache

from simdata.structures import Structure

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth",
)  # fmt: skip
RULES = (
    (r"^lung (upper|middle|lower) lobe$", r"\1 lobe of the lung"),
    (r"^lung (airway|artery|vein) (upper|middle|lower) lobe$", r"\1 of the \2 lobe of the lung"),
    (r"^vertebrae (\w+)$", r"\1 vertebra"),
    (r"^rib (\d+)$", lambda found: f"{ORDINALS[int(found[1]) - 1]} rib"),
    (r"^clavicula$", "clavicle"),
    (r"^hip$", "hip bone"),
    (r"^(.*)iliac vena$", r"\1iliac vein"),
    (r"^portal vein and splenic vein$", "portal vein"),
    (r"^autochthon$", "deep back muscle"),
    (r"^kidney (cortex|medulla|pelvis)$", r"renal \1"),
    (r"^heart ventricle$", "ventricle of the heart"),
    (r"^heart atrium$", "atrium of the heart"),
    (r"^esophagus$", "oesophagus"),
)
"""What a name becomes after its side is taken out and its words are parted."""


@cache
def place(structure: Structure) -> str:
    """Its name without a side: "upper lobe of the lung"."""
    words = " ".join(word for word in structure.name.split("_") if word != structure.laterality)
    for pattern, said in RULES:
        words = re.sub(pattern, said, words)
    return words


def spoken(structure: Structure) -> str:
    """Its name with its side."""
    return f"{structure.laterality} {place(structure)}".strip()
