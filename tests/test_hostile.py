"""Files from a stranger: what is no recipe, label map or sample is refused in one line, before it costs anything."""

import bz2
import gzip
import json
import struct

import h5py
import nibabel
import numpy as np
import pytest

from phantoms.readers import read_labels
from pipelines.plain import parse_yaml, read_tree
from pipelines.plan import Estimate, check_fits, plan
from pipelines.recipe import recipe
from simdata import Dataset, DatasetError, Grid, RecipeError, SceneError
from simdata.hdf5 import read_sample, sample_group
from simdata.manifest import MANIFEST, parse_receipt

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}]}}\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("bomb", [LAUGHS, MERGES], ids=["lists", "merges"])
def test_a_yaml_bomb_is_refused_before_it_goes_off(bomb):
    with pytest.raises(RecipeError, match="its aliases stand for more than 100000 values"):
        parse_yaml(bomb, "bomb.yaml")
    assert parse_yaml("a: &a [1, 2]\nb: *a\n", "two.yaml") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("text", ["a: " + "9" * 5000, "a: 2024-99-99", "a: !!python/object:os.system {}", "a: \0"])
def test_yaml_that_python_chokes_on_is_one_error(text):
    with pytest.raises(RecipeError, match="valid YAML would do"):
        parse_yaml(text, "a.yaml")


def test_a_file_that_is_no_recipe_is_refused_without_reading_it_all(tmp_path):
    (tmp_path / "big.yaml").write_bytes(b"#" * (2**22 + 1))
    with pytest.raises(RecipeError, match="found more than 4194304 bytes"):
        read_tree(tmp_path / "big.yaml")


def test_a_recipe_for_a_billion_samples_or_a_trillion_voxels_is_refused():
    toy = {"phantom": {"kind": "toys.Block"}}
    with pytest.raises(RecipeError, match="count: found 1000000000; at most 10000000 would do"):
        recipe({**toy, "count": 10**9}, ("toys",))
    with pytest.raises(RecipeError, match="less than or equal to 2048"):
        recipe({"phantom": {"kind": "phantoms.torso.Torso", "shape": [10**4] * 3}})
    with pytest.raises(RecipeError, match="less than or equal to 8192"):
        recipe({**toy, "scan": [{"kind": "render.ct.CT", "matrix": {"pixels": 10**6}}]}, ("toys",))
    with pytest.raises(SceneError, match=r"1e\+12 voxels; at most 8.6e\+09 would do"):
        Grid.regular((10**4, 10**4, 10**4))


