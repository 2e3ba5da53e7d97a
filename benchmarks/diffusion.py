"""What diffusion models do, in tables of docs/diffusion.md: few steps, wished lesions, and the looks of real eyes.

python benchmarks/diffusion.py toys                            # few steps, lesions: on discs, ten minutes on a CPU
python benchmarks/diffusion.py looks MODEL OCTA ROSSA SEGMENTER  # levels, on ids 081-100; the final figure, on 101-150
python benchmarks/diffusion.py sheet MODEL OCTA ROSSA
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from scipy.ndimage import center_of_mass

from simdata import Dataset, Streams

ROOT = Path(__file__).parents[1]
PAGE, SHEET = ROOT / "docs" / "diffusion.md", ROOT / "docs" / "diffusion.png"
REPORT = ROOT / "demo" / "diffusion.html"
sys.path.append(str(ROOT / "tests"))

DRAWN, STEPS_OF_TOYS, EDGE = 32, 200, 32
UNTRAINED = 100
WISHED = 60
LEVELS = (0.05, 0.1, 0.2)
LOST = 0.01
"""Of Dice, at most: the level is chosen that comes nearest to real images at that price."""
EYES = range(8), range(8, 16)
"""To choose the level by, and for the final figure."""
CROP, TILE_PX, GAP_PX = 128, 224, 6
SHOWN, SHOWN_LEVELS = (10, 14, 16), (0.1, 0.3)
"""Eyes, and how far they are translated, on the sheet."""


def toys() -> None:
    """Tables of few steps and of lesions, by models of discs."""
    import torch
    from diffusing import many, recipe, write_discs

    from pipelines.diffuse.draw import Hand
    from pipelines.diffuse.model import load
    from pipelines.diffuse.recipe import diffusion
    from pipelines.diffuse.report.distances import frechet, scaled
    from pipelines.diffuse.report.features import random_features
    from pipelines.diffuse.samplers import DDIM, DDPM, PNDM, Euler
    from pipelines.diffuse.train import train

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        discs = write_discs(Path(place) / "discs", 200)
        long = {"stages": [{"sources": {"discs": 1}, "steps": STEPS_OF_TOYS, "rate": 0.003}]}
        flow = {"process": {"kind": "pipelines.diffuse.processes.Flow"},
                "sampler": {"kind": "pipelines.diffuse.samplers.Euler"}}  # fmt: skip
        made = {}
        for name, changes in {"gaussian": long, "flow": long | flow}.items():
            train(diffusion(recipe(discs, **changes)), Path(place) / name)
            made[name] = load(Path(place) / name)
        real = random_features(pictures(4 * DRAWN, 50))
        labels, rows = many(DRAWN, 60), []
        clouds = {"other real discs": (random_features(pictures(DRAWN, 61)), 0.0)}
        for sampler in (DDPM(), DDIM(steps=100), DDIM(steps=50), DDIM(steps=20), DDIM(steps=10), PNDM(steps=20),
                        Euler(steps=50), Euler(steps=20), Euler(steps=10)):  # fmt: skip
            hand = Hand(model=made["flow" if isinstance(sampler, Euler) else "gaussian"], sampler=sampler)
            start = time.process_time()
            drawn = hand.synthesise(labels, Streams(5)["drawn"].generator)
            steps = getattr(sampler, "steps", 1000)
            clouds[f"{type(sampler).__name__}, {steps} steps"] = (random_features(drawn), time.process_time() - start)
            print(list(clouds)[-1], round(clouds[list(clouds)[-1]][1], 1), "s", flush=True)
        slowest = clouds["DDPM, 1000 steps"][1]
        for name, (cloud, seconds) in clouds.items():
            every, own = scaled(real, cloud)
            near = [
                frechet(every[Streams(9, turn).generator.permutation(len(real))[:DRAWN]], own) for turn in range(20)
            ]
            cost = ("", "") if not seconds else (f"{1000 * seconds / DRAWN:.0f}", f"{slowest / seconds:.1f}")
            rows.append((name, f"{np.mean(near):.1f} ± {np.std(near):.1f}", *cost))
        put("steps", ("", "Frechet distance", "CPU ms an image", "times as fast"), rows)
        put("lesions", ("radius, pixels", "lesions", "place, mean error (most)", "radius, mean error (SD)"),
            lesions(made["gaussian"]))  # fmt: skip


def pictures(count: int, seed: int) -> np.ndarray:
    """Discs as the models have learnt them."""
    from diffusing import GREYS, many

    label = many(count, seed)
    grey = GREYS[label] + Streams(seed, 7).generator.normal(0, 12, label.shape)
    return (np.clip(grey, 0, 255).astype(np.uint8)[:, None] / 255).astype(np.float32)


def lesions(model) -> list[tuple[str, ...]]:
    """Bright discs of a wished place and size, inpainted into empty ground, and where they are."""
    from diffusing import read

    from pipelines.diffuse.draw import Hand

    rng, rows = Streams(31)["wished"].generator, []
    y, x = np.indices((EDGE, EDGE))
    for radius in (3.0, 4.5, 6.0):
        places = rng.uniform(9, EDGE - 9, (WISHED // 3, 2))
        labels = np.stack([(3 * ((y - r) ** 2 + (x - c) ** 2 <= radius**2)).astype(np.uint8) for r, c in places])
        ground = np.clip((40 + rng.normal(0, 12, (len(places), 1, EDGE, EDGE))) / 255, 0, 1).astype(np.float32)
        from scipy.ndimage import binary_dilation

        around = np.stack([binary_dilation(label > 0, iterations=2) for label in labels])
        found = read(Hand(model=model).inpaint(ground, labels, around, rng, again=3)) >= 2
        apart = [
            np.hypot(*np.subtract(center_of_mass(f), center_of_mass(w))) for f, w in zip(found, labels > 0, strict=True)
        ]
        wider = np.sqrt(found.sum(axis=(1, 2)) / np.pi) - np.sqrt((labels > 0).sum(axis=(1, 2)) / np.pi)
        rows.append((f"{radius:g}", str(len(places)), f"{np.mean(apart):.2f} ({np.max(apart):.2f})",
                     f"{np.mean(wider):+.2f} ({np.std(wider):.2f})"))  # fmt: skip
    return rows


def looks(folder: str, octa: str, rossa: str, segmenter: str) -> None:
    """The table of levels on images that are for choosing, then once the chosen level on those that are not."""
    import torch

    from pipelines.diffuse.draw import Hand, untold
    from pipelines.diffuse.model import load
    from pipelines.diffuse.report.groups import BEFORE, FLOOR, MADE, REFERENCE, Groups, tiles
    from pipelines.diffuse.report.page import closed
    from pipelines.diffuse.report.report import distances, report
    from pipelines.diffuse.samplers import DDIM
    from pipelines.learn.evaluate import evaluate
    from pipelines.learn.example import Example
    from pipelines.learn.folders import source_of
    from pipelines.learn.model import load as load_segmenter
    from pipelines.learn.sources.synthetic import example
    from pipelines.learn.truths.vessels import VesselTruth
    from pipelines.page.files import write_page

    torch.set_num_threads(1)
    model, judge = load(folder), load_segmenter(segmenter)
    hand, intensity = Hand(model=model, sampler=DDIM(steps=50)), model.recipe.intensity
    truth = VesselTruth(least_radius_mm=0.0085, least_branch_mm=0.45, margin_mm=0.004)  # as recipes/study/octa.yaml
    eyes, samples = {}, Dataset(octa)

    def eye(number: int) -> Example:
        if number not in eyes:
            eyes[number] = example(samples[number], "superficial", truth, f"eye {number}")
        return eyes[number]

    def translated(number: int, level: float) -> Example:
        seen = intensity(eye(number).image)[None]
        rng = Streams(3, number)["translate"].generator
        return replace(eye(number), image=hand.translate(seen, untold(1, seen.shape[2:]), level, rng)[0])

    def dice(examples) -> tuple[str, str]:
        found = evaluate(judge.predict, examples)
        return tuple(f"{found.mean(of)[0]:.3f}" for of in ("dice", "cldice"))

    held = source_of(f"{rossa}/images", ids="081-100").open(1)[:]
    before, rows = [eye(number) for number in EYES[0]], []
    gone: dict[float, tuple[float, float]] = {}
    halves = {REFERENCE: tiles(model, held[0::2]), FLOOR: tiles(model, held[1::2]), BEFORE: tiles(model, before)}
    for level in (0.0, *LEVELS):
        start = time.process_time()
        made = [translated(number, level) for number in EYES[0]] if level else before
        seconds = (time.process_time() - start) / len(made)
        of = distances(Groups({**halves, MADE: tiles(model, made)}), 0)
        if not rows:
            far = [f"{of[kind][FLOOR]['frechet'][0]:.1f} ± {of[kind][FLOOR]['frechet'][1]:.1f}" for kind in of]
            rows.append(("real images among themselves", far[0], "", far[1], "", "", "", ""))
        cells = []
        for kind in of:
            near = of[kind][MADE]["frechet"]
            cells += [f"{near[0]:.1f} ± {near[1]:.1f}", f"{100 * closed(of[kind]):.0f} %" if level else ""]
        name = f"level {level:g}" if level else "simulated, as they are"
        rows.append((name, *cells, *dice(made), f"{seconds:.0f}" if level else ""))
        gone[level] = closed(of["random"]) or 0.0, float(rows[-1][5])
        print(rows[-1], flush=True)
    heads = ("", "Frechet, random network", "gone", "Frechet, radiomics", "gone", "Dice", "clDice", "CPU s an eye")
    put("levels", heads, rows)
    kept = [level for level in LEVELS if gone[level][1] >= gone[0.0][1] - LOST] or LEVELS[:1]
    chosen = max(kept, key=lambda level: gone[level][0])

    unseen = source_of(f"{rossa}/images", ids="101-150").open(1)[:]
    before = [eye(number) for number in EYES[1]]
    made = [translated(number, chosen) for number in EYES[1]]
    found = report(model, unseen, made, before, judge, UNTRAINED)
    REPORT.parent.mkdir(exist_ok=True)
    write_page(REPORT, found.html, found.figures)
    rows = []
    for kind, of in found.figures["distances"].items():
        for what in ("frechet", "kernel", "precision", "recall"):
            rows.append((f"{what}, {kind}", *(f"{of[name][what][0]:.3g} ± {of[name][what][1]:.2g}"
                         for name in (FLOOR, BEFORE, MADE, "untrained"))))  # fmt: skip
    of = found.figures["diversity"]
    rows.append(("MS-SSIM of pairs", *(f"{of[name]:.3f}" for name in (FLOOR, BEFORE, MADE, "untrained"))))
    dices = found.figures["labels"]
    rows.append(
        ("Dice against the simulated truth", "", *(f"{dices[name]['vessel']:.3f}" for name in (BEFORE, MADE)), "")
    )
    copies = found.figures["memory"]
    rows.append(("taken for copies", f"{100 * copies['unseen real']:.0f} %", "", f"{100 * copies['made']:.0f} %",
                 f"planted: {100 * copies['planted copies']:.0f} %"))  # fmt: skip
    put("final", ("", "real (floor)", "simulated", f"translated, level {chosen:g}", "untrained (ceiling)"), rows)
    gone = {kind: closed(of) for kind, of in found.figures["distances"].items()}
    print("gone", gone)


def sheet(folder: str, octa: str, rossa: str) -> None:
    """Rows of a real crop, a simulated one, and that one translated up to two levels."""
    from pipelines.diffuse.draw import Hand, untold
    from pipelines.diffuse.model import load
    from pipelines.diffuse.samplers import DDIM
    from pipelines.learn.folders import source_of
    from pipelines.learn.sources.synthetic import turned

    model, samples = load(folder), Dataset(octa)
    hand, real = Hand(model=model, sampler=DDIM(steps=50)), source_of(f"{rossa}/images", ids="101-150").open(1)
    step = TILE_PX + GAP_PX
    page = Picture.new("L", ((2 + len(SHOWN_LEVELS)) * step - GAP_PX, len(SHOWN) * step - GAP_PX), 128)
    for row, number in enumerate(SHOWN):
        image = samples[number].images["superficial"]
        seen = _crop(model.recipe.intensity(np.ascontiguousarray(turned(image)(image.array), np.float32)[None]))
        tiles = [_crop(model.recipe.intensity(real[5 * row].image)), seen]
        for level in SHOWN_LEVELS:
            tiles.append(hand.translate(seen[None], untold(1, seen.shape[1:]), level, Streams(3, number).generator)[0])
        for column, tile in enumerate(tiles):
            grey = Picture.fromarray((255 * tile[0] + 0.5).astype(np.uint8))
            large = grey.resize((TILE_PX, TILE_PX), Picture.Resampling.BICUBIC)
            page.paste(large, (column * step, row * step))
    page.save(SHEET, optimize=True)


def _crop(image: np.ndarray) -> np.ndarray:
    start = (image.shape[1] - CROP) // 2
    return np.ascontiguousarray(image[:, start : start + CROP, start : start + CROP])


def put(mark: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table between the marks of the page."""
    lines = [heads, ("---",) * len(heads), *rows]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    print(table, flush=True)
    before, begin, rest = PAGE.read_text().partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    PAGE.write_text(before + begin + table + end + after)


def main() -> None:
    match sys.argv[1:]:
        case ["toys"]:
            toys()
        case ["sheet", folder, octa, rossa]:
            sheet(folder, octa, rossa)
        case ["looks", folder, octa, rossa, segmenter]:
            looks(folder, octa, rossa, segmenter)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
