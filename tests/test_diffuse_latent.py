"""Diffusion in latents: an autoencoder that is trained first, and all that a model does, through it."""

import json

import numpy as np
import pytest
import torch
from diffusing import GREYS, discs, many, one_thread, read, recipe, tiny, write_discs  # noqa: F401
from safetensors.numpy import load_file

from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.model import load, untrained
from pipelines.diffuse.recipe import diffusion
from pipelines.diffuse.space import Latents, Pixels, coarse, touched
from pipelines.diffuse.train import train
from simdata import Streams
from simdata.errors import DatasetError, RecipeError


def rng(number=0):
    return Streams(4, number).generator


def latent(steps, **changes):
    """An autoencoder of blocks of 2 x 2 pixels."""
    stages = [{"sources": {"discs": 1}, "steps": steps, "rate": 0.005}]
    return {"channels": [8, 16], "latents": 3, "stages": stages} | changes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_discs(tmp_path_factory.mktemp("discs"))


@pytest.fixture(scope="module")
def taught(folder, tmp_path_factory):
    """The folder of a model that has learnt its labels, through latents."""
    out = tmp_path_factory.mktemp("taught") / "model"
    network = {"kind": "pipelines.diffuse.networks.UNet", "channels": [16, 32], "heads": 16}
    stages = [{"sources": {"discs": 1}, "steps": 100, "rate": 0.005}]
    made = recipe(folder, network=network, latent=latent(100), batch=8, average=0.98, stages=stages)
    train(diffusion(made), out)
    return out


@pytest.fixture(scope="module")
def hand(taught):
    return Hand(model=load(taught))


def pictures(labels):
    grey = GREYS[labels] + rng(9).normal(0, 12, labels.shape)
    return (np.clip(grey, 0, 255)[:, None] / 255).astype(np.float32)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_latents_are_measured_in_three_of_their_sd(dimensions):
    torch.manual_seed(1)
    space = Latents(4, 3, spatial_dims=dimensions, in_channels=2, out_channels=2, num_res_blocks=1,
                    channels=(8, 8, 16), attention_levels=[False] * 3, norm_num_groups=8)  # fmt: skip
    images = torch.rand(2, 2, *[16] * dimensions)
    space.measure(images)
    with torch.no_grad():
        latents = space.encode(images)
        assert latents.shape == (2, 3, *[4] * dimensions)
        assert float(latents.std()) == pytest.approx(1 / 3, rel=1e-5)
        assert space.decode(latents).shape == images.shape
        plain = space.coder.decode(space.coder.encode(2 * images - 1)[0])
        assert torch.allclose(space.decode(latents), (plain.clamp(-1, 1) + 1) / 2, atol=1e-5), (
            "the scale goes out again"
        )
    assert torch.allclose(Pixels(2).decode(Pixels(2).encode(images)), images, atol=1e-6)


def test_a_latent_is_told_the_mean_of_its_block_and_touched_by_any_pixel_of_a_hole():
    label = torch.zeros(1, 1, 4, 6)
    label[0, 0, 1, 1:3] = 1
    assert coarse(label, 2)[0, 0].tolist() == [[0.25, 0.25, 0], [0, 0, 0]]
    assert touched(label > 0, 2)[0, 0].tolist() == [[True, True, False], [False, False, False]]
    assert torch.equal(coarse(label, 1), label)
    assert coarse(torch.zeros(3, 0, 4, 6), 2).shape == (3, 0, 2, 3), "nothing is told of a block either"
    assert touched(label[..., None].repeat(1, 1, 1, 1, 4) > 0, 2).sum() == 4


def test_an_interrupted_training_goes_on_to_the_same_bytes_in_both_parts(folder, tmp_path):
    alone = {"classes": [], "sources": [{**tiny(folder)["sources"][0], "labels": ""}]}
    made = diffusion(tiny(folder, **alone, latent=latent(5), stages=[{"sources": {"discs": 1}, "steps": 4}]))
    told = []
    train(made, tmp_path / "whole", lambda *done: told.append(done))
    assert told == [(step, 9) for step in range(1, 10)]
    for step in (2, 7):

        def pull(done, wanted, at=step):
            if done == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(made, tmp_path / "m", pull, saved_s=0)
        place = tmp_path / "m/autoencoder" if step == 2 else tmp_path / "m"
        assert (place / "checkpoint.safetensors").exists()
    assert train(made, tmp_path / "m").steps == 4
    files = sorted(str(path.relative_to(tmp_path / "m")) for path in (tmp_path / "m").rglob("*.safetensors"))
    assert files == ["autoencoder/model.safetensors", "model.safetensors"]
    for name in files:
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    scale = load_file(tmp_path / "m/autoencoder/model.safetensors")["scale"]
    space = load(tmp_path / "m").space
    assert isinstance(space, Latents)
    assert float(space.scale) == float(scale) != 1


