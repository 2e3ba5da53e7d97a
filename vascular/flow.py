"""Steady flow through vessels: pressure at every point, flow and haematocrit of every segment and link.

Poiseuille: dp = 8 eta L q / (pi r^4), eta of blood by diameter and haematocrit (vascular.rheology), of air and bile a
number. Viscosity, flow and haematocrit are found in turns until none of them moves the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from simdata.errors import SceneError
from simdata.vessels import AIRWAY, ARTERY, DUCT, ROOT, VEIN, Vessels
from vascular.network import Factor, Network, network
from vascular.rheology import NARROWEST_MM, red_cells, viscosity_mpa_s

MPA_S_IN_MMHG_S = 1e-3 / 133.322
AIR_MPA_S = 0.0190
"""Viscosity of air at 37 degrees, mPa s (CRC Handbook of Chemistry and Physics, 19.0 uPa s at 310 K) (memory)."""
BILE_MPA_S = 1.0
"""Viscosity of hepatic bile at 37 degrees, mPa s; 0.8-1.1 (memory)."""
HAEMATOCRIT = 0.45
"""Of the blood that enters, systemic."""
SHORTEST = 0.01
"""A tube is taken as this many radii long at least: points that lie on each other have one pressure."""
ROUNDS = 3
"""Of an exact solve: each after the first takes back what rounding lost."""
STAGNANT = 1e-26
"""A pressure drop along a tube below this share of the largest pressure is what is left of rounding after them:
there the blood stands still."""
TRICKLE = 1e-12
"""Share of the largest flow below which an imbalance is measured against that, not against the flow itself."""
FIRST_STEP, SHORTER = 0.5, 0.7
"""Each turn moves the haematocrit that viscosity sees halfway to the one found; less by 0.7 whenever that came no
nearer: where red cells skim strongly, whole steps swing for ever (measured)."""
SETTLED = 1e-3
"""Share of the red cells in motion that change their tube in a turn, at which the turns end."""
MOST_TURNS = 60

Solve = Callable[[Float[ndarray, " f"]], Float[ndarray, " f"]]


@dataclass(frozen=True, eq=False)
class Circulation:
    """Blood that flows through vessels; float64, where Vessels keeps float32.

    pressure_mmhg: (n,). flow_mm3_s, haematocrit: (n,) of the segment from each point to its parent, NaN at roots, with
    the sign that Vessels gives it. link_flow_mm3_s, link_haematocrit: (m,). inflow_mm3_s: (n,) what enters at each
    point from outside, negative where blood leaves. change: share of the moving red cells that changed their tube in
    the last turn. turns: how many it took.
    """

    vessels: Vessels
    pressure_mmhg: Float[ndarray, " n"]
    flow_mm3_s: Float[ndarray, " n"]
    haematocrit: Float[ndarray, " n"]
    link_flow_mm3_s: Float[ndarray, " m"]
    link_haematocrit: Float[ndarray, " m"]
    inflow_mm3_s: Float[ndarray, " n"]
    change: float
    turns: int

    def onto(self) -> Vessels:
        """The vessels with what was found."""
        names = ("pressure_mmhg", "flow_mm3_s", "haematocrit", "link_flow_mm3_s", "link_haematocrit")
        return replace(self.vessels, **{name: getattr(self, name).astype(np.float32) for name in names})

    @property
    def mass_residual(self) -> float:
        """The largest imbalance of blood at any point, as a share of the blood that passes it."""
        return self._imbalance(np.ones_like(self.flow_mm3_s), np.ones_like(self.link_flow_mm3_s), 1.0)

    @property
    def red_cell_residual(self) -> float:
        """The largest imbalance of red cells where nothing enters or leaves, as a share of those that pass."""
        return self._imbalance(self.haematocrit, self.link_haematocrit, np.nan)

    def _imbalance(self, of_segment: ndarray, of_link: ndarray, outside: float) -> float:
        tubes = tubes_of(self.vessels)
        flow = np.concatenate([self.flow_mm3_s[self.vessels.segments], self.link_flow_mm3_s])
        carried = flow * np.concatenate([of_segment[self.vessels.segments], of_link])
        n = len(self.vessels)
        total = np.bincount(tubes.tail, carried, n) - np.bincount(tubes.head, carried, n)
        passing = np.bincount(tubes.tail, abs(carried), n) + np.bincount(tubes.head, abs(carried), n)
        entering = np.where(self.inflow_mm3_s == 0, 0, self.inflow_mm3_s * outside)
        passing = passing + abs(entering)
        least = max(TRICKLE * np.nanmax(passing, initial=0.0), np.finfo(float).tiny)
        share = abs(total - entering) / np.maximum(passing, least)
        return float(share[~np.isnan(entering)].max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Tubes:
    """Segments, then links, each from tail to head in the direction of positive flow."""

    tail: Int[ndarray, " t"]
    head: Int[ndarray, " t"]
    length_mm: Float[ndarray, " t"]
    radius_mm: Float[ndarray, " t"]
    kind: Int[ndarray, " t"]

    @property
    def blood(self) -> Bool[ndarray, " t"]:
        """(t,) true where the tube carries blood."""
        return (self.kind != AIRWAY) & (self.kind != DUCT)

    def by_point(self, n: int) -> tuple[Int[ndarray, " n1"], Int[ndarray, " t2"]]:
        """(first, tube): the tubes that meet at point p, of n points, are tube[first[p] : first[p + 1]]."""
        ends = np.concatenate([self.tail, self.head])
        by_point = np.argsort(ends, kind="stable")
        return np.searchsorted(ends[by_point], np.arange(n + 1)), by_point % max(len(self.tail), 1)


@dataclass(frozen=True, eq=False)
class Periphery:
    """The small vessels beyond each point that are not drawn: mm3/s/mmHg (n,) to a pressure of mmHg (n,)."""

    conductance: Float[ndarray, " n"]
    mmhg: Float[ndarray, " n"]


def held_pressures(
    vessels: Vessels, arterial_mmhg: float, venous_mmhg: float, capillary_mmhg: float
) -> Float[ndarray, " n"]:
    """(n,) pressure at the roots of arteries and veins and at their open ends; NaN where it is to be found.

    An end is open if no link leaves it. Capillaries without a link are blind.
    """
    held = np.full(len(vessels), np.nan)
    linked = np.bincount(vessels.links.ravel(), minlength=len(vessels)) > 0
    for kind, mmhg in ((ARTERY, arterial_mmhg), (VEIN, venous_mmhg)):
        own = vessels.kind == kind
        held[own & ~linked & (vessels.children == 0)] = capillary_mmhg
        held[own & (vessels.parent == ROOT)] = mmhg
    return held


def circulation(
    vessels: Vessels,
    held_mmhg: Float[ndarray, " n"],
    inflow_mm3_s: Float[ndarray, " n"] | None = None,
    inlet_haematocrit: float = HAEMATOCRIT,
    periphery: Periphery | None = None,
) -> Circulation:
    """Flow under the pressures held_mmhg (n,), NaN where free; there inflow_mm3_s (n,) enters, negative if it leaves.

    With a periphery, free points also exchange blood with what lies beyond them, as their pressure asks for.
    Raises SceneError if a piece of the vessels holds no pressure, or a vessel is too narrow for blood.
    """
    inflow = np.zeros(len(vessels)) if inflow_mm3_s is None else np.asarray(inflow_mm3_s, float)
    held = np.asarray(held_mmhg, float)
    _check(vessels, held, inflow)
    beyond = periphery or Periphery(np.zeros(len(vessels)), np.zeros(len(vessels)))
    plumbing = _plumbing(vessels, held, inflow, float(inlet_haematocrit), beyond)

    cells = np.full(len(plumbing.tubes.tail), float(inlet_haematocrit))
    stream, turns, step, before = plumbing.stream(cells), 1, FIRST_STEP, np.inf
    while (change := stream.change_from(cells)) >= SETTLED and turns < MOST_TURNS:
        step, before = step * SHORTER if change >= before else step, change
        cells += step * (stream.haematocrit - cells)
        stream, turns = plumbing.followed(stream, cells), turns + 1
        if stream.change_from(cells) < SETTLED or turns == MOST_TURNS:
            stream = plumbing.stream(cells)

    segments = len(vessels.segments)
    haematocrit = np.where(plumbing.tubes.blood, stream.haematocrit, np.nan)
    return Circulation(
        vessels=vessels,
        pressure_mmhg=stream.pressure,
        flow_mm3_s=_by_point(vessels, stream.flow[:segments]),
        haematocrit=_by_point(vessels, haematocrit[:segments]),
        link_flow_mm3_s=stream.flow[segments:],
        link_haematocrit=haematocrit[segments:],
        inflow_mm3_s=stream.entering,
        change=change,
        turns=turns,
    )


@dataclass(frozen=True, eq=False)
class _Stream:
    """What flows at one viscosity: pressure and what enters at each point, flow and haematocrit of each tube.

    factor: of the resistances at this viscosity, or at one before.
    """

    factor: Factor
    pressure: Float[ndarray, " n"]
    entering: Float[ndarray, " n"]
    flow: Float[ndarray, " t"]
    haematocrit: Float[ndarray, " t"]

    def change_from(self, cells: Float[ndarray, " t"]) -> float:
        """Share of the moving red cells that `cells` has in other tubes."""
        moving = (abs(self.flow) * self.haematocrit).sum()
        changed = (abs(self.flow) * abs(self.haematocrit - cells)).sum()
        return float(changed / moving) if moving > 0 else 0.0


@dataclass(frozen=True, eq=False)
class _Plumbing:
    """Vessels as a net of free points and of tubes to held ones. inner: tubes between two free points.

    grounded: for tail and head, the free points that face a held one, and their tubes. first, tube: see `red_cells`.
    """

    tubes: Tubes
    held: Float[ndarray, " n"]
    inflow: Float[ndarray, " n"]
    inlet_haematocrit: float
    periphery: Periphery
    free: Int[ndarray, " f"]
    network: Network
    inner: Bool[ndarray, " t"]
    grounded: tuple[tuple[ndarray, ndarray], ...]
    first: Int[ndarray, " n1"]
    tube: Int[ndarray, " t2"]

    def stream(self, cells: Float[ndarray, " t"]) -> _Stream:
        """Flow at the viscosity that `cells` give."""
        conductance, ground = self._resistors(cells)
        factor = self.network.factor(conductance[self.inner], ground)
        pressure = np.where(np.isfinite(self.held), self.held, 0.0)
        return self._flowing(conductance, factor, pressure, [factor.solve] * ROUNDS)

    def followed(self, before: _Stream, cells: Float[ndarray, " t"]) -> _Stream:
        """Flow at a viscosity not far from that of a stream before, but for a small share of what changes."""
        conductance, ground = self._resistors(cells)

        def solve(inflow: Float[ndarray, " f"]) -> Float[ndarray, " f"]:
            near = before.factor.solve_near(conductance[self.inner], ground, inflow)
            return self.network.factor(conductance[self.inner], ground).solve(inflow) if near is None else near

        return self._flowing(conductance, before.factor, before.pressure.copy(), [solve])

    def _resistors(self, cells: Float[ndarray, " t"]) -> tuple[Float[ndarray, " t"], Float[ndarray, " f"]]:
        """Conductance of each tube, and of each free point to held ones and to what lies beyond it."""
        conductance = _conductance(self.tubes, cells)
        ground = self.periphery.conductance[self.free].copy()
        for node, at in self.grounded:
            ground += np.bincount(node, conductance[at], len(self.free))
        return conductance, ground

    def _flowing(
        self, conductance: Float[ndarray, " t"], factor: Factor, pressure: Float[ndarray, " n"], solves: Sequence[Solve]
    ) -> _Stream:
        """From a first pressure the flow; each solve in turn takes back what is out of balance."""
        tubes = self.tubes
        flow = conductance * (pressure[tubes.tail] - pressure[tubes.head])
        beyond = self.periphery.conductance * (pressure - self.periphery.mmhg)
        for solve in solves:
            step = np.zeros(len(pressure))
            step[self.free] = solve((self.inflow - beyond - self._outflow(flow))[self.free])
            pressure += step
            flow += conductance * (step[tubes.tail] - step[tubes.head])
            beyond += self.periphery.conductance * step
        flow[abs(flow) <= STAGNANT * abs(pressure).max() * conductance] = 0

        entering = np.where(np.isfinite(self.held), self._outflow(flow), self.inflow - beyond)
        return _Stream(factor, pressure, entering, flow, self._red_cells(flow, entering))

    def _outflow(self, flow: Float[ndarray, " t"]) -> Float[ndarray, " n"]:
        """What leaves each point through its tubes, less what comes."""
        n = len(self.held)
        return np.bincount(self.tubes.tail, flow, n) - np.bincount(self.tubes.head, flow, n)

    def _red_cells(self, flow: ndarray, entering: ndarray) -> Float[ndarray, " t"]:
        upstream = np.where(flow > 0, self.tubes.tail, self.tubes.head)
        diameter_um = 2000 * self.tubes.radius_mm
        return red_cells(self.first, self.tube, upstream, abs(flow), diameter_um, entering, self.inlet_haematocrit)


def _plumbing(
    vessels: Vessels, held: ndarray, inflow: ndarray, inlet_haematocrit: float, periphery: Periphery
) -> _Plumbing:
    tubes = tubes_of(vessels)
    is_free = ~np.isfinite(held)
    number = np.where(is_free, np.cumsum(is_free) - 1, -1)
    a, b = number[tubes.tail], number[tubes.head]
    inner, free = (a >= 0) & (b >= 0), np.flatnonzero(is_free)
    grounded = tuple((own[at], at) for own, other in ((a, b), (b, a)) for at in [(own >= 0) & (other < 0)])

    first, tube = tubes.by_point(len(vessels))
    net = network(a[inner], b[inner], len(free), vessels.points_mm[free])
    return _Plumbing(tubes, held, inflow, inlet_haematocrit, periphery, free, net, inner, grounded, first, tube)


def _check(vessels: Vessels, held_mmhg: Float[ndarray, " n"], inflow: Float[ndarray, " n"]) -> None:
    n = len(vessels)
    for name, array in (("held_mmhg", held_mmhg), ("inflow_mm3_s", inflow)):
        if array.shape != (n,):
            raise SceneError(f"circulation: {name} has shape {array.shape}; ({n},), one for each point, would do")
    narrow = np.flatnonzero((vessels.radius_mm < NARROWEST_MM) & (vessels.kind != AIRWAY) & (vessels.kind != DUCT))
    if narrow.size:
        raise SceneError(
            f"circulation: point {narrow[0]} has a radius of {vessels.radius_mm[narrow[0]]:.2g} mm; blood passes from "
            f"{NARROWEST_MM} mm on"
        )
    piece = _pieces(vessels)
    dry = np.setdiff1d(piece, piece[np.isfinite(held_mmhg)])
    if dry.size:
        raise SceneError(
            f"circulation: the vessels around point {np.argmax(piece == dry[0])} hold no pressure anywhere; one at an "
            f"inlet or outlet would do"
        )


def _pieces(vessels: Vessels) -> Int[ndarray, " n"]:
    """(n,) number of the connected piece of each point."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    tubes = tubes_of(vessels)
    joined = coo_matrix((np.ones(len(tubes.tail), bool), (tubes.tail, tubes.head)), shape=(len(vessels), len(vessels)))
    return connected_components(joined, directed=False)[1]