def test_plan_refuses_what_this_machine_has_no_room_for(toy_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.plan.memory_bytes", lambda: 8 * 10**9)
    monkeypatch.setattr("pipelines.plan.free_bytes", lambda folder: 10**9)
    large = Estimate(count=100, bytes=10**7, seconds=1, peak_bytes=3 * 10**9, arrays={}, stages={})
    check_fits(large, 2, tmp_path)
    with pytest.raises(RecipeError, match="3 workers of 3 GB do not fit into the 8 GB of this machine; --workers 2"):
        check_fits(large, 3, tmp_path)
    more = Estimate(count=101, bytes=10**7, seconds=1, peak_bytes=None, arrays={}, stages={})
    with pytest.raises(RecipeError, match="--count 100, or an --out on another disk, would do"):
        check_fits(more, 3, tmp_path)
    torso = recipe({"phantom": {"kind": "phantoms.torso.Torso", "shape": [2048, 2048, 2048]}})
    with pytest.raises(RecipeError, match=r"a shape of \(2048, 2048, 2048\) needs 25.8 GB at least, .* has 8 GB"):
        plan(torso)


def test_a_label_map_that_declares_or_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("phantoms.readers.MOST_BYTES", 10**5)
    whole = nibabel.Nifti1Image(np.zeros((50, 60, 70), np.uint8), np.eye(4))
    nibabel.save(whole, tmp_path / "bomb.nii.gz")
    with pytest.raises(SceneError, match=r"the gzip stream holds more than 1e\+05 bytes"):
        read_labels(tmp_path / "bomb.nii.gz")
    header = bytearray(whole.to_bytes())
    header[42:48] = struct.pack("<3h", 32767, 32767, 32767)
    (tmp_path / "vast.nii").write_bytes(header)
    with pytest.raises(SceneError, match="not a whole NIfTI file"):
        read_labels(tmp_path / "vast.nii")
    for encoding, packed in (("gzip", gzip.compress(bytes(2 * 10**5))), ("bzip2", bz2.compress(bytes(2 * 10**5)))):
        text = (
            "NRRD0005\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nspace: left-posterior-superior\n"
            f"space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nencoding: {encoding}\n\n"
        )
        (tmp_path / "bomb.nrrd").write_bytes(text.encode() + packed)
        with pytest.raises(SceneError, match=rf"the {encoding} stream holds more than"):
            read_labels(tmp_path / "bomb.nrrd")


def _soft(sample, tmp_path):
    sample["fields/x"] = h5py.SoftLink("/000000001/labels")


def _external(sample, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["a"] = np.arange(3)
    sample["fields/x"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/a")


def _external_storage(sample, tmp_path):
    (tmp_path / "secret.raw").write_bytes(b"12345678")
    sample.create_dataset("fields/x", (8,), "u1", external=[(str(tmp_path / "secret.raw"), 0, 8)])


def _virtual(sample, tmp_path):
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "a", (8,))
    sample.create_virtual_dataset("fields/x", layout)


def _objects(sample, tmp_path):
    sample.create_dataset("fields/x", (3,), h5py.ref_dtype)


def _ragged(sample, tmp_path):
    sample.create_dataset("fields/x", (3,), h5py.vlen_dtype(np.int32))


def _compound(sample, tmp_path):
    sample.create_dataset("fields/x", (3,), np.dtype([("a", "i4"), ("b", "f8")]))


def _vast(sample, tmp_path):
    sample.create_dataset("fields/x", (10**5, 10**5, 10**5), "f4", chunks=(64, 64, 64), compression="gzip")


def _vast_plain(sample, tmp_path):
    sample.create_dataset("fields/x", (10**4, 10**4, 10**4), "f8")


def _cycle(sample, tmp_path):
    sample["fields/x"] = sample


def _list_of_texts(sample, tmp_path):
    del sample["truth"]
    sample["truth"] = ["a", "b"]


def _image_outside(sample, tmp_path):
    truth = json.loads(sample["truth"].asstr()[()])
    del sample["truth"]
    sample["truth"] = json.dumps(truth | {"images": {"../../x": truth["images"]["camera"]}})


def _deep_json(sample, tmp_path):
    del sample["truth"]
    sample["truth"] = "[" * 10**5


def _number_for_truth(sample, tmp_path):
    del sample["truth"]
    sample["truth"] = 7.0


def _empty(sample, tmp_path):
    sample["fields/x"] = h5py.Empty("f4")


@pytest.mark.parametrize(
    "spoil",
    [
        _soft,
        _external,
        _external_storage,
        _virtual,
        _objects,
        _ragged,
        _compound,
        _vast,
        _vast_plain,
        _cycle,
        _list_of_texts,
        _image_outside,
        _deep_json,
        _number_for_truth,
        _empty,
    ],
)
def test_a_hostile_shard_is_one_clear_error(toy_dataset, tmp_path, spoil):
    shard = toy_dataset / "shards" / "000000001.h5"
    with h5py.File(shard, "r+") as file:
        spoil(file["000000001"], tmp_path)
    with (
        h5py.File(shard) as file,
        pytest.raises(DatasetError, match=r"000000001\.h5: .*would do|cannot be read") as said,
    ):
        read_sample(sample_group(file, 1))
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shard", "../../etc/passwd"),
        ("shard", "/etc/passwd"),
        ("shard", "shards/../../x.h5"),
        ("shard", "shards\\..\\x.h5"),
        ("shard", "shards/a\n.h5"),
        ("shard", "http://evil/x.h5"),
        ("sha256", "../../x"),
        ("shard_sha256", "x" * 64),
        ("index", -1),
        ("stored_index", "1"),
        ("stored_index", -1),
    ],
)
def test_a_manifest_that_leads_out_of_its_folder_is_refused(toy_dataset, field, value):
    path = toy_dataset / MANIFEST
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line | {field: value}) + "\n" for line in lines))
    with pytest.raises(DatasetError, match=r"manifest\.jsonl, line 1: found .* would do"):
        Dataset(toy_dataset)


def test_a_receipt_is_a_line_of_its_own_form_and_nothing_else():
    for line in (b"", b"[]", b"7", b"null", b"{}", b"[" * 10**5, b'{"index": ' + b"9" * 5000 + b"}", b"\xff\xfe"):
        with pytest.raises(DatasetError, match="would do"):
            parse_receipt(line)
