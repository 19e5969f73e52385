"""The budget of looks per second: bounded for each camera and for all, and no camera starves."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inference.budget import purses
from agent.vision.budget import LookBudget, shared
from tests.agent.rigs.vision import after

pytestmark = pytest.mark.promise(
    "Detection and tracking: Looks stay within their budget, the longest unseen first."
)


def test_a_busy_camera_gets_its_looks_a_second_and_no_more() -> None:
    budget = LookBudget(20.0)
    granted = [budget.grant(after(frame / 10), 5) for frame in range(100)]
    assert sum(granted[5:]) == 190
    assert sum(granted) <= 10 * 20 + 10


def test_who_was_quiet_may_look_at_all_that_moves_at_first() -> None:
    budget = LookBudget(10.0)
    for frame in range(50):
        assert budget.grant(after(frame / 10), 0) == 0
    assert budget.grant(after(5.0), 9) == 5


def test_a_budget_of_less_than_a_look_a_frame_is_a_look_now_and_then() -> None:
    budget = LookBudget(2.0)
    assert sum(budget.grant(after(frame / 10), 1) for frame in range(101)) in (20, 21)


def test_what_a_quiet_camera_leaves_goes_to_a_busy_one() -> None:
    busy, quiet = shared(20.0, 2)
    granted = 0
    for frame in range(200):
        granted += busy.grant(after(frame / 10), 5)
        quiet.grant(after(frame / 10), 0)
    assert 380 <= granted <= 420


def test_a_busy_camera_never_takes_what_a_quiet_one_needs_for_the_first_who_comes() -> None:
    busy, quiet = shared(20.0, 2)
    for frame in range(200):
        busy.grant(after(frame / 10), 5)
        quiet.grant(after(frame / 10), 0)
    assert quiet.grant(after(20.0), 3) == 3


def test_a_clock_that_runs_backwards_gives_nothing() -> None:
    budget = LookBudget(10.0)
    budget.grant(after(5.0), 5)
    assert [budget.grant(after(second), 1) for second in (4.0, 3.0, 2.0)] == [0, 0, 0]


@given(
    looks_per_s=st.floats(1, 50),
    asked=st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=1, max_size=80),
)
def test_several_cameras_together_never_exceed_the_budget(
    looks_per_s: float, asked: list[list[int]]
) -> None:
    cameras = shared(looks_per_s, 3)
    taken = 0
    for frame, wanted in enumerate(asked):
        for camera, want in zip(cameras, wanted, strict=True):
            granted = camera.grant(after(frame / 10), want)
            assert 0 <= granted <= want
            taken += granted
    saved = 3 * max(1.0, looks_per_s / 6) + max(1.0, looks_per_s / 3)
    assert taken <= looks_per_s * len(asked) / 10 + saved + 1e-6


def test_threads_of_several_cameras_share_one_purse() -> None:
    with ThreadPoolExecutor(3) as pool:
        granted = sum(
            pool.map(
                lambda purse: sum(purse.grant(after(frame / 10), 5) for frame in range(300)),
                purses(30.0, 3),
            )
        )
    assert granted <= 30 * 30 + 3 * 5 + 10
