"""Segmentation by diffusion beside a U-Net, on real eyes: a table of docs/diffusion.md, and a sheet to look at.

python benchmarks/diffused_masks.py ROSSA    # learns from ids 001-080, is scored on 081-090: ten minutes of one core
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusion import ROOT, put
from PIL import Image as Picture

from pipelines.learn.evaluate import Evaluation, evaluate
from pipelines.learn.example import Example
from pipelines.learn.folders import source_of
from pipelines.learn.intensity import Percentiles
from pipelines.learn.metrics import entropy_bits
from pipelines.learn.model import Model, load
from pipelines.learn.recipe import training
from pipelines.learn.train import train

SHEET = ROOT / "demo" / "diffused_masks.png"
STEPS, PATCH, SCORED = 400, 96, "081-090"
BASE = {"kind": "pipelines.diffuse.networks.UNet", "channels": [16, 16, 32]}
OF_MASKS = {"base": BASE, "steps": 4, "samples": 3}
NETWORKS = {
    "UNet": {"kind": "pipelines.learn.networks.UNet"},
    "GaussianMasks": {"kind": "pipelines.diffuse.segment.gaussian.GaussianMasks", **OF_MASKS},
    "BernoulliMasks": {"kind": "pipelines.diffuse.segment.bernoulli.BernoulliMasks", **OF_MASKS},
}
HEADS = ("network", "10^6 weights", "Dice", "clDice", "Dice of one sample", "bits where wrong", "where right",
         "CPU ms a step", "CPU s an image")  # fmt: skip
SHOWN, CROP, GAP_PX = (0, 4, 8), 144, 6


def lessons(rossa: str, network: dict) -> dict:
    """The recipe of a training; only the network differs."""
    pictures = {"kind": "pipelines.learn.sources.pictures.Pictures", "name": "real", "ids": "001-080"}
    return {
        "seed": 1,
        "classes": ["vessel"],
        "patch": [PATCH, PATCH],
        "batch": 4,
        "network": network,
        "sources": [pictures | {"images": f"{rossa}/images", "labels": f"{rossa}/labels"}],
        "stages": [{"sources": {"real": 1}, "steps": STEPS, "rate": 0.002}],
        "augment": [{"kind": "pipelines.learn.augment.flip.Flip"}],
    }


def row(name: str, model: Model, eyes: Sequence[Example], learnt_s: float) -> tuple[str, ...]:
    """A line of the table."""
    start = time.process_time()
    said = [model.opinions(eye.image) for eye in eyes]
    each_s = (time.process_time() - start) / len(eyes)
    mean, first = (scored([shares(of).argmax(axis=0) for of in said], eyes) for shares in (_mean, _first))
    bits = np.concatenate([entropy_bits(_mean(of)).ravel() for of in said])
    wrong = np.concatenate(
        [(_mean(of).argmax(axis=0) != eye.known()).ravel() for of, eye in zip(said, eyes, strict=True)]
    )
    weights = sum(weight.numel() for weight in model.network.parameters()) / 1e6
    dices = (mean.mean("dice")[0], mean.mean("cldice")[0], first.mean("dice")[0])
    return (name, f"{weights:.2f}", *(f"{dice:.3f}" for dice in dices), f"{bits[wrong].mean():.2f}",
            f"{bits[~wrong].mean():.2f}", f"{1000 * learnt_s / STEPS:.0f}", f"{each_s:.1f}")  # fmt: skip


def scored(labels: Sequence[np.ndarray], eyes: Sequence[Example]) -> Evaluation:
    """How well labels agree with people's."""
    coming = iter(labels)
    return evaluate(lambda image: next(coming).astype(np.uint8), eyes)


def _mean(opinions: np.ndarray) -> np.ndarray:
    return opinions.mean(axis=0)


def _first(opinions: np.ndarray) -> np.ndarray:
    return opinions[0]


def sheet(model: Model, eyes: Sequence[Example]) -> None:
    """Crops of an image, what a person drew, three samples, their mean, and how unsure they are together."""
    step = CROP + GAP_PX
    page = Picture.new("L", (7 * step - GAP_PX, len(SHOWN) * step - GAP_PX), 128)
    for line, number in enumerate(SHOWN):
        image, samples = eyes[number].image, model.opinions(eyes[number].image)[:, 1]
        mean = samples.mean(axis=0)
        tiles = [
            Percentiles()(image)[0],
            eyes[number].known(),
            *samples,
            mean,
            entropy_bits(np.stack([1 - mean, mean])),
        ]
        for column, tile in enumerate(tiles):
            start = (tile.shape[0] - CROP) // 2 + 40
            crop = np.clip(255 * tile[start : start + CROP, start : start + CROP] + 0.5, 0, 255).astype(np.uint8)
            page.paste(Picture.fromarray(crop), (column * step, line * step))
    SHEET.parent.mkdir(exist_ok=True)
    page.save(SHEET, optimize=True)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    rossa, rows = sys.argv[1], []
    eyes = source_of(f"{rossa}/images", f"{rossa}/labels", ids=SCORED).open(1)[:]
    with tempfile.TemporaryDirectory() as place:
        for name, network in NETWORKS.items():
            start = time.process_time()
            train(training(lessons(rossa, network)), Path(place) / name)
            model = load(Path(place) / name)
            rows.append(row(name, model, eyes, time.process_time() - start))
            print(rows[-1], flush=True)
            if name == "BernoulliMasks":
                sheet(model, eyes)
    put("masks", HEADS, rows)


if __name__ == "__main__":
    main()
