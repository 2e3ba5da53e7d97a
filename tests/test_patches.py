"""Patches are what the whole volume holds there, the same in every process, and near the lesions when asked."""

import multiprocessing
import pickle
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdata import Dataset, DatasetError
from simdata.blocks import read_block
from simdata.hdf5 import write_array
from simdata.patches import Patches


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """One array of each form that is stored: small and plain, 2 and 4 bytes, channels, edges that no chunk divides."""
    rng = np.random.default_rng(1)
    made = {
        "plain": rng.integers(0, 9, (5, 6, 7)).astype(np.uint8),
        "ct": rng.integers(-999, 999, (130, 70, 65)).astype(np.int16),
        "dose": rng.random((64, 65, 66), np.float32),
        "channels": rng.integers(0, 255, (3, 40, 50, 60)).astype(np.uint8),
    }
    path = tmp_path_factory.mktemp("blocks") / "a.h5"
    with h5py.File(path, "w") as file:
        for name, array in made.items():
            write_array(file, name, array)
    with h5py.File(path) as file:
        yield file, made


@given(st.data())
def test_a_block_is_the_bytes_that_hdf5_gives(stored, data):
    file, made = stored
    name = data.draw(st.sampled_from(sorted(made)))
    start = [data.draw(st.integers(0, n - 1)) for n in made[name].shape]
    shape = [data.draw(st.integers(1, n - s)) for n, s in zip(made[name].shape, start, strict=True)]
    block = read_block(file[name], start, shape)
    assert np.array_equal(block, made[name][tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))])
    assert block.dtype == made[name].dtype


def test_a_damaged_chunk_is_one_clear_error(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = write_array(file, "a", np.arange(64**3, dtype=np.int16).reshape(64, 64, 64))
        whole = array.id.read_direct_chunk((0, 0, 0))[1]
        for broken in (whole[:-20], b"nothing", whole[:-1] + bytes([whole[-1] ^ 1])):
            array.id.write_direct_chunk((0, 0, 0), broken)
            with pytest.raises(DatasetError, match=r"/a, the chunk at \(0, 0, 0\) is damaged"):
                read_block(array, (1, 2, 3), (4, 5, 6))


def test_a_patch_is_a_part_of_its_sample(toy_dataset):
    dataset = Dataset(toy_dataset)
    whole = dataset[2]
    assert np.array_equal(dataset.patch(2, "camera", (1, 2, 3), (4, 5, 6)), whole.images["camera"].array[1:5, 2:7, 3:9])
    assert np.array_equal(dataset.patch(2, "labels", (0, 0, 0), (3, 3, 3)), whole.scene.labels[:3, :3, :3])
    density = dataset.patch(2, "fields/density", (0, 0, 0), (3, 3, 3))
    assert np.array_equal(density, whole.scene.fields["density"][:3, :3, :3])
    for start, shape in [((-1, 0, 0), (3, 3, 3)), ((0, 0, 0), (99, 3, 3)), ((0, 0), (3, 3)), ((0, 0, 0), (0, 3, 3))]:
        with pytest.raises(DatasetError, match="is not inside"):
            dataset.patch(2, "camera", start, shape)
    with pytest.raises(DatasetError, match="has no 'camra'; did you mean 'camera'"):
        dataset.patch(2, "camra", (0, 0, 0), (3, 3, 3))


def test_random_patches_lie_where_they_say_and_are_the_same_again(toy_dataset):
    patches = Patches(Dataset(toy_dataset), (8, 8, 8), ("camera", "loud"), per_sample=3, seed=7)
    again = pickle.loads(pickle.dumps(patches))
    assert len(patches) == 12
    for number in range(len(patches)):
        patch, sample = patches[number], patches.dataset[number // 3]
        x, y, z = patch["start"]
        for name in ("camera", "loud"):
            assert np.array_equal(patch[name][0], sample.images[name].array[x : x + 8, y : y + 8, z : z + 8])
        assert np.array_equal(patch["label"][0], sample.scene.labels[x : x + 8, y : y + 8, z : z + 8])
        corner = sample.scene.grid.world_mm(np.array([x, y, z]))
        assert np.allclose((patch["affine"] @ (0, 0, 0, 1))[:3], corner)
        assert np.array_equal(again[number]["camera"], patch["camera"])
    starts, others = ({tuple(of[n]["start"]) for n in range(12)} for of in (patches, patches.of_epoch(1)))
    assert len(starts) > 6
    assert starts != others


def test_a_batch_is_its_patches_in_the_order_that_was_asked_for(toy_dataset):
    patches = Patches(Dataset(toy_dataset), (4, 4, 4), ("camera",))
    batch = patches.__getitems__([3, 0, 2])
    assert [patch["index"] for patch in batch] == [3, 0, 2]
    assert np.array_equal(batch[0]["camera"], patches[3]["camera"])


def test_lesions_are_in_the_share_of_patches_that_was_asked_for(toy_dataset):
    dot = 30001

    def share(of):
        patches = Patches(Dataset(toy_dataset), (5, 5, 5), ("camera",), per_sample=40, lesion_share=of)
        return np.mean([(patch["label"] == dot).any() for patch in patches])

    assert share(1.0) == 1.0
    assert share(0.0) < 0.15
    assert 0.4 < share(0.5) < 0.65


def test_what_cannot_be_a_patch_is_said(toy_dataset):
    dataset = Dataset(toy_dataset)
    for wrong in ({"shape": (0, 3, 3)}, {"per_sample": 0}, {"lesion_share": 2}, {"images": ()}, {"images": "camera"}):
        with pytest.raises(DatasetError, match="would do"):
            replace(Patches(dataset, (3, 3, 3), ("camera",)), **wrong)
    with pytest.raises(DatasetError, match="a smaller one would do"):
        Patches(dataset, (3, 3, 99), ("camera",))[0]
    with pytest.raises(IndexError):
        Patches(dataset, (3, 3, 3), ("camera",))[4]


def _read_all(patches, results):
    results.put([patches[number]["camera"].tobytes() for number in range(len(patches))])


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_worker_reads_the_same_though_its_parent_has_the_files_open(toy_dataset, start):
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {start}")
    patches = Patches(Dataset(toy_dataset), (6, 6, 6), ("camera",))
    here = [patches[number]["camera"].tobytes() for number in range(len(patches))]
    context = multiprocessing.get_context(start)
    results = context.SimpleQueue()
    worker = context.Process(target=_read_all, args=(patches, results))
    worker.start()
    assert results.get() == here
    worker.join()


def test_a_few_files_stay_open_and_no_more(toy_recipe, tmp_path, monkeypatch):
    from pipelines.generate import generate

    monkeypatch.setattr("simdata.shard_files.STAY_OPEN", 2)
    generate(toy_recipe, tmp_path / "out")
    dataset = Dataset(tmp_path / "out")
    for position in (0, 1, 2, 3, 0):
        assert dataset[position].index == position
    assert len(dataset._shards._open) == 2
