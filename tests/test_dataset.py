"""What was written is what is read, to the bit, by us and by every tool that knows gzip in HDF5 or NIfTI."""

import json
import pickle
import random

import h5py
import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pipelines.export import export
from pipelines.make import make
from simdata import Dataset, DatasetError, RecipeError, SceneError
from simdata.convert import monai_dict, torchio_pairs
from simdata.hdf5 import read_sample, write_array, write_sample
from simdata.layout import arrays_of, checksum, truth_of


@pytest.fixture
def sample(toy_recipe):
    return make(toy_recipe.draw(1), toy_recipe.seed, 1)


def test_a_sample_comes_back_whole(sample, toy_dataset):
    read = Dataset(toy_dataset)[1]
    assert arrays_of(read).keys() == arrays_of(sample).keys()
    for name, array in arrays_of(sample).items():
        assert np.array_equal(arrays_of(read)[name], array, equal_nan=True), name
        assert arrays_of(read)[name].dtype == array.dtype
    assert truth_of(read) == truth_of(sample)
    assert read.scene.subject == sample.scene.subject
    assert read.scene.findings == sample.scene.findings
    assert read.scene.structures[30001].parent == 5
    assert read.seconds.keys() == {"phantom", "grow/dot", "scan/camera", "scan/loud"}
    assert "numpy" in read.versions


def test_a_shard_with_a_text_for_every_key_of_the_truth_reads_the_same(sample, toy_dataset):
    with h5py.File(toy_dataset / "shards" / "000000001.h5", "r+") as file:
        group = file["000000001"]
        told = json.loads(group["truth"][()])
        del group["truth"]
        for key, value in told.items():
            group[f"truth/{key}"] = json.dumps(value)
        assert truth_of(read_sample(group)) == truth_of(sample)


def test_the_truth_that_an_image_sees_comes_back_with_it(sample, toy_dataset):
    image = Dataset(toy_dataset)[1].images["camera"]
    liver = sample.scene.mask("liver")
    assert image.notes == ("a toy's picture",)
    assert np.array_equal(image.labels, sample.scene.labels)
    assert image.shadow("liver").path_mm.shape < liver.shape
    assert np.array_equal(image.shadow("liver").over(liver.shape) > 0, liver)
    assert np.array_equal(image.vessels["liver"].points_mm, sample.scene.vessels["liver"].points_mm)
    with pytest.raises(SceneError, match="did you mean 'liver'"):
        image.shadow("livre")


def test_every_sample_is_read_in_order_of_its_index(toy_dataset):
    dataset = Dataset(toy_dataset)
    assert len(dataset) == 4
    assert [sample.index for sample in dataset] == [0, 1, 2, 3]
    assert dataset[-1].index == 3
    with pytest.raises(IndexError):
        dataset[4]


def test_a_dataset_goes_to_a_worker_process_without_its_open_file(toy_dataset):
    dataset = Dataset(toy_dataset)
    first = dataset[0]
    copy = pickle.loads(pickle.dumps(dataset))
    assert np.array_equal(copy[0].scene.labels, first.scene.labels)


@settings(deadline=None, max_examples=30)
@given(
    arrays(
        dtype=st.sampled_from(["<u2", "u1", "<i2", "<f4", "<f8"]),
        shape=array_shapes(min_dims=1, max_dims=4, max_side=70),
        elements={"min_value": 0, "max_value": 200},
        fill=st.just(1),
    )
)
def test_direct_chunks_are_what_hdf5_itself_reads(array):
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        write_array(file, "a/b", array)
        assert np.array_equal(file["a/b"][()], array)


def test_a_compressed_array_is_an_ordinary_gzip_dataset():
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        dataset = write_array(file, "a", np.zeros((100, 70, 65), np.uint16))
        assert dataset.compression == "gzip"
        assert dataset.shuffle
        assert dataset.chunks == (64, 64, 64)
        assert dataset.id.get_storage_size() < 10_000


