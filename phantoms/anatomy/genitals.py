"""The genital organs: prostate with zones, seminal vesicles, testes, penis; or uterus, ovaries, tubes and vagina.

Prostate 45 x 30 x 28 mm with 17 mL, uterus 75 mm long with 80 mL, ovaries 6 mL each, testes 18 mL each (ICRP 145);
proportions from memory, to be checked. The uterus lies on the bladder and is lifted as that fills.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from phantoms.anatomy import bladder, colon
from phantoms.anatomy.bladder import Bladder
from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, smooth_common, smooth_union, tube, union, waves
from simdata import Subject

SIDES = {"right": 1.0, "left": -1.0}
GROWTH_MM = 30.0
"""An organ is exp(grown / GROWTH_MM) times as large as the reference organ."""

# prostate about the middle of its base, which lies on the bladder's neck: middle and radii of the whole gland
PROSTATE_MM, PROSTATE_RADII_MM = (0.0, -3.0, -14.5), (22.3, 13.5, 15.2)
# the two lobes of the transition zone beside the urethra; they grow in old men
TRANSITION_MM, TRANSITION_RADII_MM = (7.5, 2.5, -11.0), (9.5, 8.0, 10.5)
HYPERPLASIA_Y, HYPERPLASIA = (40.0, 80.0), (1.0, 1.25)
# behind the bladder: x, y, z, radius of the right seminal vesicle about the neck
VESICLE_MM = ((5, -13, 2, 3.0), (13, -16, 7, 5.0), (23, -17, 12, 5.8), (32, -15, 17, 4.8), (38, -12, 19, 3.0))
TESTIS_MM, TESTIS_RADII_MM = (18.0, 74.0, -500.0), (13.0, 14.5, 23.0)
SKIN_MM = 2.0
SCROTUM_WALL_MM, SCROTUM_NECK_MM = 5.0, ((0, 62, -440, 20), (0, 70, -470, 22))
# x, y, z, radius: bulb and shaft in the middle, the right crus along the pubic arch
PENIS_MM = (
    (0, 4, -440, 9),
    (0, 24, -448, 10),
    (0, 52, -444, 10),
    (0, 82, -437, 12.5),
    (0, 100, -452, 13.5),
    (0, 106, -490, 13.5),
    (0, 106, -520, 13),
    (0, 105, -530, 9),
)
CRUS_MM = ((34, 2, -446, 4.5), (22, 28, -436, 6.0), (8, 62, -432, 7.0), (3, 82, -437, 8.0))

# uterus along its axis from the outer orifice of the cervix: distance, radius; how much flatter it is front to back
UTERUS_MM = ((2, 12.0), (12, 14.0), (26, 12.5), (40, 19.5), (54, 26.5), (64, 24.0))
FLAT, LONG_MM = 1.25, 75.0
CAVITY_MM = ((30, 1.2), (44, 3.0), (58, 5.5), (66, 4.5))
CAVITY_FLAT = 2.2
CERVIX_LONG_MM = 28.0
OS_MM, OS_BACK_PER_MM = (0.0, -24.0, -386.0), 0.3
# angle between the uterus and the horizontal: over an empty bladder it lies flat; per mm of its growth; spread
TILT_DEG, TILT_PER_MM, TILT_SD_DEG, SWAY_SD_DEG = 74.0, 2.2, 9.0, 8.0
CHILD_Y, GROWN_Y, CHILD_NECK = 8.0, 15.0, 0.55
"""Before puberty the body of the uterus is as thin as its neck."""
OVARY_RADII_MM, OVARY_MM, OVARY_SD_MM = (9.0, 10.5, 15.0), (46.0, -12.0, -342.0), 5.0
FOLLICLES, FOLLICLE_MM, FERTILE_Y = 5, (2.0, 8.0), (12.0, 50.0)
VAGINA_MM = ((0, -15, -380, 12), (0, -15, -396, 13), (0, -6, -420, 12), (0, 8, -443, 9))
VAGINA_FLAT = (0, 2.4, 0.5)


@dataclass(frozen=True, eq=False)
class Genitals:
    """inner: what lies within the pelvis, from which other organs keep clear. outer: what hangs out of the trunk.

    parts: solids by structure name, the topmost first, and their tissue where it is not the structure's.
    """

    inner: Solid
    outer: Solid | None
    parts: tuple[tuple[Solid, str, str], ...]


def genitals(body: Body, bag: Bladder) -> Genitals:
    """The organs of a man or a woman. bag: the bladder, on which they lie."""
    return _female(body, bag) if body.female else _male(body, bag)


def layers(organs: Genitals) -> list[Layer]:
    """All of them."""
    return [Layer(*part) for part in organs.parts]


def _male(body: Body, bag: Bladder) -> Genitals:
    neck, size = np.array(bladder.NECK_MM[False]), np.exp(body.grown("prostate") / GROWTH_MM)
    gland = _gland(body).placed(np.eye(3), size, neck.tolist())
    inner = float(np.interp(body.age_y, HYPERPLASIA_Y, HYPERPLASIA))
    lobe = Ellipsoid(TRANSITION_MM, inner * np.array(TRANSITION_RADII_MM)).placed(np.eye(3), size, neck.tolist())  # pyright: ignore[reportArgumentType]
    both = smooth_union(lobe, lobe.mirrored(), round_mm=4.0) & gland.grown(-1.5)
    table = np.array(VESICLE_MM, float)
    vesicle = (tube(table[:, :3], table[:, 3], 3.0) + waves(0.9, (5, 9), body.dice("seminal_vesicle"))).placed(
        np.eye(3), size**0.5, neck.tolist()
    )
    sacs = {side: (vesicle if x > 0 else vesicle.mirrored()) - bag.outer.grown(1) for side, x in SIDES.items()}

    testes, scrotum, penis = _testes(body), *_hanging(body)
    parts = [
        (bag.urethra & gland.grown(1), "urethra", ""),
        (both, "prostate_transition_zone", ""),
        (gland, "prostate_peripheral_zone", ""),
        *((sac, f"seminal_vesicle_{side}", "") for side, sac in sacs.items()),
        *((testis, f"testis_{side}", "") for side, testis in testes.items()),
        (penis.grown(-SKIN_MM), "penis", ""),
        (scrotum.grown(-SKIN_MM), "scrotum", ""),
    ]
    return Genitals(union(gland, *sacs.values()), scrotum | penis, tuple(parts))


def _gland(body: Body) -> Solid:
    """The prostate about the bladder's neck: a chestnut with a groove behind."""
    rng = body.dice("prostate")
    whole = Ellipsoid(PROSTATE_MM, PROSTATE_RADII_MM)
    base = Plane((0, 0, 0.5), (0, 0.25, -1))
    groove = Ellipsoid((0, -22, -12), (7, 7, 22))
    return smooth_common(whole, base, ~groove, round_mm=5.0) + waves(0.5, (16, 30), rng)


