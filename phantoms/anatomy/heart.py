"""The heart at end diastole: four chambers in their muscle, fat in the grooves with the coronaries, the pericardium.

The left ventricle is the room between two confocal prolate spheroids that are cut off at the valves, so its wall thins
towards the apex and the 17 segments of the American Heart Association are plain coordinates. Sizes: 52 mm across, wall
9.4 mm, 150 mL and 145 g (CMR normals of Kawel-Boehm, J Cardiovasc Magn Reson 2020;22:87), wall of the right ventricle
3.5 mm, atria 2 mm; right ventricle 165, left atrium 80, right atrium 95 mL; heart with its blood 848 mL (ICRP 145).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_common, smooth_union, tube, union, waves
from simdata import Streams

HINGE_MM = np.array([10.0, 10.0, 28.0])
"""The heart grows and turns about this point, between the atria."""
DIAPHRAGM_SHARE = 0.7
"""Share of the diaphragm's rise that the heart follows."""
GROWTH_MM = 30.0
UPRIGHT_DEG = 14.0
"""How much more upright the heart hangs in a full breath than after breathing out."""

APEX = np.array([-0.66, 0.58, -0.48]) / np.linalg.norm([-0.66, 0.58, -0.48])
TO_RIGHT_VENTRICLE = np.array([0.62, 0.76, 0.07])
# left ventricle: middle, half width and half length of its cavity, thickness of its wall, how far behind lies the base
LV_MM = np.array([-37.0, 21.0, 10.0])
LV_WIDTH_MM, LV_LENGTH_MM, LV_WALL_MM, LV_BASE_MM = 26.5, 62.0, 9.2, 31.0
FOCUS_MM = np.sqrt(LV_LENGTH_MM**2 - LV_WIDTH_MM**2)
RV_WALL_MM, ATRIUM_WALL_MM, BASE_PLATE_MM = 3.5, 2.0, 2.0
LEAFLET_MM, PERICARDIUM_MM = 1.3, 1.5
# middle of each valve, and its radius
MITRAL = ((-17.5, -2.5, 25.0), 14.5)
TRICUSPID = ((21.0, 31.0, 6.0), 17.0)
AORTIC = ((-11.0, 15.0, 37.0), 11.5)
PULMONARY = ((-15.0, 43.0, 54.0), 12.5)
TRICUSPID_AXIS = np.array([-0.80, 0.50, -0.32])
AORTIC_AXIS = np.array([0.45, 0.25, 0.86])
PULMONARY_AXIS = np.array([-0.12, -0.35, 0.93])
# right ventricle: middle and radii along the long axis of the left one; middle and radii of its inflow
RV_MIDDLE_MM, RV_RADII_MM = (24.0, 7.0, -3.0), (36.5, 46.0, 60.0)
RV_INFLOW_MM = ((7.0, 36.0, 3.0), (27.0, 27.0, 31.0))
LA_MM = ((-7.0, -13.0, 38.0), (30.0, 18.0, 25.0))
RA_MM = ((34.0, 14.0, 22.0), (19.0, 24.0, 26.0))
VEIN_MOUTHS = (
    (((21, -14, 48), (31, -13, 53)), (9.5, 7.5)),
    (((18, -20, 33), (29, -23, 30)), (9.5, 7.5)),
    (((-28, -15, 50), (-38, -15, 57)), (9.0, 7.0)),
    (((-28, -20, 33), (-38, -24, 31)), (9.0, 7.0)),
)
"""Of the right upper and lower and the left upper and lower pulmonary vein."""
# radii of the coronaries, mm, and how far they lie on the muscle
CORONARY_MM = {"right": 1.8, "main": 2.2, "descending": 1.75, "circumflex": 1.6, "branch": 1.1}
ON_SURFACE_MM = 1.6
# where the left and the right coronary leave the aorta, and where the left one forks
OSTIA_MM = ((-14.0, 11.0, 49.0), (2.0, 29.0, 50.0))
FORK_MM = (-26.0, 20.0, 54.0)


