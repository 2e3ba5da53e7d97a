"""Pictures of lines to learn from, "real" and synthetic, and a study of them that takes seconds."""

import numpy as np
from PIL import Image as Picture

from simdata import Streams

PICTURES = "pipelines.learn.sources.pictures.Pictures"


def draw(folder, count, sigma, seed):
    """Pictures of a bright bent line in noise, and their masks."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = Streams(seed, number).generator
        rows, columns = np.indices((32, 32))
        line = abs(rows - 16 - 8 * np.sin(columns / rng.uniform(4, 9) + rng.uniform(0, 6))) < 1.5
        grey = np.clip(90 + 110 * line + rng.normal(0, sigma, line.shape), 0, 255)
        Picture.fromarray(grey.astype(np.uint8)).save(folder / "images" / f"{number:03d}.png")
        Picture.fromarray((255 * line).astype(np.uint8)).save(folder / "labels" / f"{number:03d}.png")


def tree(folder):
    """A recipe of a study that takes seconds."""

    def pictures(name, **more):
        of = folder / name.partition("_")[0]
        return {"kind": PICTURES, "name": name, "images": f"{of}/images", "labels": f"{of}/labels", **more}

    return {
        "training": {
            "classes": ["line"],
            "patch": [32, 32],
            "batch": 2,
            "network": {"kind": "pipelines.learn.networks.UNet", "channels": [4, 8], "strides": [2]},
            "sources": [pictures("synthetic"), pictures("real", ids="000-003")],
        },
        "test": pictures("real_test", ids="004-006"),
        "arms": [
            {"name": "real", "stages": [{"sources": {"real": 1}}]},
            {"name": "synthetic", "stages": [{"sources": {"synthetic": 1}}]},
            {"name": "mixed", "stages": [{"sources": {"real": 1, "synthetic": 1}}]},
            {
                "name": "pretrained",
                "stages": [
                    {"sources": {"synthetic": 1}, "share": 0.7},
                    {"sources": {"real": 1}, "share": 0.3, "rate": 0.0005},
                ],
            },
        ],
        "steps": 5,
        "seeds": [1, 2],
        "ks": [1, 2],
        "scale": {"counts": [2, 3, 4, 5]},
        "degrade": [{"kind": f"pipelines.learn.study.degrade.{name}"} for name in ("MotionLines", "GreyNoise")],
    }