def test_the_master_reads_through_to_every_shard(toy_dataset):
    with h5py.File(toy_dataset / "dataset.h5") as master:
        assert len(master) == 4
        assert master["000000002/images/camera"].attrs["unit"] == "a.u."
        assert read_sample(master["000000002"]).index == 2
    (toy_dataset / "shards" / "000000002.h5").unlink()
    with h5py.File(toy_dataset / "dataset.h5") as master, pytest.raises(KeyError):
        master["000000002"]


def test_the_checksum_sees_every_array_and_every_truth(sample):
    arrays, truth = arrays_of(sample), truth_of(sample)
    whole = checksum(arrays, truth)
    for name, array in arrays.items():
        flipped = array.copy()
        flipped.view(np.uint8).reshape(-1)[0] ^= 1
        assert checksum({**arrays, name: flipped}, truth) != whole, name
    for key in truth:
        assert checksum(arrays, {**truth, key: "other"}) != whole, key


def test_reading_a_sample_that_does_not_match_its_checksum_is_an_error(sample):
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        write_sample(file, sample)
        file["000000001/labels"][0, 0, 0] += 1
        with pytest.raises(DatasetError, match="differs from the stored"):
            read_sample(file["000000001"])


def test_a_flipped_bit_anywhere_in_a_shard_is_one_clear_error(toy_dataset):
    shard = toy_dataset / "shards" / "000000001.h5"
    content = shard.read_bytes()
    for position in random.Random(4).sample(range(len(content)), 200):
        broken = bytearray(content)
        broken[position] ^= 1 << (position % 8)
        shard.write_bytes(broken)
        with pytest.raises(DatasetError, match=r"000000001\.h5: its bytes have changed"):
            Dataset(toy_dataset)[1]


def test_a_damaged_group_is_one_clear_error_too():
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        file.create_group("000000001")
        with pytest.raises(DatasetError, match="/000000001 may not be read: it has no 'truth'"):
            read_sample(file["000000001"])


def test_monai_and_torchio_get_what_they_expect(sample):
    entry = monai_dict(sample)
    assert entry["camera"].shape == (1, *sample.scene.grid.shape)
    assert np.array_equal(entry["camera_meta_dict"]["affine"], sample.scene.grid.affine)
    assert entry["label"].dtype == np.int32
    array, affine = torchio_pairs(sample)["loud"]
    assert array.ndim == 4
    assert affine.shape == (4, 4)


def test_nifti_keeps_labels_images_and_where_they_lie(toy_dataset, tmp_path):
    assert export(toy_dataset, "nifti", tmp_path / "nii") == 4
    stored = Dataset(toy_dataset)[2]
    labels = nibabel.load(tmp_path / "nii" / "000002_labels.nii.gz")
    image = nibabel.load(tmp_path / "nii" / "000002_camera.nii.gz")
    assert np.array_equal(np.asarray(labels.dataobj), stored.scene.labels)
    assert labels.get_data_dtype() == np.uint16
    assert np.array_equal(np.asarray(image.dataobj), stored.images["camera"].array)
    for volume in (labels, image):
        assert np.array_equal(volume.affine, stored.scene.grid.affine)
        assert np.allclose(volume.get_qform(), volume.get_sform(), atol=1e-5)
        assert volume.header.get_xyzt_units()[0] == "mm"


def test_export_writes_the_same_bytes_again_and_refuses_a_used_folder(toy_dataset, tmp_path):
    for name in ("a", "b"):
        export(toy_dataset, "nifti", tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    with pytest.raises(DatasetError, match="holds files already"):
        export(toy_dataset, "nifti", tmp_path / "a")
    with pytest.raises(RecipeError, match="did you mean 'nifti'"):
        export(toy_dataset, "nifty", tmp_path / "c")


def test_a_folder_that_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"no manifest.jsonl found"):
        Dataset(tmp_path)
