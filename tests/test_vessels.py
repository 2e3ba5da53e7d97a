import numpy as np
import pytest

from simdata import SceneError, Vessels


def tree(parent=(-1, 0, 1), radius=(1, 1, 1), kind=(0, 0, 0)):
    n = len(parent)
    flow = np.full(n, np.nan, np.float32)
    return Vessels(
        points_mm=np.zeros((n, 3), np.float32),
        parent=np.array(parent, np.int32),
        radius_mm=np.array(radius, np.float32),
        kind=np.array(kind, np.uint8),
        flow_mm3_s=flow,
        pressure_mmhg=flow,
    )


def test_a_tree_and_a_forest_and_nothing_are_accepted():
    tree()
    tree(parent=(-1, -1, 0))
    tree(parent=(), radius=(), kind=())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"parent": (1, 2, 0)}, "circle"),
        ({"parent": (-1, 2, 1)}, "circle"),
        ({"parent": (-1, 0, 3)}, "-1 to 2 would do"),
        ({"radius": (1, 0, 1)}, "positive"),
        ({"kind": (0, 9, 0)}, "artery"),
    ],
)
def test_an_impossible_tree_is_refused(wrong, said):
    with pytest.raises(SceneError, match=said):
        tree(**wrong)
