import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simdata import Streams


def test_a_name_gives_the_same_numbers_in_any_order():
    first = Streams(7, 3)["vessels"].generator.random(4)
    Streams(7, 3)["noise"].generator.random(100)
    assert np.array_equal(first, Streams(7, 3)["vessels"].generator.random(4))


def test_the_numbers_are_frozen():
    """A change here changes every dataset that was ever made."""
    assert Streams(2025, 1)["a"]["b"].generator.integers(0, 2**32, 3).tolist() == FROZEN


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.lists(st.text(max_size=3), max_size=3)), unique_by=str)
)
def test_no_two_names_share_a_stream(names):
    streams = []
    for seed, index, path in names:
        stream = Streams(seed, index)
        for step in path:
            stream = stream[step]
        streams.append(stream)
    firsts = [stream.generator.integers(0, 2**63) for stream in set(streams)]
    assert len(set(firsts)) == len(firsts)


def test_a_path_is_not_its_joined_words():
    assert Streams(1)["ab"]["c"].generator.random() != Streams(1)["a"]["bc"].generator.random()


FROZEN = [890443666, 4008039006, 1502437187]
