"""A patient of whom a part has been shifted, told on a coarse lattice: all goes along, and lung keeps its mass."""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float32, Int, Shaped
from numpy import ndarray
from scipy.ndimage import map_coordinates, zoom

from phantoms.lesions.pulled import ROUNDS, carried, cropped, pulled
from phantoms.lesions.push import RIGID
from simdata.grid import Block, Grid
from simdata.motion_pull import denser
from simdata.scene import DENSITY, LUNG, Scene
from simdata.tissues import tissues


@dataclass(frozen=True, eq=False)
class Lattice:
    """Nodes at every `every`-th voxel of a block along each axis, and at its far ends at the next one."""

    block: Block
    every: tuple[int, int, int]

    def nodes(self) -> Int[ndarray, "3 a b c"]:
        """The indices of the nodes in the grid; those at the far ends may lie beyond it."""
        ends = zip(self.block, self.every, strict=True)
        at = [side.start + step * np.arange(-(-(side.stop - side.start - 1) // step) + 1) for side, step in ends]
        return np.stack(np.meshgrid(*at, indexing="ij"))

    def of(self, array: Shaped[ndarray, "x y z"]) -> Shaped[ndarray, "a b c"]:
        """What an array of the scene has at the nodes; at those beyond the grid as at its rim."""
        x, y, z = (np.minimum(at, n - 1) for at, n in zip(self.nodes(), array.shape, strict=True))
        return array[x, y, z]

    def fine(self, table: Float[ndarray, "a b c"]) -> Float32[ndarray, "x y z"]:
        """A table of the nodes at every voxel of the block, linearly."""
        shape = [(n - 1) * step + 1 for n, step in zip(table.shape, self.every, strict=True)]
        factors = [wide / n for wide, n in zip(shape, table.shape, strict=True)]
        whole = np.asarray(zoom(table.astype(np.float32), factors, order=1))
        x, y, z = (slice(side.stop - side.start) for side in self.block)
        return np.ascontiguousarray(whole[x, y, z])


def lattice(grid: Grid, block: Block, node_mm: float) -> Lattice:
    """Nodes about node_mm apart."""
    x, y, z = (max(1, round(node_mm / mm)) for mm in grid.spacing_mm)
    return Lattice(block, (x, y, z))


def shifted(scene: Scene, at: Lattice, forward_mm: Float[ndarray, "3 a b c"]) -> Scene:
    """`scene` after every node has gone forward_mm (RAS+) from where it was; bone stands still.

    Vessels and findings go along, and lung tissue is denser by as much as it has been squeezed.
    """
    back = _back(scene.grid, at, forward_mm)
    displacement = np.stack([at.fine(one) for one in back])
    still = np.isin(scene.tissue[at.block], [tissues()[name] for name in RIGID]) | (scene.labels[at.block] == 0)
    displacement *= ~still
    after = carried(pulled(scene, at.block, displacement, still), at.block, displacement)
    lung = after.tissue[at.block] == tissues()[LUNG]
    if not lung.any():
        return after
    field = after.fields.get(DENSITY)
    whole = np.ones(scene.grid.shape, np.float32) if field is None else field.copy()
    squeezed = denser(displacement, cropped(scene.grid, at.block), lung)
    whole[at.block] *= np.where(lung, squeezed, np.float32(1))
    return replace(after, fields=MappingProxyType({**after.fields, DENSITY: whole}))


def _back(grid: Grid, at: Lattice, forward_mm: Float[ndarray, "3 a b c"]) -> Float[ndarray, "3 a b c"]:
    """From where a node lies now to where it lay: d with d(q) = -f(q + d(q)), by a fixed point."""
    nodes = np.indices(forward_mm.shape[1:]).reshape(3, -1).astype(float)
    to_nodes = np.linalg.inv(grid.affine[:3, :3] * np.array(at.every))
    back = np.zeros((3, nodes.shape[1]))
    for _ in range(ROUNDS):
        there = nodes + to_nodes @ back
        back = -np.stack([map_coordinates(one, there, order=1, mode="nearest") for one in forward_mm])
    return back.reshape(forward_mm.shape)