@dataclass(frozen=True, eq=False)
class Heart:
    """Solids of one heart. `myocardium` holds the chambers too, `fat` all of that, `whole` the pericardium as well.

    turn, scale, shift: a point p of the reference heart lies at scale turn p + shift.
    """

    left_ventricle: Solid
    right_ventricle: Solid
    left_atrium: Solid
    right_atrium: Solid
    left_appendage: Solid
    papillary: Solid
    valves: Solid
    aortic_mouth: Solid
    pulmonary_mouth: Solid
    coronaries: Solid
    myocardium: Solid
    fat: Solid
    whole: Solid
    turn: Float[ndarray, "3 3"]
    scale: float
    shift_mm: Sequence[float]

    @property
    def blood(self) -> Solid:
        """All chambers."""
        ventricles = self.left_ventricle | self.right_ventricle
        return union(ventricles, self.left_atrium, self.right_atrium, self.left_appendage)

    def place(self, *point_mm: float) -> Float[ndarray, "3"]:
        """A point of the reference heart where this heart has it, mm."""
        return self.scale * self.turn @ np.array(point_mm) + np.array(self.shift_mm)


def axes() -> Float[ndarray, "3 3"]:
    """Rows: from left to right ventricle, to the diaphragm, and to the apex; orthonormal."""
    across = TO_RIGHT_VENTRICLE - APEX * (APEX @ TO_RIGHT_VENTRICLE)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(APEX, across), APEX])


def in_ventricle(to_right: float, down: float, along: float) -> Float[ndarray, "3"]:
    """A point of the reference heart given along the axes of its left ventricle, mm."""
    return LV_MM + np.array([to_right, down, along]) @ axes()


def heart(body: Body) -> Heart:
    """The heart of a patient: the reference heart, scaled, tilted, and lifted by the diaphragm.

    Scale exp(grown / 30). The latent "heart_tilt_deg" and the breath turn the heart about the front axis, upright if
    positive.
    """
    tilt = np.radians(body.latent("heart_tilt_deg") + UPRIGHT_DEG * body.latent("breath"))
    turn = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    scale = float(np.exp(body.grown("heart") / GROWTH_MM))
    shift = (HINGE_MM - scale * turn @ HINGE_MM + np.array([0, 0, DIAPHRAGM_SHARE * body.latent("dome_mm")])).tolist()
    return Heart(
        **{name: solid.placed(turn, scale, shift) for name, solid in _reference().items()},
        turn=turn,
        scale=scale,
        shift_mm=shift,
    )


def layers(heart: Heart) -> list[Layer]:
    """Papillary muscles and valves, chambers, coronaries, muscle, fat, pericardium."""
    return [
        Layer(heart.papillary, "heart_myocardium"),
        Layer(heart.left_ventricle, "heart_left_ventricle"),
        Layer(heart.right_ventricle, "heart_right_ventricle"),
        Layer(heart.left_atrium, "heart_left_atrium"),
        Layer(heart.right_atrium, "heart_right_atrium"),
        Layer(heart.left_appendage, "atrial_appendage_left"),
        Layer(heart.valves, "heart_valve"),
        Layer(heart.myocardium, "heart_myocardium"),
        Layer(heart.coronaries, "coronary_artery"),
        Layer(heart.fat, "epicardial_fat"),
        Layer(heart.whole, "pericardium"),
    ]


@cache
def _reference() -> dict[str, Solid]:
    """The solids of the reference heart."""
    muscle_left, left = _left_ventricle()
    muscle_right, right = _right_ventricle()
    atrium_left, atrium_right, appendage = _atria()
    chambers = union(atrium_left, atrium_right, appendage)
    atria = chambers.grown(ATRIUM_WALL_MM)
    domes = [_dome(*MITRAL, APEX), _dome(*TRICUSPID, TRICUSPID_AXIS)]
    domes += [_dome(*AORTIC, AORTIC_AXIS), _dome(*PULMONARY, PULMONARY_AXIS)]
    mouths = union(*domes)
    closed = mouths.grown(LEAFLET_MM)
    root = tube([AORTIC[0], (2, 17, 56)], 16.0)
    fat = smooth_union(muscle_left, muscle_right, atria, root, round_mm=16).grown(0.8)
    return {
        "left_ventricle": left - closed,
        "right_ventricle": common(right, ~muscle_left, ~closed),
        "left_atrium": (atrium_left - muscle_left) | domes[0],
        "right_atrium": common(atrium_right, ~muscle_left, ~muscle_right, ~atrium_left.grown(1.5)) | domes[1],
        "left_appendage": common(appendage, ~muscle_left, ~muscle_right),
        "papillary": _papillary() & left,
        "valves": closed - mouths,
        "aortic_mouth": domes[2],
        "pulmonary_mouth": domes[3],
        "coronaries": _coronaries(muscle_left, muscle_right, atria),
        "myocardium": union(muscle_left, muscle_right, atria),
        "fat": fat,
        "whole": fat.grown(PERICARDIUM_MM),
    }


