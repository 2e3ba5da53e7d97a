"""Segmentation by diffusion: noise on masks and its way back by formula, and two networks that learn as any other."""

from itertools import product

import numpy as np
import pytest
import torch
from diffusing import one_thread, recipe, write_discs  # noqa: F401
from lines import draw
from lines import tree as lines_tree
from PIL import Image
from typer.testing import CliRunner

from pipelines.app import app
from pipelines.build import build, describe
from pipelines.diffuse.kinds import TIMES
from pipelines.diffuse.segment.bernoulli import BernoulliMasks, posterior
from pipelines.diffuse.segment.gaussian import GaussianMasks
from pipelines.diffuse.segment.masks import signal
from pipelines.learn.evaluate import evaluate
from pipelines.learn.folders import source_of
from pipelines.learn.kinds import Network
from pipelines.learn.losses import DiceCE
from pipelines.learn.model import load
from pipelines.learn.recipe import training
from pipelines.learn.study.recipe import load as study_of
from pipelines.learn.study.work import work
from pipelines.learn.train import train
from pipelines.plain import dump_yaml
from simdata import Streams

KINDS = {"bernoulli": BernoulliMasks, "gaussian": GaussianMasks}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def test_masks_are_whole_at_first_and_noise_at_last():
    left = [signal(time) for time in range(TIMES + 1)]
    assert (left[0], left[-1]) == (1, 0)
    assert all(np.diff(left) < 0)
    assert left[TIMES // 2] == pytest.approx(0.494, abs=1e-3), "half way: cos(45 degrees) squared, less the offset"


def test_bernoulli_noise_is_that_of_many_small_flips():
    """In each step a pixel is drawn anew by a fair coin with probability b: after them q(y_t | y_0) has a formula."""
    coins, steps = Streams(1).generator, 40
    beta = coins.uniform(0.01, 0.06, steps)
    pixels = np.repeat([[0], [1]], 200_000, axis=1)
    for b in beta:
        pixels = np.where(coins.random(pixels.shape) < b, coins.random(pixels.shape) < 0.5, pixels)
    shares = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[:, :, None].repeat(1, 1, 200_000)
    left = torch.full((2, 1, 1), float(np.prod(1 - beta)))
    made = BernoulliMasks().noisy(shares, left, random())
    assert torch.equal(made.sum(1), torch.ones(2, 200_000)), "each pixel is one of them"
    assert np.allclose(made[:, 1].mean(dim=1), pixels.mean(axis=1), atol=0.004)


@pytest.mark.parametrize("outcomes", [2, 4])
def test_what_was_before_follows_by_bayes_from_a_table(outcomes):
    """All paths y_0, y_s, y_t of one pixel, written out, against the formula, for p(y_0) that are not the truth."""
    before, since = 0.7, 0.4

    def moves(left):
        return left * np.eye(outcomes) + (1 - left) / outcomes

    clean = np.arange(1, outcomes + 1) / np.arange(1, outcomes + 1).sum()
    paths = np.zeros((outcomes,) * 3)
    for first, s, t in product(range(outcomes), repeat=3):
        paths[first, s, t] = moves(before)[first, s] * moves(since)[s, t]
    of_clean = paths / paths.sum(axis=1, keepdims=True)
    for t in range(outcomes):
        wanted = clean @ of_clean[:, :, t]
        noisy = torch.eye(outcomes, dtype=torch.float64)[t][None, :, None]
        found = posterior(noisy, torch.from_numpy(clean)[None, :, None], before * since, before)
        assert np.allclose(found[0, :, 0], wanted, atol=1e-12)
        assert found.sum() == pytest.approx(1)


def told_the_truth(kind, pixels, steps, samples):
    """Opinions of a network that knows: a mask is all 1 or all 0, each as often; all pixels are known together."""
    part = kind(steps=steps, samples=samples)

    def knows(noisy, times, images):
        left = signal(int(times[0]))
        if kind is BernoulliMasks:
            on = (left * noisy + (1 - left) / 2).clamp(min=1e-30).log().sum((2, 3))
        else:
            spread = 1 - left
            on = torch.stack(
                [-((noisy - left**0.5 * torch.tensor(clean).reshape(1, 2, 1, 1)) ** 2).sum((1, 2, 3)) / (2 * spread)
                 for clean in ([1.0, -1.0], [-1.0, 1.0])], dim=1)  # fmt: skip
        return on[:, :, None, None].expand(-1, -1, *noisy.shape[2:])

    return part.opinions(knows, torch.zeros(1, 1, pixels, pixels), 2, lambda see, seen: see(seen))


@pytest.mark.parametrize("kind", KINDS.values())
def test_samples_of_an_ambiguous_image_are_each_one_of_its_masks(kind):
    found = told_the_truth(kind, 3, 20, 2000)
    sure = found[:, 0, 1]
    assert ((sure < 0.01) | (sure > 0.99)).float().mean() > 0.95, "no sample is a blend"
    assert sure.flatten(1).std(dim=1).mean() < 0.01, "its pixels agree"
    assert abs(sure.mean() - 0.5) < 0.05, "and each mask comes as often as it should"


@pytest.mark.parametrize("kind", KINDS.values())
def test_what_nobody_has_labelled_is_noise_that_costs_nothing(kind):
    part, shape = kind(), (4, 8, 8)
    target = torch.zeros(1, *shape)
    target[:, 1, :, :4] = 1
    seen = []

    def module(noisy, times, images):
        seen.append(noisy)
        return torch.zeros_like(noisy)

    loss = part.cost(module, torch.zeros(1, 1, 8, 8), target, DiceCE(dice=0.0))
    assert float(loss) == pytest.approx(np.log(4)), "of the labelled pixels alone, four classes as likely"
    assert torch.isfinite(seen[0]).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("masks")
    write_discs(out / "learnt")
    write_discs(out / "unseen", 6, seed=8)
    return out


def lessons(folder, kind, steps=110):
    base = {"kind": "pipelines.diffuse.networks.UNet", "channels": [8, 16, 16], "heads": 16}
    network = {"kind": f"{KINDS[kind].__module__}.{KINDS[kind].__name__}", "base": base, "steps": 4, "samples": 3}
    kept = ("seed", "classes", "patch", "intensity", "sources")
    stages = [{"sources": {"discs": 1}, "steps": steps, "rate": 0.015}]
    learnt = {name: value for name, value in recipe(folder / "learnt").items() if name in kept}
    return training(learnt | {"batch": 8, "network": network, "stages": stages})


@pytest.mark.parametrize("kind", KINDS)
def test_a_diffused_mask_is_learnt_and_judged_as_any_other(folder, tmp_path, kind):
    train(lessons(folder, kind), tmp_path / "m")
    model = load(tmp_path / "m")
    examples = source_of(folder / "unseen/images", folder / "unseen/labels").open(3)[:]
    found = evaluate(model.predict, examples, 3)
    assert min(found.mean("dice")) > 0.65
    assert np.mean(found.mean("dice")) > 0.85

    said = model.opinions(examples[0].image)
    assert said.shape == (3, 4, 32, 32)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-5)
    assert said.std(axis=0).max() > 0.01, "samples differ"
    assert np.array_equal(said, model.opinions(examples[0].image)), "the same image, the same samples"
    doubts = np.stack([model.doubt(one.image) for one in examples])
    wrong = np.stack([model.predict(one.image) != one.known() for one in examples])
    assert doubts[wrong].mean() > 3 * doubts[~wrong].mean(), "it is unsure where it is wrong"

    judged = [f"--{name}={folder}/unseen/{name}" for name in ("images", "labels")]
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "m"), *judged, "--doubts", str(tmp_path / "d")])
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    assert "6 images" in done.output
    written = np.asarray(Image.open(tmp_path / "d/000.png"))
    assert np.allclose(written, 255 * doubts[0] / 2, atol=1), "white is 2 bits: four classes that tie"


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_masks_is_built_from_its_description_and_goes_on_to_the_same_bytes(folder, tmp_path, kind):
    made = lessons(folder, kind, steps=4)
    assert build(describe(made.network), Network, "network") == made.network

    def pull(done, wanted):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(made, tmp_path / "m", pull, saved_s=0)
    train(made, tmp_path / "m")
    train(made, tmp_path / "n")
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "mn"]
    assert weights[0] == weights[1]


