"""What is missing: samples that failed, with what one types to see it, and samples that cannot be read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pipelines.folder import FAILED
from pipelines.page.document import more
from pipelines.report.truths import Unread

SHOWN = 20


@dataclass(frozen=True)
class Failed:
    """A sample in quarantine: its story as `simdata generate` wrote it."""

    index: int
    error: str
    replay: str
    trace: str


def quarantined(folder: Path) -> list[Failed]:
    """The samples that failed, in order of index; of a story that cannot be read, that much is told."""
    return [_story(path) for path in sorted((folder / FAILED).glob("*.json"))]


def html(asked: int | None, made: int, failed: Sequence[Failed], unread: Sequence[Unread]) -> str:
    """The section's content."""
    unfinished = (asked or 0) - made - len(failed)
    parts = []
    if unfinished > 0:
        parts.append(f"<p>{unfinished} of {asked} samples are not made yet; the same 'simdata generate' goes on.</p>")
    if not failed and not unread:
        parts.append("<p>No sample failed, and every sample can be read.</p>")
    parts += [_failed(one) for one in failed[:SHOWN]]
    parts += [f"<p>{len(failed) - SHOWN} more failed.</p>"] if len(failed) > SHOWN else []
    if unread:
        told = "".join(f"<li>sample {one.index}: {escape(one.why)}</li>" for one in unread[:SHOWN])
        rest = f" (the first {SHOWN})" if len(unread) > SHOWN else ""
        parts.append(
            f'<p class="wrong">{len(unread)} samples cannot be read{rest} and are in no figure of this page; '
            f"'simdata validate' tells more.</p><ul>{told}</ul>"
        )
    return "".join(parts)


def _failed(one: Failed) -> str:
    command = f"<pre>{escape(one.replay)}</pre>" if one.replay else ""
    trace = more("traceback", f"<pre>{escape(one.trace)}</pre>") if one.trace else ""
    return f'<h3>Sample {one.index}</h3><p class="wrong">{escape(one.error)}</p>{command}{trace}'


def _story(path: Path) -> Failed:
    index = int(path.stem) if path.stem.isdigit() else -1
    try:
        story = json.loads(path.read_bytes())
        return Failed(int(story["index"]), str(story["error"]), str(story["replay"]), str(story["traceback"]))
    except (OSError, ValueError, KeyError, TypeError) as reason:
        return Failed(index, f"{path.name} cannot be read: {reason!r}", "", "")
