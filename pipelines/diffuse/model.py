"""A model that makes images: a folder with a network's weights and the recipe it was trained by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from numpy import ndarray
from torch import Tensor
from torch.nn import Module

from pipelines.diffuse.facts import Facts, encoded
from pipelines.diffuse.latent import FOLDER
from pipelines.diffuse.recipe import Diffusion, diffusion
from pipelines.diffuse.space import Latents, Pixels, coarse
from pipelines.learn.batches import shares
from pipelines.learn.extra import extra
from pipelines.learn.model import ABOUT, WEIGHTS, WINDOWS, read_about, read_weights
from simdata.errors import DatasetError, RecipeError

BY = "simdata diffuse train"
OVERLAP = 0.25
"""Of the windows that an image larger than a patch is denoised through."""

Says = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True, eq=False)
class Diffuser:
    """network: with its weights, on `device`. space: where it takes noise out. channels: of its images.

    told: what model.json says beside the recipe.
    """

    network: Module
    space: Pixels | Latents
    recipe: Diffusion
    channels: int
    device: torch.device
    told: Mapping[str, Any]

    def condition(self, labels: UInt8[ndarray, "b ..."], facts: Facts) -> Tensor:
        """What the network is told, (b, conditions, *space): shares of each class, all 0 where it is unknown (255).

        In latents, the means of the blocks that they stand for. facts: the same of all images. Raises DatasetError for
        labels of other dimensions, smaller ones than a patch, no multiples of a block, or classes that it has not seen,
        RecipeError for facts that it has not.
        """
        patch, classes = self.recipe.patch, len(self.recipe.classes)
        space = labels.shape[1:]
        if len(space) != len(patch) or any(n < edge for n, edge in zip(space, patch, strict=False)):
            raise DatasetError(f"the model makes {list(patch)} and larger; found {list(space)}, which it cannot make")
        if ((labels > classes) & (labels != 255)).any():
            found = f"a label of {labels[labels != 255].max()}"
            raise DatasetError(f"the model was told of {classes} classes; {found}; labels up to {classes} would do")
        factor = self.space.factor
        if any(n % factor for n in space):
            raise DatasetError(f"the model makes blocks of {factor}; found {list(space)}; multiples of that would do")
        told = np.stack([shares(label, classes + 1) for label in labels])[:, : self.recipe.labels]
        known = encoded(self.recipe.facts, facts, "facts").reshape(1, -1, *[1] * len(space))
        everywhere = np.broadcast_to(known, (len(labels), known.shape[1], *space))
        return coarse(torch.from_numpy(np.concatenate([told, everywhere], axis=1)).to(self.device), factor)

    def says(self, condition: Tensor, guidance: float) -> Says:
        """What the network says of noisy images at a time, through windows as large as its patches if they are larger.

        guidance: 1 is the model's own word; w says u + w (c - u), u if it is told nothing, c if it is told `condition`
        (Ho and Salimans 2022, arXiv:2207.12598).
        """
        told = [condition] if guidance == 1 or not self.recipe.conditions else [condition, torch.zeros_like(condition)]

        def say(noisy: Tensor, time: int) -> Tensor:
            seen = torch.cat([torch.cat([noisy, each], dim=1) for each in told])
            said = self._windowed(seen, time).chunk(len(told))
            return said[0] if len(said) == 1 else said[1] + guidance * (said[0] - said[1])

        return say

    def _windowed(self, seen: Tensor, time: int) -> Tensor:
        channels, window = self.space.channels, tuple(edge // self.space.factor for edge in self.recipe.patch)

        def whole(windows: Tensor) -> Tensor:
            times = torch.full((len(windows),), time, device=windows.device)
            return self.network(windows[:, :channels], times, windows[:, channels:]).float()

        if tuple(seen.shape[2:]) == window:
            return whole(seen)
        return extra("monai.inferers").sliding_window_inference(
            seen, window, WINDOWS, whole, overlap=OVERLAP, mode="gaussian"
        )


def load(folder: str | Path, plugins: tuple[str, ...] = ()) -> Diffuser:
    """The model in a folder. Raises DatasetError if there is none, it is damaged, or of another kind."""
    about = read_about(Path(folder), BY)
    try:
        recipe, channels = diffusion(about["training"], plugins), int(about["channels"])
    except (KeyError, TypeError, ValueError, RecipeError) as reason:
        raise DatasetError(f"{folder}/{ABOUT}: {reason}; what '{BY}' wrote would do") from reason
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    space = space_of(recipe, channels, Path(folder), device)
    network = recipe.network(space.channels, recipe.conditions, len(recipe.patch)).to(device)
    read_weights(network, folder)
    return Diffuser(network.eval(), space, recipe, channels, device, about)


def space_of(recipe: Diffusion, channels: int, folder: Path, device: torch.device) -> Pixels | Latents:
    """Where a model in a folder takes noise out: the pixels, or the latents of the autoencoder that it has there."""
    if recipe.latent is None:
        return Pixels(channels)
    space = recipe.latent(channels, len(recipe.patch)).to(device)
    read_weights(space, folder / FOLDER)
    return space.eval()


def kept(folder: str) -> Diffuser:
    """The model in a folder, which is read once, and again when it has changed."""
    weights = Path(folder) / WEIGHTS
    return _kept(folder, weights.stat().st_mtime_ns if weights.exists() else 0)


@cache
def _kept(folder: str, written_ns: int) -> Diffuser:  # noqa: ARG001 - part of the key
    return load(folder)


def untrained(model: Diffuser) -> Diffuser:
    """The same network before it learnt anything; an autoencoder stays as it is."""
    with torch.random.fork_rng():
        torch.manual_seed(model.recipe.seed)
        network = model.recipe.network(model.space.channels, model.recipe.conditions, len(model.recipe.patch))
    return replace(model, network=network.to(model.device).eval())
