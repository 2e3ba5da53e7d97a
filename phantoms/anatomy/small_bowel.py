"""The small bowel: one tube of about four metres folded into the belly, so that its loops touch but do not cross.

A random path that visits every cell of a tilted lattice once, zone by zone from the flexure at the upper left to the
caecum at the lower right (a cycle that takes in its neighbours, then backbite moves: Mansfield 1982; Oberdorf,
Ferguson, Jacobsen and Kondev 2006), relaxed by its own stiffness and by repulsion. Outer volume as ICRP 145, man: wall
832, contents 337 mL. Loops of 20 mm, wall 2 mm, feathered folds in the jejunum and a smoother ileum, 3 to 4 m long in
life: from memory, to be checked.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from phantoms.anatomy import arteries, colon, duodenum, stomach, veins
from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Layer, Plane, Solid, Tube, tube, union
from simdata import Subject

WALL_MM = 2.0
VOLUME_ML = 1235.0
"""Before the neighbours press on it."""
LATTICE_MM, ZONES, JEJUNUM = 6200.0, 3, 0.42
"""Length if every cell were visited and nothing rounded; parts of the bowel; share of the jejunum."""
DOWN = (0.5, 0.0, -0.87)
"""The way that the bowel takes on the whole: down and to the right."""
LOW_MM, HIGH_MM, FIELD_MM = (-130.0, -56.0, -398.0), (131.0, 151.0, -110.0), 9.0
GAP_MM = 9.0
"""Distance of the middle line from what surrounds the room."""

# height, y of what lies before the spine: great vessels, then promontory and sacrum with the rectum and its fat, mm
BACK_Z_MM = (-410, -350, -320, -290, -262, -225, -186, -150, -100)
BACK_Y_MM = (-26, -30, -14, 2, 10, 16, 22, 18, 6)
# how far the back wall falls off beside the spine, over x
SHELF_MM, SHELF_WIDE_MM = 26.0, 34.0
# height of the mesentery of the transverse colon over x; behind y the jejunum reaches higher
CEILING_X_MM = (-110, -80, -40, 0, 40, 75, 110)
CEILING_Z_MM = (-140, -132, -150, -168, -160, -165, -190)
HIGHER_BEHIND_MM = 14.0
# centre and radii of what else is in the way: kidneys with their fat, head of the pancreas, bladder, pelvic floor
ELLIPSOIDS = (
    ((61, -36, -142), (38, 36, 66)),
    ((-60, -36, -128), (38, 36, 66)),
    ((30, 8, -140), (26, 22, 34)),
    ((0, 18, -356), (46, 40, 44)),
    ((0, 0, -420), (90, 90, 40)),
)
UTERUS = ((0, 8, -338), (34, 44, 32))
VESSEL_MM = 0.0
HAIRPIN = 0.75
"""How likely a loop that grew goes on growing."""
ROUNDS, JITTER, STIFF, SPRING, PUSH, WALL_PUSH, SPARE = 80, 0.16, 0.12, 0.35, 0.5, 0.6, 1.03
STEP_MM = 6.0
# calibre: jejunum to ileum, in mean radii; standard deviation of squeezes and the length over which they act, mm
CALIBRE, SQUEEZE_SD, SQUEEZE_MM = (1.08, 0.92), 0.13, 45.0
# lumen as a share of the outer radius: mean, standard deviation along the bowel, least and most; then how much wider
# and narrower it is between and on the folds of the jejunum, and their distance, mm
FILL, FILL_SD, FILL_MM, FOLDS, FOLD_STEP_MM = 0.62, 0.16, (0.25, 0.85), (1.25, 0.72), 2.6
PIECE, REACH = 8, 2
"""Points of a piece that lies wholly over or under its neighbours, and how many further its lumen reaches."""
TUBE = ("starts", "ends", "radii", "flat")
GAS_POCKETS, GAS_LENGTH_MM = (2, 7), (25.0, 70.0)


@dataclass(frozen=True, eq=False)
class Path:
    """The middle line. points: (n, 3) mm. radius_mm: (n,) for the reference volume. jejunum: how many points it has."""

    points: Float[ndarray, "n 3"]
    radius_mm: Float[ndarray, " n"]
    jejunum: int


def path(body: Body) -> Path:
    """How the bowel of this person lies: found once, whatever the volumes become.

    It goes round the colon where liver and diaphragm, of about their size, have pushed it.
    """
    rng = body.dice("small_bowel")
    bowel = colon.course(body.dice("colon"), body.latent("bowel_liver_mm"), body.latent("bowel_dome_mm"))[0]
    field = room_field(body, bowel)
    start, end = np.array(duodenum.FLEXURE_MM, float), np.array(colon.ILEOCAECAL_MM, float)
    nodes, pitch_mm = winding(field, start, end, rng)
    nodes = relaxed(nodes, pitch_mm, field, rng)

    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(nodes, axis=0), axis=1))])
    fine = np.linspace(0, along[-1], int(along[-1] / STEP_MM))
    points = CubicSpline(along, nodes)(fine)
    squeeze = gaussian_filter1d(rng.standard_normal(len(fine)), SQUEEZE_MM / STEP_MM / 2)
    shape = np.interp(fine, [0, along[-1]], CALIBRE) * np.exp(SQUEEZE_SD * squeeze / squeeze.std())
    radius = shape * np.sqrt(VOLUME_ML * 1000 / (np.pi * STEP_MM * (shape**2).sum()))
    return Path(points, radius, int(JEJUNUM * len(points)))


def room_field(body: Body, bowel: Float[ndarray, "n 5"]) -> Float[ndarray, "x y z"]:
    """How far from its surroundings a place on the lattice lies, mm (negative outside the room)."""
    axes = [np.arange(a, b + 1, FIELD_MM) for a, b in zip(LOW_MM, HIGH_MM, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    x, y, z = np.moveaxis(points, -1, 0)
    back = np.interp(z, BACK_Z_MM, BACK_Y_MM) - SHELF_MM * (1 - np.exp(-((x / SHELF_WIDE_MM) ** 2)))
    ceiling = np.interp(x, CEILING_X_MM, CEILING_Z_MM) + HIGHER_BEHIND_MM * (y < 30)
    depths = [trunk(body).cavity.depth(points) - 3, y - back, ceiling - z]
    for centre, radii in (*ELLIPSOIDS, *((UTERUS,) if body.female else ())):
        k = np.linalg.norm((points - centre) / radii, axis=-1)
        depths.append((k - 1) * min(radii))
    tubes = np.concatenate(
        [bowel[::8, :4], np.array(duodenum.COURSE)[:-2], np.array(stomach.BODY)[:, :4], np.array(stomach.ANTRUM)[:, :4]]
    )
    tubes = np.concatenate([tubes, _vessels()])
    distance, nearest = KDTree(tubes[:, :3]).query(points)
    depths.append(distance - tubes[nearest, 3])
    room = np.min(depths, axis=0)
    within = np.zeros(room.shape, bool)
    within[1:-1, 1:-1, 1:-1] = True
    return np.where(within, room, np.minimum(room, -FIELD_MM))


def _vessels() -> Float[ndarray, "n 4"]:
    """Vessels of mesentery and pelvis, which the loops go round: x, y, z, radius."""
    root = (veins.MESENTERIC_VEIN, arteries.BELLY["superior_mesenteric_artery"][1])
    iliac = np.concatenate([arteries.ILIAC, arteries.EXTERNAL_ILIAC, arteries.INTERNAL_ILIAC])
    ways = [*root, iliac, iliac * (-1, 1, 1)]
    return np.concatenate([np.column_stack([way, np.full(len(way), VESSEL_MM)]) for way in ways])


def winding(field: Float[ndarray, "x y z"], start, end, rng: Generator) -> tuple[Float[ndarray, "n 3"], float]:
    """A path through the cells of a tilted lattice in the room, from near `start` to near `end`, and its pitch, mm."""
    turn = Rotation.from_rotvec(rng.normal(0, 0.35, 3)).as_matrix()
    middle = (np.array(LOW_MM) + HIGH_MM) / 2
    shift = rng.uniform(0, 1, 3)
    pitch = np.sqrt((field > GAP_MM).sum() * FIELD_MM**3 / LATTICE_MM)
    reach = int(260 / pitch)
    cells = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    places = (cells + shift) @ turn * pitch + middle
    inside = _depth(field, places) > GAP_MM
    cells, places = cells[inside], places[inside]

    order = (places - start) @ np.array(DOWN)
    zone = np.searchsorted(np.quantile(order, np.arange(1, ZONES) / ZONES), order)
    at, lines = start, []
    for n in range(ZONES):
        here, later = np.flatnonzero(zone == n), np.flatnonzero(zone == n + 1)
        goals = places[later] if len(later) else end[None]
        line = here[_zone_path(cells[here], places[here], at, goals, rng)]
        lines.append(places[line])
        at = lines[-1][-1]
    return np.concatenate([start[None], *lines, end[None]]), pitch


def _zone_path(cells: Int[ndarray, "n 3"], places: Float[ndarray, "n 3"], start, goals, rng: Generator) -> list[int]:
    """Cells of one zone in the order of a path that begins near `start` and ends near one of `goals`."""
    pairs = KDTree(cells).query_pairs(1.1, output_type="ndarray")
    _, part = connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), (len(cells), len(cells))), directed=False)
    beside: list[list[int]] = [[] for _ in cells]
    for a, b in pairs.tolist():
        beside[a].append(b)
        beside[b].append(a)
    freedom = np.array([len(b) for b in beside]) * (part == np.bincount(part).argmax())
    cycle = _cycle(int(rng.choice(np.flatnonzero(freedom == freedom.max()))), beside, rng)
    first = int(np.argmin(np.linalg.norm(places[cycle] - start, axis=1)))
    far = np.min(np.linalg.norm(places[:, None] - goals[None], axis=-1), axis=1)
    return _bitten(cycle[first:] + cycle[:first], beside, far, rng)


def _cycle(first: int, beside: list[list[int]], rng: Generator) -> list[int]:
    """A cycle from `first` on that takes in pairs of neighbours beside it, in long hairpins, until none are left."""
    cycle = [first, beside[first][0]]
    free = set(range(len(beside))) - set(cycle)
    misses, at = 0, 0
    while misses < 6 * len(cycle):
        a, b = cycle[at], cycle[(at + 1) % len(cycle)]
        ways = [(x, y) for x in beside[a] if x in free for y in beside[b] if y in free and y in beside[x]]
        if ways:
            pair = ways[int(rng.integers(len(ways)))]
            cycle[at + 1 : at + 1] = pair
            free -= set(pair)
            misses = 0
        if ways and rng.uniform() < HAIRPIN:
            at += 1
        else:
            at = int(rng.integers(len(cycle)))
            misses += not ways
    return cycle


def _bitten(line: list[int], beside, far: Float[ndarray, " n"], rng: Generator) -> list[int]:
    """Backbite moves at the end of the path, which is let go where it comes nearest to its goal."""
    best = list(line)
    for choice in rng.uniform(0, 1, 400):
        ways = [m for m in beside[line[-1]] if m != line[-2] and m in line]
        if ways:
            at = line.index(ways[int(choice * len(ways))]) + 1
            line[at:] = line[at:][::-1]
        if far[line[-1]] < far[best[-1]]:
            best = list(line)
    return best


def relaxed(nodes: Float[ndarray, "n 3"], pitch_mm: float, field, rng: Generator) -> Float[ndarray, "m 3"]:
    """The path with twice as many points, rounded but as long as before, its loops apart and within the room."""
    nodes = np.repeat(nodes, 2, axis=0)[:-1]
    nodes[1::2] = (nodes[:-1:2] + nodes[2::2]) / 2
    ends, rest_mm = nodes[[0, -1]].copy(), pitch_mm / 2
    nodes[1:-1] += rng.normal(0, JITTER * pitch_mm, nodes[1:-1].shape)
    calibre_mm = 2 * SPARE * np.sqrt(VOLUME_ML * 1000 / (np.pi * rest_mm * len(nodes)))
    slopes = np.stack(np.gradient(field, FIELD_MM))
    for _ in range(ROUNDS):
        nodes[1:-1] += STIFF * (nodes[:-2] + nodes[2:] - 2 * nodes[1:-1])
        edge = np.diff(nodes, axis=0)
        length = np.linalg.norm(edge, axis=1, keepdims=True)
        pull = np.pad(SPRING * (1 - rest_mm / np.maximum(length, 0.1)) * edge, ((1, 1), (0, 0)))
        nodes += np.diff(pull, axis=0)

        near = KDTree(nodes).query_pairs(calibre_mm, output_type="ndarray")
        near = near[np.abs(near[:, 0] - near[:, 1]) > 3]
        apart = nodes[near[:, 0]] - nodes[near[:, 1]]
        distance = np.linalg.norm(apart, axis=1, keepdims=True)
        push = PUSH / 2 * (calibre_mm - distance) * apart / np.maximum(distance, 0.1)
        for n in range(3):
            shift = np.bincount(near[:, 0], push[:, n], len(nodes)) - np.bincount(near[:, 1], push[:, n], len(nodes))
            nodes[:, n] += np.clip(shift, -4, 4)

        short = np.clip(GAP_MM - _depth(field, nodes), 0, 8)
        slope = np.stack([_depth(s, nodes) for s in slopes], axis=-1)
        nodes += WALL_PUSH * short[:, None] * slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 0.3)
        nodes[[0, -1]] = ends
    return nodes


def _depth(field: Float[ndarray, "x y z"], places: Float[ndarray, "n 3"]) -> Float[ndarray, " n"]:
    return map_coordinates(field, (places - np.array(LOW_MM)).T / FIELD_MM, order=1, mode="nearest")


def small_bowel(body: Body, line: Path) -> tuple[Solid, Solid]:
    """Jejunum and ileum: their outer surfaces before anything presses on them."""
    radius = np.maximum(line.radius_mm + body.grown("small_bowel"), 2.5)
    cut = line.jejunum
    return tube(line.points[: cut + 1], radius[: cut + 1]), tube(line.points[cut:], radius[cut:])


def layers(body: Body, room: Solid, line: Path) -> list[Layer]:
    """Gas, contents between the folds, wall. room: what the rest of belly and pelvis leaves free. line: `path`.

    Loops that lie on each other are parted by a wall: the bowel is cut into pieces, and of two that touch one lies on
    top with its wall; its lumen reaches on into the next piece.
    """
    radius, lumen = _radii(body, line)
    inside, bubbles = room.grown(-WALL_MM), gas(body, line)
    made = []
    for name, first, last in (("jejunum", 0, line.jejunum), ("ileum", line.jejunum, len(line.points) - 1)):
        pieces = [(n, min(n + PIECE, last)) for n in range(first, last, PIECE)]
        colours = _colours(line.points, radius, pieces)
        for colour in range(max(colours) + 1):
            mine = [piece for piece, own in zip(pieces, colours, strict=True) if own == colour]
            wall = _tubes([(line.points[a : b + 1], radius[a : b + 1]) for a, b in mine])
            ways = [slice(max(a - REACH, 0), b + 1 + REACH) for a, b in mine]
            hollow = _tubes([_feathered(line, lumen, way, radius - WALL_MM) for way in ways]) & inside
            made += [
                *([Layer(hollow & bubbles, "small_bowel_gas")] if bubbles else []),
                Layer(hollow, "small_bowel_content"),
                Layer(wall & room, name),
            ]
    return made


def _radii(body: Body, line: Path) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"]]:
    """Outer radius along the bowel, and that of the lumen between two folds, here filled and there empty.

    A bowel that must be wider than the reference is full, not thick.
    """
    rng = body.dice("small_bowel_fill")
    fill = gaussian_filter1d(rng.standard_normal(len(line.points)), SQUEEZE_MM / STEP_MM)
    share = np.clip(FILL + FILL_SD * fill / fill.std(), *FILL_MM)
    radius = np.maximum(line.radius_mm + body.grown("small_bowel"), 2.5)
    return radius, radius - (1 - share) * np.minimum(line.radius_mm, radius)


def _feathered(line: Path, lumen, way: slice, most) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """The lumen of a piece: in the jejunum it narrows at every fold, in the ileum it is smooth."""
    n = np.arange(len(line.points))[way]
    at = np.arange(n[0], n[-1] + 1e-6, FOLD_STEP_MM / STEP_MM if n[0] < line.jejunum else 1.0)
    points = np.stack([np.interp(at, n, line.points[way, axis]) for axis in range(3)], axis=-1)
    folded = np.where(at < line.jejunum, np.where(np.arange(len(at)) % 2, *FOLDS), 1.0)
    return points, np.minimum(np.interp(at, n, lumen[way]) * folded, np.maximum(np.interp(at, n, most[way]), 0.6))


def _colours(points: Float[ndarray, "n 3"], radius, pieces: list[tuple[int, int]]) -> list[int]:
    """A number for each piece: pieces that touch and do not follow on each other have different ones."""
    widest = 2 * float(radius.max())
    owner = np.concatenate([np.full(b - a, n) for n, (a, b) in enumerate(pieces)])
    first = pieces[0][0]
    pairs = KDTree(points[first : first + len(owner)]).query_pairs(widest, output_type="ndarray")
    apart = np.linalg.norm(points[first + pairs[:, 0]] - points[first + pairs[:, 1]], axis=1)
    pairs = owner[pairs[apart < radius[first + pairs[:, 0]] + radius[first + pairs[:, 1]]]]
    beside: list[set[int]] = [set() for _ in pieces]
    for a, b in pairs[np.abs(pairs[:, 0] - pairs[:, 1]) > 1].tolist():
        beside[a].add(b)
        beside[b].add(a)
    colours: list[int] = []
    for near in beside:
        taken = {colours[n] for n in near if n < len(colours)}
        wish = colours[-1:] + list(range(len(pieces)))
        colours.append(next(colour for colour in wish if colour not in taken))
    return colours


def _tubes(ways: list[tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]]) -> Tube:
    """Several tubes as one solid: points and radii of each."""
    parts = [tube(points, radii) for points, radii in ways]
    return Tube(*(np.concatenate([getattr(part, name) for part in parts]) for name in TUBE))


def gas(body: Body, line: Path) -> Solid | None:
    """Bubbles on top of some loops."""
    rng = body.dice("small_bowel_gas")
    pockets = []
    for _ in range(rng.integers(*GAS_POCKETS)):
        count = int(rng.uniform(*GAS_LENGTH_MM) / STEP_MM)
        first = int(rng.integers(0, len(line.points) - count))
        piece, radius = line.points[first : first + count], line.radius_mm[first : first + count]
        top = int(np.argmax(piece[:, body.up]))
        level_mm = float(piece[top, body.up] + rng.uniform(-0.4, 0.3) * radius[top])
        pockets.append(tube(piece, radius + 4) & body.above(level_mm))
    return union(*pockets) if pockets else None


def preview():
    """The whole gut in an empty belly."""
    body = Body(Subject(sex="male"))
    room = trunk(body).cavity.grown(-3) & Plane((0, 0, -6), (0, 0, -1))
    bag, loop, bowel = stomach.stomach(body), duodenum.duodenum(body), colon.colon(body)
    free = room - union(bag, loop, bowel.outer).grown(0.7)
    drawn = [
        *stomach.layers(body, room, bag),
        *duodenum.layers(body, room, loop),
        *colon.layers(body, room, bowel),
        *layers(body, free, path(body)),
    ]
    return drawn, (0, 10, -225), (260, 190, 470), 2.0
