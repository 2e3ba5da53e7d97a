"""Training: the same bytes in every run, gone on with after an interruption, stopped early, and without labels."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from learning import recipe, write_pictures
from safetensors.numpy import load_file

from pipelines.learn.evaluate import evaluate
from pipelines.learn.model import load
from pipelines.learn.recipe import training
from pipelines.learn.train import train
from pipelines.plain import dump_yaml
from simdata.errors import DatasetError, RecipeError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def plain(folder, tmp_path_factory):
    """A model of a few steps, and its recipe."""
    made = training(recipe(folder))
    out = tmp_path_factory.mktemp("plain") / "model"
    train(made, out)
    return made, out


class Pulled(Exception):  # noqa: N818
    """The plug is."""


def until(step):
    def tell(done, wanted):
        if done == step:
            raise Pulled

    return tell


def begun(made, out, step):
    """A folder in which a training was killed after `step` steps; every one of them was saved."""
    with pytest.raises(Pulled):
        train(made, out, until(step), saved_s=0)
    return out


def weights(out):
    return (out / "model.safetensors").read_bytes()


def test_a_model_is_the_same_bytes_in_every_run(plain, folder, tmp_path):
    made, out = plain
    noise = torch.rand(3)
    train(made, tmp_path / "again")
    assert weights(tmp_path / "again") == weights(out)
    assert not torch.equal(noise, torch.rand(3)), "nothing was done to the caller's random numbers"
    train(training(recipe(folder, seed=4)), tmp_path / "other")
    assert weights(tmp_path / "other") != weights(out)


@pytest.mark.parametrize("step", [1, 5])
def test_an_interrupted_training_goes_on_to_the_same_bytes(plain, tmp_path, step):
    made, out = plain
    begun(made, tmp_path / "m", step)
    assert not (tmp_path / "m/model.json").exists()
    trained = train(made, tmp_path / "m")
    assert weights(tmp_path / "m") == weights(out)
    assert trained.history == train(made, out).history
    assert trained.steps == 8
    assert not list((tmp_path / "m").glob("checkpoint*"))


def test_a_finished_model_is_left_alone_and_another_recipe_is_refused(plain, folder, tmp_path):
    made, out = plain
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert train(made, out).steps == 8
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    other = training(recipe(folder, batch=3))
    with pytest.raises(DatasetError, match="holds a model of another recipe or seed; another --out would do"):
        train(other, out)
    with pytest.raises(DatasetError, match="another recipe"):
        train(other, begun(made, tmp_path / "m", 3))


def test_stages_are_gone_on_with_too_and_label_what_has_no_label(folder, tmp_path):
    first, second = {"sources": {"real": 1}, "steps": 4}, {"sources": {"real": 1, "unlabelled": 1}, "steps": 4}
    changes = {
        "network": {"kind": "pipelines.learn.networks.UNet", "channels": [4, 8], "strides": [2], "norm": "batch"}
    }
    tree = recipe(folder, stages=[first, second], adapt={"source": "unlabelled", "batches": 2}, **changes)
    made = training(tree)
    train(made, tmp_path / "whole")
    for step in (4, 6):
        out = begun(made, tmp_path / f"from_{step}", step)
        assert (out / "pseudo_1_unlabelled.safetensors").exists() == (step == 6)
        train(made, out)
        assert weights(out) == weights(tmp_path / "whole")
        assert sorted(path.name for path in out.iterdir()) == ["model.json", "model.safetensors", "recipe.yaml"]
    without = training({key: value for key, value in tree.items() if key != "adapt"})
    train(without, tmp_path / "unadapted")
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "unadapted"))
    changed = {name for name in one if not np.array_equal(one[name], other[name])}
    assert changed == {name for name in one if "running" in name or "batches_tracked" in name}
    with pytest.raises(RecipeError, match="'unlabelled' has no labels, and nothing is learnt yet"):
        train(training(recipe(folder, stages=[second])), tmp_path / "too_early")


def test_a_stage_ends_when_nothing_better_was_found(folder, tmp_path):
    stage = {"sources": {"real": 1}, "steps": 60, "rate": 1e-12}
    looked = recipe(folder, stages=[stage, stage], validation={"source": "held", "every": 2, "patience": 3})
    trained = train(training(looked), tmp_path / "m")
    assert trained.steps == 2 * 8
    assert [look["step"] for look in trained.looks] == [2, 4, 6, 8, 10, 12, 14, 16]
    assert {look["stage"] for look in trained.looks} == {0, 1}
    resumed = train(training(looked), begun(training(looked), tmp_path / "n", 5))
    assert resumed.looks == trained.looks
    assert weights(tmp_path / "n") == weights(tmp_path / "m")


def test_the_best_weights_are_kept(folder, tmp_path):
    stage = {"sources": {"real": 1}, "steps": 30, "rate": 0.01, "decay": "none", "warm_up": 0}
    made = training(recipe(folder, stages=[stage], validation={"source": "held", "every": 5, "patience": 9}))
    looks = train(made, tmp_path / "m").looks
    model = load(tmp_path / "m")
    held = made.source("held", "").open(1)
    assert evaluate(model.predict, held).mean("dice")[0] == pytest.approx(max(look["dice"] for look in looks))


def test_a_training_begins_with_the_weights_of_a_model(plain, folder, tmp_path):
    _, out = plain
    still = {"stages": [{"sources": {"real": 1}, "steps": 1, "rate": 1e-30, "weight_decay": 0.0}]}
    train(training(recipe(folder, start=str(out), **still)), tmp_path / "m")
    assert weights(tmp_path / "m") == weights(out)
    other = {"network": {"kind": "pipelines.learn.networks.UNet", "channels": [8, 24], "strides": [2]}}
    with pytest.raises(DatasetError, match="the weights are of another network"):
        train(training(recipe(folder, start=str(out), **other)), tmp_path / "n")


def test_a_validation_image_is_not_learnt_from(folder, tmp_path):
    tree = recipe(folder, validation={"source": "held"})
    tree["sources"][1]["ids"] = "004-006"
    with pytest.raises(RecipeError, match=r"004\.png is in 'held' and in 'real', which is learnt from"):
        train(training(tree), tmp_path / "m")


def test_a_rate_that_is_too_high_is_said_so(folder, tmp_path):
    made = training(recipe(folder, stages=[{"sources": {"real": 1}, "rate": 1e30, "steps": 5}]))
    with pytest.raises(RecipeError, match=r"stages\[0\]: the loss is nan at a rate of 1e\+30; less would do"):
        train(made, tmp_path / "m")


def test_damaged_files_are_one_clear_error(plain, tmp_path):
    made, out = plain
    begun(made, tmp_path / "m", 3)
    content = (tmp_path / "m/checkpoint.safetensors").read_bytes()
    (tmp_path / "m/checkpoint.safetensors").write_bytes(content[:50])
    with pytest.raises(DatasetError, match=r"checkpoint\.safetensors: cannot be read"):
        train(made, tmp_path / "m")
    model = shutil.copytree(out, tmp_path / "model")
    about = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps(about | {"channels": 2}))
    with pytest.raises(DatasetError, match=r"model\.safetensors: the weights are of another network"):
        load(model)
    (model / "model.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"model\.json: 'training'; what 'simdata learn' wrote would do"):
        load(model)
    with pytest.raises(DatasetError, match=r"no model\.json found; a folder made by 'simdata learn' would do"):
        load(tmp_path)


def test_a_model_says_of_whole_images_what_it_was_taught(plain):
    made, out = plain
    model = load(out)
    example = made.source("held", "").open(1)[0]
    shares = model.probabilities(example.image)
    assert shares.shape == (2, 48, 48)
    assert np.allclose(shares.sum(axis=0), 1, atol=1e-5)
    assert np.array_equal(model.predict(example.image), shares.argmax(axis=0))
    assert model.predict(example.image[:, :20, :45]).shape == (20, 45)
    with pytest.raises(DatasetError, match="found an image of 3 channels and 2 dimensions; 1 and 2 would do"):
        model.predict(np.zeros((3, 48, 48), np.float32))


def test_volumes_are_learnt_from(tmp_path):
    import nibabel as nib

    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    rng = np.random.default_rng(1)
    for number in range(2):
        label = np.zeros((20, 18, 16), np.uint8)
        label[5:12, 4:10, 6:12] = 1
        image = (label + rng.normal(0, 0.2, label.shape)).astype(np.float32)
        nib.save(nib.Nifti1Image(image, np.eye(4)), tmp_path / f"images/case_{number}.nii.gz")
        nib.save(nib.Nifti1Image(label, np.eye(4)), tmp_path / f"labels/case_{number}.nii.gz")
    source = {"kind": "pipelines.learn.sources.volumes.Volumes", "name": "real"}
    source |= {kind: str(tmp_path / kind) for kind in ("images", "labels")}
    changes = {"patch": [16, 16, 16], "sources": [source], "batch": 2, "foreground": 0.5, "augment": []}
    train(training(recipe(tmp_path, **changes)), tmp_path / "m")
    assert load(tmp_path / "m").predict(source_image(tmp_path)).shape == (20, 18, 16)


def source_image(folder):
    import nibabel as nib

    return nib.load(folder / "images/case_0.nii.gz").get_fdata(dtype=np.float32)[None]


@pytest.mark.slow
def test_two_processes_learn_together_to_the_same_bytes_in_every_run(folder, tmp_path):
    tree = recipe(folder, validation={"source": "held", "every": 4, "patience": 3})
    (tmp_path / "r.yaml").write_text(dump_yaml(tree))
    start = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    for name in ("a", "b"):
        learn = ["--module", "pipelines", "learn", tmp_path / "r.yaml", "--out", tmp_path / name]
        done = subprocess.run([*start, *learn], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("model:") == 1
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert json.loads((tmp_path / "a/model.json").read_text())["ranks"] == 2
