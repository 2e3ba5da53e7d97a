"""Samples chosen by what is known of them, and parted so that no patient is in two parts."""

import json

import pytest

import simdata.facts
from simdata import Dataset, DatasetError
from simdata.manifest import MANIFEST


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMDATA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def indices(dataset):
    return [receipt.index for receipt in dataset.receipts]


def those(dataset, wanted):
    return [sample.index for sample in dataset if wanted(sample)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("age > 40 and lesion", lambda s: s.scene.subject.age_y > 40),
        ("not (age > 40) or index == 0", lambda s: s.scene.subject.age_y <= 40 or s.index == 0),
        ("30 < age_y <= 60", lambda s: 30 < s.scene.subject.age_y <= 60),
        ("scan.camera.gain >= 3", lambda s: s.recipe["scan"][0]["gain"] >= 3),
        ("phantom.edge in (12, 13, 14, 15)", lambda s: s.recipe["phantom"]["edge"] < 16),
        ("sex == 'female' and liver", lambda s: True),
        ("sex not in ['female']", lambda s: False),
        ("spleen", lambda s: False),
        ("dot == 1 and dot.extent_mm > 1.9 and lesion.volume_mm3 > -1", lambda s: True),
        ("seed == 5 and bmi > 22", lambda s: True),
    ],
)
def test_a_condition_finds_the_samples_that_it_says(toy_dataset, text, wanted):
    dataset = Dataset(toy_dataset)
    found = dataset.where(text)
    assert indices(found) == those(dataset, wanted)
    assert [sample.index for sample in found] == indices(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agee > 3", "no sample has 'agee'; did you mean 'age'"),
        ("camera.gain > 3", "did you mean 'scan.camera.gain'"),
        ("age > 'x'", "not supported between"),
        ("age > ", "invalid syntax"),
        ("", "invalid syntax"),
        ("__import__('os').remove('x')", "is no part of a condition"),
        ("age.__class__", "no sample has 'age.__class__'"),
        ("(lambda: 1)()", "is no part of a condition"),
        ("2 ** 99 ** 99 > age", "is no part of a condition"),
        ("age is 3", "is no part of a condition"),
        ("[x for x in (1, 2)]", "is no part of a condition"),
        ("-" * 1500 + "age", "condition"),
        ("(" * 1900 + "age", "condition"),
        ("age > 1 and " * 500 + "age", "longer than"),
        ("age > 1\0", "condition"),
    ],
)
def test_what_is_no_condition_is_one_clear_error(toy_dataset, text, said):
    with pytest.raises(DatasetError, match=r"would do|did you mean") as caught:
        Dataset(toy_dataset).where(text)
    assert said in str(caught.value)


def test_the_arrays_are_not_read_and_the_truth_only_once(toy_dataset, cache, monkeypatch):
    read, real = [], simdata.facts.read_truth
    monkeypatch.setattr("simdata.facts.read_truth", lambda group: (read.append(group.name), real(group))[1])
    monkeypatch.setattr("simdata.dataset.read_sample", None)
    assert indices(Dataset(toy_dataset).where("age > 0").where("age > 1")) == [0, 1, 2, 3]
    assert len(read) == 4
    again = Dataset(toy_dataset)
    assert indices(again.where("phantom.edge > 1 and liver and dot")) == [0, 1, 2, 3]
    assert len(read) == 4, "the cache holds what was read"
    (kept,) = (cache / "facts").iterdir()
    kept.write_bytes(b"damaged")
    assert indices(Dataset(toy_dataset).where("liver")) == [0, 1, 2, 3]
    assert len(read) == 8


def test_parts_hold_every_sample_once_and_stay_when_the_dataset_grows(toy_recipe, tmp_path):
    from pipelines.generate import generate
    from pipelines.recipe import with_seed_and_count

    out = tmp_path / "out"
    parts = {}
    for count in (4, 12):
        generate(with_seed_and_count(toy_recipe, None, count), out, samples_per_shard=3)
        before, parts = (
            parts,
            {
                name: set(indices(part))
                for name, part in Dataset(out).split(train=0.5, validation=0.25, test=0.25).items()
            },
        )
        assert sorted(index for part in parts.values() for index in part) == list(range(count))
        assert all(before[name] <= parts[name] for name in before)
    assert parts != {
        name: set(indices(part)) for name, part in Dataset(out).split(1, train=0.5, validation=0.25, test=0.25).items()
    }


def test_shares_are_met_and_samples_of_one_segmentation_stay_together(toy_dataset, monkeypatch):
    dataset = Dataset(toy_dataset)
    lines = [json.loads(line) for line in (toy_dataset / MANIFEST).read_text().splitlines()]
    many = [{**lines[0], "index": index, "stored_index": 0} for index in range(1000)]
    (toy_dataset / MANIFEST).write_text("".join(json.dumps(line) + "\n" for line in many))
    facts = dataset.facts(0)
    patients = {index: f"patient {index // 4}" for index in range(1000)}
    known = {index: simdata.facts.Facts({}, {}, facts.structures, patients[index], "") for index in range(1000)}
    monkeypatch.setattr("simdata.facts.Known.by_index", known)
    parts = Dataset(toy_dataset).split(train=0.8, validation=0.1, test=0.1)
    assert 0.72 < len(parts["train"]) / 1000 < 0.88
    whose = [{patients[index] for index in indices(part)} for part in parts.values()]
    assert sum(len(part) for part in whose) == len(set(patients.values()))


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_shares_that_do_not_add_up_are_refused(toy_dataset, shares):
    with pytest.raises(DatasetError, match="shares that add to 1"):
        Dataset(toy_dataset).split(**shares)
