"""Blood obeys Poiseuille, loses nothing, and thins and thickens as it was measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import spsolve

from simdata import SceneError, vessel_tree
from vascular.flow import MPA_S_IN_MMHG_S, Periphery, circulation, held_pressures
from vascular.network import network
from vascular.rheology import (
    PACKED,
    PLASMA_MPA_S,
    red_cell_share,
    red_cell_speed_mm_s,
    relative_viscosity,
    viscosity_mpa_s,
)

NAN = np.nan


def line(radius_mm=(1, 1, 1), kind="artery", length_mm=10.0):
    n = len(radius_mm)
    places = np.zeros((n, 3))
    places[:, 0] = np.arange(n) * length_mm
    return vessel_tree(places, np.arange(n) - 1, np.array(radius_mm), kind)


def closed(seed, side=12):
    """An artery and a vein that cross a net of capillaries from opposite sides."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    places = np.c_[x.ravel(), y.ravel(), np.zeros(side**2)] * 0.06 + rng.normal(size=(side**2, 3)) * 0.01
    index = np.arange(side**2).reshape(side, side)
    parent = np.where(index % side == 0, -1, index - 1).ravel()
    parent[index[1:, 0]] = index[:-1, 0]
    kind = np.full(side**2, 2)
    kind[index[:, 0]], kind[index[:, -1]] = 0, 1
    for edge in (index[:, 0], index[:, -1]):
        parent[edge] = np.append(-1, edge[:-1])
    parent[index[:, 1]] = index[:, 0]
    radius = np.where(kind == 2, 0.0025 * rng.lognormal(0, 0.2, side**2), 0.015)
    across = np.c_[index[:-1, 1:-1].ravel(), index[1:, 1:-1].ravel()][rng.random((side - 1) * (side - 2)) < 0.6]
    links = np.concatenate([across, np.c_[index[:, -2], index[:, -1]]])
    return vessel_tree(places, parent, radius, kind, links=links)


def test_a_tube_obeys_poiseuille():
    one = circulation(line(), np.array([100, NAN, 20]))
    resistance = 8 * PLASMA_MPA_S * relative_viscosity(2000.0, 0.45) * MPA_S_IN_MMHG_S * 20 / np.pi
    assert np.allclose(one.flow_mm3_s[1:], 80 / resistance, rtol=1e-12)
    assert one.pressure_mmhg[1] == pytest.approx(60, abs=1e-10)
    assert one.inflow_mm3_s == pytest.approx([80 / resistance, 0, -80 / resistance])
    assert np.isnan(one.flow_mm3_s[0])


def test_half_the_radius_is_sixteen_times_the_resistance_of_air():
    two = circulation(line((2, 2, 1), "airway"), np.array([17, NAN, 0]))
    assert two.pressure_mmhg[1] == pytest.approx(16, abs=1e-10)
    assert np.isnan(two.haematocrit).all()


def test_veins_flow_towards_their_root():
    vein = circulation(line(kind="vein"), np.array([0, NAN, 10]))
    assert (vein.flow_mm3_s[1:] > 0).all()
    assert vein.inflow_mm3_s[0] < 0


def test_viscosity_is_that_of_pries_1994():
    """By hand at D = 10 um, H = .45: eta45 = 3.893, w = 1.2625, eta = (1 + 2.893 w) w; plasma alone is w."""
    assert relative_viscosity(10.0, 0.45) == pytest.approx(5.87, abs=0.01)
    assert relative_viscosity(10.0, 0.0) == pytest.approx(1.2625, abs=1e-4)
    assert relative_viscosity(2000.0, 0.45) == pytest.approx(3.2, abs=0.02)
    in_vitro = [relative_viscosity(d, 0.45) / (d / (d - 1.1)) ** 2 for d in (5.0, 30.0, 300.0)]
    assert in_vitro[0] > in_vitro[1] < in_vitro[2]
    assert viscosity_mpa_s(np.array([10.0]), np.array([0.45]))[0] == PLASMA_MPA_S * relative_viscosity(10.0, 0.45)


