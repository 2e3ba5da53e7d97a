"""What a training is made of: its recipe, sources, batches, losses and measures."""

import numpy as np
import pytest
import torch
from learning import recipe, write_pictures
from PIL import Image

from pipelines.learn.batches import Batches, patch, shares
from pipelines.learn.example import UNKNOWN, Example
from pipelines.learn.examples import opened
from pipelines.learn.intensity import Levels, Percentiles, Window
from pipelines.learn.losses import ClDice, DiceCE, DiceCEClDice
from pipelines.learn.metrics import cldice, dice
from pipelines.learn.recipe import load, training
from pipelines.learn.schedule import rate
from pipelines.learn.stems import chosen, files, pairs
from pipelines.plain import dump_yaml
from simdata import Streams
from simdata.errors import DatasetError, RecipeError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


def test_a_recipe_is_what_it_says_written_out(folder, tmp_path):
    made = training(recipe(folder))
    assert training(made.plain()) == made
    (tmp_path / "t.yaml").write_text(dump_yaml(recipe(folder)))
    changed = load(tmp_path / "t.yaml", ["sources.real.ids=1-2", "stages.0.steps=5", "seed=9"])
    assert (changed.sources[0].ids, changed.steps, changed.seed) == ("1-2", 5, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patch": [30, 31]}, "patch: found [30, 31]; two or three multiples of 2, which UNet divides by, would do"),
        ({"stages": [{"sources": {"reel": 1}}]}, "no source is called 'reel'; did you mean 'real'?"),
        ({"stages": [{"sources": {"real": 0.0}}]}, "the weight of 'real' is 0; one above 0 would do"),
        ({"stages": [{"sources": {"real": 1}, "stepz": 3}]}, "Stage has no 'stepz'; did you mean 'steps'?"),
        ({"stages": [{"steps": 3}]}, "stages[0].sources: found none; {real: 1} would do"),
        ({"validation": {"source": "real"}}, "a stage learns from 'real'"),
        ({"classes": ["a", "a"]}, "at most 254 different names would do"),
        ({"network": {"kind": "pipelines.learn.networks.UNet", "strides": [2, 2, 2, 2]}}, "a stride between any two"),
        ({"loss": {"kind": "pipelines.learn.losses.Dice"}}, "did you mean 'pipelines.learn.losses.DiceCE'?"),
        ({"augment": [{"kind": "pipelines.learn.losses.DiceCE"}]}, "is not a Augmentation"),
        ({"learn": 1}, "Training has no 'learn'"),
    ],
)
def test_every_error_of_a_recipe_says_where_and_what_would_do(folder, change, said):
    with pytest.raises(RecipeError) as error:
        training(recipe(folder) | change)
    assert said in str(error.value)
    assert str(error.value).startswith("training")


def test_ids_are_stems_or_ranges_of_their_first_number(tmp_path):
    for name in ("001.png", "010.png", "02_dr.png", "02_h.png", "odd.png", "note.txt", ".hidden.png"):
        (tmp_path / name).touch()
    there = files(tmp_path, (".png",), "pictures")
    assert list(there) == ["001", "010", "02_dr", "02_h", "odd"]
    assert list(chosen(there, "1-2", "here")) == ["001", "02_dr", "02_h"]
    assert list(chosen(there, "odd, 010", "here")) == ["010", "odd"]
    assert list(chosen(there, "", "here")) == list(there)
    with pytest.raises(DatasetError, match="here: ids: no file answers to 'oddd'; did you mean 'odd'"):
        chosen(there, "oddd", "here")
    with pytest.raises(DatasetError, match="010, 02_dr, 02_h and 1 more without a label"):
        pairs(there, {"001": tmp_path / "001.png"}, "", "here")[0]


def test_pictures_are_read_as_they_are(folder):
    real, held = (source.open(1) for source in training(recipe(folder)).sources[:2])
    assert [name[-7:] for name in held.names] == ["005.png", "006.png"]
    example = real[0]
    array = np.asarray(Image.open(folder / "images/001.png"))
    assert example.image.dtype == np.float32
    assert np.array_equal(example.image[0], array)
    assert np.array_equal(example.label, np.asarray(Image.open(folder / "labels/001.png")) > 127)


