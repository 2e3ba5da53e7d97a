"""A dataset that `simdata generate` made."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from pipelines.learn.kinds import Source, Truth
from pipelines.learn.opened import Opened
from pipelines.learn.sources.synthetic import example
from simdata.dataset import Dataset
from simdata.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class Simulated(Source):
    """folder: of the dataset, or its URL. image: the name of one of its images, if there are several.

    truth: what of each sample is to be learnt. where: which samples, as `Dataset.where` takes it. count: so many of
    them, the first ones; 0 for all.
    """

    folder: str
    truth: Truth
    image: str = ""
    where: str = ""
    count: Annotated[int, Ge(0)] = 0

    def open(self, classes: int) -> Opened:
        dataset = Dataset(self.folder)
        chosen = dataset.where(self.where) if self.where else dataset
        if len(chosen) < max(self.count, 1):
            raise DatasetError(f"{self.folder}: found {len(chosen)} samples; {max(self.count, 1)} or more would do")
        self.truth.check(classes)
        count = self.count or len(chosen)
        names = [f"{self.folder}[{receipt.index}]" for receipt in chosen.receipts[:count]]
        return Opened(names, lambda number: example(chosen[number], self.image, self.truth, names[number]))
