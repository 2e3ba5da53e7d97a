"""The looks of real eyes, lent to simulated ones: tables and a sheet of docs/diffusion.md.

python benchmarks/diffused_looks.py tables MODEL OCTA ROSSA SEGMENTER   # choosing, on ids 081-100; once more on 101-150
python benchmarks/diffused_looks.py sheet MODEL OCTA ROSSA
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from diffusion import ROOT, put
from PIL import Image as Picture

from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.model import load
from pipelines.diffuse.report.groups import BEFORE, CEILING, FLOOR, MADE, REFERENCE, Groups, tiles
from pipelines.diffuse.report.page import closed
from pipelines.diffuse.report.report import distances, report
from pipelines.diffuse.samplers import DDIM
from pipelines.learn.evaluate import evaluate
from pipelines.learn.example import Example
from pipelines.learn.folders import source_of
from pipelines.learn.model import load as load_segmenter
from pipelines.learn.sources.synthetic import example, turned
from pipelines.learn.truths.vessels import VesselTruth
from pipelines.page.files import write_page
from simdata import Dataset, Streams

SHEET, REPORT = ROOT / "docs" / "diffusion.png", ROOT / "demo" / "diffusion.html"
TRUTH = VesselTruth(least_radius_mm=0.0085, least_branch_mm=0.45, margin_mm=0.004)
"""As recipes/study/octa.yaml has it."""
UNTRAINED = 100
LOST = 0.01
"""Of Dice, at most: the look is chosen that comes nearest to real images at that price."""
EYES = range(8), range(8, 16)
"""To choose the look by, and for the final figure."""
HEADS = ("", "Frechet, random network", "gone", "Frechet, radiomics", "gone", "Dice", "clDice", "CPU s an eye")
CROP, TILE_PX, GAP_PX = 128, 224, 6
SHOWN, SHOWN_LEVELS = (10, 14, 16), (0.1, 0.3)
"""Eyes, and how far they are translated, on the sheet."""


@dataclass(frozen=True)
class Look:
    """A way to translate. level: 0 for not at all. keeps: what stays as it was simulated, as `Translate.keep`."""

    level: float
    keeps: VesselTruth | None = None

    @property
    def name(self) -> str:
        """For a reader."""
        if not self.level:
            return "simulated, as they are"
        return f"level {self.level:g}" + (", vessels kept" if self.keeps else "")


LOOKS = (Look(0.05), Look(0.1), Look(0.2), Look(0.1, TRUTH), Look(0.2, TRUTH), Look(0.3, TRUTH))


class Trial:
    """Simulated eyes, a model that translates them, and a segmenter that people's labels of real images taught."""

    def __init__(self, folder: str, octa: str, segmenter: str) -> None:
        self.model, self.judge, self.samples = load(folder), load_segmenter(segmenter), Dataset(octa)
        self.hand = Hand(model=self.model, sampler=DDIM(steps=50))
        self.eyes: dict[int, Example] = {}

    def eye(self, number: int) -> Example:
        """As it was simulated."""
        if number not in self.eyes:
            self.eyes[number] = example(self.samples[number], "superficial", TRUTH, f"eye {number}")
        return self.eyes[number]

    def translated(self, number: int, look: Look) -> Example:
        """With the look of real ones; its label is that of the patient."""
        eye = self.eye(number)
        if not look.level:
            return eye
        seen, rng = self.model.recipe.intensity(eye.image)[None], Streams(3, number)["translate"].generator
        kept = eye.known()[None] > 0 if look.keeps else None
        drawn = self.hand.translate(seen, untold(1, seen.shape[2:]), look.level, rng, kept)
        return replace(eye, image=drawn[0])

    def dice(self, examples: Sequence[Example]) -> list[str]:
        """Dice and clDice of the segmenter against the simulated truth."""
        found = evaluate(self.judge.predict, examples)
        return [f"{found.mean(of)[0]:.3f}" for of in ("dice", "cldice")]


def tables(folder: str, octa: str, rossa: str, segmenter: str) -> None:
    """Chooses on images that are for choosing, then judges once on those that are not."""
    torch.set_num_threads(1)
    trial = Trial(folder, octa, segmenter)
    chosen = choose(trial, source_of(f"{rossa}/images", ids="081-100").open(1)[:])
    final(trial, chosen, source_of(f"{rossa}/images", ids="101-150").open(1)[:])


