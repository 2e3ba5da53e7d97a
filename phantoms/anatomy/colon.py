"""The colon from the caecum to the anus: three rows of haustra between its bands, stool, and gas at the front.

Each haustrum is three short lobes around the middle line; the bands (taeniae) run in the grooves between the rows, and
where two haustra meet a fold stands into the lumen. Outer volume as ICRP 145, man: wall 437 and 39 (rectum), contents
289 mL; the undisturbed colon on MR holds 560 mL (Pritchard, Neurogastroenterol Motil 2014;26:124; from memory).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import CubicSpline

from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Layer, Plane, Solid, tube, union, waves
from phantoms.solids.leaves import Tube
from simdata import Subject

WALL_MM = 2.0
# x, y, z, radius, depth of the haustra (1: deep, 0: none)
COURSE = {
    "caecum": ((66, 30, -298, 14, 0.7), (73, 27, -287, 27, 0.8), (81, 18, -266, 28, 1)),
    "ascending_colon": ((89, 5, -240, 25.5, 1), (94, -2, -208, 23.5, 1), (92, -1, -185, 22, 1)),
    "transverse_colon": (
        (83, 20, -170, 21, 1),
        (68, 45, -170, 20, 1),
        (42, 64, -178, 19.5, 1),
        (2, 71, -186, 19, 1),
        (-38, 66, -162, 18.5, 1),
        (-70, 42, -120, 18, 0.9),
        (-88, 10, -96, 17, 0.9),
    ),
    "descending_colon": (
        (-94, -14, -94, 16.5, 0.8),
        (-102, -23, -118, 15, 0.6),
        (-104, -22, -155, 14, 0.5),
        (-104, -18, -205, 13.5, 0.5),
        (-102, -9, -250, 13.5, 0.5),
    ),
    "sigmoid_colon": (
        (-96, 4, -286, 13.5, 0.6),
        (-78, 18, -312, 14, 0.7),
        (-46, 14, -328, 14.5, 0.7),
        (-12, 20, -318, 14.5, 0.7),
        (22, 14, -312, 14.5, 0.7),
        (34, -10, -316, 14.5, 0.6),
        (16, -32, -324, 14.5, 0.4),
    ),
    "rectum": (
        (0, -43, -336, 14.5, 0.2),
        (5, -47, -354, 16, 0.15),
        (-4, -43, -374, 17.5, 0.15),
        (1, -35, -393, 15.5, 0.1),
        (0, -29, -408, 11, 0),
    ),
    "anal_canal": ((0, -35, -422, 10, 0), (0, -44, -436, 10, 0), (0, -52, -450, 10, 0)),
}
# standard deviations from person to person, mm: all knots, how low the transverse colon hangs, how the sigmoid lies
KNOT_SD_MM, SAG_SD_MM, SIGMOID_SD_MM = 2.5, 16.0, 10.0
CALIBRE_SD = 0.12
GIVES_WAY, GIVES_WAY_MM = 0.6, (-30.0, 60.0)
"""The share of a large liver's growth by which its right half is lower, and the growths that it follows."""
LIFTS, LIFTED_MM = 2.0, 55.0
"""How far a full bladder lifts the sigmoid, per mm that its surface stands out, and at most."""
RIDES, RIDES_FROM_MM = 0.65, (-215.0, -125.0)
"""The share of the diaphragm's movement that the left flexure follows, and the heights from which on it does."""
FINE_MM = 1.0
PITCH, LOBE, OUT, CORE, LONG = 1.3, 0.68, 0.42, 0.62, 0.14
"""In radii: distance of haustra, radius of a lobe, how far out it stands, the tube within, half the lobe's length."""
STRETCH_MM = 85.0
PELVIC, PELVIC_MM = ("rectum", "anal_canal"), (-5.0, 3.0)
"""What is no wider or narrower than this when the rest of the colon is: it has its place between other organs."""
# how likely a stretch holds gas; where its level lies, in radii before the middle; bubbles in stool: distance, mm, how
# rare they are (standard deviations), share of stretches that have them
GASEOUS = {
    "caecum": 0.7,
    "ascending_colon": 0.4,
    "transverse_colon": 0.75,
    "descending_colon": 0.2,
    "sigmoid_colon": 0.4,
    "rectum": 0.35,
}
GAS_LEVEL = (-0.25, 0.75)
MOTTLE_MM, MOTTLE_FROM_MM, MOTTLED = (5.0, 13.0), (1.5, 2.4), 0.6
ILEOCAECAL_MM = (58, 22, -262)
# the appendix hangs from the caecum: its knots from the base on, in the pelvis or behind the caecum
APPENDIX_MM = {
    "pelvic": ((62, 16, -290), (50, 8, -296), (44, 0, -308), (47, -4, -322), (41, -2, -336)),
    "retrocaecal": ((66, 12, -290), (78, 0, -286), (84, -8, -270), (80, -14, -252), (86, -12, -238)),
    "behind_the_ileum": ((60, 16, -288), (46, 14, -282), (36, 6, -276), (38, -2, -264), (30, -2, -256)),
}
APPENDIX_SHARE = (0.4, 0.42, 0.18)
APPENDIX_R_MM = (4.0, 3.3, 3.1, 3.1, 2.6)