def test_red_cells_keep_step_with_blood_in_wide_tubes_and_run_ahead_in_narrow_ones():
    diameter_um = np.array([2000.0, 11.1, 5.8])
    mean_mm_s = np.full(3, 2.0)
    flow = -mean_mm_s * np.pi * (diameter_um / 2000) ** 2
    ahead = red_cell_speed_mm_s(flow, diameter_um, np.full(3, 0.45)) / mean_mm_s
    assert ahead[0] == pytest.approx(1.0, abs=0.002)
    assert ahead[1] == pytest.approx((11.1 / 10) ** 2 / 0.719, rel=1e-3)
    assert ahead[2] == pytest.approx(1.88, abs=0.1)


def test_red_cells_part_as_pries_2005_measured():
    assert red_cell_share(0.5, 8.0, 8.0, 10.0, 0.45) == pytest.approx(0.5)
    assert red_cell_share(0.3, 8.0, 8.0, 10.0, 0.45) < 0.3
    assert red_cell_share(0.03, 8.0, 8.0, 10.0, 0.45) == 0
    assert red_cell_share(0.97, 8.0, 8.0, 10.0, 0.45) == 1
    assert red_cell_share(0.5, 6.0, 9.0, 10.0, 0.45) > 0.5 > red_cell_share(0.5, 9.0, 6.0, 10.0, 0.45)
    shares = [red_cell_share(q, 7.0, 8.0, 9.0, 0.4) + red_cell_share(1 - q, 8.0, 7.0, 9.0, 0.4) for q in (0.2, 0.6)]
    assert shares == pytest.approx([1, 1])


@given(seed=st.integers(0, 10_000))
def test_a_net_loses_neither_blood_nor_red_cells(seed):
    vessels = closed(seed)
    found = circulation(vessels, held_pressures(vessels, 50, 10, 20))
    assert found.mass_residual < 1e-12
    assert found.red_cell_residual < 1e-12
    assert found.change < 1e-3
    assert found.inflow_mm3_s[vessels.roots].sum() == pytest.approx(0, abs=1e-15)
    moving = found.haematocrit[vessels.segments]
    assert moving.min() >= 0
    assert moving.max() <= PACKED * (1 + 1e-12)
    assert found.pressure_mmhg.min() >= 10 - 1e-9
    assert found.pressure_mmhg.max() <= 50 + 1e-9


def test_capillaries_of_a_net_differ_in_haematocrit():
    vessels = closed(0)
    found = circulation(vessels, held_pressures(vessels, 50, 10, 20))
    capillaries = found.haematocrit[(vessels.kind == 2) & (vessels.parent >= 0)]
    assert np.std(capillaries) > 0.03


@given(seed=st.integers(0, 10_000), n=st.integers(10, 300))
def test_the_flow_of_a_tree_with_equal_ends_gives_equal_ends_again(seed, n):
    rng = np.random.default_rng(seed)
    parent = np.array([-1, *(rng.integers(max(0, i - 8), i) for i in range(1, n))])
    tree = vessel_tree(rng.normal(size=(n, 3)), parent, rng.uniform(0.05, 0.5, n))
    held = held_pressures(tree, 100, 0, 30)
    forward = circulation(tree, held, inlet_haematocrit=0)
    demand = np.where(np.isfinite(held), forward.inflow_mm3_s, 0)
    demand[0], held[1:] = 0, NAN
    backward = circulation(tree, held, demand, inlet_haematocrit=0)
    assert forward.mass_residual < 1e-12
    assert backward.mass_residual < 1e-12
    assert abs(backward.pressure_mmhg[tree.ends] - 30).max() < 1e-8


