"""Whatever a reader is fed, it reads it or raises a SimdataError; `make fuzz` feeds them for ten minutes."""

import copy
import gzip
import json
import os
import time
from contextlib import suppress
from functools import wraps
from pathlib import Path

import h5py
import nibabel
import nrrd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phantoms.labelmap import Labelmap
from pipelines.catalogue import installed_parts
from pipelines.plain import parse_yaml, read_tree
from pipelines.recipe import load, recipe
from simdata import Dataset, SimdataError, Streams
from simdata.condition import condition
from simdata.facts import facts_in
from simdata.hdf5 import read_layout, read_sample, sample_group
from simdata.layout import checksum
from simdata.manifest import parse_manifest

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
"""For every test here; without it each has one short round."""
EXAMPLES = 500 if SECONDS else 30
ROOT = Path(__file__).parent.parent
RECIPES = [read_tree(path) for path in sorted((ROOT / "recipes").glob("*.yaml"))]
PARTS = sorted(installed_parts())

words = st.sampled_from(
    ["kind", "name", "seed", "count", "phantom", "grow", "uniform", "choice", "", "~", "../x", "\0"]
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words | st.sampled_from(PARTS),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(words | st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


def fuzz(**given_by):
    """A test of hypothesis that goes on with fresh examples for as long as FUZZ_SECONDS says."""

    def around(test):
        quick = settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )
        one_round = quick(given(**given_by)(test))

        @wraps(one_round)
        def rounds(*args, **kwargs):
            end = time.monotonic() + SECONDS
            one_round(*args, **kwargs)
            while time.monotonic() < end:
                one_round(*args, **kwargs)

        return rounds

    return around


def clear(read, *arguments):
    """What `read` gives, or None if it raises a SimdataError; anything else it raises fails the test."""
    with suppress(SimdataError):
        return read(*arguments)


def places(tree, path=()):
    """The path of every value in a plain tree."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def replaced(tree, path, value):
    if not path:
        return value
    tree = copy.deepcopy(tree)
    node = tree
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return tree


def spoilt(content, hits, cut):
    """Bytes with some of them replaced, and cut off where it says."""
    changed = bytearray(content)
    for place, value in hits:
        changed[int(place * len(changed)) % len(changed)] = value
    return bytes(changed[: int(cut * len(changed))])


hits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)
cuts = st.just(1.0) | st.floats(0, 1)


@fuzz(
    text=st.text(max_size=200)
    | st.lists(st.sampled_from(list("{}[]:,-&*!|>%@ \n\t\"'a1<.~?#")), max_size=60).map("".join)
)
def test_any_text_is_yaml_or_a_clear_error(text):
    tree = clear(parse_yaml, text, "fuzz.yaml")
    clear(recipe, tree)


@fuzz(content=st.binary(max_size=200), suffix=st.sampled_from([".yaml", ".toml", ""]))
def test_any_bytes_are_a_recipe_file_or_a_clear_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes(content)
    clear(load, path)


@fuzz(data=st.data())
def test_a_recipe_with_anything_anywhere_is_built_or_refused(data):
    tree = data.draw(st.sampled_from(RECIPES))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(tree)))
        tree = replaced(tree, place, data.draw(plain))
    clear(recipe, tree)


@fuzz(
    path=st.lists(st.sampled_from(["scan", "ct", "0", "kvp", "phantom", "choice", "", "x"]), max_size=4),
    value=st.text(max_size=9),
)
def test_any_change_to_a_recipe_is_made_or_refused(path, value):
    clear(load, ROOT / "recipes" / "quickstart.yaml", [f"{'.'.join(path)}={value}"])


@pytest.fixture(scope="module")
def label_maps(tmp_path_factory):
    """A small label map in every form, by its suffix; those of .gz stand unpacked, to be spoilt inside."""
    folder = tmp_path_factory.mktemp("maps")
    labels = np.zeros((6, 7, 8), np.int16)
    labels[2:4, 2:5, 3:6] = 2
    nibabel.save(nibabel.Nifti1Image(labels, np.diag((2, 2, 2, 1.0))), folder / "a.nii")
    nibabel.save(nibabel.Nifti2Image(labels, np.diag((2, 2, 2, 1.0))), folder / "b.nii")
    nibabel.save(nibabel.MGHImage(labels, np.eye(4)), folder / "a.mgh")  # pyright: ignore[reportArgumentType]
    header = {"space": "left-posterior-superior", "space directions": np.eye(3), "space origin": np.zeros(3)}
    nrrd.write(str(folder / "a.nrrd"), labels, header)
    nrrd.write(str(folder / "raw.nrrd"), labels, {**header, "encoding": "raw"})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@fuzz(
    name=st.sampled_from(["a.nii", "b.nii", "a.mgh", "a.nrrd", "raw.nrrd"]), hits=hits, cut=cuts, packed=st.booleans()
)
def test_any_label_map_is_a_patient_or_a_clear_error(label_maps, tmp_path_factory, name, hits, cut, packed):
    content = spoilt(label_maps[name], [(place**3, value) for place, value in hits], cut)  # most in the header
    packed = packed and not name.endswith("nrrd")
    path = tmp_path_factory.getbasetemp() / (
        name.replace("mgh", "mgz") if packed and "mgh" in name else f"{name}{'.gz' * packed}"
    )
    path.write_bytes(gzip.compress(content) if packed else content)
    clear(lambda: Labelmap(file=str(path))(Streams(1).generator))


@pytest.fixture(scope="module")
def shard(made_toy_dataset):
    return (made_toy_dataset / "shards" / "000000001.h5").read_bytes()


TYPES = [
    "u1",
    "<i2",
    ">f4",
    "<c8",
    "S5",
    "?",
    h5py.string_dtype(),
    h5py.ref_dtype,
    h5py.vlen_dtype(np.int32),
    [("a", "i4")],
]


@fuzz(data=st.data())
def test_any_shard_is_a_sample_or_a_clear_error(shard, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.h5"
    path.write_bytes(shard)
    with h5py.File(path, "r+") as file:
        sample = sample_group(file, 1)
        nodes: list[str] = []
        sample.visit(nodes.append)
        for _ in range(data.draw(st.integers(1, 3))):
            spoil(sample, data.draw(st.sampled_from(nodes)), data)
        try:
            sample.attrs["sha256"] = checksum(*read_layout(sample))
        except Exception:  # it cannot be read at all, so its checksum does not matter
            data.draw(st.none())
    with h5py.File(path) as file:
        sample = sample_group(file, 1)
        clear(read_sample, sample)


def spoil(sample, node, data):
    """Removes a node, or puts something else in its place."""
    if node in sample:
        del sample[node]
    kind = data.draw(st.sampled_from(["nothing", "json", "array", "type", "link", "attribute"]))
    try:
        if kind == "json":
            sample[node] = json.dumps(data.draw(plain))
        elif kind == "array":
            shape = data.draw(st.lists(st.integers(0, 20), max_size=4))
            sample.create_dataset(
                node, shape, data.draw(st.sampled_from(TYPES[:4])), fillvalue=data.draw(st.integers(0, 99))
            )
        elif kind == "type":
            sample.create_dataset(
                node, data.draw(st.sampled_from([(), (3,), (2, 2)])), np.dtype(data.draw(st.sampled_from(TYPES)))
            )
        elif kind == "link":
            sample[node] = data.draw(st.sampled_from([h5py.SoftLink("/"), h5py.ExternalLink("x.h5", "/"), sample]))
        elif kind == "attribute":
            name = data.draw(st.sampled_from(["sha256", "versions", "seconds", "index", "seed"]))
            sample.attrs[name] = data.draw(st.sampled_from(["", "{}", "[", 7, np.arange(3)]))
    except (ValueError, TypeError, KeyError, OSError, RuntimeError):
        return  # h5py itself does not write that


@fuzz(
    truth=st.dictionaries(
        st.sampled_from(["index", "seed", "subject", "findings", "recipe", "structures", "source", "images"]), plain
    ),
    data=st.data(),
)
def test_any_truth_gives_facts_or_a_clear_error(shard, tmp_path_factory, truth, data):
    path = tmp_path_factory.getbasetemp() / "truth.h5"
    path.write_bytes(shard)
    with h5py.File(path, "r+") as file:
        sample = sample_group(file, 1)
        told = json.loads(sample["truth"][()]) | truth
        del sample["truth"]
        sample["truth"] = json.dumps(told)
        clear(facts_in, sample)


lines = st.dictionaries(
    st.sampled_from(["index", "seed", "shard", "seconds", "sha256", "shard_sha256", "stages", "stored_index"]), plain
)


@fuzz(
    content=st.binary(max_size=99) | st.lists(lines.map(lambda line: json.dumps(line).encode() + b"\n")).map(b"".join)
)
def test_any_manifest_is_receipts_or_a_clear_error(content):
    clear(parse_manifest, content, "manifest.jsonl")


tokens = st.sampled_from(
    [
        "age",
        "lesion",
        "liver",
        "scan.camera.gain",
        "and",
        "or",
        "not",
        "in",
        "(",
        ")",
        "[",
        "]",
        ",",
        "<",
        "==",
        "-",
        "1",
        "'x'",
        ".",
        "lambda",
        ":",
        "**",
        "f''",
    ]
)


@fuzz(text=st.text(max_size=40) | st.lists(tokens, max_size=12).map(" ".join))
def test_any_condition_is_understood_or_a_clear_error(made_toy_dataset, text):
    known = Dataset(made_toy_dataset)._known
    holds = clear(condition, text, known)
    if callable(holds):
        clear(holds, known.by_index[0])