def _testes(body: Body) -> Mapping[str, Solid]:
    """The testes, the left one lower."""
    size = np.exp(body.grown("testes") / GROWTH_MM)
    lower = body.dice("testes").uniform(2, 9)
    return {
        side: Ellipsoid(
            (x * TESTIS_MM[0], TESTIS_MM[1], TESTIS_MM[2] - lower * (x < 0)), size * np.array(TESTIS_RADII_MM)
        )  # pyright: ignore[reportArgumentType]
        for side, x in SIDES.items()
    }


def _hanging(body: Body) -> tuple[Solid, Solid]:
    """Outer surfaces of the scrotum and of the penis with its root."""
    neck = np.array(SCROTUM_NECK_MM, float)
    testes = [testis.grown(SCROTUM_WALL_MM) for testis in _testes(body).values()]
    scrotum = smooth_union(tube(neck[:, :3], neck[:, 3]), *testes, round_mm=14.0)
    shaft, crus = np.array(PENIS_MM, float), np.array(CRUS_MM, float)
    size = np.exp(0.7 * body.grown("testes") / GROWTH_MM)
    root = tube(crus[:, :3], crus[:, 3], 6.0)
    return scrotum, union(tube(shaft[:, :3], np.minimum(size, 1.3) * shaft[:, 3], 6.0), root, root.mirrored())


