"""What diffusion models do on discs, in tables of docs/diffusion.md: few steps, and lesions of wished places.

python benchmarks/diffusion.py    # five minutes of one core; of real eyes: diffused_masks.py, diffused_looks.py
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import center_of_mass

from simdata import Streams

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "diffusion.md"
sys.path.append(str(ROOT / "tests"))

DRAWN, STEPS_OF_TOYS, EDGE, WISHED = 32, 200, 32, 60


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


def put(mark: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table between the marks of the page."""
    lines = [heads, ("---",) * len(heads), *rows]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    print(table, flush=True)
    before, begin, rest = PAGE.read_text().partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    PAGE.write_text(before + begin + table + end + after)


if __name__ == "__main__":
    toys()
