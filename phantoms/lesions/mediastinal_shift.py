"""Fluid or gas that needs more room than the lung gives: heart and mediastinum go to the other side, the dome sinks."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from phantoms.lesions.gives_way import NOTHING_MM, along
from phantoms.lesions.lungs import LOBES, Side
from phantoms.lesions.shifted import Lattice, lattice, shifted
from simdata.grid import Block
from simdata.scene import Scene
from simdata.tissues import tissues

NODE_MM = 8.0
LED = ("heart", "pericardium", "pulmonary_artery", "superior_vena_cava", "mediastinum", "thymus")
"""What the pressure of one side leans on."""
HELD = ("skin", "muscle", "cartilage", "cortical_bone", "spongy_bone", "spinal_cord", "csf")
HELD_FAT = ("subcutaneous_fat", "intermuscular_fat", "epidural_fat", "fascia", "spinal_ligament", "head_fat")
FREE = ("diaphragm", "trachea", "heart")
"""Tissues and structures of the wall, which stands; and what has muscle or cartilage, but is no wall."""
STIFF, FAT, AIRY, SLIPS = 40.0, 3.0, 1.0, 0.1
"""Stiffness of solid organs and vessels, of fat and bowel, and of lung, relative; and how little the diaphragm holds
along its wall. Assumed: lung and belly take up what is squeezed."""
SOFT = ("adipose", "gut_wall", "gut_content", "air")
SINKS = 0.6
"""How far the dome of that side goes down, by the shift; assumed."""
DOME_NODES = 2
LEAST_LEFT = 0.15
"""Of the way between two places, which none loses more of: nothing folds."""
AROUND_MM, BELOW_MM = 20.0, 160.0
"""How far around and below the lungs something may move."""


def with_shift(scene: Scene, side: Side, shift_mm: float) -> tuple[Scene, float]:
    """`scene` whose heart has gone shift_mm away from `side`, on average, and the dome of that side down; the chest
    stands, and the lungs keep their mass. Also the shift itself, mm: less where there is not so much room, 0 without a
    heart.
    """
    block = _chest(scene)
    if shift_mm < NOTHING_MM or block is None:
        return scene, 0.0
    at = lattice(scene.grid, block, NODE_MM)
    labels = at.of(scene.labels)
    own = _any(scene, labels, [name for name in LOBES if name.endswith(side)])
    heart = _any(scene, labels, ["heart"])
    held = _held(scene, at, labels)
    if not (own & ~held).any() or not (heart & ~held).any():
        return scene, 0.0

    stiffness = np.full(labels.shape, STIFF)
    stiffness[np.isin(at.of(scene.tissue), [tissues()[name] for name in SOFT])] = FAT
    stiffness[_any(scene, labels, ["stomach"])] = STIFF
    stiffness[_any(scene, labels, LOBES)] = AIRY
    led = _any(scene, labels, LED)
    across = along(stiffness, led, held)
    stiffness[held | _any(scene, labels, ["diaphragm"])] = SLIPS
    down = along(stiffness, _dome(scene, at, own) & ~led, held | led)

    away = np.array([-1.0 if side == "right" else 1.0, 0.0, 0.0])
    across /= _share(scene, at, across, heart, away, shift_mm)
    shift_mm = min(shift_mm, (1 - LEAST_LEFT) / max(-_slopes(scene, at, across, away).min(), 1e-9))
    way_mm = shift_mm * (across[..., None] * away - SINKS * down[..., None] * np.array([0.0, 0.0, 1.0]))
    return shifted(scene, at, np.moveaxis(way_mm, -1, 0)), round(float(shift_mm), 1)


def _share(
    scene: Scene, at: Lattice, across: Float[ndarray, "a b c"], heart: ndarray, away: ndarray, mm: float
) -> float:
    """How far the middle of the heart goes, by mm, when each place of it goes `across` so many: it may be drawn out."""
    nodes = np.argwhere(heart) * at.every @ scene.grid.affine[:3, :3].T @ away
    drawn_out = 1 + mm * _slopes(scene, at, across, away)[heart]
    return float(np.average(nodes + mm * across[heart], weights=drawn_out) - nodes.mean()) / mm


def _chest(scene: Scene) -> Block | None:
    """A box around the lungs and what gives way below them; None without lungs."""
    lungs = _any(scene, scene.labels, LOBES)
    if not lungs.any():
        return None
    places = scene.grid.world_mm(np.argwhere(lungs[::2, ::2, ::2]) * 2)
    low, high = places.min(axis=0) - [AROUND_MM, AROUND_MM, BELOW_MM], places.max(axis=0) + AROUND_MM
    corners = scene.grid.index(np.array([low, high])[np.indices((2, 2, 2)).reshape(3, -1).T, np.arange(3)])
    first = np.clip(np.floor(corners.min(axis=0)), 0, scene.grid.shape).astype(int).tolist()
    last = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, scene.grid.shape).astype(int).tolist()
    x, y, z = (slice(a, b) for a, b in zip(first, last, strict=True))
    return x, y, z


def _any(scene: Scene, labels: ndarray, names: Iterable[str]) -> Bool[ndarray, "a b c"]:
    """Which labels are of these structures or of their parts, findings among them."""
    lookup = np.zeros(1 << 16, bool)
    lookup[[id for id in scene.structures if not set(names).isdisjoint(scene.lineage(id))]] = True
    return lookup[labels]


def _held(scene: Scene, at: Lattice, labels: ndarray) -> Bool[ndarray, "a b c"]:
    wall = np.isin(at.of(scene.tissue), [tissues()[name] for name in HELD]) & ~_any(scene, labels, [*LOBES, *FREE])
    return wall | _any(scene, labels, HELD_FAT) | (labels == 0)


def _dome(scene: Scene, at: Lattice, lung: Bool[ndarray, "a b c"]) -> Bool[ndarray, "a b c"]:
    """What lies right under the lung of one side."""
    up = scene.grid.affine[2, :3] * at.every
    axis = int(np.argmax(np.abs(up)))
    over = np.moveaxis(lung, axis, 2) if up[axis] > 0 else np.moveaxis(lung, axis, 2)[..., ::-1]
    over = np.pad(over, [(0, 0), (0, 0), (0, DOME_NODES)])
    near = np.any([over[..., n : n - DOME_NODES or None] for n in range(1, DOME_NODES + 1)], axis=0)
    dome = near & ~over[..., :-DOME_NODES]
    return np.moveaxis(dome if up[axis] > 0 else dome[..., ::-1], 2, axis)


def _slopes(scene: Scene, at: Lattice, table: Float[ndarray, "a b c"], way: Float[ndarray, " 3"]) -> ndarray:
    """How a table of the nodes rises along a way, per mm, from each node to the next."""
    by_node = np.linalg.inv(scene.grid.affine[:3, :3] * np.array(at.every)) @ way
    rises = np.stack([np.diff(table, axis=n, append=np.take(table, [-1], axis=n)) for n in range(3)], axis=-1)
    return rises @ by_node
