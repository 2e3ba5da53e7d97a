"""Shoulder blades, collarbones and humeri, and the arms where a scan shows them, down at the sides or up by the head.

Landmarks of the right side in the reference body, mm, of a man on his back whose arms are raised and left out, as chest
and belly are scanned: the head of the humerus is there, not its shaft. With the arms down the shoulder is broader, with
them up the blade turns its lower angle outwards. Head of the humerus 46 mm (Iannotti, J Bone Joint Surg Am 1992), blade
about 155 mm high and 100 mm broad, clavicle about 150 mm long, all from memory.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.blade import Blade, blade
from phantoms.anatomy.body import Body
from phantoms.anatomy.hand import Hand, hand
from phantoms.anatomy.trunk import SKIN_MM, Trunk, trunk
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_union, tube

HEAD_MM, HEAD_RADIUS_MM, GLENOID_MM = (146.0, -36.0, 143.0), 23.0, 4.0
"""Middle of the head of the humerus, its radius, and the joint between it and the socket."""
BLADE_AXES = ((0.775, 0.632, 0.0), (0.0, 0.0, 1.0), (0.632, -0.775, 0.0))
"""Rows: along the blade to the socket, up, backwards."""
THIN_MM = (1.4, 7.0)

# middle of the blade: x, y, z, half its thickness, mm
BLADE = (
    (56.6, -93.4, 167, 2.4),
    (52.6, -106.4, 143, 2.7),
    (56.6, -114.4, 103, 2.4),
    (71.3, -118.1, 61, 2.6),
    (83.1, -113.7, 29, 3.8),
    (111.9, -102.9, 82, 4.0),
    (119.5, -78.8, 113, 5.6),
    (122.1, -53.1, 139, 6.9),
    (116.0, -52.0, 152, 4.4),
    (98.0, -63.0, 160, 1.9),
    (78.0, -76.0, 164, 1.8),
    (96.8, -107.2, 113, 1.5),
    (90.8, -117.2, 77, 1.5),
    (103.1, -88.7, 133, 1.6),
    (79.9, -102.2, 139, 1.6),
    (76.0, -86.0, 155, 1.5),
)
# round from the upper angle along the inner border, the lower angle and the outer border to the socket and the notch
RIM = (
    (57.6, -90.3, 169),
    (51.6, -99.3, 160),
    (51.6, -108.4, 143),
    (53.6, -114.4, 109),
    (64.3, -117.8, 73),
    (72.8, -118.0, 46),
    (82.4, -115.9, 28),
    (91.7, -110.9, 34),
    (105.4, -109.4, 61),
    (115.9, -95.9, 94),
    (121.3, -71.3, 120),
    (125.0, -53.2, 132),
    (125.0, -49.0, 148),
    (114.0, -54.0, 156),
    (104.0, -61.0, 156),
    (92.0, -67.0, 164),
    (74.6, -78.8, 169),
)
# x, y, z, radius, mm
BORDER = ((85, -114, 34, 5.0), (104, -105, 65, 5.2), (115, -91, 96, 6.0), (121, -68, 122, 7.5))
SOCKET = ((110, -60, 143, 9.0), (120, -52, 142, 14.0), (124, -49, 142, 17.5))
"""The neck of the blade, which widens to the socket; it is flat from front to back."""
SOCKET_FLAT = (-0.86, 1.05, 0.0)
CREST = (
    (53, -110, 141, 3.4),
    (79, -117, 149, 4.8),
    (104, -111, 159, 5.4),
    (127, -94, 167, 6.0),
    (144, -72, 172, 6.0),
)
ACROMION = ((144, -72, 172, 9.5), (156, -55, 174, 13.0), (157, -36, 173, 13.0), (152, -22, 171, 9.0))
ACROMION_FLAT = (-0.5, 0.2, 2.2)
SPINE_ROOT = ((56, -105, 141), (80, -94, 147), (102, -76, 151), (116, -60, 153))
CORACOID = ((116, -52, 154, 7.5), (118, -40, 163, 6.5), (124, -24, 163, 5.6), (130, -10, 157, 5.0), (132, -5, 153, 4.2))
COLLARBONE = (
    (22, 43, 148, 12.5),
    (32, 46, 151, 10.0),
    (54, 45, 156, 7.5),
    (80, 30, 161, 6.9),
    (106, 6, 166, 6.7),
    (124, -14, 170, 7.3),
    (137, -28, 173, 9.2),
)
COLLARBONE_FLAT = (
    (0, 0, 0),
    (0, 0, 0),
    (0, 0, 0),
    (0, 0, 0),
    (0, 0, 1.2),
    (0.1, 0, 1.4),
    (0.2, 0, 1.6),
)
DEEP_MM = 4.0
"""No bone lies nearer to the surface."""
SIDES = (("right", lambda solid: solid), ("left", lambda solid: solid.mirrored()))
FOREARM_SHELLS = {"ulna": (3.0, "yellow_marrow"), "radius": (3.0, "yellow_marrow")}
"""Thickness of their cortex, mm, and what it holds; other bones beyond the elbow have spongy bone in thin shells."""
HAND_SHELL_MM, HAND_SKIN_MM = 1.2, 2.5
SCAPULA_SHELL_MM, COLLARBONE_SHELL_MM, HUMERUS_SHELL_MM = 0.9, 1.3, 1.0

# the humerus along its own shaft from the middle of its head: distance, radius of bone and of marrow, mm
SHAFT = (
    (14, 21.0, 19.5),
    (26, 18.5, 16.0),
    (42, 14.8, 11.5),
    (60, 12.6, 8.2),
    (100, 11.3, 5.8),
    (150, 11.0, 5.4),
    (210, 11.0, 5.2),
    (255, 12.5, 6.0),
    (285, 15.0, 11.0),
    (300, 13.0, 11.0),
)
SHAFT_AWAY_MM = 7.0
"""How far the axis of the shaft lies to the side of the middle of the head."""
STUMP_MM = 32.0
"""What there is of the humerus when the arm is left out."""


@dataclass(frozen=True)
class Pose:
    """Where the shoulder blade and arm lie: shift_mm and turn_deg of the blade (its lower angle outwards).

    arm: way of the arm from the head of the humerus to the wrist, mm; radii of its muscles there.
    """

    shift_mm: tuple[float, float, float]
    turn_deg: float
    arm: tuple[tuple[float, float, float], ...]
    radii_mm: tuple[float, ...] = ()


ELBOW = 3
"""Number of the elbow on the way of an arm."""
RADII_MM = (40.0, 45.0, 44.0, 38.0, 42.0, 26.0, 24.0)
OUT = Pose((0, 0, 0), 0.0, ((146, -36, 143), (166, -34, 190)))
POSES = {
    "arms_down": Pose(
        (14, 2, -4),
        -8.0,
        (
            (160, -34, 139),
            (196, -40, 60),
            (213, -42, -40),
            (222, -40, -158),
            (230, -26, -230),
            (228, -2, -385),
            (226, 5, -425),
        ),
        RADII_MM,
    ),
    "arms_up": Pose(
        (-2, 6, 14),
        24.0,
        (
            (144, -30, 157),
            (170, -18, 245),
            (190, 8, 340),
            (196, 34, 440),
            (150, 52, 490),
            (40, 48, 560),
            (0, 44, 590),
        ),
        RADII_MM,
    ),
}


@dataclass(frozen=True, eq=False)
class Shoulder:
    """Right bones, and what muscles hold on to; `.mirrored()` gives the left.

    canal: the room for the marrow of the humerus. joint: the cartilage of its socket. flat: the blade, whose outer side
    is behind. crest: its spine with the acromion. head: of the humerus.
    """

    scapula: Solid
    clavicle: Solid
    humerus: Solid
    canal: Solid
    joint: Solid
    flat: Blade
    crest: Solid
    head: Ellipsoid
    pose: Pose

    def place(self, point) -> Float[ndarray, "3"]:
        """Where a landmark of the blade lies in this pose, mm."""
        turn = turned(self.pose.turn_deg)
        pivot = np.array(HEAD_MM)
        return turn @ (np.asarray(point[:3], float) - pivot) + pivot + np.array(self.pose.shift_mm)


def pose(body: Body) -> Pose:
    """How the arms lie in this scan."""
    return next((POSES[name] for name in POSES if name in body.variants), OUT)


def turned(degrees: float) -> Float[ndarray, "3 3"]:
    """A turn in the plane of the blade that swings its lower angle outwards."""
    along, up, back = np.array(BLADE_AXES)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.outer(along, c * along - s * up) + np.outer(up, s * along + c * up) + np.outer(back, back)


@lru_cache(maxsize=4)
def shoulder(body: Body) -> Shoulder:
    """The solids of a patient's right shoulder."""
    lies = pose(body)
    turn: Any = turned(lies.turn_deg)
    pivot = np.array(HEAD_MM)
    shift = np.array(lies.shift_mm) + pivot - turn @ pivot

    def at(points) -> Any:
        return np.array([p[:3] for p in points], float) @ turn.T + shift

    def bar(knots, flat=(0.0, 0.0, 0.0)) -> Solid:
        return tube(at(knots), [k[3] for k in knots], 5.0, turn @ np.asarray(flat, float))

    flat = blade(at(BLADE), np.array([p[3] for p in BLADE]), at(RIM), np.array(BLADE_AXES) @ turn.T, THIN_MM)
    head = Ellipsoid(at([HEAD_MM])[0], (HEAD_RADIUS_MM,) * 3)
    plate = _plate(at(SPINE_ROOT), at(CREST))
    crest = smooth_union(plate, bar(CREST), bar(ACROMION, ACROMION_FLAT), round_mm=4.0)
    whole = smooth_union(
        flat.solid(1.5),
        smooth_union(bar(BORDER), bar(SOCKET, SOCKET_FLAT), bar(CORACOID), round_mm=5.0),
        crest,
        round_mm=4.0,
    )
    scapula = whole & ~head.grown(GLENOID_MM)
    way = np.array(COLLARBONE, float)
    ends = np.linspace(0, 1, len(way))[:, None] * (at([way[-1]])[0] - way[-1, :3])
    clavicle = tube(way[:, :3] + ends, way[:, 3], 5.0, np.array(COLLARBONE_FLAT, float))
    humerus, canal = _humerus(lies, head)
    face = Plane(head.centre, turn @ [-0.84, -0.5, 0.0])
    joint = common(head.grown(GLENOID_MM), face, Ellipsoid(at([SOCKET[-1]])[0], (16, 16, 19)))
    return Shoulder(scapula, clavicle, humerus, canal, joint, flat, crest, head, lies)


