"""Samples made while a network trains: those of the dataset, for any number of workers, without end."""

import importlib
import sys
import types
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import pytest

import simdata
from pipelines.recipe import load
from simdata import Dataset, Patches, RecipeError
from simdata.layout import arrays_of, checksum, truth_of


def digest(sample):
    return checksum(arrays_of(sample), truth_of(sample))


def test_a_sample_on_the_fly_is_the_one_that_is_stored(toy_file, toy_dataset):
    made = list(islice(simdata.generate(toy_file, plugins=("toys",)), 4))
    assert [digest(sample) for sample in made] == [receipt.sha256 for receipt in Dataset(toy_dataset).receipts]


def test_it_starts_and_steps_where_one_says_and_takes_another_seed(toy_file):
    recipe = load(toy_file, plugins=("toys",))
    assert [sample.index for sample in islice(simdata.generate(recipe, start=5, step=3), 3)] == [5, 8, 11]
    (other,) = islice(simdata.generate(recipe.plain(), seed=6, plugins=("toys",)), 1)
    assert other.seed == 6
    assert digest(other) != digest(next(simdata.generate(recipe)))


def test_a_wrong_recipe_is_said_before_the_first_sample():
    with pytest.raises(RecipeError, match="did you mean 'edge'"):
        simdata.generate({"phantom": {"kind": "toys.Block", "egde": 12}}, plugins=("toys",))


def test_a_sample_that_fails_says_where_one_goes_on():
    recipe = {"phantom": {"kind": "toys.Block"}, "grow": [{"kind": "toys.Stumble", "chance": 1.0}]}
    with pytest.raises(ValueError, match="stumbled") as failure:
        next(simdata.generate(recipe, start=7, plugins=("toys",)))
    assert "sample 7 of seed 0 failed; start=8 goes on after it" in failure.value.__notes__


@dataclass
class Worker:
    id: int
    num_workers: int


@pytest.fixture
def torch_data(monkeypatch):
    """pipelines.torch_data with a stand-in for torch that knows only what it uses, and the worker that it is in."""
    data = types.ModuleType("torch.utils.data")
    data.__dict__.update(IterableDataset=object, get_worker_info=lambda: data.__dict__.get("worker"))
    for name, module in {"torch": types.ModuleType("torch"), "torch.utils": types.ModuleType("torch.utils")}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "torch.utils.data", data)
    monkeypatch.delitem(sys.modules, "pipelines.torch_data", raising=False)
    yield importlib.import_module("pipelines.torch_data"), data
    sys.modules.pop("pipelines.torch_data", None)


def seen_by(workers, data, dataset, take=None):
    rounds = []
    for id in range(workers):
        data.worker = Worker(id, workers)
        rounds.append([item["index"] for item in islice(iter(dataset), take)])
    data.worker = None
    return rounds


def test_any_number_of_workers_gives_the_same_samples(torch_data, toy_file):
    module, data = torch_data
    fly = module.OnTheFly(toy_file, start=2, count=5, view=lambda s: {"index": s.index}, plugins=("toys",))
    assert [item["index"] for item in fly] == [2, 3, 4, 5, 6]
    assert seen_by(2, data, fly) == [[2, 4, 6], [3, 5]]
    assert seen_by(3, data, fly) == [[2, 5], [3, 6], [4]]
    endless = module.OnTheFly(toy_file, view=lambda s: {"index": s.index}, plugins=("toys",))
    assert seen_by(2, data, endless, 3) == [[0, 2, 4], [1, 3, 5]]
    assert next(iter(module.OnTheFly(toy_file, plugins=("toys",))))["camera"].ndim == 4


def test_patches_without_end_are_every_patch_of_every_epoch(torch_data, toy_dataset):
    module, data = torch_data
    patches = Patches(Dataset(toy_dataset), (4, 4, 4), ("camera",), per_sample=2)
    two = [patch["start"].tolist() for patch in islice(iter(module.EndlessPatches(patches)), 16)]
    expected = [of[n]["start"].tolist() for of in (patches, patches.of_epoch(1)) for n in range(8)]
    assert sorted(two[:8]) == sorted(expected[:8])
    assert sorted(two[8:]) == sorted(expected[8:])
    assert sorted(chain(*seen_by(2, data, module.EndlessPatches(patches), 4))) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_real_data_loader_takes_them(toy_file, toy_dataset):
    torch_utils = pytest.importorskip("torch.utils.data")
    from pipelines import EndlessPatches, OnTheFly

    def indices(workers):
        fly = OnTheFly(toy_file, count=5, plugins=("toys",))
        loader = torch_utils.DataLoader(fly, batch_size=None, num_workers=workers, multiprocessing_context=None)
        return [np.asarray(entry["camera"]).sum() for entry in loader]

    assert indices(0) == indices(2)
    patches = Patches(Dataset(toy_dataset), (4, 4, 4), ("camera",), per_sample=3)
    batch = next(iter(torch_utils.DataLoader(patches, batch_size=6, num_workers=2)))
    assert batch["camera"].shape == (6, 1, 4, 4, 4)
    assert batch["index"].tolist() == [0, 0, 0, 1, 1, 1]
    endless = torch_utils.DataLoader(EndlessPatches(patches), batch_size=4, num_workers=0)
    assert next(iter(endless))["label"].shape == (4, 1, 4, 4, 4)
