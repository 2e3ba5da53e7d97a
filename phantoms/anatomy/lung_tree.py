"""Inside the lungs: the segmental bronchi, the arteries that go with them, and the veins that run between them.

Eleven or twelve segments or large subsegments a side, so that the twigs come near the pleura everywhere. Every
segmental bronchus forks again and again; calibres shrink by the cube root of two (Murray; Weibel 1963: generations 3 to
7). An artery lies beside its bronchus and is a little wider, and goes on where the bronchus can no longer be seen.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.anatomy.airways import BRONCHI, ridden
from phantoms.anatomy.body import Body
from phantoms.anatomy.heart import Heart
from phantoms.solids import Layer, Solid, Tube, tube, union

# lobe: where its bronchus forks, the artery's way into it, the vein's mouth at the hilum, and the tips of its segments
LOBES = {
    "upper_lobe_right": (
        "upper_right",
        ((30, -13, 85), (38, -13, 90), (44, -16, 97)),
        ((31, -13, 53), (40, -8, 66), (46, -4, 76)),
        ((44, -30, 180), (80, -84, 124), (112, -18, 108), (70, 50, 102)),
    ),
    "middle_lobe": (
        "middle_right",
        ((48, -24, 66), (53, -12, 58)),
        ((31, -13, 53), (42, -2, 50)),
        ((112, 30, 34), (56, 78, 14)),
    ),
    "lower_lobe_right": (
        "lower_right",
        ((30, -13, 83), (44, -19, 77), (50, -27, 64), (53, -36, 50)),
        ((29, -23, 30), (42, -30, 33)),
        ((62, -100, 88), (44, -34, -10), (98, 20, -12), (118, -34, -44), (104, -72, 22), (62, -100, -56)),
    ),
    "upper_lobe_left": (
        "upper_left",
        ((-30, -12, 93), (-45, -22, 93), (-52, -20, 90)),
        ((-38, -15, 57), (-46, -8, 66), (-50, -4, 74)),
        ((-46, -32, 178), (-84, -74, 122), (-72, 52, 102), (-112, -6, 86), (-114, 30, 40), (-86, 62, 4)),
    ),
    "lower_lobe_left": (
        "lower_left",
        ((-45, -26, 91), (-54, -35, 76), (-56, -42, 58), (-56, -46, 48)),
        ((-38, -24, 31), (-46, -32, 34)),
        ((-62, -100, 88), (-90, -4, -10), (-116, -40, -38), (-102, -72, 26), (-60, -98, -60)),
    ),
}  # fmt: skip
ARTERY_MM = {"upper_lobe_right": (6.2, 4.2), "middle_lobe": (3.4, 2.8), "lower_lobe_right": (8.5, 4.6),
             "upper_lobe_left": (6.0, 4.2), "lower_lobe_left": (8.2, 4.6)}  # fmt: skip
VEIN_MM = {"upper_lobe_right": (6.0, 4.4), "middle_lobe": (4.0, 3.0), "lower_lobe_right": (6.6, 4.6),
           "upper_lobe_left": (6.2, 4.4), "lower_lobe_left": (6.6, 4.6)}  # fmt: skip
BRONCHUS_MM, SEGMENT_ARTERY_MM, SEGMENT_VEIN_MM = 2.5, 3.0, 3.0
BRONCHUS_WALL_MM = 0.9
FORKS_BRONCHUS, FORKS_VESSEL = 2, 4
FORK_DEG = (38.0, 9.0)
# how far a branch of each generation reaches, as a share of the way from its segment's root to its tip
REACH = (0.35, 0.26, 0.21, 0.17, 0.14)
BESIDE_MM = 1.5


@dataclass(frozen=True)
class Branch:
    """A straight piece of a tree: ends, mm, how thick its start is as a share of the segment's, and its generation."""

    start: Float[ndarray, "3"]
    end: Float[ndarray, "3"]
    size: float
    generation: int


def layers(body: Body, heart: Heart, room: Solid) -> list[Layer]:
    """Bronchi, arteries and veins of every lobe, cut to `room`: what of the chest they may fill."""
    lumina, walls, vessels = [], [], []
    for lobe in LOBES:
        airway, artery, vein = trees(body, heart, lobe)
        lumina.append(Layer(airway & room, f"lung_airway_{lobe}"))
        walls.append(Layer(airway.grown(BRONCHUS_WALL_MM) & room, f"lung_airway_{lobe}", "connective"))
        vessels += [Layer(artery & room, f"lung_artery_{lobe}"), Layer(vein & room, f"lung_vein_{lobe}")]
    return [*lumina, *walls, *vessels]


