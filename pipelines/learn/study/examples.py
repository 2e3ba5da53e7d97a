"""Test images under some arms: where synthetic data loses most, where it makes no difference, where it gains most."""

from pathlib import Path, PurePath

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.learn.example import REST, UNKNOWN, Example
from pipelines.learn.study.findings import Findings
from pipelines.learn.study.outcome import PLAIN
from pipelines.learn.study.overlay import Seen
from pipelines.learn.study.runs import Run, Setting
from pipelines.learn.study.work import ARMS, test_images

MOST_MODELS = 4


def examples(found: Findings, folder: Path) -> list[Seen]:
    """Three test images, or as many as there are, as the models of the first seed see them."""
    shown, numbers = shown_settings(found), _telling(found)
    tests = test_images(found.study)
    return [_seen(tests[number], number, found, shown, folder) for number in numbers]


def shown_settings(found: Findings) -> tuple[Setting, ...]:
    """The real arm with the fewest real images, and what is compared with it."""
    against, others = _fewest(found)
    return (against, *others)[:MOST_MODELS]


def _fewest(found: Findings) -> tuple[Setting, tuple[Setting, ...]]:
    against = min((one for one in found.compared if one.arm == found.study.against), key=lambda one: one.k)
    others = tuple(one for one in found.compared if one.arm != against.arm and one.k in (0, against.k))
    return against, others


def _telling(found: Findings) -> list[int]:
    """Numbers of the images with the least, the middle and the largest gain of the last arm that is shown."""
    against, *others = shown_settings(found)
    one = others[-1] if others else against
    gain = (found.table(one) - found.table(against)).mean(axis=0)
    order = np.argsort(gain, kind="stable")
    return [int(order[place]) for place in sorted({0, len(order) // 2, len(order) - 1})]


def _seen(example: Example, number: int, found: Findings, shown: tuple[Setting, ...], folder: Path) -> Seen:
    from pipelines.learn.model import load

    run = [Run(setting, found.study.seeds[0]) for setting in shown]
    true = example.known()
    plane = _plane(true)
    models = {
        _title(one.setting): (
            _drawn(plane(load(folder / ARMS / one.place).predict(example.image))),
            found.outcomes[one].scores[PLAIN].dice[number],
        )
        for one in run
    }
    grey = plane(example.image[0])
    low, high = np.percentile(grey, (0.5, 99.5))
    image = np.clip((grey - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    return Seen(PurePath(example.name).name.partition(".")[0], image, _drawn(plane(true)), models)


def _plane(true: UInt8[ndarray, "..."]):
    """What takes a picture as it is, and of a volume the axial plane with most of a class, as it hangs."""
    if true.ndim == 2:
        return lambda array: array
    most = int(np.argmax(((true != REST) & (true != UNKNOWN)).sum(axis=(0, 1))))
    return lambda array: array[..., most].T[::-1, ::-1]


def _drawn(labels: UInt8[ndarray, "rows columns"]) -> ndarray:
    return (labels != REST) & (labels != UNKNOWN)


def _title(setting: Setting) -> str:
    arm = setting.arm.replace("_", " ")
    return f"{arm}, {setting.k} real" if setting.k else arm
