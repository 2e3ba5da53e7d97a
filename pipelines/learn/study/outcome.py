"""What came out of one run: its scores on every test image, as it is and degraded, kept as JSON beside the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.build import describe
from pipelines.durable import write_whole
from pipelines.learn.study.recipe import Study

FILE = "scores.json"
PLAIN = "as they are"
"""What test images are called that nothing degrades."""


@dataclass(frozen=True)
class Scored:
    """dice, cldice: of each test image, the mean over the classes."""

    dice: tuple[float, ...]
    cldice: tuple[float, ...]


@dataclass(frozen=True)
class Outcome:
    """learnt: the real images it learnt from. images: of the test. scores: by degradation. curve: (step, loss)."""

    learnt: tuple[str, ...]
    images: tuple[str, ...]
    scores: Mapping[str, Scored]
    curve: tuple[tuple[int, float], ...]
    seconds: float


def tested_on(study: Study) -> str:
    """A fingerprint of all that decides the scores of a model: the test images' source and what degrades them."""
    tree = {"test": describe(study.test), "degrade": [describe(part) for part in study.degrade]}
    return sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def kept(folder: Path, tested: str) -> Outcome | None:
    """The outcome that is kept in the folder of a run; None if it has none, or one of another test."""
    path = folder / FILE
    if not path.is_file():
        return None
    tree = json.loads(path.read_text(encoding="utf-8"))
    return _outcome(tree) if tree["tested_on"] == tested else None


def keep(outcome: Outcome, folder: Path, tested: str) -> None:
    """Writes it down. Raises DatasetError if the disk refuses."""
    text = json.dumps({"tested_on": tested, **asdict(outcome)}, indent=1)
    write_whole(folder / FILE, text.encode())


def _outcome(tree: Mapping[str, Any]) -> Outcome:
    return Outcome(
        learnt=tuple(tree["learnt"]),
        images=tuple(tree["images"]),
        scores={
            name: Scored(*(tuple(found[of]) for of in ("dice", "cldice"))) for name, found in tree["scores"].items()
        },
        curve=tuple((step, loss) for step, loss in tree["curve"]),
        seconds=tree["seconds"],
    )


def mean(of_classes: Sequence[float]) -> float:
    """Of all classes."""
    return float(sum(of_classes) / len(of_classes))