@dataclass(frozen=True, eq=False)
class Stretch:
    """A piece of colon with its own filling. name: structure of its wall. outer: its surface.

    middle_mm, radius_mm: place along the way up, and radius, of its uppermost part, where gas collects.
    """

    name: str
    outer: Solid
    middle_mm: float
    radius_mm: float


@dataclass(frozen=True, eq=False)
class Colon:
    """stretches: from the caecum down. outer: all of it. middle: (n, 4) x, y, z and radius, mm."""

    stretches: tuple[Stretch, ...]
    appendix: Solid
    outer: Solid
    middle: Float[ndarray, "n 4"]


def colon(body: Body) -> Colon:
    """The colon of one person, before neighbours press on it."""
    rng = body.dice("colon")
    points, names = course(rng, body.grown("liver"), body.latent("dome_mm"), body.grown("urinary_bladder"))
    along, grown = frames(points), body.grown("colon")
    stretches, cuts = [], _cuts(points, names)
    for a, b in pairwise(cuts):
        piece = points[a : b + 1]
        top = piece[np.argmax(piece[:, body.up])]
        name = names[(a + b) // 2]
        more = float(np.clip(grown, *PELVIC_MM)) if name in PELVIC else grown
        outer = haustra(points, along, a, b, rng).grown(more)
        stretches.append(Stretch(name, outer, float(top[body.up]), float(top[3] + more)))
    kind = list(APPENDIX_MM)[rng.choice(3, p=APPENDIX_SHARE)]
    worm = np.array(APPENDIX_MM[kind], float) + (points[0, :3] - COURSE["caecum"][0][:3])
    worm[1:] += rng.normal(0, 3, worm[1:].shape)
    appendix = tube(worm, APPENDIX_R_MM, 5.0)
    return Colon(tuple(stretches), appendix, union(*(s.outer for s in stretches), appendix), points[::8, :4])


def course(
    rng: Generator, liver_mm: float = 0.0, dome_mm: float = 0.0, bladder_mm: float = 0.0
) -> tuple[Float[ndarray, "n 5"], list[str]]:
    """x, y, z, radius and depth of the haustra every mm along the middle line, and the name of the part.

    liver_mm: how much farther down the liver reaches, to which the colon gives way. dome_mm: how much higher the
    diaphragm stands, with stomach, spleen and the flexure below them. bladder_mm: how much farther the bladder reaches,
    which lifts the sigmoid.
    """
    knots = np.array([row for rows in COURSE.values() for row in rows], float)
    parts = [name for name, rows in COURSE.items() for _ in rows]
    free = np.array([name not in ("rectum", "anal_canal") for name in parts])
    knots[:, :3] += rng.normal(0, KNOT_SD_MM, (len(knots), 3)) * np.where(free, 1, 0.4)[:, None]
    right = np.array([name == "transverse_colon" for name in parts]) * np.clip((knots[:, 0] + 75) / 75, 0, 1)
    knots[:, 2] -= GIVES_WAY * np.clip(liver_mm, *GIVES_WAY_MM) * right
    left = (knots[:, 0] < 0) * np.interp(knots[:, 2], RIDES_FROM_MM, (0, 1))
    knots[:, 2] += RIDES * dome_mm * left
    sag = np.clip(rng.normal(0, SAG_SD_MM), -24, 40) * np.exp(-(((knots[:, 0] + 4) / 52) ** 2))
    knots[:, 2] -= sag * [name == "transverse_colon" for name in parts]
    loop = np.array([name == "sigmoid_colon" for name in parts]) * np.clip((80 - np.abs(knots[:, 0])) / 40, 0, 1)
    knots[:, :3] += loop[:, None] * rng.normal(0, 1, 3) * (SIGMOID_SD_MM, 0.4 * SIGMOID_SD_MM, 0.5 * SIGMOID_SD_MM)
    knots[:, 2] += loop * np.clip(LIFTS * bladder_mm, 0, LIFTED_MM)
    knots[:, 3] *= np.exp(rng.normal(0, CALIBRE_SD, len(knots)) * np.where(free, 1, 0.3))

    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots[:, :3], axis=0), axis=1))])
    fine = np.arange(0, along[-1], FINE_MM)
    points = CubicSpline(along, knots)(fine)
    return points, [parts[n] for n in np.searchsorted((along[1:] + along[:-1]) / 2, fine)]


