"""What the kernels read: an expression of solids as arrays, one row per node, children before parents."""

from typing import NamedTuple

from numpy import float32, ndarray

PLANE, ELLIPSOID, CUSHION, TUBE, SHEET, POLAR, LATTICE, WAVES = range(8)
EITHER, BOTH, SUM, SMOOTH, ALL_BUT, SHIFTED = range(8, 14)

OPERATION, A, B, FIRST, LAST = range(5)
"""Columns of a node: what it is, its children (-1: none), its first number or cone, the one after its last cone."""
VALUE, LOWEST, HIGHEST = range(3)
"""Columns of its values: mm of a shift or fillet; lowest and highest depth that makes a difference, beyond which it
matters only that it is beyond."""

CONE = 14
"""Numbers of a cone: start (3), along (3), radius, its change, 1 / length^2, stretch (3), 1 / how much thinner it is,
how fast its radius changes along it."""
FLATNESS, SLOPE = 12, 13

PATCH = 4
"""Cells along the edge of a patch of a table; of each patch it is known how steep it is, and between what it lies."""

FILLET = float32(1.25)
"""A fillet reaches as far as this share of its width beyond the surface that it rounds."""


class Program(NamedTuple):
    """nodes: (n, 5). values: (n, 3). numbers: what the leaves are made of. cones: (14, m) of all tubes.

    roots: (layers,) node of each layer, the topmost first; label, tissue: what each layer is.
    """

    nodes: ndarray
    values: ndarray
    numbers: ndarray
    cones: ndarray
    roots: ndarray
    label: ndarray
    tissue: ndarray
