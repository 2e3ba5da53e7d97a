"""The report as one HTML page without scripts, that needs nothing from anywhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from PIL import Image as Picture

from pipelines.diffuse.report.groups import BEFORE, CEILING, FLOOR, MADE, REFERENCE, Groups
from pipelines.page.document import card, cards, document, more, picture, section, table
from pipelines.page.svg import number
from pipelines.plain import dump_yaml

NAMES = {
    REFERENCE: "real images",
    FLOOR: "other real images (floor)",
    BEFORE: "before",
    MADE: "made",
    CEILING: "untrained model (ceiling)",
}
MEASURES = {"frechet": "Frechet distance", "kernel": "kernel distance", "precision": "precision", "recall": "recall"}
KINDS = {"random": "a random network", "radiomics": "radiomics"}
SHOWN, ROW, TILE_PX, GAP_PX = 12, 6, 96, 4
METHOD = (
    "All distances are from one half of the unseen real images, with equally many patches each, on vectors in units of "
    "their spread among real patches. The floor is the other half of the real images: nothing need be nearer. The "
    "ceiling is the same network before it learnt. Frechet distances of few patches are too large, for all rows alike. "
    "Precision is the share of patches that lie among real ones, recall the share of real ones that lie among them. A "
    "copy is a patch that correlates with some place of a training image more than three standard deviations beyond "
    "what unseen real patches do."
)


def page(figures: Mapping[str, Any], compared: Groups) -> str:
    """The whole page."""
    parts = {
        "distances": ("Distance to real images", "".join(_distances(kind, figures) for kind in KINDS)),
        "pictures": ("Patches", _pictures(compared)),
        "diversity": ("Diversity", _diversity(figures["diversity"])),
        "memory": ("Copies of training images", _memory(figures["memory"])),
        "labels": ("Labels", _labels(figures["labels"])),
        "origin": ("Method and origin", _origin(figures)),
    }
    parts = {name: part for name, part in parts.items() if part[1]}
    links = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, (title, _) in parts.items())
    head = f"<h1>Made images beside real ones</h1>{_summary(figures)}<nav>{links}</nav>\n"
    return document("Diffusion", head + "".join(section(name, *part) for name, part in parts.items()))


def closed(of: Mapping[str, Mapping[str, Sequence[float]]], what: str = "frechet") -> float | None:
    """Share of the way from what images were before to real ones that was gone; None if there is no before.

    0 is as before, 1 as real images are among themselves.
    """
    if BEFORE not in of:
        return None
    start, end, now = (of[name][what][0] for name in (BEFORE, FLOOR, MADE))
    return (start - now) / (start - end) if start > end else None


def _summary(figures: Mapping[str, Any]) -> str:
    of = figures["distances"]["random"]
    near, floor, ceiling = (of[name]["frechet"][0] for name in (MADE, FLOOR, CEILING))
    told = [
        f"Frechet distance {number(near)}: {number(floor)} of real images, {number(ceiling)} of an untrained model."
    ]
    if (share := closed(of)) is not None:
        told.append(f"Of the way from what the images were before to real ones, {100 * share:.0f} % was gone.")
    copies = figures["memory"]
    told.append(f"{100 * copies['made']:.0f} % of made patches are like copies of training images.")
    wrong = copies["planted copies"] < 1
    if wrong:
        told.append("Planted copies were not all found: nothing can be said of copies.")
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in told)


def _distances(kind: str, figures: Mapping[str, Any]) -> str:
    of = figures["distances"][kind]
    rows = [
        (NAMES[name], *(_spread(of[name][what]) for what in MEASURES))
        for name in (FLOOR, BEFORE, MADE, CEILING)
        if name in of
    ]
    title = f"<h3>By {KINDS[kind]}, {figures['compared']} patches of {'x'.join(map(str, figures['patch']))}</h3>"
    return title + table(("", *MEASURES.values()), [(row, None) for row in rows])


def _diversity(found: Mapping[str, float | None]) -> str:
    rows = [
        (NAMES[name], "patches are too small" if value is None else f"{value:.3f}") for name, value in found.items()
    ]
    return table(("", "MS-SSIM of pairs; 1 if all are the same"), [(row, None) for row in rows])


def _memory(found: Mapping[str, Any]) -> str:
    heads = ("", "taken for copies", "patches")
    rows = [(name, f"{100 * found[name]:.0f} %", str(count)) for name, count in found["patches"].items()]
    good = [found["planted copies"] == 1 if row[0] == "planted copies" else None for row in rows]
    return f"<p>Looked for in {found['images']} training images.</p>" + table(heads, list(zip(rows, good, strict=True)))


def _labels(found: Mapping[str, Mapping[str, float]]) -> str:
    if not found:
        return ""
    classes = next(iter(found.values()))
    rows = [(NAMES[name], *(f"{dice:.3f}" for dice in of.values())) for name, of in found.items()]
    return table(("Dice of a segmenter", *classes), [(row, None) for row in rows])


def _pictures(compared: Groups) -> str:
    drawn = [
        card(NAMES[name], picture(contact(patches), NAMES[name]))
        for name, patches in compared.of.items()
        if name != FLOOR
    ]
    return cards(drawn)


def contact(patches: Float32[ndarray, "n c ..."]) -> Picture.Image:
    """Some patches side by side; of volumes the middle slice."""
    chosen = patches[np.linspace(0, len(patches) - 1, min(SHOWN, len(patches))).astype(int)]
    rows = -(-len(chosen) // ROW)
    step = TILE_PX + GAP_PX
    sheet = Picture.new("RGB", (ROW * step - GAP_PX, rows * step - GAP_PX), (128, 128, 128))
    for place, patch in enumerate(chosen):
        tile = Picture.fromarray(_plane(patch)).resize((TILE_PX, TILE_PX), Picture.Resampling.NEAREST)
        sheet.paste(tile, (place % ROW * step, place // ROW * step))
    return sheet


def _plane(patch: Float32[ndarray, "c ..."]) -> ndarray:
    flat = patch if patch.ndim == 3 else patch[..., patch.shape[-1] // 2].transpose(0, 2, 1)[:, ::-1]
    grey = (255 * np.clip(flat, 0, 1) + 0.5).astype(np.uint8)
    return np.moveaxis(grey, 0, -1) if len(grey) == 3 else np.repeat(grey[:1], 3, axis=0).transpose(1, 2, 0)


def _origin(figures: Mapping[str, Any]) -> str:
    made = ", ".join(f"{package} {version}" for package, version in figures["versions"].items())
    words = f"<p>{escape(METHOD)}</p><p>Made by {escape(made)}.</p>"
    return words + more("The recipe", f"<pre>{escape(dump_yaml(dict(figures['recipe'])))}</pre>")


def _spread(found: Sequence[float]) -> str:
    return f"{number(found[0])} ± {number(found[1])}"