def test_diffused_masks_are_arms_of_a_study(tmp_path):
    """Beside the network of the other arms, at equal steps, on the same test images."""
    draw(tmp_path / "synthetic", 3, 20.0, 1)
    draw(tmp_path / "real", 7, 40.0, 2)
    base = {"kind": "pipelines.diffuse.networks.UNet", "channels": [8, 8], "heads": 8}
    arms = [{"name": "real", "stages": [{"sources": {"real": 1}}]}]
    for name, kind in KINDS.items():
        network = {"kind": f"{kind.__module__}.{kind.__name__}", "base": base, "steps": 2, "samples": 2}
        arms.append({"name": name, "stages": [{"sources": {"real": 1}}], "changes": {"network": network}})
    tree = lines_tree(tmp_path) | {"arms": arms, "seeds": [1], "ks": [2], "degrade": []}
    tree.pop("scale")
    (tmp_path / "study.yaml").write_text(dump_yaml(tree))
    done = CliRunner().invoke(app, ["study", str(tmp_path / "study.yaml"), "--out", str(tmp_path / "out"), "--quiet"])
    assert done.exit_code == 0, f"{done.output} {done.exception}"
    found = work(study_of(tmp_path / "study.yaml"), tmp_path / "out", lambda done, wanted: None)
    assert sorted(run.setting.arm for run in found) == ["bernoulli", "gaussian", "real"]
    assert all(len(outcome.images) == 3 for outcome in found.values())