def resistors(seed, n):
    """Ends, conductances and grounds of a random net, and its matrix."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, 2 * n), rng.integers(0, n, 2 * n)
    a, b = a[a != b], b[a != b]
    conductance, ground = rng.lognormal(0, 2, len(a)), rng.uniform(0.01, 1, n)
    net = network(a, b, n, rng.integers(0, 3, (n, 3)).astype(float))
    return net, conductance, ground, rng


def general(net, conductance, ground):
    joined = coo_matrix((conductance, (net.node_a, net.node_b)), shape=2 * (net.size,))
    return (diags(np.asarray((joined + joined.T).sum(axis=1)).ravel() + ground) - joined - joined.T).tocsc()


@given(seed=st.integers(0, 10_000), n=st.integers(2, 200))
def test_the_network_solver_equals_a_general_one(seed, n):
    net, conductance, ground, rng = resistors(seed, n)
    inflow = rng.normal(size=n)
    pressures = net.factor(conductance, ground).solve(inflow)
    assert np.allclose(pressures, spsolve(general(net, conductance, ground), inflow), rtol=1e-8, atol=1e-10)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 200))
def test_a_factor_finds_the_pressures_at_resistances_not_far_from_its_own(seed, n):
    net, conductance, ground, rng = resistors(seed, n)
    factor, inflow = net.factor(conductance, ground), rng.normal(size=n)
    changed = conductance * rng.uniform(0.5, 2, len(conductance))
    near, matrix = factor.solve_near(changed, ground, inflow), general(net, changed, ground)
    exact = spsolve(matrix, inflow)
    assert near is not None
    error = near - exact
    assert error @ (matrix @ error) < 0.1**2 * (exact @ inflow)


def test_a_factor_does_not_answer_for_quite_other_resistances():
    net, conductance, ground, rng = resistors(1, 200)
    changed = rng.lognormal(0, 8, len(conductance))
    assert net.factor(conductance, ground).solve_near(changed, ground, rng.normal(size=200)) is None


def test_what_cannot_flow_is_refused_with_its_place():
    with pytest.raises(SceneError, match="around point 0 hold no pressure"):
        circulation(line(), np.full(3, NAN))
    with pytest.raises(SceneError, match=r"point 2 has a radius of 0\.0005 mm"):
        circulation(line((1, 1, 0.0005)), np.array([1, NAN, 0]))
    with pytest.raises(SceneError, match=r"held_mmhg has shape \(2,\); \(3,\)"):
        circulation(line(), np.array([1, NAN]))


def test_onto_gives_vessels_that_know_their_flow():
    vessels = closed(1)
    known = circulation(vessels, held_pressures(vessels, 50, 10, 20)).onto()
    assert np.isfinite(known.pressure_mmhg).all()
    assert np.isfinite(known.flow_mm3_s[known.segments]).all()
    assert np.isfinite(known.link_flow_mm3_s).all()
    assert np.array_equal(known.links, vessels.links)


def test_a_periphery_takes_what_its_pressure_gives():
    """Two equal resistances in a row, the second beyond the end: the pressure falls by half."""
    alone = circulation(line(), np.array([100, NAN, 20]), inlet_haematocrit=0)
    conductance = np.array([0, 0, alone.flow_mm3_s[2] / 80])
    both = circulation(
        line(), np.array([100, NAN, NAN]), inlet_haematocrit=0, periphery=Periphery(conductance, np.full(3, 20.0))
    )
    assert both.pressure_mmhg[2] == pytest.approx(60)
    assert both.inflow_mm3_s[2] == pytest.approx(-alone.flow_mm3_s[2] / 2)
    assert both.mass_residual < 1e-12


def test_the_flow_has_the_same_bytes_for_any_number_of_threads():
    import numba

    vessels = closed(2, side=30)
    held, most = held_pressures(vessels, 50, 10, 20), numba.get_num_threads()
    found = []
    for threads in (1, most):
        numba.set_num_threads(threads)
        found.append(circulation(vessels, held))
    numba.set_num_threads(most)
    for name in ("pressure_mmhg", "flow_mm3_s", "haematocrit", "link_flow_mm3_s"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name), equal_nan=True)