def _plate(low: Float[ndarray, "n 3"], high: Float[ndarray, "m 3"]) -> Solid:
    """The thin part of the spine of the scapula, between the blade and its crest: bars side by side."""
    share = np.linspace(0, 1, 14)[:, None]
    a, b = (_along(line, share) for line in (low, high))
    middle, half = (a + b) / 2, np.linalg.norm(b - a, axis=1) / 2
    across = np.cross(b - a, np.gradient(middle, axis=0))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return tube(middle, half + 1.5, flat=across * ((half + 1.5) / 1.3)[:, None])


def _along(line: Float[ndarray, "n 3"], share) -> Float[ndarray, "k 3"]:
    knots = np.linspace(0, 1, len(line))
    return np.stack([np.interp(share[:, 0], knots, line[:, n]) for n in range(3)], axis=-1)


def _humerus(lies: Pose, head: Ellipsoid) -> tuple[Solid, Solid]:
    """Head, both tubercles and the shaft, down to the elbow or, with the arm left out, to a stump; and their marrow."""
    shoulder_mm: Any = np.asarray(head.centre, float)
    down = np.array(lies.arm[min(ELBOW, len(lies.arm) - 1)], float) - shoulder_mm
    down /= np.linalg.norm(down)
    outward = np.array([1.0, 0.25, 0.0]) - down * (down @ [1.0, 0.25, 0.0])
    outward *= SHAFT_AWAY_MM / np.linalg.norm(outward)
    rows = np.array([row for row in SHAFT if len(lies.arm) > 2 or row[0] < STUMP_MM])
    share = np.clip(rows[:, 0] / 40, 0, 1)[:, None]
    axis = shoulder_mm + rows[:, :1] * down + share * outward
    front = np.cross(down, outward)
    front *= np.sign(front[1] or 1.0) / np.linalg.norm(front)
    great = Ellipsoid(shoulder_mm + 1.7 * outward + 8 * down, (12, 13, 15))
    small = Ellipsoid(shoulder_mm + 0.5 * outward + 16 * front + 12 * down, (8, 7, 9))
    shaft, canal = (tube(axis, rows[:, n], 8.0) for n in (1, 2))
    whole = smooth_union(head, great, small, shaft, round_mm=6.0)
    marrow = smooth_union(head.grown(-0.8), great.grown(-2), canal, round_mm=6.0)
    return whole, marrow