def haustra(
    points: Float[ndarray, "n 5"], along: Float[ndarray, "n 3 3"], first: int, last: int, rng: Generator
) -> Solid:
    """The colon between two places of its course: a tube that carries three rows of lobes. along: `frames`."""
    core = points[first : last + 1 : 5]
    smooth = core[:, 3] * (0.95 - (0.95 - CORE) * core[:, 4])
    starts, ends, radii = [], [], []
    at = float(first)
    while at < last:
        here = points[int(at)]
        if here[4] > 0.3:
            for row in range(3):
                n = int(np.clip(at + rng.normal(0, 0.16) * here[3], first, last))
                turn = 2 * np.pi * row / 3 + 0.2
                out = np.cos(turn) * along[n, 1] + np.sin(turn) * along[n, 2]
                size = here[3] * np.exp(rng.normal(0, 0.07))
                middle = points[n, :3] + OUT * size * out
                starts.append(middle - LONG * size * along[n, 0])
                ends.append(middle + LONG * size * along[n, 0])
                radii.append(size * (CORE + (LOBE - CORE) * here[4] ** 0.5))
        at += PITCH * here[3] * np.exp(rng.normal(0, 0.08))
    body = tube(core[:, :3], smooth)
    if not starts:
        return body
    return body | Tube(
        np.array(starts), np.array(ends), np.repeat(np.array(radii)[:, None], 2, 1), np.zeros((len(starts), 3))
    )


def frames(points: Float[ndarray, "n 5"]) -> Float[ndarray, "n 3 3"]:
    """At every place: the direction along, and two across that twist as little as they can."""
    along = np.gradient(points[:, :3], axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.empty_like(along)
    side = np.array([0.0, 1.0, 0.0])
    for n, t in enumerate(along):
        side = side - t * (side @ t)
        side /= np.linalg.norm(side)
        across[n] = side
    return np.stack([along, across, np.cross(along, across)], axis=1)


def layers(body: Body, room: Solid, bowel: Colon) -> list[Layer]:
    """Gas, mottled stool and walls. bowel: `colon`. room: the belly and pelvis less what presses on the colon.

    The anal canal passes through the floor of the room, and is closed.
    """
    rng = body.dice("stool")
    canal = union(*(stretch.outer for stretch in bowel.stretches if stretch.name == "anal_canal"))
    room = room | canal
    whole = bowel.outer & room
    lumen = whole.grown(-WALL_MM)
    mottle = waves(1.0, MOTTLE_MM, rng, 9)
    gas, stool, walls = [], [], []
    for stretch in bowel.stretches:
        inside = stretch.outer & lumen
        chance, level = rng.uniform(), rng.uniform(*GAS_LEVEL)
        if chance < GASEOUS.get(stretch.name, 0):
            gas.append(inside & body.above(stretch.middle_mm + level * stretch.radius_mm))
        if stretch.name != "anal_canal" and rng.uniform() < MOTTLED:
            stool.append(inside.grown(-1.5) & mottle.grown(-rng.uniform(*MOTTLE_FROM_MM)))
        walls.append(Layer(stretch.outer & room, stretch.name))
    return [
        Layer(bowel.appendix.grown(-1.8) & room, "colon_content"),
        *(Layer(solid, "colon_gas") for solid in (gas + stool)),
        Layer(lumen - bowel.appendix - canal, "colon_content"),
        *walls,
        Layer(bowel.appendix & room, "appendix"),
    ]


def _cuts(points: Float[ndarray, "n 5"], names: list[str]) -> list[int]:
    """Where a stretch ends: where the name changes, and every `STRETCH_MM` between."""
    cuts = [0, *(n for n in range(1, len(names)) if names[n] != names[n - 1]), len(points) - 1]
    fine = [np.linspace(a, b, max(1, round((b - a) * FINE_MM / STRETCH_MM)) + 1)[:-1] for a, b in pairwise(cuts)]
    return [int(n) for part in fine for n in part] + [len(points) - 1]


def preview():
    """The colon alone."""
    body = Body(Subject(sex="male"))
    room = trunk(body).cavity.grown(-2) & Plane((0, 0, -6), (0, 0, -1))
    return layers(body, room, colon(body)), (-5, 10, -260), (250, 180, 400), 2.0