def _left_ventricle() -> tuple[Solid, Solid]:
    """The left ventricle with its wall, and its cavity with the way out to the aorta."""
    width = LV_WIDTH_MM + LV_WALL_MM
    base = Plane(in_ventricle(0, 0, -LV_BASE_MM), APEX)  # pyright: ignore[reportArgumentType]
    outer = Ellipsoid(LV_MM, (width, width, np.hypot(width, FOCUS_MM)), axes())  # pyright: ignore[reportArgumentType]
    inner = Ellipsoid(LV_MM, (LV_WIDTH_MM, LV_WIDTH_MM, LV_LENGTH_MM), axes())  # pyright: ignore[reportArgumentType]
    way_out = tube([in_ventricle(8, -6, -20), AORTIC[0]], [13, AORTIC[1]]) & Plane(AORTIC[0], -AORTIC_AXIS)  # pyright: ignore[reportArgumentType]
    trabeculae = waves(0.35, (7, 14), Streams(0)["trabeculae"].generator)
    cavity = (inner & base.grown(-BASE_PLATE_MM)) + trabeculae
    return smooth_common(outer, base, round_mm=5) | way_out.grown(3.0), cavity | way_out


def _right_ventricle() -> tuple[Solid, Solid]:
    """The right ventricle with its wall, its inflow and its conus, and its cavity: a crescent around the left one."""
    base = Plane(TRICUSPID[0], TRICUSPID_AXIS).grown(BASE_PLATE_MM)  # pyright: ignore[reportArgumentType]
    body = Ellipsoid(in_ventricle(*RV_MIDDLE_MM), RV_RADII_MM, axes())  # pyright: ignore[reportArgumentType]
    body = smooth_union(body, Ellipsoid(*RV_INFLOW_MM), round_mm=14)
    conus = tube([(-6, 46, 22), (-12, 46, 38), PULMONARY[0]], [22, 19, 15.5], 6.0)
    conus = conus & Plane(PULMONARY[0], -PULMONARY_AXIS)  # pyright: ignore[reportArgumentType]
    muscle = smooth_union(smooth_common(body, base, round_mm=5), conus, round_mm=12)
    trabeculae = waves(0.6, (8, 16), Streams(1)["trabeculae"].generator)
    band = tube([in_ventricle(32, 4, 22), in_ventricle(46, 14, 30), in_ventricle(56, 18, 26)], 2.2, 6.0)
    return muscle, (muscle.grown(-RV_WALL_MM) + trabeculae) - band


def _atria() -> tuple[Solid, Solid, Solid]:
    """Cavities of the left atrium with its veins' mouths, of the right one with auricle and sinus; the left auricle."""
    mouths = [tube(points, radii) for points, radii in VEIN_MOUTHS]
    left = smooth_union(Ellipsoid(*LA_MM), *mouths, round_mm=8)
    venous = tube([(33, 4, 60), (33, 7, 42), (32, 8, 20), (31, 3, -4)], [11, 15, 16, 12.5], 6.0)
    auricle = tube([(34, 22, 44), (28, 36, 52), (16, 43, 54)], [13, 10, 5.5], 5.0)
    sinus = tube([(-33, -21, 18), (-18, -17, 7), (2, -9, 4), (22, 2, 6)], [3.0, 4.2, 5.2, 6.0], 5.0)
    right = smooth_union(Ellipsoid(*RA_MM), venous, auricle, sinus, round_mm=8)
    lobes = waves(1.0, (9, 16), Streams(2)["trabeculae"].generator)
    appendage = tube([(-31, -6, 55), (-40, 4, 60), (-43, 17, 58), (-39, 29, 52)], [6.5, 8, 7.5, 4], 5.0) + lobes
    return left, right, appendage


