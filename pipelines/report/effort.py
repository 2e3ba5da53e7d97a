"""What the samples cost: seconds per stage, the slowest samples, bytes on the disk."""

from collections.abc import Sequence

import numpy as np

from pipelines.page.document import card, cards, table
from pipelines.page.plots import histogram, stacked
from pipelines.page.svg import number
from pipelines.progress import lasting, size
from pipelines.report.truths import Truths
from pipelines.report.volumes import Measured
from simdata.manifest import Receipt

SLOWEST = 8
STAGES = ("phantom", "grow", "scan", "finish")


def figures(truths: Truths, measured: Sequence[Measured]) -> dict:
    """Every number, ready for JSON."""
    seconds = [receipt.seconds for receipt in truths.receipts]
    return {
        "seconds_total": float(np.sum(seconds)),
        "seconds_a_sample": _summary(seconds),
        "seconds_by_stage": _by_stage(truths.receipts),
        "slowest": [{"sample": r.index, "seconds": r.seconds, "stages": r.stages} for r in _slowest(truths)],
        "bytes_total": float(np.sum(truths.bytes)),
        "bytes_a_sample": _summary(truths.bytes),
        "arrays": {path: {"in_memory": raw, "on_disk": stored} for path, (raw, stored) in _arrays(measured).items()},
    }


def html(truths: Truths, measured: Sequence[Measured]) -> str:
    """The section's content."""
    stages = _by_stage(truths.receipts)
    seconds = [receipt.seconds for receipt in truths.receipts]
    rows = {"mean of all": {stage: found["mean"] for stage, found in stages.items()}}
    rows |= {f"sample {r.index}": {stage: r.stages.get(stage, 0.0) for stage in stages} for r in _slowest(truths)}
    first = f"{lasting(sum(seconds))} of computing in all, {lasting(float(np.median(seconds)))} a sample (median)."
    return "".join(
        [
            f"<p>{first} Below the mean, the slowest samples. Memory is not recorded with a dataset; "
            "<code>simdata plan</code> measures it.</p>",
            cards([card("seconds per stage", stacked(rows, "s")), card("stages", _stage_table(stages))], "cards pairs"),
            cards(
                [
                    card("seconds a sample", histogram(seconds)),
                    card("megabytes a sample on the disk", histogram([count / 1e6 for count in truths.bytes])),
                ]
            ),
            _array_table(measured),
        ]
    )


def _slowest(truths: Truths) -> list[Receipt]:
    return sorted(truths.receipts, key=lambda receipt: (-receipt.seconds, receipt.index))[:SLOWEST]


def _by_stage(receipts: Sequence[Receipt]) -> dict[str, dict[str, float]]:
    stages = sorted({stage for receipt in receipts for stage in receipt.stages}, key=_in_order)
    return {stage: _summary([r.stages[stage] for r in receipts if stage in r.stages]) for stage in stages}


def _in_order(stage: str) -> tuple[int, str]:
    first = stage.partition("/")[0]
    return (STAGES.index(first) if first in STAGES else len(STAGES), stage)


def _summary(values: Sequence[float]) -> dict[str, float]:
    return {
        "mean": float(np.mean(values)),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, 95)),
        "most": float(np.max(values)),
    }


def _arrays(measured: Sequence[Measured]) -> dict[str, tuple[float, float]]:
    """Array path to its mean bytes in memory and on the disk."""
    found: dict[str, list[tuple[int, int]]] = {}
    for one in measured:
        for path, sizes in one.stored.items():
            found.setdefault(path, []).append(sizes)
    means = {path: np.sum(sizes, axis=0) / len(measured) for path, sizes in found.items()}
    return {path: (float(raw), float(stored)) for path, (raw, stored) in means.items()}


def _stage_table(stages: dict[str, dict[str, float]]) -> str:
    rows = [
        ((stage, *(number(float(f"{s[key]:.3g}")) for key in ("median", "p95", "most"))), None)
        for stage, s in stages.items()
    ]
    return table(("stage, s", "median", "95 %", "most"), rows)


def _array_table(measured: Sequence[Measured]) -> str:
    arrays = sorted(_arrays(measured).items(), key=lambda item: (-item[1][1], item[0]))
    rows = [
        ((path, size(raw), size(stored), f"{raw / stored:.1f}" if stored else ""), None)
        for path, (raw, stored) in _grouped(arrays)
    ]
    return "<h3>What takes the room, a sample</h3>" + table(("array", "in memory", "on the disk", "ratio"), rows)


def _grouped(
    arrays: Sequence[tuple[str, tuple[float, float]]], shown: int = 12
) -> list[tuple[str, tuple[float, float]]]:
    """The largest arrays, and the others as one."""
    rest = arrays[shown:]
    if not rest:
        return list(arrays)
    raw, stored = np.sum([sizes for _, sizes in rest], axis=0).tolist()
    return [*arrays[:shown], (f"{len(rest)} others", (raw, stored))]
