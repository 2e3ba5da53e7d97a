"""Diffusion models: trained to the same bytes, gone on with, and every wrong word is one clear error."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusing import MACHINES, machines, many, one_thread, tiny, write_discs  # noqa: F401
from diffusing import read as by_grey
from PIL import Image
from safetensors.numpy import load_file
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.facts import Text, encoded, read
from pipelines.diffuse.kinds import TIMES
from pipelines.diffuse.model import load
from pipelines.diffuse.processes import Flow, Gaussian
from pipelines.diffuse.recipe import diffusion
from pipelines.diffuse.samplers import DDIM, DDPM, PNDM, Euler
from pipelines.diffuse.train import train
from pipelines.plain import dump_yaml
from simdata import Streams
from simdata.errors import BackendError, DatasetError, RecipeError

FLOW = {"kind": "pipelines.diffuse.processes.Flow"}
EULER = {"kind": "pipelines.diffuse.samplers.Euler", "steps": 10}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_discs(tmp_path_factory.mktemp("discs"))


@pytest.fixture(scope="module")
def small(folder, tmp_path_factory):
    """A model of a few steps, its recipe and its folder."""
    made, out = diffusion(tiny(folder)), tmp_path_factory.mktemp("small") / "model"
    train(made, out)
    return made, out


def rng(number=0):
    return Streams(3, number).generator


def weights(out):
    return (out / "model.safetensors").read_bytes()


class Pulled(Exception):  # noqa: N818
    """The plug is."""


def until(step):
    def tell(done, wanted):
        if done == step:
            raise Pulled

    return tell


def test_a_model_is_the_same_bytes_in_every_run(small, tmp_path):
    made, out = small
    noise = torch.rand(3)
    train(made, tmp_path / "again")
    assert weights(tmp_path / "again") == weights(out)
    assert not torch.equal(noise, torch.rand(3)), "nothing was done to the caller's random numbers"
    one, again = (Hand(model=load(out)).synthesise(many(2, 1), rng()) for _ in range(2))
    assert one.tobytes() == again.tobytes()


@pytest.mark.parametrize("step", [1, 4])
def test_an_interrupted_training_goes_on_to_the_same_bytes(small, tmp_path, step):
    made, out = small
    with pytest.raises(Pulled):
        train(made, tmp_path / "m", until(step), saved_s=0)
    assert (tmp_path / "m/checkpoint.safetensors").exists()
    trained = train(made, tmp_path / "m")
    assert weights(tmp_path / "m") == weights(out)
    assert trained.steps == 6
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "model.json",
        "model.safetensors",
        "recipe.yaml",
    ]


def test_what_is_kept_is_the_average_of_the_weights(folder, small, tmp_path):
    _, out = small
    train(diffusion(tiny(folder, average=0.0)), tmp_path / "last")
    assert weights(tmp_path / "last") != weights(out)


def test_a_control_net_tells_labels_to_a_model_that_learnt_without_them(folder, tmp_path):
    alone = tiny(folder, classes=[], sources=unlabelled(folder))
    train(diffusion(alone), tmp_path / "alone")
    control = {"kind": "pipelines.diffuse.networks.ControlNet", "base": alone["network"], "learns": "control"}
    made = diffusion(tiny(folder, network=control, start=str(tmp_path / "alone")))
    train(made, tmp_path / "m")
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("alone", "m"))
    assert all(np.array_equal(after[name], value) for name, value in before.items()), "the U-Net stays as it is"
    assert abs(after["control.controlnet_mid_block.conv.weight"]).max() > 0, "and the control learns"
    black = np.zeros((1, 16, 16), np.uint8)
    drawn, other = (Hand(model=load(tmp_path / "m")).synthesise(label, rng()) for label in (black, black + 3))
    assert abs(drawn - other).max() > 0
    with pytest.raises(DatasetError, match=r"start: .*weights, such as .*a model with the same network would do"):
        train(diffusion(tiny(folder, start=str(tmp_path / "alone"))), tmp_path / "n")
    with pytest.raises(RecipeError, match="ControlNet: the recipe has no classes to tell of"):
        train(diffusion(alone | {"network": control}), tmp_path / "o")


def test_a_control_net_begins_as_the_model_alone(folder, tmp_path):
    noise, times = torch.rand(2, 1, 16, 16), torch.tensor([10, 900])
    control = diffusion(tiny(folder, network={"kind": "pipelines.diffuse.networks.ControlNet"})).network(1, 4, 2)
    torch.nn.init.normal_(control.unet.out[2].conv.weight)
    assert torch.equal(control(noise, times, torch.ones(2, 4, 16, 16)), control.unet(noise, times))


def test_labels_are_told_by_normalisation(folder, tmp_path):
    """SPADE: a model of it learns to obey labels, and one without labels to tell is an error."""
    spade = {"kind": "pipelines.diffuse.networks.SPADE", "features": 16}
    spade["base"] = {"kind": "pipelines.diffuse.networks.UNet", "channels": [16, 16], "heads": 16}
    stages = [{"sources": {"discs": 1}, "steps": 120, "rate": 0.01}]
    train(diffusion(tiny(folder, network=spade, stages=stages, batch=8)), tmp_path / "m")
    labels = many(8, 5)[:, 8:24, 8:24]
    drawn = Hand(model=load(tmp_path / "m")).synthesise(labels, rng())
    assert (by_grey(drawn) == labels).mean() > 0.75
    assert (by_grey(drawn) == labels[::-1]).mean() < 0.5, "its own labels, not those of others"
    with pytest.raises(RecipeError, match="SPADE: the recipe has no classes to tell of"):
        train(diffusion(tiny(folder, classes=[], sources=unlabelled(folder), network=spade)), tmp_path / "n")


def test_a_loss_that_is_no_number_stops_and_the_last_good_checkpoint_stays(folder, tmp_path):
    stage = {"sources": {"discs": 1}, "rate": 1e30, "warm_up": 0, "decay": "none", "steps": 6}
    made = diffusion(tiny(folder, stages=[stage]))
    with pytest.raises(RecipeError, match=r"the loss of step 1 is nan at a rate of 1e\+30; .*is of a step before"):
        train(made, tmp_path / "m", saved_s=0)
    from pipelines.learn.tensors import read_tensors

    tensors, about = read_tensors(tmp_path / "m/checkpoint.safetensors")
    assert about["step"] == 0
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_volumes_are_made_by_the_same_code(tmp_path):
    import nibabel as nib

    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    for number in range(2):
        label = np.zeros((12, 12, 12), np.uint8)
        label[2:9, 3:8, 2:10] = 1
        nib.save(nib.Nifti1Image(label * 0.8 + rng(number).random(label.shape, np.float32) / 10, np.eye(4)),
                 tmp_path / f"images/c{number}.nii")  # fmt: skip
        nib.save(nib.Nifti1Image(label, np.eye(4)), tmp_path / f"labels/c{number}.nii")
    source = {"kind": "pipelines.learn.sources.volumes.Volumes", "name": "discs"}
    source |= {kind: str(tmp_path / kind) for kind in ("images", "labels")}
    made = diffusion(
        tiny(
            tmp_path,
            patch=[8, 8, 8],
            classes=["box"],
            sources=[source],
            process=FLOW,
            sampler=EULER,
            facts=[],
            tables={},
        )
    )
    train(made, tmp_path / "m")
    done = run("sample", tmp_path / "m", "--out", tmp_path / "s", "--labels", tmp_path / "labels", "--count", "1")
    assert done.exit_code == 0, done.output
    assert nib.load(tmp_path / "s/images/000001.nii").shape == (12, 12, 12)
    assert np.asarray(nib.load(tmp_path / "s/labels/000000.nii").dataobj).max() == 1


@pytest.mark.parametrize(
    ("process", "sampler"),
    [
        (Gaussian(), DDIM(steps=20)),
        (Gaussian(), DDPM()),
        (Gaussian(predicts="noise"), PNDM(steps=20)),
        (Flow(), Euler(steps=20)),
    ],
)
def test_a_sampler_of_one_image_gives_it_back(process, sampler):
    """The best network for a single image is known by formula: each sampler must then end at that image."""
    image = torch.linspace(-0.8, 0.8, 16).reshape(1, 1, 4, 4)
    scheduler, noisy = sampler.scheduler(process), torch.randn(1, 1, 4, 4)
    times = sampler.times(scheduler, 1.0)
    for time, after in pairwise(times):
        at = torch.tensor([time])
        nothing = torch.zeros_like(image)
        signal, share = process.noisy(nothing + 1, nothing, at), process.noisy(nothing, nothing + 1, at)
        noise = (noisy - signal * image) / share
        noisy = sampler.step(scheduler, process.target(image, noise, at), time, after, noisy)
    assert torch.allclose(noisy, image, atol=1e-3)
    assert 0.95 * TIMES <= times[0] <= TIMES


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patch": [30, 33]}, "patch: found [30, 33]; two or three multiples of 2, which UNet divides by, would do"),
        ({"process": FLOW}, "sampler: DDIM undoes Gaussian, and the process is Flow; a sampler of Flow would do"),
        ({"sampler": {"kind": "pipelines.diffuse.samplers.DDIM", "steps": 30}}, "steps is 30; a divisor of 1000"),
        ({"sampler": {"kind": "pipelines.diffuse.samplers.DDMP"}}, "did you mean 'pipelines.diffuse.samplers.DDPM'"),
        ({"network": {"kind": "pipelines.diffuse.networks.UNet", "channels": [8, 12]}}, "multiples of 8 would do"),
        ({"network": {"kind": "pipelines.learn.networks.UNet"}}, "is not a Denoiser"),
        ({"stages": [{"sources": {"disks": 1}}]}, "no source is called 'disks'; did you mean 'discs'?"),
        ({"tables": {"discs": "t.csv"}}, "facts, tables: found one without the other; both, or none, would do"),
        ({"tables": {"disks": "t.csv"}}, "tables: no source is called 'disks'; did you mean 'discs'?"),
        ({"teach": 1}, "Diffusion has no 'teach'"),
    ],
)
def test_every_error_of_a_recipe_says_where_and_what_would_do(folder, change, said):
    with pytest.raises(RecipeError) as error:
        diffusion(tiny(folder) | change)
    assert said in str(error.value)
    assert str(error.value).startswith("diffusion")


def test_a_wrong_model_or_condition_is_one_clear_error(folder, small, tmp_path):
    _, out = small
    with pytest.raises(DatasetError, match="holds a model of another recipe or seed"):
        train(diffusion(tiny(folder, batch=3)), out)
    about = json.loads((out / "model.json").read_text())
    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.safetensors").write_bytes(weights(out))
    for change, said in (
        ({"patch": [24, 24], "classes": ["dim"]}, "the weights are of another network"),
        ({"network": about["training"]["network"] | {"channels": [8, 16]}}, "the weights are of another network"),
        ({"process": None}, "what 'simdata diffuse train' wrote would do"),
    ):
        (tmp_path / "m/model.json").write_text(json.dumps(about | {"training": about["training"] | change}))
        with pytest.raises(DatasetError, match=said):
            load(tmp_path / "m")
    with pytest.raises(DatasetError, match="a folder made by 'simdata diffuse train' would do"):
        load(tmp_path)
    hand = Hand(model=load(out))
    with pytest.raises(DatasetError, match="was told of 3 classes; a label of 4; labels up to 3 would do"):
        hand.synthesise(np.full((1, 16, 16), 4, np.uint8), rng())
    with pytest.raises(DatasetError, match=r"makes \[16, 16\] and larger; found \[8, 16\]"):
        hand.synthesise(np.zeros((1, 8, 16), np.uint8), rng())
    with pytest.raises(DatasetError, match=r"found images of \(1, 2, 16, 16\)"):
        hand.translate(np.zeros((1, 2, 16, 16), np.float32), np.zeros((1, 16, 16), np.uint8), 0.5, rng())
    with pytest.raises(RecipeError, match="sampler: Euler undoes Flow, and the process is Gaussian"):
        Hand(model=load(out), sampler=Euler())
    black = np.zeros((1, 1, 16, 16), np.float32)
    with pytest.raises(RecipeError, match=r"PNDM: asked to begin at a level of 0\.5; DDIM would do"):
        Hand(model=load(out), sampler=PNDM()).translate(black, untold(1, (16, 16)), 0.5, rng())


def test_a_model_draws_as_the_facts_say(tmp_path):
    stages = [{"sources": {"discs": 1}, "steps": 120, "rate": 0.005}]
    made = diffusion(tiny(tmp_path, stages=stages, **machines(tmp_path), process=FLOW, sampler=EULER))
    train(made, tmp_path / "m")
    model = load(tmp_path / "m")
    found = {
        machine: 255 * Hand(model=model, facts={"machine": machine}).synthesise(untold(8, (16, 16)), rng()).mean()
        for machine in MACHINES
    }
    assert abs(found["dark"] - 60) < 35
    assert abs(found["bright"] - 200) < 35
    done = run(
        "sample",
        tmp_path / "m",
        "--out",
        tmp_path / "s",
        "--count",
        2,
        "--fact",
        "machine=bright",
        "--fact",
        "age_y=50",
    )
    assert done.exit_code == 0, done.output
    with pytest.raises(RecipeError, match="facts: machine is 'brigt'; did you mean 'bright'"):
        Hand(model=model, facts={"machine": "brigt"}).synthesise(untold(1, (16, 16)), rng())


def test_facts_are_numbers_between_their_ends_and_words(tmp_path):
    changes = machines(tmp_path)
    facts = diffusion(tiny(tmp_path, **changes)).facts
    assert encoded(facts, {"machine": "bright", "age_y": 35.0}, "").tolist() == [0, 1, 1, -0.5]
    assert encoded(facts, {"age_y": "80"}, "").tolist() == [0, 0, 1, 1]
    assert encoded(facts, {}, "").tolist() == [0, 0, 0, 0]
    one, same, other = (Text(places=512).numbers(words, "") for words in ("Nodule, 8 mm", "8 mm nodule", "a cyst"))
    assert np.array_equal(one, same)
    assert (one.sum(), other.sum(), (one * other).sum()) == (4, 3, 1), "all words differ; both are told"
    table = tmp_path / "t.csv"
    table.write_text("name,machine,age_y\n001,dark,\n7,bright,54\n")
    found = read(str(table), ["images/001.nii.gz", "octa[7]"])
    assert found == [{"machine": "dark"}, {"machine": "bright", "age_y": "54"}]
    with pytest.raises(DatasetError, match=r"t\.csv: no row is called '002'; did you mean '001'"):
        read(str(table), ["002.png"])
    table.write_text("stem,machine\n1,dark\n")
    for wrong in (table, tmp_path / "none.csv"):
        with pytest.raises(DatasetError, match="a CSV with a column 'name' would do"):
            read(str(wrong), ["002.png"])
    table.write_text("name,machine\n" + "".join(f"{n:03d},drak\n" for n in range(48)))
    with pytest.raises(RecipeError, match=r"t\.csv: machine is 'drak'; did you mean 'dark'"):
        train(diffusion(tiny(tmp_path, **changes | {"tables": {"discs": str(table)}})), tmp_path / "m")


def test_what_does_not_fit_into_memory_says_what_would(folder, tmp_path, monkeypatch):
    from pipelines.diffuse.conditioned import Concatenated

    def full(*args):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Concatenated, "forward", full)
    with pytest.raises(BackendError, match=r"does not fit on .*; batch: 2, half as much, would do"):
        train(diffusion(tiny(folder)), tmp_path / "m")


def run(*words):
    return CliRunner().invoke(app, ["diffuse", *map(str, words)])


def test_the_commands_train_and_sample(folder, small, tmp_path):
    _, out = small
    (tmp_path / "r.yaml").write_text(dump_yaml(tiny(folder)))
    few = write_discs(tmp_path / "few", 4) / "labels"
    done = run("train", tmp_path / "r.yaml", "--out", tmp_path / "m", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["steps"] == 6
    assert weights(tmp_path / "m") == weights(out)
    done = run("sample", out, "--out", tmp_path / "s", "--labels", few, "--count", 1, "--steps", 5,
               "--guidance", 2, "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert len(list((tmp_path / "s/images").iterdir())) == 4
    label, asked = (np.asarray(Image.open(path)) for path in (tmp_path / "s/labels/000003.png", few / "003.png"))
    assert np.array_equal(label, asked)
    done = run("sample", out, "--out", tmp_path / "t", "--count", 3)
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted((tmp_path / "t").iterdir())] == ["images"]
    assert np.asarray(Image.open(tmp_path / "t/images/000002.png")).shape == (16, 16)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sampler", "ddimm"], "--sampler ddimm: there is no such sampler; did you mean 'ddim'"),
        (["--sampler", "ddpm", "--steps", "5"], "--steps 5: DDPM has no number of steps"),
        (["--sampler", "ddim", "--steps", "7"], "DDIM: steps is 7; a divisor of 1000"),
        (["--sampler", "euler"], "sampler: Euler undoes Flow"),
        (["--fact", "machine"], "--fact machine: found no '='; a=b would do"),
        (["--fact", "age_y=54"], "facts: the model is told nothing of 'age_y'"),
    ],
)
def test_a_wrong_word_of_sample_is_one_clear_error(small, tmp_path, words, said):
    _, out = small
    done = run("sample", out, "--out", tmp_path / "s", *words)
    assert isinstance(done.exception, RecipeError)
    assert said in str(done.exception)


def test_labels_are_for_models_that_are_told_some(folder, small, tmp_path):
    train(diffusion(tiny(folder, classes=[], sources=unlabelled(folder))), tmp_path / "alone")
    done = run("sample", tmp_path / "alone", "--out", tmp_path / "s", "--labels", folder / "labels")
    assert "the model was never told anything; leave it out" in str(done.exception)
    assert run("sample", tmp_path / "alone", "--out", tmp_path / "s", "--count", 2).exit_code == 0
    assert "holds files; a new or empty folder" in str(run("sample", small[1], "--out", tmp_path / "s").exception)
    train(diffusion(tiny(folder, dropped=0.0)), tmp_path / "told")
    done = run("sample", tmp_path / "told", "--out", tmp_path / "u")
    assert "the model was always told where dim, grey, bright lie; --labels DIR would do" in str(done.exception)
    with pytest.raises(RecipeError, match="guidance is 2, and the model was never told anything"):
        Hand(model=load(tmp_path / "alone"), guidance=2.0)


def unlabelled(folder):
    return [{"kind": "pipelines.learn.sources.pictures.Pictures", "name": "discs", "images": str(folder / "images")}]