def _papillary() -> Solid:
    """The anterolateral and the posteromedial papillary muscle of the left ventricle."""

    def muscle(angle_deg: float) -> Solid:
        turn = np.radians(angle_deg)
        out = [(r * np.cos(turn), -r * np.sin(turn), along) for r, along in ((20, 36), (17, 24), (14, 10), (12, 2))]
        return tube([in_ventricle(*point) for point in out], [5.0, 4.6, 4.0, 2.4], 6.0)

    return muscle(135) | muscle(-110)


def _dome(middle_mm, radius_mm: float, axis) -> Solid:
    """A closed valve as a shallow cushion about its ring."""
    axis = np.asarray(axis) / np.linalg.norm(axis)
    side = np.cross(axis, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    return Ellipsoid(middle_mm, (radius_mm, radius_mm, 0.34 * radius_mm), np.stack([side, np.cross(axis, side), axis]))


def _coronaries(left: Solid, right: Solid, atria: Solid) -> Solid:
    """Right coronary in the right groove and on to the back; left main, anterior descending, circumflex, diagonals."""
    size, around = CORONARY_MM, np.arange(-70.0, 10.0, 2.0)
    along = np.linspace(-16, 62, 14)
    front = _groove(left, right, along, np.radians(np.arange(20, 150, 4.0)), axis=1)
    back = _groove(left, right, along, np.radians(np.arange(-130, -20, 4.0)), axis=1)
    left_groove = _groove(left, atria, around, np.radians([135, 160, 185, 210]), axis=0)
    right_groove = _groove(right | left, atria, around, np.radians([40, 20, 0, -20, -40, -60, -78]), axis=0)
    diagonals = [
        [front[n], *(_surface(left | right, [a], [np.radians(t)])[0, 0] for a, t in path)]
        for n, path in ((3, ((12, 125), (32, 140))), (6, ((32, 120), (46, 135))))
    ]
    return union(
        tube([OSTIA_MM[0], FORK_MM], size["main"]),
        _artery([FORK_MM, *front], size["descending"], 0.9),
        _artery([FORK_MM, *left_groove], size["circumflex"], 1.0),
        _artery([OSTIA_MM[1], *right_groove], size["right"], 1.4),
        _artery([right_groove[-1], *back], 1.3, 0.7),
        *(_artery(path, size["branch"], 0.6) for path in diagonals),
    )


def _artery(points, first_mm: float, last_mm: float) -> Solid:
    return tube(points, np.linspace(first_mm, last_mm, len(points)), 4.0)


def _surface(solid: Solid, along, angles) -> Float[ndarray, "n 3"]:
    """The outermost points of `solid` seen from the long axis of the left ventricle, a bit above the surface."""
    r = np.arange(2.0, 95.0, 1.5)
    along, angles, r = np.broadcast_arrays(*np.ix_(along, angles, r))
    places = np.stack([r * np.cos(angles), -r * np.sin(angles), along], axis=-1)
    inside = solid.depth(LV_MM + places @ axes()) + ON_SURFACE_MM
    last = np.argmax(np.where(inside > 0, r, 0), axis=-1)[..., None]
    depth = np.take_along_axis(inside, last, axis=-1)
    after = np.take_along_axis(inside, np.minimum(last + 1, r.shape[-1] - 1), axis=-1)
    radius = np.take_along_axis(r, last, axis=-1) + 1.5 * np.clip(depth / np.maximum(depth - after, 0.1), 0, 1)
    turn = angles[..., :1]
    points = np.stack([radius * np.cos(turn), -radius * np.sin(turn), along[..., :1]], axis=-1)
    return LV_MM + points[..., 0, :] @ axes()


def _groove(a: Solid, b: Solid, along, angles, axis: int) -> Float[ndarray, "n 3"]:
    """Where `a` and `b` meet on the surface of both: one point per place along the long axis (1) or per angle (0)."""
    surface = _surface(a | b, along, angles)
    best = np.argmin(np.abs(a.depth(surface) - b.depth(surface)), axis=axis, keepdims=True)
    return np.take_along_axis(surface, best[..., None], axis=axis).reshape(-1, 3)


def preview():
    """The heart alone."""
    return layers(heart(Body())), (-12.0, 20.0, 18.0), (170.0, 150.0, 150.0), 1.0
