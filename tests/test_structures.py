"""The table of structures: stable ids, codes that exist, sides that mirror each other."""

from hashlib import sha256

import pytest

from simdata.errors import SceneError
from simdata.structures import (
    FIRST_FINDING_ID,
    LAST_TOTALSEGMENTATOR_ID,
    Structure,
    structure,
    structures,
    totalsegmentator_id,
)
from simdata.tissues import tissues

TABLE = structures()
OWN = [entry for entry in TABLE.values() if entry.id > LAST_TOTALSEGMENTATOR_ID]
TOTALSEGMENTATOR_V2 = "dc02f131733924469fa802767e5166aa1f475cea5170fc53b355bc28620e9b86"
"""sha256 of "id name" lines of TotalSegmentator v2's class map "total", ids 1 to 117."""
UNPAIRED = {"atrial_appendage_left", "lung_middle_lobe_right"}


def test_ids_1_to_117_are_those_of_totalsegmentator_v2():
    lines = "".join(f"{id} {TABLE[id].name}\n" for id in range(1, LAST_TOTALSEGMENTATOR_ID + 1))
    assert TABLE[1].name == "spleen"
    assert TABLE[51].name == "heart"
    assert TABLE[117].name == "costal_cartilages"
    assert sha256(lines.encode()).hexdigest() == TOTALSEGMENTATOR_V2


def test_our_own_ids_lie_between_1000_and_the_first_finding():
    assert OWN
    assert all(1000 <= entry.id < FIRST_FINDING_ID for entry in OWN)


def test_no_name_is_used_twice():
    assert len({entry.name for entry in TABLE.values()}) == len(TABLE)


def test_every_structure_is_made_of_a_tissue_of_the_table():
    assert {entry.tissue for entry in TABLE.values()} <= set(tissues())


@pytest.mark.parametrize("entry", TABLE.values(), ids=lambda entry: entry.name)
def test_every_snomed_code_is_a_whole_concept_id(entry: Structure):
    assert 6 <= len(entry.snomed) <= 18
    assert entry.snomed[0] != "0"
    assert entry.snomed[-3:-1] in ("00", "10")  # the partition of concepts, SNOMED CT Editorial Guide, 5.5
    assert _verhoeff(entry.snomed) == 0
    assert entry.meaning


def test_a_digit_of_a_snomed_code_cannot_be_mistyped():
    assert _verhoeff("80891009") == 0
    assert _verhoeff("80891008") != 0
    assert _verhoeff("80819009") != 0


def test_every_structure_leads_down_to_a_totalsegmentator_class_or_to_background():
    for entry in TABLE.values():
        assert entry.parent == 0 or entry.parent in TABLE
        assert 0 <= totalsegmentator_id(entry.id, TABLE) <= LAST_TOTALSEGMENTATOR_ID


def test_parents_never_run_in_a_circle():
    for entry in TABLE.values():
        seen = set()
        while entry.parent:
            assert entry.id not in seen
            seen.add(entry.id)
            entry = TABLE[entry.parent]


def test_left_and_right_mirror_each_other():
    by_name = {entry.name: entry for entry in TABLE.values()}
    for entry in by_name.values():
        words = entry.name.split("_")
        assert entry.laterality == next((side for side in ("left", "right") if side in words), "")
        if not entry.laterality or entry.name in UNPAIRED:
            continue
        twin = by_name[entry.name.replace(entry.laterality, _other(entry.laterality))]
        assert (twin.tissue, twin.laterality) == (entry.tissue, _other(entry.laterality))
        mother, twins_mother = (TABLE[one.parent].name if one.parent else "" for one in (entry, twin))
        assert twins_mother == mother.replace(entry.laterality, _other(entry.laterality))


def test_a_misspelt_structure_is_answered_with_the_nearest():
    with pytest.raises(SceneError, match="'livr'; did you mean 'liver'"):
        structure("livr")


def _other(side: str) -> str:
    return {"left": "right", "right": "left"}[side]


def _verhoeff(digits: str) -> int:
    """0 if the last digit checks the others (J. Verhoeff 1969): a product in the dihedral group D5."""
    turn = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    check = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character)
        for _ in range(place % 8):
            digit = turn[digit]
        check = _dihedral(check, digit)
    return check


def _dihedral(a: int, b: int) -> int:
    """The product of two symmetries of the pentagon: 0-4 turn it, 5-9 mirror it."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5
