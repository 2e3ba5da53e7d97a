"""Volume filling: airways of a lobe are branched, long and wide as in casts of real ones."""

import numpy as np
import pytest

from simdata import Grid, SceneError, Streams, Vessels, vessel_tree
from vascular.cco import seeds
from vascular.domain import Domain
from vascular.filling import fill, places
from vascular.morphometry import angles_deg, forks, orders
from vascular.murray import radii_from_ends


def lobe() -> Domain:
    grid = Grid.regular((50, 60, 70), 2.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    heart = ((x + 45) / 30) ** 2 + (y / 40) ** 2 + ((z + 30) / 40) ** 2 < 1
    return Domain.of_mask(((x / 46) ** 2 + (y / 56) ** 2 + (z / 66) ** 2 < 1) & ~heart, grid)


@pytest.fixture(scope="module")
def airways() -> Vessels:
    domain = lobe()
    start = seeds([(-20.0, 0.0, 20.0)], 4.0, "airway")
    points, parent = fill(domain, start, places(domain, 4000, Streams(1)["v"].generator))
    radius = radii_from_ends(parent, np.ones(len(points)))
    return vessel_tree(points, parent, 4.0 * radius / radius[0], "airway")


def test_places_are_spread_evenly_over_the_demand():
    domain = lobe()
    upper = domain.grid.points_mm()[..., 2] > 0
    found = places(domain, 2000, Streams(2)["v"].generator)
    assert len(found) == pytest.approx(2000, rel=0.05)
    assert (domain.room_at_mm(found) > 0).all()
    assert (places(domain.spread(upper), 500, Streams(2)["v"].generator)[:, 2] > -2).all()


def test_no_branch_leaves_the_lobe_and_all_of_it_is_reached(airways):
    domain = lobe()
    assert domain.holds(airways).all()
    assert len(airways.roots) == 1
    assert len(airways.ends) > 0.8 * 4000
    x = airways.points_mm[airways.ends]
    eighths = np.bincount((x > x.mean(axis=0)) @ [1, 2, 4], minlength=8)
    assert eighths.min() > 0.5 * eighths.mean()


def test_ratios_of_orders_are_those_of_casts(airways):
    """Branching 2.5 to 2.8, diameter and length 1.35 to 1.46, both near the cube root of the first (Horsfield 1976)."""
    rows = [row for row in orders(airways, "airway") if row["elements"] > 20]
    order = [row["order"] for row in rows]
    branching, length, diameter = (
        np.exp(abs(np.polyfit(order, np.log([row[name] for row in rows]), 1)[0]))
        for name in ("elements", "length_mm", "diameter_mm")
    )
    assert 2.3 < branching < 2.9
    assert 1.28 < length < 1.5
    assert diameter == pytest.approx(branching ** (1 / 3), rel=0.05)


def test_branches_are_three_diameters_long_and_leave_at_35_degrees(airways):
    """Weibel 1963; Horsfield 1971: 28 to 39 degrees from the mother, generations 1 to 6."""
    own = airways.segments
    assert 2.5 < np.median(airways.length_mm[own] / (2 * airways.radius_mm[own])) < 4.0
    assert 56 < np.median(angles_deg(airways, forks(airways))) < 80


def test_an_organ_without_places_is_told():
    with pytest.raises(SceneError, match="filling: there is no place"):
        fill(lobe(), seeds([(0.0, 0.0, 20.0)], 4.0, "airway"), np.zeros((0, 3)))