def arms(body: Body) -> tuple[Solid, Solid] | None:
    """Skin and muscle outline of both arms, to be joined to those of the trunk; None if they are left out."""
    lies = pose(body)
    if not lies.radii_mm:
        return None
    size, fat = body.latent("muscle_size", 1.0), body.latent("fat_arm", 7.0) + SKIN_MM
    right = tube(lies.arm, np.array(lies.radii_mm) * size, 20.0)
    own = _hand(lies)
    skin = smooth_union(right.grown(fat), own.outer.grown(HAND_SKIN_MM), round_mm=12.0)
    muscle = right | own.palm.grown(-HAND_SKIN_MM)
    return skin | skin.mirrored(), muscle | muscle.mirrored()


def _hand(lies: Pose) -> Hand:
    """The right hand, in line with the forearm."""
    wrist = np.array(lies.arm[-1], float)
    return hand(wrist, wrist - np.array(lies.arm[-2], float))


def _forearm_bones(lies: Pose) -> list[Layer]:
    """Ulna, radius and the bones of the hand, of both sides."""
    elbow, wrist = np.array(lies.arm[ELBOW], float), np.array(lies.arm[-1], float)
    way = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    beside = np.cross(way, (1.0, 0.0, 0.0))
    beside /= np.linalg.norm(beside)
    bones: dict[str, Solid] = {
        name: tube([elbow + a * way + s * 9 * beside, elbow + 40 * way + s * 9 * beside, wrist + s * 8 * beside], radii)
        for name, a, s, radii in (("ulna", -8, -1, (13, 8, 6)), ("radius", 12, 1, (9, 7, 11)))
    }
    own = _hand(lies)
    bones |= {"carpal": own.carpals, "metacarpal": own.metacarpals, "hand_phalanx": own.phalanges}
    made = []
    for name, bone in bones.items():
        shell, inside = FOREARM_SHELLS.get(name, (HAND_SHELL_MM, "spongy_bone"))
        for side, here in SIDES:
            made += [
                Layer(here(bone).grown(-shell), f"{name}_{side}", inside),
                Layer(here(bone), f"{name}_{side}", "cortical_bone"),
            ]
    return made