def tubes_of(vessels: Vessels) -> Tubes:
    """The segments of vessels, then their links."""
    own, above = vessels.segments, vessels.parent[vessels.segments]
    kind = vessels.kind[own]
    inward = (kind == VEIN) | (kind == DUCT)
    return Tubes(
        tail=np.concatenate([np.where(inward, own, above), vessels.links[:, 0]]),
        head=np.concatenate([np.where(inward, above, own), vessels.links[:, 1]]),
        length_mm=np.concatenate([vessels.length_mm[own], vessels.link_length_mm]).astype(float),
        radius_mm=np.concatenate([vessels.radius_mm[own], vessels.link_radius_mm]).astype(float),
        kind=np.concatenate([kind, vessels.kind[vessels.links[:, 0]]]),
    )


def _conductance(tubes: Tubes, haematocrit: Float[ndarray, " t"]) -> Float[ndarray, " t"]:
    """mm3/s/mmHg of each tube."""
    blood = tubes.blood
    viscosity = np.where(tubes.kind == AIRWAY, AIR_MPA_S, BILE_MPA_S)
    viscosity[blood] = viscosity_mpa_s(2000 * tubes.radius_mm[blood], haematocrit[blood])
    length_mm = np.maximum(tubes.length_mm, SHORTEST * tubes.radius_mm)
    return np.pi * tubes.radius_mm**4 / (8 * MPA_S_IN_MMHG_S * viscosity * length_mm)


def _by_point(vessels: Vessels, of_segment: Float[ndarray, " s"]) -> Float[ndarray, " n"]:
    out = np.full(len(vessels), np.nan)
    out[vessels.segments] = of_segment
    return out
