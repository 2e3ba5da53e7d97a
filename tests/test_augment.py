"""Changes of patches while a network learns: labels go along, looks leave them, batches mix, a stream replays all."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.learn.augment.affine import Affine
from pipelines.learn.augment.elastic import Elastic
from pipelines.learn.augment.flip import Flip
from pipelines.learn.augment.gamma import Gamma
from simdata import RecipeError, Streams

SHAPES = ((24, 32), (12, 16, 10))
GEOMETRY = (Flip(), Affine(), Affine(degrees=20, scale=0.3, stretch=0.1), Elastic(amplitude=0.03))
LOOKS = (Gamma(),)


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
