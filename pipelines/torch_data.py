"""What torch's data loader takes: samples made while it trains, and patches without end. Needs the extra 'learn'."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

from torch.utils.data import IterableDataset, get_worker_info

from pipelines.on_the_fly import generate
from pipelines.recipe import Recipe
from simdata.convert import monai_dict
from simdata.patches import Patches
from simdata.sample import Sample
from simdata.streams import Streams


class OnTheFly(IterableDataset):
    """The samples of a recipe, made by the workers of a DataLoader as it trains.

    recipe, seed, start, plugins: as `simdata.generate` takes them. count: how many samples, None for no end. view:
    Sample to what the training needs, a MONAI-style dictionary by default. Worker k of n makes the samples start + k,
    start + k + n, ...: every number of workers gives the same samples, and with `batch_size=None` in the same order.
    """

    def __init__(
        self,
        recipe: Recipe | Mapping[str, Any] | str | Path,
        *,
        seed: int | None = None,
        start: int = 0,
        count: int | None = None,
        view: Callable[[Sample], Any] = monai_dict,
        plugins: tuple[str, ...] = (),
    ) -> None:
        self.recipe, self.seed, self.start, self.count, self.view = recipe, seed, start, count, view
        self.plugins = plugins

    def __iter__(self) -> Iterator[Any]:
        worker, workers = _place()
        first = self.start + worker
        samples = generate(self.recipe, seed=self.seed, start=first, step=workers, plugins=self.plugins)
        mine = None if self.count is None else len(range(worker, self.count, workers))
        return (self.view(sample) for sample in islice(samples, mine))


class EndlessPatches(IterableDataset):
    """Patches epoch after epoch, each in a new order; every number of workers gives the same ones."""

    def __init__(self, patches: Patches) -> None:
        self.patches = patches

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker, workers = _place()
        for epoch in count(self.patches.epoch):
            patches = self.patches.of_epoch(epoch)
            order = Streams(patches.seed)["order"][str(epoch)].generator.permutation(len(patches))
            for number in order[worker::workers]:
                yield patches[int(number)]


def _place() -> tuple[int, int]:
    """Which worker this is, of how many."""
    info = get_worker_info()
    return (info.id, info.num_workers) if info else (0, 1)
