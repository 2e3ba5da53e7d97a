"""What a model is asked by a finish of a sample, checked: the image, its labels, and the hand that draws."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.diffuse.draw import Hand
from pipelines.diffuse.drawing import Drawing
from pipelines.diffuse.model import kept
from pipelines.diffuse.shown import Shown, labels_of, name_of, origin, shown
from pipelines.learn.kinds import Truth
from pipelines.learn.sources.synthetic import picked
from simdata.image import Image
from simdata.sample import Sample


@dataclass(frozen=True, eq=False)
class Asked:
    """image: of the sample, called `name`. labels: turned as the model sees them. weights: of which, for the notes."""

    where: str
    sample: Sample
    name: str
    image: Image
    labels: UInt8[ndarray, "..."]
    hand: Hand
    weights: str

    def seen(self) -> Shown:
        """The image as the model sees it. Raises SceneError for one that it cannot."""
        return shown(self.hand.model, self.image, self.where)


def asked(part: Drawing, sample: Sample, image: str, truth: Truth | None) -> Asked:
    """Raises RecipeError, DatasetError or SceneError if sample, model and part do not go together."""
    model, chosen = kept(part.model), picked(sample.images, image, part.label)
    labels = labels_of(model, sample, chosen, truth, part.label)
    hand = Hand(model=model, sampler=part.sampler, guidance=part.guidance, facts=part.facts)
    return Asked(part.label, sample, name_of(sample, chosen), chosen, labels, hand, origin(part.model))


@contextmanager
def one_thread() -> Iterator[None]:
    """Within, torch computes with one thread: samples are made side by side, and cores enough for each there are not.

    Threads of OpenMP wait for each other by spinning; with more of them than cores, one waits for what the other keeps
    from running. It also keeps the promise of the same bytes for any number of threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