def trees(body: Body, heart: Heart, lobe: str) -> tuple[Solid, Solid, Solid]:
    """Bronchi, arteries and veins of one lobe."""
    bronchus, artery_in, vein_out, tips = LOBES[lobe]
    dice, size = body.dice(f"lung_{lobe}"), body.latent("vessel_size", 1.0)
    root = ridden(body, [BRONCHI[bronchus][0][-1]])[0]
    ends = ridden(body, tips) + dice.normal(0, 4.0, (len(tips), 3))
    artery_way = ridden(body, artery_in)
    vein_way = np.concatenate([[heart.place(*vein_out[0])], ridden(body, vein_out[1:])])
    between = ends + 0.5 * (np.roll(ends, 1, axis=0) - ends)

    airway, arteries, veins = [], [], []
    for tip in ends:
        branches = grow(root, tip, FORKS_VESSEL, dice)
        airway += [_piece(b, BRONCHUS_MM * size) for b in branches if b.generation <= FORKS_BRONCHUS]
        near = artery_way[np.argmin(np.linalg.norm(artery_way - (root + 0.2 * (tip - root)), axis=1))]
        shift = _beside(root, tip)
        stem = branches[0]
        arteries += [_piece(Branch(near, stem.end + shift, 1.0, 0), SEGMENT_ARTERY_MM * size)]
        arteries += [
            _piece(Branch(b.start + shift, b.end + shift, b.size, 1), SEGMENT_ARTERY_MM * size) for b in branches[1:]
        ]
    for tip in between:
        veins += [_piece(b, SEGMENT_VEIN_MM * size) for b in grow(vein_way[-1], tip, FORKS_VESSEL, dice)]
    ways = ((artery_way, ARTERY_MM[lobe]), (vein_way, VEIN_MM[lobe]))
    trunk_artery, trunk_vein = (tube(way, size * np.linspace(*radii, len(way)), 5.0) for way, radii in ways)
    return _joined(airway), union(trunk_artery, _joined(arteries)), union(trunk_vein, _joined(veins))


def grow(root, tip, forks: int, rng: Generator) -> list[Branch]:
    """A stem from `root` towards `tip` that forks `forks` times, every fork across the one before."""
    way = np.asarray(tip, float) - root
    length = np.linalg.norm(way)
    ahead = way / length
    across = np.cross(ahead, rng.normal(0, 1, 3))
    across /= np.linalg.norm(across)
    stem = Branch(np.asarray(root, float), root + REACH[0] * way, 1.0, 0)
    tree, last = [stem], [(stem, ahead, across)]
    for generation in range(1, forks + 1):
        new = []
        for mother, direction, side in last:
            for sign in (-1, 1):
                turn = np.radians(rng.normal(*FORK_DEG))
                heading = np.cos(turn) * direction + sign * np.sin(turn) * side
                heading = heading + 0.25 * ahead
                heading /= np.linalg.norm(heading)
                end = mother.end + heading * REACH[generation] * length * rng.uniform(0.8, 1.2)
                child = Branch(mother.end, end, 2 ** (-generation / 3), generation)
                new.append((child, heading, np.cross(heading, side) / np.linalg.norm(np.cross(heading, side))))
        tree += [child for child, _, _ in new]
        last = new
    return tree


def _piece(branch: Branch, radius_mm: float) -> tuple[ndarray, ndarray, float, float]:
    """Ends and radii; a branch thins towards the size of its daughters."""
    return branch.start, branch.end, radius_mm * branch.size, radius_mm * branch.size * 0.86


def _joined(pieces) -> Tube:
    starts, ends, first, last = (np.array(column, float) for column in zip(*pieces, strict=True))
    return Tube(starts, ends, np.stack([first, last], axis=1), np.zeros_like(starts))


def _beside(root, tip) -> Float[ndarray, "3"]:
    """From a bronchus to the artery beside it: upwards and outwards."""
    ahead = (tip - root) / np.linalg.norm(tip - root)
    out = np.array([0.5 * np.sign(tip[0]), 0.0, 1.0])
    out -= ahead * (ahead @ out)
    return out / np.linalg.norm(out) * (BRONCHUS_MM + SEGMENT_ARTERY_MM + BESIDE_MM) * 0.9


def preview():
    """The trees of both lungs with the heart."""
    from phantoms.anatomy import airways, heart
    from phantoms.anatomy.vertebrae import vertebrae
    from phantoms.solids import Ellipsoid

    body = Body()
    made = heart.heart(body)
    room = Ellipsoid((0, -10, 60), (160, 130, 140))
    tubes = airways.layers(body, airways.airways(body, vertebrae(body)))
    return [*tubes, *heart.layers(made), *layers(body, made, room)], (0, -10, 60), (260, 200, 240), 1.5
