"""A model: a folder with a network's weights and what it was trained by, and what it says about whole images."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from numpy import ndarray
from torch import Tensor
from torch.nn import Module

from pipelines.durable import write_whole
from pipelines.learn.extra import extra
from pipelines.learn.metrics import entropy_bits
from pipelines.learn.recipe import Lessons, Training, training
from pipelines.learn.tensors import read_tensors, write_tensors
from pipelines.make import versions
from pipelines.plain import dump_yaml
from simdata.errors import DatasetError, RecipeError

ABOUT, WEIGHTS, RECIPE = "model.json", "model.safetensors", "recipe.yaml"
OVERLAP = 0.5
"""Of the windows that a large image is seen through."""
WINDOWS = 8
"""Seen at once."""


@dataclass(frozen=True, eq=False)
class Model:
    """network: with its weights, on `device`. channels: of its images."""

    network: Module
    training: Training
    channels: int
    device: torch.device
    about: Mapping[str, Any]

    def predict(self, image: Float32[ndarray, "c ..."]) -> UInt8[ndarray, "..."]:
        """The class of every pixel or voxel of a whole image, with its values as the machine gave them; 0 the rest."""
        return self.probabilities(image).argmax(axis=0).astype(np.uint8)

    def probabilities(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "classes ..."]:
        """How likely each class is, the rest first: the mean of its opinions."""
        return self.opinions(image).mean(axis=0)

    def doubt(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "..."]:
        """How unsure it is of each pixel or voxel, in bits: entropy of its mean opinion, 1 where two classes tie."""
        return entropy_bits(self.probabilities(image))

    def opinions(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "samples classes ..."]:
        """How likely each class is, each time that the network was asked: once, or as often as its part says.

        The same image gets the same ones. Raises DatasetError for an image that the network cannot take.
        """
        if len(image) != self.channels or image.ndim != 1 + len(self.training.patch):
            found = f"an image of {image.shape[0]} channels and {image.ndim - 1} dimensions"
            raise DatasetError(f"found {found}; {self.channels} and {len(self.training.patch)} would do")
        return opinions(self.network, self.training.intensity(image), self.training, self.device)


def load(folder: str | Path, plugins: tuple[str, ...] = ()) -> Model:
    """The model in a folder that `simdata learn` made. Raises DatasetError if there is none, or it is damaged."""
    about = read_about(Path(folder))
    try:
        made, channels = training(about["training"], plugins), int(about["channels"])
    except (KeyError, TypeError, ValueError, RecipeError) as reason:
        raise DatasetError(f"{folder}/{ABOUT}: {reason}; what 'simdata learn' wrote would do") from reason
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = made.network(channels, len(made.classes) + 1, len(made.patch)).to(device)
    read_weights(network, folder)
    return Model(network.eval(), made, channels, device, about)


def read_weights(network: Module, folder: str | Path) -> None:
    """Gives a network the weights of the model in a folder. Raises DatasetError if they are of another network."""
    weights, _ = read_tensors(Path(folder) / WEIGHTS)
    try:
        network.load_state_dict(weights)
    except RuntimeError as reason:
        raise DatasetError(f"{folder}/{WEIGHTS}: the weights are of another network; {reason}") from reason


def read_about(folder: Path, by: str = "simdata learn") -> dict[str, Any]:
    """What model.json tells, as the command `by` wrote it. Raises DatasetError if it is not there or damaged."""
    try:
        about = json.loads((folder / ABOUT).read_text())
    except (OSError, ValueError) as reason:
        raise DatasetError(f"{folder}: no {ABOUT} found; a folder made by '{by}' would do") from reason
    if not isinstance(about, dict):
        raise DatasetError(f"{folder}/{ABOUT}: found no mapping; what '{by}' wrote would do")
    return about


def save(folder: Path, weights: Mapping[str, Tensor], made: Lessons, channels: int, told: Mapping[str, Any]) -> None:
    """Writes a model; model.json comes last, so that a folder with one is whole. Raises DatasetError."""
    write_tensors(folder / WEIGHTS, weights, {})
    write_whole(folder / RECIPE, dump_yaml(made.plain()).encode())
    about = {"training": made.plain(), "channels": channels, "versions": learning_versions(), **told}
    write_whole(folder / ABOUT, (json.dumps(about, indent=1) + "\n").encode())


def learning_versions() -> dict[str, str]:
    """The versions that decide what is learnt."""
    return {**versions(), "torch": torch.__version__, "monai": extra("monai").__version__}


def opinions(
    network: Module, image: Float32[ndarray, "c ..."], made: Training, device: torch.device
) -> Float32[ndarray, "samples classes ..."]:
    """What a network says of an image between 0 and 1, through windows as large as its patches."""

    def through(see: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        windowed = extra("monai.inferers").sliding_window_inference
        return windowed(inputs, made.patch, WINDOWS, see, overlap=OVERLAP, mode="gaussian", padding_mode="replicate")

    network.eval()
    with torch.inference_mode():
        images = torch.from_numpy(np.ascontiguousarray(image[None])).to(device)
        shares = made.network.opinions(network, images, len(made.classes) + 1, through)
    return shares[:, 0].float().cpu().numpy()
