"""Airways and gullet: trachea with its rings, carina, main, lobar and intermediate bronchi; oesophagus to the cardia.

Calibres and lengths: trachea 18 mm and 12 cm, main bronchi 12 to 14 mm, lobar 8 to 11 mm (Weibel 1963; Horsfield 1971);
wall of the trachea 10 mL, of the oesophagus 50 mL (ICRP 145). The segmental bronchi are drawn in `lung_tree`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.anatomy.vertebra import Vertebra
from phantoms.people.calibres import mean_calibres
from phantoms.people.organs import reference_adult
from phantoms.solids import Layer, Plane, Solid, Waves, common, tube, union

# x, y, z, radius over the trachea's own, mm
TRACHEA = ((0, 7, 208), (0, 4, 184), (1, -7, 160), (3, -16, 135), (4, -21, 118), (3, -25, 105))
MEMBRANE_MM, MEMBRANE_RADIUS_MM = 6.0, 19.0
WALL_MM, BRONCHUS_WALL_MM = 1.5, 1.2
RINGS_APART_MM = 6.0
# paths of the bronchi outside the lobes, mm, and their radii at both ends
BRONCHI = {
    "main_bronchus_right": (((3, -24, 106), (9, -27, 97), (15, -29, 88)), (7.4, 6.8)),
    "intermediate": (((15, -29, 88), (23, -31, 78), (31, -31, 68)), (5.6, 5.2)),
    "upper_right": (((15, -29, 88), (25, -29, 91), (35, -28, 94)), (4.8, 4.4)),
    "middle_right": (((31, -31, 68), (40, -22, 61), (47, -11, 55)), (3.6, 3.2)),
    "lower_right": (((31, -31, 68), (38, -37, 55), (43, -40, 43)), (4.8, 4.2)),
    "main_bronchus_left": (((3, -24, 106), (-8, -26, 97), (-20, -27, 87), (-31, -28, 78)), (6.6, 5.8)),
    "upper_left": (((-31, -28, 78), (-40, -25, 79), (-48, -20, 81)), (5.0, 4.6)),
    "lower_left": (((-31, -28, 78), (-39, -38, 62), (-45, -41, 47)), (4.8, 4.2)),
}
LOBE_OF = {
    "intermediate": "lung_airway_lower_lobe_right",
    "upper_right": "lung_airway_upper_lobe_right",
    "middle_right": "lung_airway_middle_lobe",
    "lower_right": "lung_airway_lower_lobe_right",
    "upper_left": "lung_airway_upper_lobe_left",
    "lower_left": "lung_airway_lower_lobe_left",
}
# oesophagus: x, distance before the spine, height, how much flatter than wide
GULLET = (
    (-2, 6, 204, 1.6), (-4, 6, 170, 1.6), (-5, 5.5, 135, 1.7), (-4, 5.5, 104, 1.8), (-3, 5.5, 80, 1.8),
    (-1, 5.2, 55, 2.1), (-1, 5.4, 32, 2.1), (-6, 10, 5, 1.6), (-11, 18, -18, 1.4),
)  # fmt: skip
CARDIA = ((-17, -9, -33, 1.3), (-24, -8, -40, 1.3), (-31, -7, -44, 1.3))
GULLET_MM, GULLET_WALL_MM = 11.2, 3.5
BUBBLE_MM = 30.0
RIDES_FROM_MM, RIDES_BY_MM, RIDES = 125.0, 40.0, 0.7
"""Above the first height nothing moves with the diaphragm, below the second all does, by that share of its rise."""


@dataclass(frozen=True, eq=False)
class Airways:
    """Lumina outside the lobes, the cartilages, the outer surface of the gullet; `whole` has walls and gullet too."""

    trachea: Solid
    rings: Solid
    bronchi: Mapping[str, Solid]
    gullet: Solid
    whole: Solid


def airways(body: Body, bones: Mapping[str, Vertebra]) -> Airways:
    """The airways and the gullet of a patient."""
    round_tube, before_membrane = _trachea(body)
    trachea = round_tube & before_membrane
    bronchi = {
        name: tube(ridden(body, path), body.latent("vessel_size", 1.0) * np.linspace(ends[0], ends[1], len(path)), 5.0)
        for name, (path, ends) in BRONCHI.items()
    }
    gullet = _gullet(body, bones)
    walls = union(trachea.grown(WALL_MM), gullet, *(lumen.grown(BRONCHUS_WALL_MM) for lumen in bronchi.values()))
    horseshoes = common(trachea.grown(0.8 * WALL_MM), before_membrane.grown(0.3), _rings())
    return Airways(trachea, horseshoes, bronchi, gullet, walls)


def layers(body: Body, made: Airways) -> list[Layer]:
    """Lumina, cartilages in the wall of the trachea, walls, then the gullet with what is in it."""
    main = [name for name in made.bronchi if name.startswith("main")]
    central = union(made.trachea.grown(WALL_MM), *(made.bronchi[name].grown(BRONCHUS_WALL_MM) for name in main))
    return [
        Layer(made.trachea, "trachea"),
        *(Layer(made.bronchi[name], name) for name in main),
        *(Layer(made.bronchi[name], lobe) for name, lobe in LOBE_OF.items()),
        Layer(made.rings, "trachea_wall", "cartilage"),
        Layer(central, "trachea_wall"),
        *(Layer(made.bronchi[name].grown(BRONCHUS_WALL_MM), lobe, "connective") for name, lobe in LOBE_OF.items()),
        *_swallowed(body, made.gullet),
        Layer(made.gullet, "esophagus"),
    ]


def ridden(body: Body, points) -> Float[ndarray, "n 3"]:
    """Points of the chest, moved up as far as the diaphragm takes them along."""
    points = np.array(points, float)
    share = RIDES * np.clip((RIDES_FROM_MM - points[:, 2]) / (RIDES_FROM_MM - RIDES_BY_MM), 0, 1)
    points[:, 2] += share * body.latent("dome_mm")
    return points


def before_spine(bones: Mapping[str, Vertebra], x_mm: float, before_mm: float, z_mm: float) -> Float[ndarray, "3"]:
    """A point at height z, `before_mm` in front of the vertebral bodies and `x_mm` to the right of their middle."""
    order = sorted(bones.values(), key=lambda bone: bone.centre_mm[2])
    fronts = np.array([bone.place(0, bone.size.depth / 2, 0) for bone in order])
    x, y = (np.interp(z_mm, fronts[:, 2], fronts[:, n]) for n in (0, 1))
    return np.array([x + x_mm, y + before_mm, z_mm])


def _trachea(body: Body) -> tuple[Solid, Solid]:
    """A round tube, and all that lies before the membrane which closes its cartilages behind."""
    usual = mean_calibres(reference_adult("male"))["trachea_width"]
    size = body.latent("vessel_size", 1.0)
    path = ridden(body, np.array(TRACHEA, float))
    radius = size * (usual / 2 - 0.5)
    forward = path + np.array([0, MEMBRANE_RADIUS_MM - MEMBRANE_MM, 0])
    return tube(path, radius, 8.0), tube(forward, MEMBRANE_RADIUS_MM, 8.0)


def _rings() -> Solid:
    """Cartilage in every other slice of the trachea."""
    along = np.subtract(TRACHEA[0], TRACHEA[-1])
    k = 2 * np.pi / RINGS_APART_MM * along / np.linalg.norm(along)
    return Waves(k[None], np.zeros(1), np.full(1, RINGS_APART_MM / (2 * np.pi))).grown(0.25)


def _gullet(body: Body, bones: Mapping[str, Vertebra]) -> Solid:
    lift = np.array([0, 0, RIDES * body.latent("dome_mm")])
    points = [before_spine(bones, x, before, z) for x, before, z, _ in GULLET]
    points += [np.array(knot[:3]) + lift for knot in CARDIA]
    flat = [(0.0, knot[3], 0.0) for knot in (*GULLET, *CARDIA)]
    return tube(points, GULLET_MM, 7.0, flat).grown(body.grown("esophagus"))


def _swallowed(body: Body, gullet: Solid) -> list[Layer]:
    """Some air in two places, and mucus between the folds elsewhere."""
    lumen = gullet.grown(-GULLET_WALL_MM)
    lows = body.dice("gullet").uniform((-10, 90), (60, 165))
    pieces = [common(Plane((0, 0, low), (0, 0, 1)), Plane((0, 0, low + BUBBLE_MM), (0, 0, -1))) for low in lows]
    return [Layer(lumen & union(*pieces), "esophagus", "air"), Layer(lumen, "esophagus", "gut_content")]


def preview():
    """Airways and gullet."""
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    return layers(body, airways(body, vertebrae(body))), (-2.0, -20.0, 80.0), (130.0, 90.0, 260.0), 1.0