def choose(trial: Trial, held: Sequence[Example]) -> Look:
    """The table of looks, and which of them comes nearest to real images for at most LOST of Dice."""
    before, rows = [trial.eye(number) for number in EYES[0]], []
    halves = {REFERENCE: tiles(trial.model, held[0::2]), FLOOR: tiles(trial.model, held[1::2])}
    halves[BEFORE] = tiles(trial.model, before)
    gone: dict[Look, tuple[float, float]] = {}
    for look in (Look(0.0), *LOOKS):
        start = time.process_time()
        made = [trial.translated(number, look) for number in EYES[0]]
        seconds = (time.process_time() - start) / len(made)
        of = distances(Groups({**halves, MADE: tiles(trial.model, made)}), 0)
        if not rows:
            far = [_spread(of[kind][FLOOR]["frechet"]) for kind in of]
            rows.append(("real images among themselves", far[0], "", far[1], "", "", "", ""))
        cells = []
        for kind in of:
            cells += [
                _spread(of[kind][MADE]["frechet"]),
                f"{100 * (closed(of[kind]) or 0):.0f} %" if look.level else "",
            ]
        dices = trial.dice(made)
        rows.append((look.name, *cells, *dices, f"{seconds:.0f}" if look.level else ""))
        gone[look] = closed(of["random"]) or 0.0, float(dices[0])
        print(rows[-1], flush=True)
    put("levels", HEADS, rows)
    least = gone[Look(0.0)][1] - LOST
    return max([look for look in LOOKS if gone[look][1] >= least] or LOOKS[:1], key=lambda look: gone[look][0])


def final(trial: Trial, chosen: Look, unseen: Sequence[Example]) -> None:
    """The table of the chosen look, on other eyes and real images that nothing was chosen by."""
    before, made = ([trial.translated(number, look) for number in EYES[1]] for look in (Look(0.0), chosen))
    found = report(trial.model, unseen, made, before, trial.judge, UNTRAINED)
    REPORT.parent.mkdir(exist_ok=True)
    write_page(REPORT, found.html, found.figures)
    groups, figures = (FLOOR, BEFORE, MADE, CEILING), found.figures
    rows = [
        (f"{what}, {kind}", *(f"{of[name][what][0]:.3g} ± {of[name][what][1]:.2g}" for name in groups))
        for kind, of in figures["distances"].items()
        for what in ("frechet", "kernel", "precision", "recall")
    ]
    rows.append(("MS-SSIM of pairs", *(f"{figures['diversity'][name]:.3f}" for name in groups)))
    dices = [f"{figures['labels'][name]['vessel']:.3f}" for name in (BEFORE, MADE)]
    rows.append(("Dice against the simulated truth", "", *dices, ""))
    copies = {name: f"{100 * figures['memory'][name]:.0f} %" for name in ("unseen real", "made", "planted copies")}
    rows.append(("taken for copies", copies["unseen real"], "", copies["made"], f"planted: {copies['planted copies']}"))
    put("final", ("", "real (floor)", "simulated", f"translated, {chosen.name}", "untrained (ceiling)"), rows)
    print("gone", {kind: closed(of) for kind, of in figures["distances"].items()})


def sheet(folder: str, octa: str, rossa: str) -> None:
    """Rows of a real crop, a simulated one, and that one translated up to two levels."""
    model, samples = load(folder), Dataset(octa)
    hand, real = Hand(model=model, sampler=DDIM(steps=50)), source_of(f"{rossa}/images", ids="101-150").open(1)
    step = TILE_PX + GAP_PX
    page = Picture.new("L", ((2 + len(SHOWN_LEVELS)) * step - GAP_PX, len(SHOWN) * step - GAP_PX), 128)
    for row, number in enumerate(SHOWN):
        image = samples[number].images["superficial"]
        seen = _crop(model.recipe.intensity(np.ascontiguousarray(turned(image)(image.array), np.float32)[None]))
        shown = [_crop(model.recipe.intensity(real[5 * row].image)), seen]
        for level in SHOWN_LEVELS:
            shown.append(hand.translate(seen[None], untold(1, seen.shape[1:]), level, Streams(3, number).generator)[0])
        for column, tile in enumerate(shown):
            grey = Picture.fromarray((255 * tile[0] + 0.5).astype(np.uint8))
            large = grey.resize((TILE_PX, TILE_PX), Picture.Resampling.BICUBIC)
            page.paste(large, (column * step, row * step))
    page.save(SHEET, optimize=True)


def _spread(found: Sequence[float]) -> str:
    return f"{found[0]:.1f} ± {found[1]:.1f}"


def _crop(image: np.ndarray) -> np.ndarray:
    start = (image.shape[1] - CROP) // 2
    return np.ascontiguousarray(image[:, start : start + CROP, start : start + CROP])


def main() -> None:
    match sys.argv[1:]:
        case ["tables", folder, octa, rossa, segmenter]:
            tables(folder, octa, rossa, segmenter)
        case ["sheet", folder, octa, rossa]:
            sheet(folder, octa, rossa)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