def test_the_autoencoder_gives_images_back(hand):
    labels = many(8, seed=8)
    images = torch.from_numpy(pictures(labels))
    with torch.no_grad():
        latents = hand.model.space.encode(images)
        again = hand.model.space.decode(latents).numpy()
    assert latents.shape == (8, 3, 16, 16)
    assert float(latents.std()) == pytest.approx(1 / 3, rel=0.3), "of images that it has not seen, nearly"
    assert (read(again) == labels).mean() > 0.85


def test_a_model_in_latents_draws_the_labels_it_is_told(hand):
    labels = many(8, seed=8)
    drawn = hand.synthesise(labels, rng())
    assert drawn.shape == (8, 1, 32, 32)
    assert (read(drawn) == labels).mean() > 0.7
    none = Hand(model=untrained(hand.model)).synthesise(labels, rng())
    assert (read(none) == labels).mean() < 0.55


def test_larger_images_are_made_through_windows_of_latents(hand):
    label = np.zeros((1, 70, 50), np.uint8)
    label[0, 20:44, 10:40] = 3
    drawn = hand.synthesise(label, rng())
    assert drawn.shape == (1, 1, 70, 50)
    assert (read(drawn) == label).mean() > 0.75
    with pytest.raises(DatasetError, match=r"makes blocks of 2; found \[33, 32\]; multiples of that would do"):
        hand.synthesise(untold(1, (33, 32)), rng())


def test_what_is_to_stay_stays_to_the_bit_though_latents_do_not(hand):
    labels = many(2, seed=6)
    images, kept = pictures(labels), labels == 3
    looks = hand.translate(images, labels, 0.6, rng(), kept)
    assert np.array_equal(looks[:, 0][kept], images[:, 0][kept])
    assert abs(looks - images)[:, 0][~kept].mean() > 0.02
    hole = np.zeros_like(labels, bool)
    hole[:, 9:18, 9:18] = True
    drawn = hand.inpaint(images, labels, hole, rng(), again=2)
    assert np.array_equal(drawn[:, 0][~hole], images[:, 0][~hole])
    assert (read(drawn) == labels)[hole].mean() > 0.6
    assert (drawn != images)[:, 0][hole].mean() > 0.9


def test_a_volume_has_latents_too(tmp_path):
    import nibabel as nib

    label = np.zeros((16, 16, 16), np.uint8)
    label[2:9, 3:8, 2:10] = 1
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
        nib.save(nib.Nifti1Image(label.astype(np.float32 if kind == "images" else np.uint8), np.eye(4)),
                 tmp_path / kind / "c.nii")  # fmt: skip
    source = {"kind": "pipelines.learn.sources.volumes.Volumes", "name": "discs"}
    source |= {kind: str(tmp_path / kind) for kind in ("images", "labels")}
    made = tiny(tmp_path, patch=[16, 16, 16], classes=["box"], sources=[source], latent=latent(2, channels=[8, 8, 8]))
    train(diffusion(made), tmp_path / "m")
    assert Hand(model=load(tmp_path / "m")).synthesise(label[None], rng()).shape == (1, 1, 16, 16, 16)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"latent": latent(5, channels=[8])}, "Autoencoder: found channels [8] with groups of 8; two multiples of 8"),
        ({"latent": latent(5, stages=[])}, "latent: Autoencoder stages is ()"),
        ({"latent": latent(5, stages=[{"sources": {"disks": 1}}])}, "latent.stages[0].sources: no source is called"),
        ({"latent": latent(5), "patch": [18, 18]}, "patch: found [18, 18]; two or three multiples of 4, which UNet"),
        ({"latent": latent(5, chanels=[8, 8])}, "did you mean 'channels'"),
    ],
)
def test_every_error_of_a_latent_space_says_where_and_what_would_do(folder, change, said):
    with pytest.raises(RecipeError) as error:
        diffusion(tiny(folder) | change)
    assert said in str(error.value)


def test_another_autoencoder_in_the_folder_is_one_clear_error(folder, taught, tmp_path):
    made = diffusion(tiny(folder, latent=latent(2)))
    train(made, tmp_path / "m")
    about = json.loads((tmp_path / "m/model.json").read_text())
    about["training"]["latent"]["channels"] = [8, 8]
    (tmp_path / "m/model.json").write_text(json.dumps(about))
    with pytest.raises(DatasetError, match=r"autoencoder/model\.safetensors: the weights are of another network"):
        load(tmp_path / "m")
    (tmp_path / "m/model.json").unlink()
    with pytest.raises(DatasetError, match="holds a model of another recipe or seed"):
        train(diffusion(tiny(folder, latent=latent(3))), tmp_path / "m")
