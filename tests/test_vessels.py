import numpy as np
import pytest

from simdata import SceneError, vessel_tree


def tree(parent=(-1, 0, 1), radius=(1, 1, 1), kind=(0, 0, 0), points=None, links=None):
    places = np.zeros((len(parent), 3)) if points is None else np.array(points)
    return vessel_tree(places, np.array(parent), np.array(radius), np.array(kind), links=links)


def test_a_tree_and_a_forest_and_nothing_are_accepted():
    tree()
    tree(parent=(-1, -1, 0))
    tree(parent=(), radius=(), kind=())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"parent": (1, 2, 0)}, "from point 0 .* circle"),
        ({"parent": (-1, 2, 1)}, "circle"),
        ({"parent": (-1, 0, 3)}, "-1 to 2 would do"),
        ({"radius": (1, 0, 1)}, "positive"),
        ({"radius": (1, np.inf, 1)}, "point 1 .* finite"),
        ({"kind": (0, 9, 0)}, "point 1 has kind 9; .*artery"),
        ({"points": [(0, 0, 0), (0, 0, 0), (0, np.nan, 0)]}, "point 2 .* finite"),
        ({"links": np.array([(0, 1), (1, 3)])}, "link 1 joins points 1 and 3"),
        ({"links": np.array([(2, 2)])}, "link 0 joins points 2 and 2"),
    ],
)
def test_an_impossible_tree_is_refused(wrong, said):
    with pytest.raises(SceneError, match=said):
        tree(**wrong)
