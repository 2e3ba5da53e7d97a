"""How wide branches are: Murray's law with an exponent by radius class, and equal pressure at every end.

This is the clear version in NumPy, from the ends to the root, which vascular.construction.hydraulics must equal.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from simdata import RecipeError
from simdata.vessels import ROOT

KASSAB = 7 / 3
"""Flow grows with this power of the radius. Kassab 2006, PMC2716468."""
LOWEST, HIGHEST = 1.5, 5.0


@dataclass(frozen=True)
class Murray:
    """r^g = r_1^g + r_2^g, where g = exponents[k] for a mother of more than k edges in radius.

    edges_mm: ascending radii that part the classes, mm. exponents: one more. The default is the systemic circulation:
    3.0 below 0.1 mm, 2.7 to 1 mm, 2.33 above (Nakamura and Awa 2014, PMC3966250).
    A mother's class is that of her flow, by Q ~ r^(7/3) from the root's: so it does not depend on the radii it shapes.
    Raises RecipeError if edges do not ascend, their number is wrong, or an exponent is not between 1.5 and 5.
    """

    edges_mm: tuple[float, ...] = (0.1, 1.0)
    exponents: tuple[float, ...] = (3.0, 2.7, 2.33)

    def __post_init__(self) -> None:
        if len(self.exponents) != len(self.edges_mm) + 1:
            raise RecipeError(
                f"Murray: found {len(self.edges_mm)} edges_mm and {len(self.exponents)} exponents; "
                f"{len(self.edges_mm) + 1} exponents would do"
            )
        if any(a >= b for a, b in zip((0.0, *self.edges_mm), self.edges_mm, strict=False)):
            raise RecipeError(f"Murray.edges_mm: found {self.edges_mm}; ascending radii above 0 would do")
        if any(not LOWEST <= g <= HIGHEST for g in self.exponents):
            raise RecipeError(f"Murray.exponents: found {self.exponents}; {LOWEST:g} to {HIGHEST:g} would do")

    def law(self, flow: float, calibre: float) -> tuple[Float[ndarray, " k"], Float[ndarray, " k+1"]]:
        """(flows that part the classes, exponents) of a tree with that flow at its roots.

        calibre: sum of r^(7/3) over the roots, mm^(7/3).
        """
        return flow * np.array(self.edges_mm) ** KASSAB / calibre, np.array(self.exponents)

    def exponent(self, flow: Float[ndarray, " n"], root_flow: float, calibre: float) -> Float[ndarray, " n"]:
        """The exponent of mothers with these flows."""
        edges, exponents = self.law(root_flow, calibre)
        return exponents[np.searchsorted(edges, flow, side="right")]


CUBIC = Murray(edges_mm=(), exponents=(3.0,))
"""Murray 1926: the same exponent everywhere."""


def from_the_root(parent: Int[ndarray, " n"]) -> Int[ndarray, " n"]:
    """Points in an order in which every parent comes before its daughters."""
    depth = np.zeros(len(parent), int)
    jump = np.where(parent == ROOT, np.arange(len(parent)), parent)
    steps = (parent != ROOT).astype(int)
    while True:
        further = steps + steps[jump]
        if np.array_equal(further, steps):
            break
        steps, jump = further, jump[jump]
    depth = steps
    return np.argsort(depth, kind="stable")


def reduced(
    parent: Int[ndarray, " n"],
    length_mm: Float[ndarray, " n"],
    flow: Float[ndarray, " n"],
    exponent: Float[ndarray, " n"],
) -> tuple[Float[ndarray, " n"], Float[ndarray, " n"], Float[ndarray, " n"]]:
    """Reduced resistance R (mm), reduced volume W (mm) and radius over the mother's b, of every segment.

    R = l + 1 / sum(b^4 / R) and W = l + sum(b^2 W) over the daughters; r ~ (q R)^(1/4) makes the pressure at all ends
    equal, sum(b^g) = 1 is Murray's law. Karch et al. 1999, Comput Biol Med 29:19.
    """
    daughters: list[list[int]] = [[] for _ in parent]
    for i, p in enumerate(parent):
        if p != ROOT:
            daughters[p].append(i)
    r, w, b = length_mm.astype(float), length_mm.astype(float), np.ones(len(parent))
    for i in from_the_root(parent)[::-1]:
        below = daughters[i]
        if below:
            size = (flow[below] * r[below]) ** 0.25
            b[below] = size / (size ** exponent[i]).sum() ** (1 / exponent[i])
            r[i] += 1 / (b[below] ** 4 / r[below]).sum()
            w[i] += (b[below] ** 2 * w[below]).sum()
    return r, w, b


def flow_from_ends(parent: Int[ndarray, " n"], flow: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Flow of every segment: that of the ends below it, whatever `flow` holds elsewhere."""
    daughters = np.bincount(parent[parent != ROOT], minlength=len(parent))
    total = np.where(daughters == 0, flow, 0.0)
    for i in from_the_root(parent)[::-1]:
        if parent[i] != ROOT:
            total[parent[i]] += total[i]
    return total


def radii_from_ends(
    parent: Int[ndarray, " n"], end_mm: Float[ndarray, " n"], murray: Murray = CUBIC
) -> Float[ndarray, " n"]:
    """Radii by Murray's law alone, mm: r^g is the sum over the daughters, g that of the widest daughter's class.

    end_mm: radii of the ends, mm; what it holds elsewhere does not count.
    """
    exponents, edges = np.array(murray.exponents), np.array(murray.edges_mm)
    daughters: list[list[int]] = [[] for _ in parent]
    for i, p in enumerate(parent):
        if p != ROOT:
            daughters[p].append(i)
    radius = end_mm.astype(float)
    for i in from_the_root(parent)[::-1]:
        if daughters[i]:
            below = radius[daughters[i]]
            g = exponents[np.searchsorted(edges, below.max(), side="right")]
            radius[i] = (below**g).sum() ** (1 / g)
    return radius