def test_colours_scale_and_values_of_pictures(tmp_path):
    from pipelines.learn.sources.pictures import Pictures

    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[..., 1] = 200
    Image.fromarray(rgb).save(tmp_path / "images/a.png")
    kinds = np.repeat(np.array([[0, 1, 2, 3, 9, 0]], np.uint8), 20, axis=0).repeat(5, axis=1)
    Image.fromarray(kinds).save(tmp_path / "labels/a.png")
    of = {"images": str(tmp_path / "images"), "labels": str(tmp_path / "labels")}
    green = Pictures(**of, colours="green", scale=0.5, values=((1, 3), (2,)), unknown=(9,)).open(2)[0]
    assert green.image.shape == (1, 10, 15)
    assert (green.image == 200).all()
    assert np.unique(green.label).tolist() == [0, 1, 2, UNKNOWN]
    assert Pictures(images=of["images"], colours="rgb").open(1)[0].image.shape == (3, 20, 30)
    with pytest.raises(DatasetError, match=r"its highest value is 9, of 255; values such as \[\[9\]\] would do"):
        Pictures(**of).open(1)[0]
    with pytest.raises(RecipeError, match="found values of 1 classes, where 2 are learnt"):
        Pictures(**of, values=((1,),)).open(2)
    with pytest.raises(DatasetError, match="values from 0 to 9, where 2 classes are learnt"):
        Pictures(**of).open(2)[0]
    (tmp_path / "images/a.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"a\.png: cannot be read"):
        Pictures(**of).open(1)[0]


def test_volumes_lie_in_ras_whatever_their_file_does(tmp_path):
    import nibabel as nib

    from pipelines.learn.sources.volumes import Volumes

    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    nib.save(nib.Nifti1Image(array[::-1], np.diag([-1.0, 1, 1, 1])), tmp_path / "images/case_1.nii.gz")
    nib.save(
        nib.Nifti1Image((array[::-1] > 20).astype(np.uint8), np.diag([-1.0, 1, 1, 1])), tmp_path / "labels/case_1.nii"
    )
    source = Volumes(images=str(tmp_path / "images"), labels=str(tmp_path / "labels"), ids="1-1")
    example = source.open(1)[0]
    assert np.array_equal(example.image[0], array)
    assert np.array_equal(example.label, array > 20)
    nib.save(nib.Nifti1Image((array > 20).astype(np.uint8), np.eye(4)), tmp_path / "labels/case_1.nii")
    with pytest.raises(DatasetError, match="its voxels lie elsewhere"):
        source.open(1)[0]


def test_batches_are_the_same_whatever_came_before(folder):
    made = training(recipe(folder))
    stage = made.stages[0]
    first, again = Batches(made, opened(made)), Batches(made, opened(made))
    in_order = list(first.ahead(stage, range(5), range(4)))
    images, targets = again.batch(stage, 3, range(4))
    assert np.array_equal(in_order[3][0], images)
    assert np.array_equal(in_order[3][1], targets)
    assert not np.array_equal(in_order[2][0], images)
    half = again.batch(stage, 3, range(1, 4, 2))[0]
    assert np.array_equal(half, images[1::2])
    assert images.shape == (4, 1, 32, 32)
    assert targets.shape == (4, 2, 32, 32)
    assert (targets.sum(axis=1) == 1).all()
    assert 0 <= images.min() < images.max() <= 1


def test_patches_come_from_sources_by_their_weights(folder):
    made = training(recipe(folder, stages=[{"sources": {"real": 3, "held": 1}}], patch=[48, 48], augment=[]))
    whole = opened(made)
    held = {example.image.tobytes() for example in whole["held"]}
    batches = Batches(made, whole)
    patches = [image for step in range(50) for image in batches.batch(made.stages[0], step, range(4))[0]]
    share = np.mean([image.tobytes() in held for image in patches])
    assert share == pytest.approx(0.25, abs=0.09)


def test_a_patch_beyond_a_small_image_is_unknown_there(rng):
    image, label = patch(
        Example("small", np.ones((1, 6, 20), np.float32), np.ones((6, 20), np.uint8)), (10, 10), 0, rng
    )
    assert image.shape == (1, 10, 10)
    assert (image == 1).all()
    assert (label == UNKNOWN).sum() == 40
    assert shares(label, 2).sum() == 60


def test_patches_look_for_classes_as_often_as_they_should(rng):
    label = np.zeros((100, 100), np.uint8)
    label[50, 50] = 1
    example = Example("dot", np.zeros((1, 100, 100), np.float32), label)
    hits = np.mean([patch(example, (8, 8), 0.5, rng)[1].any() for _ in range(300)])
    assert hits == pytest.approx(0.5, abs=0.1)


def test_intensities_end_between_0_and_1():
    image = np.stack([np.arange(101), 3 * np.arange(101)]).astype(np.float32).reshape(2, 101, 1)
    grey = Percentiles(low=0, high=100)(image)
    assert np.allclose(grey[0], grey[1])
    assert (grey.min(), grey.max()) == (0, 1)
    assert Window(low=0, high=50)(image)[0, 25, 0] == 0.5
    assert Levels()(image)[0, 51, 0] == pytest.approx(0.2)
    with pytest.raises(RecipeError, match="the lower one first would do"):
        Window(low=1, high=1)


def test_dice_and_cldice_of_known_masks():
    square = np.zeros((40, 40), bool)
    square[10:30, 10:30] = True
    moved = np.roll(square, 10, axis=1)
    assert dice(square, square) == cldice(square, square) == 1.0
    assert dice(square, moved) == 0.5
    assert dice(square, ~square) == 0
    assert dice(square & ~square, square & ~square) == cldice(square & ~square, square & ~square) == 1
    bar, thick = np.zeros((2, 40, 40), bool)
    bar[20, 5:35], thick[18:23, 5:35] = True, True
    assert dice(bar, thick) < 0.4
    assert cldice(bar, thick) > 0.95


@pytest.mark.parametrize("loss", [DiceCE(), ClDice(), DiceCEClDice()])
def test_a_loss_falls_with_the_error_and_sees_nothing_of_the_unknown(loss):
    label = np.zeros((1, 24, 24), np.uint8)
    label[:, 10:14] = 1
    target = torch.from_numpy(shares(label[0], 2)[None])
    right, wrong = (torch.stack([1 - 2 * target[:, 1], 2 * target[:, 1] - 1], 1) * sign for sign in (8, -8))
    assert loss(right, target) < 0.15 < loss(wrong, target)
    label[:, :, 12:] = UNKNOWN
    known = torch.from_numpy(shares(label[0], 2)[None])
    there = (known.sum(1, keepdim=True) > 0).expand_as(right)
    assert torch.allclose(loss(right, known), loss(torch.where(there, right, wrong), known))


def test_the_rate_rises_and_falls():
    from pipelines.learn.recipe import Stage

    stage = Stage(sources={"a": 1}, steps=100, rate=1.0, warm_up=3)
    rates = [rate(stage, step) for step in range(100)]
    assert rates[0] == 0.25
    assert max(rates) == rates[3]
    assert rates[50] == pytest.approx(0.5)
    assert rates[99] < 1e-3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("UNet", {}),
        ("UNet", {"residual_units": 1, "norm": "batch"}),
        ("AttentionUNet", {"channels": (4, 8), "strides": (2,)}),
        ("DynUNet", {"filters": (4, 8, 16)}),
        ("SegResNet", {"down": (1, 1), "up": (1,)}),
        ("SwinUNETR", {"features": 12, "window": 2}),
    ],
)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_networks_give_a_number_for_every_class_and_pixel(name, options, dimensions):
    from pipelines.learn import networks

    part = getattr(networks, name)(**options)
    edge = 2 * part.step
    with torch.inference_mode():
        said = part(1, 3, dimensions)(torch.zeros(1, 1, *[edge] * dimensions))
    assert said.shape == (1, 3, *[edge] * dimensions)


def test_the_network_that_stands_there_has_0_2_million_weights():
    from pipelines.learn.networks import UNet

    count = sum(weight.numel() for weight in UNet()(1, 2, 2).parameters())
    assert count == pytest.approx(2e5, rel=0.25)


def test_looks_of_real_images_are_lent(folder):
    from pipelines.learn.style.histogram import Histogram
    from pipelines.learn.style.spectrum import Spectrum

    made = training(recipe(folder))
    real = opened(made)["real"]
    label = np.zeros((32, 32), np.uint8)
    dull = np.full((1, 32, 32), 0.4, np.float32) + Streams(1).generator.normal(0, 0.01, (1, 32, 32)).astype(np.float32)
    for part in (Histogram(images=str(folder / "images"), ids="1-4"), Spectrum(images=str(folder / "images"), share=1)):
        image, same = part(dull, label, Streams(5).generator)
        assert same is label
        assert image.shape == dull.shape
        assert image.dtype == np.float32
        assert not np.array_equal(image, dull)
        assert image.std() < 2 * real[0].image.std()
        assert np.array_equal(image, part(dull, label, Streams(5).generator)[0])
