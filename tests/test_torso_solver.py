"""Organs get their volumes in few rounds, and what is kept from round to round is what would be made anew."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from phantoms.anatomy.body import Body
from phantoms.anatomy.person import draw_person
from phantoms.anatomy.proportions import WAVE_MM, WAVELENGTH_MM, WAVES, warp
from phantoms.anatomy.proportions import _waves as waved
from phantoms.anatomy.regions import frame, layers_to_weigh, upper
from phantoms.anatomy.solver import Aim, Organ, solve
from phantoms.anatomy.workshop import Workshop
from phantoms.solids import Ellipsoid, Layer, draw, waves
from phantoms.solids.raster import straight
from phantoms.solids.tape import Writer, tape
from simdata import Grid, Streams, Subject

MAN = Subject(sex="male", age_y=40.0, height_cm=176.0, weight_kg=73.0)
LIVER, SPLEEN = Organ("liver", ("liver",), soft_mm=12.0), Organ("spleen", ("spleen",), soft_mm=12.0)
FIELD = Grid.regular((60, 50, 50), 4.0)


def two_balls(body: Body):
    """A liver with a spleen beside it, which takes a bite of the liver."""
    liver = Ellipsoid((25, 0, 0), (50, 45, 40)).grown(body.grown("liver"))
    spleen = Ellipsoid((-35, 5, 0), (30, 25, 35)).grown(body.grown("spleen"))
    return [Layer(spleen, "spleen"), Layer(liver, "liver"), Layer(Ellipsoid((0, 0, 0), (110, 95, 95)), "skin")]


def volumes_ml(layers, grid):
    labels = draw(layers, grid).labels
    return {
        layer.structure: (labels == draw([layer], grid).labels.max()).sum() * grid.voxel_mm3 / 1e3 for layer in layers
    }


@pytest.mark.parametrize("pulls", [{}, {("liver", "spleen"): -0.3}, {("spleen", "liver"): 0.5}])
def test_volumes_are_met_whatever_is_thought_of_the_neighbours(pulls):
    wanted = {LIVER: 520.0, SPLEEN: 210.0}
    built = []

    def build(body):
        built.append(body)
        return tape(two_balls(body))

    body, found = solve(Body(), Aim(wanted, build, straight(), FIELD, pulls))
    drawn = volumes_ml(two_balls(body), Grid.regular((200, 160, 160), 1.25))
    for organ, ml in wanted.items():
        assert found[organ] == pytest.approx(ml, rel=0.005)
        assert drawn[organ.knob] == pytest.approx(ml, rel=0.01)
    assert len(built) <= 9


@pytest.mark.parametrize("pulls", [{}, {("liver", "spleen"): -0.5}])
def test_an_organ_that_cannot_grow_leaves_the_others_right(pulls):
    def build(body):
        spleen, liver, skin = two_balls(body)
        return tape([replace(spleen, solid=Ellipsoid((-35, 5, 0), (30, 25, 35)) & spleen.solid), liver, skin])

    _, found = solve(Body(), Aim({LIVER: 520.0, SPLEEN: 210.0}, build, straight(), FIELD, pulls))
    assert found[SPLEEN] < 120
    assert found[LIVER] == pytest.approx(520.0, rel=0.005)


def test_a_piece_is_made_again_only_if_what_it_read_has_changed():
    made = []

    def ball(body, centre):
        made.append(body)
        return Ellipsoid(centre, (body.latent("size_mm"), 10.0, 10.0 + body.grown("liver")))

    shop, middle = Workshop(), (0.0, 0.0, 0.0)
    body = Body(latents=MappingProxyType({"size_mm": 5.0, "other_mm": 1.0}))
    first = shop.piece(ball, body, middle)
    assert shop.piece(ball, replace(body, grow_mm={"spleen": 3.0}), middle) is first
    assert shop.piece(ball, replace(body, latents={"size_mm": 5.0, "other_mm": 2.0}), middle) is first
    assert len(made) == 1
    grown = shop.piece(ball, replace(body, grow_mm={"liver": 3.0}), middle)
    assert grown is not first
    assert shop.piece(ball, replace(body, latents={"size_mm": 6.0}), middle).radii[0] == 6.0
    assert shop.piece(ball, body, (1.0, 0.0, 0.0)).centre == (1.0, 0.0, 0.0)
    assert len(made) == 4


def test_a_writer_writes_what_it_would_write_anew(rng):
    bumps = waves(3.0, (25, 60), rng)
    stacks = [
        [Layer(layer.solid + bumps, layer.structure) for layer in two_balls(Body(grow_mm={"liver": mm}))]
        for mm in (0, 5)
    ]
    stacks.append([*stacks[0][:1], *stacks[1][1:]])
    writer = Writer()
    for stack in stacks:
        mine, fresh = writer.tape(stack).program, tape(stack).program
        assert len(mine.nodes) == len(fresh.nodes)
        assert draw(writer.tape(stack), FIELD).labels.tobytes() == draw(stack, FIELD).labels.tobytes()


def test_a_solid_is_written_once():
    writer, stack = Writer(), two_balls(Body())
    writer.tape(stack)
    before = writer.nodes.count, writer.numbers.count
    writer.tape(stack[::-1])
    assert (writer.nodes.count, writer.numbers.count) == before


def test_a_body_made_from_kept_pieces_is_the_one_made_anew():
    """Were a piece kept that reads an organ's size, the organ would stay as it was."""
    subject = replace(MAN, age_y=70.0)
    body, made = draw_person(subject, Streams(7), 0.5, frozenset())
    space, grid = warp(body, made), Grid.regular((56, 44, 80), 7.0, (0.0, 0.0, -60.0))
    kept = frame(body)
    sizes = [
        {"liver": 20.0, "spleen": 5.0, "kidney_left": 2.0},
        {"liver": 20.0, "spleen": 5.0, "kidney_right": 4.0, "colon": 3.0, "lungs": 12.0, "heart": 4.0},
        {"stomach": 8.0, "pancreas": 3.0, "urinary_bladder": 6.0, "lungs": 12.0, "thymus": 5.0, "gallbladder": 6.0},
        {"small_bowel": 4.0, "prostate": 5.0, "thyroid_gland": 3.0, "adrenal_gland_right": 2.0, "lungs": -10.0},
    ]
    for grow_mm in sizes:
        sized = replace(body, grow_mm=grow_mm)
        stack = layers_to_weigh(sized, kept, upper(sized, kept))
        fresh = frame(body)
        anew = layers_to_weigh(sized, fresh, upper(sized, fresh))
        assert draw(stack, grid, space).labels.tobytes() == draw(anew, grid, space).labels.tobytes()


def test_a_wave_is_the_product_of_one_factor_for_each_axis(rng):
    z = np.linspace(-100.0, 90.0, 6)
    x, y = np.linspace(-80, 70, 5)[:, None] / (1 + z / 500), np.linspace(-50, 60, 4)[:, None] * (1 + z / 700)
    moved = waved(x, y, z, Streams(3)["warp"].generator)
    dice, place = Streams(3)["warp"].generator, np.stack(np.broadcast_arrays(x[:, None], y[None], z), axis=-1)
    for component in range(3):
        way = dice.normal(size=(WAVES, 3))
        k = 2 * np.pi / dice.uniform(*WAVELENGTH_MM, (WAVES, 1)) * way / np.linalg.norm(way, axis=1, keepdims=True)
        plain = np.sin(place @ k.T + dice.uniform(0, 2 * np.pi, (WAVES, 1))[:, 0]).sum(axis=-1)
        assert moved[..., component] == pytest.approx(WAVE_MM * np.sqrt(2 / WAVES) * plain, abs=1e-4)
