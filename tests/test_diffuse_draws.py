"""What a model draws: what it is told, the looks of a simulated image, a lesion; the truth stays as it was."""

from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch
from diffusing import EDGE, GREYS, discs, many, one_thread, read, recipe, write_discs  # noqa: F401
from scipy.ndimage import binary_dilation, binary_erosion, center_of_mass, uniform_filter

from pipelines.build import build, describe
from pipelines.diffuse.draw import Hand, untold
from pipelines.diffuse.inpaint import Inpaint
from pipelines.diffuse.model import load
from pipelines.diffuse.recipe import diffusion
from pipelines.diffuse.samplers import DDIM, PNDM
from pipelines.diffuse.shown import shown
from pipelines.diffuse.synthesise import Synthesise
from pipelines.diffuse.train import train
from pipelines.diffuse.translate import Translate
from pipelines.learn.intensity import Percentiles
from pipelines.learn.truths.structures import StructureTruth
from simdata import Finish, Grid, Image, Sample, Scene, Streams, structure
from simdata.errors import RecipeError, SceneError

NAMES = ("liver", "spleen", "stomach")
TRUTH = StructureTruth(classes=tuple((name,) for name in NAMES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a model that has learnt its labels, in half a minute."""
    out = tmp_path_factory.mktemp("taught")
    train(diffusion(recipe(write_discs(out / "discs"))), out / "model")
    return str(out / "model")


@pytest.fixture(scope="module")
def taught(folder):
    return load(folder)


def rng(number=0):
    return Streams(3, number).generator


def sample(greys, seed=21, kind=np.float32):
    """Discs as organs on a slice, drawn with other greys and no noise at all."""
    label = discs(Streams(seed).generator)
    names = [structure(name) for name in NAMES]
    ids = np.array([0, *(one.id for one in names)], np.uint16)
    lying = np.ascontiguousarray(label[::-1].T)[..., None]
    grid = Grid(lying.shape, np.eye(4))
    scene = Scene(grid, ids[lying])
    image = Image(np.array(greys)[lying].astype(kind), "a.u.", grid)
    return label, Sample(0, 1, MappingProxyType({"camera": image}), scene, {}, {}, {})


def as_seen(image):
    return np.asarray(image.array, np.float32)[..., 0].T[::-1][None, None] / 255


def test_a_model_draws_the_labels_it_is_told(taught):
    labels = many(8, seed=8)
    drawn = Hand(model=taught).synthesise(labels, rng())
    told = (read(drawn) == labels).mean()
    untaught = (read(rng().random((8, 1, EDGE, EDGE))) == labels).mean()
    assert untaught < 0.4
    assert told > 0.9
    other = Hand(model=taught).synthesise(labels, rng(1))
    assert abs(other - drawn).max() > 0.05, "each time another image of the same labels"


def test_nothing_told_is_still_an_image_of_the_kind(taught):
    drawn = Hand(model=taught).synthesise(untold(6, (EDGE, EDGE)), rng())
    smooth = uniform_filter(drawn[:, 0], (0, 3, 3)).std(axis=(1, 2)) / drawn[:, 0].std(axis=(1, 2))
    assert smooth.mean() > 0.6, "of noise it is a third"
    assert len({image.tobytes() for image in (read(drawn) > 0)}) == 6


def test_all_samplers_of_a_model_draw_the_same_labels(taught):
    labels = many(1, seed=9)
    for sampler in (DDIM(steps=10), PNDM(steps=20)):
        assert (read(Hand(model=taught, sampler=sampler).synthesise(labels, rng())) == labels).mean() > 0.85, sampler


def test_guidance_insists_on_the_labels(taught):
    labels = many(4, seed=10)
    far = [
        abs(255 * Hand(model=taught, guidance=by).synthesise(labels, rng())[:, 0][labels == 3].mean() - 240)
        for by in (0.2, 1.0)
    ]
    assert far[1] < far[0]


def test_windows_make_images_larger_than_a_patch_without_seams(taught):
    label = np.zeros((1, 70, 50), np.uint8)
    label[0, 20:44, 10:40] = 3
    drawn = Hand(model=taught).synthesise(label, rng())
    assert drawn.shape == (1, 1, 70, 50)
    assert (read(drawn) == label).mean() > 0.85


def test_translate_gives_the_looks_and_leaves_what_is_shown(taught, folder):
    label, plain = sample((60, 90, 130, 215))
    before = plain.images["camera"].array.copy()
    part = Translate(model=folder, level=0.8, truth=TRUTH, name="real")
    done = part(plain, rng())
    seen = as_seen(done.images["real"])
    assert (read(seen) == label[None]).mean() > 0.9, "grey levels are those that the model has learnt"
    assert (read(as_seen(plain.images["camera"])) == label[None]).mean() < 0.9
    assert np.median(abs(255 * seen[0, 0] - 40)[label == 0]) > 2, "and their noise"
    assert done.scene is plain.scene
    assert np.array_equal(plain.images["camera"].array, before)
    assert done.images["real"].grid == plain.images["camera"].grid
    assert "looks by diffusion up to level 0.8, weights sha256" in done.images["real"].notes[-1]
    again = part(plain, rng())
    assert np.array_equal(again.images["real"].array, done.images["real"].array)
    assert build(describe(part), Finish, "finish") == part


def test_a_finish_takes_one_thread_and_its_bytes_do_not_follow_threads(folder, monkeypatch):
    _, plain = sample((60, 90, 130, 215))
    part, before = Translate(model=folder, level=0.2, truth=TRUTH), torch.get_num_threads()
    alone = part(plain, rng()).images["translate"].array
    torch.set_num_threads(2)
    try:
        among = part(plain, rng()).images["translate"].array
        assert torch.get_num_threads() == 2, "as it was"
        monkeypatch.setattr(Hand, "translate", lambda *asked: told.append(torch.get_num_threads()) or asked[1])
        told = []
        part(plain, rng())
    finally:
        torch.set_num_threads(before)
    assert told == [1]
    assert np.array_equal(alone, among)


def test_what_is_kept_of_the_truth_stays_as_it_was_simulated(folder):
    label, plain = sample((60, 90, 130, 255))
    keep = StructureTruth(classes=(("stomach",),))
    done = Translate(model=folder, level=0.8, truth=TRUTH, keep=keep)(plain, rng())
    seen, before = (as_seen(image)[0, 0] for image in (done.images["translate"], plain.images["camera"]))
    assert np.allclose(seen[label == 3], before[label == 3], atol=1e-4)
    assert abs(seen - before)[label == 0].mean() > 0.03


def test_a_low_level_keeps_the_image_and_its_type(taught, folder):
    _, plain = sample(GREYS, kind=np.uint8)
    done = Translate(model=folder, level=0.02, truth=TRUTH, name="camera")(plain, rng())
    array = done.images["camera"].array
    assert array.dtype == np.uint8
    assert abs(array.astype(int) - plain.images["camera"].array).mean() < 12
    assert list(done.images) == ["camera"], "an image may take its own place"


def test_synthesise_draws_the_truth_and_sees_no_pixel(taught, folder):
    label, plain = sample(GREYS)
    done = Synthesise(model=folder, truth=TRUTH, name="made", guidance=1.5)(plain, rng())
    assert (read(as_seen(done.images["made"])) == label[None]).mean() > 0.85
    _, other = sample(GREYS[::-1])
    assert np.ptp(Synthesise(model=folder, truth=TRUTH)(other, rng()).images["synthesise"].array) > 100


def test_inpaint_draws_within_its_mask_alone(taught, folder):
    label, plain = sample((40, 110, 170, 100))
    done = Inpaint(model=folder, truth=TRUTH, classes=("bright",), margin_px=1, name="drawn")(plain, rng())
    seen, before = as_seen(done.images["drawn"])[0, 0], as_seen(plain.images["camera"])[0, 0]
    core = binary_erosion(label == 3)
    assert (read(seen[None, None])[0] == 3)[core].mean() > 0.85
    changed = seen != before
    assert not changed[~binary_dilation(label == 3)].any(), "all else stays to the bit"
    nothing = Inpaint(model=folder, truth=StructureTruth(classes=(("liver",), ("spleen",), ("colon",))),
                      classes=("bright",))(plain, rng())  # fmt: skip
    assert np.array_equal(nothing.images["inpaint"].array, plain.images["camera"].array)


def test_a_lesion_lies_where_it_is_wished_and_is_as_large(taught):
    """Discs of a wished place and size on an empty ground: they are measured in what was drawn."""
    rows, columns = np.indices((EDGE, EDGE))
    wished = [(10.0, 12.0, 4.0), (16.0, 20.0, 5.0), (20.0, 10.0, 6.0)]
    labels = np.stack([(3 * ((rows - y) ** 2 + (columns - x) ** 2 <= r**2)).astype(np.uint8) for y, x, r in wished])
    ground = np.clip((40 + rng().normal(0, 12, (3, 1, EDGE, EDGE))) / 255, 0, 1).astype(np.float32)
    drawn = Hand(model=taught).inpaint(ground, labels, labels > 0, rng(), again=2)
    for (y, x, r), found in zip(wished, read(drawn) >= 2, strict=True):
        assert np.hypot(*np.subtract(center_of_mass(found), (y, x))) < 1.0
        assert abs(np.sqrt(found.sum() / np.pi) - r) < 0.15 * r


@pytest.mark.parametrize(("channels", "shape"), [(1, (6, 5, 4)), (3, (7, 9, 1)), (2, (4, 5, 6))])
@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int16])
def test_what_a_model_sees_goes_back_to_where_it_came_from(channels, shape, kind):
    """A volume that lies askew, a photograph, two channels: some pixels are drawn anew, the others stay to the bit."""
    affine = np.array([[0, -2.0, 0, 1], [1, 0, 0, 2], [0, 0, -3, 3], [0, 0, 0, 1]])
    array = rng().integers(0, 200, (channels, *shape)).astype(kind)
    image = Image(array if channels > 1 else array[0], "a.u.", Grid(shape, affine))
    model = SimpleNamespace(channels=channels, recipe=SimpleNamespace(intensity=Percentiles(low=0, high=100)))
    seen = shown(model, image, "here")
    assert (seen.pixels.min(), seen.pixels.max()) == (0, 1)
    assert np.allclose(seen.drawn(seen.pixels, "").array, image.array, atol=1e-4)
    where = np.zeros(seen.pixels.shape[1:], bool)
    where[1, 2] = True
    anew = seen.drawn(1 - seen.pixels, "anew", where)
    changed = anew.array != image.array
    assert 0 < changed.sum() <= channels * where.sum()
    assert np.allclose(shown(model, anew, "here").pixels[:, ~where], seen.pixels[:, ~where], atol=1e-5)
    assert (anew.notes, anew.array.dtype) == (("anew",), kind)


@pytest.mark.parametrize(
    ("part", "error", "said"),
    [
        ({"level": 0.5}, RecipeError, "translate: the model is told where dim, grey, bright lie; a 'truth' that says"),
        ({"truth": TRUTH, "image": "kamera"}, Exception, "no image is called 'kamera'; did you mean 'camera'"),
        ({"truth": StructureTruth(classes=(("liver",),))}, RecipeError, "found values of 1 classes, where 3 are"),
        ({"truth": TRUTH, "facts": {"age": 5.0}}, RecipeError, "facts: the model is told nothing of 'age'"),
        ({"truth": TRUTH, "sampler": PNDM()}, RecipeError, "PNDM: asked to begin at a level of 0.3; DDIM would do"),
    ],
)
def test_a_part_that_does_not_fit_its_model_says_so(folder, part, error, said):
    with pytest.raises(error) as found:
        Translate(model=folder, **part)(sample(GREYS)[1], rng())
    assert said in str(found.value)


def test_a_sample_that_does_not_fit_a_model_says_so(folder, tmp_path):
    with pytest.raises(RecipeError, match=r"there is no folder '.*nowhere'; one that 'simdata diffuse train' made"):
        Translate(model=str(tmp_path / "nowhere"))
    with pytest.raises(SceneError, match="found an image of one grey level"):
        Translate(model=folder, truth=TRUTH)(sample((0, 0, 0, 0))[1], rng())
    with pytest.raises(RecipeError, match="the model knows no 'brite'; did you mean 'bright'"):
        Inpaint(model=folder, truth=TRUTH, classes=("brite",))(sample(GREYS)[1], rng())
    plain = sample(GREYS)[1]
    two = replace(plain, images=MappingProxyType({**plain.images, "other": plain.images["camera"]}))
    with pytest.raises(RecipeError, match="an image is called 'other' already"):
        Translate(model=folder, truth=TRUTH, image="camera", name="other")(two, rng())