def _female(body: Body, bag: Bladder) -> Genitals:
    rng = body.dice("uterus")
    full_mm = body.grown("urinary_bladder")
    tilt = float(np.clip(TILT_DEG + TILT_PER_MM * full_mm + rng.normal(0, TILT_SD_DEG), 5, 100))
    os_mm = np.array(OS_MM) - (0, OS_BACK_PER_MM * full_mm, 0)
    turn = Rotation.from_euler("zx", [rng.normal(0, SWAY_SD_DEG), tilt], degrees=True).as_matrix()
    size = np.exp(body.grown("uterus") / GROWTH_MM)
    womb, cavity = (solid.placed(turn, size, os_mm.tolist()) for solid in _womb(body))
    neck = Plane((0, CERVIX_LONG_MM, 0), (0, -1, 0)).placed(turn, size, os_mm.tolist())
    womb = womb - bag.outer.grown(1.0)

    horns = {side: np.array([x * 20.0, 62.0, 0.0]) * size @ turn.T + os_mm for side, x in SIDES.items()}
    ovaries, tubes, follicles = {}, {}, []
    for side, x in SIDES.items():
        middle = np.array(OVARY_MM) * (x, 1, 1) + rng.normal(0, OVARY_SD_MM, 3)
        ovaries[side], bubbles = _ovary(body, middle, side)
        ovaries[side] = ovaries[side] - womb.grown(1)
        follicles.append(bubbles & ovaries[side].grown(-0.8))
        over = (horns[side] + middle) / 2 + (x * 14, 4, 12)
        tubes[side] = tube(
            np.array([horns[side], over, middle + np.array([x * 12, 0, 14]), middle + np.array([x * 10, -8, -4])]),
            [2.2, 2.4, 3.2, 4.0],
            5.0,
        )
    passage = np.array(VAGINA_MM, float)
    vagina = tube(passage[:, :3], passage[:, 3], 5.0, VAGINA_FLAT)
    parts = [
        (cavity & womb.grown(-5), "endometrium", ""),
        (womb & neck, "cervix", ""),
        (womb, "uterus", ""),
        *((bubbles, f"ovary_{side}", "water") for side, bubbles in zip(SIDES, follicles, strict=True)),
        *((ovary, f"ovary_{side}", "") for side, ovary in ovaries.items()),
        *((way - bag.outer, f"fallopian_tube_{side}", "") for side, way in tubes.items()),
        (vagina, "vagina", ""),
    ]
    return Genitals(union(womb, vagina, *ovaries.values(), *tubes.values()), None, tuple(parts))


def _womb(body: Body) -> tuple[Solid, Solid]:
    """Outer surface and cavity of the uterus; its axis is y, its outer orifice at 0, it is flat up and down."""
    child = float(np.interp(body.age_y, (CHILD_Y, GROWN_Y), (CHILD_NECK, 1.0)))
    along, radius = np.array(UTERUS_MM, float).T
    radius = np.where(along > CERVIX_LONG_MM, radius * child, radius)
    bend = 8.0 * (along / LONG_MM) ** 2
    line = np.stack([0 * along, along, -bend], axis=-1)
    womb = tube(line, radius, 4.0, (0, 0, FLAT)) + waves(0.6, (25, 45), body.dice("womb"))
    along, radius = np.array(CAVITY_MM, float).T
    line = np.stack([0 * along, along, -8.0 * (along / LONG_MM) ** 2], axis=-1)
    return womb, tube(line, radius * child, 4.0, (0, 0, CAVITY_FLAT))


def _ovary(body: Body, middle: Float[ndarray, "3"], side: str) -> tuple[Solid, Solid]:
    """One ovary and its follicles, which only women between menarche and menopause have."""
    rng = body.dice(f"ovary_{side}")
    axes = Rotation.from_rotvec(rng.normal(0, 0.5, 3)).as_matrix()
    size = np.exp(body.grown("ovaries") / GROWTH_MM)
    radii = size * np.array(OVARY_RADII_MM)
    fertile = FERTILE_Y[0] < body.age_y < FERTILE_Y[1]
    places = middle + (rng.uniform(-0.6, 0.6, (FOLLICLES, 3)) * radii) @ axes
    sizes = size * rng.uniform(*FOLLICLE_MM, FOLLICLES) * (0.65 if fertile else 0.05)
    bubbles = union(*(Ellipsoid(place, np.full(3, r)) for place, r in zip(places, sizes, strict=True)))  # pyright: ignore[reportArgumentType]
    return Ellipsoid(middle, radii, axes), bubbles  # pyright: ignore[reportArgumentType]


def preview():
    """The pelvic organs of a man with his rectum, in an empty pelvis."""
    body = Body(Subject(sex="male"))
    room, bag = trunk(body).cavity, bladder.bladder(body)
    drawn = [*layers(genitals(body, bag)), *bladder.layers(room, bag), *colon.layers(body, room, colon.colon(body))]
    return drawn, (0, 20, -420), (150, 200, 260), 2.0
