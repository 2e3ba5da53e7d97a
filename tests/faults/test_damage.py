"""Whatever is flipped, cut, taken away or put into a dataset: validation finds it, repair makes it as it was."""

import random
import shutil

import pytest

from faults.harness import TOYS, check_nothing_is_lost, undisturbed
from pipelines.repair import repair
from pipelines.validate import validate

SAMPLES = 6


def damage(folder, dice):
    """One flipped bit, one file cut short or one file gone, anywhere; what it was, to be said when it is not found."""
    path = dice.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    content = bytearray(path.read_bytes())
    kind = dice.choice(["flip", "flip", "cut", "gone"])
    at = dice.randrange(len(content))
    if kind == "flip":
        content[at] ^= 1 << dice.randrange(8)
        path.write_bytes(content)
    elif kind == "cut":
        path.write_bytes(content[:at])
    else:
        path.unlink()
    return f"{kind} of {path.name} at {at}"


@pytest.mark.parametrize("times", [25, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_damage_is_found(times, tmp_path):
    undisturbed(SAMPLES, tmp_path / "whole")
    dice = random.Random(times)
    for _ in range(times):
        shutil.copytree(tmp_path / "whole", tmp_path / "broken")
        done = damage(tmp_path / "broken", dice)
        assert validate(tmp_path / "broken"), done
        shutil.rmtree(tmp_path / "broken")


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_every_damage_is_repaired_to_the_same_bytes(times, tmp_path):
    expected = undisturbed(SAMPLES, tmp_path / "out")
    dice = random.Random(times)
    for _ in range(times):
        done = damage(tmp_path / "out", dice)
        told = repair(tmp_path / "out", TOYS)
        assert told.found, done
        assert (told.differing, told.left) == ((), ()), done
        assert len(told.made) <= 1, done
        check_nothing_is_lost(tmp_path / "out", expected)
