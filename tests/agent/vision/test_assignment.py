"""Tracks and detections are joined so that all pairs together are closest."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.track.assignment import Pair, assigned

pytestmark = pytest.mark.promise("Detection and tracking: Detections of one body are one track.")

SIZE = 4
PAIRS = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))


def best_sum(closeness: dict[Pair, float]) -> float:
    """By trying every order."""
    return max(
        sum(closeness.get(pair, 0.0) for pair in enumerate(order))
        for order in permutations(range(SIZE))
    )


def test_without_pairs_nothing_is_joined() -> None:
    assert assigned({}) == {}


def test_who_could_be_either_leaves_the_closest_to_who_has_no_other() -> None:
    closeness = {(0, 0): 1.5, (0, 1): 1.4, (1, 0): 1.3}
    assert assigned(closeness) == {0: 1, 1: 0}


def test_a_ring_of_three_is_joined_as_a_whole() -> None:
    closeness = {(0, 0): 1.0, (0, 1): 0.9, (1, 1): 1.0, (1, 2): 0.9, (2, 0): 0.9, (2, 2): 0.1}
    assert assigned(closeness) == {0: 1, 1: 2, 2: 0}


def test_those_far_from_each_other_do_not_change_each_other() -> None:
    near, far = {(0, 0): 1.5, (0, 1): 1.4, (1, 0): 1.3}, {(7, 9): 0.2}
    assert assigned(near | far) == assigned(near) | assigned(far)


@given(st.dictionaries(PAIRS, st.floats(0.01, 2.0), max_size=SIZE * SIZE))
def test_no_other_choice_of_pairs_is_closer_in_all(closeness: dict[Pair, float]) -> None:
    pairs = assigned(closeness)
    assert len(set(pairs.values())) == len(pairs)
    assert all(pair in closeness for pair in pairs.items())
    assert sum(closeness[pair] for pair in pairs.items()) == pytest.approx(best_sum(closeness))
