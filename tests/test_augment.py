"""Changes of patches while a network learns: labels go along, looks leave them, batches mix, a stream replays all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.augment.looks import Looks
from pipelines.augment.random_contrast import RandomContrast
from pipelines.learn.augment.affine import Affine
from pipelines.learn.augment.bias_field import BiasField
from pipelines.learn.augment.blur import Blur
from pipelines.learn.augment.cutmix import CutMix
from pipelines.learn.augment.elastic import Elastic
from pipelines.learn.augment.flip import Flip
from pipelines.learn.augment.gamma import Gamma
from pipelines.learn.augment.levels import Levels
from pipelines.learn.augment.mixup import Mixup
from pipelines.learn.augment.noise import Noise
from pipelines.learn.augment.resolution import Resolution
from pipelines.learn.augment.sharpen import Sharpen
from pipelines.learn.augment.sometimes import Sometimes
from simdata import Grid, Image, RecipeError, Sample, Scene, Streams, structure

SHAPES = ((24, 32), (12, 16, 10))
GEOMETRY = (Flip(), Affine(), Affine(degrees=20, scale=0.3, stretch=0.1), Elastic(amplitude=0.03))
LOOKS = (Gamma(), Levels(), Noise(), Blur(), Sharpen(), BiasField(), Resolution())


def rng(index=0):
    return Streams(5, index)["augment"].generator


def patch(shape, channels=2):
    """A smooth image with a label of three classes where it is brightest."""
    at = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    bright = np.exp(-4 * sum((a - 0.2 * k) ** 2 for k, a in enumerate(at))).astype(np.float32)
    return np.stack([bright] * channels), np.digitize(bright, (0.3, 0.7)).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("part", [*GEOMETRY, *LOOKS], ids=lambda part: type(part).__name__)
def test_a_change_keeps_shapes_and_types_writes_nothing_and_can_be_replayed(part, shape):
    image, label = patch(shape)
    before = image.copy(), label.copy()
    changed, along = part(image, label, rng())
    again, along_again = part(image, label, rng())
    others = {part(image, label, rng(index))[0].tobytes() for index in range(1, 7)}
    assert (changed.shape, changed.dtype) == (image.shape, np.float32)
    assert (along.shape, along.dtype) == (label.shape, np.uint8)
    assert (changed.tobytes(), along.tobytes()) == (again.tobytes(), along_again.tobytes())
    assert (image.tobytes(), label.tobytes()) == tuple(array.tobytes() for array in before)
    assert others - {changed.tobytes()}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("part", GEOMETRY, ids=lambda part: type(part).__name__)
def test_labels_go_where_the_image_goes(part, shape):
    """The image is made of the label, so that it can be cut into classes again."""
    image, label = patch(shape)
    for index in range(4):
        moved, along = part(image, label, rng(index))
        agree = np.digitize(moved[0], (0.3, 0.7)) == along
        assert agree.mean() > 0.9
        assert set(np.unique(along)) <= {0, 1, 2}


@pytest.mark.parametrize("part", LOOKS, ids=lambda part: type(part).__name__)
def test_looks_leave_labels_alone(part):
    image, label = patch((24, 32))
    _, along = part(image, label, rng())
    assert along is label


def test_a_flip_turns_half_of_the_patches_along_each_axis_and_interpolates_nothing():
    image, label = np.random.default_rng(0).random((1, 5, 4), np.float32), np.arange(20, dtype=np.uint8).reshape(5, 4)
    seen = {part.tobytes() for part in (Flip()(image, label, rng(index))[1] for index in range(60))}
    assert seen == {label[::a, ::b].tobytes() for a in (1, -1) for b in (1, -1)}
    upright = {Flip(axes=(1,))(image, label, rng(index))[1].tobytes() for index in range(40)}
    assert upright == {label.tobytes(), label[:, ::-1].tobytes()}


def test_a_quarter_turn_is_the_transpose_of_a_flip():
    image, label = patch((31, 31))
    quarter = replace(Affine(), degrees=90.0)

    class Always:
        """A generator that always draws the highest number."""

        def uniform(self, low, high, size=None):
            return high if size is None else np.full(size, float(high))

        def standard_normal(self, size):
            return np.ones(size)

    turned, along = quarter(image, label, Always())
    assert np.allclose(turned, np.rot90(image, 1, (2, 1)), atol=1e-5) or np.allclose(
        turned, np.rot90(image, 1, (1, 2)), atol=1e-5
    )
    assert (along > 0).sum() == (label > 0).sum()


def test_a_scale_makes_things_larger_and_smaller_by_as_much():
    _, label = patch((64, 64))
    sizes = [
        (Affine(degrees=0, scale=0.5)(label[None].astype(np.float32), label, rng(index))[1] > 0).mean()
        for index in range(60)
    ]
    ratio = np.sqrt(np.array(sizes) / (label > 0).mean())
    assert 1 / 1.55 < ratio.min() < 0.75
    assert 1.3 < ratio.max() < 1.55
    assert abs(np.log(ratio).mean()) < 0.1


def test_an_elastic_change_that_would_fold_is_refused():
    with pytest.raises(RecipeError, match=r"folds a patch over; at most 0\.02 would do"):
        Elastic(amplitude=0.1, waves=8)


def test_gamma_keeps_black_and_white_and_goes_both_ways():
    image = np.array([[[0.0, 0.25, 1.0]]], np.float32)
    middles = [Gamma(most=1.0).look(image, rng(index))[0, 0] for index in range(50)]
    assert all(values[0] == 0 and values[2] == 1 for values in middles)
    between = np.array([values[1] for values in middles])
    assert 0.25**2 <= between.min() < 0.15
    assert 0.4 < between.max() <= 0.5 + 1e-6


# Looks


def spread(image):
    return float(image.std())


def test_noise_has_the_spread_that_was_drawn_and_no_mean():
    flat = np.full((1, 100, 100), 0.5, np.float32)
    spreads = [spread(Noise(most=0.2).look(flat, rng(index))) for index in range(40)]
    assert 0 < min(spreads) < 0.03
    assert 0.17 < max(spreads) < 0.21
    assert Noise(most=0.2).look(flat, rng()).mean() == pytest.approx(0.5, abs=0.01)


def test_levels_move_gain_and_offset():
    image, _ = patch((24, 32))
    changed = [Levels(contrast=1.0, brightness=0.3).look(image, rng(index)) for index in range(60)]
    gains = np.array([spread(seen) / spread(image) for seen in changed])
    offsets = np.array([seen.mean() - image.mean() for seen in changed])
    assert 0.5 - 1e-5 <= gains.min() < 0.6 < 1.7 < gains.max() <= 2 + 1e-5
    assert -0.3 - 1e-5 <= offsets.min() < -0.2 < 0.2 < offsets.max() <= 0.3 + 1e-5


def test_blur_and_resolution_keep_the_mean_and_lose_what_is_fine_and_sharpen_lifts_it():
    image = rng(9).random((1, 64, 64), np.float32)
    for part in (Blur(most=3.0), Resolution(most=4.0)):
        seen = part.look(image, rng(1))
        assert seen.mean() == pytest.approx(image.mean(), rel=0.01)
        assert spread(seen) < 0.8 * spread(image)
    assert spread(Sharpen(most=2.0).look(image, rng(1))) > spread(image)


def test_a_resolution_of_one_leaves_the_image():
    image, _ = patch((24, 32))
    assert np.allclose(Resolution(most=1.0).look(image, rng()), image, atol=1e-6)


def test_a_bias_field_multiplies_and_is_smooth():
    flat = np.full((2, 40, 40), 0.5, np.float32)
    field = BiasField(most=0.5).look(flat, rng(1)) / 0.5
    assert np.array_equal(field[0], field[1])
    assert 0.02 < spread(np.log(field)) <= 0.5
    assert np.abs(np.diff(np.log(field[0]), axis=0)).max() < 0.25


def test_sometimes_is_as_often_as_it_says():
    image, label = patch((12, 16))
    part = Sometimes(share=0.3, parts=(Noise(most=0.1), Flip()))
    changed = [not np.array_equal(part(image, label, rng(index))[0], image) for index in range(300)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.08)


# Mixing


def batch(count=6, shape=(8, 10)):
    """Patch n is n all over, of class n."""
    images = np.ones((count, 1, *shape), np.float32) * np.arange(count).reshape(-1, *[1] * (len(shape) + 1))
    targets = np.zeros((count, count, *shape), np.float32)
    targets[np.arange(count), np.arange(count)] = 1
    return images.astype(np.float32), targets


@pytest.mark.parametrize("part", [Mixup(alpha=1.0), CutMix()])
@pytest.mark.parametrize("shape", [(8, 10), (6, 5, 4)])
def test_labels_are_mixed_as_the_images_are(part, shape):
    images, targets = batch(shape=shape)
    mixed, along = part(images, targets, rng())
    value = np.tensordot(along, np.arange(6, dtype=np.float32), axes=(1, 0))
    assert np.allclose(value, mixed[:, 0], atol=1e-5)
    assert np.allclose(along.sum(axis=1), 1, atol=1e-6)
    assert mixed.dtype == along.dtype == np.float32
    assert not np.array_equal(mixed, images)
    assert np.array_equal(images, batch(shape=shape)[0])


def test_cutmix_leaves_every_pixel_of_one_class_and_takes_half_on_average_where_nothing_is_cut_off():
    images, targets = batch(count=40, shape=(32, 32))
    _, along = CutMix()(images, targets, rng())
    assert set(np.unique(along)) == {0.0, 1.0}
    own = np.array([along[number, number].mean() for number in range(40)])
    assert 0.4 < own.mean() < 0.9, "a Beta(1, 1) has a mean of a half, and what reaches over the rim is cut off"


# Finished samples


def sample(**images):
    labels = np.zeros((10, 8, 6), np.uint16)
    labels[:4], labels[6:] = structure("hippocampus_left").id, structure("hippocampus_right").id
    labels[:, :3] = structure("brain_stem").id
    scene = Scene(Grid.regular(labels.shape), labels)
    return Sample(0, 1, {name: Image(array, "HU", scene.grid) for name, array in images.items()}, scene, {}, {}, {})


def test_looks_change_images_of_a_finished_sample_and_nothing_else():
    ct = np.linspace(-1000, 400, 480, dtype=np.float32).reshape(10, 8, 6)
    before = sample(ct=ct, other=ct)
    after = Looks(images=("ct",), looks=(Gamma(most=1.0),))(before, rng())
    assert after.scene is before.scene
    assert after.images["other"] is before.images["other"]
    seen = after.images["ct"]
    assert (seen.unit, seen.grid) == ("HU", before.scene.grid)
    assert (seen.array.min(), seen.array.max()) == (pytest.approx(-1000), pytest.approx(400))
    assert np.abs(seen.array - ct).max() > 20
    everything = Looks(looks=(Gamma(most=1.0),))(before, rng())
    assert not np.array_equal(everything.images["other"].array, ct)


def test_looks_on_an_image_that_is_not_there_say_which_are():
    with pytest.raises(RecipeError, match="Looks: there is no image 'cd'; choose from: ct"):
        Looks(images=("cd",))(sample(ct=np.zeros((10, 8, 6), np.float32)), rng())


def test_a_random_contrast_gives_every_structure_a_grey_of_its_own_and_both_sides_one():
    seen = {}
    for index in range(20):
        after = RandomContrast(name="grey", most=0.01)(sample(), rng(index))
        array, labels = after.images["grey"].array, after.scene.labels
        means = {int(id): float(array[labels == id].mean()) for id in np.unique(labels)}
        assert all(array[labels == id].std() <= 0.012 for id in means)
        left, right = means[structure("hippocampus_left").id], means[structure("hippocampus_right").id]
        assert left == pytest.approx(right, abs=0.01)
        seen[index] = left
    assert np.ptp(list(seen.values())) > 0.5


def test_a_contrast_of_a_name_that_is_taken_is_refused():
    with pytest.raises(RecipeError, match="an image is called 'ct' already; another 'name' would do"):
        RandomContrast(name="ct")(sample(ct=np.zeros((10, 8, 6), np.float32)), rng())


def test_a_recipe_of_training_and_one_of_generation_build_the_same_looks():
    from pipelines.build import build
    from pipelines.learn.kinds import Augmentation
    from simdata import Finish

    tree = {"kind": "pipelines.learn.augment.gamma.Gamma", "most": 0.3}
    assert build(tree, Augmentation, "augment[0]") == Gamma(most=0.3)
    finish = build({"kind": "pipelines.augment.looks.Looks", "looks": [tree]}, Finish, "finish[0]")
    assert finish == Looks(looks=(Gamma(most=0.3),))


def test_the_guide_runs_as_it_is_written(tmp_path):
    from test_docs import blocks, python

    from pipelines.make import make
    from pipelines.recipe import load

    (_, recipe), (kind, text) = blocks("docs/augmentation.md")
    (tmp_path / "recipe.yaml").write_text(recipe)
    drawn = load(tmp_path / "recipe.yaml")
    made = make(drawn.draw(1), drawn.seed, 1)
    assert set(made.images) == {"t1", "any_contrast"}
    assert kind == "python"
    python(["-c", text], Path(__file__).parent.parent)