def layers(body: Body, trunk: Trunk) -> list[Layer]:
    """Humeri, scapulae and clavicles of both sides, the cartilage of the joints, and the bones of forearms in view."""
    own = shoulder(body)
    made_arms = arms(body)
    deep = (trunk.skin if made_arms is None else trunk.skin | made_arms[0]).grown(-DEEP_MM)
    made = []
    for side, here in SIDES:
        humerus, scapula, clavicle = (here(bone) & deep for bone in (own.humerus, own.scapula, own.clavicle))
        made += [
            Layer(here(own.canal) & humerus.grown(-HUMERUS_SHELL_MM), f"humerus_{side}", "spongy_bone"),
            Layer(humerus, f"humerus_{side}", "cortical_bone"),
            Layer(scapula.grown(-SCAPULA_SHELL_MM), f"scapula_{side}", "spongy_bone"),
            Layer(scapula, f"scapula_{side}", "cortical_bone"),
            Layer(clavicle.grown(-COLLARBONE_SHELL_MM), f"clavicula_{side}", "spongy_bone"),
            Layer(clavicle, f"clavicula_{side}", "cortical_bone"),
            Layer(here(own.joint), "joint_cartilage"),
        ]
    return made + (_forearm_bones(own.pose) if own.pose.radii_mm else [])


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference man's shoulders."""
    body = Body()
    return layers(body, trunk(body)), (0, -35, 110), (370, 190, 190), 1.5
